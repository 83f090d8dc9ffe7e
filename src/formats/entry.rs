//! A record as a JSON object: one entry of wrangler's array, or one line of NDJSON.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use base64::{display::Base64Display, engine::general_purpose::STANDARD};

use super::{
    Ignored, Input, Problem, RecordLocation,
    content::RawRecord,
    error::RecordError,
    object::{Object, compact},
};
use crate::domain::{Expiration, Record, Ttl, TtlError, VALUE_MAX_BYTES, meant_by};

/// The fields of an entry of a list: `name`, as lists of keys call it, or those of a record.
pub(super) const LISTED_FIELDS: &[&str] = &[
    "name",
    "key",
    "value",
    "base64",
    "expiration",
    "expiration_ttl",
    "metadata",
];

/// The fields of a record, wrangler's own.
pub(super) const FIELDS: &[&str] = LISTED_FIELDS.split_at(1).1;

/// The longest text, escaped, that is written as it is: as long as the base64 of the largest value.
pub(super) const TEXT_MAX_BYTES: usize = VALUE_MAX_BYTES.div_ceil(3) * 4;

/// What else is written for a field, and would lose it.
const SYNONYMS: [(&str, &str); 5] = [
    ("ttl", "expiration_ttl"),
    ("exp", "expiration"),
    ("expires", "expiration"),
    ("expiry", "expiration"),
    ("meta", "metadata"),
];

/// Returns the field that `written` was meant for.
fn meant(written: &str) -> Option<&'static str> {
    let synonym = SYNONYMS.iter().find(|(other, _)| *other == written);
    let synonym = synonym.map(|(_, field)| *field);
    synonym.or_else(|| meant_by(written, FIELDS.iter().copied()))
}

/// Reads a record out of its fields. Where there is room to note them, unknown fields are `ignored`.
pub(super) fn read(
    mut object: Object<'_>,
    location: RecordLocation,
    ignored: Option<&mut Ignored>,
) -> Result<Input, RecordError> {
    let key = object.text("key");
    let name = key.as_ref().ok().cloned();
    let checked = ignored.map_or(Ok(()), |it| object.ignore_unknown(meant, it, &location));
    let read = checked.and_then(|()| raw_record(object, key));
    let read = read.map_err(RecordError::from);
    read.and_then(|raw_record| raw_record.check(location))
        .map_err(|error| RecordError {
            key: name.map(Cow::into_owned),
            ..error
        })
}

fn raw_record<'a>(
    mut object: Object<'a>,
    key: Result<Cow<'a, str>, Problem>,
) -> Result<RawRecord<'a>, Problem> {
    object.validate()?;
    Ok(RawRecord {
        key: key?,
        value: object.text("value")?,
        base64: object.flag("base64")?,
        expiration: expiration(&object)?,
        ttl: ttl(&object)?,
        metadata: object.json("metadata").map(Cow::Borrowed),
    })
}

/// Reads `expiration`.
pub(super) fn expiration(object: &Object<'_>) -> Result<Option<Expiration>, Problem> {
    let seconds = object.whole("expiration")?;
    Ok(seconds.map(Expiration::from_unix_seconds))
}

/// Reads `expiration_ttl`.
pub(super) fn ttl(object: &Object<'_>) -> Result<Option<Ttl>, Problem> {
    let seconds = object.whole("expiration_ttl")?;
    let ttl: Result<Option<Ttl>, TtlError> = seconds.map(|s| s.to_string().parse()).transpose();
    Ok(ttl?)
}

/// Writes a record as one object on one line, without its line ending.
pub(super) fn write(record: &Record, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"{\"key\":")?;
    serde_json::to_writer(&mut *out, record.key.as_str())?;
    out.write_all(b",\"value\":")?;
    if let Some(text) = as_text(&record.value) {
        serde_json::to_writer(&mut *out, text)?;
    } else {
        let value = Base64Display::new(&record.value, &STANDARD);
        write!(out, "\"{value}\",\"base64\":true")?;
    }
    write_rest(record, out)
}

/// Writes `expiration` and `metadata`, where there are any, and the closing brace.
pub(super) fn write_rest(record: &Record, out: &mut impl Write) -> io::Result<()> {
    if let Some(expiration) = record.expiration {
        write!(out, ",\"expiration\":{}", expiration.unix_seconds())?;
    }
    if let Some(json) = metadata(record) {
        write!(out, ",\"metadata\":{json}")?;
    }
    out.write_all(b"}")
}

/// The metadata on one line; `null` says the same as none.
pub(super) fn metadata(record: &Record) -> Option<Cow<'_, str>> {
    let json = compact(record.metadata.as_ref()?.as_json());
    (json != "null").then_some(json)
}

/// The value as text, unless it is none, or escapes would make it longer than a line may be.
fn as_text(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?;
    if text.len() <= TEXT_MAX_BYTES / 6 {
        return Some(text);
    }
    let escaped: usize = text
        .bytes()
        .map(|b| match b {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 2,
            0..=0x1f => 6,
            _ => 1,
        })
        .sum();
    (escaped <= TEXT_MAX_BYTES).then_some(text)
}
