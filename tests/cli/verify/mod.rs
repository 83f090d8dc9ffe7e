//! `kvctl verify`: a healthy project, what can be wrong with one, and what is left behind.

#[cfg(unix)]
mod action;
mod bad_input;
mod faults;
mod junit;
mod reports;
mod sections;
#[cfg(unix)]
mod signals;
mod unknown;

use kvctl::{
    domain::AccountId,
    emulator::{Config, Token},
    wire::Account,
};

use crate::sandbox::{ACCOUNT, Sandbox, Seen, TOKEN, assert_filtered, clock};

/// A project that has everything, with `[[assert]]` tables of its own.
pub(crate) const WRANGLER: &str = "\
name = \"bio\"
main = \"src/index.ts\"
";

/// What the project says of itself.
const MANIFEST: &str = "\
[[namespace]]
binding = \"CACHE\"
title = \"the-cache\"

[[namespace]]
binding = \"SESSIONS\"
title = \"the-sessions\"
";

/// A service that is set up by `adjust`, and a provisioned project.
fn project_with(adjust: impl FnOnce(Config) -> Config) -> Sandbox {
    let id: AccountId = ACCOUNT.parse().unwrap();
    let account = Account {
        id: id.clone(),
        name: "Bio".to_owned(),
    };
    let tokens = vec![Token::new(TOKEN, [id.clone()]), Token::new("setup", [id])];
    let sandbox = Sandbox::with(adjust(Config::remote(vec![account], tokens, clock())));
    sandbox.write("wrangler.toml", WRANGLER);
    sandbox.write("kvctl.toml", MANIFEST);
    setup(&sandbox, &["provision", "--preview", "separate"]);
    sandbox
}

fn project() -> Sandbox {
    project_with(|config| config)
}

/// Runs a command with a token that may do everything.
fn setup(sandbox: &Sandbox, args: &[&str]) {
    let mut command = sandbox.command(args);
    let seen = Seen::of(command.env("CLOUDFLARE_API_TOKEN", "setup"));
    assert_eq!(seen.code, Some(0), "{seen}");
}

