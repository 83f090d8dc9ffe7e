//! `kvctl bulk`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, Seen};

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.expect(0, &["namespace", "create", "one"]);
    sandbox
}

fn run(sandbox: &Sandbox, args: &[&str]) -> Seen {
    sandbox.run(&[&["bulk"], args, &["-n", "one"]].concat())
}

const RECORDS: &str = r#"[
  {"key": "a", "value": "1"},
  {"key": "b/\u00e9", "value": "/w==", "base64": true, "metadata": {"own": true}},
  {"key": "c", "value": "", "expiration": 4102444800}
]
"#;

#[test]
fn put_takes_the_flags_that_wrangler_ignores() {
    let sandbox = sandbox();
    sandbox.write("in.json", RECORDS);
    let put = [
        "put",
        "in.json",
        "--expiration",
        "4000000000",
        "--metadata",
        "{\"x\":1}",
    ];
    insta::assert_snapshot!(run(&sandbox, &[&put[..], &["--dry-run"]].concat()));
    insta::assert_snapshot!(run(&sandbox, &put));
    let exported = sandbox.run(&["export", "-n", "one", "--format", "json"]);
    let records: Value = serde_json::from_str(&exported.stdout).unwrap();
    assert_eq!(
        records,
        json!([
            { "key": "a", "value": "1", "expiration": 4_000_000_000u64, "metadata": {"x": 1} },
            {
                "key": "b/\u{e9}", "value": "/w==", "base64": true,
                "expiration": 4_000_000_000u64, "metadata": {"own": true},
            },
            { "key": "c", "value": "", "expiration": 4_102_444_800u64, "metadata": {"x": 1} },
        ])
    );
    let seen = run(&sandbox, &["put", "in.json", "--ttl", "5"]);
    assert_eq!(seen.code, Some(2), "{seen}");
}

#[test]
fn get_answers_in_the_order_of_the_file_and_loses_no_byte() {
    let sandbox = sandbox();
    sandbox.write("in.json", RECORDS);
    assert_eq!(run(&sandbox, &["put", "in.json"]).code, Some(0));
    sandbox.write(
        "keys.json",
        r#"["c", {"name": "b/\u00e9"}, "gone", "a", "c"]"#,
    );
    insta::assert_snapshot!(run(&sandbox, &["get", "keys.json"]));
    sandbox.write("none.json", "[]");
    assert_eq!(run(&sandbox, &["get", "none.json"]).stdout, "{}\n");

    // More than one request takes.
    let (mut records, mut keys) = ("[".to_owned(), Vec::new());
    for n in 0..350 {
        let comma = if n == 0 { "" } else { "," };
        write!(records, "{comma}{{\"key\":\"k{n}\",\"value\":\"{n}\"}}").unwrap();
        keys.push(format!("k{}", n * 9 % 350));
    }
    sandbox.write("many.json", records + "]");
    sandbox.write("many-keys.json", json!(keys).to_string());
    assert_eq!(run(&sandbox, &["put", "many.json"]).code, Some(0));
    let seen = run(&sandbox, &["get", "many-keys.json"]);
    let found: serde_json::Map<String, Value> = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(found.len(), 350);
    for (key, value) in found {
        assert_eq!(format!("k{}", value.as_str().unwrap()), key);
    }
}

