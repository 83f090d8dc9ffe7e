//! A file of what a long run has confirmed, so that an interrupted run can resume without sending
//! it again.
//!
//! The first line says what the run is ([`RunId`]); every other is a JSON array `[first, last, count]`, a range
//! of positions in the input, added after the service confirmed all of it. A position is a record's
//! number where the input is a file, which stays as it is, and a key where the input is a namespace,
//! which does not, but is in the order of its keys. A range of keys ends with a checksum of all of them,
//! which tells whether a later list has the same. Lines are complete or absent, whatever ends the
//! process.

use std::{
    io,
    marker::PhantomData,
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

use super::{confirmed::KeySum, reporter::Reporter, send::Confirmations};
use crate::{
    domain::{Classification, Classify, ErrorClass, ShowPath as _},
    fsx,
};

mod done;
mod journals;
mod legacy;
pub mod run_id;

pub use done::{Done, Line};
pub use journals::{Journals, Kept};
pub use legacy::open_beside;

use run_id::{MAGIC, RunId};

/// The position of a key or record in its input.
pub trait Position: Ord + Clone + Serialize + DeserializeOwned {
    /// Chooses between what is known of it.
    fn of(number: u64, key: &str) -> Self;

    /// Returns a checksum of the keys of a range, where its positions do not tell which those are.
    fn sum<'a>(keys: impl Iterator<Item = &'a str>) -> Option<String>;
}

/// For files: the number of the record, from 0.
impl Position for u64 {
    fn of(number: u64, _: &str) -> Self {
        number
    }

    fn sum<'a>(_: impl Iterator<Item = &'a str>) -> Option<String> {
        None
    }
}

/// For namespaces, which come in the order of their keys.
impl Position for String {
    fn of(_: u64, key: &str) -> Self {
        key.to_owned()
    }

    fn sum<'a>(keys: impl Iterator<Item = &'a str>) -> Option<String> {
        let mut sum = KeySum::default();
        keys.for_each(|key| sum.add(key));
        Some(sum.finish())
    }
}

/// What to do about an earlier run that did not finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResumePolicy {
    /// Nothing: refuse to begin while it is unfinished.
    #[default]
    Refuse,
    /// Go on with it.
    Resume,
    /// Forget it.
    Restart,
}

/// A journal that is being kept.
#[derive(Debug)]
pub struct Journal<P> {
    file: fsx::AppendFile,
    /// Whether nothing was confirmed yet, so the journal can be removed.
    blank: bool,
    /// Why nothing is added any more.
    failure: Option<io::Error>,
    positions: PhantomData<P>,
}

/// A journal that is being kept, and what an earlier run confirmed.
pub type Opened<P> = (Journal<P>, Done<P>);

/// Why a run cannot be started or resumed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An earlier run was interrupted or left something undone, and neither resuming nor restarting was requested.
    #[error("an earlier run did not finish; its journal is {}", .0.shown())]
    Unfinished(PathBuf),
    /// The journal is about something else.
    #[error("the journal {} is of a run with other content, another namespace or other options", .0.shown())]
    Other(PathBuf),
    /// The file is not a journal, or is from another version of kvctl.
    #[error("`{}` is not a journal of this version of kvctl; it was not changed", .0.shown())]
    Foreign(PathBuf),
    /// `--resume` was given, but there is no directory for journals.
    #[error("`--resume` needs a journal, and there is no directory for journals")]
    NoDirectory,
    /// The part file is from another export.
    #[error("{} is part of an export of another namespace or prefix", .0.shown())]
    OtherExport(PathBuf),
    /// The journal cannot be read.
    #[error("could not read {}", path.shown())]
    Read {
        /// The journal.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The journal cannot be written.
    #[error(transparent)]
    File(#[from] fsx::Error),
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        match self {
            Self::Unfinished(_) => ErrorClass::Refused
                .hint("pass `--resume` to continue it, or `--restart` to start over"),
            Self::Other(_) => ErrorClass::Refused.hint("pass `--restart` to start over"),
            Self::Foreign(path) => ErrorClass::Refused.hint(format!(
                "move {} away; the records it confirmed will be sent again",
                path.shown()
            )),
            Self::NoDirectory => {
                ErrorClass::Usage.hint("set XDG_STATE_HOME to a writable directory")
            }
            Self::OtherExport(_) => ErrorClass::Refused
                .hint("pass `--restart` to start over, or export to another file"),
            Self::Read { .. } => ErrorClass::Failed.into(),
            Self::File(e @ fsx::Error::Busy { .. }) => e
                .classify()
                .class
                .hint("wait for the other run to end, or stop it"),
            Self::File(e) => e.classify(),
        }
    }
}

