//! `kvctl key touch`.

use super::{put, requests, sandbox, value};

#[test]
fn another_expiry_leaves_value_and_metadata() {
    let sandbox = sandbox();
    put(&sandbox, "k", b"\x00\xff", &["--metadata", "[1, 2.0]"]);
    let touch = ["key", "touch", "-b", "SESSIONS", "k"];
    let until = [&touch[..], &["--expiration", "2100-01-01T00:00:00Z"]].concat();
    let (seen, log) = requests(&sandbox, || sandbox.run(&until));
    insta::assert_snapshot!(seen);
    assert_eq!(log.len(), 3);
    let shown = || sandbox.run(&["key", "get", "k", "--json"]).stdout;
    insta::assert_snapshot!(shown());
    assert_eq!(value(&sandbox, "k").unwrap(), b"\x00\xff");
    let forever = [&touch[..], &["--no-expiry", "--json"]].concat();
    insta::assert_snapshot!(sandbox.run(&forever));
    assert!(shown().contains("\"expiration\": null"));
    let hour = [&touch[..], &["--ttl", "1h"]].concat();
    sandbox.expect(0, &hour);
    assert!(!shown().contains("\"expiration\": null"));
}

#[test]
fn an_expiry_must_be_named_and_possible_and_the_key_there() {
    let sandbox = sandbox();
    for flags in [
        &[][..],
        &["--ttl", "10"],
        &["--expiration", "1"],
        &["--ttl", "1h", "--no-expiry"],
    ] {
        let args = [&["key", "touch", "-b", "SESSIONS", "k"], flags].concat();
        let (seen, log) = requests(&sandbox, || sandbox.run(&args));
        assert_eq!(seen.code, Some(2), "{seen}");
        assert!(log.is_empty());
    }
    let seen = sandbox.run(&["key", "touch", "-b", "SESSIONS", "nope", "--ttl", "1h"]);
    insta::assert_snapshot!(seen);
    assert_eq!(sandbox.emulator.requests("PUT"), 0);
}
