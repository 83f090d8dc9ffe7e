//! Env files: which are read, what they decide, and that no project sends the user's credentials where
//! it likes.

use std::{path::Path, process::Command};

use crate::{
    sandbox::{ACCOUNT, Sandbox, Seen, TOKEN},
    wait::Finish as _,
};

/// The binary without a base URL, but with the user's token.
fn command(sandbox: &Sandbox, args: &[&str]) -> Command {
    let mut command = sandbox.command(args);
    command.env_remove("CLOUDFLARE_API_BASE_URL");
    command
}

fn run(sandbox: &Sandbox, args: &[&str]) -> Seen {
    Seen::of(command(sandbox, args))
}

/// A project whose env file says where requests go.
fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.expect(0, &["namespace", "create", "one"]);
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    sandbox.write("in.ndjson", "{\"key\":\"a\",\"value\":\"1\"}\n");
    sandbox.write("folder/a", "1");
    let base = sandbox.base_url();
    sandbox.write(".env", format!("# here\nCLOUDFLARE_API_BASE_URL={base}\n"));
    sandbox
}

#[test]
fn the_users_token_goes_nowhere_that_a_project_names() {
    let sandbox = project();
    let before = sandbox.emulator.log().len();
    let runs: &[&[&str]] = &[
        &["namespace", "list"],
        &["namespace", "list", "-q"],
        &["namespace", "create", "two"],
        &["namespace", "delete", "one", "--confirm", "one"],
        &["key", "get", "a", "-n", "one"],
        &["key", "put", "a", "v", "-n", "one"],
        &["key", "list", "-n", "one"],
        &["key", "delete", "a", "-n", "one"],
        &["import", "in.ndjson", "-n", "one"],
        &["export", "-", "-n", "one"],
        &["copy", "--from", "title:one", "--to", "local:title:two"],
        &["diff", "in.ndjson", "title:one"],
        &["sync", "folder", "-n", "one"],
        &["audit", "-n", "one"],
        &["usage"],
        &["provision", "A"],
        &["provision", "A", "--check"],
    ];
    for args in runs {
        let seen = run(&sandbox, args);
        assert_eq!(seen.code, Some(9), "{args:?} {seen}");
        seen.assert_stderr("error: .env:2: CLOUDFLARE_API_BASE_URL");
    }
    insta::assert_snapshot!(run(&sandbox, &["namespace", "list"]), @r"
    exit: 9
    --- stderr
    error: .env:2: CLOUDFLARE_API_BASE_URL sets the API's address, but the credentials come from CLOUDFLARE_API_TOKEN; nothing was sent
    hint: to send requests there, export CLOUDFLARE_API_BASE_URL, or set CLOUDFLARE_API_TOKEN in .env and nowhere else; otherwise delete the line
    ");
    let seen = run(&sandbox, &["verify"]);
    assert_eq!(seen.code, Some(8), "{seen}");
    seen.assert_stdout("fail  credentials      .env:2: CLOUDFLARE_API_BASE_URL ");
    let seen = run(&sandbox, &["doctor"]);
    assert_eq!(seen.code, Some(8), "{seen}");
    seen.assert_stdout("broken: .env:2: CLOUDFLARE_API_BASE_URL");
    assert_eq!(sandbox.emulator.log().len(), before);
    // What stays on this machine needs no credentials.
    let seen = run(&sandbox, &["--local", "namespace", "list"]);
    assert_eq!(seen.code, Some(0), "{seen}");
}

/// A name, the variable that says where requests go, variables with credentials, flags.
type Elsewhere<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);

