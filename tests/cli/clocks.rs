//! Expiry, where this machine's clock is wrong: what was said is sent, and what must be a time is one
//! of the service.

use std::{sync::Arc, time::Duration};

use kvctl::emulator::{Action, Config, Fault};
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, at_once, config};

fn now() -> i64 {
    kvctl::env::now().as_second()
}

/// A service whose clock is ahead of this machine's by so many seconds, with a namespace `one`.
fn sandbox(ahead: i64) -> Sandbox {
    let sandbox = Sandbox::with(Config {
        clock: Arc::new(move || now() + ahead),
        ..config()
    });
    sandbox.expect(0, &["namespace", "create", "one"]);
    sandbox
}

/// Returns when the key `k` expires; nothing, if it is not there.
fn expiration(sandbox: &Sandbox) -> Option<i64> {
    let seen = sandbox.run(&["key", "list", "-n", "one", "--json"]);
    let keys: Value = serde_json::from_str(&seen.stdout).unwrap();
    keys[0]["expiration"].as_i64()
}

fn near(found: Option<i64>, expected: i64) {
    assert!(
        found.is_some_and(|at| (expected..expected + 30).contains(&at)),
        "{found:?} {expected}"
    );
}

#[test]
fn a_time_to_live_is_sent_as_one() {
    let runs: [(&[&str], i64); 3] = [
        (&["bulk", "put", "in.json", "-n", "one"], 60),
        (&["import", "in.json", "-n", "one"], 60),
        (
            &["bulk", "put", "plain.json", "--ttl", "90", "-n", "one"],
            90,
        ),
    ];
    let cases: Vec<_> = [0, -3600, 3600]
        .iter()
        .flat_map(|ahead| runs.map(|(args, ttl)| (*ahead, args, ttl)))
        .collect();
    at_once(&cases, |&(ahead, args, ttl)| {
        let sandbox = sandbox(ahead);
        let entry = json!([{ "key": "k", "value": "v", "expiration_ttl": 60 }]);
        sandbox.write("in.json", entry.to_string());
        sandbox.write("plain.json", r#"[{"key":"k","value":"v"}]"#);
        // A time that was right when the file was read is too near by then.
        let slow = Action::Delay(Duration::from_millis(1100));
        sandbox.emulator.fault(Fault::new("PUT", "/bulk", slow));
        let before = now() + ahead;
        let seen = sandbox.run(args);
        assert_eq!(seen.code, Some(0), "{args:?} {seen}");
        assert!(seen.stdout.contains("1 record"), "{args:?} {seen}");
        near(expiration(&sandbox), before + ttl);
    });
}

#[test]
fn what_has_expired_is_decided_by_the_clock_of_the_service() {
    // This machine is an hour fast: what lives yet must not be left out.
    let sandbox = sandbox(-3600);
    let at = now() - 3600 + 1800;
    let lines = |at: i64| json!({ "key": "k", "value": "v", "expiration": at }).to_string() + "\n";
    sandbox.write("in.ndjson", lines(at));
    let seen = sandbox.run(&["import", "in.ndjson", "-n", "one"]);
    assert_eq!(seen.stdout, "imported 1 record from in.ndjson\n", "{seen}");
    assert_eq!(expiration(&sandbox), Some(at));
    let moment = at.to_string();
    sandbox.expect(
        0,
        &["key", "put", "k", "v", "--expiration", &moment, "-n", "one"],
    );
    sandbox.expect(0, &["key", "put", "k", "w", "--keep-ttl", "-n", "one"]);
    assert_eq!(expiration(&sandbox), Some(at));

    // This machine is an hour slow: what has expired is not sent.
    let sandbox = self::sandbox(3600);
    let at = now() + 1800;
    sandbox.write("in.ndjson", lines(at));
    let seen = sandbox.expect(0, &["import", "in.ndjson", "-n", "one"]);
    seen.assert_stdout("imported 0 records");
    seen.assert_stdout("1 expired");
    sandbox.expect(
        2,
        &[
            "key",
            "put",
            "k",
            "v",
            "--expiration",
            &at.to_string(),
            "-n",
            "one",
        ],
    );
    assert_eq!(expiration(&sandbox), None);
}
