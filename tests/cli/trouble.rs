//! Moving many keys while the service is in trouble: nothing is lost, and nothing claimed that did not
//! happen.

use std::time::Duration;

use fs_err as fs;
use kvctl::emulator::{Action, Answer, Fault, Keys};
use serde_json::json;

use crate::{
    sandbox::{Sandbox, Seen, at_once},
    transfer::{count, lines, sandbox},
    wait::{first_line, send_signal, wait_until},
};

/// A refusal as the API words it.
fn refusal(status: u16, code: u32) -> Answer {
    let errors = json!([{ "code": code, "message": "no" }]);
    let body = json!({ "success": false, "errors": errors, "messages": [], "result": null });
    Answer::new(status, body.to_string())
}

/// A page that says there is more, behind a cursor that leads back to it.
fn circle(keys: &serde_json::Value) -> Action {
    let info = json!({ "count": 1, "cursor": "again" });
    let body = json!({ "success": true, "errors": [], "result": keys, "result_info": info });
    Action::Answer(Answer::new(200, body.to_string()))
}

fn ok(seen: &Seen) {
    assert_eq!(seen.code, Some(0), "{seen}");
}

fn names(sandbox: &Sandbox, title: &str) -> usize {
    let listed = sandbox.run(&["key", "list", "-n", title]);
    ok(&listed);
    listed.stdout.lines().count()
}

#[test]
fn a_spent_quota_stops_an_import_at_once_and_tells_when_to_go_on() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(70_000));
    let spent = Fault::new("PUT", "/bulk", Action::Answer(refusal(429, 10048)));
    sandbox.emulator.fault(spent.after(2));
    let import = ["import", "in.ndjson", "-n", "one"];
    let seen = sandbox.expect(7, &import);
    // What was under way then was waited for, four requests at most, and nothing else sent.
    let asked = count(&sandbox, "PUT", "/bulk");
    assert!(asked <= 6, "{asked}");
    let confirmed = format!("{}0,000 records confirmed", asked - 1);
    seen.assert_stderr(&confirmed);
    seen.assert_stderr("00:00 UTC, in ");
    seen.assert_stderr("70,000 writes");

    ok(&sandbox.run(&[&import[..], &["--resume"]].concat()));
    assert_eq!(count(&sandbox, "PUT", "/bulk"), 8);
    ok(&sandbox.run(&["diff", "in.ndjson", "title:one"]));
}

#[test]
fn a_busy_service_is_asked_again() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(3000));
    let busy = refusal(429, 971).header("retry-after", "1");
    for (method, path) in [("PUT", "/bulk"), ("GET", "/keys"), ("POST", "/bulk/get")] {
        let fault = Fault::new(method, path, Action::Answer(busy.clone()));
        sandbox.emulator.fault(fault);
    }
    ok(&sandbox.run(&["import", "in.ndjson", "-n", "one"]));
    ok(&sandbox.run(&["export", "out.ndjson", "-n", "one"]));
    ok(&sandbox.run(&["diff", "in.ndjson", "out.ndjson"]));
    assert_eq!(count(&sandbox, "PUT", "/bulk"), 2);
}

#[test]
fn a_write_that_was_carried_out_and_answered_with_524_loses_nothing() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(2000));
    let late = Action::AnswerAfter(Answer::new(524, "<html>a timeout occurred</html>"));
    sandbox.emulator.fault(Fault::new("PUT", "/bulk", late));
    let seen = sandbox.run(&["import", "in.ndjson", "-n", "one"]);
    ok(&seen);
    assert_eq!(seen.stdout, "imported 2,000 records from in.ndjson\n");
    ok(&sandbox.run(&["diff", "in.ndjson", "title:one"]));
}

#[test]
fn pages_without_a_key_are_no_end() {
    let sandbox = sandbox(&["one", "two"]);
    sandbox.write("in.ndjson", lines(2500));
    ok(&sandbox.run(&["import", "in.ndjson", "-n", "one"]));
    sandbox.emulator.tombstones();
    ok(&sandbox.run(&["export", "out.ndjson", "-n", "one"]));
    ok(&sandbox.run(&["diff", "in.ndjson", "out.ndjson"]));
    ok(&sandbox.run(&["copy", "--from", "title:one", "--to", "title:two"]));
    ok(&sandbox.run(&["diff", "title:one", "title:two"]));
    ok(&sandbox.run(&["key", "delete", "--all", "-n", "two", "-y"]));
    assert_eq!(names(&sandbox, "two"), 0);
}

