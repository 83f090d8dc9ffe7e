//! How the author writes a field, learned from an example.

use std::ops::Range;

use super::{Sheet, lines, majority};
use crate::config::{
    Format,
    node::{Layout, Node, Property},
};

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

/// How the author writes keys and values.
#[derive(Debug, Default)]
pub(super) struct FieldStyle {
    examples: Vec<Example>,
    format: Option<Format>,
    /// Whether the author writes strings of TOML in single quotes.
    literal: bool,
    /// Whether the author aligns the signs of other tables.
    aligned: bool,
}

/// A field of the author.
#[derive(Clone, Debug)]
struct Example {
    key: String,
    /// The length of the key as written.
    length: usize,
    separator: Separator,
    /// The quote around the value, if it is a string.
    quote: Option<char>,
}

/// What separates a key from its value: blanks, `=` or `:`, blanks.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Separator {
    before: String,
    sign: char,
    after: String,
}

impl FieldStyle {
    /// Learns from the fields of a table; of what they do not show, from those of the whole file.
    pub(super) fn learn(sheet: Sheet<'_>, properties: &[Property]) -> Self {
        let style = Self::of(sheet, properties);
        if style.examples.is_empty() {
            return Self::of_file(sheet);
        }
        style
    }

    fn of(sheet: Sheet<'_>, properties: &[Property]) -> Self {
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
            plain.then(|| Example {
                key: property.key.clone(),
                length: property.key_span.len(),
                separator,
                quote: quote(sheet.text, &property.value),
            })
        });
        let examples: Vec<_> = examples.collect();
        let last = examples.iter().rev().find_map(|example| example.quote);
        let literal = last.map_or_else(|| is_literal(sheet), |quote| quote == '\'');
        Self {
            examples,
            format: Some(sheet.format),
            literal: literal && sheet.format == Format::Toml,
            aligned: is_aligned(sheet),
        }
    }

    /// Learns from the first field of the file, for want of an entry.
    pub(super) fn of_file(sheet: Sheet<'_>) -> Self {
        let properties = sheet.root.properties();
        let is_scalar = |p: &&Property| p.value.layout().is_none();
        let first = properties.iter().find(|p| p.value.as_str().is_some());
        let first = first.or_else(|| properties.iter().find(is_scalar));
        let mut style = Self::of(sheet, first.map_or(&[], std::slice::from_ref));
        for example in &mut style.examples {
            // Whether there are blanks says something; how many is a matter of the other keys.
            example.separator.before.truncate(1);
            example.length = 0;
        }
        style.literal = is_literal(sheet) && sheet.format == Format::Toml;
        style
    }

    /// Whether the author leaves out blanks.
    pub(super) fn is_compact(&self) -> bool {
        self.examples
            .last()
            .is_some_and(|it| it.separator.before.is_empty() && it.separator.after.is_empty())
    }

    /// Writes the fields of a new entry.
    pub(super) fn fields(&self, fields: &[(&'static str, &str)]) -> Vec<String> {
        let longest = fields.iter().map(|(key, _)| self.key(key).len()).max();
        let longest = longest.unwrap_or_default();
        // Where the author leaves no more room than the keys of the example need.
        let needed = self.examples.iter().map(|it| it.length + 1).max();
        let is_tight = self.column(0).is_some() && self.column(0) == needed;
        let column = if is_tight {
            Some(longest + 1)
        } else {
            self.column(longest)
        };
        let write = |(key, value): &(&str, &str)| self.written(key, value, column);
        fields.iter().map(write).collect()
    }

    /// Writes a field beside those of the example.
    pub(super) fn field(&self, key: &str, value: &str) -> String {
        self.written(key, value, self.column(key.len()))
    }

    fn written(&self, key: &str, value: &str, column: Option<usize>) -> String {
        let written = self.key(key);
        let separator = self.separator(key, written.len(), column);
        format!("{written}{separator}{}", self.value(value))
    }

    /// Returns the separator for `key`, a new one among the examples.
    pub(super) fn between(&self, key: &str) -> String {
        let length = self.key(key).len();
        self.separator(key, length, self.column(length))
    }

    fn key(&self, key: &str) -> String {
        match self.format {
            Some(Format::Jsonc) => literal(key),
            Some(Format::Toml) | None => key.to_owned(),
        }
    }

    fn value(&self, value: &str) -> String {
        if self.literal {
            in_single_quotes(value)
        } else {
            literal(value)
        }
    }

    fn separator(&self, key: &str, length: usize, column: Option<usize>) -> String {
        let Some(last) = self.examples.last() else {
            return self.usual().to_owned();
        };
        let same = self
            .examples
            .iter()
            .find(|it| it.key == key && it.length == length);
        let Separator {
            before,
            sign,
            after,
        } = &same.unwrap_or(last).separator;
        let before = match column {
            Some(column) => " ".repeat(column.saturating_sub(length).max(1)),
            None => before.clone(),
        };
        format!("{before}{sign}{after}")
    }

    /// Finds the column of the signs, if the author aligns them; beside a key of the length
    /// `longest`.
    pub(super) fn column(&self, longest: usize) -> Option<usize> {
        let column = |it: &Example| it.length + it.separator.before.len();
        let mut columns = self.examples.iter().map(column);
        let first = columns.next()?;
        let lengths = || self.examples.iter().map(|it| it.length);
        if lengths().max() == lengths().min() {
            return self.aligned.then_some(first.max(longest + 1));
        }
        let before = || self.examples.iter().map(|it| &it.separator.before);
        let padded = before().any(|before| before.len() > 1);
        let tabs = before().any(|before| before.contains('\t'));
        let aligned = columns.all(|column| column == first) && padded && !tabs;
        aligned.then_some(first.max(longest + 1))
    }

    fn usual(&self) -> &'static str {
        if self.format == Some(Format::Jsonc) {
            ": "
        } else {
            " = "
        }
    }
}

