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
        "kv key put k --path f --binding KV",
        "key put k --path f --binding KV --local",
    ),
    (
        "kv key put k - --binding KV --remote",
        "key put k - --binding KV --remote",
    ),
    ("kv key get k --remote=false", "key get k --local"),
    ("kv key get k --remote false", "key get k --local"),
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
        ("set k -", "key put k -"),
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
            "-e staging kv key put k - --binding C",
            "`kv key put`; run `kvctl key put -e staging k - --binding C --local`",
        ),
        (
            "--config=a.toml -q init",
            "`init`; run `kvctl provision BINDING --init --config=a.toml -q`, which works on the remote service; with \
             `--local` on the local store; that creates a wrangler.toml here, and a namespace for BINDING",
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
            "`pages`; run `wrangler pages deploy`: kvctl is for Workers KV alone",
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
        ("init --local", "provision BINDING --init --local"),
        (
            "-c a.toml init -y --env x --remote",
            "provision BINDING --init -c a.toml -y --env x --remote",
        ),
        (
            "init --persist-to st",
            "provision BINDING --init --persist-to st --local",
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
    are_answered(&[
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
    ]);
}

#[test]
fn arguments_of_other_tools_are_understood_or_help_is_named() {
    are_answered(&[
        (
            "expire K 60 --local",
            "run `kvctl key touch K --ttl 60 --local`",
        ),
        (
            "set K V EX 60 --local",
            "run `kvctl key put K VALUE --ttl 60 --local`; VALUE stands for the value",
        ),
        (
            "set K V NX --local",
            "run `kvctl help key put` to see its options; ",
        ),
        (
            "get binding:KV K --local",
            "run `kvctl key get -b KV K --local`",
        ),
        (
            "cp KV f.ndjson --local",
            "run `kvctl export f.ndjson --local -b KV`",
        ),
        (
            "cp o.json KV --local",
            "run `kvctl import o.json --local -b KV`",
        ),
        (
            "delete binding KV",
            "take its entry out of the wrangler file; for its namespace, run `kvctl help namespace delete`",
        ),
        (
            "delete ns 0f2ac74b498b48028cb68387c421e271 --local",
            "run `kvctl namespace delete --namespace-id 0f2ac74b498b48028cb68387c421e271 --local`",
        ),
        (
            "scan 0 MATCH a* COUNT 5 --local",
            "run `kvctl key list --prefix a --limit 5 --local`",
        ),
        (
            "keys a*b --local",
            "run `kvctl key list --prefix a --local`; keys are found by their prefix alone",
        ),
        (
            "rm x* --local",
            "keys are deleted by their prefix: `kvctl key delete --prefix x --local`, or \
             `kvctl key delete 'x*' --local` for the one key `x*`",
        ),
        ("help get", "run `kvctl help key get`"),
        ("help kv", "run `kvctl help`"),
        (
            "help login",
            "run `wrangler login`, whose login kvctl uses, or set CLOUDFLARE_API_TOKEN",
        ),
    ]);
}

fn are_answered(lines: &[(&str, &str)]) {
    for (line, hint) in lines {
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

#[test]
fn a_verb_ahead_of_its_group_is_the_command_of_the_group() {
    for (line, command) in [
        ("delete key a -b B", "key delete a -b B"),
        ("delete -b B key a", "key delete -b B a"),
        ("delete --local key a", "key delete --local a"),
        ("rm keys a b", "key delete a b"),
        ("get key K", "key get K"),
        ("get keys -b B", "key list -b B"),
        ("put key k --path f -b B", "key put k --path f -b B"),
        ("put key k -", "key put k -"),
        ("ls keys -b B", "key list -b B"),
        ("list keys user:*", "key list --prefix user:"),
        ("touch key a 60", "key touch a --ttl 60"),
        ("ttl key a", "key get --with-metadata a"),
        ("purge keys user:", "key delete --prefix user:"),
        ("delete namespace X", "namespace delete X"),
        ("list namespaces", "namespace list"),
        ("get ns", "namespace list"),
        ("get namespace X", "namespace get X"),
        ("describe namespace X", "namespace get X"),
        ("create namespace X", "namespace create X"),
        ("new ns X", "namespace create X"),
        ("rename namespace A B", "namespace rename A B"),
        ("put bulk f.json -b B", "bulk put f.json -b B"),
        ("delete bulk f.json", "bulk delete f.json"),
        ("wrangler list namespaces", "namespace list"),
    ] {
        let said = answer(line, false);
        let run = format!("; run `kvctl {command}`{REMOTE}");
        let local = format!("; run `kvctl {command}`");
        let is_local = line.contains("--local");
        let expected = if is_local { local } else { run };
        assert!(said.ends_with(&expected), "{line}: {said}");
    }
    assert_eq!(
        answer("get kv key k", false),
        "kvctl has no command `get kv key`; run `kvctl key get k --local`"
    );
}

#[test]
fn what_may_be_a_group_or_a_key_is_shown_as_both_and_recommended_as_neither() {
    for (line, readings) in [
        (
            "put key greeting -b C",
            "`kvctl key put greeting VALUE -b C`, or `kvctl key put key VALUE -b C` for the key `key`",
        ),
        (
            "get key -b C",
            "`kvctl key get KEY -b C`, or `kvctl key get key -b C` for the key `key`",
        ),
        (
            "delete keys -b C",
            "`kvctl key delete KEY -b C`, or `kvctl key delete keys -b C` for the key `keys`",
        ),
        (
            "delete namespace",
            "`kvctl namespace delete TITLE`, or `kvctl key delete namespace` for the key `namespace`",
        ),
        (
            "touch key",
            "`kvctl key touch KEY --ttl 1h`, or `kvctl key touch key --ttl 1h` for the key `key`",
        ),
    ] {
        let said = answer(line, false);
        let expected = format!("; put the group first: {readings}");
        assert!(said.ends_with(&expected), "{line}: {said}");
        assert_eq!(commands(line), [""; 0], "{line}");
    }
    for line in [
        "ls keys",
        "list key",
        "backup keys out.ndjson",
        "get key a b",
        "list kv",
    ] {
        let said = answer(line, false);
        assert!(said.contains("; run `kvctl help"), "{line}: {said}");
    }
}

/// Returns the commands that the answer to `line` recommends.
fn commands(line: &str) -> Vec<String> {
    let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let hint = meant(&arguments, false).unwrap().hint;
    hint.commands(&crate::domain::Invocation::default())
}

#[test]
fn a_value_is_not_repeated() {
    for line in [
        "put K s3cr3t -b X",
        "set K s3cr3t",
        "put K -b X -- s3cr3t",
        "put K s3 cr3t",
        "put key K s3cr3t",
        "create key K s3cr3t",
        "key set K s3cr3t",
        "kv key put K s3cr3t",
        "kv:key put K s3cr3t",
        "kv key pt K s3cr3t",
        "kv put K s3cr3t",
        "put kv key K s3cr3t",
        "put --key K --value s3cr3t",
        "put --value=s3cr3t K",
        "setex K 60 s3cr3t",
        "secret put K s3cr3t",
        "versions secret put K s3cr3t",
    ] {
        let said = answer(line, false);
        assert!(!said.is_empty() && !said.contains("cr3t"), "{line}: {said}");
        let commands = commands(line);
        assert!(
            commands.iter().all(|it| it.contains("help")),
            "{line}: {commands:?}"
        );
    }
    assert_eq!(
        answer("put K s3cr3t -b X --local", false),
        "kvctl has no command `put`; run `kvctl key put K VALUE -b X --local`; VALUE stands for the value"
    );
}

#[test]
fn what_is_wranglers_alone_is_carried_to_it_whole() {
    for (line, command) in [
        ("deploy --env staging", "wrangler deploy --env staging"),
        ("--env staging deploy", "wrangler deploy --env staging"),
        ("-c a.toml -q deploy x.ts", "wrangler deploy x.ts -c a.toml"),
        (
            "pages deploy ./out --branch b",
            "wrangler pages deploy ./out --branch b",
        ),
        (
            "secret put X --env staging",
            "wrangler secret put X --env staging",
        ),
        ("wrangler tail --format json", "wrangler tail --format json"),
        (
            "login --browser=false --local",
            "wrangler login --browser=false",
        ),
        ("login --profile work", "wrangler login --profile work"),
        ("dev --env staging", "wrangler dev --env staging"),
    ] {
        let said = answer(line, false);
        assert!(
            said.contains(&format!("; run `{command}`")),
            "{line}: {said}"
        );
    }
    for line in [
        "--local deploy",
        "-qe staging deploy",
        "--account-id 0 d1 list",
    ] {
        let said = answer(line, false);
        assert!(
            said.ends_with("is a command of wrangler: kvctl is for Workers KV alone"),
            "{said}"
        );
    }
}

#[test]
fn what_wranglers_create_does_besides_is_answered_with_what_does_it() {
    for (line, command) in [
        (
            "kv namespace create X --binding Y --use-remote",
            "run `kvctl provision Y=X`",
        ),
        (
            "kv namespace create X --binding Y --update-config --env s",
            "run `kvctl provision Y=X --env s`",
        ),
        (
            "kv namespace create X --preview",
            "run `kvctl namespace create X_preview`",
        ),
        (
            "kv namespace create X --update-config",
            "run `kvctl provision BINDING=X`",
        ),
    ] {
        let said = answer(line, false);
        assert!(said.ends_with(&format!("; {command}")), "{line}: {said}");
    }
    for line in [
        "kv namespace create X --update-config",
        "set K V EX 60",
        "rm x*",
        "expire k",
    ] {
        assert_eq!(commands(line), [""; 0], "{line}");
    }
}
