//! Runs that are resumed after the namespace changed: what is new is not passed over, and what is not
//! looked at is not claimed.

use kvctl::emulator::{Action, Answer, Fault};
use serde_json::{Value, json};

use crate::{
    sandbox::{Sandbox, Seen},
    transfer::{count, lines},
};

const COPY: [&str; 5] = ["copy", "--from", "title:one", "--to", "title:two"];

fn ok(seen: &Seen) {
    assert_eq!(seen.code, Some(0), "{seen}");
}

fn report(seen: &Seen) -> Value {
    serde_json::from_str(&seen.stdout).unwrap_or_else(|_| panic!("{seen}"))
}

/// A namespace `one` with so many keys, and `two` with none.
fn filled(keys: usize) -> Sandbox {
    let sandbox = Sandbox::unlimited();
    sandbox.write("in.ndjson", lines(keys));
    for title in ["one", "two"] {
        ok(&sandbox.run(&["namespace", "create", title]));
    }
    ok(&sandbox.run(&["import", "in.ndjson", "-n", "one"]));
    sandbox
}

/// The service takes `first` requests of a kind, and then none until it is healed.
fn cut(sandbox: &Sandbox, method: &str, path: &str, first: usize) {
    let broken = Action::Answer(Answer::new(403, "{\"success\":false,\"errors\":[]}"));
    let fault = Fault::new(method, path, broken).after(first).forever();
    sandbox.emulator.fault(fault);
}

/// A copy of 30,000 keys of which the first 20,000 are confirmed.
fn copied_in_part() -> Sandbox {
    let sandbox = filled(30_000);
    cut(&sandbox, "PUT", "/bulk", 2);
    let seen = sandbox.run(&COPY);
    assert!(
        seen.stderr.contains("--resume") && seen.code != Some(0),
        "{seen}"
    );
    sandbox.emulator.clear_faults();
    sandbox
}

fn put(sandbox: &Sandbox, key: &str, value: &str) {
    ok(&sandbox.run(&["key", "put", key, value, "-n", "one"]));
}

fn delete(sandbox: &Sandbox, key: &str) {
    ok(&sandbox.run(&["key", "delete", key, "-n", "one", "-y"]));
}

fn resume(sandbox: &Sandbox, args: &[&str], more: &[&str]) -> Seen {
    let seen = sandbox.run(&[args, &["--resume"], more].concat());
    ok(&seen);
    seen
}

#[test]
fn a_resumed_copy_takes_in_keys_that_are_new_among_those_confirmed() {
    let sandbox = copied_in_part();
    put(&sandbox, "key:0000500+", "new");
    let before = count(&sandbox, "PUT", "/bulk");
    let seen = resume(&sandbox, &COPY, &[]);
    let expected = "copied 20,001 records; 10,000 records of an earlier run not read again\n";
    assert_eq!(seen.stdout, expected, "{seen}");
    for said in [
        "resuming: 20,000 records confirmed before",
        "note: 10,001 records copied again, because keys were added or removed",
        "note: 10,000 records confirmed before were not read again; `kvctl diff`",
    ] {
        assert!(seen.stderr.contains(said), "{said}: {seen}");
    }
    assert_eq!(count(&sandbox, "PUT", "/bulk") - before, 3);
    let seen = sandbox.run(&["diff", "title:one", "title:two"]);
    assert_eq!(seen.stdout, "identical: 30,001 keys\n", "{seen}");
    assert!(sandbox.journals().is_empty());
}

/// As many as before are listed, so that their number does not tell.
#[test]
fn a_resumed_copy_takes_in_a_key_that_took_the_place_of_another() {
    let sandbox = copied_in_part();
    delete(&sandbox, "key:0000600");
    put(&sandbox, "key:0000500+", "new");
    let seen = resume(&sandbox, &COPY, &["--json"]);
    let report = report(&seen);
    assert_eq!(
        (&report["records"], &report["passed_over"]),
        (&json!(20_000), &json!(10_000))
    );
    let value = ["key", "get", "key:0000500+", "-n", "two"];
    assert_eq!(sandbox.run(&value).stdout, "new");
}

#[test]
#[ignore = "slow: copies 30,000 keys in three runs"]
fn a_resumed_copy_that_is_cut_again_still_takes_in_what_is_new() {
    let sandbox = copied_in_part();
    put(&sandbox, "key:0000500+", "new");
    // The range is copied again, in a batch that ends before the range does.
    cut(&sandbox, "PUT", "/bulk", 1);
    assert_ne!(
        sandbox.run(&[&COPY[..], &["--resume"]].concat()).code,
        Some(0)
    );
    sandbox.emulator.clear_faults();
    put(&sandbox, "key:0000501+", "new");
    put(&sandbox, "key:0009999+", "new");
    let seen = resume(&sandbox, &COPY, &[]);
    assert!(seen.stdout.starts_with("copied "), "{seen}");
    let seen = sandbox.run(&["diff", "title:one", "title:two"]);
    assert_eq!(seen.stdout, "identical: 30,003 keys\n", "{seen}");
}

