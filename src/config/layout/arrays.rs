//! Entries between brackets, and brackets where there are none yet.

use super::{
    Splice,
    brackets::Brackets,
    entry_style::{EntryStyle, ListStyle},
    field_style::{FieldStyle, literal},
    lines,
    manner::Manner,
    order::Fields,
    sequence::{Filling, Sequence},
};
use crate::config::{
    Format,
    node::{Node, Property},
};

/// Appends entries to an array.
pub(super) fn extend(manner: &Manner<'_>, array: &Node, entries: &[Fields<'_>]) -> Vec<Splice> {
    let Some(brackets) = Brackets::of(manner.sheet, array) else {
        return Vec::new();
    };
    if let Some(style) = EntryStyle::learn(manner, array.items()) {
        let items: Vec<_> = entries.iter().map(|fields| style.entry(fields)).collect();
        return Sequence { manner }.append(&brackets, &items);
    }
    let text = manner.sheet.text;
    let base = lines::indent_of_line(text, array.span.start);
    let own_line = !manner.shares_line(array);
    let list = List {
        manner,
        ending: lines::ending(text, array.span.start),
    };
    let (items, broken) = list.items(own_line.then_some(base), entries);
    Sequence { manner }.fill(&Filling {
        container: array.span.clone(),
        items: &items,
        base,
        broken,
    })
}

/// Adds the array itself to `container`, under the dotted `path` that leads from there to the scope.
pub(super) fn create(
    manner: &Manner<'_>,
    container: &Node,
    path: &[&str],
    entries: &[Fields<'_>],
) -> Vec<Splice> {
    let sheet = manner.sheet;
    let text = sheet.text;
    let properties = container.properties();
    let last = properties
        .iter()
        .max_by_key(|property| property.value.end());
    let base = lines::indent_of_line(text, container.span.start);
    let empty_broken = sheet.format == Format::Jsonc
        && (container.span == sheet.root.span || text.trim().contains('\n'))
        && !manner.shares_line(container);
    let indent = match last {
        Some(last) => own_line(text, last.key_span.start),
        None => empty_broken.then(|| format!("{base}{}", manner.unit)),
    };
    let array = List {
        manner,
        ending: lines::ending(text, container.span.start),
    };
    let item = array.property(properties, path, indent.as_deref(), entries);
    if last.is_none() {
        return Sequence { manner }.fill(&Filling {
            container: container.span.clone(),
            items: &[item],
            base,
            broken: indent.is_some(),
        });
    }
    // Dotted keys of one table stand side by side, but are not items of their own.
    let items = properties
        .iter()
        .map(|property| property.key_span.start..property.value.end());
    let mut items: Vec<_> = items.collect();
    items.sort_by_key(|item| item.end);
    let brackets = Brackets {
        sheet,
        node: container,
        items,
    };
    Sequence { manner }.append(&brackets, &[item])
}

/// Returns the indentation of a key on a line of its own, which may begin with a comma.
fn own_line(text: &str, key: usize) -> Option<String> {
    let before = &text[lines::start(text, key)..key];
    let is_first = before.trim_start().trim_end_matches([' ', '\t']);
    matches!(is_first, "" | ",").then(|| lines::indent_of_line(text, key).to_owned())
}

/// An array to be written.
pub(super) struct List<'a> {
    pub(super) manner: &'a Manner<'a>,
    pub(super) ending: &'a str,
}

impl List<'_> {
    /// Writes the array as a member beside `others`; `indent` is that of its line, `None` on a line
    /// with others.
    fn property(
        &self,
        others: &[Property],
        path: &[&str],
        indent: Option<&str>,
        entries: &[Fields<'_>],
    ) -> String {
        let separator = FieldStyle::learn(self.manner.sheet, others).between("kv_namespaces");
        if self.manner.sheet.format == Format::Jsonc {
            return self.nested(path, indent, &separator, entries);
        }
        let keys = path.iter().copied().chain(["kv_namespaces"]);
        let keys: Vec<_> = keys.map(bare_or_quoted).collect();
        let array = self.array(None, entries);
        format!("{}{separator}{array}", keys.join("."))
    }

    /// Writes the array inside the objects that lead to it.
    fn nested(
        &self,
        path: &[&str],
        indent: Option<&str>,
        separator: &str,
        entries: &[Fields<'_>],
    ) -> String {
        let (key, value) = match (path, indent) {
            ([], indent) => ("kv_namespaces", self.array(indent, entries)),
            ([key, rest @ ..], None) => {
                let member = self.nested(rest, None, separator, entries);
                let pad = self.manner.brace;
                (*key, format!("{{{pad}{member}{pad}}}"))
            }
            ([key, rest @ ..], Some(indent)) => {
                let inner = format!("{indent}{}", self.manner.unit);
                let member = self.nested(rest, Some(&inner), separator, entries);
                let members = self.manner.on_lines(&[member], self.ending, indent);
                (*key, format!("{{{members}}}"))
            }
        };
        format!("{}{separator}{value}", literal(key))
    }

    /// Writes the array; on one line if it has no line of its own.
    pub(super) fn array(&self, indent: Option<&str>, entries: &[Fields<'_>]) -> String {
        let (manner, ending) = (self.manner, self.ending);
        let (items, broken) = self.items(indent, entries);
        match indent {
            Some(indent) if broken => format!("[{}]", manner.on_lines(&items, ending, indent)),
            _ if items.iter().any(|item| item.contains('\n')) => format!("[{}]", items.join(", ")),
            _ => {
                let pad = manner.bracket;
                format!("[{pad}{}{pad}]", items.join(manner.comma))
            }
        }
    }

    /// Writes the entries, and says whether each begins on a line of its own.
    fn items(&self, indent: Option<&str>, entries: &[Fields<'_>]) -> (Vec<String>, bool) {
        let manner = self.manner;
        let list = ListStyle::learn(manner);
        let style = match indent {
            Some(indent) if list.expanded => {
                let inner = format!("{indent}{}", if list.hugs { "" } else { manner.unit });
                EntryStyle::on_lines(manner, self.ending, &inner)
            }
            _ => EntryStyle::on_one_line(manner),
        };
        let items = entries.iter().map(|fields| style.entry(fields)).collect();
        let joins = manner.collapses && (entries.len() == 1 || manner.sheet.format == Format::Toml);
        let broken = match (indent, list.expanded) {
            (None, _) => false,
            (Some(_), true) => !list.hugs,
            (Some(_), false) => !joins,
        };
        (items, broken)
    }
}

/// Writes a key of TOML, in quotes where it needs them.
pub(super) fn bare_or_quoted(key: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if !key.is_empty() && key.bytes().all(bare) {
        key.to_owned()
    } else {
        literal(key)
    }
}
