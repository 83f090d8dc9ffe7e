//! Which bytes an edit takes: new text that looks like the author's own.
//!
//! Everything here returns splices over the text as it is; nothing is reformatted. What is not
//! known from the text around the place is taken from the nearest example in the file: `field_style`,
//! `entry_style` and `order` read how its entries are written, and `manner` all else. Only a line that
//! an edit makes too long is broken afterwards, which moves blanks alone.

mod arrays;
mod brackets;
mod entry_style;
mod field_style;
mod fields;
mod fold;
mod lines;
mod manner;
mod order;
mod places;
mod sequence;
mod tables;
mod trivia;

use std::ops::Range;

use super::{
    Edit, Format,
    edit::{entry, path, scope},
    node::{Layout, Node},
};
use crate::domain::Section;
use manner::Manner;
use order::Fields;

/// New text for a range of the old one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Splice {
    /// The bytes that go; empty for an insertion.
    pub(super) at: Range<usize>,
    /// The replacement.
    pub(super) with: String,
}

impl Splice {
    fn insert(at: usize, with: impl Into<String>) -> Self {
        Self {
            at: at..at,
            with: with.into(),
        }
    }

    fn remove(at: Range<usize>) -> Self {
        Self {
            at,
            with: String::new(),
        }
    }
}

/// Applies splices that do not overlap.
///
/// Insertions at one place follow each other in the order in which they are given.
pub(super) fn apply(text: &str, splices: &[Splice]) -> String {
    let mut ordered: Vec<_> = splices.iter().collect();
    ordered.sort_by_key(|splice| (splice.at.start, splice.at.end));
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for splice in ordered {
        out.push_str(&text[done..splice.at.start]);
        out.push_str(&splice.with);
        done = splice.at.end;
    }
    out.push_str(&text[done..]);
    out
}

/// Returns a text of TOML whose strings at `spans` say `value`, each in the quotes it has.
pub(super) fn with_strings(text: &str, spans: &[Range<usize>], value: &str) -> String {
    let splices = spans.iter().map(|span| Splice {
        at: span.clone(),
        with: field_style::like(&text[span.clone()], value),
    });
    let splices: Vec<_> = splices.collect();
    apply(text, &splices)
}

/// A text, its language, and its tree.
#[derive(Clone, Copy, Debug)]
struct Sheet<'a> {
    format: Format,
    text: &'a str,
    root: &'a Node,
}

/// Whether more of `votes` are for than against; `None` if neither are.
fn majority(votes: impl Iterator<Item = bool>) -> Option<bool> {
    let balance: i32 = votes.map(|vote| if vote { 1 } else { -1 }).sum();
    (balance != 0).then_some(balance > 0)
}

/// Finds the splices for a group of edits: a run of additions to one scope, ids of several of its
/// entries that are set, or one other edit.
///
/// An edit that does not fit the tree has no splices.
pub(super) fn plan(format: Format, text: &str, root: &Node, group: &[Edit]) -> Vec<Splice> {
    let manner = Manner::read(Sheet { format, text, root });
    let Some(first) = group.first() else {
        return Vec::new();
    };
    let scope = scope(root, first.section());
    if let Edit::Add { section, .. } = first {
        let entries: Vec<_> = group.iter().map(Edit::new_fields).collect();
        return add(&manner, section, scope, &entries);
    }
    let Some(scope) = scope else {
        return Vec::new();
    };
    let of_fields = group.iter().filter_map(|edit| {
        let entry = entry(scope, edit.binding())?;
        match edit {
            Edit::Add { .. } => None,
            Edit::Set { field, value, .. } => {
                let entries = scope.items_of("kv_namespaces");
                Some(fields::set(&manner, entries, entry, *field, value))
            }
            Edit::Remove { field, .. } => Some(fields::remove(&manner, entry, *field)),
        }
    });
    of_fields.flatten().collect()
}

/// Finds the splices over `after`, the text and tree that `splices` make of a file, that break the
/// lines which have become too long.
pub(super) fn fold(
    format: Format,
    before: (&str, &Node),
    splices: &[Splice],
    after: (&str, &Node),
) -> Vec<Splice> {
    let sheet = |(text, root)| Sheet { format, text, root };
    fold::fold(&Manner::read(sheet(before)), splices, sheet(after))
}

/// Adds entries to `scope`, the table of `section`, which may not be there yet.
fn add(
    manner: &Manner<'_>,
    section: &Section,
    scope: Option<&Node>,
    entries: &[Fields<'_>],
) -> Vec<Splice> {
    if let Some(namespaces) = scope.and_then(|scope| scope.get("kv_namespaces")) {
        return match namespaces.layout() {
            Some(Layout::Header) => tables::append(manner, namespaces, entries),
            _ => arrays::extend(manner, namespaces, entries),
        };
    }
    // No header may reach into braces: what `env = { x.name = "w" }` implies grows by dotted keys.
    let path = path(section);
    let tables = std::iter::successors(Some((manner.sheet.root, 0)), |(table, depth)| {
        Some((table.get(path.get(*depth)?)?, depth + 1))
    });
    let braces = tables.filter(|(table, _)| table.layout() == Some(Layout::Inline));
    if let Some((table, depth)) = braces.last() {
        return arrays::create(manner, table, &path[depth..], entries);
    }
    tables::create(manner, &path, scope, entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insertions_at_one_place_keep_their_order() {
        let splices = [
            Splice::remove(3..4),
            Splice::insert(1, "x"),
            Splice::insert(1, "y"),
        ];
        assert_eq!(apply("abcde", &splices), "axybce");
    }
}
