//! What a command line was meant to be whose command kvctl has, but not these arguments: the words of
//! other tools, and of other commands of kvctl.

mod operands;

pub(super) use operands::{conditional, pattern, through_file};

use super::{
    Command, NamespaceCommand, tips,
    typed::{self, Kind, Part, Typed},
};
use crate::domain::{Hint, Suggestion, Ttl};

/// The options that say which namespace.
const WHICH: [&str; 5] = ["-b", "--binding", "-n", "--namespace", "--namespace-id"];

/// The options that say when a key expires.
const UNTIL: [&str; 4] = ["--ttl", "--expiration", "--expires", "--no-expiry"];

/// Options of other tools that say what a command does anyway: which commands, which options, and what
/// to say of it.
const NEEDLESS: [(&[&str], &[&str], &str); 4] = [
    (
        &["key put", "bulk put", "import", "copy", "sync"],
        &["--overwrite", "--force", "--clobber", "--replace"],
        "; existing keys are overwritten anyway",
    ),
    (
        &["key get"],
        &["--raw"],
        "; values are printed byte for byte anyway",
    ),
    (
        &["key list", "namespace list"],
        &["--all", "--paginate"],
        "; all are listed anyway",
    ),
    (
        &["key delete"],
        &["--if-exists"],
        "; that a key does not exist is no error, unless `--must-exist` says so",
    ),
];

/// What is said of a lifetime that nobody asked for.
const EXAMPLE: &str = "; `1h` is an example";

/// What is said of a pattern that is more than a prefix.
const BY_PREFIX: &str = "; keys are found by their prefix alone";

/// Returns the hint to run what was meant by `arguments`, which the grammar refuses.
pub(super) fn meant(arguments: &[String]) -> Option<Hint> {
    let Typed { verb, parts } = Typed::read(arguments)?;
    let (words, note) = mended(verb, &typed::words(&parts))?;
    Some(run(verb, words, note))
}

/// Says to run `verb` with `words`, and `notes`.
pub(super) fn run(
    verb: &'static str,
    words: Vec<String>,
    notes: impl IntoIterator<Item = &'static str>,
) -> Hint {
    let (words, has_value) = without_value(verb, words);
    let notes: Vec<&str> = notes.into_iter().collect();
    let command = Suggestion::new(verb).typed(words).sectionless();
    let (command, last) = if notes.contains(&EXAMPLE) {
        (command.as_example(), None)
    } else if has_value {
        (command.as_example(), Some("; VALUE stands for the value"))
    } else {
        (command, None)
    };
    let notes = notes.into_iter().chain(last);
    notes.fold(Hint::run(command), Hint::text)
}

/// Returns `words` with a name for the value that they give to `key put`, which no message shows, and
/// whether there is one.
pub(super) fn without_value(verb: &str, words: Vec<String>) -> (Vec<String>, bool) {
    let Some(grammar) = typed::grammar(verb).filter(|_| verb == "key put") else {
        return (words, false);
    };
    let (mut shown, mut count, mut has_value) = (Vec::new(), 0, false);
    let mut operand = |word: String, shown: &mut Vec<String>| {
        count += 1;
        if count == 1 || (count == 2 && word == "-") {
            shown.push(word);
        } else if !std::mem::replace(&mut has_value, true) {
            shown.push("VALUE".to_owned());
        }
    };
    for part in typed::parts(grammar, &words) {
        match part.kind {
            Kind::Operand | Kind::Behind => {
                let mut words = part.words.into_iter();
                if part.kind == Kind::Behind {
                    shown.extend(words.next());
                }
                words.for_each(|word| operand(word, &mut shown));
            }
            _ => shown.extend(part.words),
        }
    }
    (shown, has_value)
}

