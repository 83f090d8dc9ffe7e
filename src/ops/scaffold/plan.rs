//! What is to be done, decided from what is there. Pure.

use std::path::{Path, PathBuf};

use super::{
    Bindings, Error, Found,
    look::Place,
    surroundings::{GENERATED, PACKAGE, Runtime},
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

/// What is to be done.
#[derive(Debug)]
pub struct Plan {
    /// One step a file.
    pub steps: Vec<Step>,
    /// The bindings that `Env` has afterwards.
    pub bindings: Vec<Binding>,
    /// What the user should know.
    pub notes: Vec<Note>,
}

/// What is to be done with one file.
#[derive(Debug)]
pub struct Step {
    /// Which of the files.
    pub part: Part,
    /// The file.
    pub path: PathBuf,
    /// What is to be done.
    pub action: Action,
    /// What the file holds, if there is one.
    pub before: Option<Vec<u8>>,
    /// What it is to hold.
    pub after: String,
    /// Where what it held is kept.
    pub backup: Option<PathBuf>,
}

/// What is to be done with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    Keep,
    /// Make it.
    Create,
    /// Bring it up to date: nobody has edited it.
    Update,
    /// Replace it though it is not as kvctl generated it.
    Replace,
    /// Nothing, because that would destroy something.
    Refuse(Reason),
}

/// Why a file is not replaced unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Somebody edited it.
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
    /// Says it.
    pub fn sentence(&self) -> String {
        match self {
            Self::Unprovisioned => {
                "no namespace is bound in the wrangler file yet; `kvctl provision` does that"
                    .to_owned()
            }
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
    /// Whether something is to be done.
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

/// Decides what is to be done; `force` replaces files that were edited, too.
pub fn plan(
    found: Found,
    settings: &Settings,
    bindings: &Bindings,
    force: bool,
) -> Result<Plan, Error> {
    let mut notes = Vec::new();
    if bindings.foreseen {
        notes.push(Note::Unprovisioned);
    }
    let Found {
        places,
        runtime,
        elsewhere,
    } = found;
    notes.extend(elsewhere.map(Note::OtherEnv));
    let mut steps = Vec::new();
    for place in places {
        steps.push(match place.part {
            Part::Types => types_step(place, &runtime, &bindings.names, &mut notes)?,
            Part::Cache | Part::Sessions | Part::RateLimit => helper_step(place, settings, force),
        });
    }
    Ok(Plan {
        steps,
        bindings: bindings.names.clone(),
        notes,
    })
}

fn helper_step(place: Place, settings: &Settings, force: bool) -> Step {
    let body = render(place.part, settings);
    let mut after = stamp(VERSION, &settings.command, &body);
    if let Some(before) = &place.before
        && before.windows(2).any(|pair| pair == b"\r\n")
    {
        after = after.replace('\n', "\r\n");
    }
    let action = match status(place.before.as_deref(), &body) {
        Status::Missing => Action::Create,
        Status::Current => Action::Keep,
        Status::Outdated => Action::Update,
        Status::Off(_) if force => Action::Replace,
        Status::Off(reason) => Action::Refuse(reason),
    };
    Step {
        part: place.part,
        path: place.path,
        backup: (action == Action::Replace).then_some(place.backup),
        action,
        before: place.before,
        after,
    }
}

/// How a helper file stands to what would be generated.
pub(super) enum Status {
    Missing,
    Current,
    Outdated,
    Off(Reason),
}

pub(super) fn status(before: Option<&[u8]>, body: &str) -> Status {
    let Some(before) = before else {
        return Status::Missing;
    };
    let stamped = str::from_utf8(before).ok().and_then(Stamped::read);
    match stamped {
        None => Status::Off(Reason::Foreign),
        Some(stamped) if stamped.body == body => Status::Current,
        Some(stamped) if !stamped.is_intact => Status::Off(Reason::Edited),
        Some(stamped) if is_newer(&stamped.version) => Status::Off(Reason::Newer(stamped.version)),
        Some(_) => Status::Outdated,
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
    place: Place,
    runtime: &Runtime,
    bindings: &[Binding],
    notes: &mut Vec<Note>,
) -> Result<Step, Error> {
    let before = text_of(&place)?;
    let names: Vec<&str> = bindings.iter().map(Binding::as_str).collect();
    let dialect = dialect(&place.path);
    let problem = |problem| Error::Types {
        path: place.path.clone(),
        problem,
        fields: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    let after = match runtime {
        Runtime::Generated(text) => {
            let missing = ungenerated(text, &names);
            if !missing.is_empty() {
                notes.push(Note::Regenerate(missing));
            }
            beside_generated(before, text, &place.path, notes).map_err(problem)?
        }
        Runtime::Global | Runtime::Package | Runtime::Unknown => {
            let naming = match runtime {
                Runtime::Global => Naming::Global,
                _ => Naming::Import,
            };
            let edited = types::add_bindings(before, dialect, &names, naming).map_err(problem)?;
            if edited.imported && matches!(runtime, Runtime::Unknown) {
                notes.push(Note::NoRuntimeTypes);
            }
            edited.text
        }
    };
    let action = match &place.before {
        _ if after == before => Action::Keep,
        None => Action::Create,
        Some(_) => Action::Update,
    };
    Ok(Step {
        part: place.part,
        path: place.path,
        action,
        after,
        before: place.before,
        backup: None,
    })
}

pub(super) fn ungenerated(generated: &str, names: &[&str]) -> Vec<String> {
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
pub(super) fn text_of(place: &Place) -> Result<&str, Error> {
    let bytes = place.before.as_deref().unwrap_or_default();
    str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        Error::Encoding {
            path: place.path.clone(),
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
