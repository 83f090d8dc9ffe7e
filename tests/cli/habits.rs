//! What a user of wrangler or of an SDK types, and what happens in the local store.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use fs_err as fs;
use serde_json::Value;

use crate::{
    hints::words,
    sandbox::{Sandbox, Seen, at_once},
};

const PROJECT: &str = "\
name = \"app\"
kv_namespaces = [
  { binding = \"KV\", id = \"0f2ac74b498b48028cb68387c421e271\" },
  { binding = \"BOTH\", id = \"0f2ac74b498b48028cb68387c421e272\", preview_id = \"0f2ac74b498b48028cb68387c421e273\" },
]
[env.staging]
kv_namespaces = [{ binding = \"KV\", id = \"0f2ac74b498b48028cb68387c421e274\" }]
";

/// The namespaces, and what the table calls them.
const NAMESPACES: [(&str, &str); 4] = [
    ("0f2ac74b498b48028cb68387c421e271", "KV"),
    ("0f2ac74b498b48028cb68387c421e272", "BOTH"),
    ("0f2ac74b498b48028cb68387c421e273", "BOTH's preview"),
    ("0f2ac74b498b48028cb68387c421e274", "KV of staging"),
];

/// Files that the commands name.
const FILES: [(&str, &str); 9] = [
    ("wrangler.toml", PROJECT),
    ("value.txt", "from a file"),
    (
        "put.json",
        r#"[{"key":"x","value":"1"},{"key":"y","value":"Mg==","base64":true,"metadata":null}]"#,
    ),
    ("odd.json", r#"[{"key":"x","value":"1","type":"text"}]"#),
    (
        "slip.json",
        r#"[{"key":"x","value":"1","expiraton":4102444800},{"key":"y","value":2}]"#,
    ),
    ("keys.json", r#"["a",{"name":"b"}]"#),
    ("records.json", r#"[{"key":"a","value":"1"}]"#),
    ("keys.txt", "a\nb\n"),
    ("keys.keys", "a\nb\n"),
];

/// What is typed. Each begins with `a` = 1 and `b` = 2 in every namespace, and a namespace titled `team`.
const TYPED: &[&str] = &[
    "kvctl key put k v --binding KV",
    "kvctl key put k v --binding=KV --ttl 3600",
    "kvctl key put k v --binding KV --expiration-ttl 3600",
    "kvctl key put k v --binding KV --expirationTtl=3600",
    "kvctl key put k v --binding KV --expiration 4102444800",
    "kvctl key put k v --binding KV --expires 4102444800",
    "kvctl key put k v --binding KV --ttl 5",
    "kvctl key put k v --binding KV --ttl abc",
    "kvctl key put k v --binding KV --metadata '{\"v\":1}'",
    "kvctl key put k v --binding KV --metadata '{bad'",
    "kvctl key put k --path value.txt --binding KV",
    "kvctl key put k v --path value.txt --binding KV",
    "kvctl key put k '' --binding KV",
    "kvctl key put k v --binding BOTH",
    "kvctl key put k v --binding BOTH --preview",
    "kvctl key put k v --binding BOTH --preview true",
    "kvctl key put k v --binding BOTH --preview false",
    "kvctl key put k v --binding BOTH --preview=false",
    "kvctl key put --preview k v --binding BOTH",
    "kvctl key put k v --binding BOTH --no-preview",
    "kvctl key put k v --binding KV -e staging",
    "kvctl key put k v --binding KV --env=staging",
    "kvctl key put k v --namespace-id 0f2ac74b498b48028cb68387c421e271",
    "kvctl key put k v --binding KV --namespace-id 0f2ac74b498b48028cb68387c421e271",
    "kvctl key put k v --binding KV --persist-to other",
    "kvctl key put k v --binding KV --remote=false",
    "kvctl key put k v --binding KV --remote",
    "kvctl key put k v --binding KV --config wrangler.toml",
    "kvctl key put k v --binding BOHT",
    "kvctl key put k v --namespace taem",
    "kvctl key put .. v --binding KV",
    "kvctl key put k v --namespace-id 0f2ac74b498b48028cb68387c421e271 --preview false",
    "kvctl key get a --binding KV",
    "kvctl key get a --binding KV --text",
    "kvctl key get a --binding KV --text false",
    "kvctl key get gone --binding KV",
    "kvctl key list --binding KV --prefix a",
    "kvctl key list --binding KV --limit 0",
    "kvctl key list user:",
    "kvctl key list KV",
    "kvctl key list 'user:*' --binding KV",
    "kvctl key list --binding KV --format json",
    "kvctl key list --binding KV -o json",
    "kvctl key get --key a --binding KV",
    "kvctl key put --key k --value v --binding KV",
    "kvctl key get a -b KV@staging",
    "kvctl key get a -b binding:KV",
    "kvctl key get a -n title:team",
    "kvctl key touch a 60 -b KV",
    "kvctl key touch a -b KV",
    "kvctl key edit a -b KV",
    "kvctl key ls --binding KV --env stagin",
    "kvctl key delete a --binding KV",
    "kvctl key rm a b --binding KV --force",
    "kvctl key delete a b --binding KV",
    "kvctl bulk put put.json --binding KV",
    "kvctl bulk put put.json --binding KV --expiration-ttl 3600",
    "kvctl bulk put odd.json --binding KV",
    "kvctl bulk put slip.json --binding KV",
    "kvctl bulk get keys.json --binding KV",
    "kvctl bulk delete keys.json --binding KV",
    "kvctl bulk delete keys.json --binding KV --force",
    "kvctl bulk delete records.json --binding KV -f",
    "kvctl bulk delete keys.txt --binding KV --skip-confirmation",
    "kvctl namespace create users",
    "kvctl namespace create users --preview",
    "kvctl namespace create users --binding USERS --update-config",
    "kvctl namespace rename team --new-name crew",
    "kvctl namespace rename team crew",
    "kvctl namespace delete team -y",
    "kvctl namespace delete team --skip-confirmation",
    "kvctl namespace delete --namespace-id 0f2ac74b498b48028cb68387c421e271 --confirm KV",
    "kvctl namespace delete taem --confirm taem",
    "kvctl kv key put k v --binding KV",
    "kvctl kv:key put k v --binding KV",
    "kvctl put k v --binding KV",
    "kvctl ls KV",
    "kvctl touch a",
    "kvctl expire a 60",
    "kvctl key set k v -b KV",
    "kvctl key del a -b KV",
    "kvctl key remove a -b KV",
    "kvctl key expire a 60 -b KV",
    "kvctl key ttl a -b KV",
    "kvctl key persist a -b KV",
    "kvctl key exists a -b KV",
    "kvctl key scan -b KV",
    "kvctl key keys -b KV",
    "kvctl namespace new users",
    "kvctl namespace remove team",
    "kvctl namespace show team",
    "kvctl namespace create --name users",
    "kvctl bulk import records.json -b KV",
    "kvctl bulk rm keys.json -b KV",
    "kvctl bulk put --file records.json -b KV",
    "kvctl key get a KV",
    "kvctl key get KV a",
    "kvctl key get a -b KV --raw",
    "kvctl key put k v -b KV --expire 60",
    "kvctl key put k v -b KV --ex 60",
    "kvctl key list -b KV --match 'a*'",
    "kvctl key list -b KV --max-items 1",
    "kvctl key list -b KV --all",
    "kvctl import records.json KV",
    "kvctl export -b KV -o out.json",
    "kvctl setex k 60 v",
    "kvctl mget a b",
    "kvctl scan 'a*' -b KV",
    "kvctl remove a -b KV",
    "kvctl flushall",
    "kvctl count -b KV",
    "kvctl persist a -b KV",
    "kvctl incr a -b KV",
    "kvctl grep a -b KV",
    "kvctl auth status",
    "kvctl config list",
    "kvctl status",
    "kvctl check",
    "kvctl plan",
    "kvctl apply",
    "kvctl generate",
    "kvctl upgrade",
    "kvctl monitor",
    "kvctl restore",
    "kvctl backup",
    "kvctl backup out.ndjson -b KV",
    "kvctl dump",
    "kvctl get",
    "kvctl put",
    "kvctl set",
    "kvctl del",
    "kvctl rm",
    "kvctl delete",
    "kvctl edit",
    "kvctl touch",
    "kvctl expire",
    "kvctl ttl",
    "kvctl cat",
    "kvctl exists",
    "kvctl cp",
    "kvctl mv",
    "kvctl create",
    "kvctl ls",
    "kvctl list",
    "kvctl keys",
    "kvctl namespaces",
    "kvctl clear",
    "kvctl flush",
    "kvctl purge",
    "kvctl whoami",
    "kvctl dev",
    "kvctl login",
    "kvctl kv",
    "kvctl kv key",
    "kvctl kv key get",
    "kvctl kv key list",
    "kvctl kv bulk put",
    "kvctl kv namespace list",
    "kvctl help backup",
    "kvctl export value.txt -b KV --format json --overwrite",
    "kvctl export value.txt -b KV --format json --force",
    "kvctl key get a -b KV -o value.txt --overwrite",
    "kvctl import records.json -b KV --overwrite",
    "kvctl purge user:",
    "kvctl init",
    "kvctl copy KV BOTH",
    "kvctl copy binding:KV KV@staging",
    "kvctl bulk delete keys.keys --binding KV",
    "kvctl provision NEW --env other",
    "kvctl copy binding:KV title:team",
    "kvctl copy --from binding:KV --to title:team",
    "kvctl diff --from binding:KV --to binding:BOTH",
    "kvctl rename-binding KV --to STORE",
    "kvctl rename-binding KV KV",
    "kvctl version",
    "kvctl expire K 60",
    "kvctl touch K 60",
    "kvctl set K V EX 60",
    "kvctl set K V NX",
    "kvctl set K V EX 60 NX",
    "kvctl key get binding:KV a",
    "kvctl cp KV out.ndjson",
    "kvctl cp records.json KV",
    "kvctl delete binding KV",
    "kvctl delete ns 0f2ac74b498b48028cb68387c421e271",
    "kvctl scan 0 MATCH 'a*' COUNT 10",
    "kvctl keys 'a*b' -b KV",
    "kvctl rm 'x*' -b KV",
    "kvctl key delete a -b KV --if-exists",
    "kvctl key delete --no-such -b KV",
];

#[test]
fn what_is_typed_for_habit_does_what_is_meant() {
    let sandbox = Sandbox::new();
    let template = sandbox.app();
    seed(&sandbox, &template);
    let before = state(&sandbox, &template);
    let rows: Vec<_> = TYPED.iter().enumerate().collect();
    let table: Vec<std::sync::Mutex<String>> =
        rows.iter().map(|_| std::sync::Mutex::default()).collect();
    for some in rows.chunks(4) {
        at_once(some, |(number, typed)| {
            let project = sandbox.other_checkout(&format!("row{number}"));
            copy(&template, &project);
            *table[*number].lock().unwrap() = row(&sandbox, &project, typed, &before);
        });
    }
    let table: Vec<String> = table
        .into_iter()
        .map(|row| row.into_inner().unwrap())
        .collect();
    crate::sandbox::assert_filtered!(
        [
            (r"kvctl \d+\.\d+\.\d+", "kvctl [VERSION]"),
            (r"/row\d+/", "/app/"),
        ],
        table.concat()
    );
}

#[test]
fn what_is_answered_to_a_word_alone_runs() {
    let sandbox = Sandbox::new();
    let template = sandbox.app();
    seed(&sandbox, &template);
    let is_alone = |typed: &&&str| !typed.contains(" -") && typed.split(' ').count() == 2;
    let alone: Vec<_> = TYPED.iter().filter(is_alone).collect();
    let answered: Vec<_> = alone.iter().enumerate().collect();
    for some in answered.chunks(4) {
        at_once(some, |(number, typed)| {
            let project = sandbox.other_checkout(&format!("alone{number}"));
            copy(&template, &project);
            let word = words(typed).swap_remove(1);
            let seen = run(&sandbox, &project, &[&word, "--local", "--json"]);
            let Some(error) = seen
                .stderr
                .lines()
                .next_back()
                .filter(|_| seen.code != Some(0))
            else {
                return;
            };
            let error: Value = serde_json::from_str(error).unwrap();
            for command in error["commands"].as_array().unwrap() {
                let mut args = words(command.as_str().unwrap()).split_off(1);
                if args[0] == "serve" {
                    args.push("--help".to_owned());
                }
                let args: Vec<&str> = args.iter().map(String::as_str).collect();
                let ran = run(&sandbox, &project, &args);
                // `verify` finds something in this project.
                assert!(matches!(ran.code, Some(0 | 8)), "{word}: {command}: {ran}");
            }
        });
    }
}

/// Returns what was typed and what happened.
fn row(sandbox: &Sandbox, project: &Path, typed: &str, before: &State) -> String {
    let mut args = words(typed).split_off(1);
    if !["--remote", "--remote=false"]
        .iter()
        .any(|it| typed.contains(it))
    {
        args.push("--local".to_owned());
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let seen = run(sandbox, project, &args);
    let mut row = format!("$ {typed}\n  exit {}", seen.code.unwrap_or(-1));
    let reads = ["key get", "key list", "key ls", "bulk get", "version"];
    if seen.code == Some(0) && reads.iter().any(|it| typed.contains(it)) {
        write!(row, ", stdout {:?}", seen.stdout).unwrap();
    }
    row.push('\n');
    for line in changes(before, &state(sandbox, project)) {
        writeln!(row, "  {line}").unwrap();
    }
    let told = ["error: ", "  because: ", "hint: ", "warning: ", "note: "];
    for line in seen
        .stderr
        .lines()
        .filter(|line| told.iter().any(|it| line.starts_with(it)))
    {
        writeln!(row, "  {}", line.trim_start()).unwrap();
    }
    row
}

fn run(sandbox: &Sandbox, project: &Path, args: &[&str]) -> Seen {
    let mut command = sandbox.command(args);
    Seen::of(command.current_dir(project))
}

fn seed(sandbox: &Sandbox, project: &Path) {
    for (name, text) in FILES {
        sandbox.write(name, text);
    }
    sandbox.write(
        "seed.json",
        r#"[{"key":"a","value":"1"},{"key":"b","value":"2"}]"#,
    );
    let local = |args: &[&str]| {
        let seen = run(sandbox, project, &[args, &["--local"]].concat());
        assert_eq!(seen.code, Some(0), "{seen}");
    };
    for (id, _) in NAMESPACES {
        local(&["bulk", "put", "seed.json", "--namespace-id", id]);
    }
    local(&["namespace", "create", "team"]);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// The keys of each namespace with what they hold, the titles, and the wrangler file.
type State = BTreeMap<String, String>;

fn state(sandbox: &Sandbox, project: &Path) -> State {
    let mut state = State::new();
    let now = kvctl::env::now().as_second();
    let mut keep = |name: &str, args: &[&str]| {
        let seen = run(
            sandbox,
            project,
            &[&["export", "--format", "json", "--local"], args].concat(),
        );
        let Ok(Value::Array(records)) = serde_json::from_str(&seen.stdout) else {
            return;
        };
        for record in records {
            let key = record["key"].as_str().unwrap();
            let mut holds = record["value"].to_string();
            if let Some(at) = record["expiration"].as_i64() {
                let ahead = at - now;
                if ahead < 100_000 {
                    write!(holds, ", expires in {} min", (ahead + 30) / 60).unwrap();
                } else {
                    write!(holds, ", expires at {at}").unwrap();
                }
            }
            if let Some(metadata) = record.get("metadata") {
                write!(holds, ", metadata {metadata}").unwrap();
            }
            state.insert(format!("{name}: {key}"), holds);
        }
    };
    for (id, name) in NAMESPACES {
        keep(name, &["--namespace-id", id]);
    }
    keep("team", &["-n", "team"]);
    keep(
        "KV in ./other",
        &["--namespace-id", NAMESPACES[0].0, "--persist-to", "other"],
    );
    let listed = run(
        sandbox,
        project,
        &["namespace", "list", "--local", "--json"],
    );
    let listed: Vec<Value> = serde_json::from_str(&listed.stdout).unwrap();
    for namespace in listed {
        let (id, title) = (&namespace["id"], &namespace["title"]);
        state.insert(
            format!("namespace {}", title.as_str().unwrap()),
            id.to_string(),
        );
    }
    let file = fs::read_to_string(project.join("wrangler.toml")).unwrap();
    let bindings = file.lines().filter(|line| line.contains("binding = "));
    for (number, line) in bindings.enumerate() {
        state.insert(
            format!("wrangler.toml, entry {}", number + 1),
            line.trim().to_owned(),
        );
    }
    state
}

fn changes(before: &State, after: &State) -> Vec<String> {
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    let mut changes: Vec<_> = gone.map(|name| format!("- {name}")).collect();
    for (name, holds) in after {
        match before.get(name) {
            Some(held) if held == holds => {}
            _ => changes.push(format!("+ {name} = {holds}")),
        }
    }
    changes
}
