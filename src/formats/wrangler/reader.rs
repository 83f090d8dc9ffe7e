//! Reading the records of `wrangler kv bulk put`.

use std::{fmt, io::Read};

use serde_json::value::RawValue;

use super::elements::Elements;
use crate::formats::{
    Input, Problem, ReadError, Reader, RecordLocation, Summary, entry,
    error::RecordError,
    object::{Object, syntax},
};

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

/// An error about the element `text` at `place`. What is no JSON makes its end uncertain; then the
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
