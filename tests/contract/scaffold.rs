//! Projects before and after `scaffold`, byte for byte.
//!
//! A case is a directory of `fixtures/scaffold` with a project in `before`, and in `after` the files
//! that are the user's and changed or new. Those of a case named `refused-…` stay as they are.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use fs_err as fs;
use kvctl::{
    config::{Document, Manifest, Part, Scope, discover},
    domain::{Classify as _, Invocation},
    ops::scaffold::{Error, FileStatus, ScaffoldState, bindings, inspect, plan, read_project},
    scaffold::{Overrides, Settings, Stamped},
};

type Tree = BTreeMap<PathBuf, Vec<u8>>;

fn cases(refused: bool) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scaffold");
    let entries = fs::read_dir(root).unwrap();
    let mut cases: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| name(case).starts_with("refused-") == refused);
    cases.sort();
    assert!(cases.len() >= 3, "{} cases", cases.len());
    cases
}

fn name(case: &Path) -> String {
    case.file_name().unwrap().to_string_lossy().into_owned()
}

/// The files below `root`, by their paths in it.
fn tree(root: &Path) -> Tree {
    let mut files = Tree::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_owned();
                files.insert(name, fs::read(path).unwrap());
            }
        }
    }
    files
}

/// A copy of a case's project.
fn project(case: &Path) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for (name, bytes) in tree(&case.join("before")) {
        let path = home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::io::Write::write_all(&mut fs::File::create(path).unwrap(), &bytes).unwrap();
    }
    home
}

/// Scaffolds in a project, and says whether that changed anything.
fn scaffold(root: &Path) -> Result<bool, Error> {
    let (document, manifest) = files(root);
    let scopes: Vec<&Scope> = document.project().scopes().collect();
    let bindings = bindings(Some(&document), &scopes, &[], manifest.as_ref())?;
    let settings = Settings::new(manifest.as_ref(), Overrides::default());
    let found = read_project(root, &settings, Some(&document))?;
    let plan = plan::plan(found, &settings, &bindings, false)?;
    assert_eq!(plan.refused().count(), 0);
    plan.write()?;
    Ok(plan.is_pending())
}

fn files(root: &Path) -> (Document, Option<Manifest>) {
    let found = discover(root, None).unwrap();
    (
        Document::read(&found.path).unwrap(),
        Manifest::read(root).unwrap(),
    )
}

fn state(root: &Path) -> ScaffoldState {
    let (document, manifest) = files(root);
    inspect(root, Some(&document), manifest.as_ref()).unwrap()
}

#[test]
fn every_project_comes_out_byte_for_byte_and_stays_so() {
    for case in cases(false) {
        let home = project(&case);
        assert!(scaffold(home.path()).unwrap(), "{}", case.display());
        let after = tree(home.path());
        let mut expected = tree(&case.join("before"));
        expected.extend(tree(&case.join("after")));
        let is_generated = |bytes: &[u8]| {
            let text = str::from_utf8(bytes).unwrap_or_default();
            Stamped::read(text).is_some_and(|stamped| stamped.is_intact)
        };
        let (generated, rest): (Tree, Tree) = after
            .clone()
            .into_iter()
            .partition(|(_, bytes)| is_generated(bytes));
        assert_eq!(generated.len(), 3, "{}", case.display());
        for (name, bytes) in &rest {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let expected = expected.get(name).map(|bytes| text(bytes));
            assert_eq!(Some(text(bytes)), expected, "{}: {name:?}", case.display());
        }
        assert_eq!(rest.len(), expected.len(), "{}", case.display());
        assert!(!scaffold(home.path()).unwrap(), "{}", case.display());
        assert_eq!(tree(home.path()), after, "{}", case.display());
    }
}

#[test]
fn what_is_refused_says_where_and_changes_nothing() {
    let mut said = Vec::new();
    for case in cases(true) {
        let home = project(&case);
        let error = scaffold(home.path()).unwrap_err();
        let place = home.path().display().to_string();
        said.push(
            format!(
                "{}\n  {error}\n  {}",
                name(&case),
                error.hint().unwrap().render(&Invocation::default())
            )
            .replace(&place, "[DIR]"),
        );
        assert_eq!(tree(home.path()), tree(&case.join("before")));
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_project_is_inspected_without_a_change() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scaffold/workers-interface");
    let home = project(&case);
    let fresh = state(home.path());
    assert!(!fresh.scaffolded && fresh.files.is_empty());
    assert_eq!(fresh.env.unwrap().missing.len(), 3);

    scaffold(home.path()).unwrap();
    let done = state(home.path());
    assert!(done.scaffolded);
    assert!(
        done.files
            .iter()
            .all(|file| file.status == FileStatus::Current)
    );
    assert!(done.env.unwrap().missing.is_empty());

    let write = |name: &str, text: &str| {
        let mut file = fs::File::create(home.path().join(name)).unwrap();
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    };
    write("kvctl.toml", "[scaffold.cache]\nttl = 60\n");
    write("src/lib/kv/sessions.ts", "export {};\n");
    fs::remove_file(home.path().join("src/lib/kv/rate-limit.ts")).unwrap();
    write(
        "src/lib/types.ts",
        "export interface Env {\n  CONFIG_CACHE: KVNamespace;\n",
    );
    let before = tree(home.path());
    let off = state(home.path());
    let found: Vec<_> = off
        .files
        .iter()
        .map(|file| (file.part, file.status.clone()))
        .collect();
    let foreign = FileStatus::Differs(plan::Reason::Foreign);
    assert_eq!(
        found,
        [
            (Part::Cache, FileStatus::Outdated),
            (Part::Sessions, foreign),
            (Part::RateLimit, FileStatus::Missing),
        ]
    );
    let problem = off.env.unwrap().problem.unwrap().to_string();
    assert!(problem.contains("types.ts:"), "{problem}");
    assert_eq!(tree(home.path()), before);
}
