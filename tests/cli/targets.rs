//! What commands say of the namespace that they act on, and hints that name a command.

use serde_json::{Value, json};

use crate::{
    provision::BIO,
    sandbox::{Sandbox, Seen},
};

/// A project whose environment `production` binds `KV`, which holds the key `k`.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", format!("{BIO}\n[env.production]\n"));
    sandbox.expect(0, &["provision", "KV", "--all-envs"]);
    sandbox.expect(
        0,
        &["key", "put", "-b", "KV", "--env", "production", "k", "v"],
    );
    sandbox.write("files/k", "v");
    sandbox.write("one.ndjson", "{\"key\":\"k\",\"value\":\"v\"}\n");
    sandbox.write("one.json", "[{\"key\":\"k\",\"value\":\"v\"}]");
    sandbox.write("keys.json", "[\"k\"]");
    sandbox
}

/// Commands that take the binding, and where their report has its namespace.
const REPORTS: [(&[&str], &str); 16] = [
    (&["namespace", "get", "-b", "KV"], "/namespace"),
    (
        &["namespace", "rename", "-b", "KV", "--to", "x", "--dry-run"],
        "/namespace",
    ),
    (
        &["namespace", "delete", "-b", "KV", "--dry-run"],
        "/namespace",
    ),
    (&["key", "get", "-b", "KV", "k"], "/namespace"),
    (
        &["key", "put", "-b", "KV", "k", "v", "--dry-run"],
        "/namespace",
    ),
    (
        &["key", "touch", "-b", "KV", "k", "--no-expiry", "--dry-run"],
        "/namespace",
    ),
    (
        &["key", "delete", "-b", "KV", "k", "--dry-run"],
        "/namespace",
    ),
    (&["export", "-b", "KV", "out.ndjson"], "/namespace"),
    (
        &["import", "-b", "KV", "one.ndjson", "--dry-run"],
        "/namespace",
    ),
    (
        &["bulk", "put", "-b", "KV", "one.json", "--dry-run"],
        "/namespace",
    ),
    (
        &["bulk", "delete", "-b", "KV", "keys.json", "--dry-run"],
        "/namespace",
    ),
    (&["sync", "files", "-b", "KV", "--dry-run"], "/namespace"),
    (&["diff", "files", "binding:KV"], "/b"),
    (
        &[
            "copy",
            "--from",
            "binding:KV",
            "--to",
            "local:id:x",
            "--dry-run",
        ],
        "/from",
    ),
    (&["audit", "-b", "KV"], "/namespaces/0/namespace"),
    (&["usage"], "/namespaces/0/bindings/0"),
];

#[test]
fn reports_tell_the_binding_its_section_and_the_source_of_the_id() {
    let sandbox = sandbox();
    let there = ["--env", "production", "--json"];
    let report = |args: &[&str]| -> Value {
        let seen = sandbox.run(&[args, &there].concat());
        serde_json::from_str(&seen.stdout).unwrap_or_else(|_| panic!("{args:?}: {seen}"))
    };
    let expected = json!({
        "id": report(&["namespace", "get", "-b", "KV"])["id"],
        "binding": "KV", "environment": "production", "source": "file",
    });
    for (args, pointer) in REPORTS {
        let report = report(args);
        let target = report.pointer(pointer).cloned();
        let found = if args == ["usage"] {
            // One row for each section.
            let rows = report["namespaces"].as_array().unwrap().iter();
            let mut all = rows.map(|row| &row["bindings"][0]);
            all.find(|it| **it == expected).cloned()
        } else {
            target
        };
        assert_eq!(found.as_ref(), Some(&expected), "{args:?}: {report}");
    }
}

#[test]
fn where_stdout_is_the_data_stderr_says_what_they_are() {
    let sandbox = sandbox();
    let there = ["-b", "KV", "--env", "production"];
    let cases: [(&[&str], &str, &str); 4] = [
        (&["key", "get", "k"], "read `k` from", "v"),
        (&["key", "list"], "listing the keys of", "k\n"),
        (&["export"], "exporting", "\"key\":\"k\""),
        (
            &["bulk", "get", "keys.json"],
            "reading from",
            "\"k\": \"v\"",
        ),
    ];
    for (args, verb, data) in cases {
        let seen = sandbox.expect(0, &[args, &there].concat());
        seen.assert_stdout(data);
        seen.assert_stderr(format!("{verb} `KV` (production, id from wrangler.toml: "));
        let quiet = sandbox.expect(0, &[args, &there, &["--quiet"]].concat());
        assert_eq!(quiet.stderr, "", "{args:?}");
    }
}