impl<P: Position> Journal<P> {
    /// Opens the journal of `run` in `directory`: a new one, or the one that an interrupted run left.
    pub fn open(directory: &Path, run: &RunId, start: ResumePolicy) -> Result<Opened<P>, Error> {
        let mut file = fsx::AppendFile::open_private(&directory.join(run.file_name()))?;
        let path = file.path().to_owned();
        let read = |source| Error::Read {
            path: path.clone(),
            source,
        };
        let begun = file.beginning(MAGIC.len() as u64).map_err(read)?;
        // One that was killed before its first line was whole had sent nothing.
        if !MAGIC.as_bytes().starts_with(&begun) {
            return Err(Error::Foreign(path));
        }
        let bytes = file.bytes().map_err(read)?;
        let text = String::from_utf8_lossy(&bytes);
        let line = run.line();
        let done = match text.split_once('\n') {
            _ if start == ResumePolicy::Restart => Done::default(),
            None => Done::default(),
            Some((first, rest)) => match Done::parse(rest) {
                done if done.is_empty() => done,
                _ if first != line => return Err(Error::Other(path)),
                _ if start == ResumePolicy::Refuse => return Err(Error::Unfinished(path)),
                done => done,
            },
        };
        let prepared = if done.is_empty() {
            file.clear().and_then(|()| file.line(&line))
        } else {
            go_on(&mut file, &text)
        };
        let mut journal = Self::new(file, done.is_empty());
        if let Err(source) = prepared {
            journal.blank = done.is_empty();
            return Err(fsx::Error::Write { path, source }.into());
        }
        Ok((journal, done))
    }

    fn new(file: fsx::AppendFile, blank: bool) -> Self {
        Self {
            file,
            blank,
            failure: None,
            positions: PhantomData,
        }
    }

    /// Whether it has nothing to resume, since nothing was confirmed in this run or before.
    pub fn is_blank(&self) -> bool {
        self.blank
    }

    /// Ends the journal: it is removed if the run is `complete`.
    pub fn close(mut self, complete: bool, reporter: &dyn Reporter) -> Result<(), Error> {
        if complete {
            self.blank = false;
            return Ok(self.file.remove()?);
        }
        if let Some(failure) = &self.failure {
            reporter.note(&format!(
                "the journal is not complete; `--resume` will send some records again: {failure}"
            ));
        }
        Ok(())
    }
}

/// Makes sure that what is added does not become part of a line that was cut short.
fn go_on(file: &mut fsx::AppendFile, text: &str) -> io::Result<()> {
    if text.ends_with('\n') {
        return Ok(());
    }
    file.line("")
}

impl<P> Drop for Journal<P> {
    fn drop(&mut self) {
        if self.blank {
            // What led here is what counts.
            self.file.remove().ok();
        }
    }
}

