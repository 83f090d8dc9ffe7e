//! Where journals are kept: among the user's own files, or nowhere.

use std::path::Path;

use super::{
    Done, Error, Journal, Opened, Position, ResumePolicy, open_beside,
    run_id::{Origin, RunId},
};
use crate::{domain::ShowPath as _, fsx, ops::bulk::reporter::Reporter};

/// The journals of a user.
#[derive(Clone, Copy)]
pub struct Journals<'a> {
    /// Their directory, if there is one.
    pub directory: Option<&'a Path>,
    /// Who is told where none can be kept.
    pub reporter: &'a dyn Reporter,
}

/// A journal, if one can be kept, and what an earlier run confirmed.
pub type Kept<P> = (Option<Journal<P>>, Done<P>);

impl Journals<'_> {
    /// Whether an earlier run of `run` left a journal.
    pub fn has(self, run: &RunId) -> bool {
        let directory = self.directory;
        directory.is_some_and(|directory| directory.join(run.file_name()).exists())
    }

    /// Opens the journal of `run`. Where none can be kept, the run goes without, unless it should be
    /// resumed.
    pub fn open<P: Position>(self, run: &RunId, start: ResumePolicy) -> Result<Kept<P>, Error> {
        if let Some(directory) = self.directory {
            match Journal::open(directory, run, start) {
                Ok((journal, done)) => return Ok((Some(journal), done)),
                Err(Error::File(fsx::Error::Write { path, source })) => {
                    let path = path.shown();
                    self.reporter
                        .note(&format!("cannot write the journal {path}: {source}"));
                }
                Err(e) => return Err(e),
            }
        }
        if start == ResumePolicy::Resume {
            return Err(Error::NoDirectory);
        }
        self.reporter
            .note("no journal is kept: if this is interrupted, it cannot be resumed");
        Ok((None, Done::default()))
    }

    /// Opens the journal of the import `run`: the one that an older kvctl left beside `file`, else the
    /// user's own.
    pub fn open_import(
        self,
        file: Option<&Path>,
        run: &RunId,
        start: ResumePolicy,
    ) -> Result<Kept<u64>, Error> {
        let beside: Result<Option<Opened<u64>>, Error> = match file {
            Some(file) => open_beside(file, run, start),
            None => Ok(None),
        };
        match beside {
            Ok(Some((journal, done))) => return Ok((Some(journal), done)),
            Ok(None) => {}
            Err(
                e @ (Error::Foreign(_)
                | Error::File(fsx::Error::Link { .. } | fsx::Error::NotAFile { .. })),
            ) => self
                .reporter
                .note(&format!("ignoring what is beside the file: {e}")),
            Err(e) => return Err(e),
        }
        self.open(run, start)
    }

    /// Notes where the records of `part` come from, so that it is not continued with those of another
    /// export. If the part is `resumed`, they must come from there already.
    pub fn note_origin(
        self,
        origin: &Origin,
        part: &Path,
        resumed: bool,
    ) -> Result<Option<fsx::AppendFile>, Error> {
        let noted = self.directory.map(|directory| {
            let path = directory.join(Origin::file_name(part));
            let mut file = fsx::AppendFile::open_private(&path)?;
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
        if !known.is_empty() {
            return Err(Error::OtherExport(part.to_owned()));
        }
        self.reporter.note(&format!(
            "the namespace of the records in {} is not known; assuming this one",
            part.shown()
        ));
        Ok(file)
    }
}
