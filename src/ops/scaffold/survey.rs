//! Reads what the TypeScript files of a project say about the type of the bindings.

use std::{
    cell::OnceCell,
    collections::{HashMap, HashSet, VecDeque},
    path::{Path, PathBuf},
};

use super::{
    modules::module_paths,
    runtime_types::{PACKAGE, named_declarations},
    walk::{is_test, is_typescript, typescript_files},
};
use crate::scaffold::types::{Declared, Dialect, Facts, Generated, USE_MARKS, is_generated};

/// Larger files are not read, nor more than so much of all: they are not what people write.
const FILE_MAX: u64 = 1 << 20;
const TOTAL_MAX: usize = 16 << 20;
/// What `wrangler types` generates may be larger, with the types of the runtime.
const GENERATED_MAX: u64 = super::MAX_BYTES;

/// What the files of a project say.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// The files, tests left out.
    pub(super) files: Vec<SourceFile>,
    /// Where each of them is in the list, also by links.
    numbers: HashMap<PathBuf, usize>,
    /// The files that cannot be read, and why.
    unread: HashMap<PathBuf, String>,
    /// Files in other languages that may use types.
    others: Vec<PathBuf>,
    /// Where the Worker begins.
    mains: Vec<PathBuf>,
    /// The file that the Worker begins with, if it is there.
    pub(super) main: Option<PathBuf>,
    /// Whether there are files that were not looked at.
    pub(super) is_cut: bool,
}

/// A TypeScript file.
#[derive(Debug)]
pub(super) struct SourceFile {
    pub(super) path: PathBuf,
    pub(super) before: Vec<u8>,
    pub(super) origin: Origin,
    facts: OnceCell<Facts>,
}

/// Where a file comes from.
#[derive(Debug)]
pub(super) enum Origin {
    /// Somebody wrote it in the project.
    Project,
    /// Somebody wrote it elsewhere, and the project imports it.
    Outside,
    /// `wrangler types` generated it.
    Generated(Box<Generated>),
}

impl Survey {
    /// Reads the project at `root`, whose Worker begins in the files `mains`. What cannot be
    /// understood says nothing.
    pub(super) fn read(root: &Path, mains: &[String]) -> Self {
        let found = typescript_files(root);
        let mut survey = Self {
            is_cut: found.is_cut,
            others: found.others,
            ..Self::default()
        };
        for path in named_declarations(root).into_iter().chain(found.links) {
            survey.add_generated(path);
        }
        let mut left = TOTAL_MAX;
        for path in found.paths {
            let is_declaration = path.to_string_lossy().ends_with(".d.ts");
            if is_declaration && survey.add_generated(path.clone()) || is_test(root, &path) {
                continue;
            }
            let size = survey.add(root, path).map_or(0, |file| file.before.len());
            let Some(rest) = left.checked_sub(size) else {
                survey.is_cut = true;
                break;
            };
            left = rest;
        }
        survey.follow(root, mains);
        survey
    }

    /// Adds a file, if it can be read.
    pub(super) fn add(&mut self, root: &Path, path: PathBuf) -> Option<&SourceFile> {
        let is_inside = path.starts_with(root);
        let origin = if is_inside {
            Origin::Project
        } else {
            Origin::Outside
        };
        match SourceFile::read(path.clone(), origin) {
            Ok(file) => {
                self.push(file);
                self.files.last()
            }
            Err(why) => {
                self.unread.insert(path, why);
                None
            }
        }
    }

    fn push(&mut self, file: SourceFile) {
        self.numbers.insert(file.path.clone(), self.files.len());
        self.files.push(file);
    }

    /// Adds a file if `wrangler types` generated it.
    fn add_generated(&mut self, path: PathBuf) -> bool {
        let Ok(text) = crate::fsx::read_text(&path, GENERATED_MAX) else {
            return false;
        };
        let content = is_generated(&text).then(|| Generated::read(&text).ok());
        let Some(content) = content.flatten() else {
            return false;
        };
        self.push(SourceFile {
            path,
            before: text.into_bytes(),
            origin: Origin::Generated(Box::new(content)),
            facts: OnceCell::new(),
        });
        true
    }

    /// Adds what is imported and was not found: by links, from outside of the project, or, where not all
    /// files were looked at, by what the Worker begins with.
    fn follow(&mut self, root: &Path, mains: &[String]) {
        let real_root = crate::fsx::real_path(root).unwrap_or_else(|_| root.to_owned());
        let uses = self.files_with_uses().map(|file| self.numbers[&file.path]);
        let mut queue: VecDeque<usize> = uses.collect();
        let config = root.join("wrangler.toml");
        let mut existing = mains.iter().map(|main| root.join(main));
        self.main = existing.find(|path| path.is_file());
        let mains = mains.iter();
        let mains = mains.flat_map(|main| module_paths(&config, &format!("./{main}")));
        self.mains = mains.collect();
        for path in self.mains.clone() {
            queue.extend(self.load(root, &real_root, path));
        }
        let mut seen: HashSet<usize> = HashSet::new();
        while let Some(number) = queue.pop_front() {
            if !seen.insert(number) {
                continue;
            }
            let file = &self.files[number];
            let facts = file.facts();
            let imported = facts.imports.iter().filter_map(|i| i.module.as_ref());
            let modules = imported.chain(&facts.stars);
            let paths = modules.flat_map(|module| module_paths(&file.path, module));
            for path in paths.collect::<Vec<_>>() {
                let is_known = self.numbers.contains_key(&path);
                let loaded = self.load(root, &real_root, path);
                queue.extend(loaded.filter(|_| self.is_cut || !is_known));
            }
        }
    }

