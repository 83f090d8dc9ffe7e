//! `doctor`: what is decided by whom, and what is broken, whatever is broken.

use std::{process::Command, sync::Arc};

use kvctl::{
    domain::AccountId,
    emulator::{Action, Answer, Config, Fault, Grant, Token, TokenKind},
    wire::Account,
};
use serde_json::{Value, json};

use crate::{
    provision::BIO,
    sandbox::{ACCOUNT, Sandbox, Seen, assert_filtered, clock},
    wait::{Finish as _, piped},
};

/// A user's token as they are made since 2026; never to be seen anywhere.
const USERS: &str = "cfut_canary_0123456789";

fn id() -> AccountId {
    ACCOUNT.parse().unwrap()
}

fn config(token: Token) -> Config {
    let account = Account {
        id: id(),
        name: "Bio".to_owned(),
    };
    Config::remote(vec![account], vec![token], clock())
}

fn sandbox(token: Token) -> Sandbox {
    Sandbox::with(config(token))
}

fn user() -> Token {
    Token::new(USERS, [id()])
}

fn doctor(sandbox: &Sandbox, token: &str, args: &[&str]) -> Command {
    let mut command = sandbox.bare_command(&[&["doctor"], args].concat());
    command.env("CLOUDFLARE_API_TOKEN", token);
    command
}

/// Runs it, also as JSON and with all details, and looks for canaries in all of it.
fn see(mut command: Command) -> Seen {
    let args: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    let child = command.spawn().unwrap();
    let others = ["--json", "-vv"].map(|more| {
        let mut again = piped(command.get_program());
        again.args(&args).arg(more).env_clear();
        again.current_dir(command.get_current_dir().unwrap());
        for (name, value) in command.get_envs() {
            again.env(name, value.unwrap());
        }
        (more, again.spawn().unwrap())
    });
    let seen = child.finish();
    for (more, other) in others {
        let other = other.finish();
        assert_eq!(other.status.code(), seen.status.code(), "{more}: {other:?}");
        for text in [&other.stdout, &other.stderr, &seen.stdout, &seen.stderr] {
            assert!(!String::from_utf8_lossy(text).contains("canary"));
        }
    }
    Seen::of(seen)
}

/// What differs from run to run and from machine to machine.
const MACHINE: [(&str, &str); 2] = [
    (r"[0-9]* ms, ", "[N] ms, "),
    (r"(?m)^kvctl .*$", "kvctl [VERSION]"),
];

#[test]
fn a_healthy_project_is_explained() {
    let sandbox = sandbox(user());
    sandbox.write(
        "wrangler.toml",
        format!("account_id = \"{ACCOUNT}\"\n{BIO}\n[env.staging]\nname = \"bio-staging\"\n"),
    );
    sandbox.write("kvctl.toml", "");
    sandbox.write(
        "node_modules/wrangler/package.json",
        r#"{"version": "4.59.1"}"#,
    );
    sandbox.write(".env", "CLOUDFLARE_ENV=staging\nOTHER=canary\n");
    let seen = Seen::of(doctor(&sandbox, USERS, &[]));
    // The accounts, the token, the namespaces, the analytics.
    assert_eq!(sandbox.emulator.log().len(), 4);
    assert_filtered!(MACHINE, seen);
    let seen = see(doctor(&sandbox, USERS, &["--env", ""]));
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(
        sandbox
            .emulator
            .log()
            .iter()
            .all(|it| it.method == "GET" || it.path.ends_with("/graphql"))
    );
}

#[test]
fn the_json_document_has_a_form() {
    let sandbox = sandbox(user().without_analytics());
    let seen = Seen::of(doctor(&sandbox, USERS, &["--json"]));
    assert_eq!(seen.code, Some(0), "{seen}");
    let mut report: Value = serde_json::from_str(&seen.stdout).unwrap();
    report["versions"]["platform"] = json!("[PLATFORM]");
    report["versions"]["kvctl"] = json!("[VERSION]");
    assert!(report["network"]["round_trip_ms"].is_u64());
    report["network"]["round_trip_ms"] = json!(0);
    insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap());
}

