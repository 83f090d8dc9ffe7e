//! Entries between brackets, and brackets where there are none yet.

use std::ops::Range;

use super::{
    Sheet, Splice,
    entry_style::EntryStyle,
    field_style::{FieldStyle, literal},
    lines,
    sequence::{Filling, Sequence},
};
use crate::config::{
    Format,
    node::{Node, Property},
};

/// Key and value of the fields of an entry.
pub(super) type Fields<'a> = Vec<(&'static str, &'a str)>;

/// Appends entries to an array.
pub(super) fn extend(sheet: Sheet<'_>, array: &Node, entries: &[Fields<'_>]) -> Vec<Splice> {
    let sequence = Sequence {
        format: sheet.format,
        text: sheet.text,
    };
    let write = |style: &EntryStyle| -> Vec<String> {
        entries.iter().map(|fields| style.entry(fields)).collect()
    };
    if let Some(last) = array.items().last() {
        let items = write(&EntryStyle::learn(sheet, last));
        return sequence.append(&last.span, ", ", &items);
    }
    sequence.fill(&Filling {
        container: array.span.clone(),
        items: &write(&EntryStyle::on_one_line(sheet)),
        base: lines::indent_of_line(sheet.text, array.span.start),
        unit: sheet.unit(),
        broken: entries.len() > 1,
    })
}

/// Adds the array itself to `container`, under the dotted `path` that leads from there to the scope.
pub(super) fn create(
    sheet: Sheet<'_>,
    container: &Node,
    path: &[&str],
    entries: &[Fields<'_>],
) -> Vec<Splice> {
    let text = sheet.text;
    let sequence = Sequence {
        format: sheet.format,
        text,
    };
    let properties = container.properties();
    let last = properties
        .iter()
        .max_by_key(|property| property.value.end());
    let base = lines::indent_of_line(text, container.span.start);
    let unit = sheet.unit();
    let empty_broken = sheet.format == Format::Jsonc
        && (container.span == sheet.root.span || text.trim().contains('\n'));
    let indent = match last {
        Some(last) => lines::indent(text, last.key_span.start).map(str::to_owned),
        None => empty_broken.then(|| format!("{base}{unit}")),
    };
    let ending = lines::ending(text, container.span.start);
    let array = Array {
        sheet,
        ending,
        indent: indent.as_deref(),
        unit,
    };
    let item = array.property(properties, path, entries);
    if let Some(last) = last {
        return sequence.append(&extent(last.key_span.start, &last.value), ", ", &[item]);
    }
    sequence.fill(&Filling {
        container: container.span.clone(),
        items: &[item],
        base,
        unit,
        broken: indent.is_some(),
    })
}

fn extent(start: usize, value: &Node) -> Range<usize> {
    start..value.end()
}

/// Where a new array goes.
struct Array<'a> {
    sheet: Sheet<'a>,
    ending: &'a str,
    /// The indentation of the line on which the array opens; `None` on a line with others.
    indent: Option<&'a str>,
    unit: &'a str,
}

impl Array<'_> {
    fn property(&self, others: &[Property], path: &[&str], entries: &[Fields<'_>]) -> String {
        let separator = FieldStyle::learn(self.sheet, others).between("kv_namespaces");
        if self.sheet.format == Format::Jsonc {
            return self.nested(path, self.indent, &separator, entries);
        }
        let keys = path.iter().copied().chain(["kv_namespaces"]);
        let keys: Vec<_> = keys.map(bare_or_quoted).collect();
        let array = self.on_one_line(entries);
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
            ([], None) => ("kv_namespaces", self.on_one_line(entries)),
            ([], Some(indent)) => ("kv_namespaces", self.on_lines(indent, entries)),
            ([key, rest @ ..], None) => {
                let member = self.nested(rest, None, separator, entries);
                (*key, format!("{{ {member} }}"))
            }
            ([key, rest @ ..], Some(indent)) => {
                let (ending, inner) = (self.ending, format!("{indent}{}", self.unit));
                let member = self.nested(rest, Some(&inner), separator, entries);
                (*key, format!("{{{ending}{inner}{member}{ending}{indent}}}"))
            }
        };
        format!("{}{separator}{value}", literal(key))
    }

    fn on_one_line(&self, entries: &[Fields<'_>]) -> String {
        let style = EntryStyle::on_one_line(self.sheet);
        let items: Vec<_> = entries.iter().map(|fields| style.entry(fields)).collect();
        format!("[{}]", items.join(", "))
    }

    fn on_lines(&self, indent: &str, entries: &[Fields<'_>]) -> String {
        let (ending, unit) = (self.ending, self.unit);
        let inner = format!("{indent}{unit}");
        let style = EntryStyle::example_on_one_line(self.sheet)
            .unwrap_or_else(|| EntryStyle::on_lines(self.sheet, ending, &inner));
        let items: Vec<_> = entries.iter().map(|fields| style.entry(fields)).collect();
        let items = items.join(&format!(",{ending}{inner}"));
        format!("[{ending}{inner}{items}{ending}{indent}]")
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
