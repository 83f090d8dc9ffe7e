//! Files that options and projects name, which are pipes, devices, or far too long.
#![cfg(unix)]

use std::{os::unix::fs::symlink, process::Child};

use fs_err as fs;

use crate::{
    sandbox::{Sandbox, Seen, TOKEN, mkfifo},
    wait::{piped, send_signal, wait_until, write_to_pipe},
};

const WRANGLER: &str = "name = \"w\"\n[[kv_namespaces]]\nbinding = \"KV\"\n\
                        id = \"0123456789abcdef0123456789abcdef\"\n";

/// A project with a pipe that nobody writes into, and a link to a device without an end.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    mkfifo(&sandbox.app().join("pipe"));
    symlink("/dev/zero", sandbox.app().join("zero")).unwrap();
    sandbox
}

fn list(sandbox: &Sandbox, option: &str, file: &str) -> Child {
    let args = [option, file, "namespace", "list"];
    sandbox.command(&args).spawn().unwrap()
}

/// Writes what a pipe's reader waits for.
fn feed(sandbox: &Sandbox, bytes: &[u8]) {
    write_to_pipe(sandbox.app().join("pipe"), bytes);
}

#[test]
fn a_token_may_come_through_a_pipe() {
    let sandbox = sandbox();
    for bytes in [format!("{TOKEN}\n"), format!("\u{feff}{TOKEN}\r\n")] {
        let mut command = sandbox.bare_command(&["--token-file", "pipe", "doctor"]);
        command.env("CLOUDFLARE_ACCOUNT_ID", crate::sandbox::ACCOUNT);
        let child = command.spawn().unwrap();
        feed(&sandbox, bytes.as_bytes());
        let seen = Seen::of(child);
        assert_eq!(seen.code, Some(0), "{seen}");
    }
}

/// Whether a set of signals in `/proc/PID/status` has one.
#[cfg(target_os = "linux")]
fn has_signal(pid: &str, set: &str, number: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix(set));
    let mask = u64::from_str_radix(mask.unwrap().trim(), 16).unwrap();
    mask & (1 << (number - 1)) != 0
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_that_waits_for_a_pipe_can_be_ended() {
    let sandbox = sandbox();
    for option in ["--token-file", "--ca-file"] {
        for (signal, number, code) in [("-INT", 2, 130), ("-TERM", 15, 143), ("-HUP", 1, 129)] {
            // Under `nohup`, SIGHUP does not end it.
            if has_signal("self", "SigIgn:", number) && signal == "-HUP" {
                continue;
            }
            let child = list(&sandbox, option, "pipe");
            // It listens for signals before it opens anything.
            let pid = child.id().to_string();
            wait_until("it listens for signals", || {
                has_signal(&pid, "SigCgt:", number)
            });
            assert!(send_signal(&child, signal));
            let seen = Seen::of(child);
            assert_eq!(seen.code, Some(code), "{option} {signal}: {seen}");
        }
    }
}

#[test]
fn surroundings_that_do_not_suffice_are_said() {
    let sandbox = sandbox();
    let run = |script: &str, args: &str| {
        let model = sandbox.command(&[]);
        let mut command = piped("sh");
        let script = format!("{script}; exec \"$0\" {args}");
        command.args(["-c", &script]).arg(model.get_program());
        let set = model.get_envs();
        command.env_clear();
        command.envs(set.filter_map(|(name, value)| Some((name, value?))));
        Seen::of(command.current_dir(sandbox.app()))
    };
    let gone = "/bin/mkdir gone && cd gone && /bin/rmdir ../gone";
    let seen = run(gone, "namespace list");
    assert_eq!(seen.code, Some(1), "{seen}");
    seen.assert_stderr("the current directory cannot be found");
    let seen = run(gone, "--cwd / namespace list");
    assert_eq!(seen.code, Some(0), "{seen}");
    for limit in [5, 6, 7, 8] {
        let seen = run(&format!("ulimit -n {limit}"), "namespace list");
        assert_eq!(seen.code, Some(1), "{seen}");
        seen.assert_stderr("`ulimit -n 1024`");
        assert!(!seen.stderr.contains("panicked"), "{seen}");
    }
}

#[test]
fn devices_and_endless_files_are_refused() {
    let sandbox = sandbox();
    sandbox.write("wrangler.toml", WRANGLER);
    let endless = fs::File::create(sandbox.app().join("endless")).unwrap();
    endless.set_len(1 << 40).unwrap();
    for (name, said) in [
        ("zero", "it is a device, not a file"),
        ("endless", "it has more than"),
        (".", "is a directory"),
    ] {
        for args in [
            &["--token-file", name, "namespace", "list"][..],
            &["--ca-file", name, "namespace", "list"],
            &["serve", "--port", "0", "--memory", "--fault", name],
        ] {
            let seen = sandbox.run(args);
            assert_ne!(seen.code, Some(0), "{seen}");
            assert!(seen.stderr.contains(said), "{args:?}: {seen}");
        }
    }
    // Pipes wait for whoever writes; where none is expected, nobody waits.
    let seen = sandbox.expect(2, &["serve", "--port", "0", "--memory", "--fault", "pipe"]);
    seen.assert_stderr("it is a pipe, not a file");
    for (file, said) in [
        ("pipe", "it is a pipe, not a file"),
        ("zero", "it is a device, not a file"),
        ("endless", "it has more than 16 MiB"),
    ] {
        symlink(file, sandbox.app().join("kvctl.toml")).unwrap();
        let seen = sandbox.expect(5, &["audit", "-b", "KV"]);
        seen.assert_stderr(said);
        fs::remove_file(sandbox.app().join("kvctl.toml")).unwrap();
    }
    for file in ["pipe", "zero", "endless"] {
        sandbox.expect(5, &["provision", "-c", file]);
    }
    fs::rename(sandbox.app().join("endless"), sandbox.app().join(".env")).unwrap();
    let seen = sandbox.expect(5, &["namespace", "list"]);
    seen.assert_stderr("it has more than 1 MiB");
}

#[test]
fn what_has_the_name_of_a_wrangler_file_and_is_none_is_named() {
    let sandbox = Sandbox::new();
    mkfifo(&sandbox.app().join("wrangler.toml"));
    for args in [&["provision", "--local"][..], &["scaffold", "--dry-run"]] {
        let seen = sandbox.expect(5, args);
        seen.assert_stderr("wrangler.toml: a pipe, not a file");
        assert!(!seen.stderr.contains("--init"), "{seen}");
    }
}

#[test]
fn a_directory_of_temporary_files_that_is_none_is_named() {
    const ID: &str = "0f2ac74b498b48028cb68387c421e279";
    let sandbox = Sandbox::new();
    let mut command = sandbox.bare_command(&["import", "-", "--local", "--namespace-id", ID]);
    command.args(["-y"]).env("TMPDIR", "/nonexistent-temporary");
    let seen = Seen::of(command);
    assert_eq!(seen.code, Some(1), "{seen}");
    seen.assert_stderr("in `/nonexistent-temporary`");
}
