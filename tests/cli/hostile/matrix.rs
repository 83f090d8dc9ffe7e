//! Every command against answers that are not what they say: no exit code and no text may claim what
//! did not happen, and nothing that the service did not hold may end up in a key or a file.
//!
//! A healthy run of each command tells which routes it uses. Then each route, and all of them at
//! once, answers with every kind of trouble in turn.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::Path,
};

use fs_err as fs;
use kvctl::{
    domain::KeyName,
    emulator::{Action, Answer, Fault},
};
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, Seen};

/// Stands in every answer that is not the service's. Seen again in a key or a file, it was believed.
const MARK: &str = "planted-by-a-proxy";

const CONFIG: &str = r#"name = "app"
main = "src/index.ts"

[[kv_namespaces]]
binding = "ONE"
id = "{one}"
preview_id = "{two}"
"#;

const MANIFEST: &str = r#"[[namespace]]
binding = "ONE"
title = "one"
ttl = { required = true, max = "30d" }

[[assert]]
binding = "ONE"
key = "a"
equals = "1"
"#;

/// What an answer is instead of the service's own.
fn troubles() -> Vec<(&'static str, Answer)> {
    let refusal = |status, code: u32, message: &str| {
        let errors = json!([{ "code": code, "message": message }]);
        let body = json!({ "success": false, "errors": errors, "messages": [], "result": MARK });
        Answer::new(status, body.to_string()).header("content-type", "application/json")
    };
    let html = format!("<!DOCTYPE html>\n<html><body>{MARK}: please sign in</body></html>\n");
    vec![
        ("401", refusal(401, 10000, "Authentication error")),
        ("403", refusal(403, 10000, "Authentication error")),
        (
            "200 HTML",
            Answer::new(200, html).header("content-type", "text/html; charset=utf-8"),
        ),
        ("200 empty", Answer::new(200, "")),
        ("204", Answer::new(204, "")),
        ("200 success:false", refusal(200, 7003, "no such thing")),
    ]
}

/// A command, and what it needs.
struct Case {
    args: &'static [&'static str],
    /// What a healthy run exits with.
    code: i32,
}

const fn case(args: &'static [&'static str]) -> Case {
    Case { args, code: 0 }
}

const READS: &[Case] = &[
    case(&["namespace", "list"]),
    case(&["namespace", "get", "-n", "one"]),
    case(&["key", "get", "a", "-n", "one"]),
    case(&["key", "get", "a", "-n", "one", "--json"]),
    case(&["key", "get", "a", "-b", "ONE", "-o", "value.bin"]),
    case(&["key", "list", "-n", "one"]),
    case(&["export", "out.ndjson", "-n", "one"]),
    case(&["export", "out.json", "-n", "one"]),
    case(&["export", "tree", "--format", "directory", "-n", "one"]),
    case(&["bulk", "get", "keys.json", "-n", "one"]),
    case(&["diff", "same.ndjson", "title:one"]),
    case(&["provision", "ONE", "--check"]),
    Case {
        args: &["audit", "-b", "ONE"],
        code: 8,
    },
    case(&["usage"]),
];

const WRITES: &[Case] = &[
    case(&["namespace", "create", "three"]),
    case(&["namespace", "create", "one", "--adopt"]),
    case(&["namespace", "rename", "-n", "one", "--to", "renamed"]),
    case(&[
        "namespace",
        "delete",
        "-n",
        "one",
        "--confirm",
        "one",
        "--backup",
        "back.ndjson",
    ]),
    case(&["provision", "ONE", "THREE"]),
    case(&["rename-binding", "ONE", "OTHER", "--title"]),
    case(&["key", "put", "a", "new", "-n", "one"]),
    case(&[
        "key",
        "put",
        "a",
        "new",
        "-n",
        "one",
        "--keep-ttl",
        "--keep-metadata",
    ]),
    case(&["key", "touch", "b", "--ttl", "1d", "-n", "one"]),
    case(&["key", "delete", "a", "-n", "one", "-y"]),
    case(&["key", "delete", "a", "b", "c", "-n", "one", "-y"]),
    case(&["key", "delete", "--all", "-n", "one", "-y"]),
];

