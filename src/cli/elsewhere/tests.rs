//! What is answered to what is typed.

use super::*;
use crate::cli::slips;

const REMOTE: &str = ", which works on the remote service; with `--local` on the local store";
const LOCAL: &str = ", which works on the local store, as KVCTL_LOCAL says; with `--remote` on the \
                     remote service";

fn answer(line: &str, local_by_variable: bool) -> String {
    let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let meant = meant(&arguments, local_by_variable);
    meant.map_or_else(String::new, |it| format!("{it}; {}", it.hint))
}

/// Commands of wrangler, and of kvctl.
const WRANGLERS: &[(&str, &str)] = &[
    (
        "kv key put k v --binding KV",
        "key put k v --binding KV --local",
    ),
    (
        "kv key put k v --binding KV --remote",
        "key put k v --binding KV --remote",
    ),
    ("kv key put k v --remote=false", "key put k v --local"),
    ("kv key put k v --remote false", "key put k v --local"),
    ("kv key rm k --local", "key delete k --local"),
    (
        "kv key get k --local --persist-to st",
        "key get k --local --persist-to st",
    ),
    (
        "kv key get k --persist-to st",
        "key get k --persist-to st --local",
    ),
    ("kv:key get k", "key get k --local"),
    (
        "kv key get --binding KV -- --remote",
        "key get --binding KV --local -- --remote",
    ),
    (
        "kv bulk put f.json --binding KV",
        "bulk put f.json --binding KV --local",
    ),
    (
        "kv bulk delete f.json --remote",
        "bulk delete f.json --remote",
    ),
    ("wrangler kv key get k", "key get k --local"),
];

#[test]
fn a_command_of_wrangler_is_answered_with_one_for_the_same_place() {
    for (line, command) in WRANGLERS {
        for by_variable in [false, true] {
            let said = answer(line, by_variable);
            assert!(
                said.ends_with(&format!("; run `kvctl {command}`")),
                "{line}: {said}"
            );
        }
    }
    for (line, plain, by_variable) in [
        (
            "kv namespace ls",
            "namespace list",
            "namespace list --remote",
        ),
        (
            "kv:namespace create X",
            "namespace create X",
            "namespace create X --remote",
        ),
    ] {
        assert!(
            answer(line, false).ends_with(&format!("run `kvctl {plain}`")),
            "{line}"
        );
        assert!(
            answer(line, true).ends_with(&format!("run `kvctl {by_variable}`")),
            "{line}"
        );
    }
}

#[test]
fn what_is_typed_for_habit_is_answered_with_where_it_works() {
    for (line, command) in [
        ("get k -b KV", "key get k -b KV"),
        ("rm k", "key delete k"),
        ("ls KV", "key list -b KV"),
        ("set k v", "key put k v"),
        ("del k", "key delete k"),
        ("keys -b KV", "key list -b KV"),
        ("keys list --prefix a", "key list --prefix a"),
        ("keys --prefix a", "key list --prefix a"),
        ("restore f.json -b X", "import f.json -b X"),
        ("expire k 60", "key touch k --ttl 60"),
        ("expire k --ttl 7d", "key touch k --ttl 7d"),
        ("-e staging get k", "key get -e staging k"),
    ] {
        assert!(
            answer(line, false).ends_with(&format!("; run `kvctl {command}`{REMOTE}")),
            "{line}"
        );
        assert!(
            answer(line, true).ends_with(&format!("; run `kvctl {command}`{LOCAL}")),
            "{line}"
        );
    }
    for (line, command) in [
        ("get k --local", "key get k --local"),
        ("get k --remote", "key get k --remote"),
        ("--local get k", "key get --local k"),
        ("--remote=false get k", "key get --local k"),
    ] {
        for by_variable in [false, true] {
            let said = answer(line, by_variable);
            assert!(
                said.ends_with(&format!("; run `kvctl {command}`")),
                "{line}: {said}"
            );
        }
    }
    let said = answer("get k --persist-to st", false);
    assert!(
        said.ends_with("run `kvctl key get k --persist-to st --local`"),
        "{said}"
    );
    let said = answer("expire k", false);
    assert!(
        said.contains("run `kvctl key touch k --ttl 1h`, which works"),
        "{said}"
    );
    assert_eq!(
        answer("rm k --local", false),
        "kvctl has no command `rm`; run `kvctl key delete k --local`"
    );
}

#[test]
fn options_before_the_command_change_no_answer() {
    for (line, said) in [
        (
            "--json kv key get k",
            "`kv key get`; run `kvctl key get --json k --local`",
        ),
        (
            "-e staging kv key put k v --binding C",
            "`kv key put`; run `kvctl key put -e staging k v --binding C --local`",
        ),
        (
            "--config=a.toml -q init",
            "`init`; run `kvctl provision --init --config=a.toml -q`, which works on the remote service; with `--local` on the local store",
        ),
        ("kv", "`kv`; run `kvctl help` to see what kvctl does"),
        (
            "--json kv key",
            "`kv key`; run `kvctl help key` to see the commands",
        ),
        (
            "kv key frobnicate",
            "`kv key frobnicate`; run `kvctl help key` to see the commands",
        ),
        ("kv --help", "`kv`; run `kvctl help` to see the commands"),
        (
            "deploy",
            "`deploy`; run `wrangler deploy`: kvctl is for Workers KV alone",
        ),
        (
            "pages deploy",
            "`pages`; run `wrangler pages`: kvctl is for Workers KV alone",
        ),
    ] {
        assert_eq!(answer(line, false), format!("kvctl has no command {said}"));
    }
    for line in ["frobnicate", "key frobnicate", "--local"] {
        assert_eq!(answer(line, false), "");
    }
}

