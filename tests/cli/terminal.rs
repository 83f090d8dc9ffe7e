//! What a terminal shows, and what is asked there: lines that fit it, and lists to choose from.

use std::io::Write as _;

use kvctl::{
    domain::AccountId,
    emulator::{Config, Token},
    wire::Account,
};
use unicode_width::UnicodeWidthStr as _;

use crate::{
    audit,
    sandbox::{ACCOUNT, Sandbox, Seen, TOKEN, clock},
    wait::piped,
};

/// Runs `kvctl` on a terminal of so many columns, on which `typed` is typed; `None` without `script`.
/// All that the terminal shows is in stdout.
#[expect(clippy::print_stderr, reason = "a test that was not run says so")]
fn on_terminal(
    model: &std::process::Command,
    columns: usize,
    args: &str,
    typed: &str,
) -> Option<Seen> {
    let program = model.get_program().to_str().unwrap();
    let line = format!("stty cols {columns} -echo; exec {program} {args}");
    let variables = model.get_envs();
    let variables = variables.filter_map(|(name, value)| Some((name, value?)));
    let mut script = piped("script");
    script
        .args(["-qec", &line, "/dev/null"])
        .env_clear()
        .envs(variables)
        .env("PATH", "/usr/bin:/bin")
        .env("TERM", "dumb")
        .env("NO_COLOR", "1")
        .current_dir(model.get_current_dir().unwrap())
        .stdin(std::process::Stdio::piped());
    let mut child = match script.spawn() {
        Ok(child) => child,
        Err(e) => {
            assert!(!crate::key::is_ci(), "`script` is missing: {e}");
            eprintln!("not run: `script` is missing: {e}");
            return None;
        }
    };
    child.stdin.take().unwrap().write_all(typed.as_bytes()).ok();
    let mut seen = Seen::of(child);
    seen.stdout = seen.stdout.replace('\r', "");
    Some(seen)
}

/// A project with the bindings A and B, and a key in the latter.
fn two_bindings() -> Sandbox {
    let sandbox = Sandbox::new();
    let bindings = "name = \"bio\"\nkv_namespaces = [{ binding = \"A\" }, { binding = \"B\" }]\n";
    sandbox.write("wrangler.toml", bindings);
    sandbox.expect(0, &["provision"]);
    sandbox.expect(0, &["key", "put", "of-b", "1", "-b", "B"]);
    sandbox
}

#[test]
fn a_binding_that_is_not_named_is_chosen_from_a_list() {
    let sandbox = two_bindings();
    let run = |args: &str, typed: &str| on_terminal(&sandbox.command(&[]), 80, args, typed);
    let Some(seen) = run("key list", "2\n") else {
        return;
    };
    assert_eq!(seen.code, Some(0), "{seen}");
    seen.assert_stdout("  1  A\n  2  B\nWhich binding at the top level? [1-2] ");
    seen.assert_stdout("of-b");
    let seen = run("key put k v", "1\n").unwrap();
    assert_eq!(seen.code, Some(0), "{seen}");
    seen.assert_stdout("Change which binding at the top level? [1-2] ");
    sandbox.expect(0, &["key", "get", "k", "-b", "A"]);
    let before = sandbox.emulator.requests("PUT");
    // No number of the list; the end of the input.
    for typed in ["3\n", "\n", "B\n", "\u{4}"] {
        let seen = run("key put k v", typed).unwrap();
        assert_eq!(seen.code, Some(9), "{typed:?}: {seen}");
        seen.assert_stdout("error: no namespace is selected");
    }
    assert_eq!(sandbox.emulator.requests("PUT"), before);
    let file = sandbox.read("wrangler.toml");
    // Where no file binds any, it is one of the account's.
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    let seen = run("key list", "2\n").unwrap();
    seen.assert_stdout("  1  bio-A\n  2  bio-B\nWhich namespace? [1-2] ");
    seen.assert_stdout("of-b");
    let seen = run("key list", "0\n").unwrap();
    assert_eq!(seen.code, Some(9), "{seen}");
    sandbox.write("wrangler.toml", file);
    // With a word for it there is nothing to choose; off a terminal there is nobody who could.
    let seen = run("key list -b A", "").unwrap();
    assert!(!seen.stdout.contains("Which"), "{seen}");
    sandbox.expect(9, &["key", "list"]);
}

