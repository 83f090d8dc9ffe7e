//! `kvctl export`, `import` and `diff`.

use std::{fmt::Write as _, time::Duration};

use fs_err as fs;
use kvctl::emulator::{Action, Answer, Fault, Keys};
use serde_json::{Value, json};

use crate::{
    sandbox::{Sandbox, Seen},
    wait::{Finish as _, piped, wait_until},
};

/// A sandbox with a namespace for each of `titles`.
pub(crate) fn sandbox(titles: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    for title in titles {
        sandbox.expect(0, &["namespace", "create", title]);
    }
    sandbox
}

pub(crate) fn lines(count: usize) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        let value = format!("{number:0>100}");
        writeln!(
            text,
            "{}",
            json!({ "key": format!("key:{number:0>7}"), "value": value })
        )
        .unwrap();
        text
    })
}

/// Keys and values that go wrong elsewhere, with and without expiry and metadata.
fn odd_lines() -> String {
    let longest = "k".repeat(512);
    let keys = [
        "/leading",
        "a/b",
        "a?b",
        "a#b",
        "100%",
        "a+b",
        "a&b=c",
        "^",
        "with space",
        "tab\there",
        "nul\u{0}",
        "esc\u{1b}[1m",
        "\u{1f600}",
        "...",
        "%2F",
        "-leading-dash",
        "line\nbreak",
        longest.as_str(),
        "é",
        "z.",
    ];
    let values = [
        json!({ "value": "" }),
        json!({ "value": "x" }),
        json!({ "value": "AP/+gA==", "base64": true }),
        json!({ "value": "\u{fffd} replaced" }),
        json!({ "value": "line\r\nbreak\u{0}", "metadata": { "b": 1.0, "a": [1, null] } }),
        json!({ "value": "later", "expiration": 4_000_000_000_u64, "metadata": "text" }),
    ];
    let mut text = String::new();
    for (at, key) in keys.iter().enumerate() {
        let mut record = values[at % values.len()].clone();
        record["key"] = json!(key);
        writeln!(text, "{record}").unwrap();
    }
    text
}

pub(crate) fn count(sandbox: &Sandbox, method: &str, part: &str) -> usize {
    let log = sandbox.emulator.log();
    log.iter()
        .filter(|e| e.method == method && e.path.contains(part))
        .count()
}

#[test]
fn what_is_exported_and_imported_is_the_same() {
    let sandbox = sandbox(&["one", "two"]);
    sandbox.write("in.ndjson", odd_lines() + &lines(300));
    sandbox.expect(0, &["import", "in.ndjson", "-n", "one"]);
    for file in ["out.ndjson", "out.json", "out.csv", "out/"] {
        sandbox.expect(0, &["key", "delete", "-n", "two", "--all", "-y"]);
        sandbox.expect(0, &["export", file, "-n", "one"]);
        let seen = sandbox.run(&["import", file, "-n", "two"]);
        assert_eq!(seen.code, Some(0), "{file} {seen}");
        let seen = sandbox.run(&["diff", "title:one", "title:two"]);
        assert_eq!(seen.code, Some(0), "{file} {seen}");
        assert_eq!(seen.stdout, "identical: 320 keys\n");
        let seen = sandbox.run(&["diff", file, "title:two"]);
        assert_eq!(seen.code, Some(0), "{file} {seen}");
    }
    let stdout = sandbox.command(&["export", "-n", "one"]).finish().stdout;
    assert_eq!(stdout, fs::read(sandbox.app().join("out.ndjson")).unwrap());
}

#[test]
fn a_directory_is_exported_whole_or_not_at_all() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(300));
    sandbox.expect(0, &["import", "in.ndjson", "-n", "one"]);
    sandbox.write("full/a", "mine");
    insta::assert_snapshot!(sandbox.run(&["export", "full/", "-n", "one"]));
    assert_eq!(sandbox.read("full/a"), "mine");
    let spent = Answer::new(500, "{}");
    let fault = Fault::new("POST", "/bulk/get", Action::Answer(spent)).after(2);
    sandbox.emulator.fault(fault.forever());
    sandbox.expect(7, &["export", "new/", "-n", "one", "--retries", "0"]);
    assert!(!sandbox.app().join("new").exists());
    assert!(!sandbox.app().join("new.part").exists());
    insta::assert_snapshot!(sandbox.run(&["export", "-", "--format", "dir", "-n", "one"]));
}

