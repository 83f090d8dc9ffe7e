//! wrangler's logins: which of them is used where, and that no other is used instead.

use std::process::Command;

use kvctl::{
    domain::AccountId,
    emulator::{Config, Token},
    wire::Account,
};

use crate::sandbox::{ACCOUNT, Sandbox, Seen, clock};

const SHOP: &str = "ffffffffffffffffffffffffffffff01";
const GEO: &str = "ffffffffffffffffffffffffffffff02";

/// The login of each account.
const LOGINS: [(&str, &str); 3] = [("default", ACCOUNT), ("work", SHOP), ("home", GEO)];

const WRANGLER: &str = "../.config/.wrangler";

/// A user with three logins, each to an account of its own: `app` is bound to `work`, and a folder
/// below it to `home`.
fn sandbox() -> Sandbox {
    let ids = LOGINS.map(|(_, id)| id.parse::<AccountId>().unwrap());
    let accounts = ids.iter().map(|id| Account {
        id: id.clone(),
        name: "Someone".to_owned(),
    });
    let tokens = LOGINS.iter().zip(&ids);
    let tokens = tokens.map(|((name, _), id)| Token::new(&format!("token_{name}"), [id.clone()]));
    let config = Config::remote(accounts.collect(), tokens.collect(), clock());
    let sandbox = Sandbox::with(config);
    for (name, _) in LOGINS {
        let text = format!(
            "oauth_token = \"token_{name}\"\nexpiration_time = \"2999-01-01T00:00:00.000Z\"\n"
        );
        sandbox.write(&format!("{WRANGLER}/config/{name}.toml"), text);
    }
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    sandbox.write("sub/deep/below/wrangler.toml", "name = \"deep\"\n");
    sandbox.write("../elsewhere/wrangler.toml", "name = \"elsewhere\"\n");
    bind(&sandbox, &[("app", "work"), ("app/sub/deep", "home")]);
    sandbox
}

fn bind(sandbox: &Sandbox, bindings: &[(&str, &str)]) {
    let lines = bindings.iter().map(|(directory, profile)| {
        let directory = serde_json::json!(sandbox.shown(directory));
        format!("\t{directory}: \"{profile}\"")
    });
    let lines: Vec<String> = lines.collect();
    let text = format!("{{\n{}\n}}", lines.join(",\n"));
    sandbox.write(
        &format!("{WRANGLER}/profiles/directory-bindings.json"),
        text,
    );
}

fn command(sandbox: &Sandbox, directory: &str, args: &[&str]) -> Command {
    let args = [&["namespace", "list"], args].concat();
    let mut command = sandbox.bare_command(&args);
    command.current_dir(sandbox.app().join(directory));
    command
}

/// The account that a command asked, run to a good end.
#[track_caller]
fn account(sandbox: &Sandbox, command: Command) -> String {
    let before = sandbox.emulator.log().len();
    let seen = Seen::of(command);
    assert_eq!(seen.code, Some(0), "{seen}");
    let log = sandbox.emulator.log();
    let asked = log[before..].iter().filter_map(|entry| {
        let (_, rest) = entry.path.split_once("/accounts/")?;
        Some(rest.split_once('/')?.0.to_owned())
    });
    let mut asked: Vec<String> = asked.collect();
    asked.dedup();
    assert_eq!(asked.len(), 1, "{asked:?}");
    asked.remove(0)
}

#[test]
fn each_folder_has_its_login_and_a_flag_or_variable_wins() {
    let sandbox = sandbox();
    let of = |directory: &str, args: &[&str]| account(&sandbox, command(&sandbox, directory, args));
    assert_eq!(of("../elsewhere", &[]), ACCOUNT);
    assert_eq!(of(".", &[]), SHOP);
    assert_eq!(of("sub", &[]), SHOP);
    assert_eq!(of("sub/deep", &[]), GEO);
    assert_eq!(of("sub/deep/below", &[]), GEO);
    assert_eq!(of("../elsewhere", &["--cwd", "../app/sub/deep"]), GEO);
    // The folder of a file that is named decides, not the current one.
    assert_eq!(of("sub/deep", &["-c", "../../wrangler.toml"]), SHOP);
    assert_eq!(of(".", &["-c", "sub/deep/below/wrangler.toml"]), GEO);
    assert_eq!(
        of("sub/deep", &["-c", "../../../elsewhere/wrangler.toml"]),
        ACCOUNT
    );
    // The flag wins over the variable, and that over the folder.
    assert_eq!(of(".", &["--profile", "home"]), GEO);
    assert_eq!(of(".", &["--profile", "default"]), ACCOUNT);
    let mut set = command(&sandbox, ".", &[]);
    set.env("CLOUDFLARE_AUTH_PROFILE", "home");
    assert_eq!(account(&sandbox, set), GEO);
    let mut set = command(&sandbox, ".", &["--profile", "default"]);
    set.env("CLOUDFLARE_AUTH_PROFILE", "home");
    assert_eq!(account(&sandbox, set), ACCOUNT);
    sandbox.write(".env", "CLOUDFLARE_AUTH_PROFILE=home\n");
    assert_eq!(of(".", &[]), GEO);
    sandbox.write("profile.env", "CLOUDFLARE_AUTH_PROFILE=default\n");
    assert_eq!(of("sub", &["--env-file", "../profile.env"]), ACCOUNT);
}

