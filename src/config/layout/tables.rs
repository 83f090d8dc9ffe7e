//! `[[kv_namespaces]]` blocks.

use super::{
    Sheet, Splice,
    arrays::{Fields, bare_or_quoted},
    field_style::FieldStyle,
    lines,
};
use crate::config::node::{Layout, Node, NodeKind};

/// How the author writes a block.
struct BlockStyle<'a> {
    /// The indentation of the header.
    outer: &'a str,
    header: String,
    /// The indentation of the fields.
    inner: &'a str,
    fields: FieldStyle,
    ending: &'a str,
    /// How many blank lines there are before a block.
    blanks: usize,
}

/// Appends blocks after the last one of `namespaces`.
pub(super) fn append(sheet: Sheet<'_>, namespaces: &Node, entries: &[Fields<'_>]) -> Vec<Splice> {
    let Some(last) = namespaces.items().last() else {
        return Vec::new();
    };
    let text = sheet.text;
    let inner = last
        .properties()
        .iter()
        .find_map(|p| lines::indent(text, p.key_span.start));
    let style = BlockStyle {
        outer: lines::indent_of_line(text, last.span.start),
        header: text[last.span.clone()].to_owned(),
        inner: inner.unwrap_or_default(),
        fields: FieldStyle::learn(sheet, last.properties()),
        ending: lines::ending(text, last.span.start),
        blanks: blanks_between(sheet, namespaces.items()),
    };
    vec![style.after(text, section_end(sheet, last), entries)]
}

