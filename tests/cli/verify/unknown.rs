//! What could not be found out is not a pass: every request that is made to find something out fails
//! in every way, one endpoint at a time and all at once.

use std::{fmt::Write as _, time::Duration};

use kvctl::emulator::{Action, Answer, Fault};
use serde_json::Value;

use super::{MANIFEST, project, setup};
use crate::sandbox::{Sandbox, Seen};

/// Where a request goes: a method and a part of the path.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Endpoint(&'static str, &'static str);

const ALL: Endpoint = Endpoint("", "");
const TOKEN: Endpoint = Endpoint("GET", "/tokens/verify");
const ACCOUNTS: Endpoint = Endpoint("GET", "/accounts?");
const LIST: Endpoint = Endpoint("GET", "/storage/kv/namespaces?");
const PUT: Endpoint = Endpoint("PUT", "/values/");
const VALUE: Endpoint = Endpoint("GET", "/values/");
const METADATA: Endpoint = Endpoint("GET", "/metadata/");
const KEYS: Endpoint = Endpoint("GET", "/keys?");
const DELETE: Endpoint = Endpoint("DELETE", "/values/");
const VALUES: Endpoint = Endpoint("POST", "/bulk/get");
const ANALYTICS: Endpoint = Endpoint("POST", "/graphql");

/// How it fails.
#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    Unauthorized,
    Forbidden,
    /// What a firewall says that stands before the service.
    ForbiddenPage,
    NotFound,
    Throttled,
    Broken,
    Page,
    Empty,
    Unsuccessful,
    Cut,
    Late,
}

impl How {
    const ALL: [Self; 11] = [
        Self::Unauthorized,
        Self::Forbidden,
        Self::ForbiddenPage,
        Self::NotFound,
        Self::Throttled,
        Self::Broken,
        Self::Page,
        Self::Empty,
        Self::Unsuccessful,
        Self::Cut,
        Self::Late,
    ];

    fn action(self) -> Action {
        let refusal = |status, errors: &str| {
            let text = format!("{{\"success\":false,\"result\":null,\"errors\":[{errors}]}}");
            let answer = Answer::new(status, text).header("content-type", "application/json");
            Action::Answer(answer)
        };
        let denied = "{\"code\":10000,\"message\":\"Authentication error\"}";
        match self {
            Self::Unauthorized => refusal(401, denied),
            Self::Forbidden => refusal(403, denied),
            Self::ForbiddenPage => Action::Answer(
                Answer::new(403, "<html><h1>Blocked</h1></html>")
                    .header("content-type", "text/html"),
            ),
            Self::NotFound => refusal(404, ""),
            Self::Throttled => refusal(429, "{\"code\":971,\"message\":\"Please wait\"}"),
            Self::Broken => refusal(500, ""),
            Self::Unsuccessful => refusal(200, ""),
            Self::Page => Action::Answer(
                Answer::new(200, "<!doctype html><title>Sign in</title>")
                    .header("content-type", "text/html"),
            ),
            Self::Empty => Action::Answer(Answer::new(200, "")),
            Self::Cut => Action::CutBody,
            Self::Late => Action::Delay(Duration::from_secs(2)),
        }
    }

    /// Whether the answer is one of the service about who is asking.
    fn is_denial(self) -> bool {
        matches!(self, Self::Unauthorized | Self::Forbidden)
    }
}

/// A project with two namespaces and an assertion about a key.
fn asserting() -> Sandbox {
    let sandbox = project();
    setup(&sandbox, &["key", "put", "-b", "CACHE", "k", "v"]);
    let assertion = "[[assert]]\nbinding = \"CACHE\"\nkey = \"k\"\nequals = \"v\"\n";
    sandbox.write("kvctl.toml", format!("{MANIFEST}\n{assertion}"));
    let mut records = "{\"key\":\"k\",\"value\":\"v\"}\n".to_owned();
    sandbox.write("folder/k", "v");
    // So many that they are read in bulk.
    for n in 0..20 {
        writeln!(records, "{{\"key\":\"n{n:02}\",\"value\":\"v\"}}").unwrap();
        sandbox.write(&format!("folder/n{n:02}"), "v");
    }
    sandbox.write("in.ndjson", records);
    setup(&sandbox, &["import", "in.ndjson", "-b", "CACHE"]);
    sandbox
}

