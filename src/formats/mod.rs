//! Reading and writing records in files, one at a time, so that memory use does not grow.
//!
//! Owns the file formats. Imports `domain`. Writes to a given `Write`; opens no file for writing.
//!
//! | format | written as | carries a checksum |
//! | --- | --- | --- |
//! | [`ndjson`] | a header, a JSON object a line, a footer | yes |
//! | [`wrangler`] | the JSON array of `wrangler kv bulk put` | no |
//! | [`csv`] | a table with `key,value,base64,expiration,metadata` | no |
//! | [`directory`] | a file for each key, and an index of expiry and metadata | no |
//!
//! A record has the same fields in all of them, wrangler's: `key`, `value`, `base64` (whether
//! `value` is base64 of the bytes), `expiration` (UNIX seconds), `metadata` (any JSON), and, read
//! but never written, `expiration_ttl` (seconds; it wins over `expiration`, as in the service).
//! Every reader refuses what the service would refuse, before anything is sent, and names the place
//! and the key.

mod content;
pub mod csv;
pub mod directory;
mod entry;
mod error;
mod format;
mod frame;
mod ignored;
pub mod keys;
mod lines;
pub mod ndjson;
mod object;
mod problem;
#[cfg(test)]
mod tests;
pub mod wrangler;

use std::{fmt, io};

use bytes::Bytes;

use crate::domain::{Expiration, KeyName, Metadata, Prefixes, Record, Ttl};

pub use error::{Problems, ReadError, ReadErrors, RecordLocation};
pub use format::{Format, FormatError, StreamFormat};
pub use ignored::{Ignored, UnknownFields};
pub use problem::Problem;

/// A record that was read, and where.
#[derive(Clone, PartialEq)]
pub struct Input {
    /// The name.
    pub key: KeyName,
    /// The value, any bytes up to 25 MiB.
    pub value: Bytes,
    /// When it expires; `None` is never.
    pub expiry: Option<Expiry>,
    /// Its metadata.
    pub metadata: Option<Metadata>,
    /// Its position in the input.
    pub location: RecordLocation,
}

/// Shows no value: it may be a secret.
impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input")
            .field("key", &self.key)
            .field("value", &format_args!("{} bytes", self.value.len()))
            .field("expiry", &self.expiry)
            .field("metadata", &self.metadata)
            .field("location", &self.location)
            .finish()
    }
}

/// When a record expires. A file may say it either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// At a moment.
    At(Expiration),
    /// So long after it is written.
    After(Ttl),
}

/// What was read or written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many records, without those that were refused.
    pub records: u64,
    /// The bytes of their values together.
    pub bytes: u64,
    /// Whether a checksum said that these are all records, as they were exported. Of what was
    /// written: whether a reader will be able to say so.
    pub verified: bool,
}

impl Summary {
    fn count(&mut self, value: &[u8]) {
        self.records += 1;
        self.bytes += value.len() as u64;
    }
}

/// Reads records one by one.
///
/// Ends after the last record, and after an error that cannot be skipped
/// ([`ReadError::is_recoverable`]).
pub trait Reader: Iterator<Item = Result<Input, ReadError>> {
    /// Returns what was read until now.
    fn summary(&self) -> Summary;

    /// Returns what the input says that its keys begin with, as far as it was read.
    fn prefixes(&self) -> Prefixes {
        Prefixes::default()
    }

    /// Returns the fields that were ignored until now, where some may be.
    fn ignored(&self) -> Option<&Ignored> {
        None
    }
}

/// Writes records one by one.
pub trait Writer {
    /// Writes `record`.
    fn write(&mut self, record: &Record) -> io::Result<()>;

    /// Writes what belongs below the records, and flushes. Without it the file is cut short.
    fn finish(self: Box<Self>) -> io::Result<Summary>;
}
