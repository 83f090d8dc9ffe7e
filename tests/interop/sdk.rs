//! The official SDKs: every method of theirs that is about KV.

use crate::{
    harness::Test,
    tools::{Home, SDK_PYTHON, SDK_TYPESCRIPT, Server, text},
};

pub(crate) const TESTS: &[Test] = &[
    Test::new(
        "the_typescript_sdk_does_all_it_can",
        &[SDK_TYPESCRIPT],
        || {
            let home = Home::new();
            let server = Server::start(&home, &["--memory"]);
            let output = text(server.known_to(&mut home.node("sdk.mjs")));
            assert_eq!(methods(&output), 16, "{output}");
        },
    ),
    Test::new("the_python_sdk_does_all_it_can", &[SDK_PYTHON], || {
        let home = Home::new();
        let server = Server::start(&home, &[]);
        let output = text(server.known_to(&mut home.python("sdk.py")));
        assert_eq!(methods(&output), 16, "{output}");
    }),
];

fn methods(output: &str) -> usize {
    let called: Vec<String> = serde_json::from_str(output).unwrap();
    called.len()
}
