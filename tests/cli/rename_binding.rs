//! `kvctl rename-binding`.

use crate::sandbox::{Sandbox, Seen};

const FILE: &str = "\
name = \"bio\"
kv_namespaces = [
  { binding = \"SESSIONS\", id = \"<id>\" }, # live
]

[env.staging]
kv_namespaces = [{ binding = \"SESSIONS\", id = \"<id>\" }]
";

#[test]
fn the_name_changes_and_nothing_else() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", FILE);
    let bare = |args: &[&str]| Seen::of(sandbox.bare_command(args));
    // The file alone: no credentials, no request.
    insta::assert_snapshot!(bare(&["rename-binding", "SESSIONS", "LOGINS", "--dry-run"]));
    assert_eq!(sandbox.read("wrangler.toml"), FILE);
    assert_eq!(
        bare(&["rename-binding", "SESSIONS", "LOGINS"]).code,
        Some(0)
    );
    assert_eq!(
        sandbox.read("wrangler.toml"),
        FILE.replacen("SESSIONS", "LOGINS", 1)
    );
    insta::assert_snapshot!(bare(&["rename-binding", "SESSIONS", "LOGINS"]));
    assert_eq!(
        bare(&["rename-binding", "SESSIONS", "LOGINS", "--all-envs"]).code,
        Some(0)
    );
    assert_eq!(
        sandbox.read("wrangler.toml"),
        FILE.replace("SESSIONS", "LOGINS")
    );
    assert_eq!(sandbox.emulator.log().len(), 0);
}

#[test]
fn the_title_follows_on_request() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    sandbox.expect(0, &["provision", "SESSIONS"]);
    let id = sandbox.read("wrangler.toml");
    insta::assert_snapshot!(sandbox.run(&["rename-binding", "SESSIONS", "LOGINS", "--title"]));
    assert_eq!(
        sandbox.read("wrangler.toml"),
        id.replace("SESSIONS", "LOGINS")
    );
    sandbox.expect(0, &["provision", "--check"]);
    insta::assert_snapshot!(sandbox.run(&[
        "rename-binding",
        "SESSIONS",
        "LOGINS",
        "--title",
        "--json"
    ]));
}

#[test]
fn what_cannot_be_renamed_is_said() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "[vars]\nTAKEN = 1\n\n[[kv_namespaces]]\nbinding = \"A\"\n\n[[kv_namespaces]]\nbinding = \"B\"\n");
    insta::assert_snapshot!(sandbox.run(&["rename-binding", "C", "D"]));
    insta::assert_snapshot!(sandbox.run(&["rename-binding", "A", "B"]));
    insta::assert_snapshot!(sandbox.run(&["rename-binding", "A", "TAKEN"]));
    insta::assert_snapshot!(sandbox.run(&["rename-binding", "A", "my-kv"]));
}

#[test]
fn a_slip_in_the_old_name_is_no_second_run() {
    let sandbox = Sandbox::new();
    let file = "kv_namespaces = [{ binding = \"CACHE\" }, { binding = \"SESSIONS\" }]\n";
    sandbox.write("wrangler.toml", file);
    let seen = sandbox.expect(5, &["rename-binding", "CAHCE", "SESSIONS"]);
    seen.assert_stderr("no binding `CAHCE` at the top level; `SESSIONS` is bound already");
    seen.assert_stderr("did you mean `CACHE`?");
    let seen = sandbox.expect(0, &["rename-binding", "NOPE", "SESSIONS"]);
    seen.assert_stderr("note: there is no `NOPE`; `SESSIONS` is bound already\n");
    assert_eq!(sandbox.read("wrangler.toml"), file);
}

#[test]
fn titles_are_checked_before_any_is_given() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\n[env.s]\n");
    sandbox.expect(0, &["provision", "A", "--all-envs"]);
    sandbox.expect(0, &["namespace", "create", "bio-s-B"]);
    let before = sandbox.read("wrangler.toml");
    insta::assert_snapshot!(sandbox.run(&["rename-binding", "A", "B", "--all-envs", "--title"]));
    assert_eq!(sandbox.read("wrangler.toml"), before);
    assert_eq!(sandbox.emulator.requests("PUT"), 0);
    insta::assert_snapshot!(sandbox.run(&["rename-binding", "TYPO", "A"]));
}