#[test]
fn credentials_of_any_kind_are_kept_back() {
    let sandbox = project();
    let base = sandbox.base_url().to_owned();
    sandbox.write("token", TOKEN);
    sandbox.write(
        "../.config/.wrangler/config/default.toml",
        format!("oauth_token = \"{TOKEN}\"\nexpiration_time = \"2999-01-01T00:00:00.000Z\"\n"),
    );
    let before = sandbox.emulator.log().len();
    let own = format!("CLOUDFLARE_API_TOKEN={TOKEN}\n");
    let key = [("CLOUDFLARE_API_KEY", TOKEN), ("CLOUDFLARE_EMAIL", "a@b.c")];
    let old = [("CF_API_TOKEN", TOKEN)];
    let cases: &[Elsewhere] = &[
        ("a login", "CLOUDFLARE_API_BASE_URL", &[], &[]),
        ("the name of old", "CF_API_BASE_URL", &[], &[]),
        ("a key", "CLOUDFLARE_API_BASE_URL", &key, &[]),
        ("an old name", "CLOUDFLARE_API_BASE_URL", &old, &[]),
        (
            "a token file",
            "CLOUDFLARE_API_BASE_URL",
            &[],
            &["--token-file", "token"],
        ),
    ];
    let list = |variables: &[(&str, &str)], flags: &[&str]| {
        let args = [&["namespace", "list", "--account-id", ACCOUNT], flags].concat();
        let mut command = command(&sandbox, &args);
        command.env_remove("CLOUDFLARE_API_TOKEN");
        Seen::of(command.envs(variables.iter().copied()))
    };
    for (what, variable, variables, flags) in cases {
        sandbox.write(".env", format!("{variable}={base}\n"));
        let seen = list(variables, flags);
        assert_eq!(seen.code, Some(9), "{what} {seen}");
        assert!(
            seen.stderr.contains(&format!(".env:1: {variable} ")),
            "{what} {seen}"
        );
    }
    // A token of the file itself does not help those that win over it.
    sandbox.write(".env", format!("CLOUDFLARE_API_BASE_URL={base}\n{own}"));
    assert_eq!(list(&[], &["--token-file", "token"]).code, Some(9));
    assert_eq!(list(&[("CLOUDFLARE_API_TOKEN", TOKEN)], &[]).code, Some(9));
    // Nor does one of another file.
    sandbox.write(".env", format!("CLOUDFLARE_API_BASE_URL={base}\n"));
    sandbox.write(".env.local", &own);
    assert_eq!(list(&[], &[]).code, Some(9));
    sandbox.write(".env.local", "");
    // Nor one that is another secret of the environment, nor an address that takes one along.
    for text in [
        format!("CLOUDFLARE_API_BASE_URL={base}\nCLOUDFLARE_API_TOKEN=$OTHER\n"),
        format!("CLOUDFLARE_API_BASE_URL={base}/${{OTHER}}\n{own}"),
        format!("CLOUDFLARE_API_BASE_URL=\"{base}/\n${{OTHER}}\"\n{own}"),
    ] {
        sandbox.write(".env", text);
        let seen = list(&[("OTHER", TOKEN)], &[]);
        assert_eq!(seen.code, Some(9), "{seen}");
    }
    assert_eq!(sandbox.emulator.log().len(), before);
}

#[test]
fn one_file_that_says_all_is_heard_and_so_is_what_is_exported() {
    let sandbox = project();
    let base = sandbox.base_url().to_owned();
    let text = format!("export CLOUDFLARE_API_BASE_URL='{base}'\nCLOUDFLARE_API_TOKEN={TOKEN}\n");
    sandbox.write(".env", &text);
    // An empty variable is as good as none.
    for (name, value) in [("UNRELATED", "1"), ("CLOUDFLARE_API_TOKEN", "")] {
        let mut command = command(&sandbox, &["namespace", "list"]);
        command.env_remove("CLOUDFLARE_API_TOKEN").env(name, value);
        let seen = Seen::of(command);
        assert_eq!(seen.code, Some(0), "{seen}");
        let note = format!("note: requests go to {base}: CLOUDFLARE_API_BASE_URL in .env:1\n");
        seen.assert_stderr(note);
    }
    let key = format!(
        "CLOUDFLARE_API_BASE_URL={base}\nCLOUDFLARE_API_KEY={TOKEN}\nCLOUDFLARE_EMAIL=a@b.c\n"
    );
    sandbox.write(".env", key);
    let mut command = command(&sandbox, &["namespace", "list"]);
    let seen = Seen::of(command.env_remove("CLOUDFLARE_API_TOKEN"));
    // It is sent, and refused: the service knows a token by that name, not a key.
    assert_eq!(seen.code, Some(4), "{seen}");
    seen.assert_stderr("the API refused");
    // What is exported is meant, and wins.
    sandbox.write(
        ".env",
        "CLOUDFLARE_API_BASE_URL=http://127.0.0.1:9/client/v4\n",
    );
    sandbox.expect(0, &["namespace", "list"]);
}

