//! A copy from one account to another, each with its own token.

use kvctl::{
    domain::AccountId,
    emulator::{Config, Token},
    wire::Account,
};

use crate::sandbox::{ACCOUNT, Sandbox, Seen, TOKEN, clock};

const OTHER: &str = "ffffffffffffffffffffffffffffff01";

/// Two accounts with a token each; the first is the usual one. Each has a namespace `one`.
fn sandbox() -> Sandbox {
    let ids = [ACCOUNT, OTHER].map(|id| id.parse::<AccountId>().unwrap());
    let accounts = ids.iter().map(|id| Account {
        id: id.clone(),
        name: "Someone".to_owned(),
    });
    let tokens = vec![
        Token::new(TOKEN, [ids[0].clone()]),
        Token::new("other_token", [ids[1].clone()]),
    ];
    let sandbox = Sandbox::with(Config::remote(accounts.collect(), tokens, clock()));
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    sandbox.write("token", TOKEN);
    sandbox.write("other", "other_token");
    sandbox.expect(0, &["namespace", "create", "one"]);
    at_other(&sandbox, &["namespace", "create", "one"]);
    sandbox.expect(0, &["key", "put", "k", "v", "-n", "one"]);
    sandbox
}

#[track_caller]
fn at_other(sandbox: &Sandbox, args: &[&str]) -> Seen {
    let other = ["--account-id", OTHER, "--token-file", "other"];
    sandbox.expect(0, &[args, &other].concat())
}

const COPY: [&str; 5] = ["copy", "--from", "title:one", "--to", "title:one"];
const TO_OTHER: [&str; 4] = ["--to-account", OTHER, "--to-token-file", "other"];

#[test]
fn each_side_has_its_account_and_its_token() {
    let sandbox = sandbox();
    let seen = sandbox.expect(0, &[&COPY[..], &TO_OTHER].concat());
    assert_eq!(seen.stdout, "copied 1 record\n");
    let mut lines = seen.stderr.lines();
    for (side, account) in [("copying from ", ACCOUNT), ("copying to ", OTHER)] {
        let line = lines.next().unwrap_or_default();
        let is_right = line.starts_with(side) && line.contains(&format!("account {account}"));
        assert!(is_right, "{seen}");
    }
    assert_eq!(
        at_other(&sandbox, &["key", "get", "k", "-n", "one"]).stdout,
        "v"
    );
    // And the other way.
    at_other(&sandbox, &["key", "put", "back", "w", "-n", "one"]);
    let from_other = ["--from-account", OTHER, "--from-token-file", "other"];
    sandbox.expect(0, &[&COPY[..], &from_other].concat());
    assert_eq!(
        sandbox
            .expect(0, &["key", "get", "back", "-n", "one"])
            .stdout,
        "w"
    );
    // The usual token and account are the other's, and one side is named.
    let own = ["--from-account", ACCOUNT, "--from-token-file", "token"];
    at_other(&sandbox, &[&COPY[..], &own].concat());
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let sandbox = sandbox();
    let copy = |args: &[&str]| sandbox.run(&[&COPY[..], args].concat());
    let before = sandbox.emulator.requests("PUT");
    let same = copy(&["--to-account", ACCOUNT]);
    assert_eq!(same.code, Some(2), "{same}");
    same.assert_stderr("are the same namespace");
    insta::assert_snapshot!(copy(&["--to-account", OTHER]), @"
    exit: 4
    --- stderr
    error: could not open TO in account [ID]
      because: could not look up the namespace
      because: the API refused GET /accounts/[ID]/storage/kv/namespaces (403 Forbidden): Authentication error [code 10000], cf-ray [RAY]; sent with CLOUDFLARE_API_TOKEN
    hint: check on https://dash.cloudflare.com/profile/api-tokens that the token is valid, belongs to this account and has the permission `Workers KV Storage: Edit`
    ");
    insta::assert_snapshot!(copy(&["--to-token-file", "none"]), @"
    exit: 4
    --- stderr
    error: could not open TO
      because: could not read the token file [HOME]/app/none
      because: No such file or directory (os error 2)
    ");
    let local = [
        "copy",
        "--from",
        "title:one",
        "--to",
        "local:title:one",
        "--to-account",
        OTHER,
    ];
    insta::assert_snapshot!(sandbox.run(&local), @"
    exit: 2
    --- stderr
    error: `--to-account` has no effect: TO is in the local store
    hint: leave the option out
    ");
    let all_local = copy(&["--local", "--from-token-file", "other"]);
    assert_eq!(all_local.code, Some(2), "{all_local}");
    assert_eq!(sandbox.emulator.requests("PUT"), before);
}

#[cfg(unix)]
#[test]
fn a_token_of_one_side_may_come_through_a_pipe() {
    let sandbox = sandbox();
    crate::sandbox::mkfifo(&sandbox.app().join("pipe"));
    let to = ["--to-account", OTHER, "--to-token-file", "pipe"];
    let child = sandbox.command(&[&COPY[..], &to].concat()).spawn().unwrap();
    sandbox.write("pipe", "other_token\n");
    let seen = Seen::of(child);
    assert_eq!(seen.code, Some(0), "{seen}");
}
