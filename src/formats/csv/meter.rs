//! A bound on what one row may take from the input.

use std::io::{self, Read};

use crate::formats::lines::RECORD_MAX_BYTES;

/// Ends in an error when more is read than one row may have, as after a quote that is never closed.
pub(super) struct Meter<R> {
    input: R,
    left: usize,
}

impl<R> Meter<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            left: RECORD_MAX_BYTES,
        }
    }

    /// Begins the next row.
    pub(super) fn reset(&mut self) {
        self.left = RECORD_MAX_BYTES;
    }

    /// Whether the row is too long.
    pub(super) fn is_spent(&self) -> bool {
        self.left == 0
    }
}

impl<R: Read> Read for Meter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let most = buffer.len().min(self.left);
        let read = self.input.read(&mut buffer[..most])?;
        self.left -= read;
        Ok(read)
    }
}