#[test]
fn the_requests_are_as_few_as_can_be() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(10_000));
    sandbox.expect(0, &["import", "in.ndjson", "-n", "one"]);
    assert_eq!(count(&sandbox, "PUT", "/bulk"), 1);
    sandbox.expect(0, &["export", "out.ndjson", "-n", "one"]);
    assert_eq!(count(&sandbox, "GET", "/keys"), 10);
    assert_eq!(count(&sandbox, "POST", "/bulk/get"), 100);
}

#[test]
fn a_namespace_that_is_mostly_binary_is_read_singly() {
    let sandbox = sandbox(&["one"]);
    let text = (0..850).fold(String::new(), |mut text, number| {
        let record = json!({ "key": format!("{number:0>4}"), "value": "/w==", "base64": true });
        writeln!(text, "{record}").unwrap();
        text
    });
    sandbox.write("in.ndjson", text);
    sandbox.expect(0, &["import", "in.ndjson", "-n", "one"]);
    sandbox.expect(0, &["export", "out.ndjson", "-n", "one"]);
    assert_eq!(count(&sandbox, "GET", "/values/"), 850);
    // Only the batches that are under way before anything is known are taken apart.
    let asked = count(&sandbox, "POST", "/bulk/get");
    assert!(asked <= 12 * 31, "{asked}");
}

#[test]
fn a_write_that_is_too_much_is_halved_and_stays_so() {
    for status in [413, 504, 524] {
        let sandbox = sandbox(&["one"]);
        sandbox.write("in.ndjson", lines(20_000));
        let busy = Answer::new(status, "<html>too much</html>");
        sandbox
            .emulator
            .fault(Fault::new("PUT", "/bulk", Action::Answer(busy)).times(2));
        sandbox.expect(0, &["import", "in.ndjson", "-n", "one"]);
        sandbox.expect(0, &["diff", "in.ndjson", "title:one"]);
    }
}

#[test]
fn what_the_service_did_not_store_is_sent_again_and_then_named() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(1000));
    let keys = ["key:0000001", "key:0000500", "key:0000999"].map(str::to_owned);
    let fails = || Action::Unsuccessful(Keys::Named(keys.to_vec()));
    sandbox.emulator.fault(Fault::new("PUT", "/bulk", fails()));
    sandbox.expect(0, &["import", "in.ndjson", "-n", "one"]);
    assert_eq!(count(&sandbox, "PUT", "/bulk"), 2);
    sandbox.expect(0, &["diff", "in.ndjson", "title:one"]);

    sandbox
        .emulator
        .fault(Fault::new("PUT", "/bulk", fails()).forever());
    let seen = sandbox.expect(6, &["import", "in.ndjson", "-n", "one", "--retries", "1"]);
    insta::assert_snapshot!(seen);
    let again = sandbox.expect(9, &["import", "in.ndjson", "-n", "one"]);
    again.assert_stderr("an earlier run did not finish; its journal is");
    // As the hint says.
    sandbox.emulator.clear_faults();
    sandbox.expect(0, &["import", "in.ndjson", "-n", "one", "--resume"]);
    sandbox.expect(0, &["diff", "in.ndjson", "title:one"]);
}

#[test]
fn a_write_whose_answer_was_lost_loses_nothing() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(1000));
    sandbox
        .emulator
        .fault(Fault::new("PUT", "/bulk", Action::CutAfter));
    sandbox.expect(0, &["import", "in.ndjson", "-n", "one"]);
    sandbox.expect(0, &["diff", "in.ndjson", "title:one"]);
}

#[test]
fn an_import_goes_on_where_it_was_killed() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(60_000));
    // Two of six writes wait until the process is gone.
    let wait = Action::Delay(Duration::from_mins(5));
    sandbox
        .emulator
        .fault(Fault::new("PUT", "/bulk", wait).after(2).times(2));
    let mut child = sandbox
        .command(&["import", "in.ndjson", "-n", "one"])
        .spawn()
        .unwrap();
    wait_until("four batches are confirmed", || {
        sandbox.confirmed() >= Some(4)
    });
    child.kill().unwrap();
    child.wait().unwrap();
    insta::assert_snapshot!(sandbox.run(&["import", "in.ndjson", "-n", "one"]));
    let before = count(&sandbox, "PUT", "/bulk");
    let seen = sandbox.expect(0, &["import", "in.ndjson", "-n", "one", "--resume"]);
    seen.assert_stderr("40,000 records confirmed before");
    // The cost is that of the rest.
    seen.assert_stderr("2 requests, 20,000 writes");
    assert_eq!(count(&sandbox, "PUT", "/bulk") - before, 2);
    assert!(sandbox.journals().is_empty());
    sandbox.expect(0, &["diff", "in.ndjson", "title:one"]);
}