#[test]
fn everything_broken_is_everything_reported() {
    let sandbox = sandbox(user());
    sandbox.write("wrangler.toml", "name = canary\n");
    sandbox.write("kvctl.toml", "[[namespace]]\nbindin = \"A\"\n");
    let mut command = sandbox.bare_command(&[
        "doctor",
        "--token-file",
        "none",
        "--ca-file",
        "authority.pem",
    ]);
    command
        .env("CLOUDFLARE_ACCOUNT_ID", "mine")
        .env("CLOUDFLARE_API_BASE_URL", "http://api.example.com")
        .env("SSL_CERT_FILE", "/nonexistent.pem");
    let seen = see(command);
    assert_eq!(seen.code, Some(8), "{seen}");
    assert_filtered!(MACHINE, seen);
    assert_eq!(sandbox.emulator.log().len(), 0);
}

#[test]
fn authorities_that_are_none_are_named_once() {
    let sandbox = sandbox(user());
    sandbox.write(
        "broken.pem",
        "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n",
    );
    for (file, said) in [
        (
            "none.pem",
            "broken: --ca-file: the certificate authorities in",
        ),
        (
            "broken.pem",
            "broken.pem has a certificate that cannot be decoded",
        ),
    ] {
        let seen = see(doctor(&sandbox, USERS, &["--ca-file", file]));
        assert_eq!(seen.code, Some(8), "{seen}");
        seen.assert_stdout(said);
        seen.assert_stdout("1 problem found");
    }
}

#[test]
fn without_a_network_there_is_still_a_report() {
    let sandbox = sandbox(user());
    let mut command = doctor(&sandbox, USERS, &[]);
    // Nobody listens there.
    command.env("CLOUDFLARE_API_BASE_URL", "http://127.0.0.1:1/client/v4");
    let seen = see(command);
    assert_eq!(seen.code, Some(8), "{seen}");
    seen.assert_stdout("could not connect");
    seen.assert_stdout("1 problem found");
}

#[test]
fn without_credentials_the_way_is_looked_at_all_the_same() {
    let sandbox = sandbox(user());
    let seen = see(sandbox.bare_command(&["doctor"]));
    assert_eq!(seen.code, Some(8), "{seen}");
    assert_filtered!(MACHINE, seen);
}

#[test]
fn the_password_of_a_proxy_is_not_shown() {
    let sandbox = sandbox(user());
    let mut command = doctor(&sandbox, USERS, &[]);
    command
        .env(
            "CLOUDFLARE_API_BASE_URL",
            "https://api.example.invalid/client/v4",
        )
        .env("https_proxy", "http://canary:canary@127.0.0.1:1");
    let seen = see(command);
    assert_eq!(seen.code, Some(8), "{seen}");
    // The names of variables have no case on Windows.
    let name = if cfg!(windows) {
        "HTTPS_PROXY"
    } else {
        "https_proxy"
    };
    seen.assert_stdout(format!("http://127.0.0.1:1, with a password  {name}"));
    // Not a loopback address by its form, and nobody listens there either.
    let mut command = doctor(&sandbox, USERS, &[]);
    command
        .env(
            "CLOUDFLARE_API_BASE_URL",
            "https://[::ffff:127.0.0.1]:1/client/v4",
        )
        .env("HTTPS_PROXY", "http://canary:canary@127.0.0.1:1")
        .env("NO_PROXY", "::/0");
    let seen = see(command);
    seen.assert_stdout("warning: HTTPS_PROXY is set, but no proxy is used");
}

#[test]
fn a_token_of_an_account_is_verified_where_it_is_known() {
    let token = "cfat_canary_0123456789";
    let sandbox = sandbox(Token::new(token, [id()]).kind(TokenKind::AccountOwned));
    let seen = see(doctor(&sandbox, token, &[]));
    assert_eq!(seen.code, Some(0), "{seen}");
    seen.assert_stdout("token of the account, active");
    let verified = |path: &str| {
        sandbox
            .emulator
            .log()
            .iter()
            .any(|it| it.path.ends_with(path))
    };
    assert!(verified(&format!("accounts/{ACCOUNT}/tokens/verify")));
    assert!(!verified("user/tokens/verify"));
}

#[test]
fn a_token_without_marks_is_looked_for_in_both_places() {
    let token = "canary_0123456789";
    let sandbox = sandbox(Token::new(token, [id()]).kind(TokenKind::AccountOwned));
    let seen = see(doctor(&sandbox, token, &[]));
    assert_eq!(seen.code, Some(0), "{seen}");
    seen.assert_stdout("token of the account, active");
}

