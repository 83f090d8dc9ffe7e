//! `kvctl key get`.

use fs_err as fs;

use super::{feed, id, odd_keys, put, requests, sandbox, value};
use crate::wait::Finish as _;

#[test]
fn values_come_back_bit_for_bit() {
    let sandbox = sandbox();
    let mut binary: Vec<u8> = (0..=255).collect();
    binary.extend(b"\x1b[31mred\x1b[0m\r\n\xff\xfe");
    let largest = vec![0xa5; 25 * 1024 * 1024];
    for bytes in [&b""[..], b"x", b"\n", b"text\n", &binary, &largest] {
        put(&sandbox, "k", bytes, &[]);
        assert!(
            value(&sandbox, "k").as_deref() == Some(bytes),
            "{}",
            bytes.len()
        );
        put(&sandbox, "k", bytes, &["--metadata", "[1]"]);
        assert!(
            value(&sandbox, "k").as_deref() == Some(bytes),
            "{}",
            bytes.len()
        );
    }
}

#[test]
fn odd_keys_are_keys_like_any_other() {
    let sandbox = sandbox();
    let keys = odd_keys();
    for key in &keys {
        put(&sandbox, key, key.as_bytes(), &[]);
    }
    for key in &keys {
        assert_eq!(
            value(&sandbox, key).as_deref(),
            Some(key.as_bytes()),
            "{key:?}"
        );
    }
    let listed = sandbox.run(&["key", "list", "--json"]).stdout;
    let listed: Vec<serde_json::Value> = serde_json::from_str(&listed).unwrap();
    let mut names: Vec<_> = keys.iter().map(String::as_str).collect();
    names.sort_unstable();
    let listed: Vec<_> = listed.iter().map(|k| k["name"].as_str().unwrap()).collect();
    assert_eq!(listed, names);
    for key in &keys {
        sandbox.expect(0, &["key", "delete", "-b", "SESSIONS", "--", key]);
        assert_eq!(value(&sandbox, key), None, "{key:?}");
    }
    assert_eq!(sandbox.run(&["key", "list"]).stdout, "");
}

#[test]
fn one_value_costs_one_request_and_metadata_another() {
    let sandbox = sandbox();
    put(&sandbox, "a/b", b"1", &[]);
    let (_, log) = requests(&sandbox, || sandbox.run(&["key", "get", "a/b"]));
    assert_eq!(log, ["GET /ID/values/a%2Fb"]);
    let (_, mut log) = requests(&sandbox, || {
        sandbox.run(&["key", "get", "a/b", "--with-metadata"])
    });
    log.sort();
    assert_eq!(log, ["GET /ID/metadata/a%2Fb", "GET /ID/values/a%2Fb"]);
}

#[test]
fn an_absent_key_is_not_an_absent_namespace() {
    let sandbox = sandbox();
    insta::assert_snapshot!(sandbox.run(&["key", "get", "no\u{1b}pe"]));
    insta::assert_snapshot!(sandbox.run(&["key", "get", "nope", "--json"]));
    let absent = "0f2ac74b498b48028cb68387c421e279";
    insta::assert_snapshot!(sandbox.run(&["key", "get", "nope", "--namespace-id", absent]));
}

#[test]
fn metadata_and_expiry_come_along_on_request() {
    let sandbox = sandbox();
    put(
        &sandbox,
        "k",
        b"text",
        &["--metadata", "{\"v\": 1.0}", "--expiration", "4102444800"],
    );
    let days = [(r"in [0-9,]+ days", "in [MANY] days")];
    let seen = sandbox.run(&["key", "get", "k", "--with-metadata"]);
    crate::sandbox::assert_filtered!(days, seen);
    insta::assert_snapshot!(sandbox.run(&["key", "get", "k", "--json"]));
    put(&sandbox, "binary", b"\xff\x00", &[]);
    insta::assert_snapshot!(sandbox.run(&["key", "get", "binary", "--with-metadata"]));
    insta::assert_snapshot!(sandbox.run(&["key", "get", "binary", "--ndjson"]));
}

#[test]
fn a_file_is_written_whole_and_not_over_another_unasked() {
    let sandbox = sandbox();
    put(&sandbox, "k", b"\x00new", &[]);
    insta::assert_snapshot!(sandbox.run(&["key", "get", "k", "-o", "out"]));
    assert_eq!(fs::read(sandbox.app().join("out")).unwrap(), b"\x00new");
    sandbox.write("out", "old");
    let (seen, log) = requests(&sandbox, || sandbox.run(&["key", "get", "k", "-o", "out"]));
    insta::assert_snapshot!(seen);
    assert!(log.is_empty());
    assert_eq!(sandbox.read("out"), "old");
    let seen = sandbox.run(&["key", "get", "k", "-o", "out", "--yes", "--json"]);
    insta::assert_snapshot!(seen);
    assert_eq!(fs::read(sandbox.app().join("out")).unwrap(), b"\x00new");
    // Nothing is left where there is nothing to write.
    sandbox.expect(3, &["key", "get", "nope", "-o", "other"]);
    assert!(!sandbox.app().join("other").exists());
    let output = sandbox.command(&["key", "get", "k", "-o", "-"]).finish();
    assert_eq!(output.stdout, b"\x00new");
}

#[test]
fn keys_that_cannot_be_are_refused_before_anything_is_sent() {
    let sandbox = sandbox();
    let lengthy = "k".repeat(513);
    for key in ["", ".", "..", &lengthy] {
        let (seen, log) = requests(&sandbox, || sandbox.run(&["key", "get", key]));
        assert_eq!(seen.code, Some(2), "{seen}");
        assert!(log.is_empty());
    }
    let bulk = feed(
        &sandbox,
        &[
            "key",
            "delete",
            "--stdin",
            "-y",
            "--namespace-id",
            &id(&sandbox),
        ],
        b"a\n..\n",
    );
    insta::assert_snapshot!(bulk);
}
