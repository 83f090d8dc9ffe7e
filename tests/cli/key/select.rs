//! Which namespace `kvctl key` works in.

use super::{id, requests, sandbox};
use crate::{
    provision::BIO,
    sandbox::{Sandbox, Seen},
};

#[test]
fn reading_takes_the_only_binding_and_writing_never_guesses() {
    let sandbox = sandbox();
    let (seen, log) = requests(&sandbox, || sandbox.run(&["key", "list"]));
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(log.len(), 1);
    for args in [
        &["key", "put", "k", "v"][..],
        &["key", "delete", "k"],
        &["key", "delete", "--all", "-y"],
        &["key", "touch", "k", "--no-expiry"],
    ] {
        let (seen, log) = requests(&sandbox, || sandbox.run(args));
        assert_eq!(seen.code, Some(9), "{seen}");
        assert!(log.is_empty());
    }
    insta::assert_snapshot!(sandbox.run(&["key", "put", "k", "v"]));
    sandbox.expect(0, &["provision", "CACHE"]);
    insta::assert_snapshot!(sandbox.run(&["key", "get", "k"]));
    insta::assert_snapshot!(sandbox.run(&["key", "get", "k", "-b", "NOPE"]));
    insta::assert_snapshot!(sandbox.run(&["key", "get", "k", "-b", "CACHE", "--preview"]));
    insta::assert_snapshot!(sandbox.run(&["key", "get", "k", "-b", "CACHE", "-n", "x"]));
    insta::assert_snapshot!(Sandbox::new().run(&["key", "get", "k"]));
}

#[test]
fn an_id_needs_no_file_and_a_title_one_more_request() {
    let sandbox = sandbox();
    let id = id(&sandbox);
    let elsewhere = sandbox.other_checkout("empty");
    let elsewhere = elsewhere.to_str().unwrap();
    let by_id = [
        "key",
        "put",
        "k",
        "v",
        "--namespace-id",
        &id,
        "--cwd",
        elsewhere,
    ];
    let (seen, log) = requests(&sandbox, || sandbox.run(&by_id));
    insta::assert_snapshot!(seen);
    assert_eq!(log, ["PUT /ID/values/k"]);
    let by_title = [
        "key",
        "put",
        "k",
        "v",
        "-n",
        "bio-SESSIONS",
        "--cwd",
        elsewhere,
    ];
    let (seen, log) = requests(&sandbox, || sandbox.run(&by_title));
    insta::assert_snapshot!(seen);
    assert_eq!(log.len(), 2);
    insta::assert_snapshot!(sandbox.run(&["key", "get", "k", "-n", "bio-sessions"]));
}

#[test]
fn environments_have_keys_of_their_own() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", format!("{BIO}\n[env.staging]\n"));
    sandbox.expect(0, &["provision", "SESSIONS", "--all-envs"]);
    let staging = [
        "key", "put", "-b", "SESSIONS", "k", "staging", "--env", "staging",
    ];
    sandbox.expect(0, &staging);
    sandbox.expect(3, &["key", "get", "k"]);
    let seen = sandbox.run(&["key", "get", "k", "--env", "staging"]);
    assert_eq!(seen.stdout, "staging");
}

#[test]
fn previews_have_keys_of_their_own_in_every_environment() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", format!("{BIO}\n[env.staging]\n"));
    let made = [
        "provision",
        "SESSIONS",
        "--all-envs",
        "--preview",
        "separate",
    ];
    sandbox.expect(0, &made);
    let places: [&[&str]; 4] = [
        &["-b", "SESSIONS"],
        &["-b", "SESSIONS", "--preview"],
        &["-b", "SESSIONS", "--env", "staging"],
        &["-b", "SESSIONS", "--env", "staging", "--preview"],
    ];
    let run = |args: &[&str], place: &[&str]| {
        let seen = sandbox.expect(0, &[&["key"], args, place].concat());
        seen.stdout
    };
    for place in places {
        run(&["put", "k", &place[1..].join(" ")], place);
    }
    for place in places {
        assert_eq!(run(&["get", "k"], place), place[1..].join(" "));
    }
    for (deleted, place) in places.iter().enumerate() {
        run(&["delete", "k"], place);
        for (n, place) in places.iter().enumerate() {
            let left = if n <= deleted { "" } else { "k\n" };
            assert_eq!(run(&["list"], place), left);
        }
    }
}

#[test]
fn the_local_namespace_is_the_one_of_wrangler_dev() {
    let sandbox = Sandbox::new();
    let (id, preview) = (
        "0f2ac74b498b48028cb68387c421e279",
        "7d0c3b9e4a514c5ab9c1f0a4d2e35b61",
    );
    let entry = |ids: &str| format!("{BIO}\n[[kv_namespaces]]\nbinding = \"KV\"\n{ids}\n");
    let run = |args: &[&str]| {
        let args = [args, &["--local"]].concat();
        Seen::of(sandbox.bare_command(&args))
    };
    sandbox.write(
        "wrangler.toml",
        entry(&format!("id = \"{id}\"\npreview_id = \"{preview}\"")),
    );
    insta::assert_snapshot!(run(&[
        "key",
        "put",
        "-b",
        "KV",
        "k",
        "v",
        "--metadata",
        "[1]"
    ]));
    assert_eq!(run(&["key", "get", "k"]).stdout, "v");
    assert_eq!(
        run(&["key", "list", "--namespace-id", preview]).stdout,
        "k\n"
    );
    assert_eq!(run(&["key", "list", "--namespace-id", id]).stdout, "");
    let seen = run(&["key", "delete", "-b", "KV", "--all", "--yes"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(run(&["key", "get", "k"]).code, Some(3));
    // What is no id yet is not guessed.
    sandbox.write("wrangler.toml", entry("id = \"<id>\""));
    insta::assert_snapshot!(run(&["key", "get", "k"]));
    assert_eq!(sandbox.emulator.log().len(), 0);
}