#[test]
fn an_export_goes_on_where_it_was_killed() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(5000));
    sandbox.expect(0, &["import", "in.ndjson", "-n", "one"]);
    // The fourth of five pages of names waits until the process is gone.
    let wait = Action::Delay(Duration::from_mins(5));
    sandbox
        .emulator
        .fault(Fault::new("GET", "/keys", wait).after(3));
    let mut child = sandbox
        .command(&["export", "out.ndjson", "-n", "one"])
        .spawn()
        .unwrap();
    let part = sandbox.app().join("out.ndjson.part");
    wait_until("the fourth page is asked for", || {
        count(&sandbox, "GET", "/keys") >= 4 && fs::metadata(&part).map_or(0, |part| part.len()) > 0
    });
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!sandbox.app().join("out.ndjson").exists());
    sandbox.expect(9, &["export", "out.ndjson", "-n", "one"]);
    sandbox.expect(0, &["export", "out.ndjson", "-n", "one", "--resume"]);
    let whole = sandbox.command(&["export", "-n", "one"]).finish().stdout;
    assert_eq!(fs::read(sandbox.app().join("out.ndjson")).unwrap(), whole);
    assert!(!part.exists());
}

#[test]
fn nothing_is_sent_of_a_file_that_is_wrong_somewhere() {
    let sandbox = sandbox(&["one"]);
    let before = sandbox.emulator.log().len();
    sandbox.write(
        "in.ndjson",
        "{\"key\":\"a\",\"value\":\"1\"}\n{\"key\":\"..\",\"value\":\"2\"}\n",
    );
    insta::assert_snapshot!(sandbox.run(&["import", "in.ndjson", "-n", "one"]));
    sandbox.write("bad.ndjson", "{\"key\":\"a\",\"value\":\"1\"}\nno json\n");
    insta::assert_snapshot!(sandbox.run(&["import", "bad.ndjson", "-n", "one"]));
    sandbox.write("bad.csv", "key,value,colour\na,1,red\n");
    insta::assert_snapshot!(sandbox.run(&["import", "bad.csv", "-n", "one"]));
    sandbox.write("bad.xml", "<a/>");
    insta::assert_snapshot!(sandbox.run(&["import", "bad.xml", "-n", "one"]));
    assert_eq!(sandbox.emulator.log().len(), before);
    let seen = sandbox.expect(6, &["import", "in.ndjson", "-n", "one", "--skip-invalid"]);
    insta::assert_snapshot!(seen);
    assert_eq!(sandbox.run(&["key", "get", "a", "-n", "one"]).stdout, "1");
}

#[test]
fn of_many_that_are_passed_over_people_are_shown_some_and_programs_all() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", "{\"key\":\"..\",\"value\":\"\"}\n".repeat(25));
    let import = ["import", "in.ndjson", "-n", "one", "--skip-invalid"];
    let seen = sandbox.expect(6, &[&import[..], &["--json"]].concat());
    assert_eq!(seen.stderr.matches("skipped: line ").count(), 20);
    let more = "warning: … and 5 more; `--json` names them all\n";
    seen.assert_stderr(more);
    let report: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(report["invalid"].as_array().unwrap().len(), 25);
}

#[test]
fn of_a_key_that_comes_twice_the_last_one_counts() {
    let sandbox = sandbox(&["one"]);
    let record = |value: &str| json!({ "key": "a", "value": value }).to_string() + "\n";
    sandbox.write("in.ndjson", record("first") + &lines(10) + &record("last"));
    insta::assert_snapshot!(sandbox.run(&["import", "in.ndjson", "-n", "one"]));
    assert_eq!(
        sandbox.run(&["key", "get", "a", "-n", "one"]).stdout,
        "last"
    );
    assert_eq!(count(&sandbox, "PUT", "/bulk"), 1);
}