/// The names of the probe keys that are there.
fn probe_keys(sandbox: &Sandbox) -> Vec<String> {
    let keys = |binding: &str| {
        let args = ["key", "list", "-b", binding, "--prefix", "kvctl:probe:"];
        let mut command = sandbox.command(&args);
        let seen = Seen::of(command.env("CLOUDFLARE_API_TOKEN", "setup"));
        assert_eq!(seen.code, Some(0), "{seen}");
        seen.stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    ["CACHE", "SESSIONS"].into_iter().flat_map(keys).collect()
}

/// Returns the probe keys that were written and not deleted, going by the service's log.
fn probes_left(sandbox: &Sandbox) -> Vec<String> {
    let log = sandbox.emulator.log();
    let done = |method: &str| {
        let entries = log
            .iter()
            .filter(move |e| e.method == method && e.status == Some(200));
        let paths = entries.map(|e| e.path.split('?').next().unwrap().to_owned());
        paths
            .filter(|path| path.contains("kvctl"))
            .collect::<Vec<_>>()
    };
    let deleted = done("DELETE");
    done("PUT")
        .into_iter()
        .filter(|path| !deleted.contains(path))
        .collect()
}

/// The names of probe keys differ from run to run.
const PROBE_KEYS: [(&str, &str); 1] =
    [(r"(kvctl(?::|%3A)probe(?::|%3A))[0-9A-Fa-f]+", "${1}[KEY]")];

fn run(sandbox: &Sandbox, args: &[&str]) -> Seen {
    sandbox.run(&[&["verify", "--retries", "0"], args].concat())
}

#[test]
fn a_healthy_project_passes_with_three_requests_and_five_for_each_namespace() {
    let sandbox = project();
    let before = sandbox.emulator.log().len();
    let seen = run(&sandbox, &[]);
    let log = sandbox.emulator.log();
    let asked: Vec<String> = log[before..]
        .iter()
        .map(|entry| {
            let path = entry.path.split('?').next().unwrap();
            let below = path.split("/namespaces/").nth(1).unwrap_or(path);
            let kind = below.split('/').nth(1).filter(|_| below != path);
            format!("{} {}", entry.method, kind.unwrap_or(path))
        })
        .collect();
    assert_eq!(asked.len(), 3 + 2 * 5, "{asked:#?}");
    for kind in [
        "PUT values",
        "GET values",
        "GET metadata",
        "GET keys",
        "DELETE values",
    ] {
        assert_eq!(asked.iter().filter(|a| *a == kind).count(), 2, "{asked:#?}");
    }
    assert_filtered!(PROBE_KEYS, seen);
    assert_eq!(probe_keys(&sandbox), Vec::<String>::new());
}

#[test]
fn read_only_writes_nothing() {
    let sandbox = project();
    let writes = || ["PUT", "POST", "DELETE"].map(|method| sandbox.emulator.requests(method));
    let before = writes();
    let seen = run(&sandbox, &["--read-only"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    seen.assert_stdout("`--read-only` was given");
    assert_eq!(writes(), before);
}

#[test]
fn the_permission_alone_is_tried_on_what_is_not_there() {
    let sandbox = project();
    let before = sandbox.emulator.log().len();
    let seen = run(&sandbox, &["--only", "permission"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    seen.assert_stdout("can read and write");
    let log = sandbox.emulator.log();
    let methods: Vec<&str> = log[before..].iter().map(|e| e.method.as_str()).collect();
    assert_eq!(methods, ["GET", "DELETE"]);
}

#[test]
fn a_project_passes_locally_without_credentials() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", WRANGLER);
    let run = |args: &[&str]| Seen::of(sandbox.bare_command(args));
    let seen = run(&["--local", "provision", "--preview", "separate"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_filtered!(PROBE_KEYS, run(&["--local", "verify"]));
    assert_eq!(sandbox.emulator.log().len(), 0);
    // Before it is provisioned, too: `wrangler dev` needs no ids.
    sandbox.write(
        "wrangler.toml",
        "name = \"bio\"\nkv_namespaces = [{ binding = \"A\" }, { binding = \"B\", id = \"<id>\" \
         }]\n",
    );
    let seen = run(&["--local", "verify"]);
    assert_eq!(seen.code, Some(0), "{seen}");
}

#[test]
fn writes_that_are_seen_late_are_waited_for() {
    let sandbox = project();
    sandbox.emulator.lag(std::time::Duration::from_millis(1500));
    let seen = run(&sandbox, &["--only", "probe"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    seen.assert_stdout("the value was correct after 1.");
    seen.assert_stdout("(first absent after ");
}

#[test]
fn other_kinds_of_credentials_are_judged_where_they_can_be() {
    use kvctl::emulator::TokenKind;
    let sandbox = project_with(|config| {
        let id: AccountId = ACCOUNT.parse().unwrap();
        let email = "a@example.com".to_owned();
        let mut tokens = vec![
            Token::new("cfat_account", [id.clone()]).kind(TokenKind::AccountOwned),
            Token::new("old_account", [id.clone()]).kind(TokenKind::AccountOwned),
            Token::new("global", [id.clone()]).kind(TokenKind::GlobalKey { email }),
        ];
        tokens.push(Token::new("setup", [id]));
        Config {
            access: kvctl::emulator::Access::Tokens(tokens),
            ..config
        }
    });
    let verify = |variables: &[(&str, &str)]| {
        let before = sandbox.emulator.log().len();
        let mut command = sandbox.bare_command(&["verify", "--only", "credentials"]);
        command.env("CLOUDFLARE_ACCOUNT_ID", ACCOUNT);
        let seen = Seen::of(command.envs(variables.iter().copied()));
        assert_eq!(seen.code, Some(0), "{seen}");
        let line = seen.stdout.lines().next().unwrap().to_owned();
        (line, sandbox.emulator.log().len() - before)
    };
    let account = "pass  credentials    the account token is active".to_owned();
    let token = |text| verify(&[("CLOUDFLARE_API_TOKEN", text)]);
    assert_eq!(token("cfat_account"), (account.clone(), 1));
    assert_eq!(token("old_account"), (account, 2));
    let key = [
        ("CLOUDFLARE_API_KEY", "global"),
        ("CLOUDFLARE_EMAIL", "a@example.com"),
    ];
    let accepted = "pass  credentials    the global API key is accepted".to_owned();
    assert_eq!(verify(&key), (accepted, 1));
}
