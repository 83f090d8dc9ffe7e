//! Keeps the layering drawn in `src/lib.rs` true: who may import whom.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use fs_err as fs;

/// Each module and the modules below it. `lib` itself may use all of them.
const BELOW: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("fsx", &["domain"]),
    ("ui", &[]),
    ("error", &["domain", "ui"]),
    ("env", &[]),
    ("wire", &["domain"]),
    ("api", &["domain", "wire"]),
    ("emulator", &["domain", "wire", "fsx"]),
    ("config", &["domain", "fsx"]),
    ("formats", &["domain"]),
    ("scaffold", &["config", "domain"]),
    (
        "ops",
        &[
            "domain", "wire", "api", "config", "formats", "fsx", "scaffold",
        ],
    ),
    ("cli", &["domain", "formats", "ui"]),
    (
        "context",
        &[
            "env", "cli", "config", "domain", "error", "fsx", "api", "emulator", "ops", "ui",
            "wire",
        ],
    ),
    (
        "commands",
        &[
            "cli", "context", "ops", "api", "config", "domain", "env", "error", "formats", "fsx",
            "scaffold", "ui", "wire",
        ],
    ),
];

/// What only one module may do, and the texts that betray it elsewhere.
const ALONE: &[(&str, &[&str])] = &[
    (
        "ui",
        &[
            "io::stdout",
            "io::stderr",
            "io::stdin",
            "ErrorKind::BrokenPipe",
            "anstream::",
            "Command::new(",
        ],
    ),
    ("env", &["std::env::", "SystemTime::now", "Timestamp::now"]),
    ("domain", &[".display()"]),
    ("fsx", &["File::create", "fs::rename", "persist("]),
    ("error", &["ExitCode::from", "anyhow::"]),
    ("api", &["reqwest::Client", ".redirect("]),
];

fn sources(module: &str) -> Vec<PathBuf> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders = vec![src.join(module)];
    let file = src.join(module).with_extension("rs");
    files.extend(file.exists().then_some(file));
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty(), "no module `{module}`");
    files
}

/// The text without tests and comments, which may name anything.
fn product(path: &Path) -> String {
    // Where the project itself is must not matter.
    let inside = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
    if inside
        .iter()
        .any(|part| part == "tests" || part == "tests.rs")
    {
        return String::new();
    }
    let text = fs::read_to_string(path).unwrap();
    let text = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    let code = |line: &&str| !line.trim_start().starts_with("//");
    text.lines().filter(code).collect::<Vec<_>>().join(
        "
",
    )
}

/// Reads one `use` tree, or one path, into its paths; returns what follows it.
fn read_tree<'t>(
    mut path: Vec<String>,
    mut text: &'t str,
    found: &mut Vec<Vec<String>>,
) -> &'t str {
    loop {
        text = text.trim_start();
        if let Some(mut rest) = text.strip_prefix('{') {
            while !rest.trim_start().starts_with('}') && !rest.is_empty() {
                rest = read_tree(path.clone(), rest, found);
                rest = rest.find([',', '}']).map_or("", |at| &rest[at..]);
                rest = rest.strip_prefix(',').unwrap_or(rest);
            }
            return rest.trim_start().strip_prefix('}').unwrap_or_default();
        }
        let end = text.find(|c: char| c != '_' && !c.is_alphanumeric());
        let (word, rest) = text.split_at(end.unwrap_or(text.len()));
        path.push(word.to_owned());
        let Some(below) = rest.strip_prefix("::") else {
            found.push(path);
            return rest;
        };
        text = below;
    }
}

/// The paths of all `use` trees, and others that begin with `crate` or `super`.
fn paths(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (start, skipped) in [("use ", 4), ("crate::", 0), ("super::", 0)] {
        for (at, _) in text.match_indices(start) {
            if !text[..at].ends_with("::") {
                read_tree(Vec::new(), &text[at + skipped..], &mut found);
            }
        }
    }
    found
}

/// The modules named after `crate::`.
fn imports(text: &str) -> Vec<String> {
    let mut paths = paths(text);
    paths.retain(|path| path.len() > 1 && path[0] == "crate");
    paths
        .into_iter()
        .map(|mut path| path.swap_remove(1))
        .collect()
}