#[test]
fn previews_are_told_from_an_environment_of_that_name() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "wrangler.toml",
        format!(
            "{BIO}\n[env.previews]\nkv_namespaces = [{{ binding = \"KV\", id = \"{0}\" }}]\n\
             [previews]\nkv_namespaces = [{{ binding = \"KV\", id = \"{0}\" }}]\n",
            "0f2ac74b498b48028cb68387c421e279"
        ),
    );
    let sections = |args: &[&str]| -> Value {
        let base = ["rename-binding", "KV", "CACHE", "--dry-run", "--json"];
        let seen = sandbox.expect(0, &[&base[..], args].concat());
        serde_json::from_str::<Value>(&seen.stdout).unwrap()["sections"].clone()
    };
    let environment = sections(&["--env", "previews"]);
    assert_eq!(environment[0], json!({ "environment": "previews" }));
    let previews = sections(&["--in-previews"]);
    assert_eq!(previews, json!([{ "environment": null, "previews": true }]));
    let put = ["key", "put", "-b", "KV", "k", "v", "--dry-run"];
    let seen = sandbox.expect(0, &[&put[..], &["--env", "previews"]].concat());
    seen.assert_stderr("`KV` (environment `previews`, ");
    let seen = sandbox.expect(0, &[&put[..], &["--in-previews"]].concat());
    seen.assert_stderr("`KV` (previews, ");
}

/// Runs the command between backticks that begins with `kvctl`, as a shell takes it.
#[cfg(unix)]
fn follow(sandbox: &Sandbox, seen: &Seen) -> (String, Seen) {
    let said = seen.stderr.split('`').skip(1).step_by(2);
    let mut commands = said.filter(|it| it.starts_with("kvctl "));
    let command = commands.next().unwrap_or_else(|| panic!("{seen}"));
    let mut shell = sandbox.bare_command(&[]);
    let binary = shell.get_program().to_str().unwrap().to_owned();
    let script = command.replacen("kvctl", &format!("'{binary}'"), 1);
    let program = std::mem::replace(&mut shell, std::process::Command::new("sh"));
    shell.arg("-c").arg(script);
    for (name, value) in program.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    shell
        .current_dir(sandbox.app())
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    (command.to_owned(), Seen::of(shell))
}

#[cfg(unix)]
fn local(sandbox: &Sandbox, args: &[&str]) -> Seen {
    Seen::of(sandbox.bare_command(&[args, &["--local"]].concat()))
}

const TEXTS: &str = "name = \"bio\"\nkv_namespaces = [{ binding = \"N\" }, \
                     { binding = \"T\", id = \"dev-cache\" }, \
                     { binding = \"P\", preview_id = \"pp\" }]\n[env.staging]\n\
                     kv_namespaces = [{ binding = \"N\" }]\n";

#[cfg(unix)]
#[test]
fn hints_of_the_local_store_work_there() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", TEXTS);
    for args in [
        &["key", "get", "-b", "T", "none"][..],
        &["key", "get", "-b", "N", "--env", "staging", "none"],
        &["key", "get", "-n", "dev-cache", "none"],
        &["key", "get", "--namespace-id", "any text", "none"],
        &["namespace", "get", "nothing"],
    ] {
        let seen = local(&sandbox, args);
        assert_eq!(seen.code, Some(3), "{args:?}: {seen}");
        assert!(!seen.stderr.contains("minute"), "{seen}");
        let (command, followed) = follow(&sandbox, &seen);
        assert!(command.ends_with(" --local"), "{command}");
        assert_eq!(followed.code, Some(0), "{command}: {followed}");
    }
    let staging = local(
        &sandbox,
        &["key", "get", "-b", "N", "--env", "staging", "none"],
    );
    staging.assert_stderr("the same name is bound at the top level (`--env ''`) as well;");
    let preview = local(&sandbox, &["key", "get", "-b", "T", "k", "--preview"]);
    assert_eq!(preview.code, Some(5), "{preview}");
    preview.assert_stderr("leave out `--preview`");
    assert_eq!(sandbox.emulator.log().len(), 0);
}

