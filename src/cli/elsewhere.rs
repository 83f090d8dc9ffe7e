//! What is typed for habit: the commands of wrangler, and of other tools, where kvctl has another name
//! for them. They are answered, not run: wrangler's commands work on the local store by default.

use std::ffi::OsString;

use clap::Args as _;

use super::{Globals, switches};
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
        let words = plain.iter().map(|word| word.to_string_lossy().into_owned());
        let mut options: Vec<String> = words.collect();
        let globals = Globals::augment_args(clap::Command::default());
        let globals = globals
            .no_binary_name(true)
            .allow_external_subcommands(true);
        let matches = globals.try_get_matches_from(plain).ok()?;
        let (_, rest) = matches.subcommand()?;
        let rest = rest.get_many::<OsString>("").map_or(0, |rest| rest.len());
        let words = options.split_off(options.len().checked_sub(rest + 1)?);
        Some(Self {
            options,
            words,
            local_by_variable,
        })
    }

    /// Says to run `verb` with the options of this line, and with the last `rest` words of it.
    fn command(&self, verb: &'static str, rest: usize, more: &[&str], default: Default) -> Hint {
        let rest = &self.words[self.words.len() - rest..];
        let mut arguments: Vec<&str> = self.options.iter().map(String::as_str).collect();
        arguments.extend(rest.iter().map(String::as_str));
        let end = arguments.iter().position(|word| *word == "--");
        let end = end.unwrap_or(arguments.len());
        let has = |option: &str| {
            let mut options = arguments[..end].iter();
            options.any(|word| word.split('=').next() == Some(option))
        };
        let is_said = has("--local") || has("--remote");
        let names_store = has("--persist-to") && !self.local_by_variable;
        let (option, explanation) = match default {
            _ if is_said => (None, None),
            Default::Local => (Some("--local"), None),
            Default::Remote => (self.local_by_variable.then_some("--remote"), None),
            Default::Own if names_store => (Some("--local"), None),
            Default::Own => (None, Some(self.explanation())),
        };
        arguments.splice(end..end, more.iter().copied().chain(option));
        let hint = Hint::run(Suggestion::new(verb).typed(arguments).sectionless());
        match explanation {
            Some(explanation) => hint.text(explanation),
            None => hint,
        }
    }

    /// Says where a command of kvctl works that does not say so itself.
    fn explanation(&self) -> &'static str {
        if self.local_by_variable {
            ", which works on the local store, as KVCTL_LOCAL says; with `--remote` on the remote service"
        } else {
            ", which works on the remote service; with `--local` on the local store"
        }
    }

    /// Says to run `verb`, which works on neither store, with the options of this line.
    fn plain(&self, verb: &'static str) -> Suggestion {
        Suggestion::new(verb).typed(&self.options).sectionless()
    }
}

/// Finds what was meant by `arguments`, which begin behind the program's name.
pub fn meant(arguments: &[String], local_by_variable: bool) -> Option<Elsewhere> {
    let line = Line::read(arguments, local_by_variable)?;
    let mut words: Vec<&str> = line.words.iter().map(String::as_str).collect();
    // `kv:key get` of old is `kv key get`.
    if let Some(noun) = words[0].strip_prefix("kv:") {
        words.splice(..1, ["kv", noun]);
    } else if words[0] == "wrangler" {
        words.remove(0);
    }
    let (hint, rest) = match words.as_slice() {
        ["kv", words @ ..] => of_wrangler(&line, words),
        words => of_others(&line, words)?,
    };
    let typed = &line.words[..line.words.len() - rest];
    Some(Elsewhere {
        typed: typed.join(" "),
        hint,
    })
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
        return (line.command(verb, rest, &[], default), rest);
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
    let plural = match *first {
        "keys" => Some((key_verb as fn(&str) -> _, "key list")),
        "namespaces" => Some((namespace_verb as fn(&str) -> _, "namespace list")),
        _ => None,
    };
    if let Some((verb, list)) = plural {
        let named = behind.first().and_then(|word| verb(word));
        let rest = behind.len() - usize::from(named.is_some());
        let verb = named.unwrap_or(list);
        return Some((line.command(verb, rest, &[], Default::Own), rest));
    }
    let rest = behind.len();
    if let Some(verb) = key_verb(first) {
        return Some((line.command(verb, rest, &[], Default::Own), rest));
    }
    let hint = match *first {
        "login" => {
            "run `wrangler login`, whose login kvctl uses, or set CLOUDFLARE_API_TOKEN".into()
        }
        "logout" => "run `wrangler logout`; kvctl keeps no login of its own".into(),
        "whoami" => Hint::run(line.plain("doctor")).text(", which says whose credentials are used"),
        "dev" => Hint::run(line.plain("serve")).text(" to have a Workers KV API on this machine"),
        "init" => Hint::run(line.plain("provision").flag("--init")),
        "restore" => line.command("import", rest, &[], Default::Own),
        "backup" => line.command("export", rest, &[], Default::Own),
        "expire" => return Some((expire(line, behind), rest)),
        "deploy" | "secret" | "tail" | "pages" | "types" | "versions" | "deployments"
        | "rollback" | "d1" | "r2" | "queues" => {
            format!("run `wrangler {first}`: kvctl is for Workers KV alone").into()
        }
        _ => return None,
    };
    Some((hint, rest))
}

/// Answers `expire KEY [SECONDS]`, as other stores call it.
fn expire(line: &Line, behind: &[&str]) -> Hint {
    let is_given = behind.iter().any(|word| {
        let name = word.split('=').next().unwrap_or_default();
        let also = ["--ttl", "--expiration", "--expires", "--no-expiry"];
        also.contains(&name)
            || super::key::TTL_ALIASES
                .iter()
                .any(|it| name == format!("--{it}"))
    });
    match behind {
        [_, ttl] if !ttl.is_empty() && ttl.bytes().all(|byte| byte.is_ascii_digit()) => {
            let mut line = Line {
                options: line.options.clone(),
                words: line.words.clone(),
                ..*line
            };
            line.words.pop();
            line.command("key touch", 1, &["--ttl", ttl], Default::Own)
        }
        [_, ..] if !is_given => {
            let hint = line.command("key touch", behind.len(), &["--ttl", "1h"], Default::Own);
            hint.text("; `1h` is an example")
        }
        _ => line.command("key touch", behind.len(), &[], Default::Own),
    }
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
                "`init`; run `kvctl provision --config=a.toml -q --init`",
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
}