#[test]
fn changes_go_to_the_account_of_the_folder() {
    let sandbox = sandbox();
    for directory in [".", "sub/deep/below"] {
        let mut create = sandbox.bare_command(&["namespace", "create", "one"]);
        create.current_dir(sandbox.app().join(directory));
        let expected = if directory == "." { SHOP } else { GEO };
        assert_eq!(account(&sandbox, create), expected);
    }
    let seen = Seen::of(command(&sandbox, "../elsewhere", &["--json"]));
    assert!(!seen.stdout.contains("one"), "{seen}");
}

#[cfg(unix)]
#[test]
fn links_lead_where_cd_leads_and_the_bindings_may_be_one() {
    use std::os::unix::fs::symlink;
    let sandbox = sandbox();
    let home = sandbox.app().join("..");
    symlink("app/sub/deep", home.join("link")).unwrap();
    let of = |directory: &str, args: &[&str]| account(&sandbox, command(&sandbox, directory, args));
    assert_eq!(of("../elsewhere", &["--cwd", "../link"]), GEO);
    assert_eq!(of("../elsewhere", &["--cwd", "../link/.."]), SHOP);
    let bindings = home.join(".config/.wrangler/profiles/directory-bindings.json");
    fs_err::rename(&bindings, home.join("dotfile.json")).unwrap();
    symlink("../../../dotfile.json", &bindings).unwrap();
    assert_eq!(of(".", &[]), SHOP);
    assert_eq!(of("sub/deep", &[]), GEO);
    // Not the default login where the link leads nowhere.
    fs_err::remove_file(home.join("dotfile.json")).unwrap();
    let seen = Seen::of(command(&sandbox, ".", &[]));
    assert_eq!(seen.code, Some(4), "{seen}");
    seen.assert_stderr("directory-bindings.json, which says which login a directory uses");
}

