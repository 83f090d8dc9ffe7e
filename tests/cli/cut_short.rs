//! Imports and exports that are cut short at random, again and again, and resumed.
//!
//! Each test has a long form that is ignored, as slow; `KVCTL_CUT_SHORT=ROUNDS` sets how many rounds
//! of each kind it does.
#![cfg(unix)]

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use crate::{
    sandbox::{Sandbox, Seen},
    wait::signal_at,
};

/// How much a test does.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: u64,
    pub(crate) records: usize,
}

fn records(count: usize) -> String {
    (0..count).fold(String::new(), |mut text, n| {
        writeln!(text, "{{\"key\":\"k{n:06}\",\"value\":\"{n:0>100}\"}}").unwrap();
        text
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "how thorough a test is, is for who runs it"
)]
fn rounds() -> Option<u64> {
    let asked = std::env::var("KVCTL_CUT_SHORT").ok();
    asked.map(|text| text.parse().unwrap())
}

/// How much the long forms do, if nobody asks for more rounds.
pub(crate) fn at_length(rounds: u64, records: usize) -> Effort {
    Effort {
        rounds: self::rounds().unwrap_or(rounds),
        records,
    }
}

/// Runs until `moment`, then sends the signal. Returns whether it had ended by itself.
fn cut(sandbox: &Sandbox, args: &[&str], signal: &str, moment: Duration) -> (bool, Seen) {
    let mut child = sandbox.command(args).spawn().unwrap();
    let sent = signal_at(&mut child, signal, Instant::now() + moment);
    let seen = Seen::of(child);
    (!sent || seen.code == Some(0), seen)
}

/// Cuts the command short until it is done, and returns how often that was.
fn cut_until_done(sandbox: &Sandbox, args: &[&str], signal: &str, first: u64) -> usize {
    let resume = [args, &["--resume"]].concat();
    let mut random = first;
    let mut cuts = 0;
    loop {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(first | 1);
        let moment = Duration::from_millis(20 + (random >> 33) % 700);
        let (ended, end) = cut(sandbox, &resume, signal, moment);
        if ended {
            assert_eq!(end.code, Some(0), "{end}");
            return cuts;
        }
        match end.code {
            // Killed; by Ctrl-C only before it had begun to listen, and so before it did anything.
            None => assert!(signal == "-KILL" || end.stderr.is_empty(), "{end}"),
            code => assert_eq!((signal, code), ("-INT", Some(130)), "{end}"),
        }
        cuts += 1;
        if cuts == 4 {
            sandbox.expect(0, &resume);
            return cuts;
        }
    }
}

fn ok(seen: &Seen) {
    assert_eq!(seen.code, Some(0), "{seen}");
}

fn writes(sandbox: &Sandbox) -> usize {
    let log = sandbox.emulator.log();
    let is_write = |path: &str| path.ends_with("/bulk");
    log.iter().filter(|entry| is_write(&entry.path)).count()
}

#[test]
fn an_import_that_is_cut_short_at_random_ends_complete() {
    cut_imports(Effort {
        rounds: 1,
        records: 20_000,
    });
}

#[test]
#[ignore = "slow: imports 100,000 records four times, each cut short again and again"]
fn an_import_that_is_cut_short_at_random_ends_complete_at_length() {
    cut_imports(at_length(2, 100_000));
}

fn cut_imports(effort: Effort) {
    let sandbox = Sandbox::unlimited();
    sandbox.emulator.latency(Duration::from_millis(150));
    sandbox.write("in.ndjson", records(effort.records));
    let mut all = 0;
    for (round, signal) in (0..effort.rounds).flat_map(|n| [(2 * n, "-INT"), (2 * n + 1, "-KILL")])
    {
        let title = format!("n{round}");
        ok(&sandbox.run(&["namespace", "create", &title]));
        let before = writes(&sandbox);
        let import = ["import", "in.ndjson", "-n", &title];
        let cuts = cut_until_done(&sandbox, &import, signal, round + 1);
        let again = writes(&sandbox) - before - effort.records / 10_000;
        assert!(
            again <= 4 * cuts,
            "round {round}, {signal}: cut short {cuts} times, {again} requests sent again, more than \
             were under way"
        );
        sandbox.emulator.latency(Duration::ZERO);
        ok(&sandbox.run(&["diff", "in.ndjson", &format!("title:{title}")]));
        sandbox.emulator.latency(Duration::from_millis(150));
        assert!(sandbox.journals().is_empty());
        all += cuts;
    }
    assert!(all > 0, "none was cut short");
}

#[test]
fn an_export_that_is_cut_short_at_random_ends_complete() {
    cut_exports(Effort {
        rounds: 1,
        records: 15_000,
    });
}

#[test]
#[ignore = "slow: exports 100,000 records four times, each cut short again and again"]
fn an_export_that_is_cut_short_at_random_ends_complete_at_length() {
    cut_exports(at_length(2, 100_000));
}

fn cut_exports(effort: Effort) {
    let text = records(effort.records);
    let mut all = 0;
    for (round, signal) in (0..effort.rounds).flat_map(|n| [(2 * n, "-INT"), (2 * n + 1, "-KILL")])
    {
        // Each with a service of its own, whose log is long enough for one.
        let sandbox = Sandbox::unlimited();
        sandbox.write("in.ndjson", &text);
        ok(&sandbox.run(&["namespace", "create", "one"]));
        ok(&sandbox.run(&["import", "in.ndjson", "-n", "one"]));
        let before = sandbox.emulator.requests("POST");
        let export = ["export", "out.ndjson", "-n", "one"];
        let cuts = cut_until_done(&sandbox, &export, signal, round + 1);
        let again = sandbox.emulator.requests("POST") - before - effort.records / 100;
        // Twelve are under way at once; what they brought may wait in memory, 16 KiB at most.
        assert!(
            again <= 15 * cuts,
            "round {round}, {signal}: cut short {cuts} times, {again} requests sent again, more than \
             were under way"
        );
        ok(&sandbox.run(&["diff", "in.ndjson", "out.ndjson"]));
        all += cuts;
    }
    assert!(all > 0, "none was cut short");
}