#[test]
fn imports_are_read_from_all_forms() {
    let text = "use crate::domain::X;\nuse crate::{\n    api::{self, Y},\n    wire::Z as W,\n};\ncrate::ui::f()";
    let mut read = imports(text);
    read.sort();
    read.dedup();
    assert_eq!(read, ["api", "domain", "ui", "wire"]);
    let text = "use super::{a::{B, c::D}, e};\nuse f::G;\nsuper::super::h()";
    let mut read: Vec<String> = paths(text).iter().map(|path| path.join("::")).collect();
    read.sort();
    read.dedup();
    let expected = [
        "f::G",
        "super::a::B",
        "super::a::c::D",
        "super::e",
        "super::super::h",
    ];
    assert_eq!(read, expected);
}

/// Siblings that may import each other, and why.
const CIRCLES: &[(&str, &str, &str)] = &[
    (
        "absent",
        "read",
        "what is absent is asked for again with the reader that keeps it",
    ),
    (
        "journal",
        "confirmed",
        "the journal has lines, and they are matched with a list of keys",
    ),
];

/// The path of a source file's module below `crate`.
fn module_of(path: &Path) -> Vec<String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let below = path.strip_prefix(src).unwrap().with_extension("");
    let mut parts: Vec<String> = below
        .iter()
        .map(|part| part.to_str().unwrap().to_owned())
        .collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

/// Which modules a module imports, each by the path of its file.
fn imported<'m>(
    module: &[String],
    text: &str,
    modules: &'m BTreeMap<Vec<String>, PathBuf>,
) -> BTreeSet<&'m [String]> {
    let mut found = BTreeSet::new();
    for path in paths(text) {
        let mut base = module.to_vec();
        let mut names = &path[..];
        match names[0].as_str() {
            "crate" => base.clear(),
            "super" | "self" => {}
            // A child; anything else is a crate.
            child => {
                let known = [module, &[child.to_owned()]].concat();
                if !modules.contains_key(&known) {
                    continue;
                }
            }
        }
        while let Some(first @ ("crate" | "self" | "super")) = names.first().map(String::as_str) {
            if first == "super" {
                base.pop();
            }
            names = &names[1..];
        }
        base.extend_from_slice(names);
        while !base.is_empty() {
            if let Some((module, _)) = modules.get_key_value(&base) {
                found.insert(&module[..]);
                break;
            }
            base.pop();
        }
    }
    found
}

/// Follows the imports from the last module of `trail`; returns the way back to its first.
fn circle<'m>(imports: &'m BTreeMap<String, BTreeSet<String>>, trail: &mut Vec<&'m str>) -> bool {
    let last = trail[trail.len() - 1];
    for next in imports.get(last).into_iter().flatten() {
        if next == trail[0] {
            trail.push(next);
            return true;
        }
        if !trail.contains(&next.as_str()) {
            trail.push(next);
            if circle(imports, trail) {
                return true;
            }
            trail.pop();
        }
    }
    false
}

/// Which siblings import which, by the module that they are in.
type Siblings = BTreeMap<Vec<String>, BTreeMap<String, BTreeSet<String>>>;

fn siblings() -> Siblings {
    let files = BELOW.iter().flat_map(|(module, _)| sources(module));
    let modules: BTreeMap<_, _> = files.map(|path| (module_of(&path), path)).collect();
    let mut siblings = Siblings::new();
    for (module, file) in &modules {
        for other in imported(module, &product(file), &modules) {
            let shared = module.iter().zip(other).take_while(|(a, b)| a == b).count();
            let (Some(from), Some(to)) = (module.get(shared), other.get(shared)) else {
                continue;
            };
            let parent = siblings.entry(module[..shared].to_vec()).or_default();
            parent.entry(from.clone()).or_default().insert(to.clone());
        }
    }
    siblings
}

#[test]
fn a_command_imports_no_other_command() {
    let commands = siblings().remove(&["commands".to_owned()][..]).unwrap();
    assert!(commands.len() > 10, "{commands:?}");
    for (command, imports) in commands.iter().filter(|(name, _)| *name != "shared") {
        let others: Vec<&String> = imports.iter().filter(|name| *name != "shared").collect();
        assert!(others.is_empty(), "`{command}` imports {others:?}");
    }
    let shared = commands.get("shared");
    assert_eq!(shared, None, "`shared` imports commands");
}

