//! Where the bindings go in the projects of `fixtures/env`, or why they are refused.

use std::{collections::BTreeMap, io::Write as _, path::Path};

use fs_err as fs;
use kvctl::{
    config::{Document, Part, Scope, discover},
    domain::{Classify as _, Invocation},
    ops::scaffold::{
        Error, bindings, inspect,
        plan::{self, Plan},
        read_project,
    },
    scaffold::{Overrides, Settings},
};

use crate::env_cases::{EnvCase, env_cases};

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = fs::File::create(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn project(case: &EnvCase) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for (name, text) in &case.files {
        write(home.path(), name, text);
    }
    home
}

/// Plans as `kvctl scaffold --only types` does, with `--types FILE` where a file is named.
fn planned(root: &Path, types: Option<&str>) -> Result<Plan, Error> {
    let document = document(root);
    let scopes: Vec<&Scope> = document.project().deployed_scopes().collect();
    let bindings = bindings(Some(&document), &scopes, &[], None)?;
    let overrides = Overrides {
        only: Some(vec![Part::Types]),
        types: types.map(Into::into),
        ..Overrides::default()
    };
    let settings = Settings::new(None, overrides);
    let found = read_project(root, &settings)?;
    plan::plan(found, &settings, &bindings, false)
}

fn document(root: &Path) -> Document {
    Document::read(&discover(root, None).unwrap().path).unwrap()
}

/// Says what a plan does: each line that is added, with its number.
fn shown(root: &Path, plan: &Plan) -> String {
    let mut lines = Vec::new();
    for step in &plan.steps {
        let before = step.before.clone().unwrap_or_default();
        let before = String::from_utf8(before).unwrap();
        let name = step.path.strip_prefix(root).unwrap().display();
        let mut left = before.lines().peekable();
        for (number, line) in step.after.lines().enumerate() {
            if left.peek() == Some(&line) {
                left.next();
            } else {
                lines.push(format!("  {name}:{}: {line}", number + 1));
            }
        }
    }
    if lines.is_empty() {
        lines.push("  nothing to add".to_owned());
    }
    for note in &plan.notes {
        let relative = |path: &std::path::PathBuf| path.strip_prefix(root).unwrap().to_owned();
        lines.push(format!(
            "  note: {}",
            note.clone()
                .displayed(relative)
                .sentence()
                .render(&Invocation::default())
        ));
    }
    lines.join("\n")
}

fn refusal(root: &Path, error: &Error) -> String {
    let place = format!("{}/", root.display());
    let said = format!(
        "  refused: {error}\n  hint: {}",
        error.hint().unwrap().render(&Invocation::default())
    );
    said.replace(&place, "")
}

