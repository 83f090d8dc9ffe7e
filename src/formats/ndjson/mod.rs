//! kvctl's own format: NDJSON with a header and a footer.
//!
//! ```json
//! {"kvctl":1,"kind":"records"}
//! {"key":"greeting","value":"hello","expiration":1767225600,"metadata":{"lang":"en"}}
//! {"key":"logo","value":"iVBORw0=","base64":true}
//! {"kvctl":1,"kind":"end","records":2,"sha256":"…"}
//! ```
//!
//! The header of an export of keys with certain prefixes names them: `"prefix":"a"`, or an array.
//!
//! A record is what one entry of wrangler's array is. `value` is the text of the value if it is
//! UTF-8, otherwise its base64, which `base64` then says; text whose escapes would make a line of
//! more than 40 MiB is base64 too. `metadata` keeps the spelling of its numbers and the order of
//! its fields.
//!
//! The checksum is over the lines between header and footer, each without its line ending and
//! followed by one LF: `sed '1d;$d' FILE | sha256sum`. Blank lines do not count, so that a file
//! survives a passage through Windows.
//!
//! A file with neither header nor footer is read too, since it may be written by hand; then
//! [`Summary::verified`](super::Summary::verified) is false.

mod resume;

use std::{
    fmt,
    io::{self, Read, Write},
};

use sha2::{Digest as _, Sha256};

use super::{
    Input, Problem, ReadError, Reader, RecordLocation, Summary, Writer, entry,
    error::RecordError,
    frame::Frame,
    lines::{Line, Lines, Next},
    object::Object,
};
use crate::domain::{Prefixes, Record, hex};

pub use resume::{Partial, PartialError};

/// Reads records from NDJSON, and checks them against the footer.
pub struct NdjsonReader<R> {
    lines: Lines<R>,
    state: State,
}

impl<R: Read> NdjsonReader<R> {
    /// Reads from `input`, which need not be buffered.
    pub fn new(input: R) -> Self {
        Self {
            lines: Lines::new(input),
            state: State {
                phase: Phase::Start,
                lines: 0,
                sum: Sha256::new(),
                summary: Summary::default(),
                prefixes: Prefixes::default(),
            },
        }
    }
}

impl<R> fmt::Debug for NdjsonReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NdjsonReader")
            .field("summary", &self.state.summary)
            .finish_non_exhaustive()
    }
}

impl<R: Read> Reader for NdjsonReader<R> {
    fn prefixes(&self) -> Prefixes {
        self.state.prefixes.clone()
    }

    fn summary(&self) -> Summary {
        self.state.summary
    }
}

impl<R: Read> Iterator for NdjsonReader<R> {
    type Item = Result<Input, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.state.phase != Phase::Over {
            let location = RecordLocation::Line(self.lines.number() + 1);
            match self.lines.next() {
                Err(e) => return Some(self.state.fail(location, Problem::Io(e))),
                Ok(Next::End) => return self.state.end(RecordLocation::Line(self.lines.number())),
                Ok(Next::TooLong) => return Some(self.state.too_long(location)),
                Ok(Next::Line(line)) if line.bytes.trim_ascii().is_empty() => {}
                Ok(Next::Line(line)) => {
                    if let Some(item) = self.state.line(&line, location) {
                        return Some(item);
                    }
                }
            }
        }
        None
    }
}

/// How far the reading has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing was read.
    Start,
    /// Among lines that have no header.
    Plain,
    /// Behind the header of an export.
    Export,
    /// Behind the footer of an export.
    Footed,
    /// Nothing more is read.
    Over,
}

struct State {
    phase: Phase,
    /// The records of the file, also those that were refused.
    lines: u64,
    sum: Sha256,
    summary: Summary,
    /// What the header says that all keys begin with.
    prefixes: Prefixes,
}

impl State {
    fn fail(&mut self, location: RecordLocation, problem: Problem) -> Result<Input, ReadError> {
        self.phase = Phase::Over;
        self.summary.verified = false;
        Err(ReadError::of_input(location, problem))
    }

    fn end(&mut self, location: RecordLocation) -> Option<Result<Input, ReadError>> {
        if self.phase == Phase::Export {
            return Some(self.fail(location, Problem::MissingFooter));
        }
        self.phase = Phase::Over;
        None
    }

    /// Nothing of the line was kept, so that no checksum can match any more.
    fn too_long(&mut self, location: RecordLocation) -> Result<Input, ReadError> {
        match self.phase {
            Phase::Start | Phase::Plain => {
                self.phase = Phase::Plain;
                Err(ReadError::of_record(location, Problem::TooLong.into()))
            }
            Phase::Export => self.fail(location, Problem::TooLong),
            Phase::Footed | Phase::Over => self.fail(location, Problem::AfterFooter),
        }
    }

