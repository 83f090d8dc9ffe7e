//! What a run that is asked to stop leaves behind.
#![cfg(unix)]

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Child, Stdio},
    time::Duration,
};

use fs_err as fs;
use kvctl::emulator::{Action, Fault};

use crate::{
    sandbox::{Sandbox, Seen},
    transfer::{lines, sandbox},
    wait::{first_line, piped, send_signal, wait_until},
};

const SIGNALS: [(&str, i32); 3] = [("-INT", 130), ("-TERM", 143), ("-HUP", 129)];

/// All files below the sandbox's folder for temporary files.
fn temporary(sandbox: &Sandbox) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(sandbox.other_checkout("tmp")).unwrap() {
        let Ok(files) = fs::read_dir(entry.unwrap().path()) else {
            continue;
        };
        found.extend(files.map(|file| file.unwrap().path()));
    }
    found
}

fn start(sandbox: &Sandbox, args: &[&str]) -> Child {
    let mut command = sandbox.command(args);
    command
        .env("TMPDIR", sandbox.other_checkout("tmp"))
        .stdin(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn no_value_is_left_among_the_temporary_files() {
    for (signal, code) in SIGNALS {
        let sandbox = sandbox(&["one"]);
        // While stdin is kept, and while it is sent.
        for ended in [false, true] {
            let wait = Action::Delay(Duration::from_mins(1));
            sandbox.emulator.fault(Fault::new("PUT", "/bulk", wait));
            let before = sandbox.emulator.requests("PUT");
            let mut child = start(&sandbox, &["import", "-", "-n", "one"]);
            let mut stdin = child.stdin.take().unwrap();
            stdin.write_all(lines(1000).as_bytes()).unwrap();
            let held = (!ended).then_some(stdin);
            wait_until("stdin is kept", || {
                let kept = temporary(&sandbox);
                let kept = kept
                    .iter()
                    .any(|path| path.metadata().is_ok_and(|m| m.len() > 0));
                kept && (!ended || sandbox.emulator.requests("PUT") > before)
            });
            assert!(send_signal(&child, signal));
            let seen = Seen::of(child);
            assert_eq!(seen.code, Some(code), "{seen}");
            assert_eq!(temporary(&sandbox), [] as [PathBuf; 0], "{signal}");
            drop(held);
        }
    }
}

#[test]
fn a_run_that_shall_outlive_its_terminal_does() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(10));
    let wait = Action::Delay(Duration::from_secs(1));
    sandbox.emulator.fault(Fault::new("PUT", "/bulk", wait));
    let model = sandbox.command(&["import", "in.ndjson", "-n", "one"]);
    let mut command = piped("sh");
    let script = "trap '' HUP; exec \"$0\" \"$@\"";
    command.args(["-c", script]).arg(model.get_program());
    command.args(model.get_args()).env_clear();
    for (name, value) in model.get_envs() {
        command.env(name, value.unwrap());
    }
    let child = command.current_dir(sandbox.app()).spawn().unwrap();
    wait_until("it writes", || sandbox.emulator.requests("PUT") > 0);
    assert!(send_signal(&child, "-HUP"));
    let seen = Seen::of(child);
    assert_eq!(seen.code, Some(0), "{seen}");
}

#[test]
fn a_service_ends_in_order_whatever_the_signal() {
    let sandbox = sandbox(&[]);
    for (signal, _) in SIGNALS {
        let mut child = start(&sandbox, &["serve", "--memory", "--port", "0"]);
        let _out = first_line(child.stdout.take().unwrap());
        assert!(send_signal(&child, signal));
        let seen = Seen::of(child);
        assert_eq!(seen.code, Some(0), "{seen}");
        seen.assert_stderr("stopped");
    }
}