#[cfg(unix)]
#[test]
fn a_renamed_binding_without_an_id_can_take_its_local_data_along() {
    let sandbox = Sandbox::new();
    for remote in [false, true] {
        sandbox.write("wrangler.toml", TEXTS);
        let value = if remote { "r" } else { "l" };
        let put = local(&sandbox, &["key", "put", "-b", "N", "k", value]);
        assert_eq!(put.code, Some(0), "{put}");
        let args = ["rename-binding", "N", "M"];
        let seen = if remote {
            sandbox.run(&args)
        } else {
            local(&sandbox, &args)
        };
        assert_eq!(seen.code, Some(0), "{seen}");
        seen.assert_stderr("local data of `N` stay under `N`");
        let gone = local(&sandbox, &["key", "delete", "-b", "M", "k"]);
        assert_eq!(gone.code, Some(0), "{gone}");
        let (command, followed) = follow(&sandbox, &seen);
        assert_eq!(followed.code, Some(0), "{command}: {followed}");
        let got = local(&sandbox, &["key", "get", "-b", "M", "k"]);
        assert_eq!(got.stdout, value, "{got}");
    }
    // An entry with an id keeps its data.
    let seen = local(&sandbox, &["rename-binding", "T", "U"]);
    assert!(!seen.stderr.contains("local data"), "{seen}");
}

#[cfg(unix)]
#[test]
fn deleting_a_local_namespace_names_the_texts_that_bind_it() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", TEXTS);
    for binding in ["N", "T", "P"] {
        let put = local(&sandbox, &["key", "put", "-b", binding, "k", "v"]);
        assert_eq!(put.code, Some(0), "{put}");
    }
    for (args, bound) in [
        (["-b", "N"], "`N` at the top level"),
        (["--namespace-id", "N"], "`N` at the top level"),
        (["-n", "N"], "`N` at the top level"),
        (["-b", "T"], "`T` at the top level"),
        (["--namespace-id", "dev-cache"], "`T` at the top level"),
        (["-n", "dev-cache"], "`T` at the top level"),
        (["--namespace-id", "pp"], "`P` at the top level"),
    ] {
        let all = [&["namespace", "delete", "--dry-run"], &args[..]].concat();
        let seen = local(&sandbox, &all);
        assert_eq!(seen.code, Some(0), "{args:?}: {seen}");
        seen.assert_stderr("still bound: ");
        seen.assert_stderr(bound);
    }
    sandbox.write(
        "kvctl.toml",
        "[[namespace]]\nbinding = \"T\"\nprotect = true\n",
    );
    let delete = ["namespace", "delete", "--namespace-id", "dev-cache", "-y"];
    let refused = local(&sandbox, &delete);
    assert_eq!(refused.code, Some(9), "{refused}");
}

#[cfg(unix)]
#[test]
fn a_local_namespace_that_the_file_names_has_no_title() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", TEXTS);
    let put = local(&sandbox, &["key", "put", "-b", "T", "k", "v"]);
    assert_eq!(put.code, Some(0), "{put}");
    let seen = local(&sandbox, &["namespace", "rename", "dev-cache", "--to", "x"]);
    assert_eq!(seen.code, Some(9), "{seen}");
    seen.assert_stderr("error: `dev-cache` is named by the wrangler file, and has no title");
    // A title that is also such a text.
    sandbox.write("wrangler.toml", "");
    let made = local(&sandbox, &["namespace", "create", "dev-cache"]);
    assert_eq!(made.code, Some(0), "{made}");
    sandbox.write("wrangler.toml", TEXTS);
    for args in [
        &["namespace", "get", "dev-cache"][..],
        &["key", "list", "-n", "dev-cache"],
    ] {
        let seen = local(&sandbox, args);
        assert_eq!(seen.code, Some(0), "{seen}");
        seen.assert_stderr("`--namespace-id dev-cache` selects that");
    }
}