#[test]
fn env_files_are_those_of_the_folder_that_is_worked_in() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    sandbox.write("sub/deep/file", "");
    let own = format!("CLOUDFLARE_API_TOKEN={TOKEN}\nCLOUDFLARE_ACCOUNT_ID={ACCOUNT}\n");
    sandbox.write(".env", &own);
    let list = |directory: &str, args: &[&str]| {
        let args = [&["namespace", "list"], args].concat();
        let mut command = sandbox.bare_command(&args);
        command.current_dir(sandbox.app().join(directory));
        Seen::of(command).code
    };
    assert_eq!(list(".", &[]), Some(0));
    // Not beside a wrangler file elsewhere, and not above.
    assert_eq!(list("sub", &[]), Some(4));
    assert_eq!(list("sub/deep", &["-c", "../../wrangler.toml"]), Some(4));
    assert_eq!(list("sub/deep", &["--cwd", "../.."]), Some(0));
}

#[test]
fn an_address_beside_the_wrangler_file_alone_is_warned_of() {
    let sandbox = project();
    let before = sandbox.emulator.log().len();
    let mut command = command(&sandbox, &["namespace", "list", "--retries", "0"]);
    // A proxy that nobody listens at: nothing leaves this machine.
    command.env("HTTPS_PROXY", "http://127.0.0.1:9");
    let seen = Seen::of(command.current_dir(sandbox.app().join("folder")).finish());
    assert_eq!(seen.code, Some(7), "{seen}");
    let file = sandbox.shown("app/.env");
    seen.assert_stderr(format!(
        "{file}:2 sets CLOUDFLARE_API_BASE_URL, and is not read"
    ));
    assert_eq!(sandbox.emulator.log().len(), before);
}

