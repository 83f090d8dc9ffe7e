//! Where the bindings go in the projects of `fixtures/env`, or why they are refused.

use std::{collections::BTreeMap, io::Write as _, path::Path};

use fs_err as fs;
use kvctl::{
    config::{Document, Manifest, Part, Scope, discover},
    domain::{Classify as _, Invocation},
    ops::scaffold::{
        Error, bindings, inspect,
        plan::{self, Plan},
        read_project,
    },
    scaffold::{Overrides, Settings},
};

use crate::env_cases::{EnvCase, env_cases};

fn write(root: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = fs::File::create(path).unwrap();
    file.write_all(text.as_ref()).unwrap();
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
    let found = read_project(root, &settings, Some(&document))?;
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
            let problem = problem.unwrap_or_default();
            assert!(problem.starts_with(&shown), "{}: {problem}", case.name);
            continue;
        };
        plan.write().unwrap();
        let after = state();
        assert!(after.problem.is_none(), "{}: {after:?}", case.name);
        let is_outdated = |note: &plan::Note| matches!(note, plan::Note::Regenerate { .. });
        let is_complete = !plan.notes.iter().any(is_outdated);
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
        ("default-export", "src/index.ts"),
        ("package-beside-own", "src/queue.ts"),
        ("handler-beside-generated", "src/lib/types.ts"),
        ("react-router", "app/load-context.ts"),
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
    for name in [
        "hono-two-bases",
        "class",
        "union",
        "base-mapped",
        "base-of-a-package",
    ] {
        let home = tempfile::tempdir().unwrap();
        let case = env_cases().into_iter().find(|case| case.name == name);
        for (path, text) in &case.unwrap().files {
            let fields = "CONFIG_CACHE: KVNamespace; SESSIONS: KVNamespace;";
            let text = text.replace("  TOKEN: string;", &format!("  TOKEN: string; {fields}"));
            let text = text.replace("TOKEN = \"\";", &format!("TOKEN = \"\"; {fields}"));
            write(home.path(), path, &text);
        }
        assert!(!planned(home.path(), None).unwrap().is_pending(), "{name}");
    }
}

/// Where kvctl cannot see the fields, the hint names a command, and a setting, that leave the type alone.
#[test]
fn a_type_that_cannot_be_seen_may_be_left_to_its_author() {
    let case = env_cases()
        .into_iter()
        .find(|c| c.name == "function-result");
    let home = project(&case.unwrap());
    let root = home.path();
    let parts = |parts: &[Part], manifest: Option<&Manifest>| {
        let overrides = Overrides {
            only: manifest.is_none().then(|| parts.to_vec()),
            ..Overrides::default()
        };
        let settings = Settings::new(manifest, overrides);
        let document = document(root);
        let scopes: Vec<&Scope> = document.project().deployed_scopes().collect();
        let bindings = bindings(Some(&document), &scopes, &[], None)?;
        let found = read_project(root, &settings, Some(&document))?;
        plan::plan(found, &settings, &bindings, false)
    };
    let error = parts(&[Part::Cache, Part::Types], None).unwrap_err();
    let hint = error.hint().unwrap().render(&Invocation::default());
    assert!(hint.contains("`kvctl scaffold --only cache`"), "{hint}");
    parts(&[Part::Cache], None).unwrap();
    assert!(
        hint.contains("`only = [\"cache\"]` below `[scaffold]`"),
        "{hint}"
    );
    write(root, "kvctl.toml", "[scaffold]\nonly = [\"cache\"]\n");
    let manifest = Manifest::read(root).unwrap();
    parts(&[], manifest.as_ref()).unwrap();
    let state = inspect(root, Some(&document(root)), manifest.as_ref()).unwrap();
    assert!(state.env.is_none());
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

/// A project that an earlier version scaffolded may have an `Env` that nothing uses: it decides nothing.
#[test]
fn an_env_that_an_earlier_version_wrote_is_the_type_if_the_code_uses_it() {
    let case = env_cases().into_iter().find(|c| c.name == "durable-object");
    let home = project(&case.unwrap());
    let root = home.path();
    let env = "export interface Env {\n  CONFIG_CACHE: KVNamespace;\n}\n";
    write(root, "src/lib/types.ts", env);
    let mut said = vec![refusal(root, &planned(root, None).unwrap_err())];
    write(
        root,
        "src/lib/use.ts",
        "import type { Env } from './types';\nexport const cache = (bindings: Env) => bindings.CONFIG_CACHE;\n",
    );
    said.push(shown(root, &planned(root, None).unwrap()));
    insta::assert_snapshot!(said.join("\n"));
}

const HANDLER: &str = "import type { Env } from './env';\n\
     export default { fetch: async (_r, env) => new Response(env.TOKEN) } satisfies ExportedHandler<Env>;\n";

/// A project whose handler takes `Env` from src/env.ts.
fn with_handler() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("apps/api");
    write(&root, "src/index.ts", HANDLER);
    write(
        &root,
        "wrangler.toml",
        "name = \"app\"\nmain = \"src/index.ts\"\nkv_namespaces = [{ binding = \"A\" }]\n",
    );
    home
}

