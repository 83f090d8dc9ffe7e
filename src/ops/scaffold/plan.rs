//! Plans the changes of scaffolding. Pure.

use std::path::{Path, PathBuf};

use super::{
    Bindings, Error, ProjectFiles,
    project::ProjectFile,
    runtime_types::{GENERATED, PACKAGE, RuntimeTypes},
};
use crate::{
    config::Part,
    domain::Binding,
    fsx::{self, Change},
    scaffold::{
        Settings, Stamped, VERSION, render, stamp,
        types::{self, Declared, Dialect, Naming},
    },
};

/// The plan of a scaffolding.
#[derive(Debug)]
pub struct Plan {
    /// One step a file.
    pub steps: Vec<Step>,
    /// The bindings that `Env` has afterwards.
    pub bindings: Vec<Binding>,
    /// What the user should know.
    pub notes: Vec<Note>,
}

/// The planned change of one file.
#[derive(Debug)]
pub struct Step {
    /// Which of the files.
    pub part: Part,
    /// The file.
    pub path: PathBuf,
    /// The plan of a scaffolding.
    pub action: Action,
    /// What the file holds, if there is one.
    pub before: Option<Vec<u8>>,
    /// Its new content.
    pub after: String,
    /// Where what it held is kept.
    pub backup: Option<PathBuf>,
}

/// The action for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    Keep,
    /// Make it.
    Create,
    /// Update it; it was not edited.
    Update,
    /// Replace it though it is not as kvctl generated it.
    Replace,
    /// Nothing, because that would destroy something.
    Refuse(Reason),
}

/// Why a file is only replaced with `--force`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It was edited.
    Edited,
    /// kvctl did not generate it.
    Foreign,
    /// A newer version of kvctl generated it.
    Newer(String),
}

/// What the user should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// No section of the wrangler file has a namespace yet.
    Unprovisioned,
    /// The bindings are in this file, which cannot be read.
    TypeScript(PathBuf),
    /// The types of the runtime do not seem to be there.
    NoRuntimeTypes,
    /// `wrangler types` has to be run for these.
    Regenerate(Vec<String>),
    /// Another file has an `Env`, too.
    OtherEnv(PathBuf),
    /// `Env` has fields of its own beside what `wrangler types` generates.
    OwnEnv(PathBuf),
}

impl Note {
    /// Returns the note as a sentence.
    pub fn sentence(&self) -> String {
        match self {
            Self::Unprovisioned => {
                "no namespace is bound in the wrangler file yet; `kvctl provision` does that"
                    .to_owned()
            }
            Self::TypeScript(path) => format!(
                "kvctl cannot read the bindings in {}; declare those that `Env` needs in kvctl.toml",
                path.display()
            ),
            Self::NoRuntimeTypes => format!(
                "the types of the Workers runtime were not found; to check types, run `npm install \
                 --save-dev {PACKAGE}`, or `npx wrangler types` and then `kvctl scaffold` again"
            ),
            Self::Regenerate(missing) => format!(
                "{GENERATED} has no {} yet; run `npx wrangler types` to add what the wrangler file \
                 binds",
                missing.join(", ")
            ),
            Self::OtherEnv(path) => format!(
                "{path} declares an `Env`, too; `--types {path}` adds the bindings to that one",
                path = path.display()
            ),
            Self::OwnEnv(path) => format!(
                "{} declares fields of `Env` beside those of {GENERATED}, and no field was added; \
                 `export type Env = Cloudflare.Env;` in their place cannot fall behind",
                path.display()
            ),
        }
    }
}

impl Plan {
    /// Whether anything would change.
    pub fn is_pending(&self) -> bool {
        self.steps.iter().any(|step| step.action != Action::Keep)
    }

    /// Lists the files that are left as they are because they are not as kvctl generated them.
    pub fn refused(&self) -> impl Iterator<Item = (&Step, &Reason)> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Refuse(reason) => Some((step, reason)),
            _ => None,
        })
    }

    /// Makes all changes, or none.
    pub fn write(&self) -> Result<(), fsx::Error> {
        let mut changes = Vec::new();
        for step in &self.steps {
            if matches!(step.action, Action::Keep | Action::Refuse(_)) {
                continue;
            }
            if let (Some(path), Some(before)) = (&step.backup, &step.before) {
                changes.push(Change {
                    path: path.clone(),
                    expected: None,
                    bytes: before.clone(),
                });
            }
            changes.push(Change {
                path: step.path.clone(),
                expected: step.before.clone(),
                bytes: step.after.clone().into_bytes(),
            });
        }
        fsx::write_all_or_none(&changes)
    }
}

/// Plans the changes; `force` also replaces files that were edited.
pub fn plan(
    found: ProjectFiles,
    settings: &Settings,
    bindings: &Bindings,
    force: bool,
) -> Result<Plan, Error> {
    let mut notes = Vec::new();
    if bindings.unprovisioned {
        notes.push(Note::Unprovisioned);
    }
    let ProjectFiles {
        files,
        runtime_types,
        elsewhere,
    } = found;
    notes.extend(elsewhere.map(Note::OtherEnv));
    let mut steps = Vec::new();
    for file in files {
        steps.push(match file.part {
            Part::Types => types_step(file, &runtime_types, &bindings.names, &mut notes)?,
            Part::Cache | Part::Sessions | Part::RateLimit => helper_step(file, settings, force),
        });
    }
    Ok(Plan {
        steps,
        bindings: bindings.names.clone(),
        notes,
    })
}

