//! Writing records as CSV.

use std::{
    fmt,
    io::{self, Write},
    str,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::COLUMNS;
use crate::{
    domain::Record,
    formats::{
        Summary, Writer,
        entry::{self, TEXT_MAX_BYTES},
    },
};

/// How many of [`COLUMNS`] are written.
const WRITTEN: usize = 5;

/// Writes records as CSV.
pub struct CsvWriter<W: Write> {
    rows: ::csv::Writer<W>,
    summary: Summary,
}

impl<W: Write> CsvWriter<W> {
    /// Writes the line of column names.
    pub fn new(out: W) -> io::Result<Self> {
        let mut rows = ::csv::Writer::from_writer(out);
        rows.write_record(&COLUMNS[..WRITTEN])?;
        Ok(Self {
            rows,
            summary: Summary::default(),
        })
    }
}

impl<W: Write> Writer for CsvWriter<W> {
    fn write(&mut self, record: &Record) -> io::Result<()> {
        let encoded;
        let (value, base64) = if let Some(text) = as_text(&record.value) {
            (text, "")
        } else {
            encoded = STANDARD.encode(&record.value);
            (encoded.as_str(), "true")
        };
        let expiration = record.expiration.map(|e| e.unix_seconds().to_string());
        let metadata = entry::metadata(record);
        self.rows.write_record([
            record.key.as_str(),
            value,
            base64,
            expiration.as_deref().unwrap_or_default(),
            metadata.as_deref().unwrap_or_default(),
        ])?;
        self.summary.count(&record.value);
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<Summary> {
        self.rows.flush()?;
        Ok(self.summary)
    }
}

impl<W: Write> fmt::Debug for CsvWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvWriter")
            .field("summary", &self.summary)
            .finish_non_exhaustive()
    }
}

/// The value as text, unless it is none, or doubled quotes would make it longer than a row may be.
fn as_text(value: &[u8]) -> Option<&str> {
    let text = str::from_utf8(value).ok()?;
    let quotes = || text.bytes().filter(|byte| *byte == b'"').count();
    (text.len() <= TEXT_MAX_BYTES / 2 || text.len() + quotes() <= TEXT_MAX_BYTES).then_some(text)
}