#[cfg(unix)]
#[test]
fn files_elsewhere_are_read_and_not_edited() {
    let home = with_handler();
    let root = &home.path().join("apps/api");
    let said = |text: &str| {
        write(home.path(), "common/env.ts", text);
        match planned(root, None) {
            Ok(plan) => {
                assert!(!plan.is_pending());
                "kept".to_owned()
            }
            Err(error) => refusal(home.path(), &error),
        }
    };
    let lacking = "export interface Env {\n  TOKEN: string;\n}\n";
    let complete = "export interface Env {\n  TOKEN: string;\n  A: KVNamespace;\n}\n";
    // By a re-export, and by a link.
    write(
        root,
        "src/env.ts",
        "export type { Env } from '../../../common/env';\n",
    );
    let exported = [said(lacking), said(complete)];
    fs::remove_file(root.join("src/env.ts")).unwrap();
    std::os::unix::fs::symlink("../../../common/env.ts", root.join("src/env.ts")).unwrap();
    assert_eq!([said(lacking), said(complete)], exported);
    insta::assert_snapshot!(exported.join("\n"));
    // A link to another file of the project is that file.
    fs::remove_file(root.join("src/env.ts")).unwrap();
    write(root, "src/deep/bindings.ts", lacking);
    std::os::unix::fs::symlink("deep/bindings.ts", root.join("src/env.ts")).unwrap();
    let plan = planned(root, None).unwrap();
    assert_eq!(plan.steps[0].path, root.join("src/deep/bindings.ts"));
    // One to what `wrangler types` generated is that, too.
    fs::remove_file(root.join("src/env.ts")).unwrap();
    write(
        root,
        "src/index.ts",
        "export default {} satisfies ExportedHandler<Env>;\n",
    );
    write(
        home.path(),
        "common/worker.d.ts",
        "// Generated by Wrangler by running `wrangler types`\ninterface Env {\n\tA: KVNamespace;\n}\n",
    );
    let link = root.join("worker-configuration.d.ts");
    std::os::unix::fs::symlink("../../common/worker.d.ts", link).unwrap();
    assert!(!planned(root, None).unwrap().is_pending());
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let home = with_handler();
    let root = &home.path().join("apps/api");
    let text = "// é\nexport interface Env { TOKEN: string }\n";
    let mut latin = fs::File::create(root.join("src/env.ts")).unwrap();
    latin
        .write_all(&text.replace('é', "?").into_bytes())
        .unwrap();
    latin.write_all(b"// \xe9\n").unwrap();
    insta::assert_snapshot!(refusal(root, &planned(root, None).unwrap_err()));
}

