//! The records of a file, encoded for bulk writes: kept from when the file was checked if they are few,
//! otherwise read again.

use std::{cell::RefCell, path::Path, time::SystemTime};

use futures_util::Stream;

use super::{
    ahead::ahead,
    batch::{Encoded, Packing},
    defaults::Defaults,
    file::{self, RecordFile, Survey},
    send,
    write::{self, Outgoing},
};
use crate::formats::{Format, Input};

/// So many keys, or bytes, are handed over at once.
const PART_KEYS: usize = 1_000;
const PART_BYTES: usize = 128 * 1024;

/// How much memory kept records may take, in bytes.
const KEPT_BYTES: usize = 24 * 1024 * 1024;

type Error = write::Error<file::Error>;

/// The records of a file that was checked.
#[derive(Debug)]
pub struct Kept {
    parts: RefCell<Vec<Packing>>,
    stamp: Stamp,
}

/// What tells that a file was written since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    inode: u64,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs_err::metadata(path).ok()?;
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Some(Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            inode,
        })
    }
}

impl Kept {
    /// Checks a whole file, and keeps its records if they are few.
    pub fn survey(
        file: &RecordFile,
        skip_invalid: bool,
        defaults: &Defaults,
    ) -> Result<(Survey, Option<Self>), file::Error> {
        // What a directory holds has no time of its own.
        let stamp = match file.format {
            Format::Stream(_) => Stamp::of(&file.path),
            Format::Directory => None,
        };
        let mut kept = stamp.map(|_| Vec::new());
        let mut parts = Parts::new(defaults.clone());
        let mut memory = 0;
        let survey = file.survey_each(skip_invalid, |number, input| {
            let Some(all) = &mut kept else { return };
            match parts.add(number, input) {
                Ok(None) => {}
                Ok(Some(part)) => {
                    memory += part.memory();
                    all.push(part);
                }
                Err(_) => memory = usize::MAX,
            }
            if memory > KEPT_BYTES {
                kept = None;
            }
        })?;
        let kept = kept.zip(stamp).map(|(mut all, stamp)| {
            all.extend(parts.rest());
            let parts = RefCell::new(all);
            Self { parts, stamp }
        });
        Ok((survey, kept))
    }

    /// Whether `file` is as it was when it was checked.
    pub(super) fn is_current(&self, file: &RecordFile) -> bool {
        Stamp::of(&file.path) == Some(self.stamp)
    }

    /// Takes the records out, in parts. Between two of them requests under way are attended to.
    pub(super) fn take_parts(&self) -> impl Stream<Item = Result<Packing, Error>> + use<> {
        let parts = self.parts.take().into_iter();
        futures_util::stream::unfold(parts, async |mut parts| {
            tokio::task::yield_now().await;
            Some((Ok(parts.next()?), parts))
        })
    }
}

/// Reads a file again as `survey` found it, on a thread of its own, and returns its records in parts.
pub(super) fn read(
    file: &RecordFile,
    survey: &Survey,
    defaults: &Defaults,
) -> Result<impl Stream<Item = Result<Packing, Error>> + use<>, file::Error> {
    let mut second = file.second(survey)?;
    let mut parts = Parts::new(defaults.clone());
    let next = move || {
        while let Some((number, input)) = second.next().map_err(write::Error::Source)? {
            if let Some(part) = parts.add(number, input)? {
                return Ok(Some(part));
            }
        }
        Ok(parts.rest())
    };
    Ok(ahead(next, Packing::memory))
}

/// Packs records into parts.
struct Parts {
    defaults: Defaults,
    part: Packing,
    space: Vec<u8>,
}

impl Parts {
    fn new(defaults: Defaults) -> Self {
        Self {
            defaults,
            part: Packing::default(),
            space: Vec::new(),
        }
    }

    /// Adds a record, and returns the part that is full with it.
    fn add(&mut self, number: u64, input: Input) -> Result<Option<Packing>, send::Error> {
        let Outgoing {
            number,
            record,
            lifetime,
        } = self.defaults.complete(number, input);
        let next = Encoded::record(&record, lifetime, number, &mut self.space)?;
        self.part.push(&next);
        let is_full = self.part.len() >= PART_KEYS || self.part.bytes() >= PART_BYTES;
        Ok(is_full.then(|| std::mem::take(&mut self.part)))
    }

    /// Returns what is left.
    fn rest(&mut self) -> Option<Packing> {
        (!self.part.is_empty()).then(|| std::mem::take(&mut self.part))
    }
}
