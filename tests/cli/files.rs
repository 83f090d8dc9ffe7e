//! Wrangler files that are wrong, and how that is said.

use crate::sandbox::{ACCOUNT, Sandbox};

/// Runs `provision` on a file and asserts that it stays as it is.
fn refused(name: &str, text: &str) -> String {
    let sandbox = Sandbox::new();
    sandbox.write(name, text);
    let seen = sandbox.expect(5, &["provision"]);
    assert_eq!(sandbox.read(name), text);
    assert_eq!(sandbox.emulator.log().len(), 0);
    seen.stderr
}

#[test]
fn no_file_says_where_it_looked() {
    let sandbox = Sandbox::new();
    let seen = sandbox.expect(5, &["provision"]);
    // The list goes up to the root, past directories that differ between machines.
    let (app, home) = (sandbox.shown("app"), sandbox.home());
    let start =
        format!("error: no wrangler.json, wrangler.jsonc or wrangler.toml in {app}, {home}, ");
    assert!(seen.stderr.starts_with(&start), "{seen}");
    seen.assert_stderr("`kvctl provision --init`");
    insta::assert_snapshot!(sandbox.run(&["provision", "-c", "none.toml"]));
}

#[test]
fn wrong_shapes_name_line_and_column() {
    let shapes = [
        "name = \"w\"\n[kv_namespaces]\nbinding = \"A\"\nid = \"1\"\n",
        "name = \"w\"\n[vars]\nA = \"1\"\nkv_namespaces = [{ binding = \"A\" }]\n",
        "kv-namespaces = [{ binding = \"A\" }]\n",
        "[[kv_namespaces]]\nbinding = \"A\"\n[[kv_namespaces]]\nbinding = \"A\"\n",
        "kv_namespaces = \"A\"\n",
        "[[kv_namespaces]]\nid = \"1\"\n",
        "[[kv_namespaces]]\nbinding = \"A\"\nid = 1\n",
        "name = \"w\n",
        "env = 1\n",
    ];
    let said = shapes.map(|text| format!("{text}=> {}", refused("wrangler.toml", text)));
    insta::assert_snapshot!(said.join("\n"));
    let shapes = [
        "{\n  \"kv_namespaces\": {}\n}\n",
        "{\n  \"name\": 'w'\n}\n",
        "{\n  \"kv_namespaces\": [{ \"binding\": \"A\" }, { \"binding\": \"A\" }]\n}\n",
        "[]\n",
        "",
    ];
    let said = shapes.map(|text| format!("{text}=> {}", refused("wrangler.jsonc", text)));
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn an_unknown_environment_lists_the_known_ones() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "[env.staging]\n[env.production]\n");
    insta::assert_snapshot!(sandbox.run(&["provision", "--env", "prod"]));
    sandbox.write("wrangler.toml", "name = \"w\"\n");
    insta::assert_snapshot!(sandbox.run(&["provision", "--env", "prod"]));
}

#[test]
fn a_file_further_up_may_win_and_that_is_said() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.json", "{ \"name\": \"up\" }\n");
    sandbox.write("sub/wrangler.toml", "name = \"near\"\n");
    let seen = sandbox.expect(0, &["--cwd", "sub", "provision", "A", "--dry-run"]);
    insta::assert_snapshot!(seen.stderr);
    // A neighbour has no part in our file.
    let other = sandbox.other_checkout("other");
    for cwd in ["../other", other.to_str().unwrap()] {
        sandbox.expect(5, &["--cwd", cwd, "provision", "A", "--dry-run"]);
    }
    let seen = sandbox.run(&["--cwd", "nowhere", "provision"]);
    insta::assert_snapshot!(seen);
}

#[test]
fn names_that_are_taken_or_cannot_be_used_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"w\"\n[vars]\nSESSIONS = \"1\"\n");
    insta::assert_snapshot!(sandbox.run(&["provision", "SESSIONS"]));
    insta::assert_snapshot!(sandbox.run(&["provision", "my-kv"]));
    insta::assert_snapshot!(sandbox.run(&["provision", "A", "A=x"]));
    insta::assert_snapshot!(sandbox.run(&["provision", "=x"]));
    assert_eq!(sandbox.emulator.log().len(), 0);
}