const BULK: &[Case] = &[
    case(&["bulk", "put", "put.json", "-n", "one"]),
    case(&["bulk", "delete", "keys.json", "-n", "one", "-y"]),
    case(&["import", "in.ndjson", "-n", "one"]),
    case(&["copy", "--from", "title:one", "--to", "title:two"]),
    case(&["sync", "tree-in", "-n", "one", "--delete", "-y"]),
    Case {
        args: &["audit", "-b", "ONE", "--fix", "--ttl", "1d", "-y"],
        code: 8,
    },
];

/// Two namespaces, one with keys, and the files that commands read.
fn setting() -> Sandbox {
    let sandbox = Sandbox::unlimited();
    let ids = ["one", "two"].map(|title| sandbox.create(title));
    sandbox.write(
        "wrangler.toml",
        CONFIG.replace("{one}", &ids[0]).replace("{two}", &ids[1]),
    );
    sandbox.write("kvctl.toml", MANIFEST);
    let records = "{\"key\":\"a\",\"value\":\"1\"}\n\
        {\"key\":\"b\",\"value\":\"2\",\"metadata\":{\"kept\":true}}\n\
        {\"key\":\"c\",\"value\":\"/v8=\",\"base64\":true,\"expiration\":4000000000}\n";
    sandbox.write("same.ndjson", records);
    sandbox.write("in.ndjson", records.replace("\"1\"", "\"new\""));
    sandbox.write(
        "put.json",
        r#"[{"key":"a","value":"new"},{"key":"d","value":"new"}]"#,
    );
    sandbox.write("keys.json", r#"["a","b"]"#);
    sandbox.write("tree-in/a", "new");
    sandbox.write("tree-in/d", "new");
    sandbox.expect(0, &["import", "same.ndjson", "-n", "one"]);
    sandbox
}

fn run(sandbox: &Sandbox, args: &[&str]) -> Seen {
    let args = [args, &["--retries", "0"]].concat();
    let mut command = sandbox.command(&args);
    // An editor that changes what it is given.
    command
        .env("EDITOR", "sh -c 'printf new >> \"$0\"'")
        .env("PATH", "/usr/bin:/bin");
    Seen::of(command)
}

/// The part of a path that tells its route, and that all requests to the route have.
fn route(path: &str) -> String {
    for part in [
        "/values/",
        "/metadata/",
        "/bulk/get",
        "/bulk/delete",
        "/bulk",
        "/keys",
        "/namespaces?",
        "/namespaces",
        "/memberships",
        "/tokens/verify",
        "/graphql",
        "/accounts?",
    ] {
        if path.contains(part) {
            return part.to_owned();
        }
    }
    path.split('?').next().unwrap_or_default().to_owned()
}

fn routes(sandbox: &Sandbox, from: usize) -> BTreeSet<(String, String)> {
    let log = sandbox.emulator.log();
    log[from..]
        .iter()
        .map(|entry| (entry.method.clone(), route(&entry.path)))
        .collect()
}

/// What all of the account's namespaces hold, asked of a service that is well again.
fn held(sandbox: &Sandbox) -> Vec<(String, String)> {
    let list = |path: &str| -> Vec<Value> {
        let answer: Value = serde_json::from_slice(&sandbox.ask(path)).unwrap();
        answer["result"].as_array().unwrap().clone()
    };
    let one = |namespace: &Value| {
        let id = namespace["id"].as_str().unwrap();
        let mut records = String::new();
        for key in list(&format!("/{id}/keys")) {
            let name: KeyName = key["name"].as_str().unwrap().parse().unwrap();
            let value = sandbox.ask(&format!("/{id}/values/{}", name.to_segment()));
            let value = String::from_utf8_lossy(&value);
            writeln!(records, "{key} {value}").unwrap();
        }
        (namespace["title"].as_str().unwrap().to_owned(), records)
    };
    list("?per_page=100").iter().map(one).collect()
}

/// What is in the project's folder, by path.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.display().to_string(), fs::read(&path).unwrap());
        }
    }
    found
}

