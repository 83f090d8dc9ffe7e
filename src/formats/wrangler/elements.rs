//! The elements of a JSON array, one by one, as text.

use std::{
    io::{self, BufRead as _, BufReader, Read},
    str,
};

use crate::formats::{
    Problem, ReadError, RecordLocation,
    error::RecordError,
    lines::RECORD_MAX_BYTES,
    object::{check_syntax, kind},
};

/// What is read at once, in bytes.
const BUFFER_BYTES: usize = 64 * 1024;

/// Splits a JSON array into its elements without looking into them further than for their ends.
pub(in crate::formats) struct Elements<R> {
    input: BufReader<R>,
    element: Vec<u8>,
    phase: Phase,
    location: Position,
    /// The line in which the element begins.
    first_line: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Before `[`.
    Start,
    /// Behind `[`.
    Open,
    /// Behind an element.
    Behind,
    /// Behind `]`, or an error.
    Over,
}

/// Where the reading is: the element being read, and the line, from 1.
#[derive(Clone, Copy)]
struct Position {
    index: u64,
    line: u64,
}

impl Position {
    fn location(self) -> RecordLocation {
        RecordLocation::Entry {
            index: self.index,
            line: self.line,
        }
    }
}

/// What ends an element.
#[derive(Default)]
struct Scan {
    depth: u64,
    quoted: bool,
    escaped: bool,
    scalar: bool,
}

impl Scan {
    /// Takes the next byte of an element; returns whether the element ends with it.
    fn ends_with(&mut self, byte: u8) -> bool {
        if self.quoted {
            self.quoted = self.escaped || byte != b'"';
            self.escaped = !self.escaped && byte == b'\\';
            return !self.quoted && self.depth == 0;
        }
        match byte {
            b'"' => self.quoted = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => self.scalar = self.depth == 0,
        }
        false
    }

    /// Returns where in `bytes` the element ends.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() {
            if self.quoted && !self.escaped && !self.scalar {
                at += unremarkable(&bytes[at..]);
            }
            let byte = *bytes.get(at)?;
            if self.ends_before(byte) || self.ends_with(byte) {
                return Some(at);
            }
            at += 1;
        }
        None
    }

    /// Whether `byte` comes after the element: only numbers and words have no closing byte.
    fn ends_before(&self, byte: u8) -> bool {
        self.scalar && matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r')
    }
}

impl<R: Read> Elements<R> {
    pub(in crate::formats) fn new(input: R) -> Self {
        Self {
            input: BufReader::with_capacity(BUFFER_BYTES, input),
            element: Vec::new(),
            phase: Phase::Start,
            location: Position { index: 0, line: 1 },
            first_line: 1,
        }
    }

    /// Goes to the next element, and returns where it begins. The error is about the array.
    pub(in crate::formats) fn advance(&mut self) -> Option<Result<RecordLocation, ReadError>> {
        match self.find() {
            Ok(false) => None,
            Ok(true) => {
                self.first_line = self.location.line;
                Some(Ok(self.location.location()))
            }
            Err(problem) => Some(Err(self.fail(problem))),
        }
    }

    /// Returns what is there of the element, and perhaps of what follows it.
    pub(in crate::formats) fn buffered(&self) -> &[u8] {
        self.input.buffer()
    }

    /// Passes over the element, of which the buffer has all `length` bytes.
    pub(in crate::formats) fn pass_over(&mut self, length: usize) {
        let element = &self.input.buffer()[..length];
        // Most have none, which is found out faster than how many.
        if element.contains(&b'\n') {
            self.location.line += line_ends(element);
        }
        self.input.consume(length);
    }

    /// Reads the element. The error is about the array unless it is recoverable.
    pub(in crate::formats) fn read(&mut self) -> Result<&str, ReadError> {
        if let Err(problem) = self.scan() {
            return Err(self.fail(problem));
        }
        self.text()
    }

    fn fail(&mut self, problem: Problem) -> ReadError {
        let location = match self.phase {
            Phase::Start | Phase::Over => RecordLocation::Line(self.location.line),
            Phase::Open | Phase::Behind => self.location.location(),
        };
        self.phase = Phase::Over;
        ReadError::of_input(location, problem)
    }

    /// Ends the reading: an element turned out to be no JSON, so nothing behind it has a meaning.
    pub(in crate::formats) fn give_up(&mut self) {
        self.phase = Phase::Over;
    }

    fn text(&mut self) -> Result<&str, ReadError> {
        let location = RecordLocation::Entry {
            index: self.location.index,
            line: self.first_line,
        };
        if self.element.len() > RECORD_MAX_BYTES {
            return Err(ReadError::of_record(location, Problem::TooLong.into()));
        }
        match str::from_utf8(&self.element) {
            Ok(text) => Ok(text),
            Err(e) => {
                let error = RecordError::from(Problem::NotUtf8(e.valid_up_to() + 1));
                Err(ReadError::of_record(location, error))
            }
        }
    }