fn run(sandbox: &Sandbox, args: &[&str], endpoint: Endpoint) -> Seen {
    let hasty = ["--retries", "0", "--timeout", "1s"];
    let mut command = sandbox.command(&[args, &hasty].concat());
    if endpoint == ACCOUNTS {
        command.env_remove("CLOUDFLARE_ACCOUNT_ID");
    }
    Seen::of(command)
}

/// Runs `args` while the service fails as said.
fn under(sandbox: &Sandbox, endpoint: Endpoint, how: How, args: &[&str]) -> Seen {
    let Endpoint(method, path) = endpoint;
    let action = match (endpoint, how) {
        // What is large may take minutes, so that is not waited for.
        (VALUE | VALUES | ANALYTICS, How::Late) => Action::CutBefore,
        // Whether that confirms a write is the client's business.
        (PUT | DELETE, How::Empty) => How::Page.action(),
        _ => how.action(),
    };
    // Where the list of accounts is denied, the memberships are asked for.
    for path in [path, "/memberships"] {
        if path != "/memberships" || endpoint == ACCOUNTS {
            let fault = Fault::new(method, path, action.clone());
            sandbox.emulator.fault(fault.forever());
        }
    }
    let seen = run(sandbox, args, endpoint);
    sandbox.emulator.clear_faults();
    seen
}

/// The checks that have something to say for which the answers of `endpoint` are needed.
fn needs(endpoint: Endpoint) -> &'static [&'static str] {
    match endpoint {
        ALL => &[
            "credentials",
            "account",
            "permission",
            "namespaces",
            "probe",
            "assertions",
        ],
        ACCOUNTS | LIST => &["account", "permission", "namespaces", "probe", "assertions"],
        TOKEN => &["credentials"],
        PUT => &["permission", "probe"],
        VALUE => &["probe", "assertions"],
        _ => &["probe"],
    }
}

fn verify_finds_out(endpoint: Endpoint) {
    let sandbox = asserting();
    for how in How::ALL {
        let args = ["verify", "--json", "--consistency-timeout", "50ms"];
        let seen = under(&sandbox, endpoint, how, &args);
        let what = format!("{endpoint:?} {how:?}");
        // A token that no endpoint knows opens something even so.
        let opens = endpoint == TOKEN && how.is_denial();
        if opens {
            assert_eq!(seen.code, Some(0), "{what} {seen}");
            assert!(!seen.stdout.contains("login"), "{what} {seen}");
        } else {
            assert!(matches!(seen.code, Some(4 | 7 | 8)), "{what} {seen}");
        }
        let report: Value = serde_json::from_str(&seen.stdout).unwrap();
        let outcome = if opens { "warn" } else { "fail" };
        assert_eq!(report["outcome"], outcome, "{what} {seen}");
        let findings = report["findings"].as_array().unwrap();
        let ended = |name: &str, status: &str| {
            let mut of = findings.iter().filter(|it| it["check"] == name);
            of.any(|it| it["status"] == status)
        };
        for name in needs(endpoint) {
            let all = findings.iter().filter(|it| it["check"] == **name);
            for finding in all {
                assert_ne!(finding["status"], "pass", "{what} {name} {seen}");
            }
        }
        // Nobody else is blamed who did not fail.
        for finding in findings {
            let message = finding["message"].as_str().unwrap();
            let blamed = message.strip_prefix("the check `");
            if let Some((name, _)) = blamed.and_then(|rest| rest.split_once("` failed")) {
                assert!(ended(name, "fail"), "{what} {name} {seen}");
            }
        }
    }
}

#[test]
fn verify_takes_no_token_for_valid_that_it_could_not_ask_about() {
    verify_finds_out(TOKEN);
}