/// A setting, and what it held at first.
struct Stage {
    sandbox: Sandbox,
    records: Vec<(String, String)>,
    files: BTreeMap<String, Vec<u8>>,
}

impl Stage {
    fn new() -> Self {
        let sandbox = setting();
        Self {
            records: held(&sandbox),
            files: files(&sandbox.app()),
            sandbox,
        }
    }
}

/// Words with which a command says that something is done.
const CLAIMS: &[&str] = &[
    "wrote",
    "imported",
    "copied",
    "deleted",
    "created",
    "renamed",
    "exported",
    "adopted",
    "is up to date",
];

fn claims(text: &str) -> bool {
    let text = text.replace(" 0 records", "").to_lowercase();
    CLAIMS.iter().any(|claim| text.contains(claim))
}

/// Runs the command while a route is in trouble; says what is wrong with it. Returns the stage for
/// the next if the command changed nothing.
fn judge(
    case: &Case,
    (trouble, answer): &(&str, Answer),
    (method, part): &(String, String),
    stage: Stage,
) -> (Option<String>, Option<Stage>) {
    let sandbox = &stage.sandbox;
    let fault = Fault::new(method, part, Action::Answer(answer.clone())).forever();
    sandbox.emulator.fault(fault);
    let seen = run(sandbox, case.args);
    sandbox.emulator.clear_faults();
    let after = held(sandbox);
    let written = files(&sandbox.app());
    let mut wrong = Vec::new();
    // A binding that the file does not have yet cannot be deployed, so a refusal to tell is noted.
    let is_noted = part.contains("/settings") && seen.to_string().contains("Workers Scripts: Read");
    if seen.code == Some(case.code) && !is_noted {
        wrong.push(format!("exit {}", case.code));
    }
    if after == stage.records && claims(&seen.stdout) {
        wrong.push("claims what did not happen".to_owned());
    }
    if after.iter().any(|(_, records)| records.contains(MARK)) {
        wrong.push("the answer became a value".to_owned());
    }
    for (path, bytes) in &written {
        if String::from_utf8_lossy(bytes).contains(MARK) {
            wrong.push(format!("the answer became {path}"));
        }
    }
    if seen.stdout.contains(MARK) {
        wrong.push("the answer is on stdout".to_owned());
    }
    if seen.stderr.contains("panicked") || seen.code.is_none() {
        wrong.push("it broke".to_owned());
    }
    let place = if part.is_empty() { "everywhere" } else { part };
    let args = case.args.join(" ");
    let wrong = wrong.join("; ");
    let wrong = (!wrong.is_empty())
        .then(|| format!("{args} | {trouble} at {method} {place}: {wrong}\n{seen}"));
    let same = after == stage.records && written == stage.files;
    (wrong, same.then_some(stage))
}

fn matrix(cases: &[Case]) {
    let mut wrong = Vec::new();
    let mut stage = None;
    for case in cases {
        let sandbox = setting();
        let start = sandbox.emulator.log().len();
        let seen = run(&sandbox, case.args);
        assert_eq!(seen.code, Some(case.code), "{:?} {seen}", case.args);
        let mut routes = routes(&sandbox, start);
        assert!(!routes.is_empty(), "{:?} asks for nothing", case.args);
        routes.insert((String::new(), String::new()));
        for trouble in &troubles() {
            for route in &routes {
                let (what, left) = judge(case, trouble, route, stage.unwrap_or_else(Stage::new));
                wrong.extend(what);
                stage = left;
            }
        }
    }
    let count = wrong.len();
    assert!(wrong.is_empty(), "{count} wrong:\n{}", wrong.join("\n"));
}

#[test]
fn reading_commands_claim_nothing() {
    matrix(READS);
}

#[test]
fn writing_commands_claim_nothing() {
    matrix(WRITES);
}

#[test]
fn bulk_commands_claim_nothing() {
    matrix(BULK);
}
