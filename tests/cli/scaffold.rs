//! `kvctl scaffold`, and `kvctl provision --scaffold`.

use fs_err as fs;
use kvctl::domain::ShowPath as _;

use crate::sandbox::{Sandbox, Seen};

const WRANGLER: &str = "\
name = \"bio\"

[[kv_namespaces]]
binding = \"CONFIG_CACHE\"

[[kv_namespaces]]
binding = \"SESSIONS\"

[env.staging]

[[env.staging.kv_namespaces]]
binding = \"DRAFTS\"
";

const TSCONFIG: &str = "{ \"compilerOptions\": { \"types\": [\"@cloudflare/workers-types\"] } }";
const TYPES: &str = "src/lib/types.ts";
const CACHE: &str = "src/lib/kv/cache.ts";

/// A project with a wrangler file and the types of the runtime.
fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", WRANGLER);
    sandbox.write("tsconfig.json", TSCONFIG);
    sandbox
}

/// Every file of the project, with its text.
fn tree(sandbox: &Sandbox) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![sandbox.app()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(sandbox.app()).unwrap();
            let name = name.shown().into_owned();
            if path.is_dir() {
                // An empty directory that is left behind counts.
                found.push((name, String::new()));
                folders.push(path);
            } else {
                found.push((name, sandbox.read(path.to_str().unwrap())));
            }
        }
    }
    found.sort();
    found
}

/// Runs something that must be refused, and change nothing.
fn refused(sandbox: &Sandbox, args: &[&str], code: i32) -> Seen {
    let before = tree(sandbox);
    let seen = sandbox.run(args);
    assert_eq!(seen.code, Some(code), "{seen}");
    assert_eq!(tree(sandbox), before, "{seen}");
    seen
}

/// Runs something that ends with this code, and changes nothing.
fn changes_nothing(sandbox: &Sandbox, args: &[&str], code: i32) {
    assert_eq!(refused(sandbox, args, code).code, Some(code));
}

#[test]
fn a_project_gets_helpers_and_env_once() {
    let sandbox = project();
    let bare = sandbox.bare_command(&["scaffold", "--dry-run"]);
    // No credentials, no request.
    insta::assert_snapshot!(Seen::of(bare));
    assert_eq!(tree(&sandbox).len(), 2);
    insta::assert_snapshot!(refused(&sandbox, &["scaffold", "--check"], 8));
    insta::assert_snapshot!(sandbox.run(&["scaffold"]));
    assert!(sandbox.read(TYPES).contains("  DRAFTS?: KVNamespace;\n"));
    let after = tree(&sandbox);
    insta::assert_snapshot!(sandbox.run(&["scaffold"]));
    sandbox.expect(0, &["scaffold", "--check"]);
    sandbox.expect(0, &["scaffold", "--force"]);
    assert_eq!(tree(&sandbox), after);
    assert_eq!(sandbox.emulator.log().len(), 0);
}

#[test]
fn a_file_that_was_edited_is_replaced_on_demand_only() {
    let sandbox = project();
    sandbox.expect(0, &["scaffold"]);
    let original = sandbox.read(CACHE);
    let edited = original.replace("jitter ?? 0.1", "jitter ?? 0.2");
    sandbox.write(CACHE, &edited);
    insta::assert_snapshot!(refused(&sandbox, &["scaffold"], 9));
    changes_nothing(&sandbox, &["scaffold", "--dry-run"], 9);
    changes_nothing(&sandbox, &["scaffold", "--check"], 8);
    changes_nothing(&sandbox, &["scaffold", "--only", "sessions,types"], 0);
    insta::assert_snapshot!(sandbox.run(&["scaffold", "--force"]));
    assert_eq!(sandbox.read(CACHE), original);
    assert_eq!(sandbox.read("src/lib/kv/cache.ts.bak"), edited);
    // A copy that is kept is not replaced by the next.
    sandbox.write(CACHE, "export {};\n");
    sandbox.expect(0, &["scaffold", "--force"]);
    assert_eq!(sandbox.read("src/lib/kv/cache.ts.bak"), edited);
    assert_eq!(sandbox.read("src/lib/kv/cache.ts.bak2"), "export {};\n");
}