    /// Goes to the next element; `false` if there is none.
    fn find(&mut self) -> Result<bool, Problem> {
        if self.phase == Phase::Over {
            return Ok(false);
        }
        if self.phase == Phase::Start {
            self.open()?;
        }
        self.location.index += 1;
        match (self.phase, self.peek()?) {
            (_, Some(b']')) => return self.close(),
            (Phase::Behind, Some(b',')) => {
                self.input.consume(1);
                if matches!(self.peek()?, Some(b']')) {
                    return Err(Problem::Separator);
                }
            }
            (Phase::Behind, Some(_)) => return Err(Problem::Separator),
            _ => {}
        }
        self.phase = Phase::Behind;
        match self.peek()? {
            None => Err(Problem::Unclosed),
            Some(b',' | b':' | b'}') => Err(Problem::Separator),
            Some(_) => Ok(true),
        }
    }

    fn open(&mut self) -> Result<(), Problem> {
        for mark in "\u{feff}".bytes() {
            if self.fill()?.first() != Some(&mark) {
                break;
            }
            self.input.consume(1);
        }
        match self.peek()? {
            Some(b'[') => self.input.consume(1),
            None => return Err(Problem::NotAnArray("nothing")),
            Some(byte) => {
                let text = self.fill()?;
                let end = text.iter().position(|it| b" \t\r\n,]}".contains(it));
                let word = str::from_utf8(&text[..end.unwrap_or(text.len())]);
                let is_json = word.is_ok_and(|word| check_syntax(word).is_ok());
                return Err(Problem::NotAnArray(match str::from_utf8(&[byte]) {
                    Ok(first) if is_json || matches!(byte, b'{' | b'"') => kind(first),
                    _ => "text that is not JSON",
                }));
            }
        }
        self.phase = Phase::Open;
        Ok(())
    }

    fn close(&mut self) -> Result<bool, Problem> {
        self.input.consume(1);
        self.phase = Phase::Over;
        match self.peek()? {
            None => Ok(false),
            Some(_) => Err(Problem::AfterArray),
        }
    }

    /// Returns the next byte that is not blank.
    fn peek(&mut self) -> Result<Option<u8>, Problem> {
        loop {
            match self.fill()?.first().copied() {
                Some(b'\n') => self.location.line += 1,
                Some(b' ' | b'\t' | b'\r') => {}
                other => return Ok(other),
            }
            self.input.consume(1);
        }
    }

    /// Keeps the bytes up to the end of the element; of one that is too long, only the beginning.
    fn scan(&mut self) -> Result<(), Problem> {
        self.element.clear();
        let mut scan = Scan::default();
        loop {
            let room = (RECORD_MAX_BYTES + 1).saturating_sub(self.element.len());
            self.fill()?;
            let bytes = self.input.buffer();
            let end = scan.end(bytes);
            if bytes.is_empty() {
                return Err(Problem::Unclosed);
            }
            let taken = match end {
                None => bytes.len(),
                Some(at) => at + usize::from(!scan.scalar),
            };
            self.element.extend_from_slice(&bytes[..taken.min(room)]);
            self.location.line += line_ends(&bytes[..taken]);
            self.input.consume(taken);
            if end.is_some() {
                return Ok(());
            }
        }
    }

    /// Reads more if nothing is left; returns what there is, and nothing at the end.
    fn fill(&mut self) -> Result<&[u8], Problem> {
        loop {
            match self.input.fill_buf() {
                Ok(_) => return Ok(self.input.buffer()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Problem::Io(e)),
            }
        }
    }
}

fn line_ends(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

/// Returns how many bytes there are before the first that ends a string, or begins an escape.
fn unremarkable(bytes: &[u8]) -> usize {
    const AT_ONCE: usize = 32;
    let is_remarkable = |byte: &u8| matches!(*byte, b'"' | b'\\');
    let chunks = bytes.chunks_exact(AT_ONCE);
    // Without an early end within a chunk, so that its bytes are compared at once.
    let is_clean = |chunk: &&[u8]| !chunk.iter().fold(false, |any, b| any | is_remarkable(b));
    let clean = chunks.take_while(is_clean).count() * AT_ONCE;
    let rest = &bytes[clean..];
    clean + rest.iter().position(is_remarkable).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Byte by byte.
    fn end_of(bytes: &[u8], scan: &mut Scan) -> Option<usize> {
        bytes
            .iter()
            .position(|&b| scan.ends_before(b) || scan.ends_with(b))
    }

    proptest! {
        /// Also of what is no JSON, and wherever one buffer ends and the next begins.
        #[test]
        fn an_element_ends_where_it_ends_byte_by_byte(
            text in "([\\[{]{0,2}\"[a-z,\\]}]{0,70}(\\\\[\"\\\\n])?[a-z ]{0,40}\"?[\\]}, 1]{0,3}){1,3}",
            at in any::<prop::sample::Index>(),
        ) {
            let parts = text.as_bytes().split_at(at.index(text.len()));
            let (mut fast, mut slow) = (Scan::default(), Scan::default());
            for part in <[&[u8]; 2]>::from(parts) {
                let end = fast.end(part);
                prop_assert_eq!(end, end_of(part, &mut slow));
                if end.is_some() {
                    break;
                }
            }
        }
    }
}