#[test]
fn a_login_that_is_not_there_is_never_replaced_by_another() {
    let sandbox = sandbox();
    let refused = |command: Command| {
        let seen = Seen::of(command);
        assert_eq!(seen.code, Some(4), "{seen}");
        seen
    };
    insta::assert_snapshot!(refused(command(&sandbox, ".", &["--profile", "nope"])), @"
    exit: 4
    --- stderr
    error: wrangler has no login `nope`, which is chosen by --profile
    hint: create it with `wrangler auth create nope`, or choose another with `--profile NAME`; `wrangler auth list` shows them
    ");
    let mut set = command(&sandbox, ".", &[]);
    set.env("CLOUDFLARE_AUTH_PROFILE", "nope");
    refused(set).assert_stderr("`nope`, which is chosen by CLOUDFLARE_AUTH_PROFILE\n");
    sandbox.write(".env", "CLOUDFLARE_AUTH_PROFILE=nope\n");
    let said = "`nope`, which is chosen by CLOUDFLARE_AUTH_PROFILE in .env:1\n";
    refused(command(&sandbox, ".", &[])).assert_stderr(said);
    sandbox.write(".env", "");
    bind(&sandbox, &[("app", "nope")]);
    insta::assert_snapshot!(refused(command(&sandbox, ".", &[])), @"
    exit: 4
    --- stderr
    error: wrangler has no login `nope`, which is chosen by [HOME]/.config/.wrangler/profiles/directory-bindings.json for [HOME]/app
    hint: create it with `wrangler auth create nope`, or choose another with `--profile NAME`; `wrangler auth list` shows them
    ");
    sandbox.write(
        &format!("{WRANGLER}/profiles/directory-bindings.json"),
        "{\n\t\"/a\": work\n}",
    );
    insta::assert_snapshot!(refused(command(&sandbox, ".", &[])), @"
    exit: 4
    --- stderr
    error: [HOME]/.config/.wrangler/profiles/directory-bindings.json:2:8: not a JSON object of directories and profile names
    hint: correct the file, or choose the login with `--profile NAME`; `wrangler auth list` shows them
    ");
    sandbox.write(&format!("{WRANGLER}/config/nope.enc"), "{}");
    insta::assert_snapshot!(refused(command(&sandbox, ".", &["--profile", "nope"])), @"
    exit: 4
    --- stderr
    error: wrangler's login at [HOME]/.config/.wrangler/config/nope.enc is encrypted; kvctl cannot read it
    hint: set CLOUDFLARE_API_TOKEN, for example to the `token` that `wrangler auth token --json --profile nope` prints
    ");
    assert_eq!(sandbox.emulator.log().len(), 0);
    // A name that wrangler does not accept is a mistake of another kind.
    for name in ["../work", "staging", ""] {
        let seen = Seen::of(command(&sandbox, ".", &["--profile", name]));
        assert_eq!(seen.code, Some(2), "{seen}");
    }
    let mut set = command(&sandbox, ".", &[]);
    set.env("CLOUDFLARE_AUTH_PROFILE", "../work");
    assert_eq!(Seen::of(set).code, Some(2));
}

#[test]
fn credentials_of_the_environment_win_over_a_profile_and_the_key_over_the_token() {
    let sandbox = sandbox();
    let mut both = command(&sandbox, ".", &["--profile", "home"]);
    both.env("CLOUDFLARE_API_TOKEN", "token_default");
    let seen = Seen::of(both);
    seen.assert_stderr(
        "note: `--profile` has no effect: CLOUDFLARE_API_TOKEN is used, as in wrangler\n",
    );
    assert_eq!(seen.code, Some(0), "{seen}");
    sandbox.write("token", "token_default");
    let seen = Seen::of(command(
        &sandbox,
        ".",
        &["--profile", "home", "--token-file", "token"],
    ));
    assert_eq!(seen.code, Some(2), "{seen}");
    let mut all = command(&sandbox, ".", &[]);
    all.env("CLOUDFLARE_API_TOKEN", "token_default")
        .env("CLOUDFLARE_API_KEY", "token_default")
        .env("CLOUDFLARE_EMAIL", "me@example.com");
    let seen = Seen::of(all);
    // The service knows no such key.
    assert_eq!(seen.code, Some(4), "{seen}");
    seen.assert_stderr("note: CLOUDFLARE_API_KEY and CLOUDFLARE_EMAIL are used, as in wrangler; CLOUDFLARE_API_TOKEN is ignored\n");
}

#[test]
fn a_login_that_is_refused_or_broken_is_named_with_what_renews_it() {
    let sandbox = sandbox();
    let file =
        |name: &str, text: &str| sandbox.write(&format!("{WRANGLER}/config/{name}.toml"), text);
    let end = "expiration_time = \"2999-01-01T00:00:00.000Z\"\n";
    file("home", &format!("oauth_token = \"gone\"\n{end}"));
    let id = ["--account-id", GEO];
    insta::assert_snapshot!(Seen::of(command(&sandbox, "sub/deep", &id)), @"
    exit: 4
    --- stderr
    error: could not list the namespaces
      because: the API refused GET /accounts/[ID]/storage/kv/namespaces (401 Unauthorized): Authentication error [code 10000], cf-ray [RAY]; sent with wrangler's login `home` at [HOME]/.config/.wrangler/config/home.toml
    hint: check that the login may use this account, or renew it with `wrangler auth create home`; a token needs the permission `Workers KV Storage: Edit`, see https://dash.cloudflare.com/profile/api-tokens
    ");
    file("home", "oauth_token = 5\n");
    insta::assert_snapshot!(Seen::of(command(&sandbox, "sub/deep", &id)), @"
    exit: 4
    --- stderr
    error: [HOME]/.config/.wrangler/config/home.toml:1:15: `oauth_token` of wrangler's login is not text
    hint: run `wrangler auth create home` again, which writes the file anew, or set CLOUDFLARE_API_TOKEN
    ");
    file("default", &format!("oauth_token = \"a b\"\n{end}"));
    insta::assert_snapshot!(Seen::of(command(&sandbox, "../elsewhere", &id)), @"
    exit: 4
    --- stderr
    error: unusable token in wrangler's login at [HOME]/.config/.wrangler/config/default.toml: it has a blank, a quote or another invalid character at position 2
    hint: renew the login with `wrangler login`, or set CLOUDFLARE_API_TOKEN
    ");
    // The login of one account asks for another.
    let seen = Seen::of(command(&sandbox, ".", &id));
    assert_eq!(seen.code, Some(4), "{seen}");
    let login = sandbox.shown(".config/.wrangler/config/work.toml");
    seen.assert_stderr(format!("; sent with wrangler's login `work` at {login}\n"));
    file("work", &format!("oauth_token = \"gone\"\n{end}"));
    let args = ["doctor", "--account-id", SHOP];
    let seen = Seen::of(sandbox.bare_command(&args));
    assert_eq!(seen.code, Some(8), "{seen}");
    seen.assert_stdout("; sent with wrangler's login `work` at ");
    seen.assert_stdout("hint: renew the login with `wrangler auth create work`\n");
}

#[test]
fn doctor_tells_which_login_is_used_and_why() {
    let sandbox = sandbox();
    let doctor = |args: &[&str]| Seen::of(sandbox.bare_command(&[&["doctor"], args].concat()));
    let seen = doctor(&[]);
    let bindings = sandbox.shown(".config/.wrangler/profiles/directory-bindings.json");
    let bound = format!(
        "  profile           work  {bindings} for {}\n",
        sandbox.shown("app")
    );
    seen.assert_stdout(bound);
    doctor(&["--profile", "home"]).assert_stdout("  profile           home  --profile\n");
    let seen = doctor(&["--profile", "nope"]);
    assert_eq!(seen.code, Some(8), "{seen}");
    seen.assert_stdout("broken: wrangler has no login `nope`, which is chosen by --profile\n");
}