#[test]
fn doctor_says_that_it_could_not_find_out_whose_the_token_is() {
    let seen = under(&asserting(), TOKEN, How::Forbidden, &["doctor"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    for said in ["\nidentity\n  unknown\n", "1 warning."] {
        seen.assert_stdout(said);
    }
}

#[test]
fn verify_takes_writing_for_allowed_only_where_something_was_written() {
    let sandbox = project();
    std::fs::remove_file(sandbox.app().join("kvctl.toml")).ok();
    sandbox.write("wrangler.toml", "name = \"bio\"\nkv_namespaces = []\n");
    let only = ["verify", "--only", "permission"];
    let seen = run(&sandbox, &only, ALL);
    assert_eq!(seen.code, Some(0), "{seen}");
    seen.assert_stdout("warn  permission");
    let reading = [&only[..], &["--read-only"]].concat();
    let seen = run(&sandbox, &reading, ALL);
    seen.assert_stdout("pass  permission");
}

#[test]
fn verify_takes_no_account_for_reached_that_it_could_not_ask_for() {
    verify_finds_out(ACCOUNTS);
}

#[test]
fn verify_takes_no_namespace_for_there_that_it_could_not_list() {
    verify_finds_out(LIST);
}

#[test]
fn verify_takes_no_value_for_written_that_was_not_confirmed() {
    verify_finds_out(PUT);
    verify_finds_out(DELETE);
}

#[test]
fn verify_takes_no_value_for_read_that_was_not() {
    verify_finds_out(VALUE);
    verify_finds_out(METADATA);
    verify_finds_out(KEYS);
}

#[test]
fn verify_takes_nothing_for_well_where_nothing_is() {
    verify_finds_out(ALL);
}

#[test]
fn no_check_succeeds_without_an_answer() {
    let commands: &[(&[&str], &[Endpoint])] = &[
        (&["provision", "--check"], &[LIST, ACCOUNTS, ALL]),
        (
            &["diff", "in.ndjson", "title:the-cache"],
            &[LIST, KEYS, VALUES, ALL],
        ),
        (&["audit", "-b", "CACHE"], &[KEYS, ALL]),
        (
            &["sync", "folder", "-b", "CACHE", "--dry-run"],
            &[KEYS, VALUES, ALL],
        ),
    ];
    let sandbox = asserting();
    for (args, endpoints) in commands {
        let well = run(&sandbox, args, ALL);
        assert_eq!(well.code, Some(0), "{args:?} {well}");
        for endpoint in *endpoints {
            for how in How::ALL {
                let seen = under(&sandbox, *endpoint, how, args);
                assert_ne!(seen.code, Some(0), "{args:?} {endpoint:?} {how:?} {seen}");
            }
        }
    }
}

#[test]
fn doctor_finds_everything_broken_that_did_not_answer() {
    let sandbox = asserting();
    let well = run(&sandbox, &["doctor"], ALL);
    assert_eq!(well.code, Some(0), "{well}");
    for endpoint in [TOKEN, ACCOUNTS, LIST, ANALYTICS, ALL] {
        for how in How::ALL {
            let known = match endpoint {
                // A token that opens things is one, also if no endpoint knows it; and one without
                // this permission is told so, and is good for all but `kvctl usage`.
                TOKEN | ANALYTICS => how.is_denial(),
                _ => false,
            };
            let seen = under(&sandbox, endpoint, how, &["doctor", "--json"]);
            let what = format!("{endpoint:?} {how:?} {seen}");
            assert_eq!(seen.code, Some(if known { 0 } else { 8 }), "{what}");
            let report: Value = serde_json::from_str(&seen.stdout).unwrap();
            if endpoint == TOKEN {
                assert_eq!(report["identity"], Value::Null, "{what}");
                let findings = report["findings"].as_array().unwrap();
                assert!(findings.iter().any(|it| it["level"] != "note"), "{what}");
            }
            let granted = |right: &str| {
                let rights = report["permissions"].as_array().unwrap();
                rights
                    .iter()
                    .any(|it| it["name"] == right && it["state"] == "granted")
            };
            match endpoint {
                LIST | ALL => assert!(!granted("Workers KV Storage Read"), "{what}"),
                ANALYTICS => {
                    assert!(!granted("Account Analytics Read"), "{what}");
                    let missing = seen.stdout.contains("\"missing\"");
                    assert_eq!(missing, how.is_denial(), "{what}");
                }
                _ => {}
            }
        }
    }
}
