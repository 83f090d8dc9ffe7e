//! Writing an export.

use std::{
    fmt,
    io::{self, Write},
};

use sha2::{Digest as _, Sha256};

use super::Partial;
use crate::{
    domain::{Record, hex},
    formats::{Summary, Writer, entry, frame::Frame},
};

/// Writes records as NDJSON with header and footer.
pub struct NdjsonWriter<W> {
    out: W,
    line: Vec<u8>,
    sum: Sha256,
    summary: Summary,
}

impl<W: Write> NdjsonWriter<W> {
    /// Writes the header.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(Frame::Records.to_line()?.as_bytes())?;
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