#[test]
#[ignore = "slow: copies 30,000 keys twice"]
fn a_resumed_copy_claims_nothing_of_values_that_it_did_not_look_at() {
    let sandbox = copied_in_part();
    put(&sandbox, "key:0000500", "changed");
    let seen = resume(&sandbox, &COPY, &[]);
    let expected = "copied 10,000 records; 20,000 records of an earlier run not read again\n";
    assert_eq!(seen.stdout, expected, "{seen}");
    let said = "20,000 records confirmed before were not read again; `kvctl diff`";
    seen.assert_stderr(said);
    // What it names does what it says.
    sandbox.expect(8, &["diff", "title:one", "title:two"]);
    ok(&sandbox.run(&[&COPY[..], &["--restart"]].concat()));
    ok(&sandbox.run(&["diff", "title:one", "title:two"]));
}

/// An export of 3,000 keys of which at least the first 1,000 are written.
fn exported_in_part() -> Sandbox {
    let sandbox = filled(3000);
    cut(&sandbox, "GET", "/keys", 2);
    let seen = sandbox.run(&["export", "out.ndjson", "-n", "one"]);
    seen.assert_stderr("--resume");
    sandbox.emulator.clear_faults();
    sandbox
}

#[test]
fn a_resumed_export_takes_in_keys_that_are_new_before_its_last_one() {
    let sandbox = exported_in_part();
    let export = ["export", "out.ndjson", "-n", "one"];
    put(&sandbox, "key:0000500+", "new");
    let seen = resume(&sandbox, &export, &[]);
    assert!(
        seen.stdout.starts_with("exported 3,001 records ("),
        "{seen}"
    );
    seen.assert_stdout("of them in an earlier run), ");
    for said in [
        "exported before were not read again; `--restart`",
        "not sorted by key",
    ] {
        assert!(seen.stderr.contains(said), "{said}: {seen}");
    }
    ok(&sandbox.run(&["import", "out.ndjson", "-n", "two"]));
    let seen = sandbox.run(&["diff", "title:one", "title:two"]);
    assert_eq!(seen.stdout, "identical: 3,001 keys\n", "{seen}");

    let sandbox = exported_in_part();
    put(&sandbox, "key:0003000", "new");
    let seen = resume(&sandbox, &export, &[]);
    assert!(
        seen.stderr.contains("not read again; `kvctl diff`"),
        "{seen}"
    );
    assert!(!seen.stderr.contains("not sorted by key"), "{seen}");
    ok(&sandbox.run(&["diff", "out.ndjson", "title:one"]));
}

#[test]
fn a_resumed_deletion_says_of_new_keys_that_they_are_passed_over() {
    let sandbox = filled(20_001);
    cut(&sandbox, "POST", "/bulk/delete", 2);
    let delete = ["key", "delete", "--prefix", "key:", "-n", "one", "-y"];
    assert_ne!(sandbox.run(&delete).code, Some(0));
    sandbox.emulator.clear_faults();
    put(&sandbox, "key:0000500+", "new");
    let seen = resume(&sandbox, &delete, &[]);
    assert!(
        seen.stderr
            .contains("earlier run deleted: 1 key; the list is stale, or they are new"),
        "{seen}"
    );
    assert!(seen.stdout.contains("; 1 skipped"), "{seen}");
    assert_eq!(
        sandbox.run(&["key", "list", "-n", "one"]).stdout,
        "key:0000500+\n"
    );
    assert!(sandbox.journals().is_empty());
}

#[test]
fn a_later_deletion_is_not_taken_for_the_rest_of_one_that_was_interrupted() {
    for finish in [&[][..], &["--resume"]] {
        let sandbox = filled(20_001);
        cut(&sandbox, "POST", "/bulk/delete", 2);
        let delete = ["key", "delete", "--prefix", "key:", "-n", "one", "-y"];
        assert_ne!(sandbox.run(&delete).code, Some(0));
        assert_eq!(sandbox.journals().len(), 1);
        sandbox.emulator.clear_faults();
        if !finish.is_empty() {
            // Somebody else deletes the rest.
            ok(&sandbox.run(&["key", "delete", "--all", "-n", "one", "-y"]));
        }
        ok(&sandbox.run(&[&delete[..], finish].concat()));
        assert!(sandbox.journals().is_empty());
        put(&sandbox, "key:0000500", "new");
        let seen = resume(&sandbox, &delete, &[]);
        assert!(!seen.stderr.contains("skipped"), "{seen}");
        assert_eq!(sandbox.run(&["key", "list", "-n", "one"]).stdout, "");
    }
}
