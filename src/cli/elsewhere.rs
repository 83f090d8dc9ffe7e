//! What is typed for habit: the commands of wrangler, and of other tools, where kvctl has another name
//! for them. They are answered, not run: wrangler's commands work on the local store by default.

use std::ffi::OsString;

use super::{
    slips, switches,
    typed::{self, Kind, Part},
};
use crate::domain::{Classification, Classify, ErrorClass, Hint, Suggestion};

/// A command that kvctl has under another name.
#[derive(Debug, thiserror::Error)]
#[error("kvctl has no command `{typed}`")]
pub struct Elsewhere {
    typed: String,
    hint: Hint,
}

impl Classify for Elsewhere {
    fn classify(&self) -> Classification {
        ErrorClass::Usage.hint(self.hint.clone())
    }
}

/// Where a command works that says nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Default {
    /// On the local store, as wrangler's `kv key` and `kv bulk` do.
    Local,
    /// On the remote service, as wrangler's `kv namespace` does.
    Remote,
    /// As kvctl does.
    Own,
    /// On neither.
    Nowhere,
}

/// A command line that kvctl does not know.
struct Line {
    /// Global options, before the command.
    options: Vec<String>,
    /// The command, and what is behind it.
    words: Vec<String>,
    /// Whether a variable selects the local store.
    local_by_variable: bool,
}

impl Line {
    fn read(arguments: &[String], local_by_variable: bool) -> Option<Self> {
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
    fn with(&self, behind: &[String]) -> Vec<String> {
        [&self.options, behind].concat()
    }

    /// Returns the options of the whole line that `verb` has as well.
    fn kept(&self, verb: &str) -> Vec<String> {
        let has = |part: &Part| matches!(part.kind, Kind::Global | Kind::Own);
        let parts = typed::grammar(verb).map(|it| typed::parts(it, &self.with(&self.words[1..])));
        let parts: Vec<Part> = parts.into_iter().flatten().filter(has).collect();
        typed::words(&parts)
    }

    /// Says to run `verb` with `arguments`.
    fn command(&self, verb: &'static str, mut arguments: Vec<String>, default: Default) -> Hint {
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
        let (command, note) = slips::mended(verb, &arguments).unwrap_or_else(|| {
            let command = Suggestion::new(verb).typed(arguments).sectionless();
            (command, None)
        });
        if !slips::is_taken(&command) {
            return usage(verb);
        }
        let notes = explanation.into_iter().chain(note);
        notes.fold(Hint::run(command), Hint::text)
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
        "keys" | "namespaces" => 2,
        _ if first.starts_with("kv:") => 2,
        _ => 1,
    }
}

/// Says what arguments `verb` takes, where what was typed is not all that it needs.
fn usage(verb: &str) -> Hint {
    let usage = typed::grammar(verb).map(|it| it.clone().render_usage().to_string());
    let usage = usage.unwrap_or_default();
    let first = usage.lines().next().unwrap_or_default();
    let first = first.trim_start_matches("Usage: ");
    let first = first.trim_start_matches("kvctl ");
    format!("here it is `{first}`").into()
}

/// Finds what was meant by `arguments`, which begin behind the program's name.
pub fn meant(arguments: &[String], local_by_variable: bool) -> Option<Elsewhere> {
    let line = Line::read(arguments, local_by_variable)?;
    let (hint, rest) = answer(&line)?;
    let typed = &line.words[..line.words.len() - rest];
    Some(Elsewhere {
        typed: typed.join(" "),
        hint,
    })
}

/// Answers `line`, and says how many words at its end are arguments.
fn answer(line: &Line) -> Option<(Hint, usize)> {
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
        words => of_others(line, words),
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
    let (hint, _) = answer(&about)?;
    let of = hint.suggestions().next().map(|it| match it.verb() {
        "help" => it.clone(),
        verb => Suggestion::new("help").args(verb.split(' ')).sectionless(),
    });
    Some((of.map_or(hint, Hint::run), 0))
}

/// Answers what stands behind `kv`, and says how many words at the end are arguments.
fn of_wrangler(line: &Line, words: &[&str]) -> (Hint, usize) {
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
    let help = match *noun {
        noun @ ("key" | "bulk" | "namespace") => Suggestion::new("help").arg(noun),
        _ => Suggestion::new("help"),
    };
    let is_option = |word: &&&str| word.starts_with('-');
    let rest = words.iter().skip_while(|word| !is_option(word)).count();
    (
        Hint::run(help.sectionless()).text(" to see the commands"),
        rest,
    )
}

/// Answers what other tools have a command for.
fn of_others(line: &Line, words: &[&str]) -> Option<(Hint, usize)> {
    let (first, behind) = words.split_first()?;
    let own = |verb, rest: usize| {
        let arguments = line.with(&line.words[line.words.len() - rest..]);
        (line.command(verb, arguments, Default::Own), rest)
    };
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
        return Some(own(verb, rest));
    }
    let kept = |verb, default| line.command(verb, line.kept(verb), default);
    let help = |of: &'static [&str]| Suggestion::new("help").args(of).sectionless();
    let hint = match *first {
        "login" => {
            "run `wrangler login`, whose login kvctl uses, or set CLOUDFLARE_API_TOKEN".into()
        }
        "logout" => "run `wrangler logout`; kvctl keeps no login of its own".into(),
        "whoami" => {
            kept("doctor", Default::Nowhere).text(", which says whose credentials are used")
        }
        "dev" => kept("serve", Default::Nowhere).text(" to have a Workers KV API on this machine"),
        "init" => {
            let mut arguments = vec!["--init".to_owned()];
            arguments.extend(
                line.kept("provision")
                    .into_iter()
                    .filter(|it| it != "--init"),
            );
            line.command("provision", arguments, Default::Own)
        }
        "ttl" => {
            let mut arguments = line.with(&line.words[line.words.len() - rest..]);
            arguments.insert(0, "--with-metadata".to_owned());
            line.command("key get", arguments, Default::Own)
        }
        "clear" | "flush" | "purge" => emptied(line, rest),
        "mv" | "rename" => Hint::run(help(&["rename-binding"]))
            .text(" for a binding, ")
            .command(help(&["namespace", "rename"]))
            .text(" for a namespace; the service cannot rename a key"),
        "deploy" | "secret" | "tail" | "pages" | "types" | "versions" | "deployments"
        | "rollback" | "d1" | "r2" | "queues" => {
            format!("run `wrangler {first}`: kvctl is for Workers KV alone").into()
        }
        _ => return None,
    };
    Some((hint, rest))
}

