//! The files of `wrangler kv bulk`.
//!
//! `put` takes an array of records:
//!
//! ```json
//! [
//! {"key":"greeting","value":"hello","expiration":1767225600,"metadata":{"lang":"en"}},
//! {"key":"logo","value":"iVBORw0=","base64":true}
//! ]
//! ```
//!
//! `get` and `delete` take an array of keys, each a string or an object with `name`, as
//! `wrangler kv key list` prints them: `["greeting", {"name": "logo"}]`.
//!
//! Arrays are read entry by entry, never as a whole. A field that the service does not know is an
//! error, since it is most likely a misspelt one that would be lost.

mod elements;

use std::{
    borrow::Cow,
    fmt,
    io::{self, Read, Write},
};

use serde_json::value::RawValue;

use super::{
    Input, Problem, ReadError, Reader, RecordLocation, Summary, Writer,
    content::checked_key,
    entry,
    error::RecordError,
    object::{Object, check_syntax, kind, string, syntax},
};
use crate::domain::{KeyName, Record};
use elements::Elements;

/// The fields of an object that `wrangler kv key list` prints.
const KEY_FIELDS: &[&str] = &["name", "expiration", "metadata"];

/// Reads records from a JSON array.
pub struct WranglerReader<R> {
    elements: Elements<R>,
    summary: Summary,
}

impl<R: Read> WranglerReader<R> {
    /// Reads from `input`, which need not be buffered.
    pub fn new(input: R) -> Self {
        Self {
            elements: Elements::new(input),
            summary: Summary::default(),
        }
    }
}

impl<R> fmt::Debug for WranglerReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WranglerReader")
            .field("summary", &self.summary)
            .finish_non_exhaustive()
    }
}

impl<R: Read> Reader for WranglerReader<R> {
    fn summary(&self) -> Summary {
        self.summary
    }
}

impl<R: Read> Iterator for WranglerReader<R> {
    type Item = Result<Input, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.elements.next()?.and_then(|(text, location)| {
            let object = Object::parse(text, entry::FIELDS);
            let object = object.map_err(|problem| unreadable(text, location.clone(), problem))?;
            entry::read(object, location.clone())
                .map_err(|error| ReadError::of_record(location, error))
        });
        match &read {
            Ok(input) => self.summary.count(&input.value),
            Err(e) if !e.is_recoverable() => self.elements.give_up(),
            Err(_) => {}
        }
        Some(read)
    }
}

/// An error about the element `text` at `place`. Where it is not JSON its end is uncertain, so the
/// array has ended.
fn unreadable(text: &str, location: RecordLocation, problem: Problem) -> ReadError {
    let Err(e) = serde_json::from_str::<&RawValue>(text) else {
        return ReadError::of_record(location, RecordError::from(problem));
    };
    let location = match location {
        RecordLocation::Entry { index, line } => RecordLocation::Entry {
            index,
            line: line + e.line().saturating_sub(1) as u64,
        },
        other => other,
    };
    ReadError::of_input(location, syntax(&e))
}

/// Writes records as a JSON array, one a line.
pub struct WranglerWriter<W> {
    out: W,
    summary: Summary,
}

impl<W: Write> WranglerWriter<W> {
    /// Writes the `[`.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(b"[")?;
        Ok(Self {
            out,
            summary: Summary::default(),
        })
    }
}

impl<W: Write> Writer for WranglerWriter<W> {
    fn write(&mut self, record: &Record) -> io::Result<()> {
        let first = self.summary.records == 0;
        self.out.write_all(if first { b"\n" } else { b",\n" })?;
        entry::write(record, &mut self.out)?;
        self.summary.count(&record.value);
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<Summary> {
        let empty = self.summary.records == 0;
        self.out.write_all(if empty { b"]\n" } else { b"\n]\n" })?;
        self.out.flush()?;
        Ok(self.summary)
    }
}

impl<W> fmt::Debug for WranglerWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WranglerWriter")
            .field("summary", &self.summary)
            .finish_non_exhaustive()
    }
}

/// A key that was read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey {
    /// The key.
    pub key: KeyName,
    /// Its position in the input.
    pub location: RecordLocation,
}

/// Reads keys from a JSON array of strings, or of objects with `name`.
///
/// Ends after the last key, and after an error that cannot be skipped
/// ([`ReadError::is_recoverable`]).
pub struct KeyListReader<R> {
    elements: Elements<R>,
}

impl<R: Read> KeyListReader<R> {
    /// Reads from `input`, which need not be buffered.
    pub fn new(input: R) -> Self {
        Self {
            elements: Elements::new(input),
        }
    }
}

impl<R> fmt::Debug for KeyListReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyListReader").finish_non_exhaustive()
    }
}

impl<R: Read> Iterator for KeyListReader<R> {
    type Item = Result<ListedKey, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.elements.next()?.and_then(|(text, location)| {
            let name = name(text).map_err(|problem| unreadable(text, location.clone(), problem))?;
            match checked_key(&name) {
                Ok(key) => Ok(ListedKey { key, location }),
                Err(error) => Err(ReadError::of_record(location, error)),
            }
        });
        if read.as_ref().is_err_and(|e| !e.is_recoverable()) {
            self.elements.give_up();
        }
        Some(read)
    }
}

fn name(text: &str) -> Result<Cow<'_, str>, Problem> {
    check_syntax(text)?;
    match kind(text) {
        "a string" => string(text, "name"),
        "an object" => {
            let mut object = Object::parse(text, KEY_FIELDS)?;
            object.validate()?;
            object.text("name")
        }
        other => Err(Problem::NotAName(other)),
    }
}