#[test]
fn a_name_that_is_another_bindings_local_namespace_is_refused() {
    let sandbox = Sandbox::new();
    let file =
        "name = \"bio\"\nkv_namespaces = [{ binding = \"N\" }, { binding = \"B\", id = \"M\" }]\n";
    sandbox.write("wrangler.toml", file);
    let seen = sandbox.expect(5, &["rename-binding", "N", "M", "--local"]);
    seen.assert_stderr("`M` at the top level would share the namespace of `B`");
    assert_eq!(sandbox.read("wrangler.toml"), file);
    sandbox.expect(0, &["rename-binding", "N", "O", "--local"]);
}

const MANIFEST: &str = "\
[[namespace]]
binding = \"SESSIONS\" # logins
prefix = \"session:\"

[[assert]]
binding = 'SESSIONS'
key = \"a\"
exists = true

[scaffold.sessions]
binding = \"SESSIONS\"
";

#[test]
fn the_manifest_follows_when_no_section_has_the_old_name() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", FILE);
    sandbox.write("kvctl.toml", MANIFEST);
    let seen = sandbox.expect(0, &["rename-binding", "SESSIONS", "LOGINS"]);
    seen.assert_stderr("kvctl.toml:2:11 still names `SESSIONS`, which is still bound");
    assert_eq!(sandbox.read("kvctl.toml"), MANIFEST);

    let all = ["rename-binding", "SESSIONS", "LOGINS", "--all-envs"];
    sandbox.expect(0, &[&all[..], &["--dry-run"]].concat());
    assert_eq!(sandbox.read("kvctl.toml"), MANIFEST);
    let seen = sandbox.expect(0, &all);
    seen.assert_stdout("renamed SESSIONS to LOGINS in wrangler.toml and kvctl.toml");
    assert_eq!(
        sandbox.read("kvctl.toml"),
        MANIFEST.replace("SESSIONS", "LOGINS")
    );
    // What an interrupted run leaves is mended by the next.
    sandbox.write("kvctl.toml", MANIFEST);
    let seen = sandbox.expect(0, &all);
    seen.assert_stdout("renamed SESSIONS to LOGINS in kvctl.toml");
    let seen = sandbox.expect(0, &all);
    seen.assert_stdout("nothing to do");
}

#[test]
fn what_is_left_in_the_manifest_is_said() {
    let sandbox = Sandbox::new();
    let manifest = "[[namespace]]\nbinding = \"SESSIONS\"\n\n[[namespace]]\nbinding = \"LOGINS\"\n";
    sandbox.write("wrangler.toml", FILE);
    sandbox.write("kvctl.toml", manifest);
    let all = ["rename-binding", "SESSIONS", "LOGINS", "--all-envs"];
    let seen = sandbox.expect(0, &all);
    seen.assert_stderr("kvctl.toml:5:11: binding `LOGINS` appears twice");
    assert_eq!(sandbox.read("kvctl.toml"), manifest);

    sandbox.write("wrangler.toml", FILE);
    sandbox.write("kvctl.toml", "[scaffold]\nonly = [\"sessions\"]\n");
    let seen = sandbox.expect(0, &all);
    seen.assert_stderr(
        "[scaffold.sessions] in kvctl.toml is for `SESSIONS` by default; add `binding = \"LOGINS\"` to it",
    );
}

#[test]
fn what_is_left_in_the_type_of_the_bindings_is_said() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", format!("main = \"src/index.ts\"\n{FILE}"));
    let code = "export interface Env {\n  SESSIONS: KVNamespace;\n}\n\
                export default { fetch(request: Request, env: Env) { return new Response(); } };\n";
    sandbox.write("src/index.ts", code);
    let all = ["rename-binding", "SESSIONS", "LOGINS", "--all-envs"];
    let seen = sandbox.expect(0, &all);
    seen.assert_stderr("src/index.ts:2 still names `SESSIONS`; change it to `LOGINS`");
    let without = code.replace("  SESSIONS: KVNamespace;\n", "");
    sandbox.write("src/index.ts", &without);
    let seen = sandbox.expect(0, &all);
    seen.assert_stderr("`Env` in src/index.ts lacks `LOGINS`: run `kvctl scaffold` to add it");
    sandbox.write("src/index.ts", code.replace("SESSIONS", "LOGINS"));
    let seen = sandbox.expect(0, &all);
    assert!(!seen.stderr.contains("index.ts"), "{}", seen.stderr);
}

