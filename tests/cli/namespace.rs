//! `kvctl namespace …`.

use serde_json::Value;

use crate::{provision::BIO, sandbox::Sandbox, wait::Finish as _};

fn sandbox(titles: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    for title in titles {
        sandbox.expect(0, &["namespace", "create", title]);
    }
    sandbox
}

#[test]
fn create_says_what_exists_and_adopts_on_request() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(sandbox.run(&["namespace", "create", "with blanks"]));
    insta::assert_snapshot!(sandbox.run(&["namespace", "create", "with blanks"]));
    insta::assert_snapshot!(sandbox.run(&[
        "namespace",
        "create",
        "with blanks",
        "--adopt",
        "--json"
    ]));
    insta::assert_snapshot!(sandbox.run(&["namespace", "create", ""]));
    insta::assert_snapshot!(sandbox.run(&["namespace", "create", "a\u{7}b"]));
}

#[test]
fn create_for_a_binding_with_an_id_names_the_command_that_replaces_it() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    sandbox.expect(0, &["provision", "A"]);
    let before = sandbox.expect(0, &["namespace", "get", "-b", "A", "--json"]);
    let before: Value = serde_json::from_str(&before.stdout).unwrap();
    let id = before["id"].as_str().unwrap();
    let seen = sandbox.expect(2, &["namespace", "create", "foo", "-b", "A"]);
    seen.assert_stderr(format!(
        "kvctl provision A=foo --replace-id {id}` to create it"
    ));
    sandbox.expect(0, &["provision", "A=foo", "--replace-id", id, "--yes"]);
    sandbox
        .expect(0, &["namespace", "get", "-b", "A"])
        .assert_stdout("foo");
}

#[test]
fn a_title_that_is_not_there_is_missing_in_the_account() {
    let sandbox = Sandbox::new();
    for command in [
        &["namespace", "delete", "gone"][..],
        &["namespace", "rename", "gone", "--to", "foo"],
        &["key", "get", "K", "-n", "gone"],
    ] {
        let seen = sandbox.expect(3, command);
        seen.assert_stderr("no namespace in account ");
    }
}

#[test]
fn a_jurisdiction_is_given_once_and_for_good() {
    let sandbox = sandbox(&["anywhere"]);
    let create = |title, jurisdiction: &str, more: &[&str]| {
        let args = ["namespace", "create", title, "--jurisdiction", jurisdiction];
        sandbox.run(&[&args, more].concat())
    };
    insta::assert_snapshot!(create("here", "moon", &[]));
    for jurisdiction in ["eu", "fedramp", "us"] {
        let seen = create(jurisdiction, jurisdiction, &["--json"]);
        let made: Value = serde_json::from_str(&seen.stdout).unwrap();
        assert_eq!(made["jurisdiction"], jurisdiction, "{seen}");
        let shown = sandbox.run(&["namespace", "get", jurisdiction]).stdout;
        let line = format!("jurisdiction  {jurisdiction}\n");
        assert!(shown.contains(&line), "{shown}");
    }
    assert_eq!(create("eu", "eu", &["--adopt"]).code, Some(0));
    insta::assert_snapshot!(create("eu", "us", &["--adopt"]));
    insta::assert_snapshot!(create("anywhere", "eu", &["--adopt"]));
}

#[test]
fn list_has_a_form_for_everybody() {
    let sandbox = sandbox(&["b", "a"]);
    insta::assert_snapshot!(sandbox.run(&["namespace", "list"]));
    insta::assert_snapshot!(sandbox.run(&["ns", "list", "--json"]));
    insta::assert_snapshot!(sandbox.run(&["namespace", "list", "--ndjson"]));
    assert_eq!(
        Sandbox::new().run(&["namespace", "list", "--json"]).stdout,
        "[]\n"
    );
}

