//! `[[kv_namespaces]]` blocks, and arrays below a header.

use super::{
    Sheet, Splice,
    arrays::{List, bare_or_quoted},
    field_style::FieldStyle,
    lines, majority,
    manner::Manner,
    order::{Fields, Order},
    places::{above_comments, blanks_between, headers, next_header, section_end, usual_blanks},
};
use crate::config::node::{Layout, Node, Property};

/// How the author writes a block.
struct BlockStyle<'a> {
    /// The indentation of the header.
    outer: &'a str,
    header: String,
    /// The indentation of the fields.
    inner: String,
    ending: &'a str,
    /// How many blank lines there are before a block.
    blanks: usize,
}

/// Appends blocks after the last one of `namespaces`.
pub(super) fn append(
    manner: &Manner<'_>,
    namespaces: &Node,
    entries: &[Fields<'_>],
) -> Vec<Splice> {
    let sheet = manner.sheet;
    let Some(last) = namespaces.items().last() else {
        return Vec::new();
    };
    let text = sheet.text;
    let style = BlockStyle {
        outer: lines::indent_of_line(text, last.span.start),
        header: text[last.span.clone()].to_owned(),
        inner: indent_of_keys(sheet, last).unwrap_or_default().to_owned(),
        ending: lines::ending(text, last.span.start),
        blanks: blanks_between(sheet, namespaces.items(), usual_blanks(sheet)),
    };
    let fields = FieldStyle::learn(sheet, last.properties());
    let order = Order::learn(sheet, namespaces.items());
    let blocks = style.entries(&fields, &order, entries);
    vec![style.after(text, section_end(sheet, last), &blocks)]
}

/// Makes the first entries of a scope.
pub(super) fn create(
    manner: &Manner<'_>,
    path: &[&str],
    scope: Option<&Node>,
    entries: &[Fields<'_>],
) -> Vec<Splice> {
    let sheet = manner.sheet;
    let text = sheet.text;
    let uses_arrays = uses_arrays(sheet);
    if let Some(table) = scope.filter(|_| uses_arrays)
        && let Some(splice) = array_in(manner, table, path.is_empty(), entries)
    {
        return vec![splice];
    }
    let (fields, order) = (field_style(sheet), Order::learn(sheet, &[]));
    if path.is_empty() {
        let other = || headers(sheet.root).find(|table| !table.properties().is_empty());
        let example = last_block(sheet).or_else(other);
        let outer = sheet.root.properties().iter();
        let outer = outer.flat_map(|property| property.value.items());
        let mut outer = outer.filter(|item| item.layout() == Some(Layout::Header));
        let style = BlockStyle::new(sheet, "[[kv_namespaces]]", 0, outer.next_back(), example);
        let blocks = style.entries(&fields, &order, entries);
        let others = ["env", "previews"].into_iter();
        let others = others.filter_map(|key| sheet.root.get(key));
        let splice = match others.flat_map(headers).map(|h| h.span.start).min() {
            Some(header) => style.before(text, above_comments(sheet, header), &blocks),
            None => style.at_end(text, &blocks),
        };
        return vec![splice];
    }
    let keys: Vec<_> = path.iter().map(|key| bare_or_quoted(key)).collect();
    // A new section goes below the others of its kind.
    let beside = scope.or_else(|| sheet.root.get(path[0]));
    let end = beside.map(|beside| section_end(sheet, beside));
    let example = beside.and_then(|beside| headers(beside).max_by_key(|it| it.span.start));
    let near = end.unwrap_or(text.len());
    let path = keys.join(".");
    let (style, blocks) = if scope.is_none() && uses_arrays {
        let style = BlockStyle::new(sheet, &format!("[{path}]"), near, example, example);
        let example = example.map_or(&[][..], Node::properties);
        let line = array_line(manner, example, &style.inner, style.ending, entries);
        let block = style.block(&[line]);
        (style, block)
    } else {
        let header = format!("[[{path}.kv_namespaces]]");
        let block = last_block(sheet).or(example);
        let style = BlockStyle::new(sheet, &header, near, example, block);
        let blocks = style.entries(&fields, &order, entries);
        (style, blocks)
    };
    vec![match end {
        Some(end) => style.after(text, end, &blocks),
        None => style.at_end(text, &blocks),
    }]
}

/// Finds the last block of namespaces, of whatever scope.
fn last_block(sheet: Sheet<'_>) -> Option<&Node> {
    let mut last = None;
    sheet.root.walk(&mut |node| {
        let blocks = node.items_of("kv_namespaces").iter();
        let mut blocks = blocks.filter(|block| block.layout() == Some(Layout::Header));
        last = blocks.next_back().or(last);
    });
    last
}

/// Whether the author writes namespaces in arrays, and never under headers.
fn uses_arrays(sheet: Sheet<'_>) -> bool {
    let mut layouts = Vec::new();
    sheet.root.walk(&mut |node| {
        let namespaces = node.get("kv_namespaces");
        let namespaces = namespaces.filter(|namespaces| !namespaces.items().is_empty());
        layouts.extend(namespaces.and_then(Node::layout));
    });
    !layouts.is_empty() && layouts.iter().all(|layout| *layout == Layout::Inline)
}

/// Adds the array below the keys of a table with a header, or those at the top of the file.
fn array_in(
    manner: &Manner<'_>,
    table: &Node,
    is_root: bool,
    entries: &[Fields<'_>],
) -> Option<Splice> {
    let sheet = manner.sheet;
    let text = sheet.text;
    let header = table.span.end;
    if table.layout() != Some(Layout::Header) {
        return None;
    }
    let limit = next_header(sheet, header);
    let is_own = |p: &&Property| {
        p.key_span.start >= header
            && p.value.end() <= limit
            && p.value.layout() != Some(Layout::Header)
    };
    let own = table.properties().iter().filter(is_own);
    let last = own.max_by_key(|property| property.value.end());
    if last.is_none() && is_root {
        return None;
    }
    let end = last.map_or(header, |last| last.value.end());
    let indent = last.map_or(header, |last| last.key_span.start);
    let indent = lines::indent_of_line(text, indent);
    let ending = lines::ending(text, end);
    let line = array_line(manner, table.properties(), indent, ending, entries);
    let blank = if last.is_some() && stands_apart(sheet) {
        ending
    } else {
        ""
    };
    let with = format!("{blank}{ending}{indent}{line}");
    Some(Splice::insert(lines::end(text, end), with))
}

fn array_line(
    manner: &Manner<'_>,
    beside: &[Property],
    indent: &str,
    ending: &str,
    entries: &[Fields<'_>],
) -> String {
    let separator = FieldStyle::learn(manner.sheet, beside).between("kv_namespaces");
    let array = List { manner, ending }.array(Some(indent), entries);
    format!("kv_namespaces{separator}{array}")
}

/// Whether the author puts a blank line above arrays of namespaces.
fn stands_apart(sheet: Sheet<'_>) -> bool {
    let mut apart = Vec::new();
    sheet.root.walk(&mut |node| {
        let start = node.property("kv_namespaces").map(|p| p.key_span.start);
        let above = start.map(|start| lines::above(sheet.text, lines::start(sheet.text, start)));
        apart.extend(above.map(|above| above.is_some_and(|at| lines::is_blank(sheet.text, at))));
    });
    majority(apart.into_iter()).unwrap_or(false)
}

impl<'a> BlockStyle<'a> {
    /// Makes a style for the first block of a scope, indented as `outer` is, and its fields as those
    /// of `example` are.
    fn new(
        sheet: Sheet<'a>,
        header: &str,
        near: usize,
        outer: Option<&Node>,
        example: Option<&Node>,
    ) -> Self {
        let text = sheet.text;
        let indent = |table: &Node| lines::indent_of_line(text, table.span.start);
        let outer = outer.map_or("", indent);
        let inner = example.and_then(|table| {
            let inner = indent_of_keys(sheet, table)?;
            Some(format!("{outer}{}", inner.strip_prefix(indent(table))?))
        });
        let padded = headers(sheet.root).map(|table| {
            let name = text[table.span.clone()].trim_start_matches('[');
            name.starts_with([' ', '\t'])
        });
        let header = if majority(padded).unwrap_or(false) {
            let name = header.trim_matches(['[', ']']);
            header.replace(name, &format!(" {name} "))
        } else {
            header.to_owned()
        };
        Self {
            outer,
            header,
            inner: inner.unwrap_or_else(|| outer.to_owned()),
            ending: lines::ending(text, near),
            blanks: usual_blanks(sheet),
        }
    }

    fn entries(&self, fields: &FieldStyle, order: &Order, entries: &[Fields<'_>]) -> String {
        let blocks = entries
            .iter()
            .map(|entry| self.block(&fields.fields(&order.sort(entry))));
        let blocks: Vec<_> = blocks.collect();
        blocks.join(&self.ending.repeat(self.blanks + 1))
    }

    fn block(&self, keys: &[String]) -> String {
        let header = format!("{}{}", self.outer, self.header);
        let keys = keys.iter().map(|key| format!("{}{key}", self.inner));
        let lines: Vec<_> = std::iter::once(header).chain(keys).collect();
        lines.join(self.ending)
    }

    /// Puts blocks after the line that ends at `end`.
    fn after(&self, text: &str, end: usize, blocks: &str) -> Splice {
        let lead = self.ending.repeat(self.blanks + 1);
        let next = lines::next(text, end);
        let crowded = next < text.len() && !lines::is_blank(text, next);
        let trail = if crowded {
            self.ending.repeat(self.blanks)
        } else {
            String::new()
        };
        Splice::insert(end, format!("{lead}{blocks}{trail}"))
    }

    /// Puts blocks before the line that begins at `start`.
    fn before(&self, text: &str, start: usize, blocks: &str) -> Splice {
        let first = start == lines::start(text, 0);
        let crowded = !first && !lines::is_blank(text, start - 1);
        let lead = if crowded {
            self.ending.repeat(self.blanks)
        } else {
            String::new()
        };
        let trail = self.ending.repeat(self.blanks + 1);
        Splice::insert(start, format!("{lead}{blocks}{trail}"))
    }

    fn at_end(&self, text: &str, blocks: &str) -> Splice {
        let ending = self.ending;
        let body = text.trim_start_matches('\u{feff}');
        let apart = ending.repeat(self.blanks);
        let with = if body.is_empty() {
            format!("{blocks}{ending}")
        } else if !body.ends_with('\n') {
            format!("{ending}{apart}{blocks}")
        } else if body.trim().is_empty() || lines::is_blank(text, text.len() - 1) {
            format!("{blocks}{ending}")
        } else {
            format!("{apart}{blocks}{ending}")
        };
        Splice::insert(text.len(), with)
    }
}

/// Returns the indentation of the keys of a table, if one stands on a line of its own.
fn indent_of_keys<'a>(sheet: Sheet<'a>, table: &Node) -> Option<&'a str> {
    let mut keys = table.properties().iter();
    keys.find_map(|property| lines::indent(sheet.text, property.key_span.start))
}

/// Learns how fields are written from the last entry of the file, else from any top-level key.
fn field_style(sheet: Sheet<'_>) -> FieldStyle {
    let mut example = None;
    sheet.root.walk(&mut |node| {
        example = node.items_of("kv_namespaces").last().or(example);
    });
    match example {
        Some(entry) => FieldStyle::learn(sheet, entry.properties()),
        None => FieldStyle::of_file(sheet),
    }
}
