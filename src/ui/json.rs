//! JSON for a terminal: the same document, with control characters escaped.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use serde::Serialize;

use super::printable::is_unsafe;

/// The version of a JSON document: another number where a member changes its meaning or goes.
pub(super) const SCHEMA: u32 = 1;

/// A document that is an object, with the version of its form.
#[derive(Debug, Serialize)]
pub struct Versioned<T> {
    schema: u32,
    #[serde(flatten)]
    document: T,
}

impl<T> Versioned<T> {
    /// Adds the version of a document that has had no other.
    pub fn new(document: T) -> Self {
        Self::of(SCHEMA, document)
    }

    /// Adds the version `schema`.
    pub fn of(schema: u32, document: T) -> Self {
        Self { schema, document }
    }
}

/// Passes JSON on to `out`, escaping it for a terminal.
pub(super) struct Json<'a> {
    out: &'a mut dyn Write,
    /// Whether `out` is a terminal.
    on_terminal: bool,
}

impl<'a> Json<'a> {
    pub(super) fn new(out: &'a mut dyn Write, on_terminal: bool) -> Self {
        Self { out, on_terminal }
    }
}

impl Write for Json<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The serializer writes whole characters.
        let text = str::from_utf8(bytes).ok().filter(|_| self.on_terminal);
        let is_escaped = |c: char| c != '\n' && is_unsafe(c);
        match text {
            Some(text) if text.contains(is_escaped) => {
                let mut escaped = String::with_capacity(text.len() + 8);
                for c in text.chars() {
                    if is_escaped(c) {
                        for unit in c.encode_utf16(&mut [0; 2]) {
                            // Writing to a string cannot fail.
                            write!(escaped, "\\u{unit:04x}").ok();
                        }
                    } else {
                        escaped.push(c);
                    }
                }
                self.out.write_all(escaped.as_bytes())?;
            }
            _ => self.out.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_for_a_terminal_is_the_same_one() {
        let value = serde_json::json!({ "a\u{9b}": ["\u{202e}\u{7f}\u{e0041}", "b\n\u{1b}é🦀"] });
        for on_terminal in [false, true] {
            let mut out = Vec::new();
            serde_json::to_writer_pretty(Json::new(&mut out, on_terminal), &value).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&text).unwrap(),
                value
            );
            let is_escaped = text.contains(|c| c != '\n' && is_unsafe(c));
            assert_eq!(is_escaped, !on_terminal);
        }
    }
}