#[test]
fn get_finds_by_title_id_and_binding() {
    let sandbox = sandbox(&[]);
    sandbox.write("wrangler.toml", BIO);
    sandbox.expect(0, &["provision", "SESSIONS"]);
    insta::assert_snapshot!(sandbox.run(&["namespace", "get", "bio-SESSIONS"]));
    insta::assert_snapshot!(sandbox.run(&["namespace", "get", "-b", "SESSIONS", "--json"]));
    insta::assert_snapshot!(sandbox.run(&["namespace", "get", "-b", "SESSIONS", "--preview"]));
    insta::assert_snapshot!(sandbox.run(&["namespace", "get", "-b", "CACHE"]));
    insta::assert_snapshot!(sandbox.run(&["namespace", "get", "-n", "sessions"]));
    let absent = "0f2ac74b498b48028cb68387c421e279";
    insta::assert_snapshot!(sandbox.run(&["namespace", "get", "--namespace-id", absent]));
    insta::assert_snapshot!(sandbox.run(&["namespace", "get", "--namespace-id", "SESSIONS"]));
    insta::assert_snapshot!(sandbox.run(&["namespace", "get"]));
    insta::assert_snapshot!(sandbox.run(&["namespace", "get", "a", "-b", "SESSIONS"]));
}

#[test]
fn rename_keeps_the_id() {
    let sandbox = sandbox(&["old", "other"]);
    let before = sandbox.run(&["namespace", "get", "old", "--json"]).stdout;
    insta::assert_snapshot!(sandbox.run(&["namespace", "rename", "old", "--to", "new"]));
    insta::assert_snapshot!(sandbox.run(&["namespace", "rename", "new", "--to", "new"]));
    let after = sandbox.run(&["namespace", "get", "new", "--json"]).stdout;
    assert_eq!(before.replace("old", "new"), after);
    insta::assert_snapshot!(sandbox.run(&["namespace", "rename", "new", "--to", "other"]));
}

#[test]
fn delete_wants_the_title_typed() {
    let sandbox = sandbox(&[]);
    sandbox.write("wrangler.toml", BIO);
    sandbox.expect(0, &["provision", "SESSIONS"]);
    insta::assert_snapshot!(sandbox.run(&["namespace", "delete", "bio-SESSIONS"]));
    // Not even `--yes` is enough.
    sandbox.expect(9, &["namespace", "delete", "-b", "SESSIONS", "--yes"]);
    insta::assert_snapshot!(sandbox.run(&[
        "namespace",
        "delete",
        "-b",
        "SESSIONS",
        "--confirm",
        "SESSIONS"
    ]));
    assert_eq!(sandbox.emulator.requests("DELETE"), 0);
    let seen = sandbox.run(&[
        "namespace",
        "delete",
        "-b",
        "SESSIONS",
        "--confirm",
        "bio-SESSIONS",
    ]);
    insta::assert_snapshot!(seen);
    assert_eq!(sandbox.emulator.requests("DELETE"), 1);
    sandbox.expect(3, &["namespace", "get", "bio-SESSIONS"]);
}

#[test]
fn a_preview_of_an_environment_is_deleted_alone() {
    let sandbox = sandbox(&[]);
    sandbox.write("wrangler.toml", format!("{BIO}\n[env.staging]\n"));
    let made = [
        "provision",
        "SESSIONS",
        "--all-envs",
        "--preview",
        "separate",
    ];
    sandbox.expect(0, &made);
    let titles = || -> Vec<String> {
        let listed = sandbox.run(&["namespace", "list", "--json"]);
        let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
        let title = |one: &Value| one["title"].as_str().unwrap().to_owned();
        listed.as_array().unwrap().iter().map(title).collect()
    };
    let mut left = titles();
    assert_eq!(left.len(), 4);
    for place in [
        &["--env", "staging", "--preview"][..],
        &["--preview"],
        &["--env", "staging"],
    ] {
        let binding = [&["-b", "SESSIONS", "--json"], place].concat();
        let shown = sandbox.run(&[&["namespace", "get"], &binding[..]].concat());
        let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
        let title = shown["title"].as_str().unwrap();
        let delete = ["namespace", "delete", "--confirm", title];
        sandbox.expect(0, &[&delete[..], &binding].concat());
        left.retain(|one| one != title);
        assert_eq!(titles(), left);
    }
    assert_eq!(left, ["bio-SESSIONS"]);
}

