//! Where the files of modules may be.

use std::path::{Component, Path, PathBuf};

/// Returns the paths where a module may be that the file at `importer` imports by a relative path.
pub(super) fn module_paths(importer: &Path, module: &str) -> Vec<PathBuf> {
    const ENDINGS: [&str; 5] = [".ts", ".tsx", ".d.ts", ".mts", ".cts"];
    const INSIDE: [&str; 3] = ["index.ts", "index.tsx", "index.d.ts"];
    let Some(directory) = importer.parent().filter(|_| module.starts_with('.')) else {
        return Vec::new();
    };
    let name = joined(directory, module).to_string_lossy().into_owned();
    let written = [".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".d"];
    let stem = written.iter().find_map(|ending| name.strip_suffix(ending));
    let stems = [Some(name.as_str()), stem].into_iter().flatten();
    let paths = stems.flat_map(|stem| {
        let beside = ENDINGS.iter().map(move |end| format!("{stem}{end}").into());
        let inside = INSIDE.iter().map(move |name| Path::new(stem).join(name));
        beside.chain(inside).chain([PathBuf::from(stem)])
    });
    paths.collect()
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
