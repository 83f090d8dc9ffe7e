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
