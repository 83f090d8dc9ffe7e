//! A command line that kvctl does not know, and the command line of kvctl that does the same.

use std::ffi::OsString;

use crate::{
    cli::{
        slips, switches,
        typed::{self, Kind, Part},
    },
    domain::{Hint, Suggestion},
};

/// Where a command works that says nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Default {
    /// On the local store, as wrangler's `kv key` and `kv bulk` do.
    Local,
    /// On the remote service, as wrangler's `kv namespace` does.
    Remote,
    /// As kvctl does.
    Own,
    /// On neither.
    Nowhere,
}

/// The global options that wrangler has as well.
const OF_WRANGLER: [&str; 7] = [
    "-c",
    "--config",
    "-e",
    "--env",
    "--cwd",
    "--env-file",
    "--profile",
];

/// The global options that say how kvctl reports.
const OF_OUTPUT: [&str; 7] = [
    "--json",
    "--ndjson",
    "--quiet",
    "-q",
    "--verbose",
    "-v",
    "--color",
];

/// A command line that kvctl does not know.
pub(super) struct Line {
    /// Global options, before the command.
    pub(super) options: Vec<String>,
    /// The command, and what is behind it.
    pub(super) words: Vec<String>,
    /// Whether a variable selects the local store.
    pub(super) local_by_variable: bool,
}

impl Line {
    pub(super) fn read(arguments: &[String], local_by_variable: bool) -> Option<Self> {
        let plain = switches::without_values(arguments.iter().map(OsString::from));
        let plain: Vec<String> = plain
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let (mut options, mut words) = (Vec::new(), Vec::new());
        let mut left = 1;
        let mut parts = typed::parts(typed::grammar("")?, &plain).into_iter();
        while left > 0
            && let Some(part) = parts.next()
        {
            match part.kind {
                Kind::Global => options.extend(part.words),
                Kind::Operand => {
                    if words.is_empty() {
                        left = length(&part.words[0]);
                    }
                    left -= 1;
                    words.extend(part.words);
                }
                _ if words.is_empty() => return None,
                _ => {
                    words.extend(part.words);
                    break;
                }
            }
        }
        words.extend(parts.flat_map(|part| part.words));
        (!words.is_empty()).then_some(Self {
            options,
            words,
            local_by_variable,
        })
    }

    /// Returns the options of this line, and `behind`.
    pub(super) fn with(&self, behind: &[String]) -> Vec<String> {
        [&self.options, behind].concat()
    }

    /// Returns the options before the command that wrangler has as well, unless wrangler would do something
    /// else without the others.
    pub(super) fn options_of_wrangler(&self) -> Option<Vec<String>> {
        let mut parts = typed::parts(typed::grammar("")?, &self.options);
        let names = |part: &Part| match part.words[0].strip_prefix("--") {
            Some(_) => part.name().to_owned(),
            None => part.words[0].clone(),
        };
        parts.retain(|it| !OF_OUTPUT.contains(&names(it).as_str()));
        let is_known = |it: &Part| OF_WRANGLER.contains(&names(it).as_str());
        parts.iter().all(is_known).then(|| typed::words(&parts))
    }

    /// Returns the options of the whole line that `verb` has as well.
    pub(super) fn kept(&self, verb: &str) -> Vec<String> {
        let has = |part: &Part| matches!(part.kind, Kind::Global | Kind::Own);
        let parts = typed::grammar(verb).map(|it| typed::parts(it, &self.with(&self.words[1..])));
        let parts: Vec<Part> = parts.into_iter().flatten().filter(has).collect();
        typed::words(&parts)
    }

    /// Says to run `verb` with `arguments`.
    pub(super) fn command(
        &self,
        verb: &'static str,
        mut arguments: Vec<String>,
        default: Default,
    ) -> Hint {
        if is_bare(verb, &arguments) {
            return help(verb);
        }
        let end = arguments.iter().position(|word| *word == "--");
        let end = end.unwrap_or(arguments.len());
        let has = |option: &str| {
            let mut options = arguments[..end].iter();
            options.any(|word| word.split('=').next() == Some(option))
        };
        let is_said = has("--local") || has("--remote");
        let names_store = has("--persist-to") && !self.local_by_variable;
        let (option, explanation) = match default {
            Default::Nowhere => (None, None),
            _ if is_said => (None, None),
            Default::Local => (Some("--local"), None),
            Default::Remote => (self.local_by_variable.then_some("--remote"), None),
            Default::Own if names_store => (Some("--local"), None),
            Default::Own => (None, Some(self.explanation())),
        };
        arguments.splice(end..end, option.map(str::to_owned));
        let (verb, arguments) = slips::through_file(verb, &arguments).unwrap_or((verb, arguments));
        let unclear = slips::conditional(verb, &arguments);
        if let Some(hint) = unclear.or_else(|| slips::pattern(verb, &arguments)) {
            return hint;
        }
        if let Some(instead) = slips::created(verb, &arguments) {
            return Hint::run(instead);
        }
        let mended = slips::mended(verb, &arguments);
        let (words, note) = mended.unwrap_or((arguments, None));
        let command = Suggestion::new(verb).typed(&words).sectionless();
        if !slips::is_taken(&command) {
            return help(verb);
        }
        slips::run(verb, words, explanation.into_iter().chain(note))
    }

    /// Says where a command of kvctl works that does not say so itself.
    fn explanation(&self) -> &'static str {
        if self.local_by_variable {
            ", which works on the local store, as KVCTL_LOCAL says; with `--remote` on the remote service"
        } else {
            ", which works on the remote service; with `--local` on the local store"
        }
    }
}

/// Returns of how many words a command is that begins with `first`, at most.
fn length(first: &str) -> usize {
    match first {
        "help" => 5,
        "wrangler" => 4,
        "kv" => 3,
        "key" | "keys" | "namespace" | "namespaces" | "ns" | "bulk" => 2,
        _ if first.starts_with("kv:") => 2,
        _ => 1,
    }
}

/// Says to read what arguments `verb` takes, where what was typed is not all that it needs.
pub(super) fn help(verb: &str) -> Hint {
    let help = Suggestion::new("help").args(verb.split(' '));
    Hint::run(help.sectionless()).text(" to see its arguments")
}

/// Whether `arguments` say nothing to `verb`, which works on one namespace: without one it runs in few
/// projects only.
fn is_bare(verb: &str, arguments: &[String]) -> bool {
    typed::grammar(verb).is_some_and(|grammar| {
        let mut known = grammar.get_arguments();
        let parts = typed::parts(grammar, arguments);
        known.any(|arg| arg.get_id() == "binding")
            && parts.iter().all(|part| part.kind == Kind::Global)
    })
}