#[test]
fn later_files_win_and_the_flag_alone_names_more_of_them() {
    let sandbox = Sandbox::new();
    let set = |name: &str, token: &str| {
        sandbox.write(name, format!("CLOUDFLARE_API_TOKEN={token}\n"));
    };
    let accepted = |args: &[&str]| {
        let args = [&["namespace", "list", "--account-id", ACCOUNT], args].concat();
        let mut command = sandbox.bare_command(&args);
        command.env("CLOUDFLARE_ENV", "staging");
        let seen = Seen::of(command);
        assert!(matches!(seen.code, Some(0 | 4)), "{seen}");
        seen.code == Some(0)
    };
    let order = [".env", ".env.local", ".env.staging", ".env.staging.local"];
    sandbox.write("wrangler.toml", "name = \"bio\"\n[env.staging]\n");
    for (at, name) in order.iter().enumerate() {
        set(name, TOKEN);
        assert!(accepted(&["--env", "staging"]), "{name}");
        // Without the flag the last two are not read, whatever the variable says.
        assert_eq!(accepted(&[]), at < 2, "{name}");
        set(name, "wrong");
        assert!(!accepted(&["--env", "staging"]), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn files_of_other_users_are_not_heard() {
    use std::os::unix::fs::{chown, lchown, symlink};
    let sandbox = Sandbox::new();
    let own = format!("CLOUDFLARE_API_TOKEN={TOKEN}\nCLOUDFLARE_ACCOUNT_ID={ACCOUNT}\n");
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    sandbox.write("sub/file", "");
    sandbox.write(".env", &own);
    let give_away = |path: &Path| chown(path, Some(54_321), None);
    if give_away(&sandbox.app().join(".env")).is_err() {
        // Only root gives files away.
        return;
    }
    let list = |directory: &str| {
        let mut command = sandbox.bare_command(&["namespace", "list"]);
        command.current_dir(sandbox.app().join(directory));
        Seen::of(command)
    };
    let seen = list(".");
    assert_eq!(seen.code, Some(4), "{seen}");
    let app = sandbox.app();
    let app = app.display();
    let said = format!("note: {app}/.env was not read: it belongs to another user (uid 54321)\n");
    seen.assert_stderr(&said);
    // Nor where somebody else's link leads to a file of one's own.
    fs_err::remove_file(sandbox.app().join(".env")).unwrap();
    sandbox.write("mine", &own);
    symlink("mine", sandbox.app().join(".env")).unwrap();
    assert_eq!(list(".").code, Some(0));
    lchown(sandbox.app().join(".env"), Some(54_321), None).unwrap();
    assert_eq!(list(".").code, Some(4));
    // A wrangler file above that is somebody else's is used, as wrangler does, and that is said.
    give_away(&sandbox.app().join("wrangler.toml")).unwrap();
    let mut command = sandbox.command(&["namespace", "list"]);
    command.current_dir(sandbox.app().join("sub"));
    let seen = Seen::of(command);
    assert_eq!(seen.code, Some(0), "{seen}");
    let said = format!("note: {app}/wrangler.toml belongs to another user (uid 54321)\n");
    seen.assert_stderr(&said);
}

#[test]
fn env_files_that_are_named_replace_those_of_the_folder() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    sandbox.write(".env", format!("CLOUDFLARE_API_TOKEN={TOKEN}\n"));
    sandbox.write("wrong.env", "CLOUDFLARE_API_TOKEN=wrong\n");
    sandbox.write("sub/right.env", format!("CLOUDFLARE_API_TOKEN={TOKEN}\n"));
    sandbox.write("other.env", "UNRELATED=1\n");
    let run = |args: &[&str]| {
        let args = [&["namespace", "list", "--account-id", ACCOUNT], args].concat();
        Seen::of(sandbox.bare_command(&args))
    };
    let code = |args: &[&str]| run(args).code;
    assert_eq!(code(&[]), Some(0));
    assert_eq!(code(&["--env-file", "other.env"]), Some(4));
    let (wrong, right) = ("wrong.env", "sub/right.env");
    assert_eq!(code(&["--env-file", wrong, "--env-file", right]), Some(0));
    assert_eq!(code(&["--env-file", right, "--env-file", wrong]), Some(4));
    // They are found from the folder that is worked in.
    assert_eq!(code(&["--cwd", "sub", "--env-file", "right.env"]), Some(0));
    for missing in ["none.env", "sub"] {
        let seen = run(&["--env-file", right, "--env-file", missing]);
        assert_eq!(seen.code, Some(2), "{seen}");
        seen.assert_stderr("error: could not read the env file ");
    }
    // The address is no safer in a file that is named.
    sandbox.write("base.env", "CLOUDFLARE_API_BASE_URL=http://127.0.0.1:9/\n");
    let seen = Seen::of(command(
        &sandbox,
        &["namespace", "list", "--env-file", "base.env"],
    ));
    assert_eq!(seen.code, Some(9), "{seen}");
}

#[cfg(unix)]
#[test]
fn an_env_file_may_be_a_pipe() {
    let sandbox = Sandbox::new();
    let path = sandbox.app().join("pipe");
    crate::sandbox::mkfifo(&path);
    let args = [
        "namespace",
        "list",
        "--account-id",
        ACCOUNT,
        "--env-file",
        "pipe",
    ];
    let child = sandbox.bare_command(&args).spawn().unwrap();
    sandbox.write("pipe", format!("CLOUDFLARE_API_TOKEN={TOKEN}\n"));
    let seen = Seen::of(child);
    assert_eq!(seen.code, Some(0), "{seen}");
    // One that is not named is not passed over either: it may say where a command writes.
    fs_err::rename(path, sandbox.app().join(".env")).unwrap();
    let seen = Seen::of(sandbox.bare_command(&args[..4]));
    assert_eq!(seen.code, Some(5), "{seen}");
    seen.assert_stderr(" is a pipe, which is not read unless it is named\nhint: pass `--env-file ");
}

#[test]
fn the_environment_may_come_from_an_env_file_and_names_no_further_ones() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "wrangler.toml",
        "name = \"bio\"\n[env.staging]\n[env.live]\n",
    );
    sandbox.write(".env", "CLOUDFLARE_ENV=staging\n");
    sandbox.write(".env.staging", "CLOUDFLARE_ENV=live\n");
    sandbox.write(".dev.vars", "CLOUDFLARE_ENV=live\n");
    // The folder of a virtual environment is no env file.
    sandbox.write(".env.local/pyvenv.cfg", "");
    let selected = |args: &[&str]| {
        let seen = sandbox.run(&[&["doctor"], args].concat());
        let line = seen
            .stdout
            .lines()
            .find(|it| it.trim_start().starts_with("environment "));
        line.unwrap_or_default()
            .split_whitespace()
            .nth(1)
            .map(str::to_owned)
    };
    assert_eq!(selected(&[]).as_deref(), Some("staging"));
    assert_eq!(selected(&["--env", "live"]).as_deref(), Some("live"));
    sandbox.write("sub/.env", "");
    assert_eq!(selected(&["--cwd", "sub"]).as_deref(), Some("top"));
}

