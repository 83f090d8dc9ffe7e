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

#[cfg(target_os = "linux")]
#[test]
fn a_run_that_waits_for_a_pipe_can_be_ended() {
    let sandbox = sandbox();
    for option in ["--token-file", "--ca-file"] {
        for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
            let child = list(&sandbox, option, "pipe");
            // It listens for signals before it opens anything.
            let status = format!("/proc/{}/status", child.id());
            wait_until("it listens for signals", || {
                let status = fs::read_to_string(&status).unwrap_or_default();
                let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
                let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
                caught.is_none_or(|mask| mask & (1 << 14) != 0)
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
    assert!(
        seen.stderr
            .contains("the current directory cannot be found"),
        "{seen}"
    );
    let seen = run(gone, "--cwd / namespace list");
    assert_eq!(seen.code, Some(0), "{seen}");
    for limit in [5, 6, 7, 8] {
        let seen = run(&format!("ulimit -n {limit}"), "namespace list");
        assert_eq!(seen.code, Some(1), "{seen}");
        assert!(seen.stderr.contains("`ulimit -n 1024`"), "{seen}");
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
    let seen = sandbox.run(&["serve", "--port", "0", "--memory", "--fault", "pipe"]);
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stderr.contains("it is a pipe, not a file"), "{seen}");
    for (file, said) in [
        ("pipe", "it is a pipe, not a file"),
        ("zero", "it is a device, not a file"),
        ("endless", "it has more than 16 MiB"),
    ] {
        symlink(file, sandbox.app().join("kvctl.toml")).unwrap();
        let seen = sandbox.run(&["audit", "-b", "KV"]);
        assert_eq!(seen.code, Some(5), "{seen}");
        assert!(seen.stderr.contains(said), "{seen}");
        fs::remove_file(sandbox.app().join("kvctl.toml")).unwrap();
    }
    for file in ["pipe", "zero", "endless"] {
        let seen = sandbox.run(&["provision", "-c", file]);
        assert_eq!(seen.code, Some(5), "{seen}");
    }
    fs::rename(sandbox.app().join("endless"), sandbox.app().join(".env")).unwrap();
    let seen = sandbox.run(&["namespace", "list"]);
    assert_eq!(seen.code, Some(5), "{seen}");
    assert!(seen.stderr.contains("it has more than 1 MiB"), "{seen}");
}

#[test]
fn what_has_the_name_of_a_wrangler_file_and_is_none_is_named() {
    let sandbox = Sandbox::new();
    mkfifo(&sandbox.app().join("wrangler.toml"));
    for args in [&["provision", "--local"][..], &["scaffold", "--dry-run"]] {
        let seen = sandbox.run(args);
        assert_eq!(seen.code, Some(5), "{seen}");
        assert!(
            seen.stderr.contains("wrangler.toml: a pipe, not a file"),
            "{seen}"
        );
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
    assert!(
        seen.stderr.contains("in `/nonexistent-temporary`"),
        "{seen}"
    );
}
