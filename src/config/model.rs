//! What a wrangler file says about namespaces, once its shape is known to be right.
//!
//! Only `reader` makes these, from a tree that it has checked.

use super::{Field, Located, Position};
use crate::domain::{Binding, DeclaredId, Section};

/// The parts of a wrangler file that concern namespaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The top level.
    pub top: Scope,
    /// The environments, in the order of the file.
    pub environments: Vec<Scope>,
    /// The `previews` of the top level and of environments, where they have their own.
    pub previews: Vec<Scope>,
    /// Whether it names a Worker's `main` module.
    pub has_main: bool,
    /// Whether it has a `pages_build_output_dir`, without which Pages ignores the file.
    pub has_pages_output: bool,
}

/// A section that the file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Which section.
    pub section: Section,
    /// The name of the worker, where this scope sets it.
    pub name: Option<String>,
    /// The account, where this scope sets it.
    pub account_id: Option<Located<String>>,
    /// The namespaces, in the order of the file. No two have the same binding.
    pub entries: Vec<Entry>,
    /// The names that bindings of other kinds use: wrangler refuses a namespace that takes one.
    pub used_names: Vec<UsedName>,
}

/// One namespace of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name under which the Worker reaches it.
    pub binding: Binding,
    /// What the file says for an id; it may be a placeholder.
    pub id: Option<Located<String>>,
    /// What the file says for the id that `wrangler dev --remote` uses.
    pub preview_id: Option<Located<String>>,
    /// Where the entry begins.
    pub position: Position,
}

impl Entry {
    /// Returns the text of one of its ids.
    pub fn field(&self, field: Field) -> Option<&Located<String>> {
        match field {
            Field::Id => self.id.as_ref(),
            Field::PreviewId => self.preview_id.as_ref(),
            Field::Binding => None,
        }
    }

    /// Returns what it says about one of its ids.
    pub fn declared(&self, field: Field) -> DeclaredId {
        DeclaredId::read(self.field(field).map(|located| located.value.as_str()))
    }
}

/// A name that a binding of another kind uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedName {
    /// The name.
    pub name: String,
    /// The key of the wrangler file that binds it, such as `vars` or `d1_databases`.
    pub kind: String,
    /// Where it is bound.
    pub position: Position,
}

impl Project {
    /// Finds what holds in a section. The top level always exists, and an environment without
    /// `previews` of its own has those of the top level.
    pub fn scope(&self, section: &Section) -> Option<&Scope> {
        let own = self.scopes().find(|scope| scope.section == *section);
        let inherits = section.is_previews() && self.scope(&section.deployed()).is_some();
        own.or_else(|| {
            let mut shared = self.previews.iter().filter(|_| inherits);
            shared.find(|scope| scope.section == Section::TOP.previews())
        })
    }

    /// Lists what is deployed: the top level and the environments.
    pub fn deployed_scopes(&self) -> impl Iterator<Item = &Scope> {
        std::iter::once(&self.top).chain(&self.environments)
    }

    /// Lists all scopes, the top level first and `previews` last.
    pub fn scopes(&self) -> impl Iterator<Item = &Scope> {
        self.deployed_scopes().chain(&self.previews)
    }
}