#[test]
fn differences_are_named_and_fail() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("a.ndjson", lines(3));
    sandbox.write(
        "b.ndjson",
        lines(4)
            .replace("key:0000000", "key:000000a")
            .replace("0001\"", "0009\""),
    );
    sandbox.expect(1, &["diff", "a.ndjson", "b.ndjson"]);
    sandbox.write(
        "b.ndjson",
        lines(4).replace("00000000001\"}", "00000000009\"}"),
    );
    insta::assert_snapshot!(sandbox.run(&["diff", "a.ndjson", "b.ndjson"]));
    insta::assert_snapshot!(sandbox.run(&["diff", "a.ndjson", "title:one", "--json"]));
}

#[cfg(unix)]
#[test]
fn an_export_to_a_full_disk_leaves_nothing_under_its_name() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(5000));
    sandbox.expect(0, &["import", "in.ndjson", "-n", "one"]);
    // A limit on the size of files stands for a disk that is full: writing fails amid a file.
    let limited = |name: &str| {
        let kvctl = sandbox.command(&[]);
        let mut shell = piped("sh");
        shell
            .args(["-c", "trap '' XFSZ; ulimit -f 200; exec \"$@\"", "sh"])
            .arg(kvctl.get_program())
            .args(["export", name, "-n", "one"])
            .current_dir(sandbox.app())
            .env_clear();
        for (name, value) in kvctl.get_envs() {
            shell.env(name, value.unwrap());
        }
        Seen::of(shell)
    };
    for name in ["out.ndjson", "out.csv", "out.json"] {
        let seen = limited(name);
        assert_eq!(seen.code, Some(1), "{seen}");
        seen.assert_stderr("could not write");
        assert!(!sandbox.app().join(name).exists());
        let part = sandbox.app().join(format!("{name}.part"));
        assert_eq!(
            part.exists(),
            name == "out.ndjson",
            "only that can be resumed"
        );
        assert_eq!(seen.stderr.contains("--resume"), part.exists(), "{seen}");
    }
    sandbox.expect(0, &["export", "out.ndjson", "-n", "one", "--resume"]);
    sandbox.expect(0, &["diff", "in.ndjson", "out.ndjson"]);
}

#[test]
fn a_stdout_that_is_full_fails_an_export() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(100));
    sandbox.expect(0, &["import", "in.ndjson", "-n", "one"]);
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = sandbox.command(&["export", "-n", "one"]);
    let seen = Seen::of(command.stdout(full.into_parts().0));
    assert_eq!(seen.code, Some(1), "{seen}");
}

#[test]
fn a_copy_carries_everything_also_from_remote_to_local() {
    let sandbox = sandbox(&["one", "two"]);
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    sandbox.expect(0, &["namespace", "create", "mine", "--local"]);
    sandbox.write("in.ndjson", odd_lines() + &lines(300));
    sandbox.expect(0, &["import", "in.ndjson", "-n", "one"]);
    let dry = [
        "copy",
        "--from",
        "title:one",
        "--to",
        "title:two",
        "--dry-run",
    ];
    assert_eq!(
        sandbox.run(&dry).stdout,
        "dry run: 320 records would be copied: 5 requests, 320 reads, 320 writes\n"
    );
    for to in ["title:two", "local:title:mine"] {
        let seen = sandbox.expect(0, &["copy", "--from", "title:one", "--to", to]);
        assert_eq!(seen.stdout, "copied 320 records\n");
        sandbox.expect(0, &["diff", "title:one", to]);
    }
    insta::assert_snapshot!(sandbox.run(&["copy", "--from", "title:one", "--to", "title:one"]));
    insta::assert_snapshot!(sandbox.run(&["copy", "--from", "a.json", "--to", "title:one"]));
}

