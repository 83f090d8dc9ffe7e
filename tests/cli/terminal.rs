//! What a terminal shows, and what is asked there: lines that fit it, and lists to choose from.

use std::io::{Read as _, Write as _};

use kvctl::{
    domain::AccountId,
    emulator::{Action, Answer, Config, Fault, Token},
    wire::Account,
};
use unicode_width::UnicodeWidthStr as _;

use crate::{
    audit,
    sandbox::{ACCOUNT, Sandbox, Seen, TOKEN, clock},
    wait::{piped, within_patience},
};

/// Runs `kvctl` on a terminal of so many columns, on which `typed` is typed; `None` without `script`.
/// All that the terminal shows is in stdout.
fn on_terminal(
    model: &std::process::Command,
    columns: usize,
    args: &str,
    typed: &str,
) -> Option<Seen> {
    let mut child = terminal(model, columns, args)?;
    child.stdin.take().unwrap().write_all(typed.as_bytes()).ok();
    let mut seen = Seen::of(child);
    seen.stdout = seen.stdout.replace('\r', "");
    Some(seen)
}

/// The same, but `typed` is typed once the terminal shows `prompt`.
fn on_terminal_at(
    model: &std::process::Command,
    columns: usize,
    args: &str,
    prompt: &str,
    typed: &str,
) -> Option<Seen> {
    let mut child = terminal(model, columns, args)?;
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let (prompt, typed) = (prompt.to_owned(), typed.to_owned());
    let shown = within_patience("a prompt and its answer", move || {
        let (mut shown, mut byte) = (Vec::new(), [0]);
        while !shown.ends_with(prompt.as_bytes()) && stdout.read(&mut byte).unwrap() > 0 {
            shown.extend(byte);
        }
        stdin.write_all(typed.as_bytes()).unwrap();
        // Where a terminal ends, there is an error.
        stdout.read_to_end(&mut shown).ok();
        shown
    });
    let mut seen = Seen::of(child);
    seen.stdout = String::from_utf8(shown).unwrap().replace('\r', "");
    Some(seen)
}

/// Starts `kvctl` on a terminal of so many columns.
#[expect(clippy::print_stderr, reason = "a test that was not run says so")]
fn terminal(
    model: &std::process::Command,
    columns: usize,
    args: &str,
) -> Option<std::process::Child> {
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
    match script.spawn() {
        Ok(child) => Some(child),
        Err(e) => {
            assert!(!crate::key::is_ci(), "`script` is missing: {e}");
            eprintln!("not run: `script` is missing: {e}");
            None
        }
    }
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
    let target = format!("bindings at the top level: remote, account {ACCOUNT}");
    seen.assert_stdout(format!("{target}:\n  1  A\n  2  B\nWhich binding? [1-2] "));
    seen.assert_stdout("of-b");
    let seen = run("key put k v", "1\n").unwrap();
    assert_eq!(seen.code, Some(0), "{seen}");
    seen.assert_stdout(format!("{target}:\n"));
    seen.assert_stdout("Change the keys of which binding? [1-2] ");
    sandbox.expect(0, &["key", "get", "k", "-b", "A"]);
    let before = sandbox.emulator.requests("PUT");
    // No number of the list; the end of the input.
    for typed in ["3\n", "\n", "B\n", "\u{4}"] {
        let seen = run("key put k v", typed).unwrap();
        assert_eq!(seen.code, Some(9), "{typed:?}: {seen}");
        seen.assert_stdout("\nerror: no namespace is selected");
    }
    assert_eq!(sandbox.emulator.requests("PUT"), before);
    // It is asked again, but not for ever.
    for (typed, code) in [("9\nB\n2\n", 0), ("9\n\nB\n2\n", 9)] {
        let seen = run("key put k v", typed).unwrap();
        assert_eq!(seen.code, Some(code), "{typed:?}: {seen}");
        assert_eq!(seen.stdout.matches("? [1-2] ").count(), 3, "{seen}");
        seen.assert_stdout("enter a number of the list: 1-2\nChange");
    }
    let seen = run("key list --local", "2\n").unwrap();
    seen.assert_stdout("bindings at the top level: local, ");
    let file = sandbox.read("wrangler.toml");
    // Where no file binds any, it is one of the account's.
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    let seen = run("key list", "2\n").unwrap();
    let list = "  1  bio-A\n  2  bio-B\nWhich namespace? [1-2] ";
    seen.assert_stdout(format!("namespaces: remote, account {ACCOUNT}:\n{list}"));
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
    let target = "accounts of these credentials: remote";
    seen.assert_stdout(format!("{target}:\n  1  {ACCOUNT}  Mine\n"));
    seen.assert_stdout("Which account? [1-2] ");
    let seen = on_terminal(&model, 80, "namespace list", "\n").unwrap();
    assert_eq!(seen.code, Some(9), "{seen}");
    seen.assert_stdout("--account-id");
}

