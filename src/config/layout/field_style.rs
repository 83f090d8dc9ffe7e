//! How the author writes a field, learned from an example.

use super::Sheet;
use crate::config::{Format, node::Property};

/// Returns `value` as a basic string, in the escapes that TOML and JSON share.
pub(super) fn literal(value: &str) -> String {
    let mut out = String::from('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_ascii_control() => {
                out.push_str("\\u00");
                let digit = |n: u32| char::from_digit(n, 16).unwrap_or('0');
                out.extend([digit(u32::from(c) >> 4), digit(u32::from(c) & 15)]);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// What the author writes between keys and values.
#[derive(Debug, Default)]
pub(super) struct FieldStyle {
    /// For each example: the key, the length it is written with, and what follows it.
    examples: Vec<(String, usize, Separator)>,
    format: Option<Format>,
}

/// What separates a key from its value: blanks, `=` or `:`, blanks.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Separator {
    before: String,
    sign: char,
    after: String,
}

impl FieldStyle {
    /// Learns from the fields of a table.
    pub(super) fn learn(sheet: Sheet<'_>, properties: &[Property]) -> Self {
        let examples = properties.iter().filter_map(|property| {
            let between = sheet
                .text
                .get(property.key_span.end..property.value.span.start)?;
            let (before, after) = between.split_once(['=', ':'])?;
            let blanks = |s: &str| s.bytes().all(|b| b == b' ' || b == b'\t');
            let sign = between[before.len()..].chars().next()?;
            let (before, after) = (before.to_owned(), after.to_owned());
            let separator = Separator {
                before,
                sign,
                after,
            };
            let plain = blanks(&separator.before) && blanks(&separator.after);
            plain.then_some((property.key.clone(), property.key_span.len(), separator))
        });
        Self {
            examples: examples.collect(),
            format: Some(sheet.format),
        }
    }

    /// Learns from the first field of the file, for want of an entry.
    pub(super) fn of_file(sheet: Sheet<'_>) -> Self {
        let first = sheet
            .root
            .properties()
            .iter()
            .find(|p| p.value.as_str().is_some());
        let mut style = Self::learn(sheet, first.map_or(&[], std::slice::from_ref));
        for (_, _, separator) in &mut style.examples {
            // Whether there are blanks says something; how many is a matter of the other keys.
            separator.before.truncate(1);
        }
        style
    }

    /// Whether the author leaves out blanks.
    pub(super) fn is_compact(&self) -> bool {
        self.examples
            .last()
            .is_some_and(|(_, _, s)| s.before.is_empty() && s.after.is_empty())
    }

    /// Writes a field, ready for its place.
    pub(super) fn field(&self, key: &str, value: &str) -> String {
        let written = match self.format {
            Some(Format::Jsonc) => literal(key),
            Some(Format::Toml) | None => key.to_owned(),
        };
        let separator = self.separator(key, written.len());
        format!("{written}{separator}{}", literal(value))
    }

    /// Returns the separator for `key`, a new one among the examples.
    pub(super) fn between(&self, key: &str) -> String {
        let quotes = if self.format == Some(Format::Jsonc) {
            2
        } else {
            0
        };
        self.separator(key, key.len() + quotes)
    }

    fn separator(&self, key: &str, length: usize) -> String {
        let Some((_, _, last)) = self.examples.last() else {
            return self.usual().to_owned();
        };
        let same = self
            .examples
            .iter()
            .find(|(name, l, _)| name == key && *l == length);
        let Separator {
            before,
            sign,
            after,
        } = same.map_or(last, |(_, _, same)| same);
        let before = match (same, self.column()) {
            (None, Some(column)) => " ".repeat(column.saturating_sub(length).max(1)),
            _ => before.clone(),
        };
        format!("{before}{sign}{after}")
    }

    /// Finds the column at which the author aligns the signs, if so.
    fn column(&self) -> Option<usize> {
        let columns = self
            .examples
            .iter()
            .map(|(_, length, s)| length + s.before.len());
        let first = columns.clone().next()?;
        let aligned = columns.clone().all(|column| column == first);
        let padded = self.examples.iter().any(|(_, _, s)| s.before.len() > 1);
        let tabs = self
            .examples
            .iter()
            .any(|(_, _, s)| s.before.contains('\t'));
        (aligned && padded && !tabs).then_some(first)
    }

    fn usual(&self) -> &'static str {
        if self.format == Some(Format::Jsonc) {
            ": "
        } else {
            " = "
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{node::Node, toml};

    #[test]
    fn fields_are_written_as_their_neighbours() {
        let cases = [
            ("binding = \"A\"", "preview_id = \"x\""),
            ("binding=\"A\"", "preview_id=\"x\""),
            (
                "binding    = \"A\"\nid         = \"1\"",
                "preview_id = \"x\"",
            ),
            ("binding = \"A\"\nid      = \"1\"", "preview_id = \"x\""),
            ("x =\t\"A\"", "preview_id =\t\"x\""),
        ];
        for (text, expected) in cases {
            let root = toml::parse(text).unwrap();
            let sheet = Sheet {
                format: Format::Toml,
                text,
                root: &root,
            };
            let style = FieldStyle::learn(sheet, root.properties());
            assert_eq!(style.field("preview_id", "x"), expected);
        }
    }

    #[test]
    fn a_literal_is_one_line_in_both_formats() {
        let odd = "a\"b\\c\n\u{7f}\u{1}é";
        assert_eq!(literal(odd), "\"a\\\"b\\\\c\\n\\u007f\\u0001é\"");
        let text = format!("a = {}", literal(odd));
        let root = toml::parse(&text).unwrap();
        assert_eq!(root.get("a").and_then(Node::as_str), Some(odd));
    }
}