#[test]
fn a_list_that_goes_in_a_circle_is_not_taken_for_all() {
    for keys in [json!([]), json!([{ "name": "key:0000000" }])] {
        let sandbox = sandbox(&["one", "two"]);
        sandbox.write("in.ndjson", lines(20));
        ok(&sandbox.run(&["import", "in.ndjson", "-n", "one"]));
        let runs: [&[&str]; 4] = [
            &["export", "out.csv", "-n", "one"],
            &["copy", "--from", "title:one", "--to", "title:two"],
            &["key", "delete", "--all", "-n", "one", "-y"],
            &["diff", "in.ndjson", "title:one"],
        ];
        for args in runs {
            let fault = Fault::new("GET", "/keys", circle(&keys));
            sandbox.emulator.fault(fault.times(2));
            let seen = sandbox.run(args);
            assert_eq!(seen.code, Some(1), "{args:?} {seen}");
            seen.assert_stderr("pagination loop");
        }
        assert!(!sandbox.app().join("out.csv").exists());
        assert_eq!((names(&sandbox, "one"), names(&sandbox, "two")), (20, 0));
    }
}

#[test]
fn three_of_ten_thousand_are_sent_again_and_named_if_they_keep_failing() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(10_000));
    let three = ["key:0000003", "key:0005000", "key:0009999"];
    let fails = || Action::Unsuccessful(Keys::Named(three.map(str::to_owned).into()));
    let import = ["import", "in.ndjson", "-n", "one"];
    sandbox.emulator.fault(Fault::new("PUT", "/bulk", fails()));
    ok(&sandbox.run(&import));
    assert_eq!(count(&sandbox, "PUT", "/bulk"), 2);
    ok(&sandbox.run(&["diff", "in.ndjson", "title:one"]));

    ok(&sandbox.run(&["key", "delete", "--all", "-n", "one", "-y"]));
    let fault = Fault::new("PUT", "/bulk", fails()).times(2);
    sandbox.emulator.fault(fault);
    let seen = sandbox.expect(6, &[&import[..], &["--retries", "1"]].concat());
    for key in three {
        seen.assert_stdout(format!("not written: `{key}`"));
    }
    assert_eq!(names(&sandbox, "one"), 9997);
    // Only those are sent, once the service is well again.
    let seen = sandbox.run(&[&import[..], &["--resume"]].concat());
    ok(&seen);
    assert_eq!(seen.stdout, "imported 3 records from in.ndjson\n");
    ok(&sandbox.run(&["diff", "in.ndjson", "title:one"]));
}

#[test]
fn a_key_that_failed_and_comes_again_has_the_last_value_and_keeps_it() {
    let sandbox = sandbox(&["one"]);
    let again = json!({ "key": "key:0000000", "value": "last" });
    sandbox.write("in.ndjson", lines(10_001) + &again.to_string() + "\n");
    let fails = Action::Unsuccessful(Keys::Named(vec!["key:0000000".to_owned()]));
    // The key fails in the first request, and others in the last one.
    sandbox.emulator.fault(Fault::new("PUT", "/bulk", fails));
    let other = Action::Unsuccessful(Keys::Named(vec!["key:0010000".to_owned()]));
    sandbox.emulator.fault(Fault::new("PUT", "/bulk", other));
    let import = ["import", "in.ndjson", "-n", "one", "--retries", "0"];
    let seen = sandbox.expect(6, &import);
    seen.assert_stdout("not written: `key:0010000`");
    assert!(!seen.stdout.contains("key:0000000"), "{seen}");
    // To go on must not bring the first value back.
    let seen = sandbox.run(&[&import[..], &["--resume"]].concat());
    ok(&seen);
    assert_eq!(seen.stdout, "imported 1 record from in.ndjson\n");
    let value = sandbox
        .run(&["key", "get", "key:0000000", "-n", "one"])
        .stdout;
    assert_eq!(value, "last");
}

#[test]
fn an_export_that_cannot_be_gone_on_with_says_so() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(3000));
    ok(&sandbox.run(&["import", "in.ndjson", "-n", "one"]));
    for (name, resumable) in [("out.ndjson", true), ("out.csv", false)] {
        let spent = Action::Answer(refusal(429, 10048));
        let fault = Fault::new("POST", "/bulk/get", spent).after(20).times(10);
        sandbox.emulator.fault(fault);
        let seen = sandbox.expect(7, &["export", name, "-n", "one"]);
        assert!(!sandbox.app().join(name).exists());
        let part = sandbox.app().join(format!("{name}.part"));
        assert_eq!(part.exists(), resumable);
        assert_eq!(seen.stderr.contains("--resume"), resumable, "{seen}");
    }
    // What a killed run left of a file that cannot be gone on with.
    sandbox.write("out.csv.part", "key,value\n");
    let seen = sandbox.expect(9, &["export", "out.csv", "-n", "one"]);
    seen.assert_stderr("pass `--restart` to remove");
    assert!(!seen.stderr.contains("--resume"), "{seen}");
    assert!(fs::read(sandbox.app().join("out.csv.part")).unwrap().len() == 10);
}

