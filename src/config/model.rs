//! What a wrangler file says about namespaces, once its shape is known to be right.
//!
//! Only `reader` makes these, from a tree that it has checked.

use super::{Field, Located, Position, Problem};
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
    /// The modules that it and its environments name as `main`.
    pub mains: Vec<String>,
    /// Whether it is a Pages project: it has a `pages_build_output_dir`, without which Pages ignores
    /// the file.
    pub is_pages: bool,
    /// What decides the name of the Worker in place of the file.
    pub deployed_as: Option<DeployedAs>,
}

/// A name under which `wrangler deploy` deploys a section, whatever the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployedAs {
    /// The section.
    pub section: Section,
    /// The name of the Worker.
    pub name: String,
    /// The variable or file that says so.
    pub by: String,
}

/// A section that the file has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Which section.
    pub section: Section,
    /// Where the file names it; `None` for the top level, and for an environment that is yet to be added.
    pub position: Option<Position>,
    /// The name of the Worker, where this scope sets it. It may be a placeholder; see
    /// [`Project::deployed_name`].
    pub name: Option<Located<String>>,
    /// The account, where this scope sets it.
    pub account_id: Option<Located<String>>,
    /// The region whose rules its account must follow, where this scope sets it.
    pub compliance_region: Option<Located<String>>,
    /// The namespaces, in the order of the file. No two have the same binding.
    pub entries: Vec<Entry>,
    /// The names that bindings of other kinds use: wrangler refuses a namespace that takes one.
    pub used_names: Vec<UsedName>,
    /// Its keys beside `kv_namespaces` that environments do not inherit, such as `vars`.
    pub not_inherited: Vec<String>,
}

/// One namespace of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name under which the Worker reaches it.
    pub binding: Binding,
    /// What the file says for an id; it may be empty or a placeholder. `None` is that it has no such
    /// key: then the namespace is the one that the deployed Worker has.
    pub id: Option<Located<String>>,
    /// What the file says for the id that `wrangler dev --remote` uses.
    pub preview_id: Option<Located<String>>,
    /// Whether `wrangler dev` uses the namespace of the account: `remote = true`, or the older
    /// `experimental_remote`.
    pub remote: bool,
    /// Its keys that wrangler ignores, and that must have been meant: what looks like an id, and settings
    /// of a whole section.
    pub ignored: Vec<Located<Problem>>,
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

    /// Returns the name that `wrangler dev` opens in the local store, as written. Empty if the file
    /// has an empty one.
    pub fn local_name(&self) -> &str {
        let ids = [&self.preview_id, &self.id];
        let named = ids.into_iter().flatten().next();
        named.map_or(self.binding.as_str(), |located| located.value.as_str())
    }

    /// Whether it has an `id` key at all, with whatever value.
    ///
    /// wrangler takes an entry without one from the deployed Worker; what is empty or a placeholder
    /// cannot have been deployed.
    pub fn has_id_key(&self) -> bool {
        self.id.is_some()
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

    /// Returns the names that the namespaces of all sections have in the local store.
    pub fn local_names(&self) -> impl Iterator<Item = &str> {
        let entries = self.scopes().flat_map(|scope| &scope.entries);
        entries.map(Entry::local_name)
    }

    /// Returns the region that holds in a section: its own, else, as wrangler inherits it, that of the
    /// top level.
    pub fn compliance_region(&self, section: &Section) -> Option<&Located<String>> {
        let own = self.scope(&section.deployed());
        own.and_then(|scope| scope.compliance_region.as_ref())
            .or(self.top.compliance_region.as_ref())
    }

    /// Returns `scopes` and their own `previews`, each once.
    pub fn with_previews<'p>(&'p self, scopes: &[&'p Scope]) -> Vec<&'p Scope> {
        let is_of = |previews: &&Scope, scope: &&Scope| {
            scope.section.clone().previews() == previews.section && !scope.section.is_previews()
        };
        let is_selected = |previews: &&Scope| scopes.iter().any(|s| s.section == previews.section);
        let own = self.previews.iter().filter(|previews| {
            !is_selected(previews) && scopes.iter().any(|scope| is_of(previews, scope))
        });
        scopes.iter().copied().chain(own).collect()
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
