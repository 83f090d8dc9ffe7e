//! The same folder, written and read by wrangler's local commands and by `kvctl --local`.

use serde_json::{Value, json};

use crate::{
    harness::Test,
    tools::{Home, NODE_22, WRANGLER_4_86, WRANGLER_4_155, WRANGLER_4_164, Wrangler, ok, text},
};

// One folder for each version: a newer workerd leaves a table behind that an older one cannot use.
pub(crate) const TESTS: &[Test] = &[
    Test::new(
        "wrangler_4_86_and_kvctl_share_a_store",
        &[WRANGLER_4_86],
        || {
            share(Wrangler::V4_86);
        },
    ),
    Test::new(
        "wrangler_4_155_and_kvctl_share_a_store",
        &[WRANGLER_4_155],
        || {
            share(Wrangler::V4_155);
        },
    ),
    Test::new(
        "wrangler_4_164_and_kvctl_share_a_store",
        &[WRANGLER_4_164, NODE_22],
        || {
            share(Wrangler::V4_164);
        },
    ),
];

const ID: &str = "0f2ac74b498b48028cb68387c421e279";

fn share(version: Wrangler) {
    let home = Home::new();
    ours_is_theirs(&home, version);
    theirs_is_ours(&home, version);
}

fn kvctl(home: &Home, args: &[&str]) -> Vec<u8> {
    ok(&mut home.kvctl(&[args, &["--local", "--namespace-id", ID]].concat()))
}

fn wrangler(home: &Home, version: Wrangler, args: &[&str]) -> Vec<u8> {
    let place = ["--local", "--namespace-id", ID];
    ok(&mut home.wrangler(version, &[&["kv"], args, &place].concat()))
}

fn bytes() -> Vec<u8> {
    (0..=255).rev().cycle().take(300_000).collect()
}

fn ours_is_theirs(home: &Home, version: Wrangler) {
    home.write("bytes", bytes());
    let put = [
        "key",
        "put",
        "odd/ ?#%2F+🦀",
        "a value",
        "--ttl",
        "600",
        "--metadata",
        "{\"n\":1}",
    ];
    kvctl(home, &put);
    kvctl(home, &["key", "put", "binary", "--file", "bytes"]);
    assert_eq!(wrangler(home, version, &["key", "get", "binary"]), bytes());
    let listed = wrangler(home, version, &["key", "list"]);
    let listed: Value = serde_json::from_slice(&listed).unwrap();
    assert_eq!(listed[0], json!({"name": "binary"}));
    assert_eq!(listed[1]["name"], "odd/ ?#%2F+🦀");
    assert_eq!(listed[1]["metadata"], json!({"n": 1}));
    assert!(listed[1]["expiration"].is_i64());
    kvctl(home, &["key", "delete", "binary"]);
    let gone = wrangler(home, version, &["key", "get", "binary"]);
    assert_eq!(String::from_utf8_lossy(&gone).trim(), "Value not found");
}

fn theirs_is_ours(home: &Home, version: Wrangler) {
    home.write("bytes", bytes());
    let put = [
        "key",
        "put",
        "theirs/ ?#",
        "--path",
        "bytes",
        "--ttl",
        "600",
    ];
    wrangler(home, version, &put);
    let items = json!([
        {"key": "b/1", "value": "one", "metadata": {"m": [1]}},
        {"key": "b/🦀\u{1}", "value": "AP8=", "base64": true},
    ]);
    home.write("bulk.json", serde_json::to_vec(&items).unwrap());
    wrangler(home, version, &["bulk", "put", "bulk.json"]);
    assert_eq!(kvctl(home, &["key", "get", "theirs/ ?#"]), bytes());
    assert_eq!(kvctl(home, &["key", "get", "b/1"]), b"one");
    let decoded = kvctl(home, &["key", "get", "b/🦀\u{1}"]);
    match version {
        // It takes the bytes for text, and writes what text they are not.
        Wrangler::V4_86 => assert_eq!(decoded, "\0\u{fffd}".as_bytes()),
        Wrangler::V4_155 | Wrangler::V4_164 => assert_eq!(decoded, b"\x00\xff"),
    }
    let list = ["key", "list", "--json", "--local", "--namespace-id", ID];
    let listed: Value = serde_json::from_str(&text(&mut home.kvctl(&list))).unwrap();
    let names: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|k| &k["name"])
        .collect();
    assert_eq!(names, ["b/1", "b/🦀\u{1}", "odd/ ?#%2F+🦀", "theirs/ ?#"]);
    assert_eq!(listed[0]["metadata"], json!({"m": [1]}));
}