#[cfg(unix)]
#[test]
fn previews_are_refused_in_the_local_store() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "wrangler.toml",
        format!("{TEXTS}[previews]\nkv_namespaces = [{{ binding = \"N\", id = \"x\" }}]\n"),
    );
    let put = ["key", "put", "-b", "N", "--in-previews", "k", "v"];
    let seen = local(&sandbox, &put);
    assert_eq!(seen.code, Some(9), "{seen}");
    seen.assert_stderr("leave out `--in-previews`, or `--local`");
    let verify = local(&sandbox, &["verify", "--in-previews"]);
    assert!(
        !verify.stdout.contains("`wrangler dev` stores it"),
        "{verify}"
    );
    verify.assert_stdout("nothing reads `previews` in the local store");
    let absent = local(&sandbox, &["key", "get", "-b", "N", "none"]);
    assert!(!absent.stderr.contains("--in-previews"), "{absent}");
}

#[cfg(unix)]
#[test]
fn verify_names_the_command_that_ends_sharing() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    sandbox.expect(0, &["provision", "A"]);
    let file = sandbox.read("wrangler.toml");
    let entry = file.split_once("[[kv_namespaces]]").unwrap().1;
    sandbox.write(
        "wrangler.toml",
        format!(
            "{file}\n[[kv_namespaces]]{}\n[previews]\n[[previews.kv_namespaces]]{entry}",
            entry.replace("\"A\"", "\"B\"")
        ),
    );
    for (check, words) in [
        ("namespaces", "same namespace"),
        ("preview", "`wrangler preview`"),
    ] {
        let verify = ["verify", "--only", check, "--json"];
        let finding = || -> Option<Value> {
            let seen = sandbox.run(&verify);
            let report: Value = serde_json::from_str(&seen.stdout).unwrap();
            let all = report["findings"].as_array().unwrap().iter();
            let mut said = all.filter(|it| it["message"].as_str().unwrap().contains(words));
            said.next().cloned()
        };
        let hint = finding().unwrap()["hint"].as_str().unwrap().to_owned();
        let command = hint.split('`').nth(1).unwrap();
        let args: Vec<&str> = command.split(' ').skip(1).chain(["-y"]).collect();
        sandbox.expect(0, &args);
        assert_eq!(finding(), None, "{command}");
    }
}

/// The command that a finding names gives the binding a preview namespace of its own in one run.
#[cfg(unix)]
#[test]
fn verify_names_the_command_that_ends_previews_in_production() {
    for env in [false, true] {
        let sandbox = Sandbox::new();
        sandbox.write("wrangler.toml", BIO);
        sandbox.expect(0, &["provision", "E", "C", "P", "--preview", "separate"]);
        let file = sandbox.read("wrangler.toml");
        let of = |name: &str| -> String {
            let entry = file.split(&format!("binding = \"{name}\"")).nth(1).unwrap();
            entry.split('"').nth(1).unwrap().to_owned()
        };
        let (c, e) = (of("C"), of("E"));
        let preview = |file: &str, name: &str| {
            let entry = file.split(&format!("binding = \"{name}\"")).nth(1).unwrap();
            entry.split('"').nth(3).unwrap().to_owned()
        };
        let (broken, checks) = if env {
            let entry = format!(
                "[[env.s.kv_namespaces]]\nbinding = \"C\"\nid = \"{c}\"\npreview_id = \"{c}\"\n"
            );
            (format!("{file}\n{entry}"), "namespaces")
        } else {
            assert_ne!(c, e);
            (file.replace(&preview(&file, "E"), &c), "preview")
        };
        sandbox.write("wrangler.toml", &broken);
        let words = if env {
            "same namespace"
        } else {
            "`preview_id` is the production id of"
        };
        let finding = |check: &str, words: &str| -> Option<Value> {
            let seen = sandbox.run(&["verify", "--all-envs", "--only", check, "--json"]);
            let report: Value = serde_json::from_str(&seen.stdout).unwrap();
            let all = report["findings"].as_array().unwrap().iter();
            let mut said = all.filter(|it| it["message"].as_str().unwrap().contains(words));
            said.next().cloned()
        };
        let found = finding(checks, words).unwrap_or_else(|| panic!("{env}: {broken}"));
        let hint = found["hint"].as_str().unwrap().to_owned();
        let command = hint.split('`').nth(1).unwrap();
        let args: Vec<&str> = command.split(' ').skip(1).chain(["-y"]).collect();
        sandbox.expect(0, &args);
        assert_eq!(finding(checks, words), None, "{command}");
        for words in ["the production id", "shares"] {
            assert_eq!(finding("preview", words), None, "{command}");
        }
        let after = sandbox.read("wrangler.toml");
        assert_eq!(after.matches(&c).count(), 1, "{command}: {after}");
    }
}

