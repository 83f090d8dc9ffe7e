//! What operands of other tools mean: the words of Redis, patterns, files, and ids.

use crate::{
    cli::typed::{self, Kind, Part},
    domain::{Hint, Suggestion, Ttl},
};

/// The words behind the value of Redis' `SET`.
const OF_SET: [&str; 9] = [
    "EX", "PX", "EXAT", "PXAT", "NX", "XX", "KEEPTTL", "GET", "IFEQ",
];

/// `key put KEY VALUE EX 60`.
pub(super) fn lifetime(parts: &mut Vec<Part>) {
    let places = places(parts);
    let [_, _, word, value] = places.as_slice() else {
        return;
    };
    let seconds = parts[*value].words[0].clone();
    let is_number = seconds.bytes().all(|it| it.is_ascii_digit());
    let option = match parts[*word].words[0].to_ascii_uppercase().as_str() {
        "EX" if is_number && seconds.parse::<Ttl>().is_ok() => "--ttl",
        "EXAT" if is_number => "--expiration",
        _ => return,
    };
    parts[*word] = Part::own(&[option, &seconds]);
    parts.remove(*value);
}

/// Says to read the help where `arguments` of `verb` have words of Redis' `SET` that `key put` has nothing for.
pub(in crate::cli) fn conditional(verb: &str, arguments: &[String]) -> Option<Hint> {
    let grammar = typed::grammar(verb).filter(|_| verb == "key put")?;
    let mut parts = typed::parts(grammar, arguments);
    lifetime(&mut parts);
    let is_of_set =
        |at: &usize| OF_SET.contains(&parts[*at].words[0].to_ascii_uppercase().as_str());
    places(&parts).iter().skip(2).find(|at| is_of_set(at))?;
    let help = Suggestion::new("help").args(verb.split(' ')).sectionless();
    let text = " to see its options; it writes whatever the key holds, as Workers KV has no conditional writes";
    Some(Hint::run(help).text(text))
}

/// Says what `key delete PATTERN*` may mean: keys with a prefix, or one key.
pub(in crate::cli) fn pattern(verb: &str, arguments: &[String]) -> Option<Hint> {
    let grammar = typed::grammar(verb).filter(|_| verb == "key delete")?;
    let mut parts = typed::parts(grammar, arguments);
    let [at] = places(&parts)[..] else {
        return None;
    };
    let word = parts[at].words[0].clone();
    let prefix = word.trim_end_matches('*');
    if prefix.is_empty() || prefix == word {
        return None;
    }
    let command = |parts: &[Part]| {
        let command = Suggestion::new("key delete").typed(typed::words(parts));
        let command = command.sectionless();
        super::is_taken(&command).then(|| command.as_example())
    };
    let of_key = command(&parts)?;
    parts[at] = Part::own(&["--prefix", prefix]);
    let hint = Hint::from("keys are deleted by their prefix: ").command(command(&parts)?);
    let hint = hint.text(", or ").command(of_key);
    Some(hint.text(format!(" for the one key `{word}`")))
}

/// Returns the command that does `copy BINDING FILE` or `copy FILE BINDING`, and its arguments.
pub(in crate::cli) fn through_file(
    verb: &str,
    arguments: &[String],
) -> Option<(&'static str, Vec<String>)> {
    let grammar = typed::grammar(verb).filter(|_| verb == "copy")?;
    let mut parts = typed::parts(grammar, arguments);
    let [from, to] = places(&parts)[..] else {
        return None;
    };
    let binding = |at: usize| {
        let word = parts[at].words[0].as_str();
        let name = word.strip_prefix("binding:").unwrap_or(word);
        // In another environment, it takes more than `-b`.
        (super::is_like_binding(name) && !name.contains('@')).then(|| name.to_owned())
    };
    let is_file = |at: usize| {
        let word = parts[at].words[0].as_str();
        let extension = std::path::Path::new(word).extension();
        let known = ["json", "ndjson", "jsonl", "csv"];
        !word.contains(':') && extension.is_some_and(|it| known.iter().any(|known| it == *known))
    };
    let (verb, at, name) = match (binding(from), binding(to)) {
        (Some(name), None) if is_file(to) => ("export", from, name),
        (None, Some(name)) if is_file(from) => ("import", to, name),
        _ => return None,
    };
    parts.remove(at);
    let behind = parts.iter().position(|it| it.kind == Kind::Behind);
    parts.insert(behind.unwrap_or(parts.len()), Part::own(&["-b", &name]));
    Some((verb, typed::words(&parts)))
}

/// `namespace delete ID`.
pub(super) fn ids(parts: &mut [Part]) {
    if let [at] = places(parts)[..] {
        let word = parts[at].words[0].clone();
        if word.len() == 32 && word.bytes().all(|it| it.is_ascii_hexdigit()) {
            parts[at] = Part::own(&["--namespace-id", &word]);
        }
    }
}

/// `scan 0 MATCH PATTERN COUNT N`, as Redis has it. A cursor of kvctl is never a number alone.
pub(super) fn scan(parts: &mut Vec<Part>) {
    let places = places(parts);
    let words: Vec<String> = places
        .iter()
        .map(|at| parts[*at].words[0].clone())
        .collect();
    let [cursor, named @ ..] = words.as_slice() else {
        return;
    };
    let is_number = cursor.bytes().all(|it| it.is_ascii_digit());
    if !is_number || named.is_empty() || named.len() % 2 != 0 {
        return;
    }
    let mut meant = Vec::new();
    for pair in named.chunks(2) {
        match pair[0].to_ascii_uppercase().as_str() {
            "MATCH" => meant.push(Part::operand(pair[1].as_str())),
            "COUNT" => meant.push(Part::own(&["--limit", &pair[1]])),
            _ => return,
        }
    }
    parts.retain(|it| !it.is_operand());
    parts.splice(..0, meant);
}

/// Returns what all that `pattern` matches begins with, and whether more does.
pub(super) fn prefix(pattern: &str) -> (&str, bool) {
    let prefix = pattern.split(['*', '?']).next().unwrap_or_default();
    (
        prefix,
        !pattern[prefix.len()..].bytes().all(|it| it == b'*'),
    )
}

/// Returns where the operands are.
fn places(parts: &[Part]) -> Vec<usize> {
    let places = parts.iter().enumerate().filter(|(_, it)| it.is_operand());
    places.map(|(at, _)| at).collect()
}
