//! Assertions of every kind that do not hold, and some that do.

use super::{Case, snapshot, with_assertion};

/// The value of the key that is looked at.
const JSON: &str = r#"{"username":"demo","tags":["a"]}"#;

/// How it is put.
const PUT: &[&str] = &[
    "profile:demo",
    JSON,
    "--ttl",
    "1h",
    "--metadata",
    r#"{"v":1}"#,
];

#[test]
fn assertions() {
    let case =
        |what, assertion: &str| Case::new(what, "assertions", with_assertion(PUT, assertion));
    let key = "key = \"profile:demo\"\n";
    let of_key = |what, expected: &str| case(what, &format!("{key}{expected}"));
    let zeros = "0".repeat(64);
    snapshot(
        "assertions",
        &[
            case("exists", "key = \"profile:none\"\nexists = true"),
            of_key("absent", "absent = true"),
            of_key("equals", "equals = \"secret\""),
            of_key("sha256", &format!("sha256 = \"{zeros}\"")),
            of_key(
                "json: another value",
                "json = { \"/username\" = \"other\" }",
            ),
            of_key("json: nothing there", "json = { \"/tags/1\" = \"b\" }"),
            Case::new(
                "json: none",
                "assertions",
                with_assertion(&["k", "text"], "key = \"k\"\njson = { \"/a\" = 1 }"),
            ),
            of_key("ttl", "ttl = { min = \"2h\" }"),
            of_key("metadata", "metadata = { v = 2 }"),
            case(
                "count: too few",
                "prefix = \"profile:\"\ncount = { min = 2 }",
            ),
            case(
                "count: too many",
                "prefix = \"profile:\"\ncount = { max = 0 }",
            ),
        ],
    );
}

#[test]
fn assertions_that_hold() {
    let sandbox = with_assertion(
        PUT,
        &format!(
            "key = \"profile:demo\"\nexists = true\nequals = '{JSON}'\nttl = {{ min = \"30m\" }}\n\
             json = {{ \"/username\" = \"demo\", \"/tags/0\" = \"a\" }}\nmetadata = {{ v = 1 }}\n\
             sha256 = \"a3ffdaee644a50b157f729988913680a664ba7b77aad554d2feaf2711540c9db\"\n\n\
             [[assert]]\nbinding = \"CACHE\"\nkey = \"none\"\nexists = false\n\n\
             [[assert]]\nbinding = \"SESSIONS\"\nprefix = \"\"\ncount = {{ min = 0, max = 0 }}\n\n\
             [[assert]]\nbinding = \"CACHE\"\nprefix = \"profile:\"\ncount = {{ min = 1, max = 1 }}\n\n\
             [[assert]]\nbinding = \"CACHE\"\nenvironment = \"live\"\nkey = \"k\"\nexists = true\n"
        ),
    );
    let file = sandbox.read("wrangler.toml");
    sandbox.write("wrangler.toml", file + "\n[env.live]\n");
    let seen = crate::verify::run(&sandbox, &["--only", "assertions"]);
    insta::assert_snapshot!(seen);
}
