//! Why a record could not be read: where, which key, what, and whether reading can continue.

use std::{fmt, path::PathBuf};

use super::Problem;
use crate::domain::{Classification, Classify, Hint, ShowPath as _};

/// The longest part of a key or field name that a message shows, in characters.
const SHOWN: usize = 80;

/// The position of a record in the input.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordLocation {
    /// A line, from 1.
    Line(u64),
    /// An entry of a JSON array, from 1, and the line that it begins in, from 1.
    Entry {
        /// Which entry.
        index: u64,
        /// Its first line.
        line: u64,
    },
    /// A file of a directory, relative to it.
    File(PathBuf),
    /// A line, from 1, of the index of a directory.
    Index(u64),
    /// One of several names, from 1.
    Name(u64),
}

impl RecordLocation {
    /// Returns the line of the input, if it has lines.
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::Line(line) | Self::Entry { line, .. } | Self::Index(line) => Some(*line),
            Self::File(_) | Self::Name(_) => None,
        }
    }
}

impl fmt::Display for RecordLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Entry { index, line } => write!(f, "entry {index} (line {line})"),
            Self::File(path) => write!(f, "file `{}`", printable(&path.shown())),
            Self::Index(line) => write!(f, "line {line} of `.kvctl.ndjson`"),
            Self::Name(number) => write!(f, "name {number}"),
        }
    }
}

/// Why a record could not be read. Contains no value and no metadata.
#[derive(Debug)]
pub struct ReadError {
    location: RecordLocation,
    key: Option<String>,
    problem: Box<Problem>,
    fatal: bool,
}

impl ReadError {
    /// An error in one record; reading can continue after it.
    pub(super) fn of_record(location: RecordLocation, error: RecordError) -> Self {
        Self {
            location,
            key: error.key,
            problem: Box::new(error.problem),
            fatal: false,
        }
    }

    /// An error after which the rest of the input cannot be trusted.
    pub(super) fn of_input(location: RecordLocation, problem: Problem) -> Self {
        Self {
            location,
            key: None,
            problem: Box::new(problem),
            fatal: true,
        }
    }

    /// The same, of a list of keys.
    pub(super) fn of_keys(mut self) -> Self {
        if matches!(*self.problem, Problem::NotAnArray("text that is not JSON")) {
            *self.problem = Problem::NotAnArrayOfKeys;
        }
        self
    }

    /// Returns where it is.
    pub fn location(&self) -> &RecordLocation {
        &self.location
    }

    /// Returns the key as it was written, which may be no valid one; `None` if it is not known.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Returns what is wrong.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Whether only this record is wrong and reading can continue. After any other error the reader has
    /// ended.
    pub fn is_recoverable(&self) -> bool {
        !self.fatal
    }
}

impl Classify for ReadError {
    fn classify(&self) -> Classification {
        Classification {
            hint: self.problem.remedy().map(Hint::from),
            ..self.problem.class().into()
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.location)?;
        if let Some(key) = &self.key {
            write!(f, ", key `{}`", shown(key))?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.problem.source()
    }
}

/// So many of the problems of a file are named.
const NAMED: usize = 12;

/// What is wrong with a file: its first problems as a chain of causes, and how many there are more.
#[derive(Debug)]
pub struct ReadErrors {
    first: ReadError,
    next: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Problems that are not named.
#[derive(Debug, thiserror::Error)]
#[error("and {0} more")]
struct More(usize);

/// Collects what is wrong with a file.
#[derive(Debug, Default)]
pub struct Problems {
    named: Vec<ReadError>,
    more: usize,
}

impl Problems {
    /// Adds one.
    pub fn push(&mut self, error: ReadError) {
        if self.named.len() < NAMED {
            self.named.push(error);
        } else {
            self.more += 1;
        }
    }

    /// Fails with all of them, if there are any.
    pub fn check(self) -> Result<(), ReadErrors> {
        let mut next: Option<Box<dyn std::error::Error + Send + Sync>> = None;
        if self.more > 0 {
            next = Some(Box::new(More(self.more)));
        }
        let mut named = self.named.into_iter();
        let Some(first) = named.next() else {
            return Ok(());
        };
        for error in named.rev() {
            next = Some(Box::new(ReadErrors { first: error, next }));
        }
        Err(ReadErrors { first, next })
    }
}

impl From<ReadError> for ReadErrors {
    fn from(first: ReadError) -> Self {
        Self { first, next: None }
    }
}

impl Classify for ReadErrors {
    fn classify(&self) -> Classification {
        self.first.classify()
    }
}

impl fmt::Display for ReadErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)
    }
}

impl std::error::Error for ReadErrors {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.next {
            Some(next) => Some(&**next),
            None => self.first.source(),
        }
    }
}

/// A problem with one record, before its position is known.
pub(super) struct RecordError {
    /// The key as it was written.
    pub key: Option<String>,
    /// What is wrong.
    pub problem: Problem,
}

impl<P: Into<Problem>> From<P> for RecordError {
    fn from(problem: P) -> Self {
        Self {
            key: None,
            problem: problem.into(),
        }
    }
}

/// A name as a message shows it: without control characters, and not endless.
pub(super) fn shown(name: &str) -> String {
    let mut text: String = name.chars().take(SHOWN).collect();
    if text.len() < name.len() {
        text.push('…');
    }
    printable(&text)
}

/// Text without what a terminal would not show as it is.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\'' | '\\' => shown.push(c),
            _ => shown.extend(c.escape_debug()),
        }
    }
    shown
}
