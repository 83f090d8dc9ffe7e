//! Edits to the namespaces of a wrangler file, and what they make of its tree.
//!
//! Here an edit is about meaning alone; which bytes it takes is the business of `layout`.

use super::node::{Layout, Node, NodeKind, Property};
use crate::domain::{Binding, Section};

/// A part of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The name.
    Binding,
    /// The id.
    Id,
    /// The id that `wrangler dev --remote` uses.
    PreviewId,
}

/// One change to a file.
///
/// Within a scope bindings are unique, so a binding is the address of its entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Replaces the value of a field, or adds the field.
    Set {
        /// The section.
        section: Section,
        /// The entry.
        binding: Binding,
        /// The field.
        field: Field,
        /// Its new value.
        value: String,
    },
    /// Takes an `id` or a `preview_id` out, with its line or comma.
    Remove {
        /// The section.
        section: Section,
        /// The entry.
        binding: Binding,
        /// The field.
        field: Field,
    },
    /// Adds an entry after those that are there.
    Add {
        /// The section.
        section: Section,
        /// The name of the new entry.
        binding: Binding,
        /// Its id.
        id: Option<String>,
        /// Its id for previews.
        preview_id: Option<String>,
    },
}

impl Field {
    /// Returns the field's key in a file.
    pub fn key(self) -> &'static str {
        match self {
            Self::Binding => "binding",
            Self::Id => "id",
            Self::PreviewId => "preview_id",
        }
    }
}

impl serde::Serialize for Field {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.key())
    }
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.key())
    }
}

impl Edit {
    /// Returns the section that the edit is about.
    pub fn section(&self) -> &Section {
        match self {
            Self::Set { section, .. }
            | Self::Remove { section, .. }
            | Self::Add { section, .. } => section,
        }
    }

    /// Returns the entry that the edit is about.
    pub fn binding(&self) -> &Binding {
        match self {
            Self::Set { binding, .. }
            | Self::Remove { binding, .. }
            | Self::Add { binding, .. } => binding,
        }
    }

    /// Lists key and value of the fields of a new entry, in the order in which they are written.
    pub(super) fn new_fields(&self) -> Vec<(&'static str, &str)> {
        let Self::Add {
            binding,
            id,
            preview_id,
            ..
        } = self
        else {
            return Vec::new();
        };
        let fields = [
            (Field::Binding, Some(binding.as_str())),
            (Field::Id, id.as_deref()),
            (Field::PreviewId, preview_id.as_deref()),
        ];
        let fields = fields.into_iter();
        fields
            .filter_map(|(field, value)| Some((field.key(), value?)))
            .collect()
    }

    /// Changes `root` to what a file says after the edit, for an edit that fits the file.
    pub(super) fn apply(&self, root: &mut Node) {
        if matches!(self, Self::Add { .. }) {
            add_tables(root, &path(self.section()));
        }
        let Some(scope) = scope_mut(root, self.section()) else {
            return;
        };
        match self {
            Self::Add { .. } => {
                let field = |(key, value): (&str, &str)| property(key, Node::string(value));
                let fields = self.new_fields().into_iter().map(field).collect();
                if let Some(entries) = entries_mut(scope) {
                    entries.push(object(fields));
                }
            }
            Self::Set {
                binding,
                field,
                value,
                ..
            } => {
                let Some(entry) = entry_mut(scope, binding) else {
                    return;
                };
                match entry.iter_mut().find(|p| p.key == field.key()) {
                    Some(property) => property.value.kind = NodeKind::String(value.clone()),
                    None => entry.push(property(field.key(), Node::string(value))),
                }
            }
            Self::Remove { binding, field, .. } => {
                if let Some(entry) = entry_mut(scope, binding) {
                    entry.retain(|property| property.key != field.key());
                }
            }
        }
    }
}

/// Returns the keys that lead to the table of a section.
pub(super) fn path(section: &Section) -> Vec<&str> {
    let environment = section.environment().into_iter();
    let environment = environment.flat_map(|name| ["env", name.as_str()]);
    environment
        .chain(section.is_previews().then_some("previews"))
        .collect()
}

/// Finds the table of a section.
pub(super) fn scope<'n>(root: &'n Node, section: &Section) -> Option<&'n Node> {
    path(section).into_iter().try_fold(root, Node::get)
}

/// Finds the table of an entry.
pub(super) fn entry<'n>(scope: &'n Node, binding: &Binding) -> Option<&'n Node> {
    let mut entries = scope.get("kv_namespaces")?.items().iter();
    entries.find(|entry| is(entry, binding))
}

fn is(entry: &Node, binding: &Binding) -> bool {
    entry.get("binding").and_then(Node::as_str) == Some(binding.as_str())
}

fn scope_mut<'n>(root: &'n mut Node, section: &Section) -> Option<&'n mut Node> {
    path(section).into_iter().try_fold(root, get_mut)
}

/// Adds the tables that `keys` lead through and that are missing.
fn add_tables(root: &mut Node, keys: &[&str]) {
    let [key, rest @ ..] = keys else { return };
    if root.get(key).is_none()
        && let NodeKind::Object(properties, _) = &mut root.kind
    {
        properties.push(property(key, object(Vec::new())));
    }
    if let Some(next) = get_mut(root, key) {
        add_tables(next, rest);
    }
}

fn entry_mut<'n>(scope: &'n mut Node, binding: &Binding) -> Option<&'n mut Vec<Property>> {
    let entry = entries_mut(scope)?
        .iter_mut()
        .find(|entry| is(entry, binding))?;
    match &mut entry.kind {
        NodeKind::Object(properties, _) => Some(properties),
        _ => None,
    }
}

fn get_mut<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    let NodeKind::Object(properties, _) = &mut node.kind else {
        return None;
    };
    properties
        .iter_mut()
        .find(|p| p.key == key)
        .map(|p| &mut p.value)
}

/// Returns the entries of a scope; adds the empty array if there is none.
fn entries_mut(scope: &mut Node) -> Option<&mut Vec<Node>> {
    const KEY: &str = "kv_namespaces";
    if scope.get(KEY).is_none()
        && let NodeKind::Object(properties, _) = &mut scope.kind
    {
        let array = Node::new(NodeKind::Array(Vec::new(), Layout::Inline), 0..0);
        properties.push(property(KEY, array));
    }
    match &mut get_mut(scope, KEY)?.kind {
        NodeKind::Array(items, _) => Some(items),
        _ => None,
    }
}

fn property(key: &str, value: Node) -> Property {
    Property {
        key: key.to_owned(),
        key_span: 0..0,
        value,
    }
}

fn object(properties: Vec<Property>) -> Node {
    Node::new(NodeKind::Object(properties, Layout::Inline), 0..0)
}
