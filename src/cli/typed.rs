//! A command line as it was typed, taken apart by the grammar of a command without being parsed.

use std::sync::LazyLock;

use clap::CommandFactory as _;

use super::{Cli, examples, switches};
use crate::domain::{Suggestion, option_words};

/// A part of a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) kind: Kind,
    /// The option with its value, or the operand.
    pub(super) words: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An option of every command.
    Global,
    /// An option of the command.
    Own,
    /// An option that the command does not have.
    Unknown,
    Operand,
    /// `--`, and all behind it.
    Behind,
}

impl Part {
    pub(super) fn operand(word: impl Into<String>) -> Self {
        let words = vec![word.into()];
        let kind = Kind::Operand;
        Self { kind, words }
    }

    pub(super) fn own(words: &[&str]) -> Self {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        let kind = Kind::Own;
        Self { kind, words }
    }

    /// Returns the name of the option, as it was typed.
    pub(super) fn name(&self) -> &str {
        let first = self.words[0].as_str();
        if first.starts_with("--") {
            return first.split('=').next().unwrap_or_default();
        }
        let end = first.char_indices().nth(2).map_or(first.len(), |it| it.0);
        &first[..end]
    }

    /// Returns the value of the option, if it has one.
    pub(super) fn value(&self) -> Option<&str> {
        let first = self.words[0].as_str();
        match self.words.get(1) {
            Some(value) => Some(value),
            None if first.starts_with("--") => Some(first.split_once('=')?.1),
            None => {
                let value = first.get(2..).filter(|it| !it.is_empty())?;
                Some(value.strip_prefix('=').unwrap_or(value))
            }
        }
    }

    pub(super) fn is_operand(&self) -> bool {
        self.kind == Kind::Operand
    }
}

/// Returns the words of `parts`.
pub(super) fn words(parts: &[Part]) -> Vec<String> {
    parts.iter().flat_map(|it| it.words.clone()).collect()
}

/// Returns the command at `path`, such as `key list`, with the global options.
pub(super) fn grammar(path: &str) -> Option<&'static clap::Command> {
    let mut names = path.split_whitespace();
    names.try_fold(root(), |it, name| it.find_subcommand(name))
}

fn root() -> &'static clap::Command {
    static ROOT: LazyLock<clap::Command> = LazyLock::new(|| {
        let mut root = Cli::command();
        root.build();
        root
    });
    &ROOT
}

/// Takes `words` apart as arguments of `command`.
pub(super) fn parts(command: &clap::Command, words: &[String]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = words;
    while !rest.is_empty() {
        let (kind, count) = first(command, rest);
        let (words, behind) = rest.split_at(count);
        let words = words.to_vec();
        parts.push(Part { kind, words });
        rest = behind;
    }
    parts
}

/// Returns what `words` begin with, and how many of them that is.
fn first(command: &clap::Command, words: &[String]) -> (Kind, usize) {
    let word = words[0].as_str();
    if word == "--" {
        return (Kind::Behind, words.len());
    }
    if word.len() < 2 || !word.starts_with('-') {
        return (Kind::Operand, 1);
    }
    let (arg, has_value) = if let Some(name) = word.strip_prefix("--") {
        let (name, value) = name
            .split_once('=')
            .map_or((name, None), |(a, b)| (a, Some(b)));
        let mut args = command.get_arguments();
        let is_named = |arg: &&clap::Arg| {
            arg.get_long() == Some(name)
                || arg.get_all_aliases().is_some_and(|it| it.contains(&name))
        };
        (args.find(is_named), value.is_some())
    } else {
        short(command, &word[1..])
    };
    let Some(arg) = arg else {
        return (Kind::Unknown, 1);
    };
    let kind = if arg.is_global_set() {
        Kind::Global
    } else {
        Kind::Own
    };
    let takes_next = arg.get_action().takes_values() && !has_value && words.len() > 1;
    (kind, 1 + usize::from(takes_next))
}

/// Returns the last option of those that one dash begins, and whether its value is there.
fn short<'c>(command: &'c clap::Command, letters: &str) -> (Option<&'c clap::Arg>, bool) {
    let mut last = None;
    for (at, letter) in letters.char_indices() {
        let mut args = command.get_arguments();
        last = args.find(|arg| {
            let others = arg.get_all_short_aliases().unwrap_or_default();
            arg.get_short() == Some(letter) || others.contains(&letter)
        });
        match last {
            None => return (None, false),
            Some(arg) if arg.get_action().takes_values() => {
                return (last, at + letter.len_utf8() < letters.len());
            }
            Some(_) => {}
        }
    }
    (last, false)
}

/// A command line of kvctl: its command, and all else in the order in which it was typed.
#[derive(Debug)]
pub(super) struct Typed {
    pub(super) verb: &'static str,
    pub(super) parts: Vec<Part>,
}