#[test]
fn an_environment_of_an_env_file_is_corrected_there() {
    let sandbox = Sandbox::new();
    sandbox.expect(0, &["namespace", "create", "one"]);
    sandbox.write(
        "wrangler.toml",
        "name = \"bio\"\nkv_namespaces = [{ binding = \"A\" }]\n[env.production]\n",
    );
    sandbox.write(".env", "# here\nCLOUDFLARE_ENV=nope\n");
    let said = "wrangler.toml: no environment `nope`, which CLOUDFLARE_ENV in .env:2 selects; the file \
                has `production`\n";
    let hint = "hint: correct CLOUDFLARE_ENV in .env:2, or select another section with `--env NAME`, \
                the top level with `--env ''`\n";
    let runs: &[&[&str]] = &[
        &["key", "list", "-b", "A"],
        &["key", "list", "-b", "A", "--local"],
        &["export", "-", "-b", "A"],
        &["provision"],
        &["namespace", "delete", "-b", "A"],
        &["verify"],
        &["scaffold"],
        &["rename-binding", "A", "B"],
    ];
    for args in runs {
        let seen = sandbox.run(args);
        assert_eq!(seen.code, Some(5), "{args:?} {seen}");
        seen.assert_stderr(said);
        seen.assert_stderr(hint);
    }
    sandbox.expect(8, &["doctor"]).assert_stdout(said);
    // What the hint says.
    sandbox.expect(0, &["key", "list", "-b", "A", "--local", "--env", ""]);
    // An option is corrected on the command line, and `provision` is told how it adds one.
    let seen = sandbox.expect(5, &["key", "list", "-b", "A", "--env", "nope"]);
    seen.assert_stderr("hint: select one of them, or leave out `--env` for the top level");
    let seen = sandbox.expect(5, &["provision", "--env", "nope"]);
    seen.assert_stderr("hint: run `kvctl provision --env nope --add-env`");
    let mut command = sandbox.command(&["provision"]);
    let seen = Seen::of(command.env("CLOUDFLARE_ENV", "other"));
    assert_eq!(seen.code, Some(5), "{seen}");
    seen.assert_stderr("no environment `other`, which CLOUDFLARE_ENV selects;");
}

#[test]
fn an_environment_with_characters_that_cannot_be_seen_is_refused_with_its_source() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\n[env.production]\n");
    for (name, code) in [
        ("\u{200b}production", "U+200B"),
        ("\0", "U+0000"),
        ("a\u{1b}[2J", "U+001B"),
    ] {
        sandbox.write(".env", format!("CLOUDFLARE_ENV='{name}'\n"));
        for args in [&["provision", "A"][..], &["verify"], &["namespace", "list"]] {
            let seen = sandbox.expect(2, args);
            seen.assert_stderr("error: CLOUDFLARE_ENV in .env:1 is invalid\n");
            seen.assert_stderr(format!(
                "because: environment name has an invisible character, {code}, "
            ));
        }
        let seen = sandbox.expect(8, &["doctor"]);
        seen.assert_stdout("broken: CLOUDFLARE_ENV in .env:1 is invalid: environment name has an ");
    }
    sandbox.write(".env", "");
    let seen = sandbox.expect(2, &["provision", "A", "--env", "\u{200b}x"]);
    seen.assert_stderr("error: --env is invalid\n");
}

