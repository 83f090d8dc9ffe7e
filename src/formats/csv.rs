//! CSV: a table with a line of column names.
//!
//! ```csv
//! key,value,base64,expiration,metadata
//! greeting,hello,,1767225600,"{""lang"":""en""}"
//! logo,iVBORw0=,true,,
//! ```
//!
//! Columns may come in any order; `key` and `value` must be there, `expiration_ttl` may be. An
//! empty field is none, except for `value`, where it is the empty value. `base64` is `true` where
//! `value` is base64 of the bytes, and `false` or empty where it is text. `expiration` is UNIX
//! seconds, or, when read, a date with a zone. `metadata` is JSON, so text needs quotes:
//! `"""text"""`. Fields are separated by commas, and quoted as RFC 4180 says.

use std::{
    borrow::Cow,
    fmt,
    io::{self, Read, Write},
    str,
};

use ::csv::{ByteRecord, ErrorKind, Position};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    Input, Problem, ReadError, Reader, RecordLocation, Summary, Writer,
    content::RawRecord,
    entry::{self, TEXT_MAX_BYTES},
    error::{RecordError, shown},
    lines::RECORD_MAX_BYTES,
    object::listed,
};
use crate::domain::{Expiration, Record, Ttl, TtlError};

/// The columns there may be; all but `expiration_ttl` are written.
const COLUMNS: &[&str] = &[
    "key",
    "value",
    "base64",
    "expiration",
    "metadata",
    "expiration_ttl",
];

/// Reads records from CSV.
pub struct CsvReader<R> {
    rows: ::csv::Reader<Meter<R>>,
    row: ByteRecord,
    /// For each of [`COLUMNS`], which field it is.
    columns: Option<Vec<Option<usize>>>,
    width: usize,
    over: bool,
    summary: Summary,
}

impl<R: Read> CsvReader<R> {
    /// Reads from `input`, which need not be buffered.
    pub fn new(input: R) -> Self {
        let rows = ::csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(64 * 1024)
            .from_reader(Meter::new(input));
        Self {
            rows,
            row: ByteRecord::new(),
            columns: None,
            width: 0,
            over: false,
            summary: Summary::default(),
        }
    }

    fn fail(&mut self, line: u64, problem: Problem) -> ReadError {
        self.over = true;
        ReadError::of_input(RecordLocation::Line(line), problem)
    }

    /// Reads the next row; returns the line that it begins in.
    fn advance(&mut self) -> Option<Result<u64, ReadError>> {
        self.rows.get_mut().reset();
        let before = self.rows.position().line();
        match self.rows.read_byte_record(&mut self.row) {
            Ok(true) => Some(Ok(self.row.position().map_or(before, Position::line))),
            Ok(false) => None,
            Err(_) if self.rows.get_ref().is_spent() => {
                Some(Err(self.fail(before, Problem::TooLong)))
            }
            Err(e) => {
                let cause = match e.into_kind() {
                    ErrorKind::Io(e) => e,
                    other => std::io::Error::other(format!("{other:?}")),
                };
                Some(Err(self.fail(before, Problem::Io(cause))))
            }
        }
    }

    /// Reads the line of column names.
    fn begin(&mut self) -> Result<(), ReadError> {
        let line = match self.advance() {
            None => return Err(self.fail(1, Problem::NoColumns(listed(COLUMNS)))),
            Some(line) => line?,
        };
        match columns(&self.row) {
            Ok(columns) => {
                self.width = self.row.len();
                self.columns = Some(columns);
                Ok(())
            }
            Err(problem) => Err(self.fail(line, problem)),
        }
    }

    fn record(&self, location: RecordLocation) -> Result<Input, RecordError> {
        let name = self.field("key").and_then(Result::ok);
        let read = self.raw_record().map_err(RecordError::from);
        read.and_then(|raw_record| raw_record.check(location))
            .map_err(|error| RecordError {
                key: name.map(str::to_owned),
                ..error
            })
    }