/// What is typed that kvctl has under other names.
const FOREIGN: &[&str] = &[
    "get",
    "put",
    "set",
    "list",
    "ls",
    "delete",
    "rm",
    "del",
    "edit",
    "touch",
    "keys",
    "namespaces",
    "keys get",
    "namespaces create",
    "kv",
    "kv key",
    "kv key get",
    "kv key put",
    "kv key list",
    "kv key delete",
    "kv bulk get",
    "kv bulk put",
    "kv bulk delete",
    "kv namespace create",
    "kv namespace list",
    "kv namespace rename",
    "kv namespace delete",
    "kv:key get",
    "wrangler kv key put",
    "login",
    "logout",
    "whoami",
    "dev",
    "init",
    "restore",
    "backup",
    "dump",
    "expire",
    "cat",
    "exists",
    "ttl",
    "cp",
    "mv",
    "rename",
    "create",
    "purge",
    "clear",
    "flush",
    "deploy",
    "help get",
    "help kv",
    "help kv key get",
    "help ls",
    "help login",
];

#[test]
fn every_answer_is_a_command_that_the_grammar_takes() {
    let behind = ["", "k", "k 60", "SESSIONS", "user:*", "A B", "-- -k"];
    let globals = [
        "--local -c a.toml --env staging",
        "--remote --cwd d --profile x -q",
    ];
    let mut lines: Vec<(&str, String)> = Vec::new();
    for verb in FOREIGN {
        lines.extend(behind.map(|behind| ("", format!("{verb} {behind}"))));
        for options in globals {
            lines.push((options, format!("{options} {verb} k")));
            lines.push((options, format!("{verb} k {options}")));
        }
    }
    for (options, line) in lines {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let meant = meant(&arguments, false);
        let hint = meant.unwrap_or_else(|| panic!("{line}: no answer")).hint;
        for command in hint.suggestions() {
            assert!(slips::is_taken(command), "{line}: {hint}");
            let words = command.words(&crate::domain::Invocation::default());
            let mut options = options.split_whitespace();
            let keeps_all = options.all(|it| words.iter().any(|word| word == it));
            assert!(keeps_all || command.verb() == "help", "{line}: {hint}");
        }
    }
}

#[test]
fn an_answer_keeps_the_options_of_the_whole_line() {
    for (line, command) in [
        ("init --local", "provision --init --local"),
        (
            "-c a.toml init -y --env x --remote",
            "provision --init -c a.toml -y --env x --remote",
        ),
        (
            "init --persist-to st",
            "provision --init --persist-to st --local",
        ),
        (
            "dev --persist-to st --port 80",
            "serve --persist-to st --port 80",
        ),
        ("whoami --profile x --what", "doctor --profile x"),
        ("kv -c f key list -b KV", "key list -c f -b KV --local"),
    ] {
        let said = answer(line, false);
        assert!(
            said.contains(&format!("; run `kvctl {command}`")),
            "{line}: {said}"
        );
    }
}

#[test]
fn arguments_are_those_of_the_command_that_is_meant() {
    for (line, hint) in [
        (
            "touch k --local",
            "run `kvctl key touch k --local --ttl 1h`; `1h` is an example",
        ),
        (
            "expire k 60 -b KV --local",
            "run `kvctl key touch k --ttl 60 -b KV --local`",
        ),
        (
            "ls SESSIONS --local",
            "run `kvctl key list -b SESSIONS --local`",
        ),
        (
            "ls user:* --local",
            "run `kvctl key list --prefix user: --local`",
        ),
        (
            "cp A B@x --local",
            "run `kvctl copy binding:A binding:B@x --local`",
        ),
        (
            "ttl k --local",
            "run `kvctl key get --with-metadata k --local`",
        ),
        (
            "purge user: --local",
            "run `kvctl key delete --prefix user: --local`",
        ),
        (
            "clear SESSIONS --local",
            "run `kvctl key delete --all -b SESSIONS --local`",
        ),
        ("help get", "run `kvctl help key get`"),
        ("help kv", "run `kvctl help`"),
        (
            "help login",
            "run `wrangler login`, whose login kvctl uses, or set CLOUDFLARE_API_TOKEN",
        ),
    ] {
        let said = answer(line, false);
        assert!(said.contains(&format!("; {hint}")), "{line}: {said}");
    }
}

#[test]
fn a_word_alone_is_answered_with_help_or_a_command_that_runs_anywhere() {
    for (line, hint) in [
        ("expire", "run `kvctl help key touch` to see its arguments"),
        ("restore", "run `kvctl help import` to see its arguments"),
        ("backup", "run `kvctl help export` to see its arguments"),
        (
            "keys --local",
            "run `kvctl help key list` to see its arguments",
        ),
        (
            "purge -q",
            "run `kvctl help key delete` to see its arguments",
        ),
        (
            "ls",
            "run `kvctl namespace list`, which works on the remote service; with `--local` on the local \
             store; for keys, run `kvctl help key list` to see its arguments",
        ),
        (
            "ls --local",
            "run `kvctl namespace list --local`; for keys, run `kvctl help key list` to see its arguments",
        ),
    ] {
        let said = answer(line, false);
        assert!(said.ends_with(&format!("; {hint}")), "{line}: {said}");
    }
}