impl<P: Position> Confirmations for Journal<P> {
    fn confirmed(&mut self, keys: &[(u64, &str)]) -> io::Result<()> {
        let mut keys = keys.to_vec();
        keys.sort_unstable_by_key(|(number, _)| *number);
        for run in keys.chunk_by(|a, b| a.0 + 1 == b.0) {
            if let (Some(first), Some(last)) = (run.first(), run.last()) {
                let [first, last] = [first, last].map(|(number, key)| P::of(*number, key));
                let line = Line {
                    first,
                    last,
                    count: run.len() as u64,
                    sum: P::sum(run.iter().map(|(_, key)| *key)),
                };
                let line = line.to_json()?;
                // Keep sending: what is missing from the journal is just sent again on resume.
                match self.failure {
                    Some(_) => {}
                    None => self.failure = self.file.line(&line).err(),
                }
                self.blank = false;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    use super::run_id::{Input, NamespaceRef, Operation, Store};
    use crate::domain::AccountId;

    fn run(prefix: &str) -> RunId {
        RunId {
            operation: Operation::Copy,
            from: None,
            to: NamespaceRef {
                store: Store::Account(AccountId::local()),
                namespace: "0000000000000000000000000000000a".parse().unwrap(),
            },
            input: Input::Prefix(crate::domain::Prefixes::one("a")),
            content: Some(super::run_id::Content {
                records: 1,
                sha256: prefix.to_owned(),
                given: None,
            }),
        }
    }

    fn key(number: u64) -> String {
        format!("k{number:03}\u{e9}\n")
    }

    fn confirm<P: Position>(journal: &mut Journal<P>, batch: &BTreeSet<u64>) {
        let keys: Vec<_> = batch.iter().map(|n| (*n, key(*n))).collect();
        let keys: Vec<_> = keys.iter().map(|(n, key)| (*n, key.as_str())).collect();
        journal.confirmed(&keys).unwrap();
    }

    fn contained<P: Position>(done: &Done<P>) -> BTreeSet<u64> {
        (0..200).filter(|n| done.contains(*n, &key(*n))).collect()
    }

    /// Whatever was confirmed in whatever order, and wherever the journal is cut: what it says is
    /// done was confirmed, and all of it if it is whole.
    fn check<P: Position>(batches: &[BTreeSet<u64>], cut: usize) -> Result<(), TestCaseError> {
        let directory = tempfile::tempdir().unwrap();
        let run = run("subject");
        let path = directory.path().join(run.file_name());
        let open = |start| Journal::<P>::open(directory.path(), &run, start);
        let (mut journal, done) = open(ResumePolicy::Refuse).unwrap();
        prop_assert!(done.is_empty());
        for batch in batches {
            confirm(&mut journal, batch);
        }
        drop(journal);
        let all: BTreeSet<u64> = batches.iter().flatten().copied().collect();
        prop_assert_eq!(path.exists(), !all.is_empty());
        let (journal, done) = open(ResumePolicy::Resume).unwrap();
        prop_assert_eq!(contained(&done), all.clone());
        drop(journal);
        if let Ok(text) = fs_err::read(&path) {
            let length = (run.line().len() + 1).max(cut.min(text.len()));
            fsx::overwrite(&path, &text[..length]).unwrap();
        }
        let (_journal, done) = open(ResumePolicy::Resume).unwrap();
        prop_assert!(contained(&done).is_subset(&all));
        Ok(())
    }

    proptest! {
        #[test]
        fn a_journal_tells_what_was_confirmed(
            batches in prop::collection::vec(prop::collection::btree_set(0u64..200, 1..20), 0..10),
            cut in 0usize..600,
        ) {
            check::<u64>(&batches, cut)?;
            check::<String>(&batches, cut)?;
        }
    }

    #[test]
    fn an_unfinished_run_is_gone_on_with_or_forgotten_but_never_unasked() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(run("").file_name());
        let open = |sum, start| Journal::<u64>::open(directory.path(), &run(sum), start);
        let (mut journal, _) = open("one", ResumePolicy::Refuse).unwrap();
        assert!(
            matches!(
                open("one", ResumePolicy::Resume),
                Err(Error::File(fsx::Error::Busy { .. }))
            ),
            "two runs at once"
        );
        journal.confirmed(&[(0, "a"), (1, "b")]).unwrap();
        drop(journal);
        assert!(matches!(
            open("one", ResumePolicy::Refuse),
            Err(Error::Unfinished(_))
        ));
        assert!(matches!(
            open("two", ResumePolicy::Resume),
            Err(Error::Other(_))
        ));
        assert_eq!(open("one", ResumePolicy::Resume).unwrap().1.len(), 2);
        assert!(open("two", ResumePolicy::Restart).unwrap().1.is_empty());
        assert!(!path.exists(), "nothing was confirmed");
    }

    #[test]
    fn what_is_not_a_journal_is_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(run("").file_name());
        for text in ["precious\n[0,9,10]\n", "precious", "kvctl-journal 3 {}\n"] {
            fsx::overwrite(&path, text.as_bytes()).unwrap();
            for start in [
                ResumePolicy::Refuse,
                ResumePolicy::Resume,
                ResumePolicy::Restart,
            ] {
                let opened = Journal::<u64>::open(directory.path(), &run(""), start);
                assert!(matches!(opened, Err(Error::Foreign(_))), "{text}");
                assert_eq!(fs_err::read_to_string(&path).unwrap(), text);
            }
        }
        fsx::overwrite(&path, b"kvctl-jour").unwrap();
        assert!(Journal::<u64>::open(directory.path(), &run(""), ResumePolicy::Refuse).is_ok());
    }
}
