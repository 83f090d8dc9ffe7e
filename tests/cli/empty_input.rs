//! Input that is empty or not there: what an unset variable or a broken pipe leaves. It deletes and
//! overwrites nothing that was not named, and is not taken for an answer.

use crate::{
    sandbox::{ACCOUNT, Sandbox, Seen, TOKEN},
    transfer::sandbox,
};

/// A namespace of two keys, and an empty file.
fn prepared() -> Sandbox {
    let sandbox = sandbox(&["one", "two"]);
    for key in ["a", "b"] {
        sandbox.expect(0, &["key", "put", key, "live", "-n", "one"]);
    }
    sandbox.write("empty", "");
    sandbox.write("empty.ndjson", "");
    sandbox.write("array.json", "[]");
    sandbox.write("folder/c", "3");
    sandbox
}

/// What is refused, and how it ends.
const REFUSED: &[(&[&str], i32)] = &[
    (&["key", "put", "a", "-n", "one"], 2),
    (&["key", "get", "", "-n", "one"], 2),
    (&["key", "delete", "", "-n", "one"], 2),
    (&["key", "delete", "-n", "one"], 2),
    (&["key", "delete", "--prefix", "", "-n", "one", "-y"], 9),
    (&["sync", "folder", "--prefix", "", "-n", "one"], 2),
    (
        &[
            "sync", "folder", "--prefix", "", "--delete", "-n", "one", "-y",
        ],
        2,
    ),
    (
        &[
            "copy",
            "--from",
            "title:one",
            "--to",
            "title:two",
            "--prefix",
            "",
        ],
        2,
    ),
    (&["copy", "--from", "title:one", "--to", "title:"], 2),
    (&["copy", "--from", "title:one", "--to", ""], 2),
    (&["diff", "empty.ndjson", "title:"], 2),
    (&["namespace", "create", ""], 2),
    (&["namespace", "create", " "], 2),
    (&["namespace", "get", ""], 2),
    (&["namespace", "delete", ""], 2),
    (&["namespace", "delete", "-n", ""], 2),
    (&["namespace", "rename", "one", "--to", ""], 2),
    (&["namespace", "rename", "", "--to", "x"], 2),
    (&["key", "list", "-n", ""], 2),
    (&["key", "list", "-b", ""], 2),
    (&["key", "list", "--namespace-id", ""], 2),
    (&["key", "list", "-n", "one", "--account-id", ""], 2),
    (&["key", "list", "-n", "one", "--token-file", ""], 2),
    (&["key", "list", "-n", "one", "--token-file", "empty"], 4),
    (&["key", "list", "-n", "one", "--config", ""], 2),
    (&["key", "list", "-n", "one", "--cwd", ""], 2),
    (&["key", "list", "-n", "one", "--ca-file", ""], 2),
    (&["import", "empty.ndjson", "-n", "one"], 2),
    (&["import", "-", "-n", "one"], 2),
    (&["bulk", "put", "empty.ndjson", "-n", "one"], 2),
    (&["bulk", "put", "empty", "-n", "one"], 1),
    (&["bulk", "get", "empty", "-n", "one"], 1),
    (&["bulk", "delete", "empty", "-n", "one", "-y"], 1),
    (&["bulk", "delete", "-", "-n", "one", "-y"], 1),
    (&["provision", ""], 2),
    (&["provision", "A="], 2),
    (&["verify", "--only", ""], 2),
    (&["verify", "--worker", ""], 2),
];

#[test]
fn what_is_empty_where_something_must_be_named_is_refused_before_any_request() {
    let sandbox = prepared();
    let before = sandbox.emulator.log().len();
    for (args, code) in REFUSED {
        let seen = sandbox.run(args);
        assert_eq!(seen.code, Some(*code), "{args:?} {seen}");
        assert!(seen.stderr.starts_with("error: "), "{args:?} {seen}");
    }
    assert_eq!(sandbox.emulator.log().len(), before);
}

#[test]
fn what_is_empty_and_named_is_done_and_said() {
    let sandbox = prepared();
    let cases: &[(&[&str], &str)] = &[
        (
            &["import", "array.json", "-n", "one"],
            "imported 0 records from array.json",
        ),
        (
            &["key", "delete", "--stdin", "-n", "one", "-y"],
            "nothing to do: there are no keys in the input",
        ),
        (&["key", "list", "--prefix", "", "-n", "one"], "a\nb"),
        // The top level, which wrangler takes it for as well.
        (&["key", "list", "--env", "", "-n", "one"], "a\nb"),
    ];
    for (args, said) in cases {
        let seen = sandbox.run(args);
        assert_eq!(seen.code, Some(0), "{args:?} {seen}");
        assert_eq!(seen.stdout, format!("{said}\n"), "{args:?}");
    }
    let left = sandbox.run(&["key", "list", "-n", "one"]);
    assert_eq!(left.stdout, "a\nb\n");
}

#[test]
fn a_variable_that_is_empty_is_not_set() {
    let sandbox = prepared();
    let list = |set: &[(&str, &str)]| {
        let mut command = sandbox.bare_command(&["key", "list", "-n", "one"]);
        Seen::of(command.envs(set.iter().copied()))
    };
    let (token, account) = ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID");
    let seen = list(&[(token, ""), (account, ACCOUNT)]);
    assert_eq!(seen.code, Some(4), "{seen}");
    let both = [(token, TOKEN), (account, ACCOUNT)];
    for name in [
        "KVCTL_LOCAL",
        "KVCTL_LOG",
        "NODE_EXTRA_CA_CERTS",
        "HTTPS_PROXY",
        "CLOUDFLARE_ENV",
        "CLOUDFLARE_AUTH_PROFILE",
        "XDG_CONFIG_HOME",
    ] {
        let seen = list(&[&both[..], &[(name, "")]].concat());
        assert_eq!(seen.code, Some(0), "{name} {seen}");
        assert_eq!(seen.stdout, "a\nb\n", "{name}");
    }
}

#[test]
fn text_that_is_no_json_is_not_taken_for_a_value() {
    let sandbox = prepared();
    for (text, found) in [
        ("not json", "text that is not JSON"),
        ("falsehood", "text that is not JSON"),
        ("null", "null"),
    ] {
        sandbox.write("bad.json", text);
        let seen = sandbox.expect(1, &["import", "bad.json", "-n", "one"]);
        seen.assert_stderr(format!("line 1: expected an array, found {found}"));
    }
}
