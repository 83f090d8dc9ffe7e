//! Plans the changes of scaffolding. Pure.

use std::path::PathBuf;

use super::{
    AbsentValue, Bindings, Error, ProjectFiles,
    env::{EnvPlan, env_plan},
    project::ProjectFile,
};
use crate::{
    config::Part,
    domain::Binding,
    fsx::{self, Change},
    scaffold::{Settings, Stamped, VERSION, render, stamp},
};

pub use super::notes::Note;

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

    /// Returns the file that `wrangler types` generated and has to generate again, and the command.
    pub fn outdated_types(&self) -> Option<(&PathBuf, &str)> {
        let is_guess = |note: &Note| matches!(note, Note::Unprovisioned | Note::TypeScript(_));
        if self.notes.iter().any(is_guess) {
            return None;
        }
        self.notes.iter().find_map(|note| match note {
            Note::Regenerate {
                path,
                command,
                is_certain: true,
                ..
            } => Some((path, command.as_str())),
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
    let fields = bindings.fields();
    let mut steps = Vec::new();
    for file in found.files {
        steps.push(match file.part {
            Part::Types => {
                let env = env_plan(&found.root, file, &found.around, &fields)?;
                notes.extend(env.notes.iter().cloned());
                types_step(env)
            }
            Part::Cache | Part::Sessions | Part::RateLimit => helper_step(file, settings, force),
        });
    }
    // The file of `Env` may be the one.
    let is_made = |value: &AbsentValue| steps.iter().any(|step| value.paths.contains(&step.path));
    let absent = found.absent_value.filter(|value| !is_made(value));
    notes.extend(absent.map(Note::AbsentValue));
    Ok(Plan {
        steps,
        bindings: bindings.names(),
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

fn types_step(env: EnvPlan) -> Step {
    let action = match (&env.after, &env.before) {
        (None, _) => Action::Keep,
        (Some(_), None) => Action::Create,
        (Some(_), Some(_)) => Action::Update,
    };
    let before = env.before.as_deref().unwrap_or_default();
    let after = env
        .after
        .unwrap_or_else(|| String::from_utf8_lossy(before).into_owned());
    Step {
        part: Part::Types,
        path: env.path,
        action,
        after,
        before: env.before,
        backup: None,
    }
}