fn helper_step(file: ProjectFile, settings: &Settings, force: bool) -> Step {
    let body = render(file.part, settings);
    let mut after = stamp(VERSION, &settings.command, &body);
    if let Some(before) = &file.before
        && before.windows(2).any(|pair| pair == b"\r\n")
    {
        after = after.replace('\n', "\r\n");
    }
    let action = match status(file.before.as_deref(), &body) {
        FileStatus::Missing => Action::Create,
        FileStatus::Current => Action::Keep,
        FileStatus::Outdated => Action::Update,
        FileStatus::Differs(_) if force => Action::Replace,
        FileStatus::Differs(reason) => Action::Refuse(reason),
    };
    Step {
        part: file.part,
        path: file.path,
        backup: (action == Action::Replace).then_some(file.backup),
        action,
        before: file.before,
        after,
    }
}

/// How a helper file differs from what would be generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileStatus {
    /// It does not exist.
    Missing,
    /// Its body is what would be generated, by whatever version of kvctl.
    Current,
    /// It was generated from another template or with other options, and was not edited.
    Outdated,
    /// It was edited, or is not a file of this version of kvctl.
    Differs(Reason),
}

pub(super) fn status(before: Option<&[u8]>, body: &str) -> FileStatus {
    let Some(before) = before else {
        return FileStatus::Missing;
    };
    let stamped = str::from_utf8(before).ok().and_then(Stamped::read);
    match stamped {
        None => FileStatus::Differs(Reason::Foreign),
        Some(stamped) if stamped.body == body => FileStatus::Current,
        Some(stamped) if !stamped.is_intact => FileStatus::Differs(Reason::Edited),
        Some(stamped) if is_newer(&stamped.version) => {
            FileStatus::Differs(Reason::Newer(stamped.version))
        }
        Some(_) => FileStatus::Outdated,
    }
}

/// Whether `version` is of a kvctl that this one knows nothing about.
fn is_newer(version: &str) -> bool {
    let numbers = |version: &str| -> Vec<u64> {
        let plain = version.split(['-', '+']).next().unwrap_or_default();
        plain
            .split('.')
            .map_while(|part| part.parse().ok())
            .collect()
    };
    numbers(version) > numbers(VERSION)
}

fn types_step(
    file: ProjectFile,
    runtime_types: &RuntimeTypes,
    bindings: &[Binding],
    notes: &mut Vec<Note>,
) -> Result<Step, Error> {
    let before = text_of(&file)?;
    let names: Vec<&str> = bindings.iter().map(Binding::as_str).collect();
    let dialect = dialect(&file.path);
    let problem = |problem| Error::Types {
        path: file.path.clone(),
        problem,
        fields: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    let after = match runtime_types {
        RuntimeTypes::Generated(text) => {
            let missing = not_generated(text, &names);
            if !missing.is_empty() {
                notes.push(Note::Regenerate(missing));
            }
            beside_generated(before, text, &file.path, notes).map_err(problem)?
        }
        RuntimeTypes::Global | RuntimeTypes::Package | RuntimeTypes::Unknown => {
            let naming = match runtime_types {
                RuntimeTypes::Global => Naming::Global,
                _ => Naming::Import,
            };
            let edited = types::add_bindings(before, dialect, &names, naming).map_err(problem)?;
            if edited.imported && matches!(runtime_types, RuntimeTypes::Unknown) {
                notes.push(Note::NoRuntimeTypes);
            }
            edited.text
        }
    };
    let action = match &file.before {
        _ if after == before => Action::Keep,
        None => Action::Create,
        Some(_) => Action::Update,
    };
    Ok(Step {
        part: file.part,
        path: file.path,
        action,
        after,
        before: file.before,
        backup: None,
    })
}

pub(super) fn not_generated(generated: &str, names: &[&str]) -> Vec<String> {
    let missing = names
        .iter()
        .filter(|name| !types::is_generated_for(generated, name));
    missing.map(|name| (*name).to_owned()).collect()
}

/// Returns the text of a file beside one that `wrangler types` generates: fields are that one's.
fn beside_generated(
    before: &str,
    generated: &str,
    path: &Path,
    notes: &mut Vec<Note>,
) -> Result<String, types::Problem> {
    let dialect = dialect(path);
    match types::declared(before, dialect)? {
        Declared::Nothing if generated.contains("namespace Cloudflare") => {
            return types::add_alias(before, dialect);
        }
        Declared::Fields => notes.push(Note::OwnEnv(path.to_owned())),
        Declared::Nothing | Declared::Generated | Declared::Elsewhere => {}
    }
    Ok(before.to_owned())
}

/// Returns the text of a file; nothing, if there is none.
pub(super) fn text_of(file: &ProjectFile) -> Result<&str, Error> {
    let bytes = file.before.as_deref().unwrap_or_default();
    str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        Error::Encoding {
            path: file.path.clone(),
            line: before.matches('\n').count() + 1,
        }
    })
}

pub(super) fn dialect(path: &Path) -> Dialect {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension
        .and_then(Dialect::of_extension)
        .unwrap_or(Dialect::TypeScript)
}
