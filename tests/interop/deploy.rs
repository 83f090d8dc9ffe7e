//! `wrangler deploy` and what belongs to it against `kvctl serve`.

use serde_json::Value;

use crate::{
    harness::Test,
    tools::{
        Home, NODE_22, Server, WRANGLER_4_86, WRANGLER_4_155, WRANGLER_4_164, Wrangler, ok,
        refused, text,
    },
};

pub(crate) const TESTS: &[Test] = &[
    Test::new(
        "wrangler_4_164_deploys_and_provisions",
        &[WRANGLER_4_164, NODE_22],
        || deploys(Wrangler::V4_164),
    ),
    Test::new(
        "wrangler_4_155_deploys_and_provisions",
        &[WRANGLER_4_155, NODE_22],
        || deploys(Wrangler::V4_155),
    )
    .slow("runs wrangler 8 times"),
    Test::new(
        "wrangler_4_86_deploys_and_provisions",
        &[WRANGLER_4_86],
        || {
            deploys(Wrangler::V4_86);
        },
    )
    .slow("runs wrangler 8 times"),
    Test::new(
        "wrangler_may_not_look_without_the_permission",
        &[WRANGLER_4_164, NODE_22],
        refused_without_permission,
    ),
];

/// Two bindings without ids: wrangler creates their namespaces and keeps the ids to itself.
const CONFIG: &str = "\
name = \"app\"
main = \"index.js\"
compatibility_date = \"2025-01-01\"

[[kv_namespaces]]
binding = \"SESSIONS\"

[[kv_namespaces]]
binding = \"CACHE\"
";

fn project() -> Home {
    let home = Home::new();
    home.write(
        "index.js",
        "export default { fetch() { return new Response() } }\n",
    );
    home.write("wrangler.toml", CONFIG);
    home
}

fn titles(home: &Home, server: &Server) -> Vec<String> {
    let list = ["namespace", "list", "--json"];
    let json = ok(server.known_to(&mut home.kvctl(&list)));
    let listed: Value = serde_json::from_slice(&json).unwrap();
    let listed = listed.as_array().unwrap().iter();
    listed
        .map(|namespace| namespace["title"].as_str().unwrap().to_owned())
        .collect()
}

fn deploys(version: Wrangler) {
    let home = project();
    let server = Server::start(&home, &["--memory"]);
    let wrangler = |args: &[&str]| {
        let mut command = home.wrangler(version, args);
        server.known_to(&mut command);
        command
    };
    let who = text(&mut wrangler(&["whoami"]));
    assert!(who.contains("user@example.com"), "{who}");

    let first = text(&mut wrangler(&["deploy"]));
    assert!(first.contains("env.CACHE"), "{first}");
    assert_eq!(titles(&home, &server), ["app-cache", "app-sessions"]);
    // The second time it inherits, and creates nothing.
    let second = text(&mut wrangler(&["deploy"]));
    assert!(second.contains("inherited"), "{second}");
    assert_eq!(titles(&home, &server).len(), 2);

    let key = |verb: &'static str| ["kv", "key", verb, "--remote", "--binding", "CACHE", "k"];
    let put = [&key("put")[..], &["v"]].concat();
    text(&mut wrangler(&put));
    assert_eq!(ok(&mut wrangler(&key("get"))), b"v");

    // An id that the account does not have is refused by the service.
    let absent = format!("{CONFIG}id = \"{}\"\n", "0".repeat(32));
    home.write("wrangler.toml", absent);
    let missing = refused(&mut wrangler(&["deploy"]));
    assert!(missing.contains("10041"), "{missing}");

    home.write("wrangler.toml", CONFIG);
    text(&mut wrangler(&["delete", "--force"]));
    let absent = refused(&mut wrangler(&key("get")));
    assert!(absent.contains("10007"), "{absent}");
}

fn refused_without_permission() {
    let home = project();
    let permission = ["--memory", "--permission", "Workers KV Storage Write"];
    let server = Server::start(&home, &permission);
    let mut command = home.wrangler(
        Wrangler::V4_164,
        &["kv", "key", "get", "--remote", "--binding", "CACHE", "k"],
    );
    let said = refused(server.known_to(&mut command));
    assert!(said.contains("10000"), "{said}");
}
