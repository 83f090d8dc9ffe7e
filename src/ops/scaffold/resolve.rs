//! Follows the names of types from file to file.

use std::path::Path;

use super::{
    modules::module_paths,
    survey::{SourceFile, Survey},
};
use crate::scaffold::types::{Declared, Import, Kind, Place, Type};

/// How many names are followed from one to the next.
pub(super) const DEPTH_MAX: usize = 16;

/// How modules begin that bundlers and `paths` of tsconfig.json take for files of the project.
const ALIASES: [&str; 6] = ["@/", "~/", "#", "$", "src/", "app/"];

/// A declaration, and its file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'s> {
    pub(super) file: &'s SourceFile,
    pub(super) declared: &'s Declared,
}

impl PartialEq for Spot<'_> {
    /// What has no name may be read twice: as a use, and as the type of a member.
    fn eq(&self, other: &Self) -> bool {
        let list = |spot: &Self| spot.declared.list().and_then(|list| list.at);
        std::ptr::eq(self.declared, other.declared)
            || std::ptr::eq(self.file, other.file)
                && list(self).is_some_and(|at| list(other) == Some(at))
    }
}

/// What a name stands for.
#[derive(Debug, PartialEq)]
pub(super) enum Resolved<'s> {
    /// A declaration.
    Here(Spot<'s>),
    /// Something of a module that is not read, and what is to be said of it.
    Elsewhere(Kind),
    /// Nothing.
    Nowhere,
}

impl Survey {
    /// Finds what a file means by a name.
    pub(super) fn resolve<'s>(&'s self, file: &'s SourceFile, name: &'s str) -> Resolved<'s> {
        self.local(file, name, DEPTH_MAX)
    }

    fn local<'s>(&'s self, file: &'s SourceFile, name: &'s str, left: usize) -> Resolved<'s> {
        if left == 0 {
            return Resolved::Nowhere;
        }
        if let Some(declared) = file.facts().at_top(name) {
            return self.followed(Spot { file, declared }, left);
        }
        if let Some((module, name)) = file.qualified(name) {
            return self.imported(file, module, name, left - 1);
        }
        match file.import(name) {
            Some(import) => {
                let module = import.module.as_deref().unwrap_or_default();
                self.imported(file, module, &import.name, left - 1)
            }
            None => self.global(name, left - 1),
        }
    }

    /// Finds what a type is that has only another name, or is that of another type's member.
    pub(super) fn real<'s>(&'s self, spot: Spot<'s>) -> Resolved<'s> {
        self.followed(spot, DEPTH_MAX)
    }

    fn followed<'s>(&'s self, spot: Spot<'s>, left: usize) -> Resolved<'s> {
        match &spot.declared.of {
            _ if left == 0 => Resolved::Here(spot),
            Type::Name(name) => match self.local(spot.file, name, left - 1) {
                // `type Env = ReturnType<…>`: not what a use without a name names.
                Resolved::Nowhere if spot.declared.place != Place::Unnamed => Resolved::Here(spot),
                found => found,
            },
            Type::Member(name, key) => match self.local(spot.file, name, left - 1) {
                Resolved::Here(of) => match of.declared.member(key) {
                    Some(member) => {
                        let declared = &member.declared;
                        self.followed(Spot { declared, ..of }, left - 1)
                    }
                    None => Resolved::Here(spot),
                },
                other => other,
            },
            _ => Resolved::Here(spot),
        }
    }

    /// Finds what other files get if they import a name from a file.
    pub(super) fn exported<'s>(
        &'s self,
        file: &'s SourceFile,
        name: &'s str,
        left: usize,
    ) -> Resolved<'s> {
        if left == 0 {
            return Resolved::Nowhere;
        }
        if let Some(declared) = file.facts().at_top(name) {
            return self.followed(Spot { file, declared }, left);
        }
        let mut imports = file.facts().imports.iter();
        if let Some(import) = imports.find(|import| import.is_export && import.local == name) {
            return match &import.module {
                Some(module) => self.imported(file, module, &import.name, left - 1),
                None => self.local(file, &import.name, left - 1),
            };
        }
        let mut found = Resolved::Nowhere;
        for module in &file.facts().stars {
            found = match self.module(file, module) {
                Some(other) => self.exported(other, name, left - 1),
                None => self.elsewhere(file, module, Kind::Star),
            };
            if found != Resolved::Nowhere {
                break;
            }
        }
        found
    }

    fn imported<'s>(
        &'s self,
        file: &'s SourceFile,
        module: &'s str,
        name: &'s str,
        left: usize,
    ) -> Resolved<'s> {
        let elsewhere = || self.elsewhere(file, module, Kind::Imported);
        if let Some(other) = self.module(file, module) {
            return match self.exported(other, name, left) {
                Resolved::Nowhere => elsewhere(),
                found => found,
            };
        }
        // Where the project has one type of this name, an alias cannot mean another.
        let is_alias = ALIASES.iter().any(|alias| module.starts_with(alias));
        let mut declared = self.declarations(name);
        declared.retain(|spot| spot.declared.place == Place::Top);
        match (is_alias, declared.pop(), declared.is_empty()) {
            (true, Some(spot), true) => self.followed(spot, left),
            _ => elsewhere(),
        }
    }

    /// Finds a name that is known everywhere; what `wrangler types` generates has the others, too.
    fn global(&self, name: &str, left: usize) -> Resolved<'_> {
        let named = self.declarations(name.strip_prefix("Cloudflare.").unwrap_or(name));
        let mut named: Vec<Spot<'_>> = named
            .into_iter()
            .filter(|spot| spot.global_name().as_deref() == Some(name))
            .collect();
        named.sort_by_key(|spot| spot.file.generated().is_none());
        match named.first() {
            Some(spot) => self.followed(*spot, left),
            None => Resolved::Nowhere,
        }
    }

    /// Lists the declarations of a name.
    pub(super) fn declarations(&self, name: &str) -> Vec<Spot<'_>> {
        let mut found = Vec::new();
        for file in self.files_with(&[name]) {
            let named = file.facts().declarations.iter();
            let named = named.filter(|declared| declared.name == name);
            found.extend(named.map(|declared| Spot { file, declared }));
        }
        found
    }

    /// Lists the declarations that the compiler merges with one: those of an interface with the same
    /// name in the same file, or anywhere if that is known everywhere.
    pub(super) fn merged<'s>(&'s self, spot: Spot<'s>) -> Vec<Spot<'s>> {
        let (file, declared) = (spot.file, spot.declared);
        if declared.place == Place::Unnamed {
            return Vec::new();
        }
        let global = spot.global_name();
        let mut others = self.declarations(&declared.name);
        others.retain(|other| global.is_some() || std::ptr::eq(other.file, file));
        others.retain(|other| other.declared.place == declared.place);
        others.retain(|other| *other != spot && other.global_name() == global);
        others
    }

    /// Whether a file imports `Env` from the one at `path`, which may not exist yet.
    pub(super) fn is_expected(&self, path: &Path) -> bool {
        let mut files = self.files_with(&["Env"]);
        files.any(|file| file.imports_from("Env", path))
    }

    /// Finds the file of a module that `file` imports by a relative path.
    pub(super) fn module(&self, file: &SourceFile, module: &str) -> Option<&SourceFile> {
        let mut candidates = module_paths(&file.path, module).into_iter();
        candidates.find_map(|path| self.file(&path))
    }

    /// Says why it is not known what a file takes from a module.
    fn elsewhere(&self, file: &SourceFile, module: &str, kind: fn(String) -> Kind) -> Resolved<'_> {
        Resolved::Elsewhere(match self.unread(&module_paths(&file.path, module)) {
            Some((path, why)) => Kind::Unread(path.to_owned(), why.to_owned()),
            None => kind(module.to_owned()),
        })
    }
}