/// Returns the command that does what wrangler's `namespace create` does with `arguments`, where that is
/// not this command.
pub(super) fn created(verb: &str, arguments: &[String]) -> Option<Suggestion> {
    let grammar = typed::grammar(verb).filter(|_| verb == "namespace create")?;
    let command = Suggestion::new("namespace create")
        .typed(arguments)
        .sectionless();
    let words = command.words(&crate::domain::Invocation::default());
    let parsed = super::parse(words.into_iter().map(Into::into)).ok()?;
    let Command::Namespace(NamespaceCommand::Create(args)) = parsed.command else {
        return None;
    };
    let mut parts = typed::parts(grammar, arguments);
    parts.retain(|it| it.kind == Kind::Global);
    Some(args.instead()?.typed(typed::words(&parts)).sectionless())
}

/// Returns the arguments that were meant by `arguments` of `verb`, if the grammar takes them, and what to say
/// of them.
pub(super) fn mended(
    verb: &'static str,
    arguments: &[String],
) -> Option<(Vec<String>, Option<&'static str>)> {
    let grammar = typed::grammar(verb)?;
    let given = typed::parts(grammar, arguments);
    let mut parts = given.clone();
    formats(&mut parts);
    named_operands(verb, &mut parts);
    titles(&mut parts);
    if verb == "key touch" {
        // What looks like a binding ahead of a lifetime is a key.
        until(&mut parts);
        lifetimes(&mut parts);
    }
    // The first of two words that `key put` takes is the key, and the second is not to be shown.
    let command = Suggestion::new(verb).typed(arguments).sectionless();
    if !["key list", "key put", "copy", "diff"].contains(&verb) && !is_taken(&command) {
        bindings(grammar, &mut parts);
    }
    let mut note = None;
    match verb {
        "key list" => note = prefixes(&mut parts),
        "key put" => {
            until(&mut parts);
            operands::lifetime(&mut parts);
        }
        "bulk put" => until(&mut parts),
        "key touch" => lifetimes(&mut parts),
        "namespace delete" | "namespace get" => operands::ids(&mut parts),
        "copy" | "diff" => sides(&mut parts),
        _ => {}
    }
    let note = needless(verb, &mut parts).or(note);
    if parts == given {
        return None;
    }
    let invented = verb == "key touch" && parts.contains(&example());
    let words = typed::words(&parts);
    let note = note.or_else(|| invented.then_some(EXAMPLE));
    let command = Suggestion::new(verb).typed(&words).sectionless();
    is_taken(&command).then_some((words, note))
}

/// Returns the hint to give `key put` a value that begins with `-`, if `arguments` have one that can be
/// nothing else.
pub(super) fn dashed_value(arguments: &[String]) -> Option<Hint> {
    let Typed { verb, mut parts } = Typed::read(arguments)?;
    let grammar = typed::grammar(verb).filter(|_| verb == "key put")?;
    let is_operand = |it: &Part| matches!(it.kind, Kind::Operand | Kind::Behind);
    let has_source = |it: &Part| ["--file", "--path", "--stdin"].contains(&it.name());
    let count = parts.iter().filter(|it| is_operand(it)).count();
    if count != 1 || parts.iter().any(has_source) {
        return None;
    }
    let options: Vec<&str> = grammar
        .get_arguments()
        .filter_map(clap::Arg::get_long)
        .collect();
    let at = parts.iter().position(|it| it.kind == Kind::Unknown)?;
    let name = parts[at].name();
    if name.starts_with("--") && options.iter().any(|it| tips::is_near(name, it)) {
        return None;
    }
    parts.remove(at);
    if parts.iter().any(|it| it.kind == Kind::Unknown) {
        return None;
    }
    let behind = ["--", "VALUE"].map(str::to_owned).to_vec();
    parts.push(Part {
        kind: Kind::Behind,
        words: behind,
    });
    let put = Suggestion::new(verb)
        .typed(typed::words(&parts))
        .sectionless();
    let hint = Hint::from("put a value that begins with `-` last: ");
    is_taken(&put).then(|| hint.command(put.as_example()))
}