#[test]
fn what_nobody_edited_is_brought_up_to_date() {
    let sandbox = project();
    sandbox.expect(0, &["scaffold"]);
    // Other line ends are no edit, and stay.
    sandbox.write(CACHE, sandbox.read(CACHE).replace('\n', "\r\n"));
    changes_nothing(&sandbox, &["scaffold", "--check"], 0);
    sandbox.write("kvctl.toml", "[scaffold.cache]\nttl = \"2h\"\n");
    let seen = refused(&sandbox, &["scaffold", "--check"], 8);
    assert!(seen.stdout.contains("+const TTL_SECONDS = 7200;"), "{seen}");
    sandbox.expect(0, &["scaffold"]);
    let text = sandbox.read(CACHE);
    assert!(text.contains("const TTL_SECONDS = 7200;\r\n"));
    assert!(!text.replace("\r\n", "").contains('\n'));

    let stamped = |version| kvctl::scaffold::stamp(version, "kvctl scaffold", "export {};\n");
    // Another text of this version, too: templates change between releases.
    for version in ["0.0.9", env!("CARGO_PKG_VERSION")] {
        sandbox.write(CACHE, stamped(version));
        sandbox.expect(0, &["scaffold"]);
        assert!(sandbox.read(CACHE).contains("class ConfigCache"));
    }
    sandbox.write(CACHE, stamped("99.0.0"));
    insta::assert_snapshot!(refused(&sandbox, &["scaffold"], 9).stderr);
}

#[test]
fn the_project_and_its_places_may_be_named() {
    let sandbox = project();
    let other = sandbox.other_checkout("other");
    let moved = [
        "scaffold",
        "../other",
        "--only",
        "rate-limit,types",
        "--out-dir",
        "kv",
        "--types",
        "env.d.ts",
    ];
    insta::assert_snapshot!(sandbox.run(&moved));
    assert!(other.join("kv/rate-limit.ts").exists() && other.join("env.d.ts").exists());
    let head = fs::read_to_string(other.join("kv/rate-limit.ts")).unwrap();
    assert!(head.contains("kvctl scaffold --out-dir kv --types env.d.ts\n"));
    assert_eq!(tree(&sandbox).len(), 2);
    let staging = ["scaffold", "--env", "staging", "--only", "types"];
    sandbox.expect(0, &staging);
    assert_eq!(
        sandbox.read(TYPES),
        "export interface Env {\n  DRAFTS: KVNamespace;\n}\n"
    );
    insta::assert_snapshot!(refused(&sandbox, &["scaffold", "nowhere"], 2));
}

#[test]
fn nothing_is_written_outside_the_project_or_by_halves() {
    let sandbox = project();
    insta::assert_snapshot!(refused(&sandbox, &["scaffold", "--out-dir", "../other"], 2));
    changes_nothing(&sandbox, &["scaffold", "--types", "/etc/types.ts"], 2);
    changes_nothing(&sandbox, &["scaffold", "--types", "src/types.js"], 2);
    // A name that no file system takes: found out after others could have been written.
    let long = "x".repeat(300);
    changes_nothing(
        &sandbox,
        &["scaffold", "--types", &format!("{long}/types.ts")],
        1,
    );
    sandbox.write("taken", "");
    insta::assert_snapshot!(refused(&sandbox, &["scaffold", "--out-dir", "taken"], 9));
    sandbox.write(TYPES, [0x61, 0x0a, 0xff]);
    insta::assert_snapshot!(sandbox.run(&["scaffold"]));
    assert!(!sandbox.app().join("src/lib/kv").exists());
}

#[cfg(unix)]
#[test]
fn links_out_and_files_that_may_not_be_written_are_refused() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let sandbox = project();
    let other = sandbox.other_checkout("other");
    fs::create_dir(sandbox.app().join("src")).unwrap();
    symlink(&other, sandbox.app().join("src/lib")).unwrap();
    insta::assert_snapshot!(refused(&sandbox, &["scaffold"], 9));
    assert_eq!(fs::read_dir(&other).unwrap().count(), 0);
    fs::remove_file(sandbox.app().join("src/lib")).unwrap();

    sandbox.write(TYPES, "export interface Env {}\n");
    let path = sandbox.app().join(TYPES);
    fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
    insta::assert_snapshot!(refused(&sandbox, &["scaffold"], 1));
}