#[test]
fn a_copy_goes_on_where_it_was_killed() {
    let sandbox = Sandbox::unlimited();
    for title in ["one", "two"] {
        sandbox.expect(0, &["namespace", "create", title]);
    }
    sandbox.write("in.ndjson", lines(40_000));
    sandbox.expect(0, &["import", "in.ndjson", "-n", "one"]);
    // The second of four writes waits until the process is gone.
    let wait = Action::Delay(Duration::from_mins(5));
    sandbox
        .emulator
        .fault(Fault::new("PUT", "/bulk", wait).after(1));
    let copy = ["copy", "--from", "title:one", "--to", "title:two"];
    let mut child = sandbox.command(&copy).spawn().unwrap();
    wait_until("three batches are confirmed", || {
        sandbox.confirmed() == Some(3)
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let seen = sandbox.expect(9, &copy);
    seen.assert_stderr("--resume");
    let before = [("PUT", "/bulk"), ("POST", "/bulk/get")].map(|(m, p)| count(&sandbox, m, p));
    let seen = sandbox.expect(0, &[&copy[..], &["--resume"]].concat());
    seen.assert_stderr("30,000 records confirmed before");
    let expected = "copied 10,000 records; 30,000 records of an earlier run not read again\n";
    assert_eq!(seen.stdout, expected);
    let after = [("PUT", "/bulk"), ("POST", "/bulk/get")].map(|(m, p)| count(&sandbox, m, p));
    assert_eq!([after[0] - before[0], after[1] - before[1]], [1, 100]);
    assert!(sandbox.journals().is_empty());
    sandbox.expect(0, &["diff", "in.ndjson", "title:two"]);
}

#[test]
fn stdin_is_imported_whole_or_not_at_all() {
    let sandbox = sandbox(&["one"]);
    let import = |text: &str| {
        let mut command = sandbox.command(&["import", "-", "-n", "one"]);
        let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut stdin, text.as_bytes()).unwrap();
        drop(stdin);
        Seen::of(child)
    };
    sandbox.write("in.ndjson", odd_lines());
    let seen = import(&odd_lines());
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(seen.stdout, "imported 20 records from stdin\n");
    let exported = sandbox.run(&["export", "-n", "one"]).stdout;
    let cut = exported.trim_end().rsplit_once('\n').unwrap().0;
    let writes = count(&sandbox, "PUT", "/bulk");
    assert_eq!(import(&exported).code, Some(0));
    let damaged = exported.replace("with space", "with spice");
    let seen = import(&damaged);
    assert_eq!(seen.code, Some(1), "{seen}");
    seen.assert_stderr("checksum");
    let seen = import(&format!("{cut}\n"));
    assert_eq!(seen.code, Some(1), "{seen}");
    assert_eq!(count(&sandbox, "PUT", "/bulk"), writes + 1);
}

#[test]
fn a_protected_namespace_is_not_overwritten_in_a_mass_unasked() {
    let sandbox = sandbox(&["one", "other"]);
    let manifest = "[[namespace]]\nbinding = \"ONE\"\ntitle = \"one\"\nprotect = true\n";
    sandbox.write("kvctl.toml", manifest);
    sandbox.write("in.ndjson", lines(3));
    let import = ["import", "in.ndjson", "-n", "one"];
    insta::assert_snapshot!(sandbox.run(&import));
    let copy = ["copy", "--from", "title:other", "--to", "title:one"];
    sandbox.expect(9, &copy);
    sandbox.expect(9, &[&import[..], &["--confirm", "other"]].concat());
    assert_eq!(count(&sandbox, "PUT", "/bulk"), 0);
    for command in [&import[..], &copy] {
        sandbox.expect(0, &[command, &["--confirm", "one"]].concat());
    }
}

#[test]
fn an_import_is_resumed_only_with_what_it_began_with() {
    let sandbox = sandbox(&["one"]);
    let records: Vec<Value> = (0..25_000)
        .map(|n| json!({ "key": format!("k{n}"), "value": "v" }))
        .collect();
    sandbox.write("in.json", json!(records).to_string());
    let put = ["bulk", "put", "in.json", "-n", "one", "--retries", "0"];
    let broken = Action::Answer(Answer::new(500, ""));
    sandbox
        .emulator
        .fault(Fault::new("PUT", "/bulk", broken).after(2));
    let with = |more: &[&str]| sandbox.run(&[&put[..], more].concat());
    assert_eq!(with(&["--ttl", "1h"]).code, Some(7));
    let others: [&[&str]; 3] = [
        &["--ttl", "2h", "--resume"],
        &["--resume"],
        &["--ttl", "1h", "--metadata", "1", "--resume"],
    ];
    for other in others {
        let seen = with(other);
        assert_eq!(seen.code, Some(9), "{other:?} {seen}");
    }
    let seen = with(&["--ttl", "1h", "--resume"]);
    assert_eq!(seen.code, Some(0), "{seen}");
}
