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
//! Lists of keys, as `get` and `delete` take them, are in [`super::keys`].
//!
//! Arrays are read entry by entry, never as a whole. A field that the service does not know is an
//! error, unless unknown fields are to be noted: then only a misspelt one is, which would be lost.

mod elements;

use std::{
    fmt,
    io::{self, Read, Write},
};

use serde_json::value::RawValue;

use super::{
    Ignored, Input, Problem, ReadError, Reader, RecordLocation, Summary, UnknownFields, Writer,
    entry,
    error::RecordError,
    object::{Object, syntax},
};
use crate::domain::Record;
pub(super) use elements::Elements;

/// Reads records from a JSON array.
pub struct WranglerReader<R> {
    elements: Elements<R>,
    summary: Summary,
    /// The fields that were ignored, if they may be.
    ignored: Option<Ignored>,
}

impl<R: Read> WranglerReader<R> {
    /// Reads from `input`, which need not be buffered.
    pub fn new(input: R, unknown_fields: UnknownFields) -> Self {
        let notes = unknown_fields == UnknownFields::Note;
        Self {
            elements: Elements::new(input),
            summary: Summary::default(),
            ignored: notes.then(Ignored::default),
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

    fn ignored(&self) -> Option<&Ignored> {
        self.ignored.as_ref()
    }
}

impl<R: Read> Iterator for WranglerReader<R> {
    type Item = Result<Input, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let ignored = self.ignored.as_mut();
        let elements = &mut self.elements;
        let read = elements.advance()?.and_then(|location| {
            // Most are whole in the buffer, and plain.
            if let Some((object, length)) = Object::plain(elements.buffered(), entry::FIELDS) {
                let read = entry::read(object, location.clone(), ignored);
                elements.pass_over(length);
                return read.map_err(|error| ReadError::of_record(location, error));
            }
            let text = elements.read()?;
            let object = Object::parse(text, entry::FIELDS);
            let object = object.map_err(|problem| unreadable(text, location.clone(), problem))?;
            entry::read(object, location.clone(), ignored)
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
pub(super) fn unreadable(text: &str, location: RecordLocation, problem: Problem) -> ReadError {
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