/// Whether the signs of keys on adjacent lines are mostly below each other.
fn is_aligned(sheet: Sheet<'_>) -> bool {
    let text = sheet.text;
    let mut votes = Vec::new();
    sheet.root.walk(&mut |table| {
        if sheet.format == Format::Jsonc || table.layout() != Some(Layout::Header) {
            return;
        }
        let mut keys: Vec<_> = table.properties().iter().collect();
        keys.sort_by_key(|property| property.key_span.start);
        for pair in keys.windows(2) {
            let [upper, lower] = [0, 1].map(|at| &pair[at].key_span);
            let sign = |key: &Range<usize>| text[key.end..].find('=').map(|at| key.len() + at);
            let adjacent = lines::next(text, upper.end) == lines::start(text, lower.start);
            if adjacent && upper.len() != lower.len() {
                votes.push(sign(upper) == sign(lower));
            }
        }
    });
    majority(votes.into_iter()).unwrap_or(false)
}

/// Returns `value` in quotes like those of `old`, a string as written.
pub(super) fn like(old: &str, value: &str) -> String {
    if old.starts_with('\'') {
        in_single_quotes(value)
    } else {
        literal(value)
    }
}

/// Returns `value` as a literal string of TOML, if that is possible.
fn in_single_quotes(value: &str) -> String {
    if value.contains(|c: char| c == '\'' || c.is_control()) {
        literal(value)
    } else {
        format!("'{value}'")
    }
}

/// Returns the quote around a string that could have either.
fn quote(text: &str, value: &Node) -> Option<char> {
    let written = &text[value.span.clone()];
    let is_long = written.starts_with("\"\"\"") || written.starts_with("'''");
    let said = value.as_str().filter(|_| !is_long)?;
    in_single_quotes(said).strip_prefix('\'')?;
    written.chars().next()
}

/// Whether most strings of the file are in single quotes.
fn is_literal(sheet: Sheet<'_>) -> bool {
    let mut quotes = Vec::new();
    sheet
        .root
        .walk(&mut |node| quotes.extend(quote(sheet.text, node)));
    majority(quotes.into_iter().map(|quote| quote == '\'')).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::toml;

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
