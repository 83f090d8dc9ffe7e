//! The tree that both formats are read into: values, each with the bytes that say it.
//!
//! Spans index the text as it is on disk, byte order mark and carriage returns included, so that an
//! edit can be a splice. Imports nothing of this crate.

use std::ops::Range;

/// A value and the bytes that say it.
///
/// For a table with a header the bytes are the header; for a table that exists only because a
/// longer key implies it, the first key that does so.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) kind: NodeKind,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum NodeKind {
    Null,
    Bool(bool),
    /// A number as written: no edit may change one, not even to an equal one.
    Number(String),
    String(String),
    /// A scalar that only TOML has: a date or a time.
    Other(String),
    Array(Vec<Node>, Layout),
    /// Properties in the order of the file. JSON allows duplicate keys, so this is not a map.
    Object(Vec<Property>, Layout),
}

/// How a container is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Between brackets or braces.
    Inline,
    /// TOML: under a `[header]`; an array: `[[headers]]`. The root of a TOML file too.
    Header,
    /// TOML: implied by a dotted key or by a longer header.
    Implied,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(super) struct Property {
    pub(super) key: String,
    /// The key as written, quotes included.
    pub(super) key_span: Range<usize>,
    pub(super) value: Node,
}

impl Node {
    pub(super) fn string(text: &str) -> Self {
        Self::new(NodeKind::String(text.to_owned()), 0..0)
    }

    pub(super) fn new(kind: NodeKind, span: Range<usize>) -> Self {
        Self { span, kind }
    }

    pub(super) fn properties(&self) -> &[Property] {
        match &self.kind {
            NodeKind::Object(properties, _) => properties,
            _ => &[],
        }
    }

    pub(super) fn property(&self, key: &str) -> Option<&Property> {
        self.properties().iter().find(|p| p.key == key)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.property(key).map(|p| &p.value)
    }

    pub(super) fn items(&self) -> &[Self] {
        match &self.kind {
            NodeKind::Array(items, _) => items,
            _ => &[],
        }
    }

    /// Returns the items of the array at `key`; empty if there is no such array.
    pub(super) fn items_of(&self, key: &str) -> &[Self] {
        self.get(key).map_or(&[], Self::items)
    }

    /// Follows `keys` down through tables.
    pub(super) fn at(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Finds the first byte of the value that `keys` lead to; of this value if they lead nowhere.
    pub(super) fn offset_of(&self, keys: &[&str]) -> usize {
        self.at(keys).unwrap_or(self).span.start
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::String(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn layout(&self) -> Option<Layout> {
        match &self.kind {
            NodeKind::Array(_, layout) | NodeKind::Object(_, layout) => Some(*layout),
            _ => None,
        }
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self.kind, NodeKind::Object(..))
    }

    /// Names what the value is, for messages.
    pub(super) fn noun(&self) -> &'static str {
        match self.kind {
            NodeKind::Null => "null",
            NodeKind::Bool(_) => "a boolean",
            NodeKind::Number(_) => "a number",
            NodeKind::String(_) => "a string",
            NodeKind::Other(_) => "a date",
            NodeKind::Array(..) => "an array",
            NodeKind::Object(..) => "a table",
        }
    }

    /// Calls `visit` with every node of the tree, parents first.
    pub(super) fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        for property in self.properties() {
            property.value.walk(visit);
        }
        for item in self.items() {
            item.walk(visit);
        }
    }

    /// Finds where the last byte of the value and all that it contains ends.
    pub(super) fn end(&self) -> usize {
        let mut end = 0;
        self.walk(&mut |node| end = end.max(node.span.end));
        end
    }

    /// Whether both are equal, ignoring layout and the order of keys.
    pub(super) fn means_the_same_as(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (NodeKind::Null, NodeKind::Null) => true,
            (NodeKind::Bool(a), NodeKind::Bool(b)) => a == b,
            (NodeKind::Number(a), NodeKind::Number(b))
            | (NodeKind::String(a), NodeKind::String(b))
            | (NodeKind::Other(a), NodeKind::Other(b)) => a == b,
            (NodeKind::Array(a, _), NodeKind::Array(b, _)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.means_the_same_as(b))
            }
            (NodeKind::Object(a, _), NodeKind::Object(b, _)) => {
                let (a, b) = (sorted(a), sorted(b));
                let same = |(a, b): (&&Property, &&Property)| {
                    a.key == b.key && a.value.means_the_same_as(&b.value)
                };
                a.len() == b.len() && a.iter().zip(&b).all(same)
            }
            _ => false,
        }
    }
}

/// Sorts by key and keeps the order of equal ones.
fn sorted(properties: &[Property]) -> Vec<&Property> {
    let mut sorted: Vec<_> = properties.iter().collect();
    sorted.sort_by(|a, b| a.key.cmp(&b.key));
    sorted
}
