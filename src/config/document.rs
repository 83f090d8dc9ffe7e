//! A wrangler file: read, understood, and edited without touching what an edit is not about.
//!
//! An edit is a handful of splices into the author's text, so that every other byte survives by
//! construction. The result is parsed again and must say exactly the old file plus the edits;
//! otherwise it is thrown away. Nothing here writes a file.

use std::path::{Path, PathBuf};

use super::{Edit, Error, Field, Place, Position, Project, Scope, jsonc, layout, node::Node, toml};
use crate::domain::EnvName;

/// The language of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// TOML.
    Toml,
    /// JSON with comments and trailing commas.
    Jsonc,
}

impl Format {
    /// Tells the language from a file name.
    ///
    /// `wrangler.toml.template` and `wrangler.json.example` are what they would be without their
    /// last part; a name that says nothing is taken for TOML.
    pub fn of(path: &Path) -> Self {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let format = |part: &str| match part {
            "toml" => Some(Self::Toml),
            "json" | "jsonc" => Some(Self::Jsonc),
            _ => None,
        };
        name.rsplit('.').find_map(format).unwrap_or(Self::Toml)
    }

    /// Reads `text` into a tree.
    fn parse(self, path: &Path, text: &str) -> Result<Node, Error> {
        let refuse = |offset, message| Error::Syntax {
            at: Place {
                path: path.to_owned(),
                position: Position::of(text, offset),
            },
            message,
        };
        match self {
            Self::Toml => toml::parse(text).map_err(|error| {
                let offset = error.span().map_or(0, |span| span.start);
                refuse(offset, error.message().replace('\n', "; "))
            }),
            Self::Jsonc => {
                jsonc::parse(text).map_err(|refusal| refuse(refusal.offset, refusal.message))
            }
        }
    }
}

/// A wrangler file whose shape is known to be right.
#[derive(Clone, Debug)]
pub struct Document {
    path: PathBuf,
    format: Format,
    original: Option<Vec<u8>>,
    content: Content,
}

/// A text and what it says.
#[derive(Clone, Debug)]
pub(super) struct Content {
    pub(super) text: String,
    root: Node,
    project: Project,
}

impl Document {
    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Self, Error> {
        match fs_err::read(path) {
            Ok(bytes) => Self::parse(path.to_owned(), bytes),
            Err(source) => Err(Error::Read {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Understands `bytes` as the file at `path`, without looking at the disk.
    pub fn parse(path: PathBuf, bytes: Vec<u8>) -> Result<Self, Error> {
        let text = match str::from_utf8(&bytes) {
            Ok(text) => text.to_owned(),
            Err(error) => {
                let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
                let position = Position::of(&valid, valid.len());
                return Err(Error::Encoding {
                    at: Place { path, position },
                });
            }
        };
        Ok(Self {
            original: Some(bytes),
            ..Self::create(path, text)?
        })
    }

    /// Understands `text` as a file that is still to be made at `path`.
    pub fn create(path: PathBuf, text: String) -> Result<Self, Error> {
        let format = Format::of(&path);
        let content = Content::read(&path, format, text)?;
        Ok(Self {
            path,
            format,
            original: None,
            content,
        })
    }

    /// Returns where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the language of the file.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Returns the text, with its byte order mark if it has one.
    pub fn text(&self) -> &str {
        &self.content.text
    }

    /// Returns what was read; `None` for a file that is still to be made.
    pub fn original(&self) -> Option<&[u8]> {
        self.original.as_deref()
    }

    /// Returns what the file says.
    pub fn project(&self) -> &Project {
        &self.content.project
    }

    /// Finds a scope; `None` is the top level.
    pub fn scope(&self, environment: Option<&EnvName>) -> Result<&Scope, Error> {
        self.content.scope(&self.path, environment)
    }

    /// Returns the text after `edits`, in their order.
    ///
    /// No bytes change but those that the edits are about: without edits, or with edits that say
    /// what the file says already, the text is the same.
    pub fn edit(&self, edits: &[Edit]) -> Result<String, Error> {
        let mut content = self.content.clone();
        for group in groups(edits) {
            content = self.after(&content, group)?.0;
        }
        Ok(content.text)
    }

    #[cfg(test)]
    pub(super) fn content(&self) -> &Content {
        &self.content
    }

    /// Returns the content after one group of edits, and the splices that led there.
    pub(super) fn after(
        &self,
        before: &Content,
        group: &[Edit],
    ) -> Result<(Content, Vec<layout::Splice>), Error> {
        before.check(&self.path, group)?;
        let mut expected = before.root.clone();
        for edit in group {
            edit.apply(&mut expected);
        }
        let splices = layout::plan(self.format, &before.text, &before.root, group);
        let text = layout::apply(&before.text, &splices);
        let unclean = || Error::EditNotClean {
            path: self.path.clone(),
        };
        let content = Content::read(&self.path, self.format, text).map_err(|_refusal| unclean())?;
        if content.root.means_the_same_as(&expected) {
            Ok((content, splices))
        } else {
            Err(unclean())
        }
    }
}

/// Splits `edits` where the layout of one depends on the one before.
///
/// Entries that are added to one scope in a row are laid out together: an empty array becomes one
/// line for one of them and several lines for several.
pub(super) fn groups(edits: &[Edit]) -> impl Iterator<Item = &[Edit]> {
    edits.chunk_by(|a, b| match (a, b) {
        (Edit::Add { environment: a, .. }, Edit::Add { environment: b, .. }) => a == b,
        _ => false,
    })
}

impl Content {
    fn read(path: &Path, format: Format, text: String) -> Result<Self, Error> {
        let root = format.parse(path, &text)?;
        let project = Project::read(path, &text, &root)?;
        Ok(Self {
            text,
            root,
            project,
        })
    }

    fn scope(&self, path: &Path, environment: Option<&EnvName>) -> Result<&Scope, Error> {
        match (self.project.scope(environment), environment) {
            (None, Some(wanted)) => Err(Error::UnknownEnvironment {
                path: path.to_owned(),
                wanted: wanted.clone(),
                known: self
                    .project
                    .scopes()
                    .filter_map(|s| s.environment.clone())
                    .collect(),
            }),
            (scope, _) => Ok(scope.unwrap_or(&self.project.top)),
        }
    }

    /// Refuses edits that do not fit what the file says.
    fn check(&self, path: &Path, group: &[Edit]) -> Result<(), Error> {
        for (index, edit) in group.iter().enumerate() {
            let scope = self.scope(path, edit.environment())?;
            let at = |position| Place {
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
                        environment: edit.environment().cloned(),
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
    entry: &super::Entry,
    name: &str,
    at: impl Fn(Position) -> Place,
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