/// Whether the grammar takes `command`, or answers it with help.
pub(super) fn is_taken(command: &Suggestion) -> bool {
    let words = command.words(&crate::domain::Invocation::default());
    let parsed = super::parse(words.into_iter().map(Into::into));
    parsed.map_or_else(|error| !error.use_stderr(), |_| true)
}

/// Whether a word is written as bindings mostly are.
pub(super) fn is_like_binding(word: &str) -> bool {
    let name = word.split('@').next().unwrap_or_default();
    name.starts_with(|it: char| it.is_ascii_uppercase())
        && name
            .bytes()
            .all(|it| it.is_ascii_uppercase() || it.is_ascii_digit() || it == b'_')
}

/// Takes the values of the options called `names` that the grammar does not have.
fn take(parts: &mut Vec<Part>, names: &[&str]) -> Option<(usize, String)> {
    let is_meant = |it: &Part| it.kind == Kind::Unknown && names.contains(&it.name());
    let at = parts.iter().position(is_meant)?;
    if let Some(value) = parts[at].value() {
        let value = value.to_owned();
        parts.remove(at);
        return Some((at, value));
    }
    let next = parts.get(at + 1).filter(|it| it.is_operand())?;
    let value = next.words[0].clone();
    parts.drain(at..at + 2);
    Some((at, value))
}

/// `--format json`, `-o json`.
fn formats(parts: &mut Vec<Part>) {
    let mut taken = parts.clone();
    let Some((at, format)) = take(&mut taken, &["--format", "--output", "--out", "-o"]) else {
        return;
    };
    let option = match format.as_str() {
        "json" => "--json",
        "ndjson" | "jsonl" => "--ndjson",
        _ => return,
    };
    taken.insert(at, Part::own(&[option]));
    *parts = taken;
}

/// `--key KEY`, `--value VALUE`, `--file FILE` of a command that is given one, and `--name TITLE`.
fn named_operands(verb: &str, parts: &mut Vec<Part>) {
    let names: &[&str] = match verb {
        "import" | "bulk put" | "bulk get" | "bulk delete" => {
            &["--file", "-f", "--filename", "--path"]
        }
        "export" => &["--file", "--output", "-o", "--out", "--filename", "--path"],
        "namespace create" => &["--name", "--title", "--ns"],
        "provision" => &["--binding", "-b", "--name"],
        _ => &[],
    };
    if let Some((_, value)) = take(parts, names) {
        parts.insert(0, Part::operand(value));
    }
    if let Some((_, value)) = take(parts, &["--value"]) {
        let behind = parts.iter().position(|it| it.kind == Kind::Behind);
        parts.insert(behind.unwrap_or(parts.len()), Part::operand(value));
    }
    if let Some((_, key)) = take(parts, &["--key"]) {
        parts.insert(0, Part::operand(key));
    }
}

/// `--title TITLE`.
fn titles(parts: &mut Vec<Part>) {
    if let Some((at, title)) = take(parts, &["--title", "--ns"]) {
        parts.insert(at, Part::own(&["-n", &title]));
    }
}

/// `--ex 60`, `--expire 60`.
fn until(parts: &mut Vec<Part>) {
    let Some((at, value)) = take(parts, &["--ex", "--expire", "--expires-in", "--expire-in"])
    else {
        return;
    };
    // A number of ten digits is a time.
    let is_ttl = value.len() < 10 && value.parse::<Ttl>().is_ok();
    let option = if is_ttl { "--ttl" } else { "--expiration" };
    parts.insert(at, Part::own(&[option, &value]));
}