#[test]
fn delete_is_guarded() {
    let sandbox = sandbox();
    sandbox.write("in.json", RECORDS);
    assert_eq!(run(&sandbox, &["put", "in.json"]).code, Some(0));
    sandbox.write(
        "keys.json",
        r#"["a", {"name": "c", "expiration": 4102444800}]"#,
    );
    insta::assert_snapshot!(run(&sandbox, &["delete", "keys.json"]));
    assert_eq!(
        run(
            &sandbox,
            &["delete", "keys.json", "-f", "--max-delete", "1"]
        )
        .code,
        Some(9)
    );
    let dry = run(&sandbox, &["delete", "keys.json", "--dry-run"]);
    insta::assert_snapshot!(dry.stdout, @r"
    a
    c
    dry run: would delete 2 keys from `one` ([ID])
    ");
    let seen = run(&sandbox, &["delete", "keys.json", "--force"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    let left = sandbox.run(&["key", "list", "-n", "one"]).stdout;
    assert_eq!(left, "b/\u{e9}\n");
}

#[test]
fn what_is_wrong_in_a_file_is_named_before_anything_is_sent() {
    let sandbox = sandbox();
    let before = sandbox.emulator.log().len();
    sandbox.write("keys.json", r#"["a", 1]"#);
    insta::assert_snapshot!(run(&sandbox, &["get", "keys.json"]));
    sandbox.write("keys.json", r#"["a", ".."]"#);
    insta::assert_snapshot!(run(&sandbox, &["delete", "keys.json", "-f"]));
    sandbox.write("in.json", r#"{"key": "a", "value": "1"}"#);
    insta::assert_snapshot!(run(&sandbox, &["put", "in.json"]));
    assert_eq!(run(&sandbox, &["get", "absent.json"]).code, Some(2));
    assert_eq!(sandbox.emulator.log().len(), before);
}

#[test]
fn all_that_is_wrong_is_named_up_to_a_dozen() {
    let sandbox = sandbox();
    let before = sandbox.emulator.log().len();
    sandbox.write(
        "in.json",
        r#"[{"key":"a","value":"1"},{"key":"b","value":2},{"key":"c","value":"3","expiraton":5},{"key":"..","value":"4"}]"#,
    );
    insta::assert_snapshot!(run(&sandbox, &["put", "in.json"]));
    let many: Vec<Value> = (0..30).map(Value::from).collect();
    sandbox.write("keys.json", Value::from(many).to_string());
    let seen = run(&sandbox, &["delete", "keys.json", "-f"]);
    assert_eq!(seen.code, Some(1), "{seen}");
    assert_eq!(seen.stderr.matches("found a number").count(), 12, "{seen}");
    seen.assert_stderr("  because: and 18 more\n");
    assert_eq!(sandbox.emulator.log().len(), before);
}

#[test]
fn put_takes_what_wrangler_takes_and_says_what_it_ignores() {
    let sandbox = sandbox();
    sandbox.write(
        "in.json",
        r#"[{"key":"a","value":"1","type":"x","metadata":null,"expiration":4102444800.5},
            {"key":"b","value":"2","type":"y"}]"#,
    );
    insta::assert_snapshot!(run(&sandbox, &["put", "in.json"]));
    let exported = sandbox.run(&["export", "-n", "one", "--format", "json"]);
    let records: Value = serde_json::from_str(&exported.stdout).unwrap();
    assert_eq!(
        records,
        json!([
            { "key": "a", "value": "1", "expiration": 4_102_444_800u64 },
            { "key": "b", "value": "2" },
        ])
    );
    // What is not wrangler's own is as strict as before.
    sandbox.expect(1, &["import", "in.json", "-n", "one"]);
    sandbox.write("in.ndjson", "{\"key\":\"c\",\"value\":\"3\"}\n");
    assert_eq!(run(&sandbox, &["put", "in.ndjson"]).code, Some(0));
    assert_eq!(
        run(&sandbox, &["get", "in.ndjson"]).stdout,
        "{\n  \"c\": \"3\"\n}\n"
    );
}

#[test]
fn keys_come_from_lists_of_every_kind() {
    let sandbox = sandbox();
    let files = [
        ("keys.json", r#"["a"]"#, &[][..]),
        (
            "listed.json",
            r#"[{"name":"a","expiration":4102444800}]"#,
            &[],
        ),
        ("put.json", r#"[{"key":"a","value":"1"}]"#, &[]),
        ("keys.ndjson", "{\"key\":\"a\",\"value\":\"1\"}\n", &[]),
        ("strings.jsonl", "\"a\"\n", &[]),
        ("keys.txt", "a\r\n\n", &[]),
        ("keys", "a\n", &["--format", "lines"]),
        ("lines.json", "\"a\"\n", &["--format", "ndjson"]),
    ];
    for (name, text, format) in files {
        sandbox.write(name, text);
        sandbox.expect(0, &["key", "put", "a", "1", "-n", "one"]);
        let got = run(&sandbox, &[&["get", name], format].concat());
        assert_eq!(got.stdout, "{\n  \"a\": \"1\"\n}\n", "{name}: {got}");
        let seen = run(&sandbox, &[&["delete", name, "-f"], format].concat());
        assert_eq!(seen.code, Some(0), "{name}: {seen}");
        assert_eq!(
            sandbox.run(&["key", "list", "-n", "one"]).stdout,
            "",
            "{name}"
        );
    }
    sandbox.write("array.txt", r#"["a"]"#);
    let seen = run(&sandbox, &["delete", "array.txt", "-f"]);
    assert_eq!(seen.code, Some(1), "{seen}");
    seen.assert_stderr("hint: say --format json, or --format lines if these are keys");
}
