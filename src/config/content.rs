//! A text, what it says, and whether an edit fits that.

use std::path::Path;

use super::{
    Edit, Entry, Error, Field, Format, Location, Position, Project, Scope, node::Node, reader,
};
use crate::domain::{EnvName, Section};

/// A text and what it says.
#[derive(Clone, Debug)]
pub(super) struct Content {
    pub(super) text: String,
    pub(super) root: Node,
    pub(super) project: Project,
    /// Environments that the text may not have yet: the first edit of one adds it.
    added: Vec<EnvName>,
}

impl Content {
    pub(super) fn read(path: &Path, format: Format, text: String) -> Result<Self, Error> {
        let root = format.parse(path, &text)?;
        let project = reader::read(path, &text, &root)?;
        Ok(Self {
            text,
            root,
            project,
            added: Vec::new(),
        })
    }

    /// Adds environments without bindings, where they are not there yet.
    pub(super) fn with_environments(mut self, names: &[EnvName]) -> Self {
        for name in names {
            let section = Section::from(name.clone());
            if self.project.scope(&section).is_none() {
                self.project.environments.push(Scope {
                    section,
                    ..Scope::default()
                });
            }
        }
        self.added.extend_from_slice(names);
        self
    }

    /// Reads `text`, which comes after this one.
    pub(super) fn next(&self, path: &Path, format: Format, text: String) -> Result<Self, Error> {
        Ok(Self::read(path, format, text)?.with_environments(&self.added))
    }

    pub(super) fn scope(&self, path: &Path, section: &Section) -> Result<&Scope, Error> {
        if let Some(scope) = self.project.scope(section) {
            return Ok(scope);
        }
        let path = path.to_owned();
        let environments = &self.project.environments;
        let known = environments.iter().filter_map(|s| s.section.environment());
        match section.environment() {
            Some(wanted) if self.project.scope(&section.deployed()).is_none() => {
                Err(Error::UnknownEnvironment {
                    path,
                    wanted: wanted.clone(),
                    known: known.cloned().collect(),
                    selected_by: None,
                })
            }
            _ => Err(Error::NoPreviews { path }),
        }
    }

    /// Refuses edits that do not fit what the file says.
    pub(super) fn check(&self, path: &Path, group: &[Edit]) -> Result<(), Error> {
        for (index, edit) in group.iter().enumerate() {
            let scope = self.scope(path, edit.section())?;
            let at = |position| Location {
                path: path.to_owned(),
                position,
            };
            let entry = scope
                .entries
                .iter()
                .find(|entry| entry.binding == *edit.binding());
            let Some(entry) = entry else {
                if !matches!(edit, Edit::Add { .. }) {
                    return Err(Error::UnknownBinding {
                        path: path.to_owned(),
                        section: edit.section().clone(),
                        wanted: edit.binding().clone(),
                        known: scope.entries.iter().map(|e| e.binding.clone()).collect(),
                    });
                }
                if group[..index]
                    .iter()
                    .any(|other| other.binding() == edit.binding())
                {
                    let position = Position::of(&self.text, self.text.len());
                    let binding = edit.binding().clone();
                    return Err(Error::AlreadyBound {
                        at: at(position),
                        binding,
                    });
                }
                continue;
            };
            match edit {
                Edit::Add { binding, .. } => {
                    let binding = binding.clone();
                    return Err(Error::AlreadyBound {
                        at: at(entry.position),
                        binding,
                    });
                }
                Edit::Remove {
                    field: Field::Binding,
                    ..
                } => {
                    return Err(Error::BindingNeeded {
                        at: at(entry.position),
                    });
                }
                Edit::Set {
                    field: Field::Binding,
                    value,
                    ..
                } => {
                    check_name(scope, entry, value, at)?;
                }
                Edit::Set { .. } | Edit::Remove { .. } => {}
            }
        }
        Ok(())
    }
}

fn check_name(
    scope: &Scope,
    entry: &Entry,
    name: &str,
    at: impl Fn(Position) -> Location,
) -> Result<(), Error> {
    let Ok(binding) = name.parse() else {
        return Err(Error::BindingNeeded {
            at: at(entry.position),
        });
    };
    let others = scope
        .entries
        .iter()
        .filter(|other| other.binding != entry.binding);
    match others.into_iter().find(|other| other.binding == binding) {
        Some(other) => Err(Error::AlreadyBound {
            at: at(other.position),
            binding,
        }),
        None => Ok(()),
    }
}
