//! Reads what the TypeScript files of a project say about the type of the bindings.

use std::{
    cell::OnceCell,
    collections::HashMap,
    path::{Path, PathBuf},
};

use super::{
    runtime_types::{PACKAGE, named_declarations},
    walk::{is_test, typescript_files},
};
use crate::scaffold::types::{Dialect, Facts, Generated, USE_MARKS, is_generated};

/// Larger files are not read, nor more than so much of all: they are not what people write.
const FILE_MAX: u64 = 1 << 20;
const TOTAL_MAX: usize = 16 << 20;
/// What `wrangler types` generates may be larger, with the types of the runtime.
const GENERATED_MAX: u64 = super::MAX_BYTES;

/// What the files of a project say.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// The files that people write, tests left out.
    pub(super) files: Vec<SourceFile>,
    /// Where each of them is in the list.
    numbers: HashMap<PathBuf, usize>,
    /// The files that `wrangler types` generated.
    pub(super) generated: Vec<GeneratedFile>,
    /// Whether there are files that were not read.
    pub(super) is_cut: bool,
}

/// A file that people write.
#[derive(Debug)]
pub(super) struct SourceFile {
    pub(super) path: PathBuf,
    pub(super) before: Vec<u8>,
    facts: OnceCell<Facts>,
}

/// A file that `wrangler types` generated.
#[derive(Debug)]
pub(super) struct GeneratedFile {
    pub(super) path: PathBuf,
    pub(super) content: Generated,
}

impl Survey {
    /// Reads the project at `root`. What cannot be read or understood says nothing.
    pub(super) fn read(root: &Path) -> Self {
        let found = typescript_files(root);
        let mut survey = Self {
            is_cut: found.is_cut,
            ..Self::default()
        };
        for path in named_declarations(root) {
            let content = generated(&path);
            let file = content.map(|content| GeneratedFile { path, content });
            survey.generated.extend(file);
        }
        let mut left = TOTAL_MAX;
        for path in found.paths {
            let is_declaration = path.to_string_lossy().ends_with(".d.ts");
            if is_declaration && let Some(content) = generated(&path) {
                survey.generated.push(GeneratedFile { path, content });
                continue;
            }
            if is_test(root, &path) {
                continue;
            }
            let Some(file) = SourceFile::read(path) else {
                continue;
            };
            let Some(rest) = left.checked_sub(file.before.len()) else {
                survey.is_cut = true;
                break;
            };
            left = rest;
            survey.add(file);
        }
        survey
    }

    /// Adds a file that people write.
    pub(super) fn add(&mut self, file: SourceFile) {
        self.numbers.insert(file.path.clone(), self.files.len());
        self.files.push(file);
    }

    /// Returns the file at `path`.
    pub(super) fn file(&self, path: &Path) -> Option<&SourceFile> {
        self.numbers.get(path).map(|number| &self.files[*number])
    }

    /// Returns the file of the types that `wrangler types` generates for bindings.
    pub(super) fn interfaces(&self) -> impl Iterator<Item = &GeneratedFile> {
        let mut files: Vec<&GeneratedFile> = self.generated.iter().collect();
        files.retain(|file| file.content.interface.is_some());
        files.into_iter()
    }

    /// Whether the types of the runtime are global, by a file.
    pub(super) fn has_global_types(&self) -> bool {
        let generated = self.generated.iter().any(|file| file.content.has_runtime);
        let mut files = self.files_with(&[PACKAGE]);
        generated || files.any(|file| file.facts().refers_to_the_package)
    }

    /// Lists the files that have one of these texts in them: only those are worth parsing.
    pub(super) fn files_with<'s>(
        &'s self,
        texts: &[&str],
    ) -> impl Iterator<Item = &'s SourceFile> + use<'s> {
        let has_one = |file: &&SourceFile| {
            let text = str::from_utf8(&file.before).unwrap_or_default();
            texts.iter().any(|wanted| text.contains(wanted))
        };
        let files: Vec<&SourceFile> = self.files.iter().filter(has_one).collect();
        files.into_iter()
    }

    /// Lists the files that may use the type of the bindings.
    pub(super) fn files_with_uses(&self) -> impl Iterator<Item = &SourceFile> {
        self.files_with(&USE_MARKS)
    }

    /// Finds the file and line that import a module or one below it.
    pub(super) fn importer(&self, package: &str) -> Option<(PathBuf, usize)> {
        let is_of = |module: &str| {
            let rest = module.strip_prefix(package);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.files_with(&[package]).find_map(|file| {
            let mut imports = file.facts().imports.iter();
            let import = imports.find(|import| import.module.as_deref().is_some_and(is_of))?;
            Some((file.path.clone(), import.line))
        })
    }
}

impl SourceFile {
    fn read(path: PathBuf) -> Option<Self> {
        let before = crate::fsx::read_file(&path, FILE_MAX).ok()?;
        Self::of(path, before)
    }

    /// A file that was read, if it is text.
    pub(super) fn of(path: PathBuf, before: Vec<u8>) -> Option<Self> {
        str::from_utf8(&before).is_ok().then(|| Self {
            path,
            before,
            facts: OnceCell::new(),
        })
    }

    /// Says what the file says; nothing, if it cannot be understood.
    pub(super) fn facts(&self) -> &Facts {
        self.facts.get_or_init(|| {
            let text = str::from_utf8(&self.before).unwrap_or_default();
            Facts::read(text, Dialect::of_path(&self.path)).unwrap_or_default()
        })
    }
}

/// Reads a file if `wrangler types` generated it.
fn generated(path: &Path) -> Option<Generated> {
    let text = crate::fsx::read_text(path, GENERATED_MAX).ok()?;
    is_generated(&text).then(|| Generated::read(&text).ok())?
}
