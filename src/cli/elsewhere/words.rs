//! Which command of kvctl is meant by the words of other tools.

use super::line::{self, Default, Line};
use crate::{
    cli::{
        slips,
        typed::{self, Kind, Part},
    },
    domain::{Hint, Suggestion, shell_words},
};

/// Answers what stands behind `kv`, and says how many words at the end are arguments.
pub(super) fn of_wrangler(line: &Line, words: &[&str]) -> (Hint, usize) {
    let [noun, behind @ ..] = words else {
        let help = Hint::run(Suggestion::new("help").sectionless());
        return (help.text(" to see what kvctl does"), 0);
    };
    let named = behind.first().and_then(|verb| match *noun {
        "key" => Some((key_verb(verb)?, Default::Local)),
        "bulk" => Some((bulk_verb(verb)?, Default::Local)),
        "namespace" => Some((namespace_verb(verb)?, Default::Remote)),
        _ => None,
    });
    if let Some((verb, default)) = named {
        let rest = behind.len() - 1;
        let arguments = line.with(&line.words[line.words.len() - rest..]);
        return (line.command(verb, arguments, default), rest);
    }
    // What is behind may be a value.
    let (help, shown) = match *noun {
        noun @ ("key" | "bulk" | "namespace") => (Suggestion::new("help").arg(noun), 2),
        _ => (Suggestion::new("help"), 1),
    };
    let is_option = |word: &&&str| word.starts_with('-');
    let ahead = words.iter().take(shown).take_while(|word| !is_option(word));
    (
        Hint::run(help.sectionless()).text(" to see the commands"),
        words.len() - ahead.count(),
    )
}

/// Answers with `verb`, which takes the `rest` words at the end.
pub(super) fn of_kvctl(line: &Line, verb: &'static str, rest: usize) -> (Hint, usize) {
    let arguments = line.with(&line.words[line.words.len() - rest..]);
    (line.command(verb, arguments, Default::Own), rest)
}

/// Answers what other tools have a command for.
pub(super) fn of_others(line: &Line, words: &[&str]) -> Option<(Hint, usize)> {
    let (first, behind) = words.split_first()?;
    let own = |verb, rest| of_kvctl(line, verb, rest);
    let plural = match *first {
        "keys" => Some((key_verb as fn(&str) -> _, "key list")),
        "namespaces" => Some((namespace_verb as fn(&str) -> _, "namespace list")),
        _ => None,
    };
    if let Some((verb, list)) = plural {
        let named = behind.first().and_then(|word| verb(word));
        let rest = behind.len() - usize::from(named.is_some());
        return Some(own(named.unwrap_or(list), rest));
    }
    let rest = behind.len();
    if let Some(verb) = renamed(first) {
        if let ("key delete", ["binding", name, ..]) = (verb, behind)
            && slips::is_like_binding(name)
        {
            let help = Suggestion::new("help").args(["namespace", "delete"]);
            let hint = Hint::from("take its entry out of the wrangler file; for its namespace, ");
            return Some((hint.and(Hint::run(help.sectionless())), rest));
        }
        let hint = own(verb, rest).0;
        if verb != "key list" || is_of(&hint, verb) {
            return Some((hint, rest));
        }
        // It says nothing of keys: namespaces may be meant.
        let namespaces = own("namespace list", rest).0;
        if !is_of(&namespaces, "namespace list") {
            return Some((hint, rest));
        }
        return Some((namespaces.text("; for keys, ").and(hint), rest));
    }
    Some((by_purpose(line, first, rest)?, rest))
}

/// Answers `first`, which other tools have for something that kvctl does in its own way, or not at all.
pub(super) fn by_purpose(line: &Line, first: &str, rest: usize) -> Option<Hint> {
    let kept = |verb, default| line.command(verb, line.kept(verb), default);
    let with = |verb, option: &str| {
        let mut arguments = line.with(&line.words[line.words.len() - rest..]);
        arguments.insert(0, option.to_owned());
        line.command(verb, arguments, Default::Own)
    };
    let with_kept = |verb, option: &str| {
        let mut arguments = line.kept(verb);
        arguments.retain(|it| it != option);
        arguments.insert(0, option.to_owned());
        line.command(verb, arguments, Default::Own)
    };
    Some(match first {
        "whoami" => {
            kept("doctor", Default::Nowhere).text(", which says whose credentials are used")
        }
        "config" => kept("doctor", Default::Nowhere).text(", which says where settings come from"),
        "dev" => carried(line, first, rest)
            .text(", which uses the same local store; to serve that as a REST API, ")
            .and(kept("serve", Default::Nowhere)),
        "generate" | "codegen" => kept("scaffold", Default::Nowhere),
        "status" | "check" | "validate" | "lint" => with_kept("verify", "--read-only"),
        "apply" | "up" => kept("provision", Default::Own),
        "plan" => with_kept("provision", "--check"),
        "init" => {
            let mut arguments = line.kept("provision");
            arguments.retain(|it| it != "--init");
            arguments.splice(..0, ["BINDING", "--init"].map(str::to_owned));
            let create = line.command("provision", arguments, Default::Own);
            let what = "; that creates a wrangler.toml here, and a namespace for BINDING";
            create.as_example().text(what)
        }
        "ttl" => with("key get", "--with-metadata"),
        "persist" => with("key touch", "--no-expiry"),
        "clear" | "flush" | "flushall" | "flushdb" | "purge" => emptied(line, rest),
        "login" => {
            carried(line, first, rest).text(", whose login kvctl uses, or set CLOUDFLARE_API_TOKEN")
        }
        "logout" => carried(line, first, rest).text("; kvctl keeps no login of its own"),
        "deploy" | "secret" | "tail" | "pages" | "types" | "versions" | "deployments"
        | "rollback" | "d1" | "r2" | "queues" => {
            carried(line, first, rest).text(": kvctl is for Workers KV alone")
        }
        first => return in_words(first),
    })
}

