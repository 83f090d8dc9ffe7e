//! What can be wrong with a file of records, and what to do about it.
//!
//! No message quotes a value or metadata: they may be secrets.

use std::{io, path::PathBuf};

use crate::domain::{ErrorClass, KeyNameError, MetadataError, Prefixes, ShowPath as _, TtlError};

/// What is wrong with a record, or with the file that holds it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The input ended in an error of the system.
    #[error("could not read the input")]
    Io(#[source] io::Error),
    /// More than one record may need.
    #[error("the record is longer than 40 MiB; the largest value, 25 MiB, fits in less")]
    TooLong,
    /// Bytes that are not UTF-8.
    #[error("byte {0} is not UTF-8; a value that is not text must be written as base64")]
    NotUtf8(usize),
    /// Broken JSON.
    #[error("invalid JSON: {reason} at column {column}")]
    Syntax {
        /// What the parser missed.
        reason: String,
        /// Where in its line, in bytes from 1.
        column: usize,
    },
    /// JSON, but no record.
    #[error("expected an object with `key` and `value`, found {0}")]
    NotAnObject(&'static str),
    /// A field that no record has.
    #[error("unknown field `{field}`; {}", near.map_or_else(
        || format!("the fields are {allowed}"),
        |near| format!("did you mean `{near}`?"),
    ))]
    UnknownField {
        /// The field.
        field: String,
        /// The one that was meant, it seems.
        near: Option<&'static str>,
        /// The fields there are.
        allowed: String,
    },
    /// A field given twice.
    #[error("duplicate field `{0}`")]
    DuplicateField(&'static str),
    /// A field that every record has.
    #[error("missing field `{0}`")]
    MissingField(&'static str),
    /// A field of another type.
    #[error("`{field}` must be {wanted}, found {found}")]
    WrongType {
        /// The field.
        field: &'static str,
        /// What was found.
        found: &'static str,
        /// What was expected.
        wanted: &'static str,
    },
    /// Half of a surrogate pair, which is not a character.
    #[error("`{0}` has an invalid escape: half a surrogate pair")]
    Escape(&'static str),
    /// A value that is declared as base64 and is not.
    #[error(
        "`value` is not base64; it must be the standard alphabet without blanks or line breaks"
    )]
    Base64,
    /// More than the service stores.
    #[error("the value has {0} bytes; the limit is 26,214,400 (25 MiB)")]
    ValueTooLarge(u64),
    /// An invalid key.
    #[error(transparent)]
    Key(#[from] KeyNameError),
    /// Not JSON, or too much of it.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// No time to live.
    #[error(transparent)]
    Ttl(#[from] TtlError),

    /// The header or footer names a later version of the format.
    #[error("unsupported format version {0}; this kvctl reads version 1")]
    Version(u64),
    /// A line with `kvctl` that is neither header nor footer.
    #[error("invalid header or footer")]
    Frame,
    /// A header that is not the first line.
    #[error("unexpected header; it must be the first line")]
    MisplacedHeader,
    /// A footer in a file that began without a header.
    #[error("footer without header: the beginning of the export is missing")]
    MissingHeader,
    /// The end of an export is not there.
    #[error("the export is truncated: it has no footer")]
    MissingFooter,
    /// The footer counts other records than there are.
    #[error("the footer says {said} records, but there are {found}")]
    Count {
        /// What the footer says.
        said: u64,
        /// What was read.
        found: u64,
    },
    /// A record is not as it was exported.
    #[error("checksum mismatch: the records are not as they were exported")]
    Checksum,
    /// A key that the header rules out.
    #[error("the header says that all keys begin with {0}")]
    OtherPrefix(Prefixes),
    /// Anything but blank lines below the footer.
    #[error("data after the footer; it must be the last line")]
    AfterFooter,

    /// Not wrangler's format.
    #[error("expected an array, found {0}")]
    NotAnArray(&'static str),
    /// Of a list of keys.
    #[error("expected an array, found text that is not JSON")]
    NotAnArrayOfKeys,
    /// No `]`.
    #[error("the file is truncated: the array is not closed")]
    Unclosed,
    /// Something else between two entries.
    #[error("expected `,` or `]` after an entry")]
    Separator,
    /// Anything but blanks behind `]`.
    #[error("data after the closing `]`")]
    AfterArray,
    /// An entry that names no key.
    #[error("expected a string or an object with `name` or `key`, found {0}")]
    NotAName(&'static str),
    /// A file of lines that may be one of JSON.
    #[error("the file should have a key per line, and begins like JSON")]
    LooksLikeJson,
    /// An entry that names two keys.
    #[error("the entry has both `name` and `key`")]
    TwoNames,

    /// A CSV file without its first line.
    #[error("the first line must list the columns: {0}")]
    NoColumns(String),
    /// A column that no record has.
    #[error("unknown column `{column}`; the columns are {allowed}")]
    UnknownColumn {
        /// The column.
        column: String,
        /// The columns there are.
        allowed: String,
    },
    /// A column named twice.
    #[error("duplicate column `{0}`")]
    DuplicateColumn(&'static str),
    /// A column that must be there.
    #[error("missing column `{0}`")]
    MissingColumn(&'static str),
    /// A row of another length.
    #[error("expected {columns} fields, found {found}")]
    Fields {
        /// The fields of the row.
        found: usize,
        /// The columns of the first line.
        columns: usize,
    },

    /// A file name that no key can have.
    #[error("the file name is not valid UTF-8")]
    NameNotUtf8,
    /// A file name with an escaped `/`.
    #[error("the file name contains an escaped `/`; use a directory instead")]
    NameWithSlash,
    /// A link that leaves the directory, or leads nowhere.
    #[error("symbolic link points outside the directory or to nothing; it is not followed")]
    LinkOutside,
    /// A link to a directory.
    #[error("symbolic link to a directory; only links to files are followed")]
    LinkToDirectory,
    /// A device, a socket, a pipe.
    #[error("neither a file nor a directory")]
    NotAFile,
    /// Two spellings of one key.
    #[error("file `{}` stands for the same key", .0.shown())]
    SameKey(PathBuf),
    /// The index is not sorted.
    #[error("the index must be sorted by key, without duplicates")]
    IndexOrder,
    /// An index entry for nothing.
    #[error("the index lists a key that has no file")]
    IndexOnly,
}

impl Problem {
    /// Returns the class of the problem. A file that cannot be read is a wrong argument; what it contains
    /// is another matter.
    pub(super) fn class(&self) -> ErrorClass {
        match self {
            Self::Io(_) => ErrorClass::Usage,
            Self::TooLong
            | Self::NotUtf8(_)
            | Self::Syntax { .. }
            | Self::NotAnObject(_)
            | Self::UnknownField { .. }
            | Self::DuplicateField(_)
            | Self::MissingField(_)
            | Self::WrongType { .. }
            | Self::Escape(_)
            | Self::Base64
            | Self::ValueTooLarge(_)
            | Self::Key(_)
            | Self::Metadata(_)
            | Self::Ttl(_)
            | Self::Version(_)
            | Self::Frame
            | Self::MisplacedHeader
            | Self::MissingHeader
            | Self::MissingFooter
            | Self::Count { .. }
            | Self::Checksum
            | Self::OtherPrefix(_)
            | Self::AfterFooter
            | Self::NotAnArray(_)
            | Self::NotAnArrayOfKeys
            | Self::Unclosed
            | Self::Separator
            | Self::AfterArray
            | Self::NotAName(_)
            | Self::TwoNames
            | Self::LooksLikeJson
            | Self::NoColumns(_)
            | Self::UnknownColumn { .. }
            | Self::DuplicateColumn(_)
            | Self::MissingColumn(_)
            | Self::Fields { .. }
            | Self::NameNotUtf8
            | Self::NameWithSlash
            | Self::LinkOutside
            | Self::LinkToDirectory
            | Self::NotAFile
            | Self::SameKey(_)
            | Self::IndexOrder
            | Self::IndexOnly => ErrorClass::Failed,
        }
    }

    /// Says what to do about it, where the message alone does not.
    pub(super) fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotUtf8(_) => "set `base64` to true and write the value as base64",
            Self::LooksLikeJson => "say --format json, or --format lines if these are keys",
            Self::NotAnArrayOfKeys => "for a file with one key a line, say --format lines",
            Self::NotAnObject("an array") | Self::NotAName("an array") | Self::AfterArray => {
                "a file with one array is wrangler's format: say --format json"
            }
            Self::NotAnArray("an object") => {
                "a file with one object a line is NDJSON: say --format ndjson"
            }
            Self::Base64 => "for text, leave `base64` out; base64 has A-Z, a-z, 0-9, `+` and `/`",
            Self::Version(_) => "use the kvctl that wrote the file, or a later one",
            Self::MissingHeader
            | Self::MissingFooter
            | Self::Count { .. }
            | Self::Checksum
            | Self::OtherPrefix(_) => {
                "export again; to take the lines as they are, remove the header and the footer"
            }
            Self::MisplacedHeader | Self::AfterFooter => {
                "exports cannot be joined; import one after the other"
            }
            Self::Unclosed => "the file may be the rest of an interrupted transfer; make it again",
            Self::WrongType { field: "value", .. } => {
                "values are strings: put it in quotes, and escape the quotes within"
            }
            Self::NameWithSlash => "write `%252F` if the key has a `%2F` in it",
            Self::IndexOnly => "take the line out of `.kvctl.ndjson`, or bring the file back",
            Self::IndexOrder => "sort the lines of `.kvctl.ndjson` by the bytes of their keys",
            Self::NotAnObject(_)
            | Self::NotAnArray(_)
            | Self::WrongType { .. }
            | Self::Io(_)
            | Self::TooLong
            | Self::Syntax { .. }
            | Self::UnknownField { .. }
            | Self::DuplicateField(_)
            | Self::MissingField(_)
            | Self::Escape(_)
            | Self::ValueTooLarge(_)
            | Self::Key(_)
            | Self::Metadata(_)
            | Self::Ttl(_)
            | Self::Frame
            | Self::Separator
            | Self::NotAName(_)
            | Self::TwoNames
            | Self::NoColumns(_)
            | Self::UnknownColumn { .. }
            | Self::DuplicateColumn(_)
            | Self::MissingColumn(_)
            | Self::Fields { .. }
            | Self::NameNotUtf8
            | Self::LinkOutside
            | Self::LinkToDirectory
            | Self::NotAFile
            | Self::SameKey(_) => return None,
        })
    }
}