#[test]
fn what_is_wrong_with_a_token_is_said() {
    let sandbox = sandbox(user());
    let verified = |status: &str, expires: &str| {
        let result = json!({ "id": "x", "status": status, "expires_on": expires });
        let body = json!({ "result": result, "success": true, "errors": [], "messages": [] });
        let answer = Answer::new(200, body.to_string()).header("content-type", "application/json");
        sandbox
            .emulator
            .fault(Fault::new("GET", "tokens/verify", Action::Answer(answer)));
        Seen::of(doctor(&sandbox, USERS, &[]))
    };
    for status in ["disabled", "expired"] {
        let seen = verified(status, "2020-01-01T00:00:00Z");
        assert_eq!(seen.code, Some(8), "{seen}");
        seen.assert_stdout(format!("broken: the user token is {status}"));
    }
    let soon = kvctl::env::now().as_second() + 3 * 86_400 + 3_600;
    let soon = jiff::Timestamp::from_second(soon).unwrap().to_string();
    let seen = verified("active", &soon);
    assert_eq!(seen.code, Some(0), "{seen}");
    seen.assert_stdout("warning: the user token expires in less than 4 days, on 2");
    // Not the service's at all, and a key in the place of a token.
    for token in ["cfut_canary_other", "cfk_canary_other"] {
        let seen = see(doctor(&sandbox, token, &[]));
        assert_eq!(seen.code, Some(8), "{seen}");
        seen.assert_stdout("the API rejects the credentials");
    }
}

#[test]
fn permissions_that_are_missing_are_named() {
    let sandbox = sandbox(user().grant(Grant::None).without_analytics());
    let seen = see(doctor(&sandbox, USERS, &[]));
    assert_eq!(seen.code, Some(8), "{seen}");
    assert_filtered!(MACHINE, seen);
}

#[test]
fn clocks_that_differ_are_a_fault() {
    for (by, said) in [(600, "600 s behind"), (-600, "600 s ahead of")] {
        let clock = Arc::new(move || kvctl::env::now().as_second() + by);
        let sandbox = Sandbox::with(Config {
            clock,
            ..config(user())
        });
        let seen = see(doctor(&sandbox, USERS, &[]));
        assert_eq!(seen.code, Some(8), "{seen}");
        // As exact as whole seconds on a busy machine are.
        let near = |off: i64| said.replace("600", &(600 + off).to_string());
        assert!(
            (-5..=5).any(|off| seen.stdout.contains(&near(off))),
            "{seen}"
        );
        seen.assert_stdout("1 problem found");
    }
}

#[test]
fn a_wrong_account_is_told_apart_from_a_missing_permission() {
    let sandbox = sandbox(user());
    let mut command = doctor(&sandbox, USERS, &[]);
    command.env("CLOUDFLARE_ACCOUNT_ID", "ffffffffffffffffffffffffffffff00");
    let seen = see(command);
    assert_eq!(seen.code, Some(8), "{seen}");
    seen.assert_stdout("broken: the credentials cannot access account");
    seen.assert_stdout("hint: select the right account with `--account-id ID`");
}

/// A file that is there and cannot be read, for whoever runs the tests.
#[cfg(target_os = "linux")]
#[test]
fn env_files_that_cannot_be_read_stop_all_others() {
    let sandbox = sandbox(user());
    std::os::unix::fs::symlink("/proc/self/mem", sandbox.app().join(".env")).unwrap();
    let mut list = sandbox.bare_command(&["namespace", "list"]);
    let seen = Seen::of(list.env("CLOUDFLARE_API_TOKEN", USERS));
    assert_eq!(seen.code, Some(5), "{seen}");
    let seen = see(doctor(&sandbox, USERS, &[]));
    assert_eq!(seen.code, Some(8), "{seen}");
    seen.assert_stdout("broken: could not read");
    seen.assert_stdout("Workers KV Storage: Read   granted");
}

#[test]
fn the_local_store_needs_nothing() {
    let sandbox = sandbox(user());
    let run = |args: &[&str]| Seen::of(sandbox.bare_command(args));
    let none = run(&["doctor", "--local"]);
    assert_eq!(none.code, Some(0), "{none}");
    none.assert_stdout("does not exist yet");
    assert!(!sandbox.app().join(".wrangler").exists());
    sandbox.write("wrangler.toml", BIO);
    assert_eq!(run(&["provision", "--local"]).code, Some(0));
    let put = ["key", "put", "a", "12345", "--local", "-b", "SESSIONS"];
    assert_eq!(run(&put).code, Some(0));
    let seen = see(sandbox.bare_command(&["doctor", "--local"]));
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_filtered!(MACHINE, seen);
    assert_eq!(sandbox.emulator.log().len(), 0);
}
