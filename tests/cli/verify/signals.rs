//! No probe key remains, whenever the run is cut short.

use std::{sync::Arc, thread, time::Duration};

use kvctl::emulator::{Action, Config, Fault};

use super::{probe_keys, project_with};
use crate::{
    sandbox::{Sandbox, Seen, assert_filtered},
    wait::{send_signal, wait_until},
};

/// A project at a service whose clock stands still, so that what is left behind does not expire.
fn timeless() -> Sandbox {
    let now = kvctl::env::now().as_second();
    project_with(|config| Config {
        clock: Arc::new(move || now),
        quota: None,
        ..config
    })
}

/// Runs the probes, holds the one that is `nth` of their requests up, and sends `signal` once it has
/// arrived.
fn cut_short(sandbox: &Sandbox, nth: usize, action: Action, signal: &str) -> Seen {
    let probing = || {
        let log = sandbox.emulator.log();
        log.iter()
            .filter(|entry| entry.path.contains("kvctl"))
            .count()
    };
    let before = probing();
    sandbox
        .emulator
        .fault(Fault::new("", "kvctl", action).after(nth));
    let args = ["verify", "--only", "probe", "--quiet"];
    let child = sandbox.command(&args).spawn().unwrap();
    wait_until(&format!("request {nth} of the probes arrives"), || {
        probing() > before + nth
    });
    assert!(send_signal(&child, signal));
    Seen::of(child)
}

#[test]
fn no_probe_key_remains_after_signals_at_twenty_moments() {
    // Two namespaces are probed with five requests each; in no order of time.
    let moments: Vec<(usize, &str)> = (0..20)
        .map(|i| (i * 7 % 10, if i < 10 { "-INT" } else { "-TERM" }))
        .collect();
    let stopped: usize = thread::scope(|scope| {
        let threads: Vec<_> = moments
            .chunks(2)
            .map(|moments| {
                scope.spawn(move || {
                    let sandbox = timeless();
                    let stopped = moments.iter().filter(|(nth, signal)| {
                        // Held before it is carried out, or after.
                        let hold = Duration::from_millis(1500);
                        let action = match nth % 2 {
                            0 => Action::Delay(hold),
                            _ => Action::DelayAfter(hold),
                        };
                        let seen = cut_short(&sandbox, *nth, action, signal);
                        let code = if *signal == "-INT" { 130 } else { 143 };
                        // On a slow machine the signal may come after the end.
                        assert!([Some(code), Some(0)].contains(&seen.code), "{nth} {seen}");
                        seen.code == Some(code)
                    });
                    let stopped = stopped.count();
                    assert_eq!(probe_keys(&sandbox), Vec::<String>::new());
                    stopped
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert!(stopped >= 10, "only {stopped} of 20 runs were cut short");
}

#[test]
fn a_service_that_stalls_does_not_hold_up_the_end() {
    let sandbox = timeless();
    let stall = Action::DelayAfter(Duration::from_mins(5));
    let seen = cut_short(&sandbox, 1, stall, "-TERM");
    insta::assert_snapshot!(seen);
    assert_eq!(probe_keys(&sandbox), Vec::<String>::new());
}

#[test]
fn what_cannot_be_deleted_is_named() {
    let sandbox = timeless();
    let broken = Fault::new("DELETE", "/values/", Action::CutBefore).forever();
    sandbox.emulator.fault(broken);
    let seen = cut_short(
        &sandbox,
        2,
        Action::Delay(Duration::from_millis(500)),
        "-INT",
    );
    assert_eq!(seen.code, Some(130), "{seen}");
    assert_filtered!(super::PROBE_KEYS, seen.stderr, @"error: interrupted; kvctl:probe:[KEY], kvctl:probe:[KEY] could not be deleted and will expire");
}
