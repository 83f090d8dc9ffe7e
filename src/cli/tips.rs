//! What clap suggests for a word that it does not know: kept where it is near, and works.

use std::ffi::OsString;

use clap::{
    Parser as _,
    builder::StyledStr,
    error::{ContextKind, ContextValue},
};

use super::{
    Cli, Command, key,
    typed::{self, Typed},
};
use crate::domain::meant_by;

/// Returns `error`, which clap found in `words`, without suggestions that mislead.
pub(super) fn without_misleading(mut error: clap::Error, words: &[OsString]) -> clap::Error {
    for (typed, suggested) in [
        (ContextKind::InvalidArg, ContextKind::SuggestedArg),
        (
            ContextKind::InvalidSubcommand,
            ContextKind::SuggestedSubcommand,
        ),
        (ContextKind::InvalidValue, ContextKind::SuggestedValue),
    ] {
        keep_near(&mut error, typed, suggested, words);
    }
    let Some(ContextValue::StyledStrs(tips)) = error.remove(ContextKind::Suggested) else {
        return error;
    };
    let typed = text(&error, ContextKind::InvalidArg).unwrap_or_default();
    let tips: Vec<StyledStr> = tips
        .into_iter()
        .filter(|tip| works(&tip.to_string(), &typed, words))
        .collect();
    if !tips.is_empty() {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    error
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// Whether `typed` is `suggested` with a slip, its beginning, or more than it.
pub(super) fn is_near(typed: &str, suggested: &str) -> bool {
    let [typed, suggested] = [typed, suggested].map(|it| it.trim_start_matches('-'));
    let (short, long) = if typed.len() < suggested.len() {
        (typed, suggested)
    } else {
        (suggested, typed)
    };
    meant_by(typed, [suggested]).is_some() || (short.len() > 2 && long.starts_with(short))
}

/// Removes what clap suggests that is not near. Its usage, which names the same, becomes that of the
/// command.
fn keep_near(
    error: &mut clap::Error,
    typed: ContextKind,
    suggested: ContextKind,
    words: &[OsString],
) {
    let Some(typed) = text(error, typed) else {
        return;
    };
    match error.remove(suggested) {
        Some(ContextValue::String(one)) if !is_near(&typed, &one) => {
            if error.get(ContextKind::Usage).is_some()
                && let Some(usage) = usage(words)
            {
                error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
            }
        }
        Some(ContextValue::Strings(mut all)) => {
            all.retain(|one| is_near(&typed, one));
            if !all.is_empty() {
                error.insert(suggested, ContextValue::Strings(all));
            }
        }
        Some(near) => {
            error.insert(suggested, near);
        }
        None => {}
    }
}

fn usage(words: &[OsString]) -> Option<StyledStr> {
    let words = words.iter().skip(1).cloned().map(OsString::into_string);
    let words: Vec<String> = words.collect::<Result<_, _>>().ok()?;
    let verb = Typed::read(&words)?.verb;
    Some(typed::grammar(verb)?.clone().render_usage())
}

/// Whether it is of use to follow `tip`: to say `typed` behind `--`, or that an option exists elsewhere.
fn works(tip: &str, typed: &str, words: &[OsString]) -> bool {
    if let Some(option) = tip.strip_suffix("' exists") {
        let option = option.split(' ').next_back().unwrap_or_default();
        return is_near(typed, option);
    }
    let is_typed = |word: &&OsString| {
        let word = word.to_string_lossy();
        word == typed || word.starts_with(&format!("{typed}="))
    };
    let Some(at) = words.iter().position(|word| is_typed(&word)) else {
        return true;
    };
    let mut again = words.to_vec();
    let word = again.remove(at);
    if !again.iter().any(|word| word == "--") {
        again.push("--".into());
    }
    again.push(word);
    // Keys and values may look like options; nothing else does. No tip deletes a key.
    match Cli::try_parse_from(again).map(|cli| cli.command) {
        Ok(Command::Key(key::KeyCommand::Put(args))) => args.beyond.is_empty(),
        Ok(Command::Key(key::KeyCommand::Delete(_))) => false,
        Ok(Command::Key(_)) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the tips at `line`, and its usage.
    fn said(line: &str) -> (Vec<String>, String) {
        let words = ["kvctl"].into_iter().chain(line.split(' '));
        let error = crate::cli::parse(words.map(OsString::from)).unwrap_err();
        let text = error.render().to_string();
        let of = |start: &str| {
            let lines = text.lines().filter_map(|line| line.strip_prefix(start));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        (of("  tip: "), of("Usage: kvctl ").join(""))
    }

    #[test]
    fn an_option_is_suggested_that_is_nearly_what_was_typed() {
        for (line, option) in [
            ("key list --limt 3", "--limit"),
            ("key list --prefixes a", "--prefix"),
            ("bulk put x --bnding KV", "--binding"),
            ("key get a --output-file x", "--output"),
        ] {
            let tips = said(line).0;
            let expected = format!("a similar argument exists: '{option}'");
            assert_eq!(tips, [expected], "{line}");
        }
        let (tips, usage) = said("import x --over");
        assert_eq!(tips, [""; 0]);
        assert_eq!(usage, "import [OPTIONS] <FILE>");
        for line in [
            "export x --clobber",
            "key list --metadata",
            "verify --strict",
        ] {
            let (tips, usage) = said(line);
            assert_eq!(tips, [""; 0], "{line}");
            assert!(!usage.contains("--"), "{line}: {usage}");
        }
    }

    #[test]
    fn a_command_or_a_value_is_suggested_that_is_near() {
        for (line, tip) in [
            ("prov", "a similar subcommand exists: 'provision'"),
            ("key lst", "some similar subcommands exist: 'ls', 'list'"),
            ("completions bsh", "a similar value exists: 'bash'"),
        ] {
            assert_eq!(said(line).0, [tip], "{line}");
        }
        for line in [
            "status",
            "ps",
            "search",
            "monitor",
            "key send",
            "completions cmd",
        ] {
            assert_eq!(said(line).0, [""; 0], "{line}");
        }
    }

    #[test]
    fn what_stands_behind_two_dashes_is_suggested_where_it_can() {
        let behind = "to pass '-x' as a value, use '-- -x'";
        for (line, works) in [
            ("key get -x", true),
            ("key put a -x", true),
            ("key get a -x", false),
            ("key put a b -x", false),
            ("key put a -x -b KV", true),
            ("copy binding:A binding:B -x", false),
            ("provision -x", false),
            ("key delete -x", false),
        ] {
            let expected: &[&str] = if works { &[behind] } else { &[] };
            assert_eq!(said(line).0, expected, "{line}");
        }
    }
}