impl Spot<'_> {
    /// Returns the type of the bindings of a generated file, for every type that it has; else the same.
    pub(super) fn interface(self) -> Self {
        let declared = self.file.interface().unwrap_or(self.declared);
        Self { declared, ..self }
    }

    /// Returns the name by which every file knows the type, if they do.
    fn global_name(&self) -> Option<String> {
        let name = &self.declared.name;
        match self.declared.place {
            Place::Top => self.file.facts().is_script.then(|| name.clone()),
            Place::Global => Some(name.clone()),
            Place::Cloudflare => Some(format!("Cloudflare.{name}")),
            Place::Namespace | Place::Unnamed => None,
        }
    }
}

impl SourceFile {
    /// Finds what binds a name.
    fn import(&self, name: &str) -> Option<&Import> {
        let mut imports = self.facts().imports.iter();
        imports.find(|import| !import.is_export && import.local == name)
    }

    /// Whether the file imports something by a name.
    pub(super) fn imports(&self, name: &str) -> bool {
        self.import(name).is_some()
    }

    /// Returns the module, and what it calls the type `T.NAME` of `import * as T`, or
    /// `import("MODULE").NAME`.
    fn qualified<'n>(&'n self, name: &'n str) -> Option<(&'n str, &'n str)> {
        let (head, name) = name.rsplit_once('.')?;
        let quoted = head.strip_prefix("import(");
        let quoted = quoted.and_then(|quoted| quoted.strip_suffix(')'));
        let module = quoted.map(|quoted| quoted.trim().trim_matches(['"', '\'']));
        let of_import = || {
            let import = self.import(head).filter(|import| import.name == "*")?;
            import.module.as_deref()
        };
        let module = module.or_else(of_import)?;
        Some((module, name))
    }

    /// Whether the file imports a name from the file at `path`, which may not exist yet.
    pub(super) fn imports_from(&self, name: &str, path: &Path) -> bool {
        let module = self
            .import(name)
            .and_then(|import| import.module.as_deref());
        module.is_some_and(|module| {
            let by_alias = ALIASES.iter().find_map(|alias| {
                let rest = module.strip_prefix(alias)?;
                Some(path.with_extension("").ends_with(rest))
            });
            by_alias == Some(true) || module_paths(&self.path, module).iter().any(|p| p == path)
        })
    }
}
