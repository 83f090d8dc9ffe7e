//! `kvctl audit`.

use std::fmt::Write as _;

use kvctl::emulator::{Action, Answer, Fault, Keys};
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, Seen, assert_filtered};

pub(crate) const RULES: &str = "\
[[namespace]]
binding = \"SESSIONS\"
prefix = \"session:\"
ttl = { required = true, min = \"10m\", max = \"24h\" }

[[namespace]]
binding = \"CONFIG_CACHE\"
prefix = \"profile:\"
";

/// A project with two namespaces, and with these rules.
pub(crate) fn sandbox(rules: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let bindings = "name = \"bio\"\n\n[[kv_namespaces]]\nbinding = \"SESSIONS\"\n\n\
                    [[kv_namespaces]]\nbinding = \"CONFIG_CACHE\"\n";
    sandbox.write("wrangler.toml", bindings);
    sandbox.expect(0, &["provision"]);
    sandbox.write("kvctl.toml", rules);
    sandbox
}

/// Writes keys that have so many seconds to live.
fn fill(sandbox: &Sandbox, binding: &str, keys: &[(&str, Option<i64>)]) {
    let now = kvctl::env::now().as_second();
    let lines = keys.iter().fold(String::new(), |mut text, (key, left)| {
        let mut record = json!({ "key": key, "value": format!("value of {key}") });
        if let Some(left) = left {
            record["expiration"] = (now + left).into();
        }
        writeln!(text, "{record}").unwrap();
        text
    });
    sandbox.write("fill.ndjson", lines);
    sandbox.expect(0, &["import", "fill.ndjson", "-b", binding]);
}

fn sessions(sandbox: &Sandbox) {
    let keys = [
        ("cart:1", Some(7200)),
        ("loose", None),
        ("session:fine", Some(7200)),
        ("session:long", Some(10 * 86_400)),
        ("session:near", Some(300)),
        ("session:never", None),
    ];
    fill(sandbox, "SESSIONS", &keys);
    fill(
        sandbox,
        "CONFIG_CACHE",
        &[("profile:a", None), ("profile:b", None)],
    );
}

/// A run, and the requests it made.
fn watched(sandbox: &Sandbox, args: &[&str]) -> (Seen, Vec<String>) {
    let before = sandbox.emulator.log().len();
    let seen = sandbox.run(&[&["audit"], args].concat());
    let log = sandbox.emulator.log();
    let requests = log[before..].iter().map(|entry| {
        let path = entry.path.split('?').next().unwrap();
        let end = path.split_once("/storage/kv/namespaces").unwrap().1;
        let part = end.get(34..).unwrap_or_default();
        format!("{} {part}", entry.method)
    });
    (seen, requests.collect())
}

/// Moments differ from run to run.
const MOMENTS: [(&str, &str); 2] = [
    (
        r"expires \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, in \d+ [a-z]+",
        "expires [TIME]",
    ),
    (r#""expiration": ?\d+"#, r#""expiration": [TIME]"#),
];

#[test]
fn keys_that_break_a_rule_are_named() {
    let sandbox = sandbox(RULES);
    sessions(&sandbox);
    let (seen, requests) = watched(&sandbox, &["--expiring-within", "1h"]);
    assert_filtered!(MOMENTS, seen);
    assert_eq!(
        requests,
        ["GET keys", "GET keys"],
        "one list for each namespace"
    );
}

#[test]
fn programs_get_documents_and_lines() {
    let sandbox = sandbox(RULES);
    sessions(&sandbox);
    let args = ["-b", "SESSIONS", "--expiring-within", "1h"];
    let json = sandbox.expect(8, &[&["audit", "--json"][..], &args].concat());
    assert_filtered!(MOMENTS, json.stdout);
    let lines = sandbox.expect(8, &[&["audit", "--ndjson"][..], &args].concat());
    assert_filtered!(MOMENTS, lines.stdout);
}

#[test]
fn what_breaks_no_rule_is_fine() {
    let sandbox = sandbox(RULES);
    fill(&sandbox, "SESSIONS", &[("session:a", Some(3600))]);
    fill(&sandbox, "CONFIG_CACHE", &[("profile:b", None)]);
    let seen = sandbox.expect(0, &["audit"]);
    assert!(seen.stdout.ends_with("2 keys, no rule broken\n"), "{seen}");
    // As the namespace is called, or numbered, the rules are the same.
    fill(&sandbox, "SESSIONS", &[("other:c", Some(3600))]);
    sandbox.expect(0, &["namespace", "get", "bio-SESSIONS", "--json"]);
    let (seen, _) = watched(&sandbox, &["-n", "bio-SESSIONS"]);
    assert_eq!(seen.code, Some(8), "{seen}");
    seen.assert_stdout("prefix: `other:c`");
}

#[test]
fn rules_are_found_by_the_id_without_a_further_request() {
    let sandbox = sandbox(RULES);
    fill(&sandbox, "SESSIONS", &[("other:c", Some(3600))]);
    let file = sandbox.read("wrangler.toml");
    let id = file.split("\"SESSIONS\"\nid = \"").nth(1).unwrap();
    let (seen, requests) = watched(&sandbox, &["--namespace-id", &id[..32]]);
    assert_eq!(seen.code, Some(8), "{seen}");
    assert_eq!(requests, ["GET keys"]);
}

#[test]
fn without_rules_keys_are_counted() {
    let sandbox = sandbox("[[namespace]]\nbinding = \"SESSIONS\"\n");
    let keys = [
        "b/1", "b/2", "b/3", "a/1", "a/2", "c/1", "d/1", "none", "some",
    ];
    fill(&sandbox, "SESSIONS", &keys.map(|key| (key, None)));
    insta::assert_snapshot!(sandbox.run(&["audit", "--delimiter", "/", "--top", "2"]));
}

#[test]
fn a_thousand_keys_are_one_request() {
    let sandbox = sandbox(RULES);
    let names: Vec<String> = (0..2500).map(|n| format!("x{}:{n:04}", n % 7)).collect();
    let keys: Vec<_> = names.iter().map(|name| (&**name, None)).collect();
    fill(&sandbox, "SESSIONS", &keys);
    let (seen, requests) = watched(&sandbox, &["-b", "SESSIONS", "--json"]);
    assert_eq!(seen.code, Some(8), "{seen}");
    assert_eq!(requests, ["GET keys"; 3]);
    let report: Value = serde_json::from_str(&seen.stdout).unwrap();
    let namespace = &report["namespaces"][0];
    assert_eq!(report["violations"], 2500);
    assert_eq!(
        namespace["by_rule"],
        json!({ "ttl.required": 2500, "ttl.max": 0, "prefix": 2500 })
    );
    let samples = namespace["samples"]["violations"].as_array().unwrap();
    assert_eq!(samples.len(), 100, "a document holds some, a line each all");
    assert_eq!(namespace["prefixes"]["count"], 7);
    assert_eq!(namespace["prefixes"]["top"][0]["prefix"], "x0:");
    let lines = sandbox.run(&["audit", "-b", "SESSIONS", "--ndjson"]).stdout;
    let violations = lines
        .lines()
        .filter(|l| l.contains("\"type\":\"violation\""));
    assert_eq!(violations.count(), 2500);

    // What was found before a page fails is no report.
    let down = Action::Answer(Answer::new(500, "{}"));
    let fault = Fault::new("GET", "/keys", down).after(1);
    sandbox.emulator.fault(fault.forever());
    let seen = sandbox.run(&["audit", "-b", "SESSIONS", "--json", "--retries", "0"]);
    assert_eq!((seen.code, &*seen.stdout), (Some(7), ""), "{seen}");
}

#[test]
fn bindings_that_the_environment_lacks_are_not_passed_over() {
    let sandbox = sandbox(RULES);
    let file = sandbox.read("wrangler.toml");
    let id = file.split("\"SESSIONS\"\nid = \"").nth(1).unwrap();
    let staging = format!(
        "\n[[env.staging.kv_namespaces]]\nbinding = \"SESSIONS\"\nid = \"{}\"\n",
        &id[..32]
    );
    sandbox.write("wrangler.toml", file.clone() + &staging + "\n[env.empty]\n");
    insta::assert_snapshot!(sandbox.run(&["audit", "--env", "staging"]));
    insta::assert_snapshot!(sandbox.run(&["audit", "--env", "empty"]));
}

/// Value, expiry and metadata of a key.
fn whole(sandbox: &Sandbox, key: &str) -> Value {
    let seen = sandbox.expect(
        0,
        &[
            "key",
            "get",
            key,
            "-b",
            "SESSIONS",
            "--with-metadata",
            "--json",
        ],
    );
    serde_json::from_str(&seen.stdout).unwrap()
}

#[test]
fn fix_gives_what_is_missing_and_keeps_the_rest() {
    let sandbox = sandbox(RULES);
    sessions(&sandbox);
    sandbox.write("binary", b"\xff\x00\xfe");
    let put = [
        "key",
        "put",
        "session:binary",
        "-b",
        "SESSIONS",
        "--file",
        "binary",
    ];
    sandbox.expect(
        0,
        &[&put[..], &["--metadata", "{\"n\": [1.0, null]}"]].concat(),
    );
    let others = ["loose", "session:fine", "session:long"].map(|key| whole(&sandbox, key));
    let before = ["session:binary", "session:never"].map(|key| whole(&sandbox, key));

    let fix = ["-b", "SESSIONS", "--fix"];
    let (seen, requests) = watched(&sandbox, &[&fix[..], &["--dry-run"]].concat());
    assert_filtered!(MOMENTS, seen);
    assert_eq!(requests, ["GET keys"]);
    let (seen, requests) = watched(&sandbox, &fix);
    assert_eq!(requests, ["GET keys"], "nobody can be asked");
    assert_filtered!(MOMENTS, seen);

    let now = kvctl::env::now().as_second();
    let (seen, requests) = watched(&sandbox, &[&fix[..], &["-y"]].concat());
    assert_filtered!(MOMENTS, seen);
    // One value is no text, so that both are read singly.
    let expected = [
        "GET keys",
        "POST bulk/get",
        "GET values/",
        "GET values/",
        "PUT bulk",
    ];
    let kinds = requests.iter().zip(expected);
    assert!(
        kinds.clone().all(|(is, start)| is.starts_with(start)),
        "{requests:?}"
    );
    assert_eq!(requests.len(), expected.len());
    assert_eq!(
        ["loose", "session:fine", "session:long"].map(|key| whole(&sandbox, key)),
        others
    );
    for (key, mut old) in ["session:binary", "session:never"].into_iter().zip(before) {
        let new = whole(&sandbox, key);
        let expires = new["expiration"].as_i64().unwrap();
        assert!((now + 86_400..now + 86_700).contains(&expires), "{new}");
        old["expiration"] = expires.into();
        assert_eq!(new, old);
    }
    let (seen, requests) = watched(&sandbox, &[&fix[..], &["-y", "--json"]].concat());
    let report: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!((&report["fix"]["matched"], requests.len()), (&json!(0), 1));
}

#[test]
fn a_hundred_keys_are_fixed_with_three_requests() {
    let sandbox = sandbox(RULES);
    let names: Vec<String> = (0..100).map(|n| format!("session:{n:03}")).collect();
    let keys: Vec<_> = names.iter().map(|name| (&**name, None)).collect();
    fill(&sandbox, "SESSIONS", &keys);
    let (seen, requests) = watched(&sandbox, &["-b", "SESSIONS", "--fix", "--ttl", "1h", "-y"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(
        seen.stdout
            .ends_with("set a TTL of 1h on 100 of 100 keys\n100 keys, no rule broken\n"),
        "{seen}"
    );
    assert_eq!(requests, ["GET keys", "POST bulk/get", "PUT bulk"]);
}

#[test]
fn keys_that_could_not_be_written_are_named() {
    let sandbox = sandbox(RULES);
    let keys = ["session:a", "session:b", "session:c"].map(|key| (key, None));
    fill(&sandbox, "SESSIONS", &keys);
    let fails = Action::Unsuccessful(Keys::Named(vec!["session:b".to_owned()]));
    sandbox
        .emulator
        .fault(Fault::new("PUT", "/bulk", fails).forever());
    let seen = sandbox.run(&["audit", "-b", "SESSIONS", "--fix", "-y", "--retries", "0"]);
    insta::assert_snapshot!(seen);
}

#[test]
fn a_protected_namespace_is_not_fixed_unasked() {
    let rules = "[[namespace]]\nbinding = \"SESSIONS\"\nprotect = true\n\
                 ttl = { required = true, max = 3600 }\n";
    let sandbox = sandbox(rules);
    let fix = ["-b", "SESSIONS", "--fix", "-y"];
    let (seen, requests) = watched(&sandbox, &fix);
    assert_eq!((seen.code, requests.len()), (Some(0), 1), "{seen}");
    fill_protected(&sandbox);
    let seen = sandbox.run(&[&["audit"], &fix[..]].concat());
    insta::assert_snapshot!(seen);
    let wrong = [&["audit"], &fix[..], &["--confirm", "bio"]].concat();
    sandbox.expect(9, &wrong);
    let right = [
        "audit",
        "-b",
        "SESSIONS",
        "--fix",
        "--confirm",
        "bio-SESSIONS",
    ];
    sandbox.expect(0, &right);
}

fn fill_protected(sandbox: &Sandbox) {
    sandbox.expect(0, &["key", "put", "k", "v", "-b", "SESSIONS"]);
}

#[test]
fn what_is_wrong_is_said_before_anything_is_sent() {
    let sandbox = sandbox(RULES);
    let cases: &[&[&str]] = &[
        &["-b", "NONE"],
        &["--delimiter", ""],
        &["--top", "0"],
        &["--expiring-within", "soon"],
        &["--ttl", "1h"],
        &["--fix"],
        &["--fix", "-b", "CONFIG_CACHE"],
        &["--fix", "-b", "SESSIONS", "--ttl", "1m"],
        &["--fix", "-b", "SESSIONS", "--ttl", "2d"],
        &["--env", "none"],
    ];
    let before = sandbox.emulator.log().len();
    let mut all = String::new();
    for args in cases {
        let seen = sandbox.run(&[&["audit"], *args].concat());
        writeln!(all, "$ kvctl audit {}\n{seen}", args.join(" ")).unwrap();
    }
    let rules = [
        "[[namespace]]\nbinding = \"SESSIONS\"\nttl = { required = true }\n",
        "[[namespace]]\nbinding = \"SESSIONS\"\nttl = { min = \"2h\", max = \"1h\" }\n",
        "[[namespace]]\nbinding = \"SESSIONS\"\nttl = { max = \"1 fortnight\" }\n",
        "[[namespace]]\nbinding = \"GONE\"\nprefix = \"a:\"\n",
    ];
    for text in rules {
        sandbox.write("kvctl.toml", text);
        let args: &[&str] = if text.contains("required") {
            &["audit", "-b", "SESSIONS", "--fix"]
        } else {
            &["audit"]
        };
        writeln!(
            all,
            "$ cat kvctl.toml\n{text}$ kvctl {}\n{}",
            args.join(" "),
            sandbox.run(args)
        )
        .unwrap();
    }
    insta::assert_snapshot!(all);
    assert_eq!(sandbox.emulator.log().len(), before);
}

#[test]
fn the_local_store_is_audited_without_credentials() {
    let sandbox = sandbox(RULES);
    let put = ["key", "put", "k", "v", "-b", "SESSIONS", "--local"];
    let run = |args: &[&str]| {
        let command = sandbox.bare_command(args);
        Seen::of(command)
    };
    let seen = run(&put);
    assert_eq!(seen.code, Some(0), "{seen}");
    let seen = run(&["audit", "--local", "-b", "SESSIONS"]);
    assert_eq!(seen.code, Some(8), "{seen}");
    seen.assert_stdout("ttl.required, prefix: `k`");
}

#[test]
fn keys_that_a_fix_leaves_alone_are_counted_with_the_reason() {
    let sandbox = sandbox(RULES);
    fill(&sandbox, "SESSIONS", &[("a", None), ("b", None)]);
    let seen = sandbox.expect(8, &["audit", "-b", "SESSIONS", "--fix", "-y"]);
    seen.assert_stdout("nothing to fix\nleft alone: 2 keys with another prefix");
}
