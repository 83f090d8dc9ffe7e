//! Text that others wrote: titles, account names, files of a cloned repository, answers of the service.
//! It reaches neither the terminal nor the runner of a workflow as anything but text.

use kvctl::{
    domain::AccountId,
    emulator::{Action, Answer, Config, Fault, Token},
    wire::Account,
};

use crate::{
    sandbox::{ACCOUNT, Sandbox, Seen, TOKEN, clock},
    wait::Finish as _,
};

/// What terminals and runners obey: line breaks, ESC, CSI, OSC 8, DEL, bidi, workflow commands.
const EVIL: &str = "a\n::stop-commands::x\n##[error]y\r\u{1b}[2J\u{9b}31m\u{1b}]8;;http://e\u{7}\u{7f}\
                    \u{202e}\u{2066}##vso[task.z]";

/// The same as a basic string of TOML and as a JSON string.
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '\u{20}'..='\u{7e}' if c != '"' && c != '\\' => c.to_string(),
        c => format!("\\u{:04x}", u32::from(c)),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

fn is_obeyed(c: char) -> bool {
    c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// No line of `text` holds what is obeyed, or is a command to a runner.
#[track_caller]
fn assert_tame(text: &str, what: &str) {
    for line in text.split('\n') {
        assert!(!line.trim_start().starts_with("::stop"), "{what}: {line:?}");
        assert!(!line.contains("##["), "{what}: {line:?}");
        assert!(!line.contains("##vso["), "{what}: {line:?}");
        // Tabs stand between the cells of a table.
        let obeyed = |c: char| is_obeyed(c) && c != '\t';
        assert!(!line.contains(obeyed), "{what}: {line:?}");
    }
}

#[track_caller]
fn tame(seen: &Seen, what: &str) {
    assert_tame(&seen.stderr, what);
    assert_tame(&seen.stdout, what);
    assert!(
        !(seen.stderr.clone() + &seen.stdout).trim().is_empty(),
        "{what}"
    );
}

/// An id that is one.
const ID: &str = "0f2ac74b498b48028cb68387c421e279";

/// Two accounts with hostile names, so that commands must list them.
fn accounts() -> Sandbox {
    let other: AccountId = "ffffffffffffffffffffffffffffff00".parse().unwrap();
    let ids = vec![ACCOUNT.parse().unwrap(), other];
    let account = |id: &AccountId| Account {
        id: id.clone(),
        name: EVIL.to_owned(),
    };
    let accounts = ids.iter().map(account).collect();
    Sandbox::with(Config::remote(
        accounts,
        vec![Token::new(TOKEN, ids)],
        clock(),
    ))
}

#[test]
fn account_names_are_text() {
    let sandbox = accounts();
    let mut command = sandbox.command(&["namespace", "list"]);
    let seen = Seen::of(command.env_remove("CLOUDFLARE_ACCOUNT_ID").finish());
    assert_eq!(seen.code, Some(9), "{seen}");
    tame(&seen, "account names");
    tame(&sandbox.run(&["doctor"]), "account names in doctor");
}

/// A list with a hostile title, and refusals.
fn answers() -> [Action; 5] {
    let listed = format!(
        "{{\"success\":true,\"errors\":[],\"result\":[{{\"id\":\"{ID}\",\"title\":{}}}],\
         \"result_info\":{{\"count\":1}}}}",
        quoted(EVIL)
    );
    let refused = |status| {
        let text = format!(
            "{{\"success\":false,\"errors\":[{{\"code\":1,\"message\":{}}}]}}",
            quoted(EVIL)
        );
        Action::Answer(Answer::new(status, text))
    };
    let listed = Action::Answer(Answer::new(200, listed));
    [
        listed,
        refused(200),
        refused(400),
        refused(403),
        refused(404),
    ]
}

#[test]
fn titles_and_refusals_are_text() {
    for answer in answers() {
        let sandbox = accounts();
        sandbox.write(
            "wrangler.toml",
            format!("name = \"bio\"\nkv_namespaces = [{{ binding = \"A\", id = \"{ID}\" }}]\n"),
        );
        let fault = Fault::new("GET", "/namespaces?", answer);
        sandbox.emulator.fault(fault.forever());
        let runs: &[&[&str]] = &[
            &["namespace", "list", "-vv"],
            &["namespace", "get", "none"],
            &["namespace", "delete", "-b", "A", "--dry-run"],
            &["provision", "--dry-run"],
            &["provision", "--check", "A=other"],
            &["verify", "--read-only"],
            &["doctor"],
            &["key", "list", "-n", "none"],
        ];
        for args in runs {
            tame(
                &sandbox.run(&[args, &["--retries", "0"][..]].concat()),
                &format!("{args:?}"),
            );
        }
        let mut command = sandbox.command(&["verify", "--read-only", "--junit", "report.xml"]);
        command
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_STEP_SUMMARY", sandbox.app().join("summary.md"));
        tame(&Seen::of(command), "a workflow");
        assert_tame(&sandbox.read("summary.md"), "the summary");
        assert_tame(&sandbox.read("report.xml"), "JUnit");
    }
}

/// An entry that wants an id.
const ENTRY: &str = "kv_namespaces = [{ binding = \"A\" }]\n";

/// Files of a cloned repository.
fn files() -> Vec<(&'static str, String)> {
    let evil = quoted(EVIL);
    vec![
        (
            "wrangler.toml",
            format!("name = \"bio\"\naccount_id = {evil}\n{ENTRY}"),
        ),
        ("wrangler.toml", format!("name = {evil}\n{ENTRY}")),
        (
            "wrangler.toml",
            format!("name = \"bio\"\n[env.{evil}]\n{ENTRY}"),
        ),
        (
            "wrangler.toml",
            format!("name = \"bio\"\n[env.{evil}]\nkv_namespaces = 1\n"),
        ),
        (
            "wrangler.toml",
            format!("name = \"bio\"\nkv_namespaces = [{{ binding = {evil} }}]\n"),
        ),
        (
            "wrangler.toml",
            format!("name = \"bio\"\nkv_namespaces = [{{ binding = \"A\", id = {evil} }}]\n"),
        ),
        (
            "wrangler.toml",
            format!("name = \"bio\"\n[x.{evil}]\nkv_namespaces = []\n"),
        ),
        ("wrangler.toml", format!("# \u{1b}[2J \u{202e}\n{EVIL}\n")),
        (
            "wrangler.jsonc",
            format!(
                "{{ \"name\": \"bio\", /* {EVIL} */ \"kv_namespaces\": [\n/* {EVIL} */{{ \"binding\": \"A\" }} ] }}\n"
            ),
        ),
        ("kvctl.toml", format!("{evil} = 1\n")),
        (
            "kvctl.toml",
            format!("[[namespace]]\nbinding = \"A\"\n{evil} = 1\n"),
        ),
        (
            "kvctl.toml",
            format!("[[namespace]]\nbinding = \"A\"\ntitle = {evil}\n"),
        ),
        (
            "kvctl.toml",
            format!("[[assert]]\nbinding = \"A\"\nkey = {evil}\nexists = true\n"),
        ),
        ("kvctl.toml", format!("# {EVIL}\n\u{1b}")),
        (
            "in.ndjson",
            format!("{{\"key\":\"a\",\"value\":\"v\",{evil}:1}}\n"),
        ),
        ("in.ndjson", format!("{{\"key\":{evil},\"value\":\"v\"}}\n")),
        ("in.ndjson", format!("\u{1b}[2J{EVIL}\n")),
    ]
}

#[test]
fn what_files_say_is_text() {
    for (name, text) in &files() {
        let sandbox = Sandbox::new();
        sandbox.expect(0, &["namespace", "create", "one"]);
        sandbox.write("wrangler.toml", format!("name = \"bio\"\n{ENTRY}"));
        if *name == "wrangler.jsonc" {
            fs_err::remove_file(sandbox.app().join("wrangler.toml")).unwrap();
        }
        sandbox.write("in.ndjson", "{\"key\":\"a\",\"value\":\"v\"}\n");
        sandbox.write(name, text);
        let runs: &[&[&str]] = &[
            &["provision", "--dry-run"],
            &[
                "provision",
                "--dry-run",
                "--all-envs",
                "--preview",
                "separate",
            ],
            &["provision", "--dry-run", "--env", EVIL],
            &["verify", "--read-only", "--retries", "0"],
            &["verify", "--read-only", "--retries", "0", "--all-envs"],
            &["doctor", "--retries", "0"],
            &[
                "import",
                "in.ndjson",
                "-n",
                "one",
                "--skip-invalid",
                "--dry-run",
            ],
            &["import", "in.ndjson", "-n", "one"],
            &["key", "delete", "--all", "-n", "one", "-y"],
            &["rename-binding", "A", "B", "--dry-run"],
            &["--local", "key", "put", "-b", "A", "k", "v"],
        ];
        for args in runs {
            tame(&sandbox.run(args), &format!("{args:?} {name} {text:?}"));
        }
    }
}

#[test]
fn arguments_and_paths_are_text() {
    let sandbox = Sandbox::new();
    let path = format!("{EVIL}.ndjson").replace('/', "_");
    sandbox.write(&path, "no\n");
    let runs: &[&[&str]] = &[
        &["key", "get", EVIL, "-n", EVIL],
        &["key", "get", "k", "-n", EVIL],
        &["key", "get", "k", "--namespace-id", EVIL],
        &["import", &path, "-n", "one"],
        &["import", EVIL, "-n", "one"],
        &["diff", &path, &path],
        &["provision", EVIL],
        &["verify", "--only", EVIL],
        &["verify", "--worker", EVIL],
        &["namespace", "create", EVIL],
        &["namespace", "list", "--account-id", EVIL],
        &["namespace", "list", "--cwd", EVIL],
        &["namespace", "list", "--config", EVIL],
        &["namespace", "list", "--token-file", EVIL],
        &["provision", "--env", EVIL],
        &[EVIL],
        &["key", EVIL],
    ];
    for args in runs {
        let seen = sandbox.run(args);
        assert_ne!(seen.code, Some(0), "{args:?} {seen}");
        tame(&seen, &format!("{args:?}"));
    }
}

#[test]
fn keys_are_text_in_reports_and_data_in_lists() {
    let sandbox = Sandbox::new();
    sandbox.expect(0, &["namespace", "create", "one"]);
    let record = format!("{{\"key\":{},\"value\":\"v\"}}\n", quoted(EVIL));
    sandbox.write("in.ndjson", &record);
    sandbox.write(
        "more.ndjson",
        record.clone() + "{\"key\":\"z\",\"value\":\"v\"}\n",
    );
    sandbox.expect(0, &["import", "in.ndjson", "-n", "one"]);
    let runs: &[&[&str]] = &[
        &["key", "get", EVIL, "-n", "one", "--with-metadata"],
        &["key", "put", EVIL, "v", "-n", "one"],
        &["key", "touch", EVIL, "--ttl", "1h", "-n", "one"],
        &["key", "list", "-n", "one"],
        &["diff", "in.ndjson", "title:one"],
        &["audit", "-n", "one"],
        &["key", "delete", "--all", "-n", "one", "--dry-run"],
        &["key", "delete", "--all", "-n", "one", "-y"],
    ];
    for args in runs {
        tame(&sandbox.run(args), &format!("{args:?}"));
    }
    sandbox.expect(0, &["import", "in.ndjson", "-n", "one"]);
    // Whoever asks for the bytes gets them.
    let listed = sandbox.run(&["key", "list", "-n", "one", "-0"]);
    assert_eq!(listed.stdout, format!("{EVIL}\0"));
    let listed = sandbox.run(&["key", "list", "-n", "one", "--json"]).stdout;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed[0]["name"], EVIL);
}
