//! What programs get of every command: documents that say their version, and errors that are one JSON
//! object in the last line of stderr.

use std::collections::{BTreeMap, BTreeSet};

use clap::CommandFactory as _;
use fs_err as fs;
use serde_json::{Map, Value};

use crate::sandbox::{Sandbox, Seen};

/// A command, how it succeeds, and how it fails. Both run on the local store.
struct Case {
    verb: &'static str,
    /// The exit code, and the arguments.
    works: Option<(i32, &'static [&'static str])>,
    fails: (i32, &'static [&'static str]),
    document: Document,
}

#[derive(Clone, Copy, PartialEq)]
enum Document {
    Object,
    List,
    /// The user's data, in wrangler's form, or no JSON at all.
    Data,
}

const fn object(
    verb: &'static str,
    works: &'static [&'static str],
    fails: (i32, &'static [&'static str]),
) -> Case {
    Case {
        verb,
        works: Some((0, works)),
        fails,
        document: Document::Object,
    }
}

/// In an order in which each finds what it needs.
const CASES: &[Case] = &[
    object("provision", &["ONE", "TWO"], (5, &["-c", "absent.toml"])),
    Case {
        document: Document::List,
        ..object("namespace list", &[], (2, &["--cwd", "absent"]))
    },
    object("namespace create", &["new"], (9, &["new"])),
    object("namespace get", &["-n", "new"], (3, &["-n", "absent"])),
    object(
        "namespace rename",
        &["new", "--to", "newer"],
        (3, &["absent", "--to", "x"]),
    ),
    object(
        "namespace delete",
        &["newer", "--confirm", "newer"],
        (3, &["absent", "-y"]),
    ),
    object(
        "key put",
        &["k", "v", "-b", "ONE", "--ttl", "1d"],
        (5, &["k", "v", "-b", "ABSENT"]),
    ),
    object(
        "key get",
        &["k", "-b", "ONE"],
        (3, &["absent", "-b", "ONE"]),
    ),
    Case {
        document: Document::List,
        ..object("key list", &["-b", "ONE"], (9, &[]))
    },
    object(
        "key touch",
        &["k", "-b", "ONE", "--ttl", "2d"],
        (3, &["absent", "-b", "ONE", "--ttl", "2d"]),
    ),
    // Where there is no terminal there is no editor.
    Case {
        works: None,
        ..object("key edit", &[], (9, &["k", "-b", "ONE"]))
    },
    object("export", &["out.ndjson", "-b", "ONE"], (9, &["out.ndjson"])),
    object(
        "import",
        &["out.ndjson", "-b", "TWO"],
        (2, &["absent.ndjson", "-b", "TWO"]),
    ),
    object(
        "copy",
        &["--from", "binding:ONE", "--to", "binding:TWO"],
        (3, &["--from", "title:absent", "--to", "binding:TWO"]),
    ),
    object(
        "diff",
        &["binding:ONE", "out.ndjson"],
        (2, &["binding:ONE", "absent.ndjson"]),
    ),
    object(
        "sync",
        &["tree", "-b", "TWO"],
        (2, &["absent", "-b", "TWO"]),
    ),
    object(
        "bulk put",
        &["put.json", "-b", "ONE"],
        (2, &["absent.json", "-b", "ONE"]),
    ),
    Case {
        document: Document::Data,
        ..object(
            "bulk get",
            &["keys.json", "-b", "ONE"],
            (2, &["absent.json", "-b", "ONE"]),
        )
    },
    object(
        "bulk delete",
        &["keys.json", "-b", "ONE", "-y"],
        (9, &["keys.json", "-b", "ONE"]),
    ),
    object(
        "key delete",
        &["k", "-b", "TWO"],
        (3, &["absent", "-b", "TWO", "--must-exist"]),
    ),
    object(
        "audit",
        &["-b", "ONE"],
        (9, &["-b", "ONE", "--fix", "--ttl", "1d"]),
    ),
    object("usage", &[], (2, &["--days", "0"])),
    object("doctor", &[], (2, &["--cwd", "absent"])),
    object(
        "verify",
        &[],
        (8, &["--only", "worker", "--worker", "http://127.0.0.1:9/"]),
    ),
    object(
        "rename-binding",
        &["TWO", "THREE"],
        (5, &["ABSENT", "FOUR"]),
    ),
    object(
        "scaffold",
        &["--only", "cache"],
        (5, &["-c", "absent.toml"]),
    ),
    object(
        "serve",
        &["--check"],
        (1, &["--check", "--persist-to", "put.json"]),
    ),
    Case {
        document: Document::Data,
        ..object("completions", &["bash"], (2, &["tcsh"]))
    },
    object("version", &[], (2, &["--cwd", "absent"])),
    object("man", &["manual"], (2, &["put.json"])),
    object("version", &[], (2, &["all"])),
];

