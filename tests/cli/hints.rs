//! What kvctl recommends: every command and every flag that it names exists.
//!
//! Checked for each run of the sandbox.

use std::{ffi::OsString, path::PathBuf};

use clap::{CommandFactory as _, error::ErrorKind};
use kvctl::{
    cli::{Cli, Command, NamespaceCommand, key::KeyCommand},
    domain::{EnvName, Invocation, Section, Suggestion, option_words},
};
use proptest::prelude::*;

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

/// Splits a command as the shell of this system does, as far as kvctl and its pages quote.
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
            '\\' if quoted.is_none() && cfg!(unix) => {
                word.get_or_insert_default().extend(rest.next());
            }
            ' ' if quoted.is_none() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(unix)]
#[test]
fn words_are_split_as_they_are_quoted() {
    assert_eq!(
        words(r"kvctl provision 'A=it'\''s one' --env ''"),
        ["kvctl", "provision", "A=it's one", "--env", ""]
    );
}

/// Returns the words that a POSIX shell makes of a command.
fn shell_words(command: &str) -> Vec<OsString> {
    let mut shell = std::process::Command::new("sh");
    let said = shell
        .args(["-c", &format!("printf '%s\\0' {command}")])
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let words = said.strip_suffix('\0').unwrap().split('\0');
    words.map(OsString::from).collect()
}

/// Parses a recommended command as a user pastes it.
fn pasted(command: &Suggestion, invocation: &Invocation) -> Cli {
    let command = command.render(invocation);
    let parsed = kvctl::cli::parse(shell_words(&command));
    parsed.unwrap_or_else(|error| panic!("{command}: {error}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_the_arguments_are_a_command_is_read_as_it_was_meant(
        words in proptest::collection::vec(r#"-{0,2}[a-z=$'"`* é\\%\t-]{0,4}[a-z]"#, 4),
        file in r"-{0,2}[a-z ]{0,3}[a-z]",
    ) {
        let invocation = Invocation {
            files: option_words("--config", &file),
            local: true,
            ..Invocation::default()
        };
        let [first, second, title, environment] = <[String; 4]>::try_from(words).unwrap();
        let environment = environment.replace('\t', " ");
        let section = Section::from(environment.parse::<EnvName>().unwrap());

        let command = Suggestion::new("key delete").args([&first, &second]);
        let command = command.option("--confirm", &title).flag("--must-exist");
        let cli = pasted(&command.in_section(&section), &invocation);
        prop_assert_eq!(cli.globals.config, Some(PathBuf::from(&file)));
        prop_assert_eq!(cli.globals.environment.as_ref(), Some(&environment));
        prop_assert!(cli.globals.local);
        let Command::Key(KeyCommand::Delete(args)) = cli.command else { panic!() };
        let keys = args.keys.iter().map(ToString::to_string);
        prop_assert_eq!(keys.collect::<Vec<_>>(), [&*first, &*second]);
        prop_assert_eq!(args.confirm, Some(title.clone()));

        let command = Suggestion::new("diff").args(["binding:A", "-"]).option("--prefix", &first);
        let Command::Diff(args) = pasted(&command, &invocation).command else { panic!() };
        prop_assert_eq!(args.prefix, vec![first.clone()]);

        let second = second.replace('\t', " ");
        let command = Suggestion::new("namespace rename").option("-n", &title);
        let command = command.option("--to", &second).sectionless();
        let Command::Namespace(NamespaceCommand::Rename(args)) = pasted(&command, &invocation).command
        else {
            panic!()
        };
        prop_assert_eq!(args.to.map(|it| it.to_string()), Some(second.clone()));

        let command = Suggestion::new("provision").option("--env", &environment).flag("--add-env");
        let cli = pasted(&command.sectionless(), &invocation);
        prop_assert_eq!(cli.globals.environment, Some(environment));
    }
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

// The quotes are those of a POSIX shell.
#[cfg(unix)]
#[test]
fn what_is_typed_for_habit_is_answered_and_not_run() {
    let sandbox = Sandbox::new();
    let seen = sandbox.expect(2, &["kv", "key", "get", "it's", "--binding", "KV"]);
    insta::assert_snapshot!(seen, @r"
    exit: 2
    --- stderr
    error: kvctl has no command `kv key get`
    hint: run `kvctl key get 'it'\''s' --binding KV --local`
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