    /// Returns the number of the file at a path, which is read if it is not known.
    fn load(&mut self, root: &Path, real_root: &Path, path: PathBuf) -> Option<usize> {
        if let Some(number) = self.numbers.get(&path) {
            return Some(*number);
        }
        if !is_typescript(&path) || self.unread.contains_key(&path) || !path.is_file() {
            return None;
        }
        let real = crate::fsx::real_path(&path).ok()?;
        let real = match real.strip_prefix(real_root) {
            Ok(inside) => root.join(inside),
            Err(_outside) => real,
        };
        if !self.numbers.contains_key(&real) {
            self.add(root, real.clone());
        }
        if let Some(why) = self.unread.get(&real) {
            self.unread.insert(path, why.clone());
            return None;
        }
        let number = *self.numbers.get(&real)?;
        self.numbers.insert(path, number);
        Some(number)
    }

    /// Returns the file at `path`.
    pub(super) fn file(&self, path: &Path) -> Option<&SourceFile> {
        self.numbers.get(path).map(|number| &self.files[*number])
    }

    /// Returns which of these files cannot be read, and why.
    pub(super) fn unread(&self, paths: &[PathBuf]) -> Option<(&Path, &str)> {
        let found = paths
            .iter()
            .find_map(|path| self.unread.get_key_value(path));
        found.map(|(path, why)| (path.as_path(), why.as_str()))
    }

    /// Finds a file that cannot be read and that the Worker begins with, or imports; and why.
    pub(super) fn unread_of_the_worker(&self) -> Option<(&Path, &str)> {
        let mut queue: VecDeque<PathBuf> = self.mains.iter().cloned().collect();
        let mut seen: HashSet<usize> = HashSet::new();
        while let Some(path) = queue.pop_front() {
            if let Some((path, why)) = self.unread.get_key_value(&path) {
                return Some((path, why));
            }
            let Some(number) = self.numbers.get(&path).filter(|n| seen.insert(**n)) else {
                continue;
            };
            let file = &self.files[*number];
            let imported = file.facts().imports.iter();
            let modules = imported.filter_map(|import| import.module.as_ref());
            let modules = modules.chain(&file.facts().stars);
            queue.extend(modules.flat_map(|module| module_paths(&file.path, module)));
        }
        None
    }

    /// Lists what `wrangler types` generated, and the files.
    pub(super) fn generated(&self) -> impl Iterator<Item = (&SourceFile, &Generated)> {
        let files = self.files.iter();
        files.filter_map(|file| Some((file, file.generated()?)))
    }

    /// Whether the types of the runtime are global, by a file.
    pub(super) fn has_global_types(&self) -> bool {
        let mut files = self.files_with(&[PACKAGE]);
        self.generated().any(|(_, content)| content.has_runtime)
            || files.any(|file| file.facts().refers_to_the_package)
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

    /// Whether a file in another language has a text.
    pub(super) fn others_have(&self, text: &str) -> bool {
        let mut others = self.others.iter();
        others.any(|path| {
            let read = crate::fsx::read_text(path, FILE_MAX);
            read.is_ok_and(|read| read.contains(text))
        })
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
    fn read(path: PathBuf, origin: Origin) -> Result<Self, String> {
        let before = crate::fsx::read_file(&path, FILE_MAX).map_err(|error| error.to_string())?;
        if let Err(error) = str::from_utf8(&before) {
            let before = String::from_utf8_lossy(&before[..error.valid_up_to()]);
            let line = before.matches('\n').count() + 1;
            return Err(format!("line {line} is not UTF-8 text"));
        }
        Ok(Self {
            path,
            before,
            origin,
            facts: OnceCell::new(),
        })
    }

    /// What `wrangler types` says, if it generated the file.
    pub(super) fn generated(&self) -> Option<&Generated> {
        match &self.origin {
            Origin::Generated(content) => Some(content),
            Origin::Project | Origin::Outside => None,
        }
    }

    /// The type of the bindings, if `wrangler types` generated it here.
    pub(super) fn interface(&self) -> Option<&Declared> {
        self.generated()?.interface()
    }

    /// Says what the file says; nothing, if it cannot be understood.
    pub(super) fn facts(&self) -> &Facts {
        if let Some(content) = self.generated() {
            return &content.facts;
        }
        self.facts.get_or_init(|| {
            let text = str::from_utf8(&self.before).unwrap_or_default();
            Facts::read(text, Dialect::of_path(&self.path)).unwrap_or_default()
        })
    }
}
