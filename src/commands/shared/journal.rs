//! Journals: where the one of a run is kept, and what the command line says about an old one.

use std::path::Path;

use crate::{
    cli::transfer::ResumeArgs,
    commands::{Refused, UsageError},
    context::{Backend, Context, Session},
    domain::NamespaceId,
    error::Result,
    fsx,
    ops::bulk::{
        journal::run_id::{End, Origin, Run, Store},
        journal::{self, Done, Error, Journal, Position, Start},
    },
};

/// Turns flags into what to do about an earlier run.
pub(crate) fn start(args: ResumeArgs) -> Start {
    match (args.resume, args.restart) {
        (true, _) => Start::Resume,
        (false, true) => Start::Anew,
        (false, false) => Start::Fresh,
    }
}

/// Returns which namespace `namespace` of `session` is, for good.
pub(crate) fn end(session: &Session, namespace: &NamespaceId) -> End {
    End {
        store: match &session.place {
            Backend::Remote => Store::Account(session.account.clone()),
            Backend::Local(directory) => Store::local(directory),
        },
        namespace: namespace.clone(),
    }
}

/// Whether an earlier run of `run` left a journal.
pub(crate) fn is_there(context: &Context, run: &Run) -> bool {
    let state = context.state_directory();
    state.is_some_and(|state| state.join("journals").join(run.file_name()).exists())
}

/// Opens the journal of `run`, among the user's own files. Where none can be kept, it goes on
/// without, unless it should be resumed.
pub(crate) fn open<P: Position>(
    context: &Context,
    run: &Run,
    start: Start,
) -> Result<(Option<Journal<P>>, Done<P>)> {
    if let Some(state) = context.state_directory() {
        match Journal::open(&state.join("journals"), run, start) {
            Ok((journal, done)) => return Ok((Some(journal), done)),
            Err(Error::File(fsx::Error::Write { path, source })) => {
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
        return Err(UsageError::new(
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

/// Opens the journal of the import `run`: the one that an older kvctl left beside `file`, else the
/// one among the user's own files.
pub(crate) fn open_import(
    context: &Context,
    file: Option<&Path>,
    run: &Run,
    start: Start,
) -> Result<(Option<Journal<u64>>, Done<u64>)> {
    let beside = file.map(|file| journal::open_beside(file, run, start));
    match beside.transpose() {
        Ok(Some(Some((journal, done)))) => return Ok((Some(journal), done)),
        Ok(Some(None) | None) => {}
        Err(
            e @ (Error::Foreign(_)
            | Error::File(fsx::Error::Link { .. } | fsx::Error::NotAFile { .. })),
        ) => context
            .ui
            .note(&format!("ignoring what is beside the file: {e}")),
        Err(e) => return Err(e.into()),
    }
    open(context, run, start)
}

/// Takes note of where the records of `part` come from, so that another export does not go on with
/// it. Where the part is `resumed`, they must come from there already.
pub(crate) fn note_origin(
    context: &Context,
    origin: &Origin,
    part: &Path,
    resumed: bool,
) -> Result<Option<fsx::Appending>> {
    let noted = context.state_directory().map(|state| {
        let path = state.join("journals").join(Origin::file_name(part));
        let mut file = fsx::Appending::open_private(&path)?;
        let known = file.bytes().and_then(|known| {
            if !resumed {
                file.clear()?;
                file.line(&origin.line())?;
            }
            Ok(known)
        });
        let known = known.map_err(|source| fsx::Error::Write { path, source })?;
        Ok::<_, fsx::Error>((file, known))
    });
    let (file, known) = match noted.transpose() {
        Ok(Some((file, known))) => (Some(file), known),
        Ok(None) | Err(fsx::Error::Write { .. }) => (None, Vec::new()),
        Err(e) => return Err(e.into()),
    };
    if !resumed || known == format!("{}\n", origin.line()).as_bytes() {
        return Ok(file);
    }
    let part = part.display();
    if !known.is_empty() {
        return Err(Refused::new(
            format!("{part} is of an export of another namespace or prefix"),
            "give `--restart` to begin anew, or export to another file",
        )
        .into());
    }
    context.ui.note(&format!(
        "nothing says which namespace the records in {part} come from; they are taken to be this one's"
    ));
    Ok(file)
}

/// Ends the journal of a run that came to its end: it goes if all is done.
pub(crate) fn close<P: Position>(
    context: &Context,
    journal: Option<Journal<P>>,
    done: bool,
) -> Result<()> {
    let Some(journal) = journal else {
        return Ok(());
    };
    if done {
        return Ok(journal.finish()?);
    }
    if let Some(failure) = journal.failure() {
        context.ui.note(&format!(
            "the journal is not complete, so `--resume` sends some again: {failure}"
        ));
    }
    Ok(())
}