/// Says to run the same line with wrangler; where it has what wrangler does not take, or what no message
/// shows, that `first` is wrangler's.
fn carried(line: &Line, first: &str, rest: usize) -> Hint {
    let behind = &line.words[line.words.len() - rest..];
    let elsewhere = || Hint::from(format!("`{first}` is a command of wrangler"));
    let Some(options) = line.options_of_wrangler() else {
        return elsewhere();
    };
    let parts = typed::grammar("").map(|it| typed::parts(it, behind));
    let parts = parts.unwrap_or_default();
    let mut operands = parts.iter().filter(|it| it.kind != Kind::Global);
    let is_secret = first == "secret" || behind.iter().any(|it| it == "secret");
    // wrangler reads the value of a secret from stdin.
    if is_secret && operands.any(|it| it.words[0] == "put") && operands.count() > 1 {
        return elsewhere();
    }
    let words = ["wrangler", first].map(str::to_owned).into_iter();
    // Options of kvctl, and what `help login` adds, mean nothing to a login.
    let is_login = first == "login" || first == "logout";
    let is_meant = |it: &&Part| match it.kind {
        Kind::Global => it.name() == "--profile",
        _ => it.name() != "--help",
    };
    let behind = parts.iter().filter(|it| !is_login || is_meant(it));
    let behind = behind.flat_map(|it| it.words.clone());
    let words = words.chain(behind).chain(options);
    format!("run `{}`", shell_words(words)).into()
}

/// Says what there is instead of `first`, whatever stands behind it.
fn in_words(first: &str) -> Option<Hint> {
    let help = |of: &'static [&str]| Suggestion::new("help").args(of).sectionless();
    Some(match first {
        "auth" => {
            "run `wrangler login`, whose login kvctl uses, or set CLOUDFLARE_API_TOKEN".into()
        }
        "mv" | "rename" => Hint::run(help(&["rename-binding"]))
            .text(" for a binding, ")
            .command(help(&["namespace", "rename"]))
            .text(" for a namespace; the service cannot rename a key"),
        "setex" => Hint::run(help(&["key", "put"])).text("; its TTL is an option, `--ttl`"),
        "mget" => Hint::run(help(&["bulk", "get"])).text("; it reads the keys that a file lists"),
        "search" | "find" | "grep" => Hint::run(help(&["key", "list"]))
            .text("; keys are found by their prefix, with `--prefix`"),
        "incr" | "decr" => {
            "read the value and write another: Workers KV has no atomic operations".into()
        }
        "update" | "upgrade" | "self-update" => {
            "install the new version as this one was installed: kvctl does not update itself".into()
        }
        _ => return None,
    })
}

/// Whether `hint` is to run `verb`.
pub(super) fn is_of(hint: &Hint, verb: &str) -> bool {
    hint.suggestions().any(|it| it.verb() == verb)
}

/// Returns the command that takes the same arguments as `first` of other tools.
pub(super) fn renamed(first: &str) -> Option<&'static str> {
    Some(match first {
        "restore" => "import",
        "backup" | "dump" => "export",
        "expire" => "key touch",
        "keys" => "key list",
        "count" | "dbsize" | "size" | "stats" => "audit",
        "cat" | "exists" => "key get",
        "cp" => "copy",
        "create" => "namespace create",
        first => return key_verb(first),
    })
}

/// Answers `purge [PREFIX]`, `purge BINDING`.
fn emptied(line: &Line, rest: usize) -> Hint {
    let arguments = line.with(&line.words[line.words.len() - rest..]);
    let grammar = typed::grammar("key delete");
    let parts = grammar.map(|it| typed::parts(it, &arguments));
    let mut parts = parts.unwrap_or_default();
    for part in parts.iter_mut().filter(|it| it.is_operand()) {
        let word = part.words[0].clone();
        *part = if slips::is_like_binding(&word) {
            Part::own(&["-b", &word])
        } else {
            Part::own(&["--prefix", word.trim_end_matches('*')])
        };
    }
    if parts.iter().all(|it| it.kind == Kind::Global) {
        return line::help("key delete");
    }
    if !parts
        .iter()
        .any(|it| ["--prefix", "--all"].contains(&it.name()))
    {
        parts.insert(0, Part::own(&["--all"]));
    }
    line.command("key delete", typed::words(&parts), Default::Own)
}

fn key_verb(verb: &str) -> Option<&'static str> {
    Some(match verb {
        "get" => "key get",
        "put" | "set" => "key put",
        "list" | "ls" | "scan" => "key list",
        "delete" | "rm" | "del" | "remove" => "key delete",
        "edit" => "key edit",
        "touch" => "key touch",
        _ => return None,
    })
}

pub(super) fn namespace_verb(verb: &str) -> Option<&'static str> {
    Some(match verb {
        "create" | "new" | "add" => "namespace create",
        "list" | "ls" => "namespace list",
        "rename" => "namespace rename",
        "delete" | "rm" | "remove" => "namespace delete",
        "get" | "show" | "view" | "describe" | "info" => "namespace get",
        _ => return None,
    })
}

pub(super) fn bulk_verb(verb: &str) -> Option<&'static str> {
    Some(match verb {
        "get" => "bulk get",
        "put" | "import" | "upload" => "bulk put",
        "delete" | "rm" | "remove" | "del" => "bulk delete",
        _ => return None,
    })
}