/// `key get KEY BINDING`, `key get binding:BINDING KEY`, `import FILE BINDING`.
fn bindings(grammar: &clap::Command, parts: &mut [Part]) {
    let has_option = grammar.get_arguments().any(|arg| arg.get_id() == "binding");
    if !has_option || parts.iter().any(|it| WHICH.contains(&it.name())) {
        return;
    }
    let is_needed = grammar.get_positionals().any(clap::Arg::is_required_set);
    if is_needed && parts.iter().filter(|it| it.is_operand()).count() < 2 {
        return;
    }
    let named = |it: &Part| it.words[0].strip_prefix("binding:").map(str::to_owned);
    let like = |it: &Part| is_like_binding(&it.words[0]).then(|| it.words[0].clone());
    let is_named = parts
        .iter()
        .any(|it| it.is_operand() && named(it).is_some());
    let binding = |it: &Part| if is_named { named(it) } else { like(it) };
    let operands = parts.iter_mut().filter(|it| it.is_operand());
    let mut operands = operands.filter_map(|it| binding(it).map(|name| (it, name)));
    if let (Some((operand, name)), None) = (operands.next(), operands.next()) {
        *operand = Part::own(&["-b", &name]);
    }
}

/// Removes options that say what `verb` does anyway, and returns what to say of the last.
fn needless(verb: &str, parts: &mut Vec<Part>) -> Option<&'static str> {
    let mut said = None;
    for (verbs, options, note) in NEEDLESS {
        if verbs.contains(&verb) {
            let count = parts.len();
            parts.retain(|it| it.kind != Kind::Unknown || !options.contains(&it.name()));
            said = (parts.len() < count).then_some(note).or(said);
        }
    }
    said
}

/// `key list PREFIX`, `key list BINDING`, `--match PREFIX*`, `--max-items N`. Returns what to say of it.
fn prefixes(parts: &mut Vec<Part>) -> Option<&'static str> {
    let mut note = None;
    if let Some((at, pattern)) = take(parts, &["--match", "--pattern", "--filter"]) {
        let (prefix, is_more) = operands::prefix(&pattern);
        note = is_more.then_some(BY_PREFIX);
        parts.insert(at, Part::own(&["--prefix", prefix]));
    }
    operands::scan(parts);
    if let Some((at, count)) = take(parts, &["--max-items", "--max-keys", "--count", "-l"]) {
        parts.insert(at, Part::own(&["--limit", &count]));
    }
    let is_said = parts.iter().any(|it| WHICH.contains(&it.name()));
    let mut operands = parts.iter_mut().filter(|it| it.is_operand());
    let (Some(operand), None) = (operands.next(), operands.next()) else {
        return note;
    };
    let word = operand.words[0].clone();
    let (prefix, is_more) = operands::prefix(&word);
    *operand = if !is_said && is_like_binding(&word) {
        Part::own(&["-b", &word])
    } else {
        note = note.or_else(|| is_more.then_some(BY_PREFIX));
        Part::own(&["--prefix", prefix])
    };
    note
}

/// `key touch KEY SECONDS`, `key touch KEY`.
fn lifetimes(parts: &mut Vec<Part>) {
    let is_said = |it: &Part| {
        let aliases = super::key::TTL_ALIASES;
        let name = it.name().trim_start_matches("--");
        it.kind == Kind::Own && (UNTIL.contains(&it.name()) || aliases.contains(&name))
    };
    if parts.iter().any(is_said) {
        return;
    }
    let places = parts.iter().enumerate().filter(|(_, it)| it.is_operand());
    let places: Vec<usize> = places.map(|(at, _)| at).collect();
    match places.as_slice() {
        [_, at] if parts[*at].words[0].parse::<Ttl>().is_ok() => {
            let ttl = parts[*at].words[0].clone();
            parts[*at] = Part::own(&["--ttl", &ttl]);
        }
        [_] => {
            let behind = parts.iter().position(|it| it.kind == Kind::Behind);
            parts.insert(behind.unwrap_or(parts.len()), example());
        }
        _ => {}
    }
}

/// An expiration, where none was said.
fn example() -> Part {
    Part::own(&["--ttl", "1h"])
}

/// `copy BINDING BINDING@ENV`.
fn sides(parts: &mut [Part]) {
    for part in parts.iter_mut().filter(|it| it.is_operand()) {
        if is_like_binding(&part.words[0]) {
            part.words[0].insert_str(0, "binding:");
        }
    }
}

#[cfg(test)]
mod tests;