/// Returns the command that takes the same arguments as `first` of other tools.
fn renamed(first: &str) -> Option<&'static str> {
    Some(match first {
        "restore" => "import",
        "backup" | "dump" => "export",
        "expire" => "key touch",
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
        "list" | "ls" => "key list",
        "delete" | "rm" | "del" => "key delete",
        "edit" => "key edit",
        "touch" => "key touch",
        _ => return None,
    })
}

fn namespace_verb(verb: &str) -> Option<&'static str> {
    Some(match verb {
        "create" => "namespace create",
        "list" | "ls" => "namespace list",
        "rename" => "namespace rename",
        "delete" | "rm" => "namespace delete",
        "get" => "namespace get",
        _ => return None,
    })
}

fn bulk_verb(verb: &str) -> Option<&'static str> {
    Some(match verb {
        "get" => "bulk get",
        "put" => "bulk put",
        "delete" => "bulk delete",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REMOTE: &str = ", which works on the remote service; with `--local` on the local store";
    const LOCAL: &str = ", which works on the local store, as KVCTL_LOCAL says; with `--remote` on the \
                         remote service";

    fn answer(line: &str, local_by_variable: bool) -> String {
        let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let meant = meant(&arguments, local_by_variable);
        meant.map_or_else(String::new, |it| format!("{it}; {}", it.hint))
    }

    /// Commands of wrangler, and of kvctl.
    const WRANGLERS: &[(&str, &str)] = &[
        (
            "kv key put k v --binding KV",
            "key put k v --binding KV --local",
        ),
        (
            "kv key put k v --binding KV --remote",
            "key put k v --binding KV --remote",
        ),
        ("kv key put k v --remote=false", "key put k v --local"),
        ("kv key put k v --remote false", "key put k v --local"),
        ("kv key rm k --local", "key delete k --local"),
        (
            "kv key get k --local --persist-to st",
            "key get k --local --persist-to st",
        ),
        (
            "kv key get k --persist-to st",
            "key get k --persist-to st --local",
        ),
        ("kv:key get k", "key get k --local"),
        (
            "kv key get --binding KV -- --remote",
            "key get --binding KV --local -- --remote",
        ),
        (
            "kv bulk put f.json --binding KV",
            "bulk put f.json --binding KV --local",
        ),
        (
            "kv bulk delete f.json --remote",
            "bulk delete f.json --remote",
        ),
        ("wrangler kv key get k", "key get k --local"),
    ];

    #[test]
    fn a_command_of_wrangler_is_answered_with_one_for_the_same_place() {
        for (line, command) in WRANGLERS {
            for by_variable in [false, true] {
                let said = answer(line, by_variable);
                assert!(
                    said.ends_with(&format!("; run `kvctl {command}`")),
                    "{line}: {said}"
                );
            }
        }
        for (line, plain, by_variable) in [
            (
                "kv namespace ls",
                "namespace list",
                "namespace list --remote",
            ),
            (
                "kv:namespace create X",
                "namespace create X",
                "namespace create X --remote",
            ),
        ] {
            assert!(
                answer(line, false).ends_with(&format!("run `kvctl {plain}`")),
                "{line}"
            );
            assert!(
                answer(line, true).ends_with(&format!("run `kvctl {by_variable}`")),
                "{line}"
            );
        }
    }

    #[test]
    fn what_is_typed_for_habit_is_answered_with_where_it_works() {
        for (line, command) in [
            ("get k -b KV", "key get k -b KV"),
            ("rm k", "key delete k"),
            ("ls", "key list"),
            ("set k v", "key put k v"),
            ("del k", "key delete k"),
            ("keys", "key list"),
            ("keys list --prefix a", "key list --prefix a"),
            ("keys --prefix a", "key list --prefix a"),
            ("restore f.json -b X", "import f.json -b X"),
            ("expire k 60", "key touch k --ttl 60"),
            ("expire k --ttl 7d", "key touch k --ttl 7d"),
            ("-e staging get k", "key get -e staging k"),
        ] {
            assert!(
                answer(line, false).ends_with(&format!("; run `kvctl {command}`{REMOTE}")),
                "{line}"
            );
            assert!(
                answer(line, true).ends_with(&format!("; run `kvctl {command}`{LOCAL}")),
                "{line}"
            );
        }
        for (line, command) in [
            ("get k --local", "key get k --local"),
            ("get k --remote", "key get k --remote"),
            ("--local get k", "key get --local k"),
            ("--remote=false get k", "key get --local k"),
        ] {
            for by_variable in [false, true] {
                let said = answer(line, by_variable);
                assert!(
                    said.ends_with(&format!("; run `kvctl {command}`")),
                    "{line}: {said}"
                );
            }
        }
        let said = answer("get k --persist-to st", false);
        assert!(
            said.ends_with("run `kvctl key get k --persist-to st --local`"),
            "{said}"
        );
        let said = answer("expire k", false);
        assert!(
            said.contains("run `kvctl key touch k --ttl 1h`, which works"),
            "{said}"
        );
        assert_eq!(
            answer("rm k --local", false),
            "kvctl has no command `rm`; run `kvctl key delete k --local`"
        );
    }

    #[test]
    fn options_before_the_command_change_no_answer() {
        for (line, said) in [
            (
                "--json kv key get k",
                "`kv key get`; run `kvctl key get --json k --local`",
            ),
            (
                "-e staging kv key put k v --binding C",
                "`kv key put`; run `kvctl key put -e staging k v --binding C --local`",
            ),
            (
                "--config=a.toml -q init",
                "`init`; run `kvctl provision --init --config=a.toml -q`, which works on the remote service; with `--local` on the local store",
            ),
            ("kv", "`kv`; run `kvctl help` to see what kvctl does"),
            (
                "--json kv key",
                "`kv key`; run `kvctl help key` to see the commands",
            ),
            (
                "kv key frobnicate",
                "`kv key frobnicate`; run `kvctl help key` to see the commands",
            ),
            ("kv --help", "`kv`; run `kvctl help` to see the commands"),
            (
                "deploy",
                "`deploy`; run `wrangler deploy`: kvctl is for Workers KV alone",
            ),
            (
                "pages deploy",
                "`pages`; run `wrangler pages`: kvctl is for Workers KV alone",
            ),
        ] {
            assert_eq!(answer(line, false), format!("kvctl has no command {said}"));
        }
        for line in ["frobnicate", "key frobnicate", "--local"] {
            assert_eq!(answer(line, false), "");
        }
    }

    /// What is typed that kvctl has under other names.
    const FOREIGN: &[&str] = &[
        "get",
        "put",
        "set",
        "list",
        "ls",
        "delete",
        "rm",
        "del",
        "edit",
        "touch",
        "keys",
        "namespaces",
        "keys get",
        "namespaces create",
        "kv",
        "kv key",
        "kv key get",
        "kv key put",
        "kv key list",
        "kv key delete",
        "kv bulk get",
        "kv bulk put",
        "kv bulk delete",
        "kv namespace create",
        "kv namespace list",
        "kv namespace rename",
        "kv namespace delete",
        "kv:key get",
        "wrangler kv key put",
        "login",
        "logout",
        "whoami",
        "dev",
        "init",
        "restore",
        "backup",
        "dump",
        "expire",
        "cat",
        "exists",
        "ttl",
        "cp",
        "mv",
        "rename",
        "create",
        "purge",
        "clear",
        "flush",
        "deploy",
        "help get",
        "help kv",
        "help kv key get",
        "help ls",
        "help login",
    ];

    #[test]
    fn every_answer_is_a_command_that_the_grammar_takes() {
        let behind = ["", "k", "k 60", "SESSIONS", "user:*", "A B", "-- -k"];
        let globals = [
            "--local -c a.toml --env staging",
            "--remote --cwd d --profile x -q",
        ];
        let mut lines: Vec<(&str, String)> = Vec::new();
        for verb in FOREIGN {
            lines.extend(behind.map(|behind| ("", format!("{verb} {behind}"))));
            for options in globals {
                lines.push((options, format!("{options} {verb} k")));
                lines.push((options, format!("{verb} k {options}")));
            }
        }
        for (options, line) in lines {
            let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            let meant = meant(&arguments, false);
            let hint = meant.unwrap_or_else(|| panic!("{line}: no answer")).hint;
            for command in hint.suggestions() {
                assert!(slips::is_taken(command), "{line}: {hint}");
                let words = command.words(&crate::domain::Invocation::default());
                let mut options = options.split_whitespace();
                let keeps_all = options.all(|it| words.iter().any(|word| word == it));
                assert!(keeps_all || command.verb() == "help", "{line}: {hint}");
            }
        }
    }

    #[test]
    fn an_answer_keeps_the_options_of_the_whole_line() {
        for (line, command) in [
            ("init --local", "provision --init --local"),
            (
                "-c a.toml init -y --env x --remote",
                "provision --init -c a.toml -y --env x --remote",
            ),
            (
                "init --persist-to st",
                "provision --init --persist-to st --local",
            ),
            (
                "dev --persist-to st --port 80",
                "serve --persist-to st --port 80",
            ),
            ("whoami --profile x --what", "doctor --profile x"),
            ("kv -c f key list", "key list -c f --local"),
        ] {
            let said = answer(line, false);
            assert!(
                said.contains(&format!("; run `kvctl {command}`")),
                "{line}: {said}"
            );
        }
    }

    #[test]
    fn arguments_are_those_of_the_command_that_is_meant() {
        for (line, hint) in [
            (
                "touch k --local",
                "run `kvctl key touch k --local --ttl 1h`; `1h` is an example",
            ),
            (
                "expire k 60 -b KV --local",
                "run `kvctl key touch k --ttl 60 -b KV --local`",
            ),
            (
                "ls SESSIONS --local",
                "run `kvctl key list -b SESSIONS --local`",
            ),
            (
                "ls user:* --local",
                "run `kvctl key list --prefix user: --local`",
            ),
            (
                "cp A B@x --local",
                "run `kvctl copy binding:A binding:B@x --local`",
            ),
            (
                "ttl k --local",
                "run `kvctl key get --with-metadata k --local`",
            ),
            (
                "purge user: --local",
                "run `kvctl key delete --prefix user: --local`",
            ),
            (
                "clear SESSIONS --local",
                "run `kvctl key delete --all -b SESSIONS --local`",
            ),
            (
                "expire",
                "here it is `key touch [OPTIONS] --ttl <DURATION> <KEY>`",
            ),
            ("restore", "here it is `import [OPTIONS] <FILE>`"),
            ("help get", "run `kvctl help key get`"),
            ("help kv", "run `kvctl help`"),
            (
                "help login",
                "run `wrangler login`, whose login kvctl uses, or set CLOUDFLARE_API_TOKEN",
            ),
        ] {
            let said = answer(line, false);
            assert!(said.contains(&format!("; {hint}")), "{line}: {said}");
        }
    }
}
