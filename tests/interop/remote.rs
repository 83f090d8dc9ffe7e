//! wrangler's remote commands against `kvctl serve`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    harness::Test,
    tools::{Home, NODE_22, Server, WRANGLER_4_86, WRANGLER_4_164, Wrangler, ok, refused, text},
};

pub(crate) const TESTS: &[Test] = &[
    Test::new("wrangler_4_86_does_all_it_can", &[WRANGLER_4_86], || {
        all(Wrangler::V4_86);
    })
    .slow("runs wrangler 15 times"),
    Test::new(
        "wrangler_4_164_does_all_it_can",
        &[WRANGLER_4_164, NODE_22],
        || {
            all(Wrangler::V4_164);
        },
    )
    .slow("runs wrangler 15 times"),
];

/// What a key may be called that URLs, shells and encoders get wrong. wrangler can send all of
/// them in files; on its command line a key may not be empty or begin with a dash.
fn odd() -> Vec<String> {
    let names = [
        "/", "/lead", "a//b", "?", "#", "%", "%2F", "%252F", "+", "&", "=", "^", "a b", " ", "...",
        "-dash", "\u{1}\n", "\u{7f}", "é", "🦀",
    ];
    let mut odd: Vec<String> = names.map(str::to_owned).to_vec();
    odd.push("k".repeat(512));
    odd
}

struct Client<'h> {
    home: &'h Home,
    server: Server,
    version: Wrangler,
}

impl Client<'_> {
    fn kv(&self, args: &[&str]) -> std::process::Command {
        let mut command = self.home.wrangler(self.version, &[&["kv"], args].concat());
        self.server.known_to(&mut command);
        command
    }

    fn kvctl(&self, args: &[&str]) -> Vec<u8> {
        ok(self.server.known_to(&mut self.home.kvctl(args)))
    }
}

fn all(version: Wrangler) {
    let home = Home::new();
    let server = Server::start(&home, &["--memory"]);
    let client = Client {
        home: &home,
        server,
        version,
    };
    let id = namespaces(&client);
    single_keys(&client, &id);
    many_keys(&client, &id);
    text(&mut client.kv(&["namespace", "delete", "a new title", "-y"]));
    assert_eq!(client.kvctl(&["namespace", "list"]), b"");
}

/// Creates one, and leaves it with another title.
fn namespaces(client: &Client<'_>) -> String {
    let made = text(&mut client.kv(&["namespace", "create", "a title"]));
    let again = refused(&mut client.kv(&["namespace", "create", "a title"]));
    assert!(again.contains("already exists"), "{again}");
    let listed: Value =
        serde_json::from_slice(&ok(&mut client.kv(&["namespace", "list"]))).unwrap();
    assert_eq!(listed[0]["title"], "a title");
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    assert!(made.contains(&id), "{made}");
    let rename = [
        "namespace",
        "rename",
        "a title",
        "--new-name",
        "a new title",
    ];
    text(&mut client.kv(&rename));
    let listed = String::from_utf8(client.kvctl(&["namespace", "list"])).unwrap();
    assert!(listed.contains("a new title"), "{listed}");
    id
}

fn single_keys(client: &Client<'_>, id: &str) {
    let at = |verb, key| ["key", verb, key, "--remote", "--namespace-id", id];
    let key = "a/b?c#d%2Fe+f&g=h^ i🦀";
    let put = [
        &at("put", key)[..],
        &["a value", "--ttl", "600", "--metadata", "{\"n\":1}"],
    ];
    text(&mut client.kv(&put.concat()));
    assert_eq!(ok(&mut client.kv(&at("get", key))), b"a value");
    assert_eq!(
        client.kvctl(&["key", "get", "--namespace-id", id, key]),
        b"a value"
    );

    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    client.home.write("bytes", &bytes);
    let put = [&at("put", "binary")[..], &["--path", "bytes"]];
    text(&mut client.kv(&put.concat()));
    assert_eq!(ok(&mut client.kv(&at("get", "binary"))), bytes);

    let list = ["key", "list", "--remote", "--namespace-id", id];
    let listed: Value = serde_json::from_slice(&ok(&mut client.kv(&list))).unwrap();
    assert_eq!(listed[0]["name"], key);
    assert_eq!(listed[0]["metadata"], json!({"n": 1}));
    assert!(listed[0]["expiration"].is_i64());
    assert_eq!(listed[1], json!({"name": "binary"}));

    text(&mut client.kv(&at("delete", key)));
    refused(&mut client.kv(&at("get", key)));
}

fn many_keys(client: &Client<'_>, id: &str) {
    let at = |verb, file| ["bulk", verb, file, "--remote", "--namespace-id", id];
    // More than the thousand that wrangler sends at once.
    let many = (0..1500).map(|n| json!({"key": format!("many:{n:04}"), "value": "v"}));
    let pairs = odd()
        .into_iter()
        .map(|key| json!({"key": key, "value": key, "metadata": {"k": key}}));
    let binary = json!({"key": "b64", "value": "AP+ACg==", "base64": true, "expiration_ttl": 600});
    let items: Vec<Value> = pairs.chain(many).chain([binary]).collect();
    client
        .home
        .write("put.json", serde_json::to_vec(&items).unwrap());
    text(&mut client.kv(&at("put", "put.json")));
    assert_eq!(
        client.kvctl(&["key", "get", "--namespace-id", id, "b64"]),
        b"\x00\xff\x80\n"
    );
    for key in odd() {
        let get = ["key", "get", "--namespace-id", id, "--", &key];
        assert_eq!(client.kvctl(&get), key.as_bytes(), "{key:?}");
    }

    client
        .home
        .write("keys.json", serde_json::to_vec(&odd()).unwrap());
    let read = ok(&mut client.kv(&at("get", "keys.json")));
    // 4.86.0 goes on talking on stdout after the JSON.
    let values = serde_json::Deserializer::from_slice(&read).into_iter();
    let values: BTreeMap<String, String> = { values }.next().unwrap().unwrap();
    let expected = odd().into_iter().map(|key| (key.clone(), key)).collect();
    assert_eq!(values, expected);

    let delete = [&at("delete", "keys.json")[..], &["--force"]].concat();
    text(&mut client.kv(&delete));
    let list = ["key", "list", "--remote", "--namespace-id", id];
    let listed: Vec<Value> = serde_json::from_slice(&ok(&mut client.kv(&list))).unwrap();
    assert_eq!(
        listed.len(),
        1502,
        "two single ones and those of the second page"
    );
}