fn setting() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"app\"\nmain = \"src/index.ts\"\n");
    sandbox.write(
        "put.json",
        r#"[{"key":"a","value":"1"},{"key":"b","value":"2"}]"#,
    );
    sandbox.write("keys.json", r#"["a","b"]"#);
    sandbox.write("tree/leaf", "1");
    fs::create_dir_all(sandbox.app().join("manual")).unwrap();
    sandbox
}

fn run(sandbox: &Sandbox, format: &str, verb: &str, args: &[&str]) -> Seen {
    let verb: Vec<&str> = verb.split(' ').collect();
    let local: &[&str] = &["--local", "--retries", "0", format];
    sandbox.run(&[&verb, args, local].concat())
}

#[track_caller]
fn assert_is_an_error(seen: &Seen, code: i32) {
    assert_eq!(seen.code, Some(code), "{seen}");
    let last = seen.stderr.lines().last().unwrap_or_default();
    let error: Value = serde_json::from_str(last).unwrap_or_else(|_| panic!("{seen}"));
    let members: Vec<&str> = error
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let all = [
        "api_codes",
        "cf_ray",
        "class",
        "commands",
        "exit_code",
        "hint",
        "message",
        "schema",
    ];
    let mut sorted = members.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, all, "{seen}");
    assert_eq!(error["schema"], 1, "{seen}");
    assert_eq!(error["exit_code"], code, "{seen}");
    assert!(
        error["class"].is_string() && error["message"].is_string(),
        "{seen}"
    );
    assert!(!seen.stderr.contains("error: "), "{seen}");
}

#[test]
fn a_format_may_be_true_or_false() {
    let sandbox = setting();
    assert_is_an_error(&sandbox.run(&["--json=true", "key", "tuch"]), 2);
    assert_is_an_error(
        &sandbox.run(&["key", "list", "--ndjson=true", "--frobnicate"]),
        2,
    );
    let seen = sandbox.run(&["--json=false", "key", "list", "--frobnicate"]);
    seen.assert_stderr("error: unexpected argument '--frobnicate'");
    let seen = sandbox.expect(0, &["version", "--json=true"]);
    let version: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    assert!(
        sandbox
            .expect(0, &["version", "--json=false"])
            .stdout
            .starts_with("kvctl ")
    );
    assert_eq!(sandbox.run(&["--json=maybe", "version"]).code, Some(2));
}

#[test]
fn help_is_text_whatever_format_is_asked_for() {
    let sandbox = setting();
    let plain = sandbox.expect(0, &["help", "key", "put"]).stdout;
    for words in [
        &["help", "key", "put", "--json"][..],
        &["--json", "help", "key", "put"],
        &["help", "--ndjson", "key", "put"],
    ] {
        assert_eq!(sandbox.expect(0, words).stdout, plain, "{words:?}");
    }
    assert_is_an_error(&sandbox.run(&["help", "key", "tuch", "--json"]), 2);
}

#[test]
fn documents_say_their_version_and_errors_are_objects() {
    let sandbox = setting();
    for Case {
        verb,
        works,
        fails,
        document,
    } in CASES
    {
        if let Some((code, args)) = works {
            let seen = run(&sandbox, "--json", verb, args);
            assert_eq!(seen.code, Some(*code), "{verb}: {seen}");
            if *document != Document::Data {
                let read: Value = serde_json::from_str(&seen.stdout).unwrap();
                assert_eq!(
                    read.is_array(),
                    *document == Document::List,
                    "{verb}: {seen}"
                );
                let version = read.get("schema");
                let schema = if verb == &"verify" { 2 } else { 1 };
                let expected = (*document == Document::Object).then(|| schema.into());
                assert_eq!(version.cloned(), expected, "{verb}: {seen}");
            }
        }
        let (code, args) = fails;
        for format in ["--json", "--ndjson"] {
            assert_is_an_error(&run(&sandbox, format, verb, args), *code);
            assert_is_an_error(&run(&sandbox, format, verb, &["--frobnicate"]), 2);
        }
    }
    assert_eq!(sandbox.emulator.log().len(), 0);
}