/// A project's file may say anything: what is shown to be pasted runs none of it.
#[cfg(unix)]
#[test]
fn the_name_of_an_environment_is_quoted_where_it_is_to_be_pasted() {
    let sandbox = Sandbox::new();
    let id = "0f2ac74b498b48028cb68387c421e279";
    sandbox.write(
        "wrangler.toml",
        format!(
            "name = \"bio\"\nkv_namespaces = [{{ binding = \"A\", id = \"{id}\" }}]\n[env.\"$(touch x)\"]\n\
             kv_namespaces = [{{ binding = \"A\", id = \"a\" }}, {{ binding = \"B\", id = \"b\" }}]\n"
        ),
    );
    let missing = local(&sandbox, &["key", "get", "-b", "B", "x"]);
    assert_eq!(missing.code, Some(5), "{missing}");
    missing.assert_stderr("pass `--env '$(touch x)'`");
    let absent = local(&sandbox, &["key", "get", "-b", "A", "x"]);
    assert_eq!(absent.code, Some(3), "{absent}");
    absent.assert_stderr("(`--env '$(touch x)'`)");
    let near = sandbox.run(&["key", "get", "-b", "A", "x", "--env", "$(touch y)"]);
    assert_eq!(near.code, Some(5), "{near}");
    near.assert_stderr("did you mean `--env '$(touch x)'`?");
}

/// Returns the hint of a run that fails with 5.
fn hint_of(sandbox: &Sandbox, args: &[&str]) -> String {
    let seen = sandbox.expect(5, args);
    let hint = seen.stderr.lines().find_map(|it| it.strip_prefix("hint: "));
    hint.unwrap_or_default().to_owned()
}

/// Two sections, each with a binding that the other lacks.
fn with_staging() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "wrangler.toml",
        "name = \"app\"\nkv_namespaces = [{ binding = \"CACHE\" }, { binding = \"TOP\" }]\n\
         [env.staging]\nkv_namespaces = [{ binding = \"CACHE\" }, { binding = \"STAGED\" }]\n",
    );
    sandbox
}

#[test]
fn a_side_that_is_misspelt_is_answered_with_a_side() {
    let sandbox = with_staging();
    let hint = |args: &[&str]| hint_of(&sandbox, args);
    for (side, said) in [
        (
            "binding:CACHE@stagin",
            "did you mean `binding:CACHE@staging`?",
        ),
        (
            "local:binding:CACHE@stagin",
            "did you mean `local:binding:CACHE@staging`?",
        ),
        (
            "binding:CACHE@nope",
            "name one of them, or leave out `@nope`",
        ),
        (
            "binding:CACH@staging",
            "did you mean `binding:CACHE@staging`?",
        ),
        ("binding:CACH", "did you mean `binding:CACHE`?"),
        ("binding:STAGED", "did you mean `binding:STAGED@staging`?"),
        (
            "binding:TOP@staging",
            "it is bound at the top level: leave out `@staging`",
        ),
    ] {
        for verb in ["copy", "diff"] {
            let args = [verb, side, "local:binding:TOP"];
            assert_eq!(hint(&args), said, "{args:?}");
        }
    }
    let args = [
        "copy",
        "local:binding:TOP",
        "binding:CACHE@stagin",
        "--local",
    ];
    assert_eq!(hint(&args), "did you mean `binding:CACHE@staging`?");
    // What is named without an environment is in the selected one.
    let args = [
        "diff",
        "binding:TOP@staging",
        "local:binding:CACHE",
        "-e",
        "staging",
    ];
    let top = "it is bound at the top level: leave out `@staging`, and select the top level with `--env ''`";
    assert_eq!(hint(&args), top);
}

