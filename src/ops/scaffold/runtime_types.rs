//! How a project gets the types of the Workers runtime.

use std::{
    io,
    path::{Path, PathBuf},
};

use jsonc_parser::{JsonObject, JsonValue};

/// The package with the types of the runtime.
pub(super) const PACKAGE: &str = "@cloudflare/workers-types";
/// How many files `extends` is followed through.
const EXTENDS_MAX: usize = 8;

/// How a project gets the types of the Workers runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RuntimeTypes {
    /// They are global.
    Global,
    /// The package is there, and its types have to be imported.
    Package,
    /// Nothing tells.
    Unknown,
}

impl RuntimeTypes {
    /// Finds out for the project at `root`, none of whose files makes them global.
    pub(super) fn find(root: &Path) -> Self {
        if names_types(&root.join("tsconfig.json"), EXTENDS_MAX) {
            return Self::Global;
        }
        let installed = |directory: &Path| directory.join("node_modules").join(PACKAGE).exists();
        let real = crate::fsx::real_path(root).unwrap_or_else(|_| root.to_owned());
        let has =
            |directory: &Path| installed(directory) || dependency(directory, PACKAGE).is_some();
        if real.ancestors().any(has) {
            Self::Package
        } else {
            Self::Unknown
        }
    }
}

/// Returns the file and line that name a package as a dependency of the project in a directory.
pub(super) fn dependency(directory: &Path, package: &str) -> Option<(PathBuf, usize)> {
    let path = directory.join("package.json");
    let text = read(&path).ok()?;
    let (before, _) = text.split_once(&format!("\"{package}\""))?;
    Some((path, before.matches('\n').count() + 1))
}

fn read(path: &Path) -> io::Result<String> {
    crate::fsx::read_text(path, super::MAX_BYTES)
}

/// Reads the TypeScript configuration at `path`.
fn with_config<T>(path: &Path, read_from: impl FnOnce(&JsonObject<'_>) -> T) -> Option<T> {
    let text = read(path).ok()?;
    let text = text.trim_start_matches('\u{feff}');
    match jsonc_parser::parse_to_value(text, &jsonc_parser::ParseOptions::default()) {
        Ok(Some(JsonValue::Object(config))) => Some(read_from(&config)),
        _ => None,
    }
}

/// Lists the declaration files outside of the project at `root` that its TypeScript configuration names.
pub(super) fn named_declarations(root: &Path) -> Vec<PathBuf> {
    let named = with_config(&root.join("tsconfig.json"), |config| {
        let types = config
            .get_object("compilerOptions")
            .and_then(|options| options.get_array("types"));
        let lists = [
            types,
            config.get_array("include"),
            config.get_array("files"),
        ];
        let values = lists.into_iter().flatten().flat_map(|list| list.iter());
        let outside = values.filter_map(|value| match value {
            JsonValue::String(path) if path.starts_with("../") && path.ends_with(".d.ts") => {
                Some(root.join(path.as_ref()))
            }
            _ => None,
        });
        outside.collect()
    });
    named.unwrap_or_default()
}

/// Whether the TypeScript configuration at `path` makes the package's types global.
fn names_types(path: &Path, left: usize) -> bool {
    with_config(path, |config| makes_global(config, path, left)).unwrap_or(false)
}

fn makes_global(config: &JsonObject<'_>, path: &Path, left: usize) -> bool {
    let types = config
        .get_object("compilerOptions")
        .and_then(|options| options.get_array("types"));
    if let Some(types) = types {
        let is_ours = |value: &JsonValue<'_>| matches!(value, JsonValue::String(name) if name.starts_with(PACKAGE));
        return types.iter().any(is_ours);
    }
    let Some(base) = config.get_string("extends").filter(|_| left > 0) else {
        return false;
    };
    if !base.starts_with('.') {
        return false;
    }
    let mut base: PathBuf = path.parent().unwrap_or(Path::new(".")).join(base.as_ref());
    if base.extension().is_none_or(|extension| extension != "json") {
        base.as_mut_os_string().push(".json");
    }
    names_types(&base, left - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_of_the_runtime_are_found_where_they_come_from() {
        let home = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = home.path().join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            crate::fsx::overwrite(&path, text.as_bytes()).unwrap();
        };
        let found = || RuntimeTypes::find(home.path());
        assert!(matches!(found(), RuntimeTypes::Unknown));
        write(
            "package.json",
            "{\"devDependencies\":{\"@cloudflare/workers-types\":\"^4\"}}",
        );
        assert!(matches!(found(), RuntimeTypes::Package));
        write("tsconfig.json", "{ // c\n \"extends\": \"./base\", }");
        write(
            "base.json",
            "{ \"compilerOptions\": { \"types\": [\"node\"] } }",
        );
        assert!(matches!(found(), RuntimeTypes::Package));
        write(
            "base.json",
            "{ \"compilerOptions\": { \"types\": [\"@cloudflare/workers-types/2023-07-01\"] } }",
        );
        assert!(matches!(found(), RuntimeTypes::Global));
    }
}
