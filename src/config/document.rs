//! A wrangler file: read, understood, and edited without touching what an edit is not about.
//!
//! An edit is a handful of splices into the author's text, so that every other byte survives by
//! construction. The result is parsed again and must say exactly the old file plus the edits;
//! otherwise it is thrown away. Nothing here writes a file.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use super::{
    DeployedAs, Edit, Error, Field, Format, Location, Position, Project, Scope, content::Content,
    layout,
};
use crate::{
    domain::{EnvName, Section},
    fsx,
};

/// The most that a wrangler file may hold, in bytes.
const MAX_BYTES: u64 = 16 << 20;

/// A wrangler file whose shape is known to be right.
#[derive(Clone, Debug)]
pub struct Document {
    path: PathBuf,
    format: Format,
    original: Option<Vec<u8>>,
    content: Content,
    selected: Option<Selected>,
}

/// The environment that a variable selects, for the error that the file does not have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// The environment.
    pub environment: EnvName,
    /// The variable, and the env file that sets it.
    pub by: String,
}

impl Document {
    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Self, Error> {
        match fsx::read_file(path, MAX_BYTES) {
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
                    at: Location { path, position },
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
            selected: None,
        })
    }

    /// Makes up the smallest file that wrangler takes, still to be made at `path`.
    ///
    /// `date` is the compatibility date, `YYYY-MM-DD`.
    pub fn minimal(path: PathBuf, name: &str, date: &str) -> Result<Self, Error> {
        let text = match Format::of(&path) {
            Format::Toml => format!("name = \"{name}\"\ncompatibility_date = \"{date}\"\n"),
            Format::Jsonc => {
                format!("{{\n  \"name\": \"{name}\",\n  \"compatibility_date\": \"{date}\"\n}}\n")
            }
        };
        Self::create(path, text)
    }

    /// Adds an environment without bindings, where the file has none of this name. The text stays the
    /// same until an edit adds a binding to it.
    #[must_use]
    pub fn with_environment(self, name: EnvName) -> Self {
        let content = self.content.with_environments(&[name]);
        Self { content, ..self }
    }

    /// Says who selects an environment, if it is not the command line.
    #[must_use]
    pub fn selecting(self, selected: Option<Selected>) -> Self {
        Self { selected, ..self }
    }

    /// Says what decides the name under which a section is deployed, in place of the file; only a
    /// Worker can have such a name. Returns whether that makes a difference.
    pub fn deploy_as(&mut self, deployed_as: DeployedAs) -> bool {
        let project = &mut self.content.project;
        if project.scope(&deployed_as.section).is_none() {
            return false;
        }
        let own = project.deployed_name(&deployed_as.section);
        if project.is_pages || own.is_ok_and(|own| own == deployed_as.name) {
            return false;
        }
        project.deployed_as = Some(deployed_as);
        true
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

    /// Finds what holds in a section.
    pub fn scope(&self, section: &Section) -> Result<&Scope, Error> {
        let found = self.content.scope(&self.path, section);
        found.map_err(|mut error| {
            if let Error::UnknownEnvironment {
                wanted,
                selected_by,
                ..
            } = &mut error
                && let Some(selected) = &self.selected
                && selected.environment == *wanted
            {
                *selected_by = Some(selected.by.clone());
            }
            error
        })
    }

    /// Refuses a file that has keys which wrangler ignores, and which must have been meant: what is made
    /// beside them may be a second namespace for one that they name.
    pub fn refuse_ignored(&self) -> Result<(), Error> {
        let mut entries = self.project().scopes().flat_map(|scope| &scope.entries);
        let Some(first) = entries.find_map(|entry| entry.ignored.first()) else {
            return Ok(());
        };
        Err(Error::Shape {
            at: Location {
                path: self.path.clone(),
                position: first.position,
            },
            problem: first.value.clone(),
        })
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

    pub(super) fn content(&self) -> &Content {
        &self.content
    }

    /// Returns the content after one group of edits, and the splices that led there: those that make
    /// the edits, and over their result those that break lines that have become too long.
    pub(super) fn after(
        &self,
        before: &Content,
        group: &[Edit],
    ) -> Result<(Content, [Vec<layout::Splice>; 2]), Error> {
        before.check(&self.path, group)?;
        let mut expected = before.root.clone();
        for edit in group {
            edit.apply(&mut expected);
        }
        let next = |text| {
            let content = before.next(&self.path, self.format, text);
            content
                .ok()
                .filter(|content| content.root.means_the_same_as(&expected))
                .ok_or_else(|| Error::EditNotClean {
                    path: self.path.clone(),
                })
        };
        let splices = layout::plan(self.format, &before.text, &before.root, group);
        let content = next(layout::apply(&before.text, &splices))?;
        let folds = layout::fold(
            self.format,
            (&before.text, &before.root),
            &splices,
            (&content.text, &content.root),
        );
        if folds.is_empty() {
            return Ok((content, [splices, folds]));
        }
        let folded = next(layout::apply(&content.text, &folds))?;
        Ok((folded, [splices, folds]))
    }
}

/// Splits `edits` where the layout of one depends on the one before.
///
/// Entries that are added to one scope in a row are laid out together: an empty array becomes one
/// line for one of them and several lines for several. Ids of several entries are set together, for
/// the text is read again after each group.
pub(super) fn groups(edits: &[Edit]) -> impl Iterator<Item = &[Edit]> {
    let mut left = edits;
    std::iter::from_fn(move || {
        let first = left.first()?;
        let mut known = HashSet::from([first.binding()]);
        let fits = |next: &Edit| match (first, next) {
            (Edit::Add { .. }, Edit::Add { .. }) => true,
            (Edit::Set { field: a, .. }, Edit::Set { field: b, .. }) => {
                *a != Field::Binding && *b != Field::Binding
            }
            _ => false,
        };
        let mut length = 1;
        for next in &left[1..] {
            let is_new = matches!(next, Edit::Add { .. }) || known.insert(next.binding());
            if next.section() != first.section() || !fits(next) || !is_new {
                break;
            }
            length += 1;
        }
        let (group, rest) = left.split_at(length);
        left = rest;
        Some(group)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toml(text: &str) -> Document {
        Document::create(PathBuf::from("w.toml"), text.to_owned()).unwrap()
    }

    fn add(environment: Option<&str>, binding: &str) -> Edit {
        Edit::Add {
            section: environment.map(|name| name.parse().unwrap()).into(),
            binding: binding.parse().unwrap(),
            id: None,
            preview_id: None,
        }
    }

    fn set(binding: &str, field: Field, value: &str) -> Edit {
        let binding = binding.parse().unwrap();
        Edit::Set {
            section: Section::TOP,
            binding,
            field,
            value: value.to_owned(),
        }
    }

    const TWO: &str = "[[kv_namespaces]]\nbinding = 'A'\n[[kv_namespaces]]\nbinding = 'B'\n";

    #[test]
    fn what_cannot_be_read_is_refused_with_a_position() {
        let parse = |name: &str, bytes: &[u8]| {
            Document::parse(PathBuf::from(name), bytes.to_vec())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            parse("w.toml", b"a = 1\nb = \xff"),
            "w.toml:2:5: the file is not UTF-8 text"
        );
        assert_eq!(
            parse("w.toml", "é = 1".as_bytes()),
            "w.toml:1:1: invalid unquoted key, expected letters, numbers, `-`, `_`"
        );
        assert_eq!(parse("w.json", b"{\n  'a': 1 }").lines().count(), 1);
        assert!(parse("w.json", b"\xef\xbb\xbf{\n  'a': 1 }").starts_with("w.json:2:3: single-"));
        let missing = Document::read(Path::new("/kvctl-no-such/w.toml")).unwrap_err();
        assert!(matches!(missing, Error::Read { .. }));
    }

    #[test]
    fn an_edit_that_does_not_fit_is_refused() {
        let cases = [
            (
                add(Some("x"), "C"),
                "w.toml: no environment `x`; the file has none",
            ),
            (add(None, "B"), "w.toml:3:1: `B` is bound here already"),
            (
                set("C", Field::Id, ""),
                "w.toml: no binding `C` in the top level; it has `A` and `B`",
            ),
            (
                set("A", Field::Binding, "B"),
                "w.toml:3:1: `B` is bound here already",
            ),
            (
                set("A", Field::Binding, ""),
                "w.toml:1:1: an entry needs a binding",
            ),
            (
                Edit::Remove {
                    section: Section::TOP,
                    binding: "A".parse().unwrap(),
                    field: Field::Binding,
                },
                "w.toml:1:1: an entry needs a binding",
            ),
        ];
        for (edit, expected) in cases {
            let message = toml(TWO).edit(&[edit]).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
        assert!(toml(TWO).edit(&[add(None, "C"), add(None, "C")]).is_err());
    }

    #[test]
    fn what_the_file_says_already_changes_nothing() {
        let document = toml(TWO);
        let remove = Edit::Remove {
            section: Section::TOP,
            binding: "A".parse().unwrap(),
            field: Field::Id,
        };
        let edits = [set("A", Field::Binding, "A"), remove];
        assert_eq!(document.edit(&edits).unwrap(), TWO);
    }

    #[test]
    fn a_file_still_to_be_made_has_no_original() {
        assert_eq!(toml(TWO).original(), None);
        let read = Document::parse(PathBuf::from("w.toml"), TWO.into()).unwrap();
        assert_eq!(read.original(), Some(TWO.as_bytes()));
    }
}