#[test]
fn nothing_that_only_reads_is_answered_with_what_creates() {
    let sandbox = with_staging();
    for args in [
        &["key", "list", "-b", "CACHE", "-e", "nope"][..],
        &["audit", "-e", "nope"],
    ] {
        let hint = hint_of(&sandbox, args);
        assert!(!hint.contains("kvctl"), "{args:?}: {hint}");
    }
}

#[test]
fn the_hint_for_a_preview_works_whatever_else_is_wrong() {
    let put = ["key", "put", "a", "b", "-b", "KV", "--preview"];
    for (file, hint) in [
        (
            "kv_namespaces = [{ binding = \"KV\" }]\n",
            "set `name` to the name of the Worker; or pass a title: `kvctl provision KV=TITLE --preview separate`",
        ),
        (
            "name = \"my app\"\nkv_namespaces = [{ binding = \"KV\" }]\n",
            "`kvctl provision KV=TITLE --preview separate`",
        ),
        (
            "name = \"app\"\npages_build_output_dir = \"out\"\nkv_namespaces = [{ binding = \"KV\" }]\n",
            "leave out `--preview`",
        ),
    ] {
        let sandbox = Sandbox::new();
        sandbox.write("wrangler.toml", file);
        let seen = sandbox.expect(5, &[&put[..], &["--json"]].concat());
        seen.assert_stderr(hint);
        seen.assert_stderr("\"commands\":[]");
    }
    let sandbox = Sandbox::new();
    let gone = "0f2ac74b498b48028cb68387c421e279";
    let file =
        format!("name = \"app\"\nkv_namespaces = [{{ binding = \"KV\", id = \"{gone}\" }}]\n");
    sandbox.write("wrangler.toml", &file);
    let seen = sandbox.expect(5, &put);
    let command = format!("provision KV --preview separate --replace-id {gone}");
    seen.assert_stderr(format!("run `kvctl {command}` to create both"));
    let command = format!("{command} --yes");
    sandbox.expect(0, &command.split(' ').collect::<Vec<_>>());
    sandbox.expect(0, &put);
}

#[test]
fn titles_are_suggested_that_are_near_without_the_name_of_their_project() {
    let sandbox = Sandbox::new();
    for title in [
        "bio-CONFIG_CACHE",
        "bio-SESSIONS",
        "bio-CONFIGS",
        "bio-CONFIG2",
    ] {
        sandbox.create(title);
    }
    let seen = sandbox.expect(3, &["key", "list", "-n", "bio-CONFIG"]);
    let (_, hint) = seen.stderr.split_once("hint: did you mean ").unwrap();
    assert!(hint.contains(", ") && hint.contains("` or `"), "{hint}");
    assert!(
        hint.contains("`bio-CONFIGS`") && !hint.contains("SESSIONS"),
        "{hint}"
    );
}

#[test]
fn a_value_that_begins_with_a_dash_is_not_shown() {
    let sandbox = Sandbox::new();
    for value in ["-s3cr3t", "--s3cr3t"] {
        for format in [&[][..], &["--json"]] {
            let args = [&["key", "put", "K", value, "-b", "KV"][..], format].concat();
            let seen = sandbox.expect(2, &args);
            assert!(
                !seen.stderr.contains("cr3t") && !seen.stderr.contains("-- -s"),
                "{seen}"
            );
            seen.assert_stderr("kvctl key put K -b KV");
        }
    }
}

#[test]
fn help_about_help_is_the_help_of_the_program() {
    let sandbox = Sandbox::new();
    let help = sandbox.expect(0, &["help"]).stdout;
    for line in ["help -h", "help --help", "help help"] {
        let seen = sandbox.expect(0, &line.split(' ').collect::<Vec<_>>());
        assert_eq!(seen.stdout, help, "{line}");
    }
}
