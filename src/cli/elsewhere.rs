//! What is typed for habit: the commands of wrangler, and of other tools, where kvctl has another name
//! for them. They are answered, not run: wrangler's commands work on the local store by default.

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

/// Finds what was meant by `arguments`, which begin behind the program's name.
pub fn meant(arguments: &[String]) -> Option<Elsewhere> {
    // `kv key get`, and `kv:key get` of old.
    let mut words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let from_wrangler = match words.first()?.split_once(':') {
        Some(("kv", noun)) => {
            words[0] = noun;
            true
        }
        _ if words.first() == Some(&"kv") => {
            words.remove(0);
            true
        }
        _ => false,
    };
    // wrangler's commands for namespaces are remote as well.
    let is_said = |word: &&str| {
        let name = word.split('=').next();
        matches!(name, Some("--local" | "--remote" | "namespace"))
    };
    let elsewhere = from_wrangler && !words.iter().any(is_said);
    let (verb, typed) = match words.as_slice() {
        ["key", verb, ..] if from_wrangler => (key_verb(verb)?, 2),
        ["namespace", verb, ..] if from_wrangler => (namespace_verb(verb)?, 2),
        ["bulk", verb, ..] if from_wrangler => (bulk_verb(verb)?, 2),
        [verb, ..] => match key_verb(verb) {
            Some(meant) => (meant, 1),
            None => return answer(verb),
        },
        [] => return None,
    };
    let rest = &arguments[arguments.len() - (words.len() - typed)..];
    let hint = Hint::run(Suggestion::new(verb).args(rest).sectionless());
    let hint = if elsewhere {
        hint.text(", which works on the remote service; with `--local` on the local store")
    } else {
        hint
    };
    let shown = &arguments[..arguments.len() - rest.len()];
    Some(Elsewhere {
        typed: shown.join(" "),
        hint,
    })
}

fn key_verb(verb: &str) -> Option<&'static str> {
    Some(match verb {
        "get" => "key get",
        "put" => "key put",
        "list" | "ls" => "key list",
        "delete" | "rm" => "key delete",
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

/// Says what does here what other tools have a command for.
fn answer(verb: &str) -> Option<Elsewhere> {
    let command = |verb| Hint::run(Suggestion::new(verb).sectionless());
    let hint = match verb {
        "login" => {
            "run `wrangler login`, whose login kvctl uses, or set CLOUDFLARE_API_TOKEN".into()
        }
        "logout" => "run `wrangler logout`; kvctl keeps no login of its own".into(),
        "whoami" => command("doctor").text(", which says whose credentials are used"),
        "dev" => command("serve").text(" to have a Workers KV API on this machine"),
        "init" => Hint::run(Suggestion::new("provision").arg("--init").sectionless()),
        "restore" => command("import"),
        "backup" => command("export"),
        "expire" => command("key touch"),
        _ => return None,
    };
    Some(Elsewhere {
        typed: verb.to_owned(),
        hint,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> String {
        let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
        meant(&arguments).map_or_else(String::new, |it| format!("{it}; {}", it.hint))
    }

    #[test]
    fn what_is_typed_for_habit_is_answered() {
        let cases = [
            ("get k -b KV", "run `kvctl key get k -b KV`"),
            ("rm k", "run `kvctl key delete k`"),
            ("ls", "run `kvctl key list`"),
            (
                "kv key put k v --binding KV",
                "run `kvctl key put k v --binding KV`, which works on the remote service; with `--local` on the local store",
            ),
            (
                "kv:key get k",
                "run `kvctl key get k`, which works on the remote service; with `--local` on the local store",
            ),
            ("kv namespace ls", "run `kvctl namespace list`"),
            ("kv key rm k --local", "run `kvctl key delete k --local`"),
            ("init", "run `kvctl provision --init`"),
        ];
        for (line, answer) in cases {
            let said = said(line);
            assert!(said.ends_with(answer), "{line}: {said}");
        }
        assert_eq!(
            said("rm k"),
            "kvctl has no command `rm`; run `kvctl key delete k`"
        );
        for line in [
            "frobnicate",
            "kv",
            "kv frobnicate",
            "kv key frobnicate",
            "key frobnicate",
        ] {
            assert_eq!(said(line), "");
        }
    }
}
