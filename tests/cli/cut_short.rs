//! Imports and exports that are cut short at random, again and again, and gone on with.
//!
//! `KVCTL_CUT_SHORT=ROUNDS` makes it more than the two rounds of each kind that every run does.

use std::{
    fmt::Write as _,
    process::Command,
    time::{Duration, Instant},
};

use crate::sandbox::{Sandbox, Seen};

const RECORDS: usize = 100_000;
const REQUESTS: usize = RECORDS / 10_000;

fn records() -> String {
    (0..RECORDS).fold(String::new(), |mut text, n| {
        writeln!(text, "{{\"key\":\"k{n:06}\",\"value\":\"{n:0>100}\"}}").unwrap();
        text
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "how thorough a test is, is for who runs it"
)]
pub(crate) fn rounds() -> u64 {
    let asked = std::env::var("KVCTL_CUT_SHORT").ok();
    asked.map_or(2, |text| text.parse().unwrap())
}

/// Runs until `moment`, then sends the signal. Returns whether it had ended by itself.
fn cut(sandbox: &Sandbox, args: &[&str], signal: &str, moment: Duration) -> (bool, Seen) {
    let mut child = sandbox.command(args).spawn().unwrap();
    let begun = Instant::now();
    let mut ended = false;
    while !ended && begun.elapsed() < moment {
        ended = child.try_wait().unwrap().is_some();
        std::thread::yield_now();
    }
    if !ended {
        let pid = child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
        ended = !sent.success();
    }
    let seen = sandbox.see(child.wait_with_output().unwrap());
    (ended || seen.code == Some(0), seen)
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
            let seen = sandbox.run(&resume);
            assert_eq!(seen.code, Some(0), "{seen}");
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

#[cfg(unix)]
#[test]
fn an_import_that_is_cut_short_at_random_ends_complete() {
    let sandbox = Sandbox::unlimited();
    sandbox.emulator.latency(Duration::from_millis(150));
    sandbox.write("in.ndjson", records());
    let mut all = 0;
    for (round, signal) in (0..rounds()).flat_map(|n| [(2 * n, "-INT"), (2 * n + 1, "-KILL")]) {
        let title = format!("n{round}");
        ok(&sandbox.run(&["namespace", "create", &title]));
        let before = writes(&sandbox);
        let import = ["import", "in.ndjson", "-n", &title];
        let cuts = cut_until_done(&sandbox, &import, signal, round + 1);
        let again = writes(&sandbox) - before - REQUESTS;
        println!(
            "import, round {round}, {signal}: cut short {cuts} times, {again} requests sent again"
        );
        assert!(again <= 4 * cuts, "more than was under way");
        sandbox.emulator.latency(Duration::ZERO);
        ok(&sandbox.run(&["diff", "in.ndjson", &format!("title:{title}")]));
        sandbox.emulator.latency(Duration::from_millis(150));
        assert!(sandbox.journals().is_empty());
        all += cuts;
    }
    assert!(all > 0, "none was cut short");
}

#[cfg(unix)]
#[test]
fn an_export_that_is_cut_short_at_random_ends_complete() {
    let text = records();
    let mut all = 0;
    for (round, signal) in (0..rounds()).flat_map(|n| [(2 * n, "-INT"), (2 * n + 1, "-KILL")]) {
        // Each with a service of its own, whose log is long enough for one.
        let sandbox = Sandbox::unlimited();
        sandbox.write("in.ndjson", &text);
        ok(&sandbox.run(&["namespace", "create", "one"]));
        ok(&sandbox.run(&["import", "in.ndjson", "-n", "one"]));
        let before = sandbox.emulator.requests("POST");
        let export = ["export", "out.ndjson", "-n", "one"];
        let cuts = cut_until_done(&sandbox, &export, signal, round + 1);
        let again = sandbox.emulator.requests("POST") - before - RECORDS / 100;
        println!(
            "export, round {round}, {signal}: cut short {cuts} times, {again} requests sent again"
        );
        // Eight are under way at once; what they brought may wait in memory, 16 KiB at most.
        assert!(again <= 11 * cuts, "more than was under way");
        ok(&sandbox.run(&["diff", "in.ndjson", "out.ndjson"]));
        all += cuts;
    }
    assert!(all > 0, "none was cut short");
}
