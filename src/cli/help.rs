//! How help is laid out: examples first, commands in groups, an option a line, and text that is
//! wrapped to the terminal.

use std::{ffi::OsString, fmt::Write as _};

use clap::{Arg, Command, CommandFactory as _, builder::StyledStr, error::ErrorKind};

use super::{Cli, examples};

/// The commands by what they are for.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "Set up",
        &["provision", "scaffold", "rename-binding", "namespace"],
    ),
    ("Keys", &["key", "bulk"]),
    ("Move data", &["export", "import", "copy", "sync", "diff"]),
    ("Look after", &["verify", "doctor", "audit", "usage"]),
    ("Local", &["serve"]),
    ("Other", &["completions", "man", "version", "help"]),
];

/// The global options that `-h` shows.
const OFTEN: [&str; 6] = ["config", "environment", "local", "json", "yes", "verbose"];

/// How much of the help is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// By `-h`.
    Brief,
    /// By `--help` and `help`.
    Full,
}

/// Returns a command line without its options for a format or for help, if `error` says that `help` knows none.
pub(super) fn without_formats(words: &[OsString], error: &clap::Error) -> Option<Vec<OsString>> {
    let needless = ["--json", "--ndjson", "--help", "-h"];
    let is_format = |word: &&OsString| needless.iter().any(|it| *word == it);
    let asks_for_help = words.iter().any(|word| word == "help");
    let is_refused = error.kind() == ErrorKind::InvalidSubcommand && asks_for_help;
    let plain = words.iter().filter(|word| !is_format(word)).cloned();
    (is_refused && words.iter().any(|word| is_format(&word))).then(|| plain.collect())
}

/// Returns what to show instead of `error`: if that is help, ours.
pub(super) fn instead(error: clap::Error, words: &[OsString]) -> clap::Error {
    let is_help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if !is_help {
        return error;
    }
    let mut options = words.iter().take_while(|word| *word != "--");
    let extent = if options.any(|word| word == "--help" || word == "help") {
        Extent::Full
    } else {
        Extent::Brief
    };
    // `help help` is about the program, as `help` is.
    let mut words: Vec<&OsString> = words.iter().collect();
    words.dedup_by(|word, before| *word == "help" && *before == "help");
    let again = command(extent).try_get_matches_from(words);
    again.err().unwrap_or(error)
}

fn command(extent: Extent) -> Command {
    let root = Cli::command();
    let header = *root.get_styles().get_header();
    let title = |text: &str| format!("{header}{text}:{header:#}\n");
    let mut before = title("Examples") + &indented(examples::of(""));
    for (group, names) in GROUPS {
        before += "\n";
        before += &title(group);
        for name in *names {
            let about = root.find_subcommand(name).and_then(Command::get_about);
            let about = about.map_or("Print help".to_owned(), ToString::to_string);
            // Writing to a string cannot fail.
            writeln!(before, "  {name:<14}  {about}").ok();
        }
    }
    let pointer = "kvctl help COMMAND, or COMMAND --help, shows the details of a command.";
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{{before-help}}{}{{options}}{{after-help}}",
        title("Global options")
    );
    let root = laid_out(root, extent, "")
        .help_template(template)
        .before_help(before.trim_end().to_owned());
    let root = root.mut_args(|arg| {
        let is_rare = !OFTEN.contains(&arg.get_id().as_str());
        let hidden = arg.is_hide_set() || (extent == Extent::Brief && is_rare);
        arg.hide(hidden)
    });
    if extent == Extent::Brief {
        root.after_help(pointer)
    } else {
        root
    }
}

fn indented(lines: &[&str]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| format!("  {line}")).collect();
    lines.join("\n") + "\n"
}

