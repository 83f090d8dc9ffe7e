//! Which bytes an edit takes: new text that looks like the author's own.
//!
//! Everything here returns splices over the text as it is; nothing is reformatted. What is not
//! known from the text around the place is taken from the nearest example in the file.

mod additions;
mod arrays;
mod entry_style;
mod field_style;
mod fields;
mod lines;
mod sequence;
mod splice;
mod tables;
mod trivia;

pub(super) use splice::{Splice, apply};

use super::{
    Edit, Format,
    edit::{entry, scope},
    node::Node,
};

/// A text, its language, and its tree.
#[derive(Clone, Copy)]
struct Sheet<'a> {
    format: Format,
    text: &'a str,
    root: &'a Node,
}

impl<'a> Sheet<'a> {
    /// Returns one step of indentation: that of the first member of the outermost container.
    ///
    /// The first indented line of the file would not do: it may belong to a comment or a text.
    fn unit(self) -> &'a str {
        let mut starts = Vec::new();
        match self.format {
            Format::Jsonc => starts.extend(self.root.properties().iter().map(|p| p.key_span.start)),
            Format::Toml => self.root.walk(&mut |node| {
                starts.extend(node.items().iter().map(|item| item.span.start));
            }),
        }
        let indents = starts
            .into_iter()
            .filter_map(|start| lines::indent(self.text, start));
        indents
            .into_iter()
            .find(|indent| !indent.is_empty())
            .unwrap_or("  ")
    }
}

/// Finds the splices for a group of edits: a run of additions to one scope, ids of several of its
/// entries that are set, or one other edit.
///
/// An edit that does not fit the tree has no splices.
pub(super) fn plan(format: Format, text: &str, root: &Node, group: &[Edit]) -> Vec<Splice> {
    let sheet = Sheet { format, text, root };
    let Some(first) = group.first() else {
        return Vec::new();
    };
    let Some(scope) = scope(root, first.environment()) else {
        return Vec::new();
    };
    if let Edit::Add { environment, .. } = first {
        let entries: Vec<_> = group.iter().map(Edit::new_fields).collect();
        return additions::add(sheet, environment.as_ref(), scope, &entries);
    }
    let of_fields = group.iter().filter_map(|edit| {
        let entry = entry(scope, edit.binding())?;
        match edit {
            Edit::Add { .. } => None,
            Edit::Set { field, value, .. } => Some(fields::set(sheet, entry, *field, value)),
            Edit::Remove { field, .. } => Some(fields::remove(sheet, entry, *field)),
        }
    });
    of_fields.flatten().collect()
}
