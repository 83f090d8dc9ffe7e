//! What a user should know of a scaffolding.

use std::path::PathBuf;

use crate::domain::{Hint, Suggestion};

use super::runtime_types::PACKAGE;

/// What the user should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// No section of the wrangler file has a namespace yet.
    Unprovisioned,
    /// The bindings are in this file, which cannot be read.
    TypeScript(PathBuf),
    /// The types of the runtime do not seem to be there.
    NoRuntimeTypes,
    /// `wrangler types` has to be run again.
    Regenerate {
        /// The file that it generated.
        path: PathBuf,
        /// The bindings that are missing there.
        missing: Vec<String>,
        /// The command.
        command: String,
    },
    /// Another type may be that of the bindings.
    OtherEnv {
        /// The file that declares it.
        path: PathBuf,
        /// Its name.
        name: String,
    },
    /// The type that the project uses is not the one that `wrangler types` generates.
    OwnEnv {
        /// The file that declares it.
        path: PathBuf,
        /// Its name.
        name: String,
        /// The type that is generated.
        generated: String,
        /// The bindings that it lacks.
        missing: Vec<String>,
    },
    /// These are required members of this type, and only some environments have them.
    Required(Vec<String>, String),
    /// These are optional members of this type, and every environment has them.
    Optional(Vec<String>, String),
    /// The project has more files than were searched.
    SearchCut,
}

impl Note {
    /// Returns the note with paths that are shown as `display` says.
    #[must_use]
    pub fn displayed(mut self, display: impl Fn(&PathBuf) -> PathBuf) -> Self {
        match &mut self {
            Self::Regenerate { path, .. }
            | Self::OtherEnv { path, .. }
            | Self::OwnEnv { path, .. } => {
                *path = display(path);
            }
            _ => {}
        }
        self
    }

    /// Returns the note as a sentence.
    pub fn sentence(&self) -> Hint {
        let text = match self {
            Self::Unprovisioned => {
                return Hint::from("no namespace is bound in the wrangler file yet; ")
                    .and(Suggestion::new("provision"))
                    .text(" does that");
            }
            Self::TypeScript(path) => format!(
                "kvctl cannot read the bindings in {}; declare those that the Worker needs in kvctl.toml",
                path.display()
            ),
            Self::NoRuntimeTypes => {
                return Hint::from(format!(
                    "the types of the Workers runtime were not found; to check types, run `npm install \
                     --save-dev {PACKAGE}`, or `npx wrangler types` and then "
                ))
                .and(Suggestion::new("scaffold").sectionless());
            }
            Self::Regenerate {
                path,
                missing,
                command,
            } => format!(
                "{} has no {} yet; run `{command}` to add what the wrangler file binds",
                path.display(),
                missing.join(", ")
            ),
            Self::OtherEnv { path, name } => format!(
                "{path} declares `{name}`, too; `--types {path}` adds the bindings to that one",
                path = path.display()
            ),
            Self::OwnEnv {
                path,
                name,
                generated,
                missing,
            } => own_env(&path.display().to_string(), name, generated, missing),
            Self::Required(names, name) => format!(
                "not every environment binds {}, which `{name}` says is always there; with `?` after \
                 the name, the compiler asks for a check",
                names.join(", ")
            ),
            Self::Optional(names, name) => format!(
                "every environment binds {}, which `{name}` says may be missing; without the `?` it \
                 can be used without a check",
                names.join(", ")
            ),
            Self::SearchCut => {
                "the project has more files than were searched for the type of the bindings; \
                 `--types FILE` names the one that has it"
                    .to_owned()
            }
        };
        text.into()
    }
}

fn own_env(path: &str, name: &str, generated: &str, missing: &[String]) -> String {
    let lacking = match missing {
        [] => String::new(),
        missing => format!(" and lacks {}", missing.join(", ")),
    };
    format!(
        "`{name}` in {path} is written by hand{lacking}, beside `{generated}`, which `wrangler types` \
         generates; no field was added: use `{generated}` in its place, which cannot fall behind"
    )
}