impl Typed {
    /// Takes apart `arguments`, which begin behind the program's name. Returns nothing if they name no
    /// command that takes arguments.
    pub(super) fn read(arguments: &[String]) -> Option<Self> {
        let plain = switches::without_values(arguments.iter().map(Into::into));
        let plain: Vec<String> = plain
            .into_iter()
            .map(|word| word.into_string().ok())
            .collect::<Option<_>>()?;
        let mut command = root();
        let mut path = Vec::new();
        let mut before = Vec::new();
        let mut rest = plain.as_slice();
        while command.has_subcommands() && !rest.is_empty() {
            let (kind, count) = first(command, rest);
            let (words, behind) = rest.split_at(count);
            if kind == Kind::Operand {
                command = command.find_subcommand(&words[0])?;
                path.push(command.get_name().to_owned());
            } else {
                let words = words.to_vec();
                before.push(Part { kind, words });
            }
            rest = behind;
        }
        let path = path.join(" ");
        let (verb, _) = examples::EXAMPLES.iter().find(|(name, _)| *name == path)?;
        before.extend(parts(command, rest));
        let parts = before;
        Some(Self { verb, parts })
    }
}

/// Returns the command that `arguments` name, without its `flag`, and without the options that every
/// command to run next gets.
pub fn again_without(arguments: &[String], flag: &str) -> Option<Suggestion> {
    let Typed { verb, mut parts } = Typed::read(arguments)?;
    parts.retain(|part| part.kind != Kind::Global && part.words != [flag]);
    Some(Suggestion::new(verb).typed(words(&parts)))
}

/// Returns the command that `arguments` name with what `change` makes of its operands, and of the options
/// that stand for them, without the options that every command to run next gets.
pub fn again_with_operands(
    arguments: &[String],
    change: impl Fn(&str) -> Option<String>,
) -> Option<Suggestion> {
    let Typed { verb, mut parts } = Typed::read(arguments)?;
    parts.retain(|part| part.kind != Kind::Global);
    for part in &mut parts {
        match part.kind {
            Kind::Own if ["--from", "--to"].contains(&part.name()) => {
                if let Some(value) = part.value().and_then(&change) {
                    part.words = option_words(part.name(), &value);
                }
            }
            Kind::Operand | Kind::Behind => {
                for word in &mut part.words {
                    if let Some(changed) = change(word) {
                        *word = changed;
                    }
                }
            }
            _ => {}
        }
    }
    Some(Suggestion::new(verb).typed(words(&parts)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_line_is_taken_apart_by_the_grammar() {
        let list = grammar("key list").unwrap();
        let line = "-qe staging user: --prefix=a -bKV --limit 5 --local --odd x -- -y z";
        let kinds: Vec<(Kind, String)> = parts(list, &split(line))
            .into_iter()
            .map(|it| (it.kind, it.words.join(" ")))
            .collect();
        let expected = [
            (Kind::Global, "-qe staging"),
            (Kind::Operand, "user:"),
            (Kind::Own, "--prefix=a"),
            (Kind::Own, "-bKV"),
            (Kind::Own, "--limit 5"),
            (Kind::Global, "--local"),
            (Kind::Unknown, "--odd"),
            (Kind::Operand, "x"),
            (Kind::Behind, "-- -y z"),
        ];
        assert_eq!(
            kinds,
            expected.map(|(kind, words)| (kind, words.to_owned()))
        );
    }

    #[test]
    fn an_option_has_a_name_and_a_value() {
        for (words, name, value) in [
            ("-b KV", "-b", Some("KV")),
            ("-bKV", "-b", Some("KV")),
            ("-b=KV", "-b", Some("KV")),
            ("--binding=KV", "--binding", Some("KV")),
            ("--binding KV", "--binding", Some("KV")),
            ("--local", "--local", None),
            ("-é", "-é", None),
        ] {
            let part = Part {
                kind: Kind::Own,
                words: split(words),
            };
            assert_eq!((part.name(), part.value()), (name, value), "{words}");
        }
    }

    #[test]
    fn a_command_is_named_again_without_an_option() {
        let again = |line: &str| {
            Some(
                again_without(&split(line), "--check")?
                    .render(&crate::domain::Invocation::default()),
            )
        };
        for (line, command) in [
            (
                "-c a.toml provision NEW --check --preview separate --local",
                "kvctl provision NEW --preview separate",
            ),
            ("ns ls --check", "kvctl namespace list"),
            ("scaffold --check -- --check", "kvctl scaffold -- --check"),
        ] {
            assert_eq!(again(line).as_deref(), Some(command), "{line}");
        }
        assert_eq!(again("frobnicate --check"), None);
    }
}