#[test]
fn siblings_import_each_other_in_one_direction() {
    let mut siblings = siblings();
    for imports in siblings.values_mut() {
        for (a, b, _) in CIRCLES {
            if let Some(imports) = imports.get_mut(*a) {
                imports.remove(*b);
            }
        }
    }
    let mut circles = Vec::new();
    for (parent, imports) in &siblings {
        for start in imports.keys() {
            let mut trail = vec![start.as_str()];
            if circle(imports, &mut trail) {
                circles.push(format!("{}: {}", parent.join("::"), trail.join(" -> ")));
            }
        }
    }
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn modules_import_only_what_lies_below_them() {
    let mut broken = Vec::new();
    for (module, below) in BELOW {
        for path in sources(module) {
            for used in imports(&product(&path)) {
                let serves = used == "emulator" && path.iter().any(|part| part == "serve");
                if used != *module && !below.contains(&used.as_str()) && !serves {
                    broken.push(format!("{} imports `{used}`", path.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_module_has_a_layer() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let modules = lib
        .lines()
        .filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';'));
    for module in modules {
        assert!(
            BELOW.iter().any(|(name, _)| *name == module),
            "`{module}` has no layer"
        );
        assert!(
            on_the_map(&lib, module).is_some(),
            "`{module}` is not on the map"
        );
    }
}

/// The modules that the row of `module` says it may import.
fn on_the_map<'a>(lib: &'a str, module: &str) -> Option<BTreeSet<&'a str>> {
    let row = ["", "mod@"].into_iter().find_map(|kind| {
        let start = format!("//! | [`{kind}{module}`] |");
        lib.lines().find(|line| line.starts_with(&start))
    })?;
    let imports = row.trim_end_matches(" |").rsplit(" | ").next()?;
    Some(imports.split('`').skip(1).step_by(2).collect())
}

#[test]
fn the_map_says_what_is_enforced() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    for (module, below) in BELOW {
        let below = below.iter().copied().collect();
        assert_eq!(on_the_map(&lib, module), Some(below), "`{module}`");
    }
}

#[test]
fn one_module_alone_does_each_of_these() {
    let mut broken = Vec::new();
    for (owner, betraying) in ALONE {
        for (module, _) in BELOW.iter().filter(|(module, _)| module != owner) {
            for path in sources(module) {
                let text = product(&path);
                for needle in betraying.iter().filter(|needle| text.contains(*needle)) {
                    broken.push(format!(
                        "{} uses `{needle}`; only {owner} may",
                        path.display()
                    ));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_module_says_what_it_owns() {
    for (module, _) in BELOW {
        for path in sources(module) {
            let text = fs::read_to_string(&path).unwrap();
            assert!(
                text.starts_with("//!"),
                "{} has no module documentation",
                path.display()
            );
        }
    }
}

/// A command to be pasted is a value, so that it gets the options of the run that recommends it.
#[test]
fn only_hints_write_commands() {
    // Help texts have no run to be rendered for; nor has a service, or the header of a file.
    let exempt = ["cli", "emulator"];
    for (module, _) in BELOW.iter().filter(|(name, _)| !exempt.contains(name)) {
        let others = |path: &PathBuf| !path.ends_with("domain/hint/mod.rs");
        for path in sources(module).into_iter().filter(others) {
            let text = product(&path);
            for needle in ["`kvctl ", "\"run kvctl"] {
                assert!(
                    !text.contains(needle),
                    "{} has `{needle}`; make it a `domain::Suggestion`",
                    path.display()
                );
            }
            // What is filled in has to be quoted, and may begin with `-`.
            let filled_in = OF_HINTS.iter().find(|option| {
                let with = |separator: &str| format!("`{option}{separator}{{");
                text.contains(&with(" ")) || text.contains(&with("="))
            });
            assert_eq!(
                filled_in,
                None,
                "{} writes it with a value; use `domain::Hint::option`",
                path.display()
            );
        }
    }
}

/// Options that a hint may name with a value.
const OF_HINTS: [&str; 12] = [
    "--account-id",
    "--binding",
    "--config",
    "--env",
    "--env-file",
    "--namespace",
    "--persist-to",
    "--preview",
    "--profile",
    "--replace-id",
    "--token-file",
    "--worker",
];