/// The members that a row names: those that are always there, and after a semicolon the others.
fn members_of(text: &'static str) -> [BTreeSet<&'static str>; 2] {
    let (always, sometimes) = text.split_once(';').unwrap_or((text, ""));
    let quoted = |text: &'static str| text.split('`').skip(1).step_by(2);
    let plain = always.split('(').enumerate().map(|(at, part)| match at {
        0 => part,
        _ => part.split_once(')').map_or("", |(_, rest)| rest),
    });
    [
        plain.flat_map(quoted).collect(),
        quoted(sometimes).collect(),
    ]
}

/// The members of what the documents hold, by command and path.
fn documented_inside() -> BTreeMap<String, [BTreeSet<&'static str>; 2]> {
    let page = include_str!("../../docs/json.md");
    let rows = page.lines().filter_map(|line| {
        let (path, rest) = line.strip_prefix("| `")?.split_once("` of `")?;
        let (verb, members) = rest.split_once("` | ")?;
        Some((format!("{verb} {path}"), members_of(members)))
    });
    rows.collect()
}

/// Adds the members of every object that `value` holds, with its path. Namespaces, costs and what is
/// another command's document are described elsewhere.
fn inside(value: &Value, path: &str, found: &mut Vec<(String, BTreeSet<String>)>) {
    match value {
        Value::Object(members) => {
            let is = |name: &str| members.contains_key(name);
            let is_elsewhere = is("source") && is("id") || is("requests") || is("resumed_after");
            if is_elsewhere || path.starts_with("scaffold") {
                return;
            }
            if !path.is_empty() {
                found.push((path.to_owned(), members.keys().cloned().collect()));
            }
            for (name, value) in members {
                let separator = if path.is_empty() { "" } else { "." };
                inside(value, &format!("{path}{separator}{name}"), found);
            }
        }
        Value::Array(values) => {
            for value in values {
                inside(value, &format!("{path}[]"), found);
            }
        }
        _ => {}
    }
}

/// The members of the documents as docs/json.md has them, of each command: those that are always there,
/// and those that only some have.
fn documented() -> BTreeMap<&'static str, [BTreeSet<&'static str>; 2]> {
    let page = include_str!("../../docs/json.md");
    let rows = page.lines().filter_map(|line| {
        let (command, members) = line.strip_prefix("| `kvctl ")?.split_once("` | ")?;
        let verbs = CASES.iter().map(|case| case.verb);
        let verb = verbs.filter(|verb| command.starts_with(verb)).max()?;
        Some((verb, members_of(members)))
    });
    rows.collect()
}

/// Commands on the local store, one after the other, that print documents of all kinds.
const VARIANTS: &[(&str, &str)] = &[
    ("version", ""),
    ("provision", "ONE TWO --dry-run"),
    ("provision", "ONE TWO --scaffold"),
    ("provision", "ONE TWO"),
    ("namespace create", "new --dry-run"),
    ("namespace create", "new"),
    ("namespace create", "there --jurisdiction eu --dry-run"),
    ("namespace create", "there --jurisdiction eu"),
    ("namespace get", "there"),
    ("namespace rename", "new newer --dry-run"),
    ("namespace delete", "new --dry-run"),
    ("namespace delete", "new --confirm new --backup new.ndjson"),
    ("key put", "k v -b ONE --dry-run"),
    ("key put", "k v -b ONE --metadata 1"),
    ("key put", "l v -b ONE --expiration 4102444800"),
    ("key put", "binary --file raw -b ONE --ttl 1h"),
    ("key touch", "k -b ONE --expiration 4102444800"),
    ("key get", "k -b ONE"),
    ("key get", "binary -b ONE"),
    ("key get", "k -b ONE -o k.txt"),
    ("export", "all.ndjson -b ONE"),
    ("export", "folder/ -b ONE"),
    ("import", "all.ndjson -b TWO --dry-run"),
    ("import", "tree -b TWO --format dir"),
    ("bulk put", "put.json -b TWO --dry-run"),
    ("bulk put", "put.json -b TWO"),
    ("copy", "binding:ONE binding:TWO --dry-run"),
    ("copy", "binding:ONE binding:TWO"),
    ("diff", "binding:ONE binding:TWO"),
    ("sync", "tree -b TWO --dry-run"),
    ("sync", "tree -b TWO --delete --yes"),
    ("key delete", "k -b ONE --dry-run"),
    ("key delete", "--all -b TWO --yes"),
    ("bulk delete", "keys.json -b ONE --dry-run"),
    ("bulk delete", "keys.json -b ONE --yes"),
    ("audit", ""),
    ("audit", "-b ONE --fix --ttl 1d --yes"),
    ("usage", "--days 2"),
    ("doctor", ""),
    ("verify", "--only configuration"),
    ("scaffold", "--dry-run"),
    ("scaffold", ""),
    ("rename-binding", "TWO THREE --dry-run"),
    ("rename-binding", "TWO THREE"),
    ("serve", "--check"),
    ("man", "manual"),
];