#[test]
fn the_title_of_the_preview_namespace_follows_too() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    sandbox.expect(0, &["provision", "SESSIONS", "--preview", "separate"]);
    let rename = ["rename-binding", "SESSIONS", "LOGINS", "--title"];
    let seen = sandbox.expect(0, &rename);
    seen.assert_stdout("retitled bio-SESSIONS to bio-LOGINS");
    seen.assert_stdout("retitled bio-SESSIONS_preview to bio-LOGINS_preview");
    sandbox.expect(0, &["provision", "--check", "--preview", "separate"]);
    // Both with one id: one title.
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    sandbox.expect(0, &["provision", "CACHE", "--preview", "same"]);
    let seen = sandbox.expect(0, &["rename-binding", "CACHE", "STORE", "--title"]);
    seen.assert_stdout("retitled bio-CACHE to bio-STORE");
    assert_eq!(
        seen.stdout.matches("retitled").count(),
        1,
        "{}",
        seen.stdout
    );
}

#[test]
fn ids_of_the_local_store_are_retitled_there_too() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    let run = |args: &[&str]| {
        let seen = Seen::of(sandbox.bare_command(&[args, &["--local"]].concat()));
        assert_eq!(seen.code, Some(0), "{seen}");
        seen
    };
    run(&["provision", "SESSIONS", "--preview", "separate"]);
    let seen = run(&["rename-binding", "SESSIONS", "LOGINS", "--title", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap();
    let titles = said["titles"].as_array().unwrap().iter();
    let titles: Vec<_> = titles.map(|it| it["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["bio-LOGINS", "bio-LOGINS_preview"]);
}

#[test]
fn a_title_that_kvctl_toml_says_stays() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\n[env.live]\n");
    let manifest = "[[namespace]]\nbinding = \"SESSIONS\"\ntitle = \"people\"\n";
    sandbox.write("kvctl.toml", manifest);
    let provision = ["provision", "--all-envs", "--preview", "separate"];
    sandbox.expect(0, &provision);
    let rename = [
        "rename-binding",
        "SESSIONS",
        "LOGINS",
        "--title",
        "--all-envs",
    ];
    let seen = sandbox.expect(0, &rename);
    seen.assert_stderr(
        "note: the title does not follow the name of `LOGINS`: kvctl.toml says `title = \"people\"`",
    );
    assert!(!seen.stdout.contains("retitled"), "{seen}");
    let after = manifest.replace("SESSIONS", "LOGINS");
    assert_eq!(sandbox.read("kvctl.toml"), after);
    let verify = || {
        let seen = sandbox.expect(0, &["verify", "--all-envs", "--only", "namespaces"]);
        assert!(!seen.stdout.contains("warn"), "{seen}");
    };
    verify();
    sandbox.expect(0, &[&provision[..], &["--check"]].concat());
    // A namespace with another title gets the one that the file says, as do those of environments.
    sandbox.write("kvctl.toml", after.replace("people", "users"));
    let seen = sandbox.expect(0, &rename);
    for title in ["users", "users_preview", "users-live", "users-live_preview"] {
        seen.assert_stdout(format!(" to {title} "));
    }
    verify();
    // What cannot be read may say anything.
    sandbox.write("kvctl.toml", "[[namespace]\n");
    let seen = sandbox.expect(5, &["rename-binding", "LOGINS", "PEOPLE", "--title"]);
    seen.assert_stderr("error: nothing was renamed");
}

#[test]
fn the_title_of_a_namespace_that_others_use_stays() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    sandbox.expect(0, &["provision", "SESSIONS"]);
    let file = sandbox.read("wrangler.toml");
    let entry = file.split_once("[[kv_namespaces]]").unwrap().1;
    let live = entry.replace("SESSIONS", "USERS");
    let shared = format!("{file}\n[[env.live.kv_namespaces]]{live}");
    sandbox.write("wrangler.toml", shared);
    let seen = sandbox.expect(0, &["rename-binding", "SESSIONS", "LOGINS", "--title"]);
    seen.assert_stderr(
        "keeps the title `bio-SESSIONS`: it is the namespace of `USERS` in environment `live` too",
    );
    assert!(!seen.stdout.contains("retitled"), "{seen}");
}
