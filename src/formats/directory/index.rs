//! The index of a directory: expiry and metadata of the keys that have them.

use std::{io, path::PathBuf};

use fs_err::{self as fs, File};

use crate::{
    domain::{KeyName, Metadata, Prefixes, Record},
    formats::{
        Expiry, Problem, ReadError, RecordLocation, content, entry,
        frame::Frame,
        lines::{Lines, Next},
        object::Object,
    },
};

/// The fields of a line.
const FIELDS: &[&str] = &["key", "expiration", "expiration_ttl", "metadata"];

/// The first line of the index of an export of the keys with `prefixes`, with its line ending.
pub(super) fn header(prefixes: Prefixes) -> String {
    Frame::Index { prefixes }.to_line().unwrap_or_default()
}

/// The line of `record`, if it has expiry or metadata.
pub(super) fn line(record: &Record) -> Option<String> {
    if record.expiration.is_none() && entry::metadata(record).is_none() {
        return None;
    }
    let mut line = Vec::from(b"{\"key\":");
    serde_json::to_writer(&mut line, record.key.as_str()).ok()?;
    entry::write_rest(record, &mut line).ok()?;
    line.push(b'\n');
    String::from_utf8(line).ok()
}

/// A line of the index.
pub(super) struct Entry {
    pub key: KeyName,
    pub expiry: Option<Expiry>,
    pub metadata: Option<Metadata>,
    pub location: RecordLocation,
}

/// The lines of an index, in the order of their keys. All errors are fatal, since a record without
/// its expiry would live forever.
pub(super) struct Entries {
    sorted: Sorted,
    /// What was read and not taken.
    next: Option<Result<Entry, ReadError>>,
}

struct Sorted {
    lines: Option<Lines<File>>,
    last: Option<KeyName>,
    prefixes: Prefixes,
}

impl Entries {
    /// Returns what the header says that the keys of the export began with, as far as it was read.
    pub(super) fn prefixes(&self) -> &Prefixes {
        &self.sorted.prefixes
    }

    /// Takes the next line, if it is `due`.
    pub(super) fn next_if(
        &mut self,
        due: impl FnOnce(&Result<Entry, ReadError>) -> bool,
    ) -> Option<Result<Entry, ReadError>> {
        let next = self.next.take().or_else(|| self.sorted.next())?;
        if due(&next) {
            return Some(next);
        }
        self.next = Some(next);
        None
    }
}

/// Reads the index at `path`; a missing file is an empty index.
pub(super) fn read(path: PathBuf) -> io::Result<Entries> {
    let lines = match fs::symlink_metadata(&path) {
        Ok(it) if it.is_file() => Some(Lines::new(File::open(path)?)),
        Ok(_) => {
            let message = "the index, `.kvctl.ndjson`, is not a file";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => return Err(e),
    };
    let sorted = Sorted {
        lines,
        last: None,
        prefixes: Prefixes::default(),
    };
    Ok(Entries { sorted, next: None })
}

impl Iterator for Sorted {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let lines = self.lines.as_mut()?;
        let read = match next(lines, &mut self.prefixes) {
            Ok(entry) => entry?,
            Err(e) => {
                self.lines = None;
                return Some(Err(e));
            }
        };
        if self.last.as_ref().is_some_and(|last| *last >= read.key) {
            self.lines = None;
            return Some(Err(ReadError::of_input(read.location, Problem::IndexOrder)));
        }
        self.last = Some(read.key.clone());
        Some(Ok(read))
    }
}

fn next(lines: &mut Lines<File>, prefixes: &mut Prefixes) -> Result<Option<Entry>, ReadError> {
    loop {
        let location = RecordLocation::Index(lines.number() + 1);
        let line = match lines.next() {
            Err(e) => return Err(ReadError::of_input(location, Problem::Io(e))),
            Ok(Next::TooLong) => return Err(ReadError::of_input(location, Problem::TooLong)),
            Ok(Next::End) => return Ok(None),
            Ok(Next::Line(line)) => line,
        };
        if line.bytes.trim_ascii().is_empty() {
            continue;
        }
        match parse(line.bytes, line.number) {
            Ok(Line::Entry(entry)) => return Ok(Some(entry)),
            Ok(Line::Header(said)) => *prefixes = said,
            Err(problem) => return Err(ReadError::of_input(location, problem)),
        }
    }
}

/// A line, as it was read.
enum Line {
    Header(Prefixes),
    Entry(Entry),
}

fn parse(line: &[u8], number: u64) -> Result<Line, Problem> {
    let text = std::str::from_utf8(line).map_err(|e| Problem::NotUtf8(e.valid_up_to() + 1))?;
    let mut object = Object::parse(text, FIELDS)?;
    if object.is_frame() {
        return match Frame::parse(text)? {
            Frame::Index { prefixes } if number == 1 => Ok(Line::Header(prefixes)),
            Frame::Index { .. } => Err(Problem::MisplacedHeader),
            Frame::Records { .. } | Frame::End { .. } => Err(Problem::Frame),
        };
    }
    object.validate()?;
    let expiry = content::expiry(entry::expiration(&object)?, entry::ttl(&object)?);
    let metadata = object.json("metadata").map(content::metadata).transpose()?;
    Ok(Line::Entry(Entry {
        key: object.text("key")?.parse()?,
        expiry,
        metadata: metadata.flatten(),
        location: RecordLocation::Index(number),
    }))
}
