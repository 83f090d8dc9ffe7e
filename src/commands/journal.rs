//! Journals: where the one of a run is kept, and what the command line says about an old one.

use std::path::Path;

use super::Misused;
use crate::{
    cli::transfer::ResumeArgs,
    context::Context,
    fsx,
    ops::transfer::journal::{self, Done, Error, Journal, Position, Start},
};

/// Turns flags into what to do about an earlier run.
pub(super) fn start(args: ResumeArgs) -> Start {
    match (args.resume, args.restart) {
        (true, _) => Start::Resume,
        (false, true) => Start::Anew,
        (false, false) => Start::Fresh,
    }
}

/// Opens the journal of the run that `subject` describes: beside `file` if it reads one, else among
/// the user's files. Where none can be kept, it goes on without, unless it should be resumed.
pub(super) fn open<P: Position>(
    context: &Context,
    file: Option<&Path>,
    subject: &str,
    start: Start,
) -> anyhow::Result<(Option<Journal<P>>, Done<P>)> {
    let beside = file.map(journal::beside);
    let within = context
        .state_directory()
        .map(|directory| journal::within(&directory.join("journals"), subject));
    for path in beside.iter().chain(&within) {
        match Journal::open(path, subject, start) {
            Ok((journal, done)) => return Ok((Some(journal), done)),
            Err(Error::File(fsx::Error::Write { source, .. })) => {
                let path = path.display();
                context
                    .ui
                    .note(&format!("no journal is kept at {path}: {source}"));
            }
            Err(e) => return Err(e.into()),
        }
    }
    if start == Start::Resume {
        let what = "`--resume` is given, and there is no place for a journal".to_owned();
        return Err(Misused::new(
            what,
            "set XDG_STATE_HOME to a directory that can be written",
        )
        .into());
    }
    context
        .ui
        .note("no journal is kept: if this is interrupted, it cannot be resumed");
    Ok((None, Done::default()))
}
