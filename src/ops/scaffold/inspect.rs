//! Compares a project with what would be scaffolded, without planning changes.

use std::path::{Path, PathBuf};

use super::{
    AbsentValue, Bindings, Error, ProjectFiles, bindings,
    env::env_plan,
    plan::{self, FileStatus},
    project::{ProjectFile, Surroundings, read_project},
};
use crate::{
    config::{Document, Manifest, Part, Scope},
    domain::{Binding, Hint, Suggestion},
    scaffold::{Overrides, Settings, Stamped, render, types::is_generated},
};

/// The state of a project's scaffolded files.
#[derive(Debug)]
pub struct ScaffoldState {
    /// Whether the project was scaffolded: it has a generated file where one is expected, or the type of
    /// the bindings where `scaffold` writes it, or `kvctl.toml` has a table `[scaffold]`. If not, nothing
    /// else here means anything.
    pub scaffolded: bool,
    /// The expected helper files. Without a `[scaffold]` table in `kvctl.toml`, only those that
    /// exist.
    pub files: Vec<FileState>,
    /// The file that declares `Env`; `None` if it is not wanted.
    pub env: Option<EnvState>,
    /// The type of the cache's values, if there is no file that has it.
    pub absent_value: Option<AbsentValue>,
}

/// The state of one helper file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileState {
    /// Which of them.
    pub part: Part,
    /// The file.
    pub path: PathBuf,
    /// Its status.
    pub status: FileStatus,
}

/// What `Env` lacks.
#[derive(Debug)]
pub struct EnvState {
    /// The file that declares the type, or would.
    pub path: PathBuf,
    /// The type.
    pub name: String,
    /// The bindings without a field in it.
    pub missing: Vec<Binding>,
    /// What adds them.
    pub remedy: Hint,
    /// Why it cannot be told what is missing: [`Error::Types`], [`Error::Encoding`] or
    /// [`Error::Binding`]. Its text begins with the file and the line.
    pub problem: Option<Error>,
}

/// Compares the project at `root` with what `kvctl scaffold` would write, for all sections of its
/// wrangler file. Read-only.
///
/// Fails only if a file cannot be read or would be outside of the project; what is wrong with `Env`
/// is part of the state.
pub fn inspect(
    root: &Path,
    document: Option<&Document>,
    manifest: Option<&Manifest>,
) -> Result<ScaffoldState, Error> {
    let settings = Settings::new(manifest, Overrides::default());
    let ProjectFiles {
        root,
        files,
        around,
        absent_value,
    } = read_project(root, &settings, document)?;
    let is_declared = manifest.is_some_and(|manifest| manifest.scaffold.is_some());
    let mut state = ScaffoldState {
        scaffolded: is_declared,
        files: Vec::new(),
        env: None,
        absent_value,
    };
    let mut has_type = false;
    for file in files {
        if file.part == Part::Types {
            let scopes: Vec<&Scope> = document
                .iter()
                .flat_map(|d| d.project().deployed_scopes())
                .collect();
            let bindings = bindings(document, &scopes, &[], manifest);
            let (env, is_ours) = EnvState::of(&root, file, &around, bindings);
            state.env = Some(env);
            has_type = is_ours;
            continue;
        }
        let before = file.before.as_deref();
        if before.is_none() && !is_declared {
            continue;
        }
        let text = before.and_then(|bytes| str::from_utf8(bytes).ok());
        state.scaffolded |= text.and_then(Stamped::read).is_some();
        let status = plan::status(before, &render(file.part, &settings));
        state.files.push(FileState {
            part: file.part,
            path: file.path,
            status,
        });
    }
    if let Some(env) = state.env.as_mut().filter(|_| has_type && !state.scaffolded) {
        state.scaffolded = true;
        let types = Suggestion::new("scaffold").option("--only", "types");
        env.remedy = Hint::run(types.sectionless()).text(" to add it");
    }
    Ok(state)
}

impl EnvState {
    /// Also returns whether the type is in the file that `scaffold` writes, with one of the bindings.
    fn of(
        root: &Path,
        file: ProjectFile,
        around: &Surroundings,
        bindings: Result<Bindings, Error>,
    ) -> (Self, bool) {
        let path = file.path.clone();
        let is_own = file.before.is_some() && !file.text().is_ok_and(is_generated);
        let planned = bindings.and_then(|bindings| {
            let env = env_plan(root, file, around, &bindings.fields())?;
            let is_missing = |binding: &Binding| env.missing.iter().any(|m| m == binding.as_str());
            let mut missing = bindings.names();
            let count = missing.len();
            missing.retain(is_missing);
            let has_some = missing.len() < count;
            Ok((env, missing, has_some))
        });
        match planned {
            Ok((env, missing, has_some)) => {
                let is_ours = is_own && has_some && env.declared_in == path;
                let state = Self {
                    path: env.declared_in,
                    name: env.name,
                    missing,
                    remedy: env.remedy,
                    problem: None,
                };
                (state, is_ours)
            }
            Err(problem) => {
                let state = Self {
                    path,
                    name: "Env".to_owned(),
                    missing: Vec::new(),
                    remedy: Hint::default(),
                    problem: Some(problem),
                };
                (state, false)
            }
        }
    }
}
