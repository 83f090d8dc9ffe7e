//! Keeps the layering drawn in `src/lib.rs` true: who may import whom.

use std::path::{Path, PathBuf};

use fs_err as fs;

/// Each module and the modules below it. `lib` itself may use all of them.
const BELOW: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("fsx", &[]),
    ("ui", &[]),
    ("env", &[]),
    ("wire", &["domain"]),
    ("api", &["domain", "wire"]),
    ("emulator", &["domain", "wire", "fsx"]),
    ("config", &["domain", "fsx"]),
    ("formats", &["domain"]),
    ("scaffold", &["config", "domain"]),
    ("credentials", &["api", "config", "domain", "env"]),
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
            "env",
            "cli",
            "config",
            "credentials",
            "domain",
            "fsx",
            "api",
            "emulator",
            "ops",
            "ui",
            "wire",
        ],
    ),
    (
        "commands",
        &[
            "cli", "context", "ops", "api", "config", "domain", "env", "formats", "fsx",
            "scaffold", "ui", "wire",
        ],
    ),
    (
        "error",
        &[
            "api",
            "commands",
            "config",
            "context",
            "credentials",
            "domain",
            "formats",
            "fsx",
            "ops",
            "scaffold",
            "ui",
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
    ("fsx", &["File::create", "fs::rename", "persist("]),
    ("error", &["ExitCode::from"]),
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
    if path
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

/// The modules named after `crate::`, in both `crate::x` and `crate::{x, y}`.
fn imports(text: &str) -> Vec<String> {
    named_after("crate::", text)
}

/// The modules named after `path`, in both `path::x` and `path::{x, y}`.
fn named_after(path: &str, text: &str) -> Vec<String> {
    let word = |s: &str| {
        s.chars()
            .take_while(|c| *c == '_' || c.is_alphanumeric())
            .collect()
    };
    let mut found = Vec::new();
    for rest in text.split(path).skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            found.push(word(rest));
            continue;
        };
        let mut depth = 1;
        let mut start = true;
        for (at, c) in group.char_indices() {
            if depth == 1 && start && !c.is_whitespace() && c != '}' {
                found.push(word(&group[at..]));
                start = false;
            }
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => start = true,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    found
}

#[test]
fn imports_are_read_from_both_forms() {
    let text = "use crate::domain::X;\nuse crate::{\n    api::{self, Y},\n    wire::Z,\n};\ncrate::ui::f()";
    assert_eq!(imports(text), ["domain", "api", "wire", "ui"]);
}

#[test]
fn modules_import_only_what_lies_below_them() {
    let mut broken = Vec::new();
    for (module, below) in BELOW {
        for path in sources(module) {
            for used in imports(&product(&path)) {
                if used != *module && !below.contains(&used.as_str()) {
                    broken.push(format!("{} imports `{used}`", path.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn a_command_imports_no_other_command() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/commands");
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let entries = fs::read_dir(&folder).unwrap();
    let entries = entries.map(|entry| name(&entry.unwrap().path()));
    let verbs: Vec<String> = entries
        .filter(|name| name != "mod" && name != "shared")
        .collect();
    let mut broken = Vec::new();
    for path in sources("commands") {
        let inside = path.strip_prefix(&folder).unwrap();
        let own = name(Path::new(inside.iter().next().unwrap()));
        if own == "mod" {
            continue;
        }
        // How often `super` leads from here to `commands`.
        let ups = inside.iter().count() - usize::from(name(inside) == "mod");
        let text = product(&path);
        let mut used = named_after("commands::", &text);
        used.extend(named_after(&"super::".repeat(ups), &text));
        used.retain(|used| *used != own && verbs.contains(used));
        broken.extend(
            used.iter()
                .map(|used| format!("{inside:?} imports `{used}`")),
        );
    }
    assert!(verbs.len() > 10, "{verbs:?}");
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
        let rows = ["", "mod@"].map(|kind| format!("//! | [`{kind}{module}`] |"));
        assert!(
            rows.iter().any(|row| lib.contains(row)),
            "`{module}` is not on the map"
        );
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
