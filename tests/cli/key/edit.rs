//! `kvctl key edit`, and what else needs a terminal: `script` provides one.

use super::{put, sandbox, value};
use crate::{
    sandbox::{Sandbox, Seen},
    wait::piped,
};

const EDIT: &str = "key edit -b SESSIONS k";

/// Runs `kvctl` on a terminal, with this shell script for an editor; `None` without `script`.
#[expect(clippy::print_stderr, reason = "a test that was not run says so")]
fn on_terminal(sandbox: &Sandbox, args: &str, editor: &str) -> Option<Seen> {
    sandbox.write("editor.sh", editor);
    let model = sandbox.command(&[]);
    let program = model.get_program().to_str().unwrap();
    let mut command = piped("script");
    command
        .args(["-qec", &format!("{program} {args}"), "/dev/null"])
        .env_clear()
        .envs(
            model
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("EDITOR", "sh ./editor.sh")
        .env("PATH", "/usr/bin:/bin")
        .env("TMPDIR", sandbox.other_checkout("tmp"))
        .env("NO_COLOR", "1")
        .current_dir(sandbox.app());
    match command.spawn() {
        Ok(child) => Some(Seen::of(child)),
        Err(e) => {
            assert!(!is_ci(), "`script` is missing: {e}");
            eprintln!("not run: `script` is missing: {e}");
            None
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test that was not run must not pass for one that was"
)]
pub(crate) fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

fn left(sandbox: &Sandbox) -> usize {
    let tmp = sandbox.other_checkout("tmp");
    fs_err::read_dir(tmp).unwrap().count()
}

#[test]
fn without_a_terminal_there_is_no_editor() {
    let sandbox = sandbox();
    insta::assert_snapshot!(sandbox.run(&["key", "edit", "-b", "SESSIONS", "k"]));
}

#[test]
fn an_edit_keeps_expiry_and_metadata() {
    let sandbox = sandbox();
    let old = ["--metadata", "[1]", "--expiration", "4102444800"];
    put(&sandbox, "k", b"old", &old);
    // Private, and the line break at the end is the editor's own.
    let editor = "stat -c '%a' \"$1\" \"${1%/*}\" > modes; echo new > \"$1\"";
    let Some(seen) = on_terminal(&sandbox, &format!("{EDIT} --dry-run"), editor) else {
        return;
    };
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(value(&sandbox, "k").unwrap(), b"old");
    let seen = on_terminal(&sandbox, EDIT, editor).unwrap();
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(sandbox.read("modes"), "600\n700\n");
    assert_eq!(value(&sandbox, "k").unwrap(), b"new");
    insta::assert_snapshot!(sandbox.run(&["key", "get", "k", "--json"]).stdout);
    assert_eq!(left(&sandbox), 0);
}

#[test]
fn what_was_not_changed_is_not_written() {
    let sandbox = sandbox();
    put(&sandbox, "k", b"old", &[]);
    let before = sandbox.emulator.requests("PUT");
    for editor in ["true", "echo old > \"$1\""] {
        let Some(seen) = on_terminal(&sandbox, EDIT, editor) else {
            return;
        };
        assert_eq!(seen.code, Some(0), "{seen}");
    }
    let Some(seen) = on_terminal(&sandbox, EDIT, "exit 1") else {
        return;
    };
    assert_eq!(seen.code, Some(1), "{seen}");
    put(&sandbox, "k", b"\xff", &[]);
    let seen = on_terminal(&sandbox, EDIT, "echo new > \"$1\"").unwrap();
    assert_eq!(seen.code, Some(9), "{seen}");
    let seen = on_terminal(&sandbox, "key edit -b SESSIONS nope", "true").unwrap();
    assert_eq!(seen.code, Some(3), "{seen}");
    assert_eq!(sandbox.emulator.requests("PUT"), before + 1);
    assert_eq!(left(&sandbox), 0);
}

#[test]
fn an_edit_that_cannot_be_written_is_kept() {
    let sandbox = sandbox();
    put(&sandbox, "k", b"old", &[]);
    let editor = "echo precious > \"$1\"";
    let args = format!("{EDIT} --retries 0");
    let cut = kvctl::emulator::Action::CutBefore;
    let fault = kvctl::emulator::Fault::new("PUT", "values", cut).forever();
    sandbox.emulator.fault(fault);
    let Some(seen) = on_terminal(&sandbox, &args, editor) else {
        return;
    };
    assert_eq!(seen.code, Some(7), "{seen}");
    let kept = format!("the edited text is in {}", sandbox.home());
    let (_, path) = seen.stdout.split_once(&kept).unwrap();
    let path = path.split_whitespace().next().unwrap();
    assert_eq!(sandbox.read(&format!("..{path}")), "precious\n");
    assert_eq!(value(&sandbox, "k").unwrap(), b"old");
}

#[test]
fn ctrl_c_after_the_editor_leaves_the_text_and_before_that_is_the_editors() {
    let sandbox = sandbox();
    put(&sandbox, "k", b"old", &[]);
    // The editor's parent is kvctl itself.
    let heard = "kill -INT $PPID; sleep 0.2; echo new > \"$1\"";
    let Some(seen) = on_terminal(&sandbox, EDIT, heard) else {
        return;
    };
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(value(&sandbox, "k").unwrap(), b"new");
    sandbox.emulator.latency(std::time::Duration::from_secs(2));
    let later = "echo precious > \"$1\"; (sleep 0.5; kill -INT $PPID) >/dev/null 2>&1 &";
    let seen = on_terminal(&sandbox, EDIT, later).unwrap();
    assert_eq!(seen.code, Some(130), "{seen}");
    let kept = format!("the edited text is in {}", sandbox.home());
    let (_, path) = seen.stdout.split_once(&kept).unwrap();
    let path = path.split_whitespace().next().unwrap();
    assert_eq!(sandbox.read(&format!("..{path}")), "precious\n");
}

#[test]
fn a_terminal_is_shown_no_bytes_that_it_would_obey() {
    let sandbox = sandbox();
    put(&sandbox, "k", b"\x1b[2J\xff", &[]);
    let Some(seen) = on_terminal(&sandbox, "key get k", "") else {
        return;
    };
    assert_eq!(seen.code, Some(9), "{seen}");
    insta::assert_snapshot!(seen.stdout);
    put(
        &sandbox,
        "a\x1b[2J\nb",
        b"",
        &["--metadata", "[1]", "--expiration", "4102444800"],
    );
    let seen = on_terminal(&sandbox, "key list", "").unwrap();
    crate::sandbox::assert_filtered!([(r"in [0-9,]+ days", "in [MANY] days")], seen.stdout);
}

#[test]
fn a_run_that_is_terminated_ends_its_editor_and_leaves_no_value() {
    let sandbox = sandbox();
    put(&sandbox, "k", b"old", &[]);
    for signal in ["TERM", "HUP"] {
        // An editor that would stay for ever, and is told to end.
        let editor = format!(
            "trap 'echo ended > ended; exit 1' TERM; kill -{signal} $PPID; \
             while :; do sleep 0.05; done"
        );
        let Some(seen) = on_terminal(&sandbox, EDIT, &editor) else {
            return;
        };
        let code = if signal == "TERM" { 143 } else { 129 };
        assert_eq!(seen.code, Some(code), "{seen}");
        assert_eq!(sandbox.read("ended"), "ended\n");
        assert_eq!(left(&sandbox), 0);
    }
    // What was edited by then is not lost.
    let editor = "trap 'exit 1' TERM; echo precious > \"$1\"; kill -TERM $PPID; \
                  while :; do sleep 0.05; done";
    let seen = on_terminal(&sandbox, EDIT, editor).unwrap();
    assert_eq!(seen.code, Some(143), "{seen}");
    let kept = format!("the edited text is in {}", sandbox.home());
    seen.assert_stdout(&kept);
    assert_eq!(left(&sandbox), 1);
    assert_eq!(value(&sandbox, "k").unwrap(), b"old");
}

#[test]
fn what_changed_while_it_was_edited_is_not_overwritten() {
    let sandbox = sandbox();
    for other in [
        &["put", "k", "theirs"][..],
        &["delete", "k", "-y"],
        &["touch", "k", "--ttl", "1h"],
    ] {
        put(&sandbox, "k", b"old", &[]);
        let model = sandbox.command(&[]);
        let program = model.get_program().to_str().unwrap();
        let editor = format!(
            "echo mine > \"$1\"; {program} key {} -b SESSIONS -q",
            other.join(" ")
        );
        let Some(seen) = on_terminal(&sandbox, EDIT, &editor) else {
            return;
        };
        assert!(matches!(seen.code, Some(3 | 9)), "{seen}");
        seen.assert_stdout("the edited text is in");
        assert_ne!(value(&sandbox, "k").as_deref(), Some(&b"mine"[..]));
    }
}