/// Makes the first blocks of a scope.
pub(super) fn create(
    sheet: Sheet<'_>,
    path: &[&str],
    scope: Option<&Node>,
    entries: &[Fields<'_>],
) -> Vec<Splice> {
    let text = sheet.text;
    if path.is_empty() {
        let style = BlockStyle::new(sheet, "[[kv_namespaces]]".to_owned(), 0, None);
        let others = ["env", "previews"].into_iter();
        let others = others.filter_map(|key| sheet.root.get(key));
        let splice = match others.flat_map(headers).map(|h| h.span.start).min() {
            Some(header) => style.before(text, above_comments(sheet, header), entries),
            None => style.at_end(text, entries),
        };
        return vec![splice];
    }
    let keys: Vec<_> = path.iter().map(|key| bare_or_quoted(key)).collect();
    let header = format!("[[{}.kv_namespaces]]", keys.join("."));
    // A new section goes below the others of its kind.
    let Some(beside) = scope.or_else(|| sheet.root.get(path[0])) else {
        let style = BlockStyle::new(sheet, header, text.len(), None);
        return vec![style.at_end(text, entries)];
    };
    let end = section_end(sheet, beside);
    let example = headers(beside).max_by_key(|header| header.span.start);
    let style = BlockStyle::new(sheet, header, end, example);
    vec![style.after(text, end, entries)]
}

impl<'a> BlockStyle<'a> {
    /// Makes a style for the first block of a scope, indented as the table `example` is.
    fn new(sheet: Sheet<'a>, header: String, near: usize, example: Option<&Node>) -> Self {
        let text = sheet.text;
        let outer = example.map_or("", |table| lines::indent_of_line(text, table.span.start));
        let inner = example.and_then(|table| {
            table
                .properties()
                .iter()
                .find_map(|p| lines::indent(text, p.key_span.start))
        });
        Self {
            outer,
            header,
            inner: inner.unwrap_or(outer),
            fields: field_style(sheet),
            ending: lines::ending(text, near),
            blanks: 1,
        }
    }

    fn blocks(&self, entries: &[Fields<'_>]) -> String {
        let block = |fields: &Fields<'_>| {
            let header = format!("{}{}", self.outer, self.header);
            let fields = fields
                .iter()
                .map(|(key, value)| format!("{}{}", self.inner, self.fields.field(key, value)));
            std::iter::once(header)
                .chain(fields)
                .collect::<Vec<_>>()
                .join(self.ending)
        };
        let blocks: Vec<_> = entries.iter().map(block).collect();
        blocks.join(&self.ending.repeat(self.blanks + 1))
    }

    /// Puts blocks after the line that ends at `end`.
    fn after(&self, text: &str, end: usize, entries: &[Fields<'_>]) -> Splice {
        let lead = self.ending.repeat(self.blanks + 1);
        let next = lines::next(text, end);
        let crowded = next < text.len() && !lines::is_blank(text, next);
        let trail = if crowded {
            self.ending.repeat(self.blanks)
        } else {
            String::new()
        };
        Splice::insert(end, format!("{lead}{}{trail}", self.blocks(entries)))
    }

    /// Puts blocks before the line that begins at `start`.
    fn before(&self, text: &str, start: usize, entries: &[Fields<'_>]) -> Splice {
        let first = start == lines::start(text, 0);
        let crowded = !first && !lines::is_blank(text, start - 1);
        let lead = if crowded { self.ending } else { "" };
        let trail = self.ending.repeat(2);
        Splice::insert(start, format!("{lead}{}{trail}", self.blocks(entries)))
    }

    fn at_end(&self, text: &str, entries: &[Fields<'_>]) -> Splice {
        let ending = self.ending;
        let blocks = self.blocks(entries);
        let body = text.trim_start_matches('\u{feff}');
        let with = if body.is_empty() {
            format!("{blocks}{ending}")
        } else if !body.ends_with('\n') {
            format!("{ending}{ending}{blocks}")
        } else if body.trim().is_empty() || lines::is_blank(text, text.len() - 1) {
            format!("{blocks}{ending}")
        } else {
            format!("{ending}{blocks}{ending}")
        };
        Splice::insert(text.len(), with)
    }
}

/// Learns how fields are written from the last entry of the file, else from any top-level key.
fn field_style(sheet: Sheet<'_>) -> FieldStyle {
    let mut example = None;
    sheet.root.walk(&mut |node| {
        let entries = node.get("kv_namespaces").map_or(&[][..], Node::items);
        example = entries.last().or(example);
    });
    match example {
        Some(entry) => FieldStyle::learn(sheet, entry.properties()),
        None => FieldStyle::of_file(sheet),
    }
}

/// Lists the tables in `node` that have a header.
fn headers(node: &Node) -> impl Iterator<Item = &Node> {
    let mut found = Vec::new();
    node.walk(&mut |inner| {
        if matches!(inner.kind, NodeKind::Object(_, Layout::Header)) && !inner.span.is_empty() {
            found.push(inner);
        }
    });
    found.into_iter()
}

/// Finds the end of the line after which a header can follow what `node` contains.
///
/// That is after all keys up to the next header, since a header in between would take them over;
/// and after the comments that follow without a blank line, unless they lead to that next header.
fn section_end(sheet: Sheet<'_>, node: &Node) -> usize {
    let (text, end) = (sheet.text, node.end());
    let next_header = headers(sheet.root)
        .map(|h| h.span.start)
        .filter(|start| *start >= end)
        .min();
    let last = content_end(sheet, next_header.unwrap_or(text.len())).max(end);
    let line_end = lines::end(text, last);
    let (mut at, mut end) = (lines::next(text, line_end), line_end);
    while at < text.len() && text[at..].trim_start_matches([' ', '\t']).starts_with('#') {
        end = lines::end(text, at);
        at = lines::next(text, at);
    }
    if at < text.len() && !lines::is_blank(text, at) {
        line_end
    } else {
        end
    }
}

/// Finds where the last key, value or header before `limit` ends.
fn content_end(sheet: Sheet<'_>, limit: usize) -> usize {
    let mut end = 0;
    sheet.root.walk(&mut |node| {
        if node.span.end <= limit {
            end = end.max(node.span.end);
        }
    });
    end
}

/// Finds the beginning of the comments that lead to the header at `header`.
fn above_comments(sheet: Sheet<'_>, header: usize) -> usize {
    let text = sheet.text;
    let mut start = lines::start(text, header);
    while start > content_end(sheet, header) && start > lines::start(text, 0) {
        let above = lines::start(text, start - 1);
        let is_comment = text[above..]
            .trim_start_matches([' ', '\t'])
            .starts_with('#');
        if !is_comment || above < content_end(sheet, header) {
            break;
        }
        start = above;
    }
    start
}

/// Counts the blank lines before the last block; returns 1 if it is the only block.
fn blanks_between(sheet: Sheet<'_>, blocks: &[Node]) -> usize {
    let [.., before, last] = blocks else {
        return 1;
    };
    let text = sheet.text;
    let mut at = lines::next(text, before.end());
    let mut blanks = 0;
    while at < last.span.start && lines::is_blank(text, at) {
        blanks += 1;
        at = lines::next(text, at);
    }
    // Anything but another block directly below says nothing about blocks.
    if lines::start(text, last.span.start) == at {
        blanks
    } else {
        blanks.max(1)
    }
}