#[test]
fn a_namespace_to_rename_or_delete_is_chosen_from_a_list() {
    let sandbox = two_bindings();
    let run = |args: &str, typed: &str| on_terminal(&sandbox.command(&[]), 80, args, typed);
    let Some(seen) = run("namespace rename --to bio-C", "2\n") else {
        return;
    };
    let target = format!("namespaces: remote, account {ACCOUNT}");
    seen.assert_stdout(format!(
        "{target}:\n  1  bio-A\n  2  bio-B\nRename which namespace?"
    ));
    seen.assert_stdout("renamed bio-B to bio-C");
    // The choice confirms nothing.
    let seen = run("namespace delete", "2\ny\n").unwrap();
    assert_eq!(seen.code, Some(9), "{seen}");
    seen.assert_stdout("Delete which namespace? [1-2] ");
    let seen = run("namespace delete", "2\nbio-C\n").unwrap();
    assert_eq!(seen.code, Some(0), "{seen}");
    // Nobody to ask, or no answer.
    for args in ["namespace delete", "namespace rename --to x"] {
        let words: Vec<_> = args.split(' ').collect();
        let seen = sandbox.expect(2, &words);
        seen.assert_stderr("error: no namespace is named");
        assert_eq!(run(args, "").unwrap().code, Some(2));
    }
    let seen = sandbox.expect(0, &["namespace", "list"]);
    assert_eq!(seen.stdout.lines().count(), 1, "{seen}");
}

#[test]
fn of_two_namespaces_with_one_title_one_is_chosen() {
    let sandbox = two_bindings();
    let listed = sandbox.expect(0, &["namespace", "list", "--json"]);
    let list = sandbox.ask("").len();
    assert!(list > 0);
    let mut all: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    let ids = [0, 1].map(|at| all[at]["id"].as_str().unwrap().to_owned());
    for at in [0, 1] {
        all[at]["title"] = "twin".into();
    }
    let answer = serde_json::json!({
        "success": true, "errors": [], "messages": [], "result": all,
        "result_info": { "page": 1, "per_page": 100, "count": 2, "total_count": 2 },
    });
    let answer = Answer::new(200, answer.to_string());
    sandbox
        .emulator
        .fault(Fault::new("GET", "/namespaces?", Action::Answer(answer)).forever());
    let run = |args: &str, typed: &str| on_terminal(&sandbox.command(&[]), 80, args, typed);
    let Some(seen) = run("namespace get twin", "2\n") else {
        return;
    };
    let [first, second] = &ids;
    let list = format!("  1  {first}\n  2  {second}\nWhich namespace? [1-2] ");
    seen.assert_stdout(format!(
        "namespaces titled `twin`: remote, account {ACCOUNT}:\n{list}"
    ));
    seen.assert_stdout(format!("id     {second}"));
    let seen = run("namespace rename twin other", "1\n").unwrap();
    seen.assert_stdout(first);
    let seen = run("key put k v -n twin", "2\n").unwrap();
    seen.assert_stdout(format!(
        "  2  {second}\nChange the keys of which namespace? [1-2] "
    ));
    let read = |id: &str, code| {
        let seen = sandbox.expect(code, &["key", "get", "k", "--namespace-id", id]);
        seen.stdout
    };
    assert_eq!(
        (read(first, 3), read(second, 0)),
        (String::new(), "v".to_owned())
    );
    for words in [
        &["namespace", "get", "twin"][..],
        &["key", "get", "k", "-n", "twin"],
        &["export", "-", "-n", "twin"],
    ] {
        let seen = sandbox.expect(9, words);
        seen.assert_stderr(format!(
            "error: 2 namespaces are titled `twin`: {first}, {second}\n"
        ));
    }
}

