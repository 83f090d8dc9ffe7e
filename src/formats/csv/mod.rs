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

mod reader;
mod writer;

pub use reader::CsvReader;
pub use writer::CsvWriter;

/// The columns there may be; all but `expiration_ttl` are written.
const COLUMNS: &[&str] = &[
    "key",
    "value",
    "base64",
    "expiration",
    "metadata",
    "expiration_ttl",
];
