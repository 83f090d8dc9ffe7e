//! What a user should know of a scaffolding.

use std::path::{Path, PathBuf};

use crate::{
    domain::{Hint, ShowPath as _, Suggestion},
    scaffold::types::Dialect,
};

use super::{AbsentValue, runtime_types::PACKAGE};

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
        /// Whether the command is known to add them.
        is_certain: bool,
    },
    /// Another type may be that of the bindings.
    OtherEnv {
        /// The file that declares it.
        path: PathBuf,
        /// Its name.
        name: String,
    },
    /// Nothing uses the new `Env` yet.
    New {
        /// The file that declares it.
        path: PathBuf,
        /// The file that the Worker begins with.
        main: PathBuf,
        /// What can be scaffolded without it.
        others: Vec<&'static str>,
    },
    /// Nothing uses a type of the wanted file.
    Unused {
        /// That file.
        path: PathBuf,
        /// The type.
        name: String,
        /// The type that the project uses.
        used: String,
        /// The file that declares it.
        declared_in: PathBuf,
    },
    /// There is no file that has the type of the cache's values.
    AbsentValue(AbsentValue),
    /// These are required members of this type, and only some environments have them.
    Required(Vec<String>, String),
    /// These are optional members of this type, and every environment has them.
    Optional(Vec<String>, String),
}

impl Note {
    /// Returns the note with paths that are shown as `display` says.
    #[must_use]
    pub fn displayed(mut self, display: impl Fn(&PathBuf) -> PathBuf) -> Self {
        match &mut self {
            Self::Regenerate { path, .. } | Self::OtherEnv { path, .. } => {
                *path = display(path);
            }
            Self::New { path, main, .. } => {
                *path = display(path);
                *main = display(main);
            }
            Self::Unused {
                path, declared_in, ..
            } => {
                *path = display(path);
                *declared_in = display(declared_in);
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
                path.shown()
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
                ..
            } => format!(
                "{} has no {} yet; run `{command}` to add what the wrangler file binds",
                path.shown(),
                missing.join(", ")
            ),
            Self::OtherEnv { path, name } => format!(
                "{path} declares `{name}`, too; `--types {path}` adds the bindings to that one",
                path = path.shown()
            ),
            Self::New { path, main, others } => return new_env(path, main, others),
            Self::Unused {
                path,
                name,
                used,
                declared_in,
            } => format!(
                "nothing uses `{name}` in {path}: the type of the bindings is `{used}` in {}; delete \
                 `{name}`, or make it another name of that type",
                declared_in.shown(),
                path = path.shown()
            ),
            Self::AbsentValue(value) => format!("{value}; {}", value.remedy()),
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
        };
        text.into()
    }
}

fn new_env(path: &Path, main: &Path, others: &[&str]) -> Hint {
    let (shown, path) = (main.shown(), path.shown());
    let extension = main.extension().and_then(|extension| extension.to_str());
    if extension.and_then(Dialect::of_extension).is_some() {
        return Hint::from(format!(
            "nothing uses `Env` in {path} yet: give it to the handlers, for example as \
             `ExportedHandler<Env>` in {shown}; if they have another type of the bindings, name its \
             file with `--types FILE`"
        ));
    }
    let hint = Hint::from(format!(
        "nothing uses `Env` in {path}, and {shown} is not TypeScript"
    ));
    if others.is_empty() {
        return hint;
    }
    let only = Suggestion::new("scaffold").option("--only", others.join(","));
    hint.text("; to leave the type out, run ")
        .and(only.sectionless())
}
