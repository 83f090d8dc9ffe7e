//! Writing an array for `wrangler kv bulk put`.

use std::{
    fmt,
    io::{self, Write},
};

use crate::{
    domain::Record,
    formats::{Summary, Writer, entry},
};

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
