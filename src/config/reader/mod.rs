//! Reads the tree of a wrangler file into a [`Project`], and refuses wrong shapes.

#[cfg(test)]
mod tests;

use std::{collections::HashMap, path::Path};

use super::{
    Entry, Error, Field, Located, Location, Position, Project, Scope, UsedName, ignored,
    inheritance, misplaced,
    node::{Layout, Node, NodeKind, Property},
    position::Positions,
    problem::Problem,
    used_names,
};
use crate::domain::{BindingError, EnvName, EnvNameError, Section};

/// Reads the tree of the file at `path`, whose text is `text`.
pub(super) fn read(path: &Path, text: &str, root: &Node) -> Result<Project, Error> {
    let positions = Positions::new(text);
    let reader = Reader { path, positions };
    if !root.is_object() {
        return Err(reader.refuse(root.span.start, Problem::Root(root.noun())));
    }
    if let Some(misplaced) = misplaced::find(root) {
        return Err(reader.refuse(misplaced.offset, misplaced.problem));
    }
    let top = reader.scope(Section::TOP, None, root)?;
    let mut previews = Vec::new();
    previews.extend(reader.previews(Section::TOP, root)?);
    let mut environments = Vec::new();
    let main = |table: &Node| table.get("main")?.as_str().map(str::to_owned);
    let mut mains: Vec<String> = main(root).into_iter().collect();
    for (name, start, table) in reader.environments(root)? {
        mains.extend(main(table));
        environments.push(reader.scope(name.clone().into(), Some(start), table)?);
        previews.extend(reader.previews(name.into(), table)?);
    }
    Ok(Project {
        top,
        environments,
        previews,
        has_main: root.get("main").is_some(),
        mains,
        is_pages: root.get("pages_build_output_dir").is_some(),
        deployed_as: None,
    })
}

/// The most entries of a section. An account has at most 1,000 namespaces.
const MAX_ENTRIES: usize = 2000;

struct Reader<'a> {
    path: &'a Path,
    positions: Positions<'a>,
}

impl Reader<'_> {
    /// Lists the environments, with where their names are and their tables.
    fn environments<'n>(&self, root: &'n Node) -> Result<Vec<(EnvName, usize, &'n Node)>, Error> {
        let Some(env) = self.unique(root, "env")? else {
            return Ok(Vec::new());
        };
        let env = &env.value;
        self.table("env", env)?;
        let named = |property: &'n Property| {
            let name = property.key.parse().map_err(|why: EnvNameError| {
                self.refuse(property.key_span.start, Problem::Environment(why))
            })?;
            let table = self
                .unique(env, &property.key)?
                .map_or(&property.value, |p| &p.value);
            self.table(&property.key, table)?;
            Ok((name, property.key_span.start, table))
        };
        env.properties().iter().map(named).collect()
    }

    /// Reads the `previews` in the table of `section`.
    fn previews(&self, section: Section, node: &Node) -> Result<Option<Scope>, Error> {
        let Some(previews) = self.unique(node, "previews")? else {
            return Ok(None);
        };
        self.table("previews", &previews.value)?;
        let start = previews.key_span.start;
        let scope = self.scope(section.previews(), Some(start), &previews.value);
        scope.map(Some)
    }

    fn scope(&self, section: Section, start: Option<usize>, node: &Node) -> Result<Scope, Error> {
        Ok(Scope {
            section,
            position: start.map(|start| self.position(start)),
            name: self.string(node, "name")?,
            account_id: self.string(node, "account_id")?,
            compliance_region: self.string(node, "compliance_region")?,
            entries: self.entries(node)?,
            used_names: used_names::in_scope(node)
                .map(|(name, kind, offset)| UsedName {
                    name: name.to_owned(),
                    kind: kind.to_owned(),
                    position: self.position(offset),
                })
                .collect(),
            not_inherited: inheritance::own_keys(node).map(str::to_owned).collect(),
        })
    }

    fn entries(&self, scope: &Node) -> Result<Vec<Entry>, Error> {
        let Some(property) = self.unique(scope, "kv_namespaces")? else {
            return Ok(Vec::new());
        };
        let (node, start) = (&property.value, property.key_span.start);
        match &node.kind {
            NodeKind::Array(..) => {}
            NodeKind::Object(_, Layout::Header | Layout::Implied) => {
                return Err(self.refuse(start, Problem::SingleTable));
            }
            _ => return Err(self.refuse(start, Problem::NotAnArray(node.noun()))),
        }
        let found = node.items().len();
        if found > MAX_ENTRIES {
            let most = MAX_ENTRIES;
            return Err(self.refuse(start, Problem::TooMany { found, most }));
        }
        let mut entries: Vec<Entry> = Vec::new();
        let mut places = HashMap::new();
        for item in node.items() {
            let entry = self.entry(item)?;
            if let Some(other) = places.insert(entry.binding.clone(), entry.position) {
                let problem = Problem::Duplicate {
                    binding: entry.binding,
                    other,
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
            id: self.id(item, Field::Id)?,
            preview_id: self.id(item, Field::PreviewId)?,
            remote: match self.boolean(item, "remote")? {
                Some(remote) => remote,
                None => self.boolean(item, "experimental_remote")?.unwrap_or(false),
            },
            ignored: ignored::keys(item)
                .map(|(offset, value)| Located {
                    value,
                    position: self.position(offset),
                })
                .collect(),
            position: self.position(start),
        })
    }

    /// Reads an id, or what stands in its place.
    fn id(&self, item: &Node, field: Field) -> Result<Option<Located<String>>, Error> {
        let Some(property) = self.unique(item, field.key())? else {
            return Ok(None);
        };
        let (value, position) = (&property.value, self.position(property.value.span.start));
        let Some(text) = value.as_str() else {
            let found = value.noun();
            return Err(self.refuse_at(position, Problem::IdType { field, found }));
        };
        if let Some(character) = text.chars().find(|c| c.is_control()) {
            let problem = Problem::IdCharacter { field, character };
            return Err(self.refuse_at(position, problem));
        }
        let value = text.to_owned();
        Ok(Some(Located { value, position }))
    }

    fn boolean(&self, node: &Node, key: &str) -> Result<Option<bool>, Error> {
        let Some(property) = self.unique(node, key)? else {
            return Ok(None);
        };
        if let NodeKind::Bool(value) = property.value.kind {
            return Ok(Some(value));
        }
        let problem = Problem::NotABoolean {
            key: key.to_owned(),
            found: property.value.noun(),
        };
        Err(self.refuse(property.value.span.start, problem))
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

    /// Finds a property that must not appear twice: parsers disagree about which one counts.
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
        self.positions.at(offset)
    }

    fn refuse(&self, offset: usize, problem: Problem) -> Error {
        self.refuse_at(self.position(offset), problem)
    }

    fn refuse_at(&self, position: Position, problem: Problem) -> Error {
        Error::Shape {
            at: Location {
                path: self.path.to_owned(),
                position,
            },
            problem,
        }
    }
}
