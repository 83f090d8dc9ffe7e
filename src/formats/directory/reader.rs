//! Reading records from a directory.

use std::{
    cmp::Ordering,
    fmt,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use fs_err::File;

use super::{
    INDEX, Skipped,
    index::{self, Entries, Entry},
    walk::{KeyFile, Walk},
};
use crate::{
    domain::{KeyName, Prefixes, VALUE_MAX_BYTES},
    formats::{
        Input, Problem, ReadError, Reader, RecordLocation, Summary, content::checked_key,
        error::RecordError,
    },
};

/// Reads records from the files of a directory, in the order of their keys' bytes.
pub struct DirectoryReader {
    files: Walk,
    index: Entries,
    /// A file whose key is behind that of the next index entry.
    waiting: Option<KeyFile>,
    last: Option<(KeyName, PathBuf)>,
    over: bool,
    summary: Summary,
}

impl DirectoryReader {
    /// Reads from the directory at `path`; names that begin with a dot count if they are `hidden`.
    pub fn new(path: &Path, hidden: bool) -> io::Result<Self> {
        Ok(Self {
            files: Walk::new(path, hidden)?,
            index: index::read(path.join(INDEX))?,
            waiting: None,
            last: None,
            over: false,
            summary: Summary::default(),
        })
    }

    /// Returns the names that were skipped because they begin with a dot.
    pub fn into_skipped(self) -> Vec<Skipped> {
        self.files.into_skipped()
    }

    fn file(&mut self) -> Result<Option<KeyFile>, ReadError> {
        match self.waiting.take() {
            Some(found) => Ok(Some(found)),
            None => self.files.next().transpose(),
        }
    }

    fn advance(&mut self) -> Result<Option<Input>, ReadError> {
        let found = self.file()?;
        let entry = self.entry_up_to(found.as_ref().map(|found| found.key.as_str()))?;
        let Some(found) = found else {
            return match entry {
                Some(entry) => Err(without_file(entry)),
                None => Ok(None),
            };
        };
        let entry = match entry {
            Some(entry) if entry.key.as_str() != found.key => {
                self.waiting = Some(found);
                return Err(without_file(entry));
            }
            other => other,
        };
        let location = RecordLocation::File(found.path.clone());
        let key = checked_key(&found.key).map_err(|e| ReadError::of_record(location.clone(), e))?;
        self.only_once(&key, &found, &location)?;
        let value = value(&found, &location)?;
        let (expiry, metadata) = entry.map_or((None, None), |e| (e.expiry, e.metadata));
        Ok(Some(Input {
            key,
            value,
            expiry,
            metadata,
            location,
        }))
    }

    /// Takes the next index entry if its key does not lie behind `key`.
    fn entry_up_to(&mut self, key: Option<&str>) -> Result<Option<Entry>, ReadError> {
        let due = self.index.next_if(|entry| match (entry, key) {
            (Ok(entry), Some(key)) => entry.key.as_str().cmp(key) != Ordering::Greater,
            (Ok(_), None) | (Err(_), _) => true,
        });
        due.transpose()
    }

    /// Refuses the second file for a key; equal keys come one after the other.
    fn only_once(
        &mut self,
        key: &KeyName,
        found: &KeyFile,
        location: &RecordLocation,
    ) -> Result<(), ReadError> {
        if let Some((last, path)) = &self.last
            && last == key
        {
            let problem = Problem::SameKey(path.clone());
            return Err(ReadError::of_record(
                location.clone(),
                record_error(key, problem),
            ));
        }
        self.last = Some((key.clone(), found.path.clone()));
        Ok(())
    }
}

/// Reads a value, and no more of the file than a value may have.
fn value(found: &KeyFile, location: &RecordLocation) -> Result<Bytes, ReadError> {
    let read = || {
        let file = File::open(&found.target)?;
        let length = file.metadata()?.len();
        let mut value = Vec::new();
        if length <= VALUE_MAX_BYTES as u64 {
            file.take(VALUE_MAX_BYTES as u64 + 1)
                .read_to_end(&mut value)?;
        }
        Ok((length.max(value.len() as u64), value))
    };
    let (length, value) =
        read().map_err(|e| ReadError::of_input(location.clone(), Problem::Io(e)))?;
    if length > VALUE_MAX_BYTES as u64 {
        let error = RecordError {
            key: Some(found.key.clone()),
            problem: Problem::ValueTooLarge(length),
        };
        return Err(ReadError::of_record(location.clone(), error));
    }
    Ok(value.into())
}

fn without_file(entry: Entry) -> ReadError {
    ReadError::of_record(entry.location, record_error(&entry.key, Problem::IndexOnly))
}

fn record_error(key: &KeyName, problem: Problem) -> RecordError {
    RecordError {
        key: Some(key.as_str().to_owned()),
        problem,
    }
}

impl Reader for DirectoryReader {
    fn prefixes(&self) -> Prefixes {
        self.index.prefixes().clone()
    }

    fn summary(&self) -> Summary {
        self.summary
    }
}

impl Iterator for DirectoryReader {
    type Item = Result<Input, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let read = self.advance().transpose();
        match &read {
            Some(Ok(input)) => self.summary.count(&input.value),
            Some(Err(e)) => self.over = !e.is_recoverable(),
            None => self.over = true,
        }
        read
    }
}

impl fmt::Debug for DirectoryReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectoryReader")
            .field("summary", &self.summary)
            .finish_non_exhaustive()
    }
}
