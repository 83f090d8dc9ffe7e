//! What a wrangler file says about namespaces, once its shape is known to be right.

use std::path::Path;

use super::{
    Error, Field, Located, Place, Position,
    node::{Kind, Layout, Node, Property},
    problem::Problem,
    strays, taken,
};
use crate::domain::{Binding, BindingError, DeclaredId, EnvName, EnvNameError};

/// The parts of a wrangler file that concern namespaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The top level.
    pub top: Scope,
    /// The environments, in the order of the file.
    pub environments: Vec<Scope>,
}

/// The top level or an environment: bindings are not inherited between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The environment; `None` is the top level.
    pub environment: Option<EnvName>,
    /// The name of the worker, where this scope sets it.
    pub name: Option<String>,
    /// The account, where this scope sets it.
    pub account_id: Option<Located<String>>,
    /// The namespaces, in the order of the file. No two have the same binding.
    pub entries: Vec<Entry>,
    /// The names that bindings of other kinds use: wrangler refuses a namespace that takes one.
    pub taken: Vec<Taken>,
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
pub struct Taken {
    /// The name.
    pub name: String,
    /// The key of the wrangler file that binds it, such as `vars` or `d1_databases`.
    pub kind: String,
    /// Where it is bound.
    pub position: Position,
}

impl Project {
    /// Finds a scope; `None` is the top level, which always exists.
    pub fn scope(&self, environment: Option<&EnvName>) -> Option<&Scope> {
        self.scopes()
            .find(|scope| scope.environment.as_ref() == environment)
    }

    /// Lists all scopes, the top level first.
    pub fn scopes(&self) -> impl Iterator<Item = &Scope> {
        std::iter::once(&self.top).chain(&self.environments)
    }

    /// Reads the tree of the file at `path`, whose text is `text`.
    pub(super) fn read(path: &Path, text: &str, root: &Node) -> Result<Self, Error> {
        let reader = Reader { path, text };
        if !root.is_object() {
            return Err(reader.refuse(root.span.start, Problem::Root(root.noun())));
        }
        if let Some(stray) = strays::find(root) {
            return Err(reader.refuse(stray.offset, stray.problem));
        }
        let top = reader.scope(None, root)?;
        let environments = match reader.unique(root, "env")? {
            Some(env) => reader.environments(&env.value)?,
            None => Vec::new(),
        };
        Ok(Self { top, environments })
    }
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn environments(&self, env: &Node) -> Result<Vec<Scope>, Error> {
        self.table("env", env)?;
        let scope = |property: &Property| {
            let name = property.key.parse().map_err(|_empty: EnvNameError| {
                self.refuse(property.key_span.start, Problem::Environment)
            })?;
            let table = &self
                .unique(env, &property.key)?
                .map_or(&property.value, |p| &p.value);
            self.table(&property.key, table)?;
            self.scope(Some(name), table)
        };
        env.properties().iter().map(scope).collect()
    }

    fn scope(&self, environment: Option<EnvName>, node: &Node) -> Result<Scope, Error> {
        Ok(Scope {
            environment,
            name: self.string(node, "name")?.map(|name| name.value),
            account_id: self.string(node, "account_id")?,
            entries: self.entries(node)?,
            taken: taken::names(node)
                .map(|(name, kind, offset)| Taken {
                    name: name.to_owned(),
                    kind: kind.to_owned(),
                    position: self.position(offset),
                })
                .collect(),
        })
    }

    fn entries(&self, scope: &Node) -> Result<Vec<Entry>, Error> {
        let Some(property) = self.unique(scope, "kv_namespaces")? else {
            return Ok(Vec::new());
        };
        let (node, start) = (&property.value, property.key_span.start);
        match &node.kind {
            Kind::Array(..) => {}
            Kind::Object(_, Layout::Header | Layout::Implied) => {
                return Err(self.refuse(start, Problem::SingleTable));
            }
            _ => return Err(self.refuse(start, Problem::NotAnArray(node.noun()))),
        }
        let mut entries: Vec<Entry> = Vec::new();
        for item in node.items() {
            let entry = self.entry(item)?;
            if let Some(other) = entries.iter().find(|other| other.binding == entry.binding) {
                let problem = Problem::Duplicate {
                    binding: entry.binding,
                    other: other.position,
                };
                return Err(self.refuse(item.span.start, problem));
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    fn entry(&self, item: &Node) -> Result<Entry, Error> {
        let start = item.span.start;
        if !item.is_object() {
            return Err(self.refuse(start, Problem::Entry(item.noun())));
        }
        let Some(binding) = self.string(item, "binding")? else {
            return Err(self.refuse(start, Problem::NoBinding));
        };
        Ok(Entry {
            binding: binding.value.parse().map_err(|error: BindingError| {
                self.refuse_at(binding.position, Problem::Binding(error.to_string()))
            })?,
            id: self.string(item, "id")?,
            preview_id: self.string(item, "preview_id")?,
            position: self.position(start),
        })
    }

    fn string(&self, node: &Node, key: &str) -> Result<Option<Located<String>>, Error> {
        let Some(property) = self.unique(node, key)? else {
            return Ok(None);
        };
        let (value, start) = (&property.value, property.value.span.start);
        let Some(text) = value.as_str() else {
            let problem = Problem::NotAString {
                key: key.to_owned(),
                found: value.noun(),
            };
            return Err(self.refuse(start, problem));
        };
        Ok(Some(Located {
            value: text.to_owned(),
            position: self.position(start),
        }))
    }

    /// Finds a property that must not stand there twice: of two, parsers take either one.
    fn unique<'n>(&self, node: &'n Node, key: &str) -> Result<Option<&'n Property>, Error> {
        let mut same = node
            .properties()
            .iter()
            .filter(|property| property.key == key);
        let first = same.next();
        match (first, same.next()) {
            (Some(first), Some(second)) => {
                let other = self.position(first.key_span.start);
                let problem = Problem::DuplicateKey {
                    key: key.to_owned(),
                    other,
                };
                Err(self.refuse(second.key_span.start, problem))
            }
            _ => Ok(first),
        }
    }

    fn table(&self, key: &str, node: &Node) -> Result<(), Error> {
        if node.is_object() {
            return Ok(());
        }
        let problem = Problem::NotATable {
            key: key.to_owned(),
            found: node.noun(),
        };
        Err(self.refuse(node.span.start, problem))
    }

    fn position(&self, offset: usize) -> Position {
        Position::of(self.text, offset)
    }

    fn refuse(&self, offset: usize, problem: Problem) -> Error {
        self.refuse_at(self.position(offset), problem)
    }

    fn refuse_at(&self, position: Position, problem: Problem) -> Error {
        Error::Shape {
            at: Place {
                path: self.path.to_owned(),
                position,
            },
            problem,
        }
    }
}