    fn line(
        &mut self,
        line: &Line<'_>,
        location: RecordLocation,
    ) -> Option<Result<Input, ReadError>> {
        if self.phase == Phase::Footed {
            return Some(self.fail(location, Problem::AfterFooter));
        }
        let text = std::str::from_utf8(line.bytes);
        let object = text
            .map_err(|e| Problem::NotUtf8(e.valid_up_to() + 1))
            .and_then(|text| Object::parse(text, entry::FIELDS));
        if !line.ended && self.phase == Phase::Export && object.is_err() {
            return Some(self.fail(location, Problem::MissingFooter));
        }
        if let (Ok(text), Ok(object)) = (text, &object)
            && object.is_frame()
        {
            let framed = Frame::parse(text).and_then(|frame| self.frame(frame));
            return framed.err().map(|problem| self.fail(location, problem));
        }
        if self.phase == Phase::Start {
            self.phase = Phase::Plain;
        }
        self.lines += 1;
        self.sum.update(line.bytes);
        self.sum.update(b"\n");
        let read = object
            .map_err(RecordError::from)
            .and_then(|object| entry::read(object, location.clone(), None))
            .and_then(|input| self.covered(input));
        if let Ok(input) = &read {
            self.summary.count(&input.value);
        }
        Some(read.map_err(|error| ReadError::of_record(location, error)))
    }

    /// Refuses a record that the header rules out: what was exported has no such key.
    fn covered(&self, input: Input) -> Result<Input, RecordError> {
        if self.prefixes.covers(input.key.as_str()) {
            return Ok(input);
        }
        Err(RecordError {
            key: Some(input.key.as_str().to_owned()),
            problem: Problem::OtherPrefix(self.prefixes.clone()),
        })
    }

    fn frame(&mut self, frame: Frame) -> Result<(), Problem> {
        match (self.phase, frame) {
            (_, Frame::Index { .. }) => Err(Problem::Frame),
            (Phase::Start, Frame::Records { prefixes }) => {
                self.prefixes = prefixes;
                self.phase = Phase::Export;
                Ok(())
            }
            (_, Frame::Records { .. }) => Err(Problem::MisplacedHeader),
            (Phase::Export, Frame::End { records, sha256 }) => self.footer(records, &sha256),
            (_, Frame::End { .. }) => Err(Problem::MissingHeader),
        }
    }

    fn footer(&mut self, said: u64, sha256: &str) -> Result<(), Problem> {
        if said != self.lines {
            return Err(Problem::Count {
                said,
                found: self.lines,
            });
        }
        if hex(&self.sum.clone().finalize()) != sha256 {
            return Err(Problem::Checksum);
        }
        self.summary.verified = true;
        self.phase = Phase::Footed;
        Ok(())
    }
}

/// Writes records as NDJSON with header and footer.
pub struct NdjsonWriter<W> {
    out: W,
    line: Vec<u8>,
    sum: Sha256,
    summary: Summary,
}

impl<W: Write> NdjsonWriter<W> {
    /// Writes the header of an export of the keys with `prefixes`.
    pub fn new(mut out: W, prefixes: &Prefixes) -> io::Result<Self> {
        let prefixes = prefixes.clone();
        let header = Frame::Records { prefixes }.to_line()?;
        out.write_all(header.as_bytes())?;
        Ok(Self {
            out,
            line: Vec::new(),
            sum: Sha256::new(),
            summary: Summary::default(),
        })
    }

    /// Goes on behind an export that was interrupted. `out` must be positioned at
    /// [`Partial::length`], with nothing behind it.
    pub fn resume(out: W, partial: Partial) -> Self {
        Self {
            out,
            line: Vec::new(),
            sum: partial.sum,
            summary: partial.summary,
        }
    }
}

impl<W: Write> Writer for NdjsonWriter<W> {
    fn write(&mut self, record: &Record) -> io::Result<()> {
        self.line.clear();
        entry::write(record, &mut self.line)?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)?;
        self.sum.update(&self.line);
        self.summary.count(&record.value);
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<Summary> {
        let mut this = *self;
        let footer = Frame::End {
            records: this.summary.records,
            sha256: hex(&this.sum.finalize()),
        };
        this.out.write_all(footer.to_line()?.as_bytes())?;
        this.out.flush()?;
        Ok(Summary {
            verified: true,
            ..this.summary
        })
    }
}

impl<W> fmt::Debug for NdjsonWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NdjsonWriter")
            .field("summary", &self.summary)
            .finish_non_exhaustive()
    }
}
