//! Keys that are listed and cannot be read: late, deleted, expired, or unreadable.

use fs_err as fs;
use kvctl::emulator::{Action, Answer, Fault};
use serde_json::{Value, json};

use crate::{
    sandbox::{Sandbox, Seen},
    transfer::{count, lines, sandbox},
    wait::wait_until,
};

/// No value for anybody, and a 404 for who asks for one key.
fn nothing() -> [(&'static str, &'static str, Answer); 2] {
    let result = json!({ "values": {} });
    let body = json!({ "success": true, "errors": [], "result": result });
    let gone = json!({ "success": false, "errors": [{ "code": 10009, "message": "no" }] });
    [
        ("POST", "/bulk/get", Answer::new(200, body.to_string())),
        ("GET", "/values/", Answer::new(404, gone.to_string())),
    ]
}

/// A namespace `one` with so many keys, and `two` with none.
fn filled(keys: usize) -> Sandbox {
    let sandbox = sandbox(&["one", "two"]);
    if keys > 0 {
        sandbox.write("in.ndjson", lines(keys));
        sandbox.expect(0, &["import", "in.ndjson", "-n", "one"]);
    }
    sandbox
}

/// Lets reads lag: the first answers know nothing of any key.
fn lag(sandbox: &Sandbox, singly: usize) {
    let [many, one] =
        nothing().map(|(method, path, answer)| Fault::new(method, path, Action::Answer(answer)));
    sandbox.emulator.fault(many);
    sandbox.emulator.fault(one.times(singly));
}

/// Lets no value be read of a key, ever.
fn hide(sandbox: &Sandbox, key: &str) {
    let [(.., gone)] = [nothing()[1].clone()];
    let path = format!("/values/{key}");
    let fault = Fault::new("GET", &path, Action::Answer(gone));
    sandbox.emulator.fault(fault.forever());
}

fn report(seen: &Seen) -> Value {
    serde_json::from_str(&seen.stdout).unwrap_or_else(|_| panic!("{seen}"))
}

fn exists(sandbox: &Sandbox, title: &str) -> bool {
    sandbox.run(&["namespace", "get", title]).code == Some(0)
}

#[test]
fn reads_that_lag_lose_nothing() {
    let runs: [&[&str]; 4] = [
        &["export", "out.ndjson", "-n", "one", "-q"],
        &["export", "out/", "-n", "one", "-q"],
        &["copy", "--from", "title:one", "--to", "title:two", "-q"],
        &[
            "namespace",
            "delete",
            "one",
            "--confirm",
            "one",
            "--backup",
            "out.ndjson",
            "-q",
        ],
    ];
    for args in runs {
        let sandbox = filled(20);
        lag(&sandbox, 20);
        let seen = sandbox.run(args);
        assert_eq!(seen.code, Some(0), "{args:?} {seen}");
        seen.assert_stderr("listed, but not readable yet: 20 keys");
        let other = match args[0] {
            "copy" => "title:two",
            _ => args.iter().find(|it| it.starts_with("out")).unwrap(),
        };
        let seen = sandbox.run(&["diff", "in.ndjson", other]);
        assert_eq!(seen.code, Some(0), "{args:?} {seen}");
    }
}

