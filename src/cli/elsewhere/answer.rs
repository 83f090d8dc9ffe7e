//! The answer to a line that kvctl does not know: of wrangler, of kvctl with other words, or of other tools.

use super::{
    line::Line,
    nouns,
    words::{bulk_verb, by_purpose, namespace_verb, of_kvctl, of_others, of_wrangler, renamed},
};
use crate::domain::{Hint, Suggestion};

/// Answers `line`, and says how many words at its end are arguments.
pub(super) fn answer(line: &Line) -> Option<(Hint, usize)> {
    let mut words: Vec<&str> = line.words.iter().map(String::as_str).collect();
    if words[0] == "help" {
        return help(line);
    }
    // `kv:key get` of old is `kv key get`.
    if let Some(noun) = words[0].strip_prefix("kv:") {
        words.splice(..1, ["kv", noun]);
    } else if words[0] == "wrangler" {
        words.remove(0);
    }
    match words.as_slice() {
        ["kv", words @ ..] => Some(of_wrangler(line, words)),
        [
            noun @ ("key" | "namespace" | "ns" | "bulk"),
            verb,
            behind @ ..,
        ] => {
            let named = match *noun {
                "key" if *verb == "ttl" || *verb == "persist" => {
                    return Some((by_purpose(line, verb, behind.len())?, behind.len()));
                }
                "key" => renamed(verb).filter(|it| it.starts_with("key ")),
                "bulk" => bulk_verb(verb),
                _ => namespace_verb(verb),
            };
            Some(of_kvctl(line, named?, behind.len()))
        }
        words => nouns::answer(line, words).or_else(|| of_others(line, words)),
    }
}

/// Answers `help` about a command that kvctl has under another name.
fn help(line: &Line) -> Option<(Hint, usize)> {
    let words = line.words.get(1..).filter(|words| !words.is_empty())?;
    let about = Line {
        options: Vec::new(),
        words: [words, &["--help".to_owned()]].concat(),
        ..*line
    };
    let (hint, rest) = answer(&about)?;
    let of = hint.suggestions().next().map(|it| match it.verb() {
        "help" => it.clone(),
        verb => Suggestion::new("help").args(verb.split(' ')).sectionless(),
    });
    // The last word is the one that was added.
    Some((of.map_or(hint, Hint::run), rest.saturating_sub(1)))
}