/// Lays out a command and those below it.
fn laid_out(command: Command, extent: Extent, path: &str) -> Command {
    let header = *command.get_styles().get_header();
    let mut shown = examples::of(path).to_vec();
    if extent == Extent::Brief {
        shown.truncate(2);
    }
    let examples = format!("{header}Examples:{header:#}\n{}", indented(&shown));
    let notes = match extent {
        Extent::Full => {
            let long = command.get_after_long_help();
            long.or_else(|| command.get_after_help()).map(reflowed)
        }
        Extent::Brief => Some(format!(
            "`kvctl {path} --help` shows all options and notes."
        )),
    };
    let command = match notes {
        Some(notes) => command.after_help(notes),
        None => command,
    };
    let command = command
        .help_template(
            "{about-with-newline}\n{usage-heading} {usage}\n\n{before-help}{all-args}{after-help}",
        )
        .before_help(examples.trim_end().to_owned())
        .after_long_help(None::<&'static str>)
        .mut_args(|arg| in_short(arg, extent));
    command.mut_subcommands(|below| {
        let path = format!("{path} {}", below.get_name());
        laid_out(below, extent, path.trim_start())
    })
}

/// Has an argument shown in the short form, with all that there is to say.
fn in_short(arg: Arg, extent: Extent) -> Arg {
    let values = arg.get_possible_values();
    let has_help = values.iter().any(|value| value.get_help().is_some());
    let arg = arg.long_help(None::<&'static str>);
    if !has_help || arg.is_hide_possible_values_set() {
        return arg;
    }
    let mut help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    if let [default] = arg.get_default_values() {
        write!(help, " [default: {}]", default.to_string_lossy()).ok();
    }
    let shown = values.iter().filter(|value| !value.is_hide_set());
    match extent {
        Extent::Brief => {
            let names: Vec<&str> = shown.map(clap::builder::PossibleValue::get_name).collect();
            write!(help, " [possible values: {}]", names.join(", ")).ok();
        }
        Extent::Full => {
            for value in shown {
                let about = value
                    .get_help()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                write!(help, "\n- {}: {about}", value.get_name()).ok();
            }
        }
    }
    arg.help(help)
        .hide_possible_values(true)
        .hide_default_value(true)
}

/// Joins the lines of each paragraph, so that it can be wrapped to any width. What is indented or
/// empty stays a line of its own.
pub(super) fn reflowed(text: &StyledStr) -> String {
    let text = text.to_string();
    let mut joined = String::with_capacity(text.len());
    let mut is_open = false;
    for line in text.lines() {
        let is_prose = !line.is_empty() && !line.starts_with(' ');
        if !joined.is_empty() {
            joined.push(if is_open && is_prose { ' ' } else { '\n' });
        }
        joined += line;
        is_open = is_prose && !line.ends_with([':', '.']);
    }
    joined
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn paths(command: &Command, above: &str, found: &mut Vec<String>) {
        for below in command.get_subcommands().filter(|it| !it.is_hide_set()) {
            let path = format!("{above} {}", below.get_name());
            found.push(path.trim_start().to_owned());
            paths(below, &path, found);
        }
    }

    fn all_paths() -> Vec<String> {
        let mut found = vec![String::new()];
        paths(&Cli::command(), "", &mut found);
        found
    }

    fn shown(path: &str, extent: Extent, width: usize) -> String {
        let words = ["kvctl"].into_iter().chain(path.split_whitespace());
        let words = words.chain(["-h"]);
        let command = command(extent).term_width(width);
        command.try_get_matches_from(words).unwrap_err().to_string()
    }

    #[test]
    fn every_command_is_in_a_group_and_has_an_example() {
        let grouped: BTreeSet<&str> = GROUPS
            .iter()
            .flat_map(|(_, names)| *names)
            .copied()
            .collect();
        let root = Cli::command();
        let names = root.get_subcommands().filter(|it| !it.is_hide_set());
        let mut names: BTreeSet<&str> = names.map(Command::get_name).collect();
        names.insert("help");
        assert_eq!(grouped, names);
        let help = shown("", Extent::Full, 80);
        let (commands, _) = help.split_once("Global options:\n").unwrap();
        let lines = commands.lines().filter(|line| !line.is_empty());
        let is_title = |line: &str| line.ends_with(':');
        let wrapped: Vec<&str> = lines
            .skip(2)
            .filter(|it| !it.starts_with("  ") && !is_title(it))
            .collect();
        assert!(wrapped.is_empty(), "{wrapped:?}");
        let commands = commands
            .lines()
            .filter(|it| it.chars().nth(16) == Some(' '))
            .count();
        assert!(commands >= names.len(), "{help}");
        let with: BTreeSet<String> = examples::EXAMPLES
            .iter()
            .map(|it| it.0.to_owned())
            .collect();
        assert_eq!(with, all_paths().into_iter().collect());
    }

    #[test]
    fn help_fits_80_columns_with_examples_ahead_of_options() {
        for path in all_paths() {
            for extent in [Extent::Brief, Extent::Full] {
                let help = shown(&path, extent, 80);
                let wide: Vec<&str> = help.lines().filter(|it| it.chars().count() > 80).collect();
                assert!(wide.is_empty(), "{path}: {wide:#?}");
                let (before, _) = help.split_once("ptions:\n").unwrap();
                assert!(before.contains("Examples:\n  "), "{path}: {help}");
            }
        }
    }

    #[test]
    fn a_global_option_takes_one_line() {
        for path in all_paths() {
            let help = shown(&path, Extent::Full, 80);
            let (_, block) = help.split_once("Global options:\n").unwrap();
            let lines: Vec<&str> = block.lines().take_while(|line| !line.is_empty()).collect();
            assert!(lines.len() > 18, "{path}: {lines:#?}");
            assert!(
                lines.iter().all(|it| it.trim_start().starts_with('-')),
                "{path}: {lines:#?}"
            );
            let brief = shown(&path, Extent::Brief, 80);
            assert!(
                brief.lines().count() + 10 < help.lines().count(),
                "{path}: {brief}"
            );
        }
    }

    #[test]
    fn paragraphs_are_joined_and_tables_are_not() {
        let text = "a b\nc.\nd\n\n  e  f\n  g\nh:\n  i";
        assert_eq!(
            reflowed(&text.to_owned().into()),
            "a b c.\nd\n\n  e  f\n  g\nh:\n  i"
        );
    }
}
