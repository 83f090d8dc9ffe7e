//! What an interrupted export already has.

use std::{collections::HashSet, fmt, io::Read, ops::ControlFlow};

use sha2::{Digest as _, Sha256};

use crate::{
    domain::{Classification, Classify, ErrorClass, KeyName, Prefixes},
    formats::{
        Problem, ReadError, RecordLocation, Summary, entry,
        frame::Frame,
        lines::{Line, Lines, Next},
        object::Object,
    },
};

/// The part of an interrupted export that is whole: its header and complete lines of records.
pub struct Partial {
    /// Its length in bytes; the rest must be truncated.
    pub length: u64,
    /// Its keys; the export continues with all others.
    pub keys: Keys,
    /// What it holds.
    pub summary: Summary,
    pub(super) sum: Sha256,
}

/// A set of keys, as checksums of 16 bytes: records may come in any order, since some can be read only
/// after others.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Keys {
    sums: HashSet<[u8; 16]>,
    greatest: Option<KeyName>,
    disordered: bool,
}

impl Keys {
    fn insert(&mut self, key: &KeyName) {
        self.sums.insert(Self::sum(key));
        if self.is_beyond(key) {
            self.disordered = true;
        } else {
            self.greatest = Some(key.clone());
        }
    }

    /// Whether one of them is greater than `key`, so that `key` after them is not in order.
    pub fn is_beyond(&self, key: &KeyName) -> bool {
        self.greatest.as_ref().is_some_and(|it| it > key)
    }

    /// Whether they are not in order themselves.
    pub fn is_disordered(&self) -> bool {
        self.disordered
    }

    /// Whether `key` is one of them.
    pub fn contains(&self, key: &KeyName) -> bool {
        self.sums.contains(&Self::sum(key))
    }

    fn sum(key: &KeyName) -> [u8; 16] {
        let digest = Sha256::digest(key.as_str());
        let mut sum = [0; 16];
        sum.copy_from_slice(&digest[..16]);
        sum
    }
}

/// Why an export cannot be resumed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PartialError {
    /// It does not begin with the header that this kvctl writes.
    #[error(
        "the file does not start with the header of this kvctl's exports; there is nothing to resume"
    )]
    NoHeader,
    /// It is an export of other keys.
    #[error("the file is part of an export of {}", keys(.0))]
    OtherPrefixes(Prefixes),
    /// It is damaged.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl Classify for PartialError {
    fn classify(&self) -> Classification {
        match self {
            Self::OtherPrefixes(_) => ErrorClass::Refused
                .hint("pass `--restart` to start over, or export to another file"),
            Self::NoHeader => ErrorClass::Refused.hint("remove it, or move it away"),
            Self::Read(e) => e.classify(),
        }
    }
}

impl Partial {
    /// Reads what an interrupted export of the keys with `prefixes` has, up to the last record that is complete. `None` if it
    /// was interrupted before that, within its header.
    ///
    /// A footer is not counted in: it is written again.
    pub fn read(input: impl Read, prefixes: &Prefixes) -> Result<Option<Self>, PartialError> {
        let prefixes = prefixes.clone();
        let header = Frame::Records { prefixes }
            .to_line()
            .map_err(|_cannot_be| PartialError::NoHeader)?;
        let mut partial = Self {
            length: 0,
            keys: Keys::default(),
            summary: Summary::default(),
            sum: Sha256::new(),
        };
        let mut lines = Lines::new(input);
        loop {
            let before = lines.number();
            let location = RecordLocation::Line(before + 1);
            match lines.next() {
                Err(e) => return Err(ReadError::of_input(location, Problem::Io(e)).into()),
                Ok(Next::TooLong) => {
                    return Err(ReadError::of_input(location, Problem::TooLong).into());
                }
                Ok(Next::Line(line)) if line.number == 1 => {
                    let header = header.trim_end().as_bytes();
                    if !line.ended && header.starts_with(line.bytes) {
                        return Ok(None);
                    }
                    if line.bytes != header {
                        return Err(other_header(line.bytes));
                    }
                    partial.length = line.length;
                }
                Ok(Next::Line(line)) if line.ended => {
                    if partial.line(&line, location)?.is_break() {
                        return Ok(Some(partial));
                    }
                }
                Ok(Next::End) if before == 0 => return Ok(None),
                Ok(Next::Line(_) | Next::End) => return Ok(Some(partial)),
            }
        }
    }

    /// Counts a line in, unless it is the footer.
    fn line(
        &mut self,
        line: &Line<'_>,
        location: RecordLocation,
    ) -> Result<ControlFlow<()>, PartialError> {
        let fatal = |problem| ReadError::of_input(location.clone(), problem);
        let text = std::str::from_utf8(line.bytes)
            .map_err(|e| fatal(Problem::NotUtf8(e.valid_up_to() + 1)))?;
        let object = Object::parse(text, entry::FIELDS).map_err(fatal)?;
        if object.is_frame() {
            return match Frame::parse(text) {
                Ok(Frame::End { .. }) => Ok(ControlFlow::Break(())),
                Ok(_) => Err(fatal(Problem::MisplacedHeader).into()),
                Err(problem) => Err(fatal(problem).into()),
            };
        }
        let input = entry::read(object, location.clone(), None)
            .map_err(|error| ReadError::of_record(location, error))?;
        self.summary.count(&input.value);
        self.sum.update(line.bytes);
        self.sum.update(b"\n");
        self.length += line.length;
        self.keys.insert(&input.key);
        Ok(ControlFlow::Continue(()))
    }
}

/// Says what is wrong with a first line that is not the expected header.
fn other_header(line: &[u8]) -> PartialError {
    match str::from_utf8(line).map(Frame::parse) {
        Ok(Ok(Frame::Records { prefixes })) => PartialError::OtherPrefixes(prefixes),
        _ => PartialError::NoHeader,
    }
}

fn keys(prefixes: &Prefixes) -> String {
    if prefixes.is_everything() {
        return "all keys".to_owned();
    }
    format!("keys{}", prefixes.phrase())
}

impl fmt::Debug for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partial")
            .field("length", &self.length)
            .field("summary", &self.summary)
            .finish_non_exhaustive()
    }
}