#[test]
fn what_was_late_is_not_lost_to_a_run_that_is_resumed() {
    let sandbox = filled(1100);
    lag(&sandbox, 100);
    // The second page waits until the process is gone.
    let wait = Action::Delay(std::time::Duration::from_mins(5));
    let fault = Fault::new("GET", "/keys", wait).after(1);
    sandbox.emulator.fault(fault);
    let export = ["export", "out.ndjson", "-n", "one"];
    let mut child = sandbox.command(&export).spawn().unwrap();
    let part = sandbox.app().join("out.ndjson.part");
    wait_until("the second page is asked for", || {
        count(&sandbox, "GET", "/keys") >= 2
            && fs::metadata(&part).map_or(0, |part| part.len()) >= 8000
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let seen = sandbox.expect(0, &["export", "out.ndjson", "-n", "one", "--resume"]);
    seen.assert_stdout("exported 1,100 records");
    let seen = sandbox.run(&["import", "out.ndjson", "-n", "two"]);
    assert_eq!(
        seen.stdout, "imported 1,100 records from out.ndjson\n",
        "{seen}"
    );
    sandbox.expect(0, &["diff", "in.ndjson", "title:two"]);
}

#[test]
fn what_is_listed_and_cannot_be_read_is_named_and_never_deleted() {
    let runs: [&[&str]; 3] = [
        &["export", "out.ndjson", "-n", "one"],
        &["copy", "--from", "title:one", "--to", "title:two"],
        &[
            "namespace",
            "delete",
            "one",
            "--confirm",
            "one",
            "--backup",
            "out.ndjson",
        ],
    ];
    for args in runs {
        // So few are read one by one.
        let sandbox = filled(1);
        hide(&sandbox, "key%3A0000000");
        let short = [args, &["--consistency-timeout", "100ms"]].concat();
        let seen = sandbox.run(&short);
        assert_eq!(seen.code, Some(6), "{args:?} {seen}");
        let named = "1 key (`key:0000000`) is listed but cannot be read";
        assert!(seen.stderr.contains(named), "{args:?} {seen}");
        assert!(exists(&sandbox, "one"), "{args:?} {seen}");
        if args.contains(&"out.ndjson") {
            assert!(
                fs::read(sandbox.app().join("out.ndjson")).is_ok(),
                "the file is kept"
            );
        }
        let seen = sandbox.run(&[&short[..], &["--json", "-y"]].concat());
        assert_eq!(seen.code, Some(6), "{args:?} {seen}");
        if args[0] != "namespace" {
            assert_eq!(
                report(&seen)["unreadable"],
                json!(["key:0000000"]),
                "{seen}"
            );
        }
    }
    let sandbox = filled(1);
    sandbox.expect(0, &["export", "-n", "one", "--consistency-timeout", "0"]);
    hide(&sandbox, "key%3A0000000");
    sandbox.expect(6, &["export", "-n", "one", "--consistency-timeout", "0"]);
}

/// A list with one key more than there are, once.
fn list_one_more(sandbox: &Sandbox, key: &Value) {
    let info = json!({ "count": 1, "cursor": "" });
    let body = json!({ "success": true, "errors": [], "result": [key], "result_info": info });
    let answer = Answer::new(200, body.to_string());
    let fault = Fault::new("GET", "/keys", Action::Answer(answer));
    sandbox.emulator.fault(fault);
}

#[test]
fn what_was_deleted_meanwhile_is_said_and_keeps_nothing_from_going_on() {
    let runs: [&[&str]; 2] = [
        &["export", "out.ndjson", "-n", "one"],
        &["copy", "--from", "title:one", "--to", "title:two"],
    ];
    for args in runs {
        for (key, field, expected) in [
            (json!({ "name": "gone" }), "deleted", json!(["gone"])),
            (
                json!({ "name": "gone", "expiration": 1000 }),
                "expired_meanwhile",
                json!(1),
            ),
        ] {
            let sandbox = filled(0);
            list_one_more(&sandbox, &key);
            let seen = sandbox.run(&[args, &["--consistency-timeout", "50ms", "--json"]].concat());
            assert_eq!(seen.code, Some(0), "{args:?} {seen}");
            assert_eq!(report(&seen)[field], expected, "{args:?} {seen}");
        }
    }
    let sandbox = filled(0);
    // The first list only counts.
    list_one_more(&sandbox, &json!({ "name": "gone" }));
    list_one_more(&sandbox, &json!({ "name": "gone" }));
    let delete = [
        "namespace",
        "delete",
        "one",
        "--confirm",
        "one",
        "--backup",
        "out.ndjson",
    ];
    let seen = sandbox.expect(
        0,
        &[&delete[..], &["--consistency-timeout", "50ms"]].concat(),
    );
    seen.assert_stdout("deleted: 1 key (`gone`)");
    assert!(!exists(&sandbox, "one"));
}

#[test]
fn a_key_that_a_bulk_answer_leaves_out_is_not_taken_for_absent() {
    let sandbox = filled(3);
    sandbox.write("keys.json", r#"["key:0000000", "key:0000001", "nope"]"#);
    let [(method, path, answer), _] = nothing();
    let fault = Fault::new(method, path, Action::Answer(answer)).forever();
    sandbox.emulator.fault(fault);
    let seen = sandbox.expect(0, &["bulk", "get", "keys.json", "-n", "one"]);
    let values = report(&seen);
    assert!(values["key:0000001"].is_string(), "{seen}");
    assert!(values["nope"].is_null(), "{seen}");
}

#[test]
fn what_sync_cannot_read_it_knows_to_be_there_all_the_same() {
    let sandbox = filled(2);
    sandbox.write("dir/key%3A0000000", "x");
    lag(&sandbox, 2);
    let seen = sandbox.expect(0, &["sync", "dir", "-n", "one", "--dry-run", "--json"]);
    let plan = report(&seen);
    assert_eq!(plan["extra"], json!(["key:0000001"]), "{seen}");
}