#[test]
fn what_an_env_file_sets_is_named_with_its_line() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    let list = |env: &str, variables: &[(&str, &str)]| {
        sandbox.write(".env", env);
        let mut command = sandbox.bare_command(&["namespace", "list"]);
        Seen::of(command.envs(variables.iter().copied()))
    };
    let wrong = format!("CLOUDFLARE_ACCOUNT_ID={ACCOUNT}\nCLOUDFLARE_API_TOKEN=wrong\n");
    let seen = list(&wrong, &[]);
    assert_eq!(seen.code, Some(4), "{seen}");
    seen.assert_stderr("; sent with CLOUDFLARE_API_TOKEN in .env:2\n");
    let pair = format!("{wrong}CLOUDFLARE_API_KEY=key\nCLOUDFLARE_EMAIL=me@example.com\n");
    let seen = list(&pair, &[("CLOUDFLARE_API_TOKEN", TOKEN)]);
    assert_eq!(seen.code, Some(4), "{seen}");
    let both = "CLOUDFLARE_API_KEY in .env:3 and CLOUDFLARE_EMAIL in .env:4";
    seen.assert_stderr(format!(
        "note: {both} are used, as in wrangler; CLOUDFLARE_API_TOKEN is ignored\n"
    ));
    seen.assert_stderr(format!("; sent with {both}\n"));
    let key = format!("CLOUDFLARE_ACCOUNT_ID={ACCOUNT}\nCLOUDFLARE_API_KEY=key\n");
    let seen = list(&key, &[("CLOUDFLARE_EMAIL", "me@example.com")]);
    assert_eq!(seen.code, Some(4), "{seen}");
    seen.assert_stderr(
        "note: CLOUDFLARE_API_KEY in .env:2 and CLOUDFLARE_EMAIL are used together, as in wrangler\n",
    );
    let seen = list(
        "CLOUDFLARE_ACCOUNT_ID=mine\n",
        &[("CLOUDFLARE_API_TOKEN", TOKEN)],
    );
    assert_eq!(seen.code, Some(2), "{seen}");
    seen.assert_stderr("error: CLOUDFLARE_ACCOUNT_ID in .env:1 is invalid\n");
    let own = format!("CLOUDFLARE_API_TOKEN={TOKEN}\n");
    sandbox.write(".env", format!("CLOUDFLARE_API_BASE_URL=ftp://x\n{own}"));
    let mut command = sandbox.bare_command(&["namespace", "list"]);
    let seen = Seen::of(command.env_remove("CLOUDFLARE_API_BASE_URL"));
    assert_ne!(seen.code, Some(0), "{seen}");
    seen.assert_stderr("CLOUDFLARE_API_BASE_URL in .env:1 cannot be used");
}

#[test]
fn a_config_that_is_missing_is_noticed_by_every_command() {
    let sandbox = Sandbox::new();
    sandbox.expect(0, &["namespace", "create", "one"]);
    sandbox.write("in.ndjson", "{\"key\":\"a\",\"value\":\"1\"}\n");
    let before = sandbox.emulator.log().len();
    let runs: &[&[&str]] = &[
        &["namespace", "list", "--account-id", ACCOUNT],
        &["namespace", "create", "two", "--account-id", ACCOUNT],
        &["key", "put", "a", "v", "-n", "one"],
        &["key", "list", "-n", "one", "--local"],
        &["import", "in.ndjson", "-n", "one"],
        &["diff", "in.ndjson", "in.ndjson"],
        &["usage"],
        &["provision", "A"],
        &["serve"],
    ];
    for args in runs {
        let seen = sandbox.expect(5, &[*args, &["-c", "none.toml"]].concat());
        seen.assert_stderr("none.toml");
    }
    assert_eq!(sandbox.emulator.log().len(), before);
    for args in [["verify"], ["doctor"]] {
        let seen = sandbox.run(&[&args[..], &["-c", "none.toml"]].concat());
        assert!(seen.code != Some(0), "{seen}");
        seen.assert_stdout("none.toml");
    }
    let created = sandbox.emulator.requests("POST");
    sandbox.expect(0, &["provision", "A", "--init", "-c", "none.toml"]);
    assert_eq!(sandbox.emulator.requests("POST"), created + 1);
}