#[test]
fn an_export_to_no_folder_offers_nothing_to_go_on_with() {
    let sandbox = sandbox(&["one"]);
    for file in ["nodir/out.ndjson", "nodir/out.csv", "nodir/out/"] {
        let seen = sandbox.expect(2, &["export", file, "-n", "one"]);
        seen.assert_stderr("`nodir` does not exist");
        assert!(!seen.stderr.contains("--re"), "{seen}");
    }
}

#[test]
fn a_backup_offers_no_flags_that_only_an_export_has() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(3000));
    ok(&sandbox.run(&["import", "in.ndjson", "-n", "one"]));
    let delete = |file: &str| {
        let args = ["namespace", "delete", "one", "--confirm", "one"];
        sandbox.run(&[&args[..], &["--backup", file]].concat())
    };
    let seen = delete("nodir/b.json");
    assert_eq!(seen.code, Some(2), "{seen}");
    seen.assert_stderr("`nodir` does not exist");
    for (file, left) in [("b.ndjson", "{}\n"), ("b.json", "[")] {
        let part = format!("{file}.part");
        sandbox.write(&part, left);
        let seen = delete(file);
        assert_eq!(seen.code, Some(9), "{seen}");
        assert!(
            seen.stderr.contains("b.") && seen.stderr.contains("or move it away"),
            "{seen}"
        );
        assert!(!seen.stderr.contains("--re"), "{seen}");
        fs::remove_file(sandbox.app().join(part)).unwrap();
    }
    let spent = Action::Answer(refusal(429, 10048));
    let fault = Fault::new("POST", "/bulk/get", spent).after(20).times(10);
    sandbox.emulator.fault(fault);
    let seen = delete("b.ndjson");
    assert_eq!(seen.code, Some(7), "{seen}");
    assert!(!seen.stderr.contains("--re"), "{seen}");
    assert!(!sandbox.app().join("b.ndjson.part").exists());
}

#[cfg(unix)]
#[test]
fn ctrl_c_tells_how_to_go_on() {
    let runs: [(&[&str], &str, &str); 5] = [
        (&["import", "in.ndjson", "-n", "two"], "/bulk", "--resume"),
        (
            &["copy", "--from", "title:one", "--to", "title:two"],
            "/bulk",
            "--resume",
        ),
        (
            &["export", "out.ndjson", "-n", "one"],
            "/bulk/get",
            "--resume",
        ),
        (
            &["export", "out.csv", "-n", "one"],
            "/bulk/get",
            "nothing was kept",
        ),
        (
            &["key", "delete", "--all", "-n", "one", "-y"],
            "/bulk/delete",
            "--resume",
        ),
    ];
    at_once(&runs, |(args, path, told)| {
        let sandbox = sandbox(&["one", "two"]);
        // So many that not all are deleted at once.
        let keys = if args[0] == "key" { 10_001 } else { 300 };
        sandbox.write("in.ndjson", lines(keys));
        ok(&sandbox.run(&["import", "in.ndjson", "-n", "one"]));
        let wait = Action::Delay(Duration::from_mins(5));
        let method = if *path == "/bulk" { "PUT" } else { "POST" };
        sandbox
            .emulator
            .fault(Fault::new(method, path, wait).forever());
        let before = count(&sandbox, method, path);
        let child = sandbox.command(args).spawn().unwrap();
        wait_until(&format!("{args:?} asks for {path}"), || {
            count(&sandbox, method, path) > before
        });
        assert!(send_signal(&child, "-INT"));
        let seen = Seen::of(child);
        assert_eq!(seen.code, Some(130), "{seen}");
        seen.assert_stderr(told);
        assert!(!sandbox.app().join("out.csv.part").exists());
        assert_eq!(names(&sandbox, "one"), keys);
    });
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_stops_an_export() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(20_000));
    ok(&sandbox.run(&["import", "in.ndjson", "-n", "one"]));
    let mut child = sandbox.command(&["export", "-n", "one"]).spawn().unwrap();
    drop(first_line(child.stdout.take().unwrap()));
    let seen = Seen::of(child);
    ok(&seen);
    assert_eq!(seen.stderr, "");
    let asked = count(&sandbox, "POST", "/bulk/get");
    assert!(asked < 50, "{asked} of 200 requests were made");
}