#[test]
fn a_protected_namespace_is_not_deleted_without_confirm() {
    let sandbox = sandbox(&["bio-sessions"]);
    sandbox.write("wrangler.toml", BIO);
    sandbox.write(
        "kvctl.toml",
        "[[namespace]]\nbinding = \"SESSIONS\"\ntitle = \"bio-sessions\"\nprotect = true\n",
    );
    let seen = sandbox.run(&["namespace", "delete", "bio-sessions", "--yes"]);
    insta::assert_snapshot!(seen);
    assert_eq!(sandbox.emulator.requests("DELETE"), 0);
}

#[test]
fn a_backup_comes_before_the_deletion() {
    let sandbox = sandbox(&["foo"]);
    sandbox.expect(0, &["key", "put", "k", "v", "-n", "foo"]);
    let delete = |file| {
        [
            "namespace",
            "delete",
            "foo",
            "--confirm",
            "foo",
            "--backup",
            file,
        ]
    };
    sandbox.expect(2, &delete("no/such/b.ndjson"));
    assert_eq!(sandbox.emulator.requests("DELETE"), 0);
    sandbox.expect(0, &delete("b.ndjson"));
    assert!(sandbox.read("b.ndjson").contains("\"k\""));
}

#[test]
fn protection_goes_by_the_usual_title_too() {
    let sandbox = sandbox(&["bio-SESSIONS"]);
    sandbox.write("wrangler.toml", BIO);
    sandbox.write(
        "kvctl.toml",
        "[[namespace]]\nbinding = \"SESSIONS\"\nprotect = true\n",
    );
    let seen = sandbox.run(&["namespace", "delete", "bio-SESSIONS", "--yes"]);
    seen.assert_stderr("kvctl.toml protects");
}

#[test]
fn a_broken_wrangler_file_does_not_stop_a_deletion_by_id() {
    let sandbox = sandbox(&["foo"]);
    let id = sandbox
        .command(&["namespace", "get", "foo", "--json"])
        .finish();
    let id: serde_json::Value = serde_json::from_slice(&id.stdout).unwrap();
    sandbox.write("wrangler.toml", "name = \n");
    let account = crate::sandbox::ACCOUNT;
    let id = id["id"].as_str().unwrap();
    let args = [
        "namespace",
        "delete",
        "--namespace-id",
        id,
        "--confirm",
        "foo",
        "--account-id",
        account,
    ];
    sandbox.expect(0, &args);
}

/// The file alone does not know it: the entry has no id, and the deployed Worker binds the namespace.
#[test]
fn delete_says_which_deployed_worker_binds_the_namespace() {
    let sandbox = Sandbox::new();
    sandbox.expect(0, &["namespace", "create", "mine"]);
    let seen = sandbox.run(&["namespace", "get", "mine", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap();
    let id = found["id"].as_str().unwrap().to_owned();
    let account = crate::sandbox::ACCOUNT.parse().unwrap();
    let deployed = sandbox.emulator.deploy(&account, "bio", &[("CACHE", &id)]);
    deployed.unwrap();
    sandbox.write(
        "wrangler.toml",
        "name = \"bio\"\nkv_namespaces = [{ binding = \"CACHE\" }]\n",
    );
    let seen = sandbox.expect(0, &["namespace", "delete", "mine", "--dry-run"]);
    seen.assert_stderr("still bound: `CACHE` in the deployed Worker `bio`");
    sandbox.write(
        "kvctl.toml",
        "[[namespace]]\nbinding = \"CACHE\"\nprotect = true\n",
    );
    let seen = sandbox.expect(9, &["namespace", "delete", "mine", "--yes"]);
    seen.assert_stderr("kvctl.toml protects `mine`");
    sandbox.expect(0, &["key", "put", "a", "v", "--namespace-id", &id]);
    let many = [
        "key",
        "delete",
        "--namespace-id",
        &id,
        "--prefix",
        "a",
        "--yes",
    ];
    sandbox
        .expect(9, &many)
        .assert_stderr("kvctl.toml protects");
}
