//! What of an import is confirmed, kept beside the file, so that an interrupted one can go on
//! without sending it again.
//!
//! The first line says what was imported into what; every other is a range of record numbers, added
//! after the service confirmed them. Lines are complete or absent, whatever ends the process.

use std::{
    io,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use super::write::Confirmations;
use crate::fsx;

/// A journal that is being kept.
#[derive(Debug)]
pub struct Journal {
    file: fsx::Appending,
}

/// The numbers of the records that were confirmed before.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Done {
    /// Sorted, and apart from each other.
    ranges: Vec<RangeInclusive<u64>>,
}

/// Why there is no journal to go on with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An earlier import was interrupted, and nobody said what to do about it.
    #[error("an earlier import of this file was interrupted; {} knows how far it came", .0.display())]
    Unfinished(PathBuf),
    /// The journal is about another import.
    #[error("{} is about another file or another namespace", .0.display())]
    Other(PathBuf),
    /// The journal cannot be read.
    #[error("could not read {}", path.display())]
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

impl Error {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unfinished(path) => Some(format!(
                "give `--resume` to go on, or remove {} to begin again",
                path.display()
            )),
            Self::Other(path) => Some(format!("remove {} to begin anew", path.display())),
            Self::Read { .. } | Self::File(_) => None,
        }
    }
}

impl Journal {
    /// Returns where the journal of an import of `file` is.
    pub fn path(file: &Path) -> PathBuf {
        let mut name = file.as_os_str().to_owned();
        name.push(".kvctl-journal");
        name.into()
    }

    /// Opens the journal of an import that `subject` describes in one line: a new one, or with
    /// `resume` the one that an interrupted run left, if it did.
    pub fn open(file: &Path, subject: &str, resume: bool) -> Result<(Self, Done), Error> {
        let path = Self::path(file);
        let done = match fs_err::read_to_string(&path) {
            Ok(_) if !resume => return Err(Error::Unfinished(path)),
            Ok(text) => match text.split_once('\n') {
                Some((first, rest)) if first == subject => Done::parse(rest),
                // Killed before its first line was whole: nothing was sent by then.
                None => Done::default(),
                Some(_) => return Err(Error::Other(path)),
            },
            Err(e) if e.kind() == io::ErrorKind::NotFound => Done::default(),
            Err(source) => return Err(Error::Read { path, source }),
        };
        let is_new = done.ranges.is_empty();
        let mut file = fsx::Appending::open(&path)?;
        if is_new {
            file.line(subject)
                .map_err(|source| Error::Read { path, source })?;
        }
        Ok((Self { file }, done))
    }

    /// Removes the journal: the import is complete.
    pub fn finish(self) -> Result<(), Error> {
        Ok(self.file.remove()?)
    }
}

impl Confirmations for Journal {
    fn confirmed(&mut self, numbers: &[u64]) -> io::Result<()> {
        let mut numbers = numbers.to_vec();
        numbers.sort_unstable();
        for run in numbers.chunk_by(|a, b| a + 1 == *b) {
            if let [first, ..] = run {
                let last = run.last().unwrap_or(first);
                self.file.line(&format!("{first} {last}"))?;
            }
        }
        Ok(())
    }
}

impl Done {
    fn parse(text: &str) -> Self {
        // The last line may be cut short; what it confirmed is sent again.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let range = |line: &str| {
            let (first, last) = line.split_once(' ')?;
            Some(first.parse().ok()?..=last.parse().ok()?)
        };
        let mut all: Vec<RangeInclusive<u64>> = whole.lines().filter_map(range).collect();
        all.sort_unstable_by_key(|range| *range.start());
        let mut ranges: Vec<RangeInclusive<u64>> = Vec::new();
        for next in all {
            match ranges.last_mut() {
                Some(last) if *next.start() <= last.end() + 1 => {
                    *last = *last.start()..=*last.end().max(next.end());
                }
                Some(_) | None => ranges.push(next),
            }
        }
        Self { ranges }
    }

    /// Whether the record with this number was confirmed.
    pub fn contains(&self, number: u64) -> bool {
        let at = self.ranges.partition_point(|range| *range.end() < number);
        self.ranges
            .get(at)
            .is_some_and(|range| range.contains(&number))
    }

    /// Returns how many records were confirmed.
    pub fn len(&self) -> u64 {
        self.ranges
            .iter()
            .map(|range| range.end() - range.start() + 1)
            .sum()
    }

    /// Whether nothing was confirmed.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever was confirmed in whatever order, and wherever the journal is cut: what it says is
        /// done was confirmed, and all of it if it is whole.
        #[test]
        fn a_journal_tells_what_was_confirmed(
            batches in prop::collection::vec(prop::collection::vec(0u64..200, 1..20), 0..10),
            cut in 0usize..400,
        ) {
            let directory = tempfile::tempdir().unwrap();
            let file = directory.path().join("a");
            let (mut journal, done) = Journal::open(&file, "subject", false).unwrap();
            prop_assert!(done.is_empty());
            for batch in &batches {
                journal.confirmed(batch).unwrap();
            }
            let (_, done) = Journal::open(&file, "subject", true).unwrap();
            let all: std::collections::BTreeSet<u64> = batches.concat().into_iter().collect();
            for number in 0..200 {
                prop_assert_eq!(done.contains(number), all.contains(&number));
            }
            prop_assert_eq!(done.len(), all.len() as u64);

            let path = Journal::path(&file);
            let text = fs_err::read(&path).unwrap();
            let length = "subject\n".len().max(cut.min(text.len()));
            fsx::overwrite(&path, &text[..length]).unwrap();
            let (_, done) = Journal::open(&file, "subject", true).unwrap();
            for number in 0..200 {
                prop_assert!(!done.contains(number) || all.contains(&number));
            }
        }
    }

    #[test]
    fn a_journal_of_something_else_is_not_gone_on_with() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a");
        Journal::open(&file, "one", false).unwrap();
        assert!(matches!(
            Journal::open(&file, "one", false),
            Err(Error::Unfinished(_))
        ));
        assert!(matches!(
            Journal::open(&file, "two", true),
            Err(Error::Other(_))
        ));
    }
}