    fn raw_record(&self) -> Result<RawRecord<'_>, Problem> {
        if self.row.len() != self.width {
            return Err(Problem::Fields {
                found: self.row.len(),
                columns: self.width,
            });
        }
        let text = |column| self.field(column).unwrap_or(Ok("")).map(Cow::Borrowed);
        let base64 = self.filled("base64")?.unwrap_or_default();
        Ok(RawRecord {
            key: text("key")?,
            value: text("value")?,
            base64: match base64.to_ascii_lowercase().as_str() {
                "" | "false" => false,
                "true" => true,
                _ => {
                    return Err(Problem::WrongType {
                        field: "base64",
                        found: "other text",
                        wanted: "`true`, `false` or empty",
                    });
                }
            },
            expiration: self.filled("expiration")?.map(moment).transpose()?,
            ttl: self.filled("expiration_ttl")?.map(ttl).transpose()?,
            metadata: self.filled("metadata")?.map(Cow::Borrowed),
        })
    }

    /// Returns the text of a field; `None` if the column does not exist.
    fn field(&self, column: &str) -> Option<Result<&str, Problem>> {
        let at = COLUMNS.iter().position(|name| *name == column)?;
        let field = (*self.columns.as_ref()?.get(at)?)?;
        let text = str::from_utf8(self.row.get(field)?);
        Some(text.map_err(|e| Problem::NotUtf8(e.valid_up_to() + 1)))
    }

    /// The text of a field, unless it is blank.
    fn filled(&self, column: &str) -> Result<Option<&str>, Problem> {
        let text = self.field(column).transpose()?;
        Ok(text.map(str::trim).filter(|text| !text.is_empty()))
    }
}

/// Reads a moment. Errors do not quote the text: a value may have slipped into this column.
fn moment(text: &str) -> Result<Expiration, Problem> {
    text.parse().map_err(|_quotes_it| Problem::WrongType {
        field: "expiration",
        found: "other text",
        wanted: "UNIX seconds (1767225600) or a date with a zone (2026-01-01T00:00:00Z)",
    })
}

/// Reads a time to live, as [`moment`] does.
fn ttl(text: &str) -> Result<Ttl, Problem> {
    text.parse().map_err(|e| match e {
        TtlError::Unparsable(_) => Problem::WrongType {
            field: "expiration_ttl",
            found: "other text",
            wanted: "seconds (3600)",
        },
        other => other.into(),
    })
}

/// Finds each of [`COLUMNS`] among the names of the first line.
fn columns(names: &ByteRecord) -> Result<Vec<Option<usize>>, Problem> {
    let mut columns = vec![None; COLUMNS.len()];
    for (field, name) in names.iter().enumerate() {
        let name = String::from_utf8_lossy(name);
        let Some(at) = COLUMNS.iter().position(|column| *column == name.trim()) else {
            return Err(Problem::UnknownColumn {
                column: shown(name.trim()),
                allowed: listed(COLUMNS),
            });
        };
        if columns[at].replace(field).is_some() {
            return Err(Problem::DuplicateColumn(COLUMNS[at]));
        }
    }
    match columns[..2].iter().position(Option::is_none) {
        Some(at) => Err(Problem::MissingColumn(COLUMNS[at])),
        None => Ok(columns),
    }
}

impl<R> fmt::Debug for CsvReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvReader")
            .field("summary", &self.summary)
            .finish_non_exhaustive()
    }
}

impl<R: Read> Reader for CsvReader<R> {
    fn summary(&self) -> Summary {
        self.summary
    }
}

impl<R: Read> Iterator for CsvReader<R> {
    type Item = Result<Input, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        if self.columns.is_none()
            && let Err(e) = self.begin()
        {
            return Some(Err(e));
        }
        let location = match self.advance()? {
            Ok(line) => RecordLocation::Line(line),
            Err(e) => return Some(Err(e)),
        };
        let read = self.record(location.clone());
        if let Ok(input) = &read {
            self.summary.count(&input.value);
        }
        Some(read.map_err(|error| ReadError::of_record(location, error)))
    }
}

/// Ends in an error when more is read than one row may have, as after a quote that is never closed.
struct Meter<R> {
    input: R,
    left: usize,
}

impl<R> Meter<R> {
    fn new(input: R) -> Self {
        Self {
            input,
            left: RECORD_MAX_BYTES,
        }
    }

    /// Begins the next row.
    fn reset(&mut self) {
        self.left = RECORD_MAX_BYTES;
    }

    /// Whether the row is too long.
    fn is_spent(&self) -> bool {
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
