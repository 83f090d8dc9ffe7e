//! Follows the names of types from file to file.

use std::path::{Component, Path, PathBuf};

use super::survey::{SourceFile, Survey};
use crate::scaffold::types::{Declared, Form, Import, Member, Place};

/// How many names are followed from one to the next.
const DEPTH_MAX: usize = 16;

/// How modules begin that bundlers and `paths` of tsconfig.json take for files of the project.
const ALIASES: [&str; 6] = ["@/", "~/", "#", "$", "src/", "app/"];

/// A declaration, and its file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'s> {
    pub(super) file: &'s SourceFile,
    pub(super) declared: &'s Declared,
}

impl PartialEq for Spot<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.declared, other.declared)
    }
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Resolved<'s> {
    /// A declaration that people wrote.
    Here(Spot<'s>),
    /// What `wrangler types` generated.
    Generated,
    /// Something imported from outside of the project, or from where it is not found.
    Elsewhere,
    /// Nothing.
    Nowhere,
}

impl Survey {
    /// Finds what a file means by a name.
    pub(super) fn resolve<'s>(&'s self, file: &'s SourceFile, name: &str) -> Resolved<'s> {
        self.local(file, name, DEPTH_MAX)
    }

    fn local<'s>(&'s self, file: &'s SourceFile, name: &str, left: usize) -> Resolved<'s> {
        if left == 0 {
            return Resolved::Nowhere;
        }
        if let Some(declared) = file.facts().at_top(name) {
            return self.aliased(Spot { file, declared }, left);
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

    /// Follows `type A = B`.
    fn aliased<'s>(&'s self, spot: Spot<'s>, left: usize) -> Resolved<'s> {
        match &spot.declared.form {
            Form::Alias(name) if left > 0 => self.local(spot.file, name, left - 1),
            _ => Resolved::Here(spot),
        }
    }

    /// Finds what other files get if they import a name from a file.
    fn exported<'s>(&'s self, file: &'s SourceFile, name: &str, left: usize) -> Resolved<'s> {
        if left == 0 {
            return Resolved::Nowhere;
        }
        if let Some(declared) = file.facts().at_top(name) {
            return self.aliased(Spot { file, declared }, left);
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
                None => Resolved::Elsewhere,
            };
            if found != Resolved::Nowhere {
                break;
            }
        }
        found
    }

    fn imported<'s>(
        &'s self,
        file: &SourceFile,
        module: &str,
        name: &str,
        left: usize,
    ) -> Resolved<'s> {
        if let Some(other) = self.module(file, module) {
            return match self.exported(other, name, left) {
                Resolved::Nowhere => Resolved::Elsewhere,
                found => found,
            };
        }
        // Where the project has one type of this name, an alias cannot mean another.
        let is_alias = ALIASES.iter().any(|alias| module.starts_with(alias));
        let mut declared = self.declarations(name);
        declared.retain(|spot| spot.declared.place == Place::Top);
        match (is_alias, declared.pop(), declared.is_empty()) {
            (true, Some(spot), true) => self.aliased(spot, left),
            _ => Resolved::Elsewhere,
        }
    }

    /// Finds a name that is known everywhere.
    fn global(&self, name: &str, left: usize) -> Resolved<'_> {
        let generated = self.interfaces().any(|file| {
            name == "Cloudflare.Env" || file.content.interface.as_deref() == Some(name)
        });
        if generated {
            return Resolved::Generated;
        }
        let is_cloudflare = name == "Cloudflare.Env";
        let declared = self.declarations(if is_cloudflare { "Env" } else { name });
        let mut declared = declared.iter().filter(|spot| match spot.declared.place {
            Place::Top => spot.file.facts().is_script && !is_cloudflare,
            Place::Global => !is_cloudflare,
            Place::Cloudflare => is_cloudflare,
            Place::Platform | Place::Namespace | Place::Inline(_) | Place::Unnamed => false,
        });
        match declared.next() {
            Some(spot) => self.aliased(*spot, left),
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

    /// Finds the file of a module that `file` imports by a relative path.
    pub(super) fn module(&self, file: &SourceFile, module: &str) -> Option<&SourceFile> {
        let mut candidates = module_paths(&file.path, module).into_iter();
        candidates.find_map(|path| self.file(&path))
    }

    /// Lists the modules of `export * from` in a file that do not bring a name.
    pub(super) fn modules_without(&self, file: &SourceFile, name: &str) -> Vec<String> {
        let stars = file.facts().stars.iter().filter(|module| {
            let other = self.module(file, module);
            other.is_some_and(|other| self.exported(other, name, DEPTH_MAX) == Resolved::Nowhere)
        });
        stars.cloned().collect()
    }

    /// Lists the declarations that one extends, at any distance.
    pub(super) fn bases<'s>(&'s self, spot: Spot<'s>) -> Vec<Spot<'s>> {
        let mut bases: Vec<Spot<'s>> = Vec::new();
        let mut left = vec![spot];
        while let Some(spot) = left.pop() {
            for name in &spot.declared.bases {
                if let Resolved::Here(base) = self.resolve(spot.file, name)
                    && !bases.contains(&base)
                {
                    bases.push(base);
                    left.push(base);
                }
            }
        }
        bases
    }

    /// Finds a member of a declaration, or of one that it extends.
    pub(super) fn member<'s>(
        &'s self,
        spot: Spot<'s>,
        name: &str,
    ) -> Option<(Spot<'s>, &'s Member)> {
        let all = std::iter::once(spot).chain(self.bases(spot));
        let mut found = all.filter_map(|spot| Some((spot, spot.declared.member(name)?)));
        found.next()
    }
}

impl SourceFile {
    /// Finds what binds a name.
    fn import(&self, name: &str) -> Option<&Import> {
        let mut imports = self.facts().imports.iter();
        imports.find(|import| !import.is_export && import.local == name)
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

/// Returns the paths where a module may be that the file at `importer` imports by a relative path.
fn module_paths(importer: &Path, module: &str) -> Vec<PathBuf> {
    const ENDINGS: [&str; 9] = [
        ".ts",
        ".tsx",
        ".d.ts",
        ".mts",
        ".cts",
        "/index.ts",
        "/index.tsx",
        "/index.d.ts",
        "",
    ];
    let Some(directory) = importer.parent().filter(|_| module.starts_with('.')) else {
        return Vec::new();
    };
    let name = joined(directory, module).to_string_lossy().into_owned();
    let written = [".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".d"];
    let stem = written.iter().find_map(|ending| name.strip_suffix(ending));
    let stems = [Some(name.as_str()), stem].into_iter().flatten();
    let paths = stems.flat_map(|stem| ENDINGS.iter().map(move |end| format!("{stem}{end}")));
    paths.map(PathBuf::from).collect()
}

/// Returns a path below a directory, without `.` and `..`.
fn joined(directory: &Path, module: &str) -> PathBuf {
    let mut path = directory.to_owned();
    for component in Path::new(module).components() {
        match component {
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path
}
