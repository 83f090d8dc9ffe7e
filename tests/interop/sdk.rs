//! The official SDKs: every method of theirs that is about KV.

use crate::tools::{Home, Server, has, text};

fn methods(output: &str) -> usize {
    let called: Vec<String> = serde_json::from_str(output).unwrap();
    called.len()
}

#[test]
fn the_typescript_sdk_does_all_it_can() {
    if has("node20/node_modules/cloudflare") {
        let home = Home::new();
        let server = Server::start(&home, &["--memory"]);
        let output = text(server.known_to(&mut home.node("sdk.mjs")));
        assert_eq!(methods(&output), 16, "{output}");
    }
}

#[test]
fn the_python_sdk_does_all_it_can() {
    if has("python/bin/python") {
        let home = Home::new();
        let server = Server::start(&home, &[]);
        let output = text(server.known_to(&mut home.python("sdk.py")));
        assert_eq!(methods(&output), 16, "{output}");
    }
}
