//! A verb ahead of its group, as kubectl and aws have it: `delete key a`, `list namespaces`.

use super::{
    line::{self, Default, Line},
    words::{bulk_verb, by_purpose, is_of, namespace_verb, of_wrangler, renamed},
};
use crate::{
    cli::{
        slips,
        typed::{self, Kind, Part},
    },
    domain::{Hint, Suggestion},
};

/// What a word behind a verb names. It is never a key or a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Key,
    Namespace,
    Bulk,
    /// All of them.
    Kv,
}

impl Group {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "key" | "keys" => Self::Key,
            "namespace" | "namespaces" | "ns" => Self::Namespace,
            "bulk" => Self::Bulk,
            "kv" => Self::Kv,
            _ => return None,
        })
    }
}

/// Verbs that are answered by what they are for.
const OF_KEYS: [&str; 5] = ["ttl", "persist", "clear", "flush", "purge"];

/// Moves the group in `words` to the verb ahead of it, whatever options are between them.
pub(super) fn joined(words: &mut Vec<String>) {
    let at = usize::from(words[0] == "wrangler");
    let Some(verb) = words.get(at).filter(|it| is_verb(it)) else {
        return;
    };
    let Some(grammar) = typed::grammar(key_command(verb).unwrap_or("key get")) else {
        return;
    };
    let parts = typed::parts(grammar, &words[at + 1..]);
    let ahead = parts.iter().take_while(|it| !it.is_operand());
    let place = at + 1 + ahead.map(|it| it.words.len()).sum::<usize>();
    if words.get(place).is_some_and(|it| Group::of(it).is_some()) {
        let group = words.remove(place);
        words.insert(at + 1, group);
    }
}

/// Answers a verb and its group, and says how many words at the end are arguments.
pub(super) fn answer(line: &Line, words: &[&str]) -> Option<(Hint, usize)> {
    let [verb, word, behind @ ..] = words else {
        return None;
    };
    let group = Group::of(word).filter(|_| is_verb(verb))?;
    let rest = behind.len();
    let typed = &line.words[line.words.len() - rest..];
    let grammar = typed::grammar("key get")?;
    let has_operand = typed::parts(grammar, typed).iter().any(Part::is_operand);
    let command = match group {
        Group::Kv => {
            if let [group @ ("key" | "bulk" | "namespace"), behind @ ..] = behind {
                let words = [&[*group, *verb], behind].concat();
                return Some(of_wrangler(line, &words));
            }
            None
        }
        Group::Key if OF_KEYS.contains(verb) => return Some((by_purpose(line, verb, rest)?, rest)),
        Group::Key => match key_command(verb) {
            Some("key get") if *word == "keys" && !has_operand => Some("key list"),
            Some(command) => Some(command),
            // It takes a file.
            None => return Some((line::help(renamed(verb)?), rest)),
        },
        Group::Namespace => match namespace_verb(verb) {
            Some("namespace get") if *word != "namespace" && !has_operand => Some("namespace list"),
            command => command,
        },
        Group::Bulk => bulk_verb(verb),
    };
    let Some(command) = command else {
        let help = Suggestion::new("help").args(match group {
            Group::Namespace => Some("namespace"),
            Group::Bulk => Some("bulk"),
            Group::Key | Group::Kv => None,
        });
        let help = Hint::run(help.sectionless());
        return Some((help.text(" to see the commands"), rest));
    };
    let arguments = line.with(typed);
    let hint = line.command(command, arguments.clone(), Default::Own);
    if is_of(&hint, command) && !(command == "key put" && lacks_value(&arguments)) {
        return Some((hint, rest));
    }
    Some((both(verb, word, command, &arguments).unwrap_or(hint), rest))
}

fn is_verb(word: &str) -> bool {
    key_command(word).or_else(|| namespace_verb(word)).is_some()
        || bulk_verb(word).or_else(|| renamed(word)).is_some()
        || OF_KEYS.contains(&word)
}

/// Returns the command that does `verb` to keys.
fn key_command(verb: &str) -> Option<&'static str> {
    match verb {
        "create" | "add" | "new" | "write" => Some("key put"),
        "show" | "view" | "read" | "describe" => Some("key get"),
        _ => renamed(verb).filter(|it| it.starts_with("key ") || *it == "audit"),
    }
}

/// Says how the group is used, and a key that is called like it: what was typed may be either, and is not
/// all that is needed.
fn both(verb: &str, word: &str, command: &'static str, arguments: &[String]) -> Option<Hint> {
    let other = key_command(verb).filter(|it| !["key list", "audit"].contains(it))?;
    let of_key = [&[word.to_owned()], arguments].concat();
    let hint = Hint::from("put the group first: ")
        .command(usage(command, arguments)?)
        .text(", or ")
        .command(usage(other, &of_key)?);
    Some(hint.text(format!(" for the key `{word}`")))
}

/// Returns `command` with names for what `arguments` do not say.
fn usage(command: &'static str, arguments: &[String]) -> Option<Suggestion> {
    let needed: &[&str] = match command {
        "key put" if names_source(arguments) => &["KEY"],
        "key put" => &["KEY", "VALUE"],
        "namespace create" | "namespace get" | "namespace delete" => &["TITLE"],
        "namespace rename" => &["TITLE", "NEW_TITLE"],
        "bulk get" | "bulk put" | "bulk delete" => &["FILE"],
        _ => &["KEY"],
    };
    let mut parts = typed::parts(typed::grammar(command)?, arguments);
    let given = parts.iter().filter(|it| it.is_operand()).count();
    let last = parts.iter().rposition(Part::is_operand);
    let place = last.map_or(0, |at| at + 1);
    let missing = needed.iter().skip(given).map(|it| Part::operand(*it));
    parts.splice(place..place, missing);
    let words = typed::words(&parts);
    let words = slips::mended(command, &words).map_or(words, |(words, _)| words);
    let (words, _) = slips::without_value(command, words);
    let usage = Suggestion::new(command).typed(words).sectionless();
    slips::is_taken(&usage).then(|| usage.as_example())
}

/// Whether `arguments` give `key put` no value.
fn lacks_value(arguments: &[String]) -> bool {
    let parts = typed::grammar("key put").map(|it| typed::parts(it, arguments));
    let operands = parts.iter().flatten().map(|it| match it.kind {
        Kind::Operand => 1,
        Kind::Behind => it.words.len() - 1,
        _ => 0,
    });
    operands.sum::<usize>() < 2 && !names_source(arguments)
}

/// Whether an option says where `key put` reads the value, or asks for help.
fn names_source(arguments: &[String]) -> bool {
    let options = ["--file", "--path", "--stdin", "--help"];
    let parts = typed::grammar("key put").map(|it| typed::parts(it, arguments));
    let mut parts = parts.into_iter().flatten();
    parts.any(|it| options.contains(&it.name()))
}
