//! Files that change while they are read, or that can be read only once.
#![cfg(unix)]

use std::{
    path::Path,
    process::{Child, Stdio},
    time::Duration,
};

use fs_err as fs;
use kvctl::emulator::{Action, Fault};

use crate::{
    sandbox::{Sandbox, Seen, at_once, mkfifo},
    transfer::{lines, sandbox},
    wait::{piped, wait_until, write_to_pipe},
};

fn keys(sandbox: &Sandbox) -> usize {
    let seen = sandbox.expect(0, &["key", "list", "-n", "one"]);
    seen.stdout.lines().count()
}

/// Starts a command and waits until it has looked at its files, and asks for the namespace.
fn looked(sandbox: &Sandbox, args: &[&str]) -> Child {
    let before = sandbox.emulator.log().len();
    let wait = Action::Delay(Duration::from_secs(2));
    sandbox
        .emulator
        .fault(Fault::new("GET", "namespaces", wait));
    let child = sandbox.command(args).spawn().unwrap();
    wait_until("it asks for the namespace", || {
        sandbox.emulator.log().len() > before
    });
    child
}

#[test]
fn a_file_that_changes_after_it_was_looked_through_is_not_sent() {
    let records = lines(100);
    let cut = records
        .lines()
        .take(3)
        .fold(String::new(), |all, line| all + line + "\n");
    let invalid = records.replacen("\"value\"", "\"walue\"", 50);
    let other = records.replace("00\"}", "01\"}");
    let twice = records.clone() + &records;
    let csv = "key,value\na,1\nb,2\n";
    let json = "[{\"key\":\"a\",\"value\":\"1\"},{\"key\":\"b\",\"value\":\"2\"}]";
    let mut cases: Vec<_> = [cut, invalid, other, twice, String::new()]
        .into_iter()
        .map(|changed| ("in.ndjson", records.as_str(), changed))
        .collect();
    cases.extend(
        [("in.csv", csv), ("in.json", json)]
            .map(|(name, text)| (name, text, text.replace('2', "3"))),
    );
    at_once(&cases, |(name, text, changed)| {
        let sandbox = sandbox(&["one"]);
        sandbox.write(name, text);
        let child = looked(&sandbox, &["import", name, "-n", "one"]);
        sandbox.write(name, changed);
        let seen = Seen::of(child);
        assert_eq!(seen.code, Some(1), "{seen}");
        seen.assert_stderr("changed while it was read");
        seen.assert_stderr("no record was confirmed");
        assert_eq!(seen.stdout, "");
        assert_eq!(keys(&sandbox), 0);
    });
}

#[test]
fn a_directory_that_changes_after_it_was_looked_through_is_not_sent() {
    let commands: [&[&str]; 3] = [
        &["import", "site", "-n", "one"],
        &["sync", "site", "-n", "one"],
        &["sync", "site", "-n", "one", "--delete", "-y"],
    ];
    let changes = ["changed", "new", "gone"];
    let cases: Vec<_> = commands
        .iter()
        .flat_map(|args| changes.map(|change| (args, change)))
        .collect();
    at_once(&cases, |&(args, changed)| {
        let sandbox = sandbox(&["one"]);
        sandbox.write("site/a", "1");
        sandbox.write("site/b/c", "2");
        sandbox.expect(0, &["key", "put", "old", "x", "-n", "one"]);
        let child = looked(&sandbox, args);
        match changed {
            "changed" => sandbox.write("site/a", "other"),
            "new" => sandbox.write("site/a2", "other"),
            _ => fs::remove_dir_all(sandbox.app().join("site/b")).unwrap(),
        }
        let seen = Seen::of(child);
        assert_eq!(seen.code, Some(1), "{changed}: {seen}");
        seen.assert_stderr("changed while it was read");
        if changed != "gone" {
            seen.assert_stderr("file `a");
        }
        assert_eq!(keys(&sandbox), 1, "{changed}");
    });
}

/// Runs a command that reads `text` from a pipe with a name, which it can do once.
fn through_pipe(sandbox: &Sandbox, args: &[&str], text: &str) -> Seen {
    let fifo = sandbox.app().join("pipe.ndjson");
    if !fifo.exists() {
        mkfifo(&fifo);
    }
    let mut command = sandbox.command(args);
    let child = command.stdin(Stdio::null()).spawn().unwrap();
    write_to_pipe(fifo, text.as_bytes());
    Seen::of(child)
}

#[test]
fn what_can_be_read_only_once_is_kept() {
    let sandbox = sandbox(&["one"]);
    let text = lines(1000);
    let seen = through_pipe(&sandbox, &["import", "pipe.ndjson", "-n", "one"], &text);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(seen.stdout, "imported 1,000 records from pipe.ndjson\n");
    assert_eq!(keys(&sandbox), 1000);
    let seen = through_pipe(&sandbox, &["diff", "pipe.ndjson", "title:one"], &text);
    assert_eq!(seen.code, Some(0), "{seen}");
    let list = "\"key:0000000\"\n\"key:0000001\"\n";
    let bulk = ["bulk", "delete", "pipe.ndjson", "-n", "one", "-y"];
    let seen = through_pipe(&sandbox, &bulk, list);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(keys(&sandbox), 998);
    let seen = sandbox.expect(
        2,
        &["import", "/dev/zero", "--format", "ndjson", "-n", "one"],
    );
    seen.assert_stderr("is a device");
}

#[test]
fn bash_may_substitute_a_process_for_the_file() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(1000));
    let command = sandbox.command(&[]);
    let script = "\"$0\" import --format ndjson -n one <(cat in.ndjson)";
    let mut bash = piped("bash");
    bash.args(["-c", script]).arg(command.get_program());
    for (name, value) in command.get_envs() {
        bash.env(name, value.unwrap());
    }
    let path = Path::new("/usr/bin:/bin");
    let seen = Seen::of(bash.env("PATH", path).current_dir(sandbox.app()));
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(keys(&sandbox), 1000);
}

#[test]
fn names_that_begin_with_a_dot_are_named_and_their_keys_stay() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("site/a", "1");
    sandbox.write("site/.well-known/x", "1");
    sandbox.write("site/b/.env", "1");
    for key in [".well-known/x", ".well-known/y", "b/.env", ".other", "old"] {
        sandbox.expect(0, &["key", "put", key, "x", "-n", "one"]);
    }
    let delete = ["sync", "site", "-n", "one", "--delete", "-y"];
    let seen = sandbox.expect(0, &delete);
    let said = "skipped 2 names beginning with a dot: `.well-known`, `b/.env`";
    seen.assert_stderr(said);
    seen.assert_stdout("3 keys of skipped files kept");
    let left = sandbox.run(&["key", "list", "-n", "one"]).stdout;
    assert_eq!(left, ".well-known/x\n.well-known/y\na\nb/.env\n");
    let seen = sandbox.run(&[&delete[..], &["--json"]].concat());
    seen.assert_stdout("\"skipped\"");
    let seen = sandbox.run(&["import", "site", "-n", "one", "--json"]);
    seen.assert_stdout("\"b/.env\"");
    let seen = sandbox.run(&["diff", "site", "title:one"]);
    seen.assert_stderr(said);

    let seen = sandbox.expect(0, &[&delete[..], &["--hidden"]].concat());
    assert!(!seen.stderr.contains("skipped"), "{seen}");
    let left = sandbox.run(&["key", "list", "-n", "one"]).stdout;
    assert_eq!(left, ".well-known/x\na\nb/.env\n");
}
