//! Commands that are killed at random moments, alone and two at once: what is left is either as
//! before or further on, never wrong, and running again ends complete.
//!
//! Each test has a long form that is ignored, as slow; `KVCTL_CUT_SHORT=ROUNDS` sets how many rounds
//! of each kind it does.
#![cfg(unix)]

use std::{
    fmt::Write as _,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use fs_err as fs;
use kvctl::emulator::{Action, Answer, Fault};

use crate::{
    cut_short::{Effort, at_length},
    sandbox::{Sandbox, Seen},
    transfer::lines,
    wait::signal_at,
};

const SIGNALS: [&str; 3] = ["-KILL", "-TERM", "-INT"];

/// A different moment each time, the same ones in each run.
struct Moments(u64);

impl Moments {
    fn next(&mut self, range: Duration) -> Duration {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let thousandths = u32::try_from((self.0 >> 33) % 1000).unwrap();
        range * thousandths / 1000
    }
}

fn ok(seen: &Seen) {
    assert_eq!(seen.code, Some(0), "{seen}");
}

/// Starts `kvctl` with a folder of its own for temporary files.
fn start(sandbox: &Sandbox, args: &[&str]) -> Child {
    let mut command = sandbox.command(args);
    let temporary = sandbox.other_checkout("tmp");
    command
        .env("TMPDIR", temporary)
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}

/// Sends the signal at that moment, unless the process ends before, and waits for the end.
fn kill(mut child: Child, signal: &str, moment: Instant) -> Seen {
    signal_at(&mut child, signal, moment);
    Seen::of(child)
}

/// Kills the command at random moments within `range`, then runs it to its end.
fn interrupt(
    sandbox: &Sandbox,
    args: &[&str],
    signal: &str,
    moments: &mut Moments,
    range: Duration,
) {
    for _ in 0..2 {
        let seen = kill(
            start(sandbox, args),
            signal,
            Instant::now() + moments.next(range),
        );
        match seen.code {
            None | Some(0 | 130 | 143) => {}
            Some(_) => panic!("{args:?} {signal}: {seen}"),
        }
        // A process that could not help it may leave something behind; one that was asked to end, not.
        if signal != "-KILL" {
            let left = fs::read_dir(sandbox.other_checkout("tmp")).unwrap().count();
            assert_eq!(left, 0, "{args:?} {signal} left temporary files: {seen}");
        }
    }
    let seen = sandbox.run(args);
    ok(&seen);
    for entry in fs::read_dir(sandbox.other_checkout("tmp")).unwrap() {
        fs::remove_dir_all(entry.unwrap().path()).unwrap();
    }
}

fn names(sandbox: &Sandbox, title: &str) -> usize {
    let listed = sandbox.run(&["key", "list", "-n", title]);
    ok(&listed);
    listed.stdout.lines().count()
}

/// A namespace `one` with records, and the file they came from.
fn setting(records: usize) -> Sandbox {
    let sandbox = Sandbox::unlimited();
    sandbox.write("in.ndjson", lines(records));
    for title in ["one", "two"] {
        ok(&sandbox.run(&["namespace", "create", title]));
    }
    ok(&sandbox.run(&["import", "in.ndjson", "-n", "one"]));
    sandbox
}

fn each_round(rounds: u64, mut run: impl FnMut(&'static str, &mut Moments)) {
    let mut moments = Moments(rounds);
    for round in 0..rounds {
        let signal = SIGNALS[usize::try_from(round).unwrap() % SIGNALS.len()];
        run(signal, &mut moments);
    }
}

#[test]
fn a_killed_copy_ends_complete() {
    kill_copies(Effort {
        rounds: 2,
        records: 11_000,
    });
}

#[test]
#[ignore = "slow: copies 20,000 records in each of nine rounds of kills"]
fn a_killed_copy_ends_complete_at_length() {
    kill_copies(at_length(9, 20_000));
}

fn kill_copies(effort: Effort) {
    each_round(effort.rounds, |signal, moments| {
        let sandbox = setting(effort.records);
        sandbox.emulator.latency(Duration::from_millis(5));
        let copy = [
            "copy",
            "--from",
            "title:one",
            "--to",
            "title:two",
            "--resume",
        ];
        interrupt(&sandbox, &copy, signal, moments, Duration::from_millis(900));
        ok(&sandbox.run(&["diff", "title:one", "title:two"]));
    });
}

#[test]
fn a_killed_sync_ends_complete() {
    kill_syncs(Effort {
        rounds: 2,
        records: 300,
    });
}

#[test]
#[ignore = "slow: mirrors 500 files in each of nine rounds of kills"]
fn a_killed_sync_ends_complete_at_length() {
    kill_syncs(at_length(9, 500));
}

fn kill_syncs(effort: Effort) {
    each_round(effort.rounds, |signal, moments| {
        let sandbox = Sandbox::unlimited();
        ok(&sandbox.run(&["namespace", "create", "one"]));
        sandbox.write("stale.ndjson", lines(effort.records));
        ok(&sandbox.run(&["import", "stale.ndjson", "-n", "one"]));
        for number in 0..effort.records {
            sandbox.write(&format!("tree/{number}"), format!("value {number}"));
        }
        sandbox.emulator.latency(Duration::from_millis(30));
        let sync = ["sync", "tree", "-n", "one", "--delete", "-y"];
        interrupt(&sandbox, &sync, signal, moments, Duration::from_millis(400));
        ok(&sandbox.run(&["diff", "tree", "title:one"]));
    });
}

#[test]
fn a_killed_deletion_takes_nothing_else() {
    kill_deletions(Effort {
        rounds: 2,
        records: 11_000,
    });
}

#[test]
#[ignore = "slow: deletes 20,000 keys in each of nine rounds of kills"]
fn a_killed_deletion_takes_nothing_else_at_length() {
    kill_deletions(at_length(9, 20_000));
}

fn kill_deletions(effort: Effort) {
    each_round(effort.rounds, |signal, moments| {
        let sandbox = setting(effort.records);
        sandbox.write("kept.ndjson", "{\"key\":\"other\",\"value\":\"kept\"}\n");
        ok(&sandbox.run(&["import", "kept.ndjson", "-n", "one"]));
        sandbox.emulator.latency(Duration::from_millis(20));
        let delete = ["key", "delete", "--prefix", "key:", "-n", "one", "-y"];
        interrupt(
            &sandbox,
            &delete,
            signal,
            moments,
            Duration::from_millis(700),
        );
        let left = sandbox.run(&["key", "list", "-n", "one"]);
        assert_eq!(left.stdout, "other\n", "{left}");
    });
}

#[test]
fn a_killed_import_of_stdin_leaves_no_values() {
    each_round(3, |signal, moments| {
        let sandbox = setting(100);
        let mut command = sandbox.command(&["import", "-", "-n", "two"]);
        let temporary = sandbox.other_checkout("tmp");
        let (reader, mut writer) = std::io::pipe().unwrap();
        let child = command
            .env("TMPDIR", &temporary)
            .stdin(reader)
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut writer, b"{\"key\":\"a\",\"value\":\"secret\"}\n").unwrap();
        let moment = Duration::from_millis(30) + moments.next(Duration::from_millis(100));
        let seen = kill(child, signal, Instant::now() + moment);
        drop((writer, command));
        assert_ne!(seen.code, Some(0), "{seen}");
        let left = fs::read_dir(&temporary).unwrap().count();
        assert!(
            signal == "-KILL" || left == 0,
            "{signal} left {left} files: {seen}"
        );
        assert_eq!(names(&sandbox, "two"), 0);
    });
}

/// Returns how many records the command says it wrote.
fn claimed(seen: &Seen) -> usize {
    let mut words = seen.stdout.split(' ');
    let number = words.find_map(|word| word.replace(',', "").parse().ok());
    number.unwrap_or_default()
}

#[test]
fn two_exports_into_one_file_leave_one_whole_file() {
    kill_one_of_two_exports(Effort {
        rounds: 2,
        records: 1200,
    });
}

#[test]
#[ignore = "slow: exports 6,000 records in each of nine rounds of kills"]
fn two_exports_into_one_file_leave_one_whole_file_at_length() {
    kill_one_of_two_exports(at_length(9, 6000));
}

fn kill_one_of_two_exports(effort: Effort) {
    each_round(effort.rounds, |signal, moments| {
        let sandbox = setting(effort.records);
        sandbox.write("few.ndjson", lines(effort.records / 2));
        ok(&sandbox.run(&["import", "few.ndjson", "-n", "two"]));
        sandbox.emulator.latency(Duration::from_millis(10));
        let ways: [&[&str]; 3] = [&[], &["--restart"], &["--resume"]];
        for way in ways {
            let first = [&["export", "out.ndjson", "-n", "one", "-y"], way].concat();
            let second = [&["export", "out.ndjson", "-n", "two", "-y"], way].concat();
            let begun = Instant::now();
            let children = [start(&sandbox, &first), start(&sandbox, &second)];
            // One of the two may be killed, the other must not be fooled by what it leaves.
            let range = Duration::from_millis(600);
            let [a, b] = children;
            let a = kill(a, signal, begun + moments.next(range));
            let b = Seen::of(b);
            let mut claims: Vec<usize> = [&a, &b]
                .into_iter()
                .filter(|seen| seen.code == Some(0))
                .map(claimed)
                .collect();
            claims.sort_unstable();
            let mut context = String::new();
            write!(context, "{way:?} {signal}\n{a}\n{b}").unwrap();
            let written = sandbox.app().join("out.ndjson").exists();
            assert!(written || claims.is_empty(), "{context}");
            // Without a claim there may be a file as well: killed between its name and the report.
            if written {
                let text = sandbox.read("out.ndjson");
                let held = text.lines().filter(|line| line.contains("\"key\"")).count();
                assert!(
                    claims.is_empty() || claims.contains(&held),
                    "{held} records in the file: {context}"
                );
                let source = if held == effort.records {
                    "title:one"
                } else {
                    "title:two"
                };
                ok(&sandbox.run(&["diff", "out.ndjson", source]));
            }
            for name in ["out.ndjson", "out.ndjson.part"] {
                fs::remove_file(sandbox.app().join(name)).ok();
            }
        }
    });
}

#[test]
fn two_imports_of_one_file_end_complete() {
    kill_one_of_two_imports(Effort {
        rounds: 2,
        records: 11_000,
    });
}

#[test]
#[ignore = "slow: imports 20,000 records in each of nine rounds of kills"]
fn two_imports_of_one_file_end_complete_at_length() {
    kill_one_of_two_imports(at_length(9, 20_000));
}

fn kill_one_of_two_imports(effort: Effort) {
    each_round(effort.rounds, |signal, moments| {
        let sandbox = setting(effort.records);
        sandbox.emulator.latency(Duration::from_millis(100));
        let import = ["import", "in.ndjson", "-n", "two", "--resume"];
        let begun = Instant::now();
        let [a, b] = [start(&sandbox, &import), start(&sandbox, &import)];
        let a = kill(a, signal, begun + moments.next(Duration::from_millis(300)));
        let b = Seen::of(b);
        for seen in [&a, &b] {
            assert!(
                matches!(seen.code, None | Some(0 | 1 | 9 | 130 | 143)),
                "{seen}"
            );
        }
        ok(&sandbox.run(&import));
        ok(&sandbox.run(&["diff", "in.ndjson", "title:two"]));
    });
}

#[test]
fn an_export_is_not_resumed_with_the_records_of_another_namespace() {
    let sandbox = setting(3000);
    let cut = Fault::new("POST", "/bulk/get", Action::Answer(Answer::new(500, ""))).forever();
    let export = |title: &str, more: &[&str]| {
        let args = ["export", "out.ndjson", "-n", title, "--retries", "0"];
        sandbox.run(&[&args[..], more].concat())
    };
    sandbox.emulator.fault(cut.after(12));
    assert_eq!(export("one", &[]).code, Some(7));
    sandbox.emulator.clear_faults();
    let part = sandbox.read("out.ndjson.part");
    for (title, more) in [
        ("two", &["--resume"][..]),
        ("one", &["--resume", "--prefix", "key:1"]),
    ] {
        let seen = export(title, more);
        assert_eq!(seen.code, Some(9), "{seen}");
        assert_eq!(sandbox.read("out.ndjson.part"), part);
    }
    ok(&export("one", &["--resume"]));
    ok(&sandbox.run(&["diff", "in.ndjson", "out.ndjson"]));
    // Nothing is left of what was noted.
    let journals = sandbox.app().join("../.local/state/kvctl/journals");
    assert_eq!(fs::read_dir(journals).unwrap().count(), 0);
}