#[test]
fn an_env_that_cannot_be_edited_is_refused_with_its_line() {
    let sandbox = project();
    let mut said = Vec::new();
    for text in [
        "export interface Env {\n  DB: \n",
        "\nexport class Env {}\n",
        "export interface Env {\n  SESSIONS: string;\n}\n",
        "import type { Base } from 'x';\nexport interface Env extends Base {}\n",
    ] {
        sandbox.write(TYPES, text);
        said.push(refused(&sandbox, &["scaffold"], 9).stderr);
    }
    insta::assert_snapshot!(said.join("\n"));
    sandbox.write(
        "wrangler.toml",
        format!("{WRANGLER}\n[[env.staging.kv_namespaces]]\nbinding = \"my-kv\"\n"),
    );
    insta::assert_snapshot!(refused(&sandbox, &["scaffold"], 5));
}

#[test]
fn options_that_are_wrong_name_line_and_column() {
    let sandbox = project();
    let mut said = Vec::new();
    for text in [
        "[scaffold]\nout = \"x\"\n",
        "[scaffold]\nout_dir = \"../x\"\n",
        "[scaffold]\nonly = [\"kv\"]\n",
        "[scaffold.cache]\nttl = 59\n",
        "[scaffold.cache]\nttl = \"soon\"\n",
        "[scaffold.cache]\nprefix = \"p:\"\nttl = \"48h\"\n",
        "[scaffold.cache]\nprefix = \"\"\n",
        "[scaffold.cache]\nvalue_type = \"a b\"\n",
        "[scaffold.cache]\nvalue_from = \"x.ts\"\n",
        "[scaffold.sessions]\nbinding = \"my-kv\"\n",
        "[scaffold.sessions]\nidle_timeout = 60\n",
        "[scaffold.rate_limit]\nmax_attempts = 0\n",
        "[scaffold.rate_limit]\nwindow = \"2d\"\n",
        "[scaffold.rate_limit.endpoints.default]\n",
        "[scaffold.rate_limit.endpoints.\"a:b\"]\n",
        "[scaffold.rate_limit.endpoints.__proto__]\n",
        "[scaffold.rate_limit.endpoints]\nlogin = { attempts = 3 }\n",
    ] {
        sandbox.write("kvctl.toml", text);
        let seen = refused(&sandbox, &["scaffold"], 5);
        said.extend(seen.stderr.lines().next().map(str::to_owned));
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_type_of_a_file_that_does_not_exist_is_said() {
    let absent = |from: &str, args: &[&str], files: &[&str]| {
        let sandbox = project();
        for file in files {
            sandbox.write(file, "export type Profile = { name: string };\n");
        }
        let options = format!("[scaffold.cache]\nvalue_type = \"Profile\"\n{from}");
        sandbox.write("kvctl.toml", options);
        let seen = sandbox.expect(0, &[&["scaffold"], args].concat());
        let mut notes = seen.stdout.lines().filter(|it| it.contains("no such file"));
        notes.next().map(str::to_owned)
    };
    let profile = "value_from = \"src/profile.ts\"\n";
    assert_eq!(
        absent(profile, &[], &[]).as_deref(),
        Some(
            "note: the cache imports `Profile` from `src/profile.ts`, and there is no such file; \
             create it, or name the file with `value_from` in kvctl.toml"
        )
    );
    assert_eq!(absent(profile, &[], &["src/profile.ts"]), None);
    assert_eq!(absent(profile, &["--only", "types"], &[]), None);
    assert!(absent(profile, &[], &["src/profile.ts/x.ts"]).is_some());
    // As the helper names it, above the project, and a package.
    let near = "value_from = \"./profile\"\n";
    assert!(absent(near, &[], &["src/profile.ts"]).is_some());
    assert_eq!(absent(near, &[], &["src/lib/kv/profile.ts"]), None);
    let above = "value_from = \"../shared/profile.ts\"\n";
    assert!(absent(above, &[], &["shared/profile.ts"]).is_some());
    assert_eq!(absent(above, &[], &["../shared/profile.ts"]), None);
    assert_eq!(absent("value_from = \"@acme/types\"\n", &[], &[]), None);
    // The file of `Env`, which is made by the same run or elsewhere.
    assert_eq!(absent("", &[], &[]), None);
    assert!(absent("", &["--only", "cache"], &[]).is_some());
}

#[test]
fn the_types_of_the_runtime_are_asked_for_or_left_to_wrangler() {
    let sandbox = Sandbox::new();
    // Not even a wrangler file.
    insta::assert_snapshot!(sandbox.run(&["scaffold", "--only", "types"]));
    let sandbox = project();
    sandbox.write(
        "src/index.ts",
        "export interface Env {\n  DB: D1Database;\n}\n",
    );
    let elsewhere = sandbox.run(&["scaffold", "--only", "types", "--dry-run"]);
    elsewhere.assert_stdout("update   src/index.ts");
    let named = ["scaffold", "--only", "types", "--types", TYPES, "--dry-run"];
    let note = "src/index.ts declares `Env`, too; `--types src/index.ts` adds";
    sandbox.run(&named).assert_stdout(note);
    let there = ["scaffold", "--only", "types", "--types", "src/index.ts"];
    sandbox.expect(0, &there);
    assert!(
        sandbox
            .read("src/index.ts")
            .contains("  DRAFTS?: KVNamespace;\n}")
    );

    let sandbox = project();
    sandbox.write(
        "worker-configuration.d.ts",
        "// Generated by Wrangler by running `wrangler types`\ndeclare namespace Cloudflare {\n\
         \tinterface Env { SESSIONS: KVNamespace; }\n}\n",
    );
    insta::assert_snapshot!(sandbox.run(&["scaffold", "--only", "types"]));
    sandbox.write(TYPES, "export interface Env {\n  DB: D1Database;\n}\n");
    insta::assert_snapshot!(refused(&sandbox, &["scaffold", "--only", "types"], 0));
}

#[test]
fn bindings_go_where_the_project_has_its_type_or_nowhere() {
    const HONO: &str = "import { Hono } from 'hono';\n\ntype Bindings = {\n  DB: D1Database;\n};\n\n\
                        export default new Hono<{ Bindings: Bindings }>();\n";
    let types = ["scaffold", "--only", "types"];
    let sandbox = project();
    sandbox.write("src/index.ts", HONO);
    insta::assert_snapshot!(sandbox.run(&types));
    sandbox.expect(0, &["scaffold", "--only", "types", "--check"]);

    sandbox.write("src/index.ts", HONO);
    sandbox.write("src/users.ts", HONO);
    insta::assert_snapshot!(refused(&sandbox, &types, 9));
    sandbox.expect(
        0,
        &["scaffold", "--only", "types", "--types", "src/index.ts"],
    );
    assert!(
        sandbox
            .read("src/index.ts")
            .contains("  DRAFTS?: KVNamespace;\n};")
    );
    // One of them has all of the bindings now.
    sandbox.expect(0, &types);

    let sandbox = project();
    sandbox.write(
        "package.json",
        "{\n  \"dependencies\": { \"@opennextjs/cloudflare\": \"1\" }\n}\n",
    );
    insta::assert_snapshot!(refused(&sandbox, &types, 9).stderr);
}

#[test]
fn provision_does_both() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    sandbox.write("tsconfig.json", TSCONFIG);
    let both = |more: &[&'static str]| [&["provision", "SESSIONS", "--scaffold"], more].concat();
    changes_nothing(&sandbox, &both(&["--dry-run"]), 0);
    changes_nothing(&sandbox, &both(&["--check"]), 8);
    insta::assert_snapshot!(sandbox.run(&both(&[])));
    assert_eq!(
        sandbox.read(TYPES),
        "export interface Env {\n  SESSIONS: KVNamespace;\n}\n"
    );
    let after = tree(&sandbox);
    sandbox.expect(0, &both(&["--check"]));
    sandbox.expect(0, &both(&[]));
    assert_eq!(tree(&sandbox), after);

    // One document, with both.
    let seen = sandbox.run(&both(&["--json"]));
    let mut value: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(value["scaffold"]["files"].as_array().unwrap().len(), 4);
    value["diff"].take();
    insta::assert_snapshot!(serde_json::to_string_pretty(&value["scaffold"]).unwrap());

    fs::remove_file(sandbox.app().join(TYPES)).unwrap();
    insta::assert_snapshot!(refused(&sandbox, &both(&["--check"]), 8).stderr);
}

#[test]
fn provision_creates_nothing_if_the_rest_would_be_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    sandbox.write(CACHE, "export {};\n");
    insta::assert_snapshot!(refused(&sandbox, &["provision", "--scaffold"], 9));
    sandbox.write(CACHE, "");
    fs::remove_file(sandbox.app().join(CACHE)).unwrap();
    sandbox.write(TYPES, "export class Env {}\n");
    changes_nothing(&sandbox, &["provision", "--scaffold"], 9);
    assert_eq!(sandbox.emulator.log().len(), 0);
}