#[test]
fn documents_have_the_members_that_their_page_says() {
    let sandbox = setting();
    sandbox.write("raw", [0xff, 0]);
    sandbox.write("tree/.hidden", "1");
    let rules = "[[namespace]]\nbinding = \"ONE\"\nttl = { required = true }\n";
    sandbox.write("kvctl.toml", rules);
    let documented = documented();
    let mut wrong = Vec::new();
    for (verb, args) in VARIANTS {
        let words: Vec<&str> = args.split_whitespace().collect();
        let seen = run(&sandbox, "--json", verb, &words);
        let Ok(document) = serde_json::from_str::<Map<String, Value>>(&seen.stdout) else {
            wrong.push(format!("{verb} {args}: {seen}"));
            continue;
        };
        let mut printed: BTreeSet<&str> = document.keys().map(String::as_str).collect();
        printed.remove("schema");
        let Some([always, sometimes]) = documented.get(verb) else {
            wrong.push(format!("{verb} is not documented: {printed:?}"));
            continue;
        };
        // A namespace that is not there yet has few of them.
        let is_whole = !(*verb == "namespace create" && args.contains("--dry-run"));
        let missing = always.difference(&printed).filter(|_| is_whole);
        // Another one may stand in its place.
        let missing: Vec<_> = missing.filter(|it| !sometimes.contains(*it)).collect();
        let known = always | sometimes;
        let unknown: Vec<_> = printed.difference(&known).collect();
        if !(missing.is_empty() && unknown.is_empty()) {
            wrong.push(format!(
                "{verb} {args}: not printed {missing:?}, not documented {unknown:?}"
            ));
        }
    }
    assert_eq!(wrong, [""; 0], "{}", wrong.join("\n"));
    let objects = CASES
        .iter()
        .filter(|case| case.document == Document::Object);
    for case in objects.filter(|case| case.works.is_some()) {
        let is_run = VARIANTS.iter().any(|(verb, _)| *verb == case.verb);
        assert!(
            is_run && documented.contains_key(case.verb),
            "{}",
            case.verb
        );
    }
}

#[test]
fn what_documents_hold_has_the_members_that_their_page_says() {
    let sandbox = setting();
    let rules = "[[namespace]]\nbinding = \"ONE\"\nttl = { required = true }\n";
    sandbox.write("kvctl.toml", rules);
    sandbox.write("raw", [0xff, 0]);
    let documented = documented_inside();
    let mut seen_at = BTreeSet::new();
    let mut wrong = BTreeSet::new();
    let mut judge = |verb: &str, text: &str| {
        let Ok(document) = serde_json::from_str::<Value>(text) else {
            return;
        };
        let mut found = Vec::new();
        inside(&document, "", &mut found);
        for (path, printed) in found {
            // Those of `verify` and `scaffold` are described elsewhere, and what a list holds is the same
            // everywhere.
            if ["verify", "scaffold"].contains(&verb) {
                continue;
            }
            let place = format!("{verb} {path}");
            let Some([always, sometimes]) = documented.get(&place) else {
                wrong.insert(format!("{place} is not documented: {printed:?}"));
                continue;
            };
            seen_at.insert(place);
            let printed: BTreeSet<&str> = printed.iter().map(String::as_str).collect();
            let known: BTreeSet<&str> = always | sometimes;
            if !always.is_subset(&printed) || !printed.is_subset(&known) {
                wrong.insert(format!("{verb} {path}: {printed:?}"));
            }
        }
    };
    let more = [
        ("key put", "user:1 v -b ONE"),
        ("audit", "-b ONE --expiring-within 30d"),
    ];
    let at = VARIANTS.iter().position(|(verb, _)| *verb == "audit");
    let (before, after) = VARIANTS.split_at(at.unwrap());
    for (verb, args) in before.iter().chain(&more).chain(after) {
        let words: Vec<&str> = args.split_whitespace().collect();
        judge(verb, &run(&sandbox, "--json", verb, &words).stdout);
    }
    judge("doctor", &sandbox.run(&["doctor", "--json"]).stdout);
    assert!(wrong.is_empty(), "{wrong:#?}");
    // What needs a failure, or a damaged store, is not shown by these.
    let rare = ["failed", "damaged", "lost", "orphans", "titles", "findings"];
    for place in documented.keys() {
        let is_rare = rare.iter().any(|it| place.contains(it));
        assert!(is_rare || seen_at.contains(place), "{place:?} was not seen");
    }
}