#[test]
fn an_interrupted_question_ends_its_line() {
    let sandbox = two_bindings();
    let at = |args: &str, prompt: &str, typed: &str| {
        on_terminal_at(&sandbox.command(&[]), 40, args, prompt, typed)
    };
    let delete = "Type `bio-A` to confirm: ";
    for (args, prompt, typed, code, error) in [
        ("key put k v", "? [1-2] ", "\u{3}", 130, "interrupted"),
        ("key put k v", "? [1-2] ", "\u{4}", 9, "no namespace"),
        (
            "namespace delete bio-A",
            delete,
            "\u{3}",
            130,
            "interrupted",
        ),
        (
            "namespace delete bio-A",
            delete,
            "\u{4}",
            9,
            "deleting `bio-A`",
        ),
    ] {
        let Some(seen) = at(args, prompt, typed) else {
            return;
        };
        assert_eq!(seen.code, Some(code), "{args}: {seen}");
        seen.assert_stdout(format!("\nerror: {error}"));
        assert_eq!(too_wide(&seen, 40), [""; 0], "{seen}");
    }
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
    for columns in [40, 60, 80, 120] {
        for args in [
            "key list -b SESSIONS",
            "namespace list",
            "usage",
            "audit",
            "verify",
            "provision",
            "doctor",
            "key get none -b SESSIONS",
            "key put a b -b X --ttl 5",
            "provision SESSIONS=other CONFIG_CACHE=another",
        ] {
            let Some(seen) = on_terminal(&sandbox.command(&[]), columns, args, "") else {
                return;
            };
            // A time is said in full where there is room, or how far ahead it is.
            if args.starts_with("key list") {
                seen.assert_stdout(if columns < 60 {
                    "  in 60 min"
                } else {
                    "Z, in 60 min"
                });
            }
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
    // Nor where nobody is asked.
    let again = sandbox.read("wrangler.toml");
    let ids: Vec<&str> = again.lines().filter(|it| it.contains("id = ")).collect();
    let own = ids.first().and_then(|it| it.split('"').nth(1)).unwrap();
    sandbox.write("wrangler.toml", again.replace(own, id));
    let args = format!("{args} --yes");
    let seen = on_terminal(&sandbox.command(&[]), 80, &args, "").unwrap();
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(seen.stdout.matches("+++ ").count(), 1, "{seen}");
    assert_eq!(seen.stdout.matches("replacing").count(), 1, "{seen}");
    seen.assert_stdout("wrote wrangler.toml");
}

/// A namespace that may be meant is chosen before anything is created.
#[test]
fn a_namespace_that_may_be_meant_is_chosen() {
    for (typed, created) in [("1\n", false), ("2\n", true)] {
        let sandbox = Sandbox::new();
        let near = sandbox.create("app-kv");
        sandbox.write(
            "wrangler.toml",
            "name = \"app\"\nkv_namespaces = [{ binding = \"KV\" }]\n",
        );
        let model = sandbox.command(&[]);
        let Some(seen) = on_terminal_at(&model, 80, "provision", "Which? [1-2] ", typed) else {
            return;
        };
        assert_eq!(seen.code, Some(0), "{seen}");
        assert!(seen.stdout.contains("1  adopt `app-kv`\n"), "{seen}");
        assert!(seen.stdout.contains("2  create `app-KV`\n"), "{seen}");
        let file = sandbox.read("wrangler.toml");
        assert_eq!(file.contains(&near), !created, "{file}");
    }
}