#[test]
fn file_and_environment_must_name_the_same_account() {
    let sandbox = Sandbox::new();
    let other = "ffffffffffffffffffffffffffffff00";
    sandbox.write(
        "wrangler.toml",
        format!("name = \"w\"\naccount_id = \"{other}\"\n"),
    );
    let seen = sandbox.expect(9, &["provision", "A"]);
    insta::assert_snapshot!(seen);
    sandbox.expect(0, &["provision", "A", "--account-id", ACCOUNT]);
}

#[cfg(unix)]
#[test]
fn links_and_modes_survive() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let sandbox = Sandbox::new();
    sandbox.write("conf/real.toml", "name = \"w\"\r\n# end");
    let real = sandbox.app().join("conf/real.toml");
    fs_err::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("conf/real.toml", sandbox.app().join("wrangler.toml")).unwrap();
    sandbox.expect(0, &["provision", "A"]);
    assert!(sandbox.app().join("wrangler.toml").is_symlink());
    assert_eq!(
        fs_err::metadata(&real).unwrap().permissions().mode() & 0o777,
        0o640
    );
    let text = sandbox.read("conf/real.toml");
    assert!(
        text.starts_with("name = \"w\"\r\n# end\r\n\r\n[[kv_namespaces]]\r\n"),
        "{text:?}"
    );
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
}

/// Runs the one command that a refused run recommends.
#[track_caller]
fn obey(sandbox: &Sandbox, args: &[&str]) -> String {
    let seen = sandbox.run(&[args, &["--json"]].concat());
    let error: serde_json::Value =
        serde_json::from_str(seen.stderr.lines().next_back().unwrap()).unwrap();
    let commands = error["commands"].as_array().unwrap();
    let [command] = commands.as_slice() else {
        panic!("{seen}");
    };
    let command = command.as_str().unwrap().to_owned();
    let words = crate::hints::words(&command);
    let words: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    sandbox.expect(0, &words);
    command
}

#[test]
fn without_a_file_a_write_is_told_to_create_one_with_just_its_binding() {
    for (args, command) in [
        (
            &["key", "put", "a", "b", "-b", "X"][..],
            "kvctl provision X --init",
        ),
        (
            &["key", "put", "a", "b", "-b", "X", "--env", "staging"],
            "kvctl provision X --init --add-env --env staging",
        ),
        (
            &["key", "put", "a", "b", "-b", "X", "--preview"],
            "kvctl provision X --init --preview separate",
        ),
        (
            &["key", "put", "a", "b", "-b", "X", "--local"],
            "kvctl provision X --init --local",
        ),
        (&["provision", "X", "--check"], "kvctl provision X --init"),
        (
            &["provision", "X", "-e", "staging"],
            "kvctl provision X --init --add-env --env staging",
        ),
    ] {
        let sandbox = Sandbox::new();
        assert_eq!(obey(&sandbox, args), command);
        sandbox.expect(0, args);
        let file = sandbox.read("wrangler.toml");
        assert!(!file.contains("SESSIONS"), "{file}");
    }
}

#[test]
fn without_a_file_nothing_is_created_for_what_only_reads() {
    let sandbox = Sandbox::new();
    for args in [
        &["key", "list", "-b", "X"][..],
        &["export", "x.json", "-b", "X"],
        &["diff", "binding:X", "binding:Y"],
        &["copy", "binding:X", "binding:Y"],
        &["audit"],
        &["rename-binding", "A", "B"],
        &["namespace", "delete", "-b", "X"],
    ] {
        let seen = sandbox.expect(5, &[args, &["--json"]].concat());
        let error = seen.stderr.lines().next_back().unwrap();
        let error: serde_json::Value = serde_json::from_str(error).unwrap();
        assert_eq!(error["commands"], serde_json::json!([]), "{seen}");
        let hint = error["hint"].as_str().unwrap();
        assert!(
            hint.starts_with("run in the directory of the project"),
            "{seen}"
        );
    }
    let seen = sandbox.expect(5, &["provision"]);
    seen.assert_stderr("namespaces for CONFIG_CACHE, SESSIONS and RATE_LIMIT");
    sandbox.write("kvctl.toml", "[[namespace]]\nbinding = \"OWN\"\n");
    let seen = sandbox.expect(5, &["provision"]);
    seen.assert_stderr("namespaces for OWN;");
}
