//! Reads the files of a project that scaffolding works on.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{
    Error,
    confine::{inside, read_error},
    runtime_types::RuntimeTypes,
};
use crate::{
    config::Part,
    scaffold::{
        Settings,
        types::{self, Declared, Dialect},
    },
};

/// Common places of `Env`.
const COMMON_PATHS: [&str; 7] = [
    "src/index.ts",
    "src/worker.ts",
    "src/types.ts",
    "src/env.ts",
    "src/env.d.ts",
    "env.d.ts",
    "index.ts",
];

/// The files of a project that scaffolding works on.
#[derive(Debug)]
pub struct ProjectFiles {
    /// The files, in the order of the settings.
    pub(super) files: Vec<ProjectFile>,
    /// How the project gets the types of the runtime.
    pub(super) runtime_types: RuntimeTypes,
    /// Another file that has an `Env`, where the wanted one is not there.
    pub(super) elsewhere: Option<PathBuf>,
}

/// One file, which may not exist yet.
#[derive(Debug)]
pub(super) struct ProjectFile {
    pub(super) part: Part,
    pub(super) path: PathBuf,
    /// What the file holds, if there is one.
    pub(super) before: Option<Vec<u8>>,
    /// A name that is free, for what `--force` replaces.
    pub(super) backup: PathBuf,
}

/// Reads the files that `settings` describe in the project at `root`.
///
/// Refuses paths that lead out of the project, and what cannot be read.
pub fn read_project(root: &Path, settings: &Settings) -> Result<ProjectFiles, Error> {
    let file = |part: &Part| {
        let path = inside(root, &settings.path(*part))?;
        let extension = path.extension().and_then(|extension| extension.to_str());
        if *part == Part::Types && extension.and_then(Dialect::of_extension).is_none() {
            return Err(Error::NotTypeScript(path));
        }
        let before = match crate::fsx::read_file(&path, super::MAX_BYTES) {
            Ok(bytes) => Some(bytes),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(read_error(&path, source)),
        };
        Ok(ProjectFile {
            part: *part,
            backup: free_name(&path),
            path,
            before,
        })
    };
    let files: Vec<ProjectFile> = settings.parts.iter().map(file).collect::<Result<_, _>>()?;
    let is_new = |file: &ProjectFile| file.part == Part::Types && file.before.is_none();
    let elsewhere = files.iter().any(is_new).then(|| find_env(root));
    Ok(ProjectFiles {
        files,
        runtime_types: RuntimeTypes::find(root),
        elsewhere: elsewhere.flatten(),
    })
}

/// Finds an `Env` with fields in the common places.
fn find_env(root: &Path) -> Option<PathBuf> {
    let declares = |path: &PathBuf| {
        let text = crate::fsx::read_text(path, super::MAX_BYTES).unwrap_or_default();
        types::declared(&text, Dialect::TypeScript) == Ok(Declared::Fields)
    };
    let mut usual = COMMON_PATHS.iter().map(|name| root.join(name));
    usual.find(declares)
}

/// Returns `PATH.bak`, or the first of `PATH.bak2`, `PATH.bak3` … that is free.
fn free_name(path: &Path) -> PathBuf {
    let numbered = |number: usize| {
        let mut name = path.as_os_str().to_owned();
        name.push(".bak");
        if number > 1 {
            name.push(number.to_string());
        }
        PathBuf::from(name)
    };
    let is_free = |path: &PathBuf| std::fs::symlink_metadata(path).is_err();
    let mut names = (1..).map(numbered);
    names.find(is_free).unwrap_or_else(|| numbered(1))
}
