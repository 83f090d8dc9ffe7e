//! How the author writes an entry between braces, learned from an example.

use super::{
    Sheet,
    field_style::FieldStyle,
    lines,
    trivia::{Gap, Piece},
};
use crate::config::{
    Format,
    node::{Layout, Node},
};

/// How the author writes an entry between braces.
#[derive(Debug)]
pub(super) struct EntryStyle {
    /// Between the opening brace and the first key.
    open: String,
    /// Between fields.
    separator: String,
    /// Between the last value and the closing brace.
    close: String,
    fields: FieldStyle,
}

impl EntryStyle {
    /// Learns from an entry.
    pub(super) fn learn(sheet: Sheet<'_>, entry: &Node) -> Self {
        let properties = entry.properties();
        let gap = |start| Gap::read(sheet.format, sheet.text, start);
        let open = blanks(sheet, &gap(entry.span.start + 1));
        let fields = FieldStyle::learn(sheet, properties);
        let separator = match properties {
            [first, _, ..] => format!(",{}", blanks(sheet, &gap(first.value.end()))),
            _ if open.contains('\n') => format!(",{open}"),
            _ => ", ".to_owned(),
        };
        let end = properties
            .iter()
            .map(|p| p.value.end())
            .max()
            .unwrap_or(entry.span.start + 1);
        let last = gap(end);
        let comma = if last.has(Piece::Comma) { "," } else { "" };
        let close = format!("{comma}{}", blanks(sheet, &last));
        Self {
            open,
            separator,
            close,
            fields,
        }
    }

    /// Learns from the last entry of the file that is on one line.
    pub(super) fn example_on_one_line(sheet: Sheet<'_>) -> Option<Self> {
        let mut example = None;
        sheet.root.walk(&mut |node| {
            let entries = node.get("kv_namespaces").map_or(&[][..], Node::items);
            let mut on_one_line = entries.iter().filter(|entry| {
                entry.layout() == Some(Layout::Inline)
                    && !sheet.text[entry.span.clone()].contains('\n')
            });
            example = on_one_line.next_back().or(example);
        });
        example.map(|entry| Self::learn(sheet, entry))
    }

    /// Returns the style on one line: that of an example, else the usual one.
    pub(super) fn on_one_line(sheet: Sheet<'_>) -> Self {
        if let Some(example) = Self::example_on_one_line(sheet) {
            return example;
        }
        let fields = FieldStyle::of_file(sheet);
        let compact = fields.is_compact() && sheet.format == Format::Jsonc;
        let (pad, separator) = if compact { ("", ",") } else { (" ", ", ") };
        Self {
            open: pad.to_owned(),
            separator: separator.to_owned(),
            close: pad.to_owned(),
            fields,
        }
    }

    /// Returns the usual style over several lines, for an entry that begins at `indent`.
    pub(super) fn on_lines(sheet: Sheet<'_>, ending: &str, indent: &str) -> Self {
        let unit = sheet.unit();
        let open = format!("{ending}{indent}{unit}");
        Self {
            separator: format!(",{open}"),
            open,
            close: format!("{ending}{indent}"),
            fields: FieldStyle::of_file(sheet),
        }
    }

    /// Writes an entry, ready for its place.
    pub(super) fn entry(&self, fields: &[(&str, &str)]) -> String {
        let fields: Vec<_> = fields
            .iter()
            .map(|(key, value)| self.fields.field(key, value))
            .collect();
        format!(
            "{{{}{}{}}}",
            self.open,
            fields.join(&self.separator),
            self.close
        )
    }
}

/// Returns the blanks of a gap without its comments: a line break and an indentation, or spaces.
fn blanks(sheet: Sheet<'_>, gap: &Gap) -> String {
    let is_break = |(piece, _): &&(Piece, _)| *piece == Piece::Break;
    if let Some((_, at)) = gap.pieces.iter().rfind(is_break) {
        return format!(
            "{}{}",
            &sheet.text[at.clone()],
            &lines::indent_of_line(sheet.text, at.end)
        );
    }
    if gap.has(Piece::Comment) {
        return " ".to_owned();
    }
    let blank = gap
        .pieces
        .iter()
        .filter(|(piece, _)| *piece == Piece::Blank);
    blank.map(|(_, at)| &sheet.text[at.clone()]).collect()
}
