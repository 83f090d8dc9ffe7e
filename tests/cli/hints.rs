//! What kvctl recommends: every command and every flag that it names exists.
//!
//! Checked for each run of the sandbox.

use clap::{CommandFactory as _, error::ErrorKind};
use kvctl::cli::Cli;

use crate::sandbox::{Sandbox, Seen};

/// Checks the commands that a run named, and the flags in its hint.
#[track_caller]
pub(crate) fn check(args: &[&str], seen: &Seen) {
    for command in commands(&seen.stderr).chain(commands(&seen.stdout)) {
        assert_parses(&command);
    }
    let known = flags_of(args.iter().copied());
    if known.is_empty() {
        return;
    }
    let hints = seen.stderr.lines();
    for hint in hints.filter(|line| line.starts_with("hint: ")) {
        for quoted in backticked(hint).filter(|text| text.starts_with("--")) {
            let end = quoted.find([' ', '=']).unwrap_or(quoted.len());
            let flag = &quoted[2..end];
            assert!(known.iter().any(|it| it == flag), "{args:?}: {hint}");
        }
    }
}

/// Returns the flags that the command in a command line has; none without a command.
fn flags_of<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut verb = Cli::command();
    let mut known = long_flags(&verb);
    for word in words {
        if let Some(inner) = verb.find_subcommand(word) {
            verb = inner.clone();
            known.extend(long_flags(&verb));
        }
    }
    if verb.has_subcommands() {
        known.clear();
    }
    known
}

fn long_flags(command: &clap::Command) -> Vec<String> {
    let arguments = command.get_arguments();
    let long = arguments.filter_map(|argument| argument.get_long());
    long.map(str::to_owned).collect()
}

/// Returns the commands of kvctl that stand between backticks.
pub(crate) fn commands(text: &str) -> impl Iterator<Item = String> {
    let lines = text.lines().flat_map(backticked);
    let commands = lines.filter(|it| it.starts_with("kvctl "));
    commands.map(str::to_owned)
}

fn backticked(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

#[track_caller]
fn assert_parses(command: &str) {
    let parsed = parses(command);
    assert!(parsed.is_ok(), "`{command}`: {}", parsed.unwrap_err());
}

/// Checks that a command and its flags exist.
pub(crate) fn parses(command: &str) -> Result<(), clap::Error> {
    let Err(error) = kvctl::cli::parse(words(command).into_iter().map(Into::into)) else {
        return Ok(());
    };
    // A verb alone, or a command with a placeholder for what only the user knows, is no run.
    match error.kind() {
        ErrorKind::MissingRequiredArgument
        | ErrorKind::MissingSubcommand
        | ErrorKind::DisplayHelp
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        | ErrorKind::InvalidValue
        | ErrorKind::ValueValidation => Ok(()),
        _ => Err(error),
    }
}

/// Returns the flags in backticks that none of the commands has.
pub(crate) fn flags_unknown_to<'t>(commands: &[String], text: &'t str) -> Vec<&'t str> {
    let known: Vec<String> = commands
        .iter()
        .flat_map(|it| flags_of(it.split(' ')))
        .collect();
    let flags = backticked(text).filter(|it| it.starts_with("--"));
    let flags = flags.map(|it| &it[..it.find([' ', '=']).unwrap_or(it.len())]);
    flags
        .filter(|flag| !known.iter().any(|it| it == &flag[2..]))
        .collect()
}

/// Splits a command as a POSIX shell does, as far as kvctl and its pages quote.
pub(crate) fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = command.chars();
    let mut quoted: Option<char> = None;
    while let Some(c) = rest.next() {
        match c {
            '\'' | '"' if quoted.is_none_or(|it| it == c) => {
                quoted = quoted.xor(Some(c));
                word.get_or_insert_default();
            }
            '\\' if quoted.is_none() => word.get_or_insert_default().extend(rest.next()),
            ' ' if quoted.is_none() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[test]
fn words_are_split_as_they_are_quoted() {
    assert_eq!(
        words(r"kvctl provision 'A=it'\''s one' --env ''"),
        ["kvctl", "provision", "A=it's one", "--env", ""]
    );
}

#[test]
fn a_command_acts_on_what_the_run_did() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "api/my wrangler.toml",
        "name = \"api\"\nkv_namespaces = [{ binding = \"KV\" }]\n",
    );
    let common = ["--cwd", "api", "-c", "my wrangler.toml", "--env", ""];
    let hint = |args: &[&str]| {
        let seen = sandbox.run(&[args, &common].concat());
        let hint = commands(&seen.stderr).next();
        hint.unwrap_or_else(|| panic!("{seen}"))
    };
    assert_eq!(
        hint(&["key", "list", "-b", "KV"]),
        "kvctl provision KV --config 'my wrangler.toml' --cwd api"
    );
    assert_eq!(
        hint(&[
            "key",
            "get",
            "-b",
            "KV",
            "k",
            "--local",
            "--persist-to",
            "../store"
        ]),
        "kvctl key list -b KV --config 'my wrangler.toml' --cwd api --persist-to ../store --local"
    );
}

#[test]
fn what_is_typed_for_habit_is_answered_and_not_run() {
    let sandbox = Sandbox::new();
    let seen = sandbox.expect(2, &["kv", "key", "put", "a", "it's", "--binding", "KV"]);
    insta::assert_snapshot!(seen, @r"
    exit: 2
    --- stderr
    error: kvctl has no command `kv key put`
    hint: run `kvctl key put a 'it'\''s' --binding KV --local`
    ");
    assert_eq!(sandbox.emulator.log().len(), 0);
}

#[test]
fn remote_is_stronger_than_a_variable() {
    let sandbox = Sandbox::new();
    sandbox.create("here");
    let list = |args: &[&str]| {
        let mut command = sandbox.command(&[&["namespace", "list"], args].concat());
        Seen::of(command.env("KVCTL_LOCAL", "1"))
    };
    assert!(!list(&[]).stdout.contains("here"));
    list(&["--remote"]).assert_stdout("here");
    assert_eq!(list(&["--remote", "--local"]).code, Some(2));
}

#[test]
fn the_top_level_is_named_where_a_variable_selects_another() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "wrangler.toml",
        "name = \"api\"\nkv_namespaces = [{ binding = \"KV\" }]\n[env.prod]\n",
    );
    let mut command = sandbox.command(&["key", "list", "-b", "KV", "--env", ""]);
    let seen = Seen::of(command.env("CLOUDFLARE_ENV", "prod"));
    seen.assert_stderr("hint: run `kvctl provision KV --env ''` to create one");
}
