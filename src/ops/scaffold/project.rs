//! Reads the files of a project that scaffolding works on.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::{
    Error,
    confine::{inside, read_error},
    modules::module_paths,
    runtime_types::{RuntimeTypes, dependency},
    survey::Survey,
};
use crate::{
    config::{Document, Part},
    scaffold::{Settings, ValueImport, types::Dialect, value_import},
};

/// The packages that run Next.js on Workers and on Pages.
const NEXT: [&str; 2] = ["@opennextjs/cloudflare", "@cloudflare/next-on-pages"];

/// The files of a project that scaffolding works on.
#[derive(Debug)]
pub struct ProjectFiles {
    pub(super) root: PathBuf,
    /// The files, in the order of the settings.
    pub(super) files: Vec<ProjectFile>,
    pub(super) around: Surroundings,
    pub(super) absent_value: Option<AbsentValue>,
}

/// The module that has the type of the cache's values, where there is no such file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbsentValue {
    /// The type.
    pub name: String,
    /// The module, as the settings name it.
    pub from: String,
    /// The files that it may be.
    pub(super) paths: Vec<PathBuf>,
}

impl AbsentValue {
    /// Looks for the module, unless it is a package's or an alias.
    fn find(root: &Path, settings: &Settings) -> Option<Self> {
        if !settings.parts.contains(&Part::Cache) {
            return None;
        }
        let ValueImport { name, module, from } = value_import(settings)?;
        let paths = module_paths(&root.join(settings.path(Part::Cache)), &module);
        let is_absent = !paths.is_empty() && !paths.iter().any(|path| path.is_file());
        is_absent.then_some(Self { name, from, paths })
    }

    /// Returns what to do about it.
    pub fn remedy(&self) -> &'static str {
        "create it, or name the file with `value_from` in kvctl.toml"
    }
}

/// The sentence that says so.
impl fmt::Display for AbsentValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, from, .. } = self;
        write!(
            f,
            "the cache imports `{name}` from `{from}`, and there is no such file"
        )
    }
}

/// What else the project has that matters for the type of the bindings.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub(super) survey: Survey,
    /// How the project gets the types of the runtime.
    pub(super) runtime_types: RuntimeTypes,
    /// The file and line that name a package which expects the type to be `CloudflareEnv`.
    pub(super) next: Option<(PathBuf, usize)>,
    /// Whether the user named the file with the type.
    pub(super) is_named: bool,
    /// What else is scaffolded.
    pub(super) other_parts: Vec<&'static str>,
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

impl ProjectFile {
    /// Returns the text of the file; nothing, if there is none.
    pub(super) fn text(&self) -> Result<&str, Error> {
        let bytes = self.before.as_deref().unwrap_or_default();
        str::from_utf8(bytes).map_err(|error| {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            Error::Encoding {
                path: self.path.clone(),
                line: before.matches('\n').count() + 1,
            }
        })
    }
}

/// Reads the files that `settings` describe in the project at `root`, whose wrangler file is `document`.
///
/// Refuses paths that lead out of the project, and what cannot be read.
pub fn read_project(
    root: &Path,
    settings: &Settings,
    document: Option<&Document>,
) -> Result<ProjectFiles, Error> {
    let file = |part: &Part| {
        let path = inside(root, &settings.path(*part))?;
        let extension = path.extension().and_then(|extension| extension.to_str());
        if *part == Part::Types && extension.and_then(Dialect::of_extension).is_none() {
            return Err(Error::NotTypeScript(path));
        }
        let before = crate::fsx::read_file_if_any(&path, super::MAX_BYTES)
            .map_err(|source| read_error(&path, source))?;
        Ok(ProjectFile {
            part: *part,
            backup: free_name(&path),
            path,
            before,
        })
    };
    let files: Vec<ProjectFile> = settings.parts.iter().map(file).collect::<Result<_, _>>()?;
    let types = files.iter().find(|file| file.part == Part::Types);
    let mains = document.map(|document| document.project().mains.as_slice());
    let around = Surroundings::read(root, types, settings, mains.unwrap_or_default());
    Ok(ProjectFiles {
        root: root.to_owned(),
        files,
        around,
        absent_value: AbsentValue::find(root, settings),
    })
}

impl Surroundings {
    /// Reads what matters for the type in the file `types`; nothing if that is not wanted.
    fn read(
        root: &Path,
        types: Option<&ProjectFile>,
        settings: &Settings,
        mains: &[String],
    ) -> Self {
        let read = types.map(|_| Survey::read(root, mains));
        let mut survey = read.unwrap_or_default();
        if let Some(file) = types.filter(|file| file.before.is_some())
            && survey.file(&file.path).is_none()
        {
            survey.add(root, file.path.clone());
        }
        let others = settings.parts.iter().filter(|part| **part != Part::Types);
        let runtime_types = if survey.has_global_types() {
            RuntimeTypes::Global
        } else {
            RuntimeTypes::find(root)
        };
        Self {
            runtime_types,
            next: next(root, &survey),
            survey,
            is_named: settings.types_is_named,
            other_parts: others.map(|part| part.name()).collect(),
        }
    }
}

/// Finds what says that Next.js runs on Workers or Pages here.
fn next(root: &Path, survey: &Survey) -> Option<(PathBuf, usize)> {
    let mut configs = ["ts", "mjs", "js"].into_iter();
    let config = configs.find_map(|ending| {
        let path = root.join(format!("open-next.config.{ending}"));
        path.is_file().then_some((path, 1))
    });
    let mut packages = NEXT.iter();
    packages
        .find_map(|package| dependency(root, package).or_else(|| survey.importer(package)))
        .or(config)
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