/// `--ndjson` has lines of its own where a document is more than a list.
#[test]
fn lines_have_the_members_that_their_page_says() {
    let sandbox = setting();
    let rules = "[[namespace]]\nbinding = \"ONE\"\nttl = { required = true }\n";
    sandbox.write("kvctl.toml", rules);
    run(&sandbox, "--json", "provision", &["ONE"]);
    run(&sandbox, "--json", "key put", &["k", "v", "-b", "ONE"]);
    let documented = documented_inside();
    let lines = |verb: &str, args: &[&str]| -> Vec<BTreeSet<String>> {
        let seen = run(&sandbox, "--ndjson", verb, args);
        let lines = seen.stdout.lines();
        let members = lines.map(|line| serde_json::from_str::<Map<String, Value>>(line).unwrap());
        members.map(|it| it.keys().cloned().collect()).collect()
    };
    let with = |place: &str, more: &[&str]| -> BTreeSet<String> {
        let own = documented[place][0].iter();
        own.chain(more).map(ToString::to_string).collect()
    };
    let used = lines("usage", &[]);
    assert_eq!(used, [with("usage namespaces[].days[]", &["id", "title"])]);
    let fix = ["-b", "ONE", "--fix", "--ttl", "1d", "--yes"];
    let key = "audit namespaces[].samples.violations[]";
    assert_eq!(
        lines("audit", &fix),
        [
            with(key, &["type", "namespace"]),
            with("audit namespaces[]", &["type"]),
            with("audit fix", &["type"]),
        ]
    );
}

#[test]
fn no_command_is_left_out() {
    let command = kvctl::cli::Cli::command();
    let verbs = command.get_subcommands().flat_map(|verb| {
        let name = verb.get_name();
        let below: Vec<String> = verb
            .get_subcommands()
            .map(|it| format!("{name} {}", it.get_name()))
            .collect();
        if below.is_empty() {
            vec![name.to_owned()]
        } else {
            below
        }
    });
    let tested: BTreeSet<String> = CASES.iter().map(|case| case.verb.to_owned()).collect();
    assert_eq!(tested, verbs.collect::<BTreeSet<_>>());
}

#[test]
fn an_error_of_the_service_has_its_codes_and_the_name_of_the_request() {
    let sandbox = Sandbox::new();
    let id = "0f2ac74b498b48028cb68387c421e279";
    let seen = sandbox.run(&["key", "list", "--namespace-id", id, "--json"]);
    assert_is_an_error(&seen, 3);
    let error: Value = serde_json::from_str(seen.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(error["class"], "not_found");
    assert_eq!(error["api_codes"], serde_json::json!([10013]));
    assert!(error["cf_ray"].is_string(), "{seen}");
    assert_eq!(
        error["commands"],
        serde_json::json!(["kvctl namespace list"])
    );
}

#[test]
fn an_error_before_the_command_is_known_is_an_object_as_well() {
    let sandbox = Sandbox::new();
    for args in [
        &["--json"][..],
        &["frobnicate", "--json"],
        &["get", "k", "--ndjson"],
        &["key", "--json"],
    ] {
        assert_is_an_error(&sandbox.run(args), 2);
    }
    let text = sandbox.run(&["key", "get", "--", "--json", "b"]);
    text.assert_stderr("error: ");
}