#[test]
fn every_project_gets_the_bindings_where_it_uses_them_or_is_refused() {
    let mut said = Vec::new();
    for case in env_cases() {
        let home = project(&case);
        let root = home.path();
        let outcome = planned(root, None);
        let shown = match &outcome {
            Ok(plan) => shown(root, plan),
            Err(error) => refusal(root, error),
        };
        said.push(format!("{}: {}\n{shown}\n", case.name, case.about));

        // `kvctl verify` says the same.
        let state = || {
            inspect(root, Some(&document(root)), None)
                .unwrap()
                .env
                .unwrap()
        };
        let Ok(plan) = outcome else {
            let problem = state().problem.map(|problem| refusal(root, &problem));
            assert_eq!(problem, Some(shown), "{}", case.name);
            continue;
        };
        plan.write().unwrap();
        let after = state();
        assert!(after.problem.is_none(), "{}: {after:?}", case.name);
        let is_left_to_others = |note: &plan::Note| match note {
            plan::Note::Regenerate { .. } => true,
            plan::Note::OwnEnv { missing, .. } => !missing.is_empty(),
            _ => false,
        };
        let is_complete = !plan.notes.iter().any(is_left_to_others);
        assert_eq!(
            after.missing.is_empty(),
            is_complete,
            "{}: {after:?}",
            case.name
        );
        assert!(!planned(root, None).unwrap().is_pending(), "{}", case.name);
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_file_that_is_named_gets_them_or_is_refused() {
    let cases: BTreeMap<String, EnvCase> = env_cases()
        .into_iter()
        .map(|case| (case.name.clone(), case))
        .collect();
    let mut said = Vec::new();
    for (name, types) in [
        ("durable-object", "src/index.ts"),
        ("durable-object", "src/counter.ts"),
        ("hono-bindings", "src/index.ts"),
        ("hono-bindings", "src/lib/types.ts"),
        ("hono-env", "src/lib/types.ts"),
        ("star-export", "src/lib/types.ts"),
        ("open-next-by-hand", "env.d.ts"),
        ("open-next-not-generated", "src/lib/types.ts"),
        ("namespace-cloudflare", "src/env.d.ts"),
        ("open-next-generated", "cloudflare-env.d.ts"),
        ("global-script", "src/env.d.ts"),
    ] {
        let home = project(&cases[name]);
        let shown = match planned(home.path(), Some(types)) {
            Ok(plan) => shown(home.path(), &plan),
            Err(error) => refusal(home.path(), &error),
        };
        said.push(format!("{name} --types {types}\n{shown}\n"));
    }
    insta::assert_snapshot!(said.join("\n"));
}

/// What kvctl does not edit is complete once its author has added the fields.
#[test]
fn fields_that_are_added_by_hand_are_enough() {
    for name in ["hono-two-bases", "hono-local-namespace"] {
        let home = tempfile::tempdir().unwrap();
        let case = env_cases().into_iter().find(|case| case.name == name);
        for (name, text) in &case.unwrap().files {
            let fields = "TOKEN: string; CONFIG_CACHE: KVNamespace; SESSIONS: KVNamespace;";
            write(home.path(), name, &text.replace("TOKEN: string;", fields));
        }
        assert!(!planned(home.path(), None).unwrap().is_pending(), "{name}");
    }
}

/// With a generated type, there may be no file of the project's own to speak of.
#[test]
fn a_file_that_does_not_exist_is_not_kept() {
    let home = tempfile::tempdir().unwrap();
    let case = env_cases()
        .into_iter()
        .find(|case| case.name == "astro-stub");
    for (name, text) in &case.unwrap().files {
        write(home.path(), name, text);
    }
    let plan = planned(home.path(), None).unwrap();
    assert!(!plan.is_pending());
    assert!(
        plan.steps[0].path.exists(),
        "{}",
        plan.steps[0].path.display()
    );
}

/// A project that an earlier version scaffolded has an `Env` that nothing uses, and all required.
#[test]
fn an_env_that_an_earlier_version_wrote_stays() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path();
    let case = env_cases()
        .into_iter()
        .find(|case| case.name == "durable-object");
    for (name, text) in &case.unwrap().files {
        write(root, name, text);
    }
    let env = "export interface Env {\n  CONFIG_CACHE: KVNamespace;\n  SESSIONS: KVNamespace;\n}\n";
    write(root, "src/lib/types.ts", env);
    let plan = planned(root, None).unwrap();
    assert!(!plan.is_pending());
    assert_eq!(plan.notes, []);
    // What it lacks is added to it, since that is where it was before.
    write(
        root,
        "src/lib/types.ts",
        &env.replace("  SESSIONS: KVNamespace;\n", ""),
    );
    insta::assert_snapshot!(shown(root, &planned(root, None).unwrap()));
}

/// What is there may be required or optional as its author wants; kvctl says if it differs.
#[test]
fn members_that_are_there_may_be_required_or_optional() {
    let home = tempfile::tempdir().unwrap();
    let case = env_cases()
        .into_iter()
        .find(|case| case.name == "one-environment");
    for (name, text) in &case.unwrap().files {
        write(home.path(), name, text);
    }
    let env = "export interface Env {\n  CONFIG_CACHE: KVNamespace;\n  SESSIONS?: KVNamespace;\n  DRAFTS: KVNamespace;\n}\n";
    write(home.path(), "src/lib/types.ts", env);
    insta::assert_snapshot!(shown(home.path(), &planned(home.path(), None).unwrap()));
}

/// A type that is generated for several packages may be outside of this one.
#[test]
fn a_generated_file_that_the_compiler_is_told_of_is_found_outside_of_the_project() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("apps/api");
    let generated = "// Generated by Wrangler by running `wrangler types ../../types/env.d.ts`\n\
                     interface Env {\n\tA: KVNamespace;\n}\n";
    write(home.path(), "types/env.d.ts", generated);
    write(
        &root,
        "wrangler.toml",
        "name = \"app\"\nkv_namespaces = [{ binding = \"A\" }, { binding = \"B\" }]\n",
    );
    for tsconfig in [
        "{ \"compilerOptions\": { \"types\": [\"../../types/env.d.ts\"] } }",
        "{ \"include\": [\"src\", \"../../types/env.d.ts\"], }",
    ] {
        write(&root, "tsconfig.json", tsconfig);
        let plan = planned(&root, None).unwrap();
        assert!(!plan.is_pending());
        let [
            plan::Note::Regenerate {
                missing, command, ..
            },
        ] = plan.notes.as_slice()
        else {
            panic!("{:?}", plan.notes);
        };
        assert_eq!(missing, &["B"]);
        assert_eq!(command, "npx wrangler types ../../types/env.d.ts");
    }
}

/// What a project says of itself is shown to be run only if it is nothing but a command.
#[test]
fn the_command_of_a_generated_file_is_checked() {
    let mut said = Vec::new();
    for command in [
        "wrangler types --env-interface=Bindings ./types/env.d.ts",
        "wrangler types; rm -rf ~",
        "curl example.com",
    ] {
        let home = tempfile::tempdir().unwrap();
        write(
            home.path(),
            "wrangler.toml",
            "name = \"app\"\nkv_namespaces = [{ binding = \"A\" }]\n",
        );
        let generated = format!(
            "// Generated by Wrangler by running `{command}` (hash: 0)\ninterface Bindings {{\n}}\n"
        );
        write(home.path(), "types/env.d.ts", &generated);
        said.push(shown(home.path(), &planned(home.path(), None).unwrap()));
    }
    insta::assert_snapshot!(said.join("\n"));
}