#[test]
fn an_account_that_is_not_named_is_chosen_from_a_list() {
    let ids = [ACCOUNT, "ffffffffffffffffffffffffffffff01"];
    let ids = ids.map(|id| id.parse::<AccountId>().unwrap());
    let accounts = ids.iter().zip(["Mine", "Ours"]).map(|(id, name)| Account {
        id: id.clone(),
        name: name.to_owned(),
    });
    let token = Token::new(TOKEN, ids.clone());
    let sandbox = Sandbox::with(Config::remote(accounts.collect(), vec![token], clock()));
    let mut model = sandbox.command(&[]);
    model.env_remove("CLOUDFLARE_ACCOUNT_ID");
    let Some(seen) = on_terminal(&model, 80, "namespace list", "1\n") else {
        return;
    };
    assert_eq!(seen.code, Some(0), "{seen}");
    seen.assert_stdout(format!("  1  {ACCOUNT}  Mine\n"));
    seen.assert_stdout("Which account? [1-2] ");
    let seen = on_terminal(&model, 80, "namespace list", "\n").unwrap();
    assert_eq!(seen.code, Some(9), "{seen}");
    seen.assert_stdout("--account-id");
}

/// What a terminal would break by itself, in the middle of a word.
fn too_wide(seen: &Seen, columns: usize) -> Vec<&str> {
    let lines = seen.stdout.lines();
    // What is one word, or a command to be pasted, is left to the terminal.
    let can_be_broken = |line: &str| {
        let words = line.split('`').step_by(2).flat_map(str::split_whitespace);
        words.count() > 1
    };
    lines
        .filter(|line| line.width() > columns && can_be_broken(line))
        .collect()
}

#[test]
fn nothing_is_wider_than_the_terminal() {
    let sandbox = audit::sandbox(audit::RULES);
    let long = format!("session:{}", "x".repeat(200));
    for key in [
        &long,
        "鍵:会員/プロフィール/日本語のとても長い名前/日本語のとても長い名前",
        "👩\u{200d}💻🦀",
    ] {
        sandbox.expect(
            0,
            &["key", "put", key, "1", "-b", "SESSIONS", "--ttl", "1h"],
        );
    }
    for columns in [60, 80, 120] {
        for args in [
            "key list -b SESSIONS",
            "namespace list",
            "usage",
            "audit",
            "verify",
            "provision",
            "doctor",
            "key get none -b SESSIONS",
            "provision SESSIONS=other CONFIG_CACHE=another",
        ] {
            let Some(seen) = on_terminal(&sandbox.command(&[]), columns, args, "") else {
                return;
            };
            let wide = too_wide(&seen, columns);
            assert!(wide.is_empty(), "{columns}, {args}: {wide:#?}\n{seen}");
        }
    }
}

#[test]
fn a_change_that_was_shown_ahead_of_a_question_is_not_shown_again() {
    let sandbox = Sandbox::new();
    let id = "7d0c3b9e4a514c5ab9c1f0a4d2e35b61";
    let file = format!(
        "name = \"bio\"\n[[kv_namespaces]]\nbinding = \"A\"\nid = \"{id}\"\npreview_id = \"{id}\"\n"
    );
    sandbox.write("wrangler.toml", file);
    let args = "provision --replace-missing --preview separate";
    let Some(seen) = on_terminal(&sandbox.command(&[]), 80, args, "y\n") else {
        return;
    };
    assert_eq!(seen.code, Some(0), "{seen}");
    seen.assert_stdout(format!("Replace {id}? [y/N]"));
    assert_eq!(seen.stdout.matches("+++ ").count(), 1, "{seen}");
    seen.assert_stdout("wrote wrangler.toml");
}
