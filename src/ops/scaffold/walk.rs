//! Finds the TypeScript files of a project.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
};

use crate::scaffold::types::Dialect;

/// How many files and directories are looked at.
const ENTRIES_MAX: usize = 20_000;

/// Directories with what is installed or built.
const SKIPPED: [&str; 8] = [
    "node_modules",
    "bower_components",
    "build",
    "coverage",
    "dist",
    "out",
    "target",
    "vendor",
];

/// Files that make their directory a project of its own.
const WRANGLER_FILES: [&str; 3] = ["wrangler.toml", "wrangler.json", "wrangler.jsonc"];

/// Other files that may use types.
const OTHERS: [&str; 7] = ["astro", "cjs", "js", "jsx", "mjs", "svelte", "vue"];

/// The files of a project that have, or use, types.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The TypeScript files, those near to the root first.
    pub(super) paths: Vec<PathBuf>,
    /// Links to TypeScript files.
    pub(super) links: Vec<PathBuf>,
    /// Files in other languages that may use types.
    pub(super) others: Vec<PathBuf>,
    /// Whether there are more than are looked at.
    pub(super) is_cut: bool,
}

/// Finds the files below `root`. Follows no links to directories, and leaves out what is hidden, installed
/// or built, and other projects.
pub(super) fn typescript_files(root: &Path) -> Found {
    let mut found = Found::default();
    let mut left = ENTRIES_MAX;
    let mut directories = VecDeque::from([root.to_owned()]);
    while let Some(directory) = directories.pop_front() {
        // What cannot be read says nothing.
        let Ok(entries) = fs_err::read_dir(&directory) else {
            continue;
        };
        let mut entries: Vec<_> = entries.filter_map(Result::ok).take(left + 1).collect();
        if entries.len() > left {
            found.is_cut = true;
            return found;
        }
        left -= entries.len();
        entries.sort_by_key(fs_err::DirEntry::file_name);
        let is_other_project = directory != root
            && entries
                .iter()
                .any(|entry| WRANGLER_FILES.iter().any(|name| entry.file_name() == *name));
        if is_other_project {
            continue;
        }
        for entry in entries {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            let extension = path.extension().and_then(|extension| extension.to_str());
            let is_other = extension.is_some_and(|extension| OTHERS.contains(&extension));
            if kind.is_dir() {
                if !name.starts_with('.') && !SKIPPED.contains(&name.as_ref()) {
                    directories.push_back(path);
                }
            } else if is_typescript(&path) && kind.is_file() {
                found.paths.push(path);
            } else if is_typescript(&path) && kind.is_symlink() {
                found.links.push(path);
            } else if is_other && kind.is_file() {
                found.others.push(path);
            }
        }
    }
    found
}

pub(super) fn is_typescript(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.and_then(Dialect::of_extension).is_some()
}

/// Whether a file is a test, below `root`: its types are not the Worker's.
pub(super) fn is_test(root: &Path, path: &Path) -> bool {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let mut parts = relative.iter().map(|part| part.to_string_lossy());
    parts.any(|part| {
        matches!(
            part.as_ref(),
            "test" | "tests" | "__tests__" | "e2e" | "__mocks__"
        ) || part.contains(".test.")
            || part.contains(".spec.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ShowPath as _;

    fn write(root: &Path, name: &str) {
        let path = root.join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        crate::fsx::overwrite(&path, b"").unwrap();
    }

    fn names(root: &Path) -> Vec<String> {
        let found = typescript_files(root);
        assert!(!found.is_cut);
        let relative = |path: &PathBuf| {
            let path = path.strip_prefix(root).unwrap();
            path.shown().into_owned()
        };
        found.paths.iter().map(relative).collect()
    }

    #[test]
    fn the_files_of_the_project_are_found_and_no_others() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path();
        for name in [
            "wrangler.toml",
            "src/deep/er/types.mts",
            "src/page.tsx",
            "env.d.ts",
            "src/readme.md",
            "node_modules/x/index.d.ts",
            "src/node_modules/y/index.d.ts",
            ".next/types/app.ts",
            "dist/index.d.ts",
            "packages/api/src/index.ts",
            "packages/other/wrangler.jsonc",
            "packages/other/env.d.ts",
            "packages/other/src/index.ts",
        ] {
            write(root, name);
        }
        let expected = [
            "env.d.ts",
            "src/page.tsx",
            "packages/api/src/index.ts",
            "src/deep/er/types.mts",
        ];
        assert_eq!(names(root), expected);
        for name in ["test/env.d.ts", "src/a.test.ts", "src/__tests__/b.ts"] {
            assert!(is_test(root, &root.join(name)), "{name}");
        }
        assert!(!is_test(root, &root.join("src/latest.ts")));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        use std::os::unix::fs::symlink;
        let home = tempfile::tempdir().unwrap();
        let root = home.path();
        write(root, "src/env.ts");
        symlink(root, root.join("src/loop")).unwrap();
        symlink(root.join("src/env.ts"), root.join("src/link.ts")).unwrap();
        assert_eq!(names(root), ["src/env.ts"]);
        assert_eq!(typescript_files(root).links, [root.join("src/link.ts")]);
    }
}
