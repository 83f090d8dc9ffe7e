//! Lines of bounded length.

use std::io::{self, BufRead as _, BufReader, Read};

/// The most bytes one record may have in a file: a value of 25 MiB as base64, and what is beside it.
pub(super) const RECORD_MAX_BYTES: usize = 40 * 1024 * 1024;

/// What is read at once, in bytes.
const BUFFER_BYTES: usize = 64 * 1024;

/// One line, without its line ending.
pub(super) struct Line<'a> {
    /// Which, from 1.
    pub number: u64,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Its length in the file, in bytes, with its line ending.
    pub length: u64,
    /// Whether a line ending followed.
    pub ended: bool,
}

/// A line, or that it was too long.
pub(super) enum Next<'a> {
    /// No more lines.
    End,
    /// A line.
    Line(Line<'a>),
    /// A line of which nothing is kept.
    TooLong,
}

/// Splits an input into lines; ignores a byte order mark at its beginning.
pub(super) struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    number: u64,
    /// The rest of an overlong line must still be skipped.
    behind: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input: BufReader::with_capacity(BUFFER_BYTES, input),
            line: Vec::new(),
            number: 0,
            behind: false,
        }
    }

    /// The number of the line last read.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn next(&mut self) -> io::Result<Next<'_>> {
        if self.behind {
            self.input.skip_until(b'\n')?;
            self.behind = false;
        }
        self.line.clear();
        let most = RECORD_MAX_BYTES as u64 + 1;
        let mut input = self.input.by_ref().take(most);
        if input.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(Next::End);
        }
        self.number += 1;
        let mut bytes = self.line.as_slice();
        let ended = bytes.last() == Some(&b'\n');
        if !ended && bytes.len() > RECORD_MAX_BYTES {
            self.behind = true;
            return Ok(Next::TooLong);
        }
        if self.number == 1 {
            bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        }
        bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        Ok(Next::Line(Line {
            number: self.number,
            bytes: bytes.strip_suffix(b"\r").unwrap_or(bytes),
            length: self.line.len() as u64,
            ended,
        }))
    }
}
