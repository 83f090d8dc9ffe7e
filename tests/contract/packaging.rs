//! What is said in several places of where the repository is, of actions and of versions is the same
//! everywhere.

use std::{collections::BTreeMap, path::Path};

use fs_err as fs;

use crate::pages::ROOT;

/// The files that go to users or run on other machines, by path.
fn files() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for name in [
        "",
        ".github/workflows",
        ".github/ISSUE_TEMPLATE",
        "docs",
        "packaging",
        "packaging/npm",
    ] {
        for entry in fs::read_dir(Path::new(ROOT).join(name)).unwrap() {
            let path = entry.unwrap().path();
            if let Ok(text) = fs::read_to_string(&path) {
                let name = path.strip_prefix(ROOT).unwrap().to_str().unwrap();
                files.insert(name.to_owned(), text);
            }
        }
    }
    assert!(files.contains_key("packaging/build") && files.contains_key("Cargo.toml"));
    files
}

/// The value of a line of Cargo.toml.
fn of_package(key: &str) -> String {
    let text = fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).unwrap();
    let start = format!("{key} = \"");
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(&start));
    lines.next().unwrap().trim_end_matches('"').to_owned()
}

#[test]
fn only_cargo_toml_and_pages_say_where_the_repository_is() {
    let repository = of_package("repository");
    let owner = repository.strip_prefix("https://github.com/").unwrap();
    let owner = owner.strip_suffix("/kvctl").unwrap();
    let starts = ["github.com/", "ghcr.io/", "--repo ", "uses: "];
    let mut said = 0;
    for (name, text) in files() {
        for (line, text) in (1..).zip(text.lines()) {
            let found = starts.iter().flat_map(|start| text.split(start).skip(1));
            let found = found.filter_map(|rest| rest.split_once("/kvctl"));
            for (other, _) in found.filter(|(other, _)| !other.contains(['/', ' ', '$'])) {
                assert_eq!(other, owner, "{name}:{line}");
                let is_page = name == "README.md" || name.starts_with("docs/");
                assert!(
                    is_page || name == "Cargo.toml",
                    "{name}:{line} names the repository"
                );
                said += 1;
            }
        }
        // Nobody can follow a link there yet.
        if owner == "OWNER" {
            assert!(!text.contains("](https://github.com/OWNER"), "{name}");
        }
    }
    assert!(said > 3, "{said}");
}

#[test]
fn actions_are_pinned_to_one_commit_each() {
    let mut pins = BTreeMap::new();
    for (name, text) in files() {
        if name.rsplit('.').next() != Some("yml") {
            continue;
        }
        for line in text.lines() {
            let Some((_, used)) = line.split_once("uses: ") else {
                continue;
            };
            if used.starts_with("./") {
                continue;
            }
            let (action, pin) = used.split_once('@').unwrap();
            let (commit, version) = pin.split_once(" # v").unwrap_or((pin, ""));
            let is_commit = commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
            assert!(is_commit && !version.is_empty(), "{name}: {used}");
            let known = pins.entry(action.to_owned()).or_insert(pin.to_owned());
            assert_eq!(known, pin, "{name}: {action}");
        }
    }
    assert!(pins.len() > 4, "{pins:?}");
}

#[test]
fn the_oldest_rust_is_the_one_that_is_tried() {
    let rust = of_package("rust-version");
    let files = files();
    for name in [
        "README.md",
        "CONTRIBUTING.md",
        ".github/workflows/ci.yml",
        ".github/workflows/release.yml",
    ] {
        assert!(files[name].contains(&rust), "{name} does not name {rust}");
    }
}
