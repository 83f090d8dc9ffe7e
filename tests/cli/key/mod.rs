//! `kvctl key …`: one file a verb.

mod delete;
mod edit;
mod get;
mod list;
mod put;
mod select;
mod touch;

pub(crate) use edit::is_ci;

use std::{io::Write as _, process::Stdio};

use kvctl::{
    api::{self, Answer, Body, Client, Credentials, Endpoint, ExtraHeaders, Settings},
    wire::BulkEntry,
};

use crate::{
    provision::BIO,
    sandbox::{ACCOUNT, Sandbox, Seen, TOKEN},
    wait::Finish as _,
};

/// Keys that other tools lose.
fn odd_keys() -> Vec<String> {
    let mut keys: Vec<String> = [
        "a/b",
        "?",
        "#",
        "%",
        "a+b",
        "&",
        "=",
        "^",
        "two words",
        " ",
        "\u{1f}",
        "tab\tbed",
        "🦀",
        "/leading",
        "//",
        "...",
        "a/../b",
        "%2F",
        "%252F",
        "-leading-dash",
        "--",
        "é",
        "e\u{301}",
        "a\nb",
        "\"quoted\"",
        "\\",
        "'",
        "`",
        "0",
    ]
    .map(str::to_owned)
    .into();
    keys.push("k".repeat(512));
    keys.push("é".repeat(256));
    keys
}

/// A project with one namespace, `bio-SESSIONS`, bound to `SESSIONS`.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    sandbox.expect(0, &["provision", "SESSIONS"]);
    sandbox
}

/// The id of the first namespace in the wrangler file.
fn id(sandbox: &Sandbox) -> String {
    let text = sandbox.read("wrangler.toml");
    let (_, rest) = text.split_once("id = \"").unwrap();
    rest[..32].to_owned()
}

/// Runs `kvctl key` with something on stdin.
fn feed(sandbox: &Sandbox, args: &[&str], stdin: &[u8]) -> Seen {
    let mut command = sandbox.command(args);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    // Whoever stops reading early closes the pipe.
    pipe.write_all(stdin).ok();
    drop(pipe);
    Seen::of(child)
}

/// Stores a value, and expects that to work.
fn put(sandbox: &Sandbox, key: &str, value: &[u8], flags: &[&str]) {
    let args = ["key", "put", "-b", "SESSIONS", "--stdin"];
    let args: Vec<&str> = args
        .iter()
        .chain(flags)
        .copied()
        .chain(["--", key])
        .collect();
    let seen = feed(sandbox, &args, value);
    assert_eq!(seen.code, Some(0), "{seen}");
}

/// Returns the bytes that `kvctl key get` writes; nothing unless it succeeds.
fn value(sandbox: &Sandbox, key: &str) -> Option<Vec<u8>> {
    let command = sandbox.command(&["key", "get", "--", key]);
    let output = command.finish();
    output.status.success().then_some(output.stdout)
}

/// Returns the paths, without queries, of the requests that `work` makes.
fn requests<T>(sandbox: &Sandbox, work: impl FnOnce() -> T) -> (T, Vec<String>) {
    let before = sandbox.emulator.log().len();
    let outcome = work();
    let log = sandbox.emulator.log();
    let line = |entry: &kvctl::emulator::Entry| {
        let path = entry.path.split("/storage/kv/namespaces").last().unwrap();
        let path = path.replace(&id(sandbox), "ID");
        format!("{} {path}", entry.method)
    };
    (outcome, log[before..].iter().map(line).collect())
}

/// Stores many small values at once.
struct BulkPut(String, Vec<BulkEntry>);

impl Endpoint for BulkPut {
    type Output = ();
    const METHOD: reqwest::Method = reqwest::Method::PUT;

    fn path(&self) -> String {
        format!("accounts/{ACCOUNT}/storage/kv/namespaces/{}/bulk", self.0)
    }

    fn body(&self) -> Body {
        Body::Json(serde_json::to_vec(&self.1).unwrap().into())
    }

    fn decode(&self, answer: &Answer) -> Result<(), api::Error> {
        answer.confirmed()
    }
}

/// Fills the namespace with `count` keys: `session:000000` and on.
fn fill(sandbox: &Sandbox, count: usize) {
    let settings = Settings {
        base: sandbox.base_url().parse().unwrap(),
        credentials: Credentials::Token(TOKEN.to_owned().into()),
        headers: ExtraHeaders::default(),
        timeout: std::time::Duration::from_mins(1),
        retries: 0,
        backoff: std::time::Duration::ZERO,
        trust: kvctl::api::Trust::default(),
        now: kvctl::env::now,
        proxied: false,
    };
    let entry = |i: usize| BulkEntry {
        key: format!("session:{i:06}"),
        value: i.to_string(),
        base64: false,
        expiration: None,
        expiration_ttl: None,
        metadata: None,
    };
    let entries: Vec<BulkEntry> = (0..count).map(entry).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client = Client::new(settings, std::sync::Arc::new(())).unwrap();
    for part in entries.chunks(10_000) {
        let request = BulkPut(id(sandbox), part.to_vec());
        runtime.block_on(client.send(&request)).unwrap();
    }
}