/// What the Worker begins with, or imports, may have the type: no other one is made.
#[test]
fn a_file_of_the_worker_that_cannot_be_read_is_named() {
    let home = with_handler();
    let root = &home.path().join("apps/api");
    let latin = b"interface Env { TOKEN: string }\n// \xe9\nexport const env = 1;\n";
    write(root, "src/index.ts", latin);
    let mut said = vec![refusal(root, &planned(root, None).unwrap_err())];
    write(root, "src/index.ts", "export { env } from './app';\n");
    write(root, "src/app.ts", latin);
    said.push(refusal(root, &planned(root, None).unwrap_err()));
    insta::assert_snapshot!(said.join("\n"));
    // What the Worker does not have says nothing.
    write(root, "src/index.ts", "export default {};\n");
    assert!(planned(root, None).unwrap().is_pending());
}

#[cfg(unix)]
#[test]
fn a_main_that_is_elsewhere_is_read_and_not_edited() {
    let home = with_handler();
    let root = &home.path().join("apps/api");
    let text = "export interface Env { TOKEN: string }\nexport default {} satisfies ExportedHandler<Env>;\n";
    write(home.path(), "common/index.ts", text);
    fs::remove_file(root.join("src/index.ts")).unwrap();
    std::os::unix::fs::symlink("../../../common/index.ts", root.join("src/index.ts")).unwrap();
    let said = refusal(home.path(), &planned(root, None).unwrap_err());
    assert!(
        said.contains("`Env` is declared outside of the project"),
        "{said}"
    );
}

#[test]
fn a_new_env_that_nothing_uses_says_so() {
    let home = with_handler();
    let root = &home.path().join("apps/api");
    // Not beside one that is used, in a file that does not exist.
    write(
        root,
        "src/env.ts",
        "export interface Env {\n  TOKEN: string;\n}\n",
    );
    let mut said = vec![refusal(
        root,
        &planned(root, Some("src/evn.ts")).unwrap_err(),
    )];
    // In a project whose Worker gives the bindings no type.
    fs::remove_file(root.join("src/env.ts")).unwrap();
    write(
        root,
        "src/index.ts",
        "export default { fetch: (_r: Request, env: any) => env.A.get('x') };\n",
    );
    said.push(shown(root, &planned(root, None).unwrap()));
    fs::rename(root.join("src/index.ts"), root.join("src/index.js")).unwrap();
    write(
        root,
        "wrangler.toml",
        "name = \"app\"\nmain = \"src/index.js\"\nkv_namespaces = [{ binding = \"A\" }]\n",
    );
    said.push(shown(root, &planned(root, None).unwrap()));
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_top_level_that_is_deployed_without_namespaces_makes_them_optional() {
    let home = tempfile::tempdir().unwrap();
    let bound = "[[env.staging.kv_namespaces]]\nbinding = \"A\"\n";
    for (main, field) in [
        ("", "A: KVNamespace"),
        ("main = \"src/index.ts\"\n", "A?: KVNamespace"),
    ] {
        write(
            home.path(),
            "wrangler.toml",
            format!("name = \"app\"\n{main}{bound}"),
        );
        let plan = planned(home.path(), None).unwrap();
        assert!(
            plan.steps[0].after.contains(field),
            "{}",
            plan.steps[0].after
        );
    }
}

/// More files than are looked at: what the Worker begins with is read first.
#[test]
fn a_large_project_is_read_from_its_main_file() {
    let home = with_handler();
    let root = &home.path().join("apps/api");
    fs::remove_dir_all(root.join("src")).unwrap();
    write(
        root,
        "worker/index.ts",
        "export { default } from './handler';\n",
    );
    write(root, "worker/handler.ts", HANDLER);
    write(
        root,
        "worker/env.ts",
        "export interface Env {\n  TOKEN: string;\n}\n",
    );
    for number in 0..20_010 {
        fs::File::create(root.join(format!("{number}.txt"))).unwrap();
    }
    let refused = refusal(root, &planned(root, None).unwrap_err());
    assert!(planned(root, Some("src/types.ts")).unwrap().is_pending());
    let config = fs::read_to_string(root.join("wrangler.toml")).unwrap();
    write(
        root,
        "wrangler.toml",
        config.replace("src/index.ts", "worker/index.ts"),
    );
    let found = shown(root, &planned(root, None).unwrap());
    insta::assert_snapshot!(format!("{refused}\n{found}"));
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
                missing,
                command,
                is_certain: true,
                ..
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
