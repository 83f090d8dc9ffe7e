//! Compares a project with what would be scaffolded, without planning changes.

use std::path::{Path, PathBuf};

use super::{
    Error, ProjectFiles, bindings,
    plan::{self, FileStatus},
    project::{self, read_project},
    runtime_types::RuntimeTypes,
};
use crate::{
    config::{Document, Manifest, Part, Scope},
    domain::Binding,
    scaffold::{
        Overrides, Settings, Stamped, render,
        types::{self, Declared, Naming},
    },
};

/// The state of a project's scaffolded files.
#[derive(Debug)]
pub struct ScaffoldState {
    /// Whether the project was scaffolded: it has a generated file where one is expected, or
    /// `kvctl.toml` has a table `[scaffold]`. If not, nothing else here means anything.
    pub scaffolded: bool,
    /// The expected helper files. Without a `[scaffold]` table in `kvctl.toml`, only those that
    /// exist.
    pub files: Vec<FileState>,
    /// The file that declares `Env`; `None` if it is not wanted.
    pub env: Option<EnvState>,
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
    /// The file.
    pub path: PathBuf,
    /// The bindings without a field in it.
    pub missing: Vec<Binding>,
    /// Whether `wrangler types` generates the fields, so that running it adds what is missing.
    pub generated: bool,
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
        files,
        runtime_types,
        ..
    } = read_project(root, &settings)?;
    let is_declared = manifest.is_some_and(|manifest| manifest.scaffold.is_some());
    let mut state = ScaffoldState {
        scaffolded: is_declared,
        files: Vec::new(),
        env: None,
    };
    for file in files {
        if file.part == Part::Types {
            let scopes: Vec<&Scope> = document
                .iter()
                .flat_map(|d| d.project().deployed_scopes())
                .collect();
            let bindings = bindings(document, &scopes, &[], manifest);
            let missing_bindings =
                bindings.and_then(|b| missing_bindings(&file, &runtime_types, &b.names));
            let (missing, problem) = match missing_bindings {
                Ok(missing) => (missing, None),
                Err(problem) => (Vec::new(), Some(problem)),
            };
            state.env = Some(EnvState {
                path: file.path,
                missing,
                generated: matches!(runtime_types, RuntimeTypes::Generated(_)),
                problem,
            });
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
    Ok(state)
}

fn missing_bindings(
    file: &project::ProjectFile,
    runtime_types: &RuntimeTypes,
    bindings: &[Binding],
) -> Result<Vec<Binding>, Error> {
    let names: Vec<&str> = bindings.iter().map(Binding::as_str).collect();
    let text = plan::text_of(file)?;
    let dialect = plan::dialect(&file.path);
    let problem = |problem| Error::Types {
        path: file.path.clone(),
        problem,
        fields: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    let missing = match runtime_types {
        RuntimeTypes::Generated(generated) => {
            match types::declared(text, dialect).map_err(problem)? {
                Declared::Fields => missing_fields(text, dialect, &names).map_err(problem)?,
                _ => plan::not_generated(generated, &names),
            }
        }
        _ => missing_fields(text, dialect, &names).map_err(problem)?,
    };
    let is_missing = |binding: &&Binding| missing.iter().any(|name| name == binding.as_str());
    Ok(bindings.iter().filter(is_missing).cloned().collect())
}

fn missing_fields(
    text: &str,
    dialect: types::Dialect,
    names: &[&str],
) -> Result<Vec<String>, types::Problem> {
    // How the type would be named does not matter to what is there.
    Ok(types::add_bindings(text, dialect, names, Naming::Global)?.added)
}
