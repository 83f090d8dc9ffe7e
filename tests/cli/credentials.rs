//! Who is asking, and that nobody else learns of it.

use std::process::Output;

use kvctl::{
    domain::AccountId,
    emulator::{Action, Answer, Config, Fault, Grant, Token},
    wire::Account,
};

use crate::{
    provision::BIO,
    sandbox::{ACCOUNT, Sandbox, Seen, TOKEN, clock},
    wait::Finish as _,
};

fn account(id: &str, name: &str) -> Account {
    Account {
        id: id.parse().unwrap(),
        name: name.to_owned(),
    }
}

#[test]
fn no_credentials_name_the_variables_and_the_permission() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    let seen = Seen::of(sandbox.bare_command(&["provision"]));
    assert_eq!(seen.code, Some(4), "{seen}");
    insta::assert_snapshot!(seen);
    assert_eq!(sandbox.emulator.log().len(), 0);
}

#[test]
fn several_accounts_are_listed_and_one_is_taken() {
    let other = "ffffffffffffffffffffffffffffff00";
    let accounts = vec![account(ACCOUNT, "Bio"), account(other, "Shop")];
    let both: Vec<AccountId> = accounts.iter().map(|a| a.id.clone()).collect();
    let tokens = vec![
        Token::new(TOKEN, both.clone()),
        Token::new("single", both[1..].to_vec()),
    ];
    let sandbox = Sandbox::with(Config::remote(accounts, tokens, clock()));
    sandbox.write("wrangler.toml", BIO);
    let run = |token: &str| {
        let mut command = sandbox.bare_command(&["provision", "--dry-run"]);
        Seen::of(command.env("CLOUDFLARE_API_TOKEN", token))
    };
    let seen = run(TOKEN);
    assert_eq!(seen.code, Some(9), "{seen}");
    insta::assert_snapshot!(seen);
    let seen = run("single");
    assert_eq!(seen.code, Some(0), "{seen}");
}

#[test]
fn a_token_that_may_only_read_is_denied() {
    let id: AccountId = ACCOUNT.parse().unwrap();
    let tokens = vec![Token::new(TOKEN, [id]).grant(Grant::Read)];
    let config = Config::remote(vec![account(ACCOUNT, "Bio")], tokens, clock());
    let sandbox = Sandbox::with(config);
    sandbox.write("wrangler.toml", BIO);
    let seen = sandbox.expect(4, &["provision", "SESSIONS"]);
    insta::assert_snapshot!(seen);
    assert_eq!(sandbox.read("wrangler.toml"), BIO);
}

#[test]
fn credentials_may_come_from_files() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    sandbox.write("token", format!("{TOKEN}\n"));
    let list = |args: &[&str]| Seen::of(sandbox.bare_command(args));
    let seen = list(&[
        "namespace",
        "list",
        "--token-file",
        "token",
        "--account-id",
        ACCOUNT,
    ]);
    assert_eq!(seen.code, Some(0), "{seen}");
    // wrangler's env file, beside the wrangler file.
    sandbox.write(
        ".env",
        format!("CLOUDFLARE_API_TOKEN={TOKEN}\nCLOUDFLARE_ACCOUNT_ID={ACCOUNT}\n"),
    );
    let seen = list(&["namespace", "list"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    sandbox.write(".env", "");
    // wrangler's login.
    let login =
        |expiry: &str| format!("oauth_token = \"{TOKEN}\"\nexpiration_time = \"{expiry}\"\n");
    sandbox.write(
        "../.config/.wrangler/config/default.toml",
        login("2999-01-01T00:00:00.000Z"),
    );
    let seen = list(&["namespace", "list"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    sandbox.write(
        "../.config/.wrangler/config/default.toml",
        login("2020-01-01T00:00:00.000Z"),
    );
    let seen = list(&["namespace", "list"]);
    assert_eq!(seen.code, Some(4), "{seen}");
    insta::assert_snapshot!(seen);
}

#[test]
fn a_token_is_never_sent_in_clear_to_another_machine() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["namespace", "list"]);
    command.env(
        "CLOUDFLARE_API_BASE_URL",
        "http://api.example.com/client/v4",
    );
    let seen = Seen::of(command);
    assert_eq!(seen.code, Some(2), "{seen}");
    insta::assert_snapshot!(seen);
}

fn assert_no_canary(output: &Output) {
    for stream in [&output.stdout, &output.stderr] {
        assert!(!String::from_utf8_lossy(stream).contains(TOKEN));
    }
}

#[test]
fn the_token_is_shown_nowhere() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    sandbox.write("token", TOKEN);
    let html = Answer::new(502, "<html>bad gateway</html>").header("content-type", "text/html");
    sandbox
        .emulator
        .fault(Fault::new("POST", "namespaces", Action::CutAfter));
    sandbox
        .emulator
        .fault(Fault::new("GET", "page=1", Action::Answer(html)));
    let runs: [&[&str]; 5] = [
        &["provision", "-vv"],
        &["provision", "-vv", "--json"],
        &["namespace", "get", "none", "-vv"],
        &["namespace", "list", "-vv", "--token-file", "token"],
        &["namespace", "list", "--token", TOKEN],
    ];
    for args in runs {
        let output = sandbox.command(args).env("RUST_BACKTRACE", "full").finish();
        if args != runs[4] {
            assert!(
                !output.stderr.is_empty(),
                "{args:?} said nothing that could leak"
            );
        }
        assert_no_canary(&output);
    }
    for odd in [
        format!("{TOKEN} {TOKEN}"),
        format!("Bearer {TOKEN}"),
        format!("{TOKEN}\u{1}"),
    ] {
        let mut command = sandbox.command(&["provision", "-vv"]);
        let output = command.env("CLOUDFLARE_API_TOKEN", odd).finish();
        assert_eq!(output.status.code(), Some(4));
        assert_no_canary(&output);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_command_line_of_the_process_does_not_hold_the_token() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    let wait = Action::Delay(std::time::Duration::from_mins(1));
    sandbox
        .emulator
        .fault(Fault::new("GET", "namespaces", wait));
    let mut child = sandbox.command(&["provision"]).spawn().unwrap();
    let cmdline = fs_err::read(format!("/proc/{}/cmdline", child.id())).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!String::from_utf8_lossy(&cmdline).contains(TOKEN));
}
