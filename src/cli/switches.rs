//! Switches that are given a value, as wrangler takes them: `--preview false`, `--remote=true`.
//!
//! Only the words `true` and `false` are values, so that `--preview KEY` keeps its key. The switches of
//! kvctl alone take them behind `=` only.

use std::ffi::OsString;

/// The switches that have a value in scripts written for wrangler, and what says the opposite.
const SWITCHES: [(&str, Option<&str>); 5] = [
    ("--preview", Some("--no-preview")),
    ("--text", None),
    ("--skip-confirmation", None),
    ("--local", Some("--remote")),
    ("--remote", Some("--local")),
];

/// Others that take `=true` and `=false`.
const JOINED: [&str; 3] = ["--json", "--ndjson", "--yes"];

/// Returns a command line without the values of its switches: what is `true` stays, and what is `false`
/// goes, or becomes its opposite.
pub(super) fn without_values(words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut plain = Vec::new();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        if word == "--" {
            plain.push(word);
            plain.extend(words);
            break;
        }
        let text = word.to_str().unwrap_or_default();
        let (name, joined) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let known = SWITCHES.iter().find(|(switch, _)| *switch == name);
        let known = known.map(|(_, opposite)| *opposite);
        let joins = || (joined.is_some() && JOINED.contains(&name)).then_some(None);
        let Some(opposite) = known.or_else(joins) else {
            plain.push(word);
            continue;
        };
        let value = if let Some(value) = joined {
            value.parse().ok()
        } else {
            let next = words.next_if(|next| next == "true" || next == "false");
            Some(next.is_none_or(|next| next == "true"))
        };
        match value {
            Some(true) => plain.push(name.into()),
            Some(false) => plain.extend(opposite.map(OsString::from)),
            // Something else, which the grammar refuses.
            None => plain.push(word),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_loses_its_value_and_nothing_else_does() {
        let cases = [
            ("get k --preview true", "get k --preview"),
            ("get k --preview false", "get k --no-preview"),
            ("get --preview=true k", "get --preview k"),
            ("get --preview=false k", "get --no-preview k"),
            ("get --preview k", "get --preview k"),
            ("get --preview", "get --preview"),
            ("get --preview TRUE", "get --preview TRUE"),
            ("get --preview=1 k", "get --preview=1 k"),
            ("get true --text", "get true --text"),
            ("get k --remote=false", "get k --local"),
            ("get k --remote true", "get k --remote"),
            ("get k --local false", "get k --remote"),
            ("delete t --skip-confirmation false", "delete t"),
            ("put k -- --preview true", "put k -- --preview true"),
            ("put k --metadata true", "put k --metadata true"),
            (
                "provision --preview=separate",
                "provision --preview=separate",
            ),
            ("provision --preview same", "provision --preview same"),
        ];
        for (typed, plain) in cases {
            let words = typed.split(' ').map(OsString::from);
            let words: Vec<_> = without_values(words)
                .into_iter()
                .map(|word| word.into_string().unwrap())
                .collect();
            assert_eq!(words.join(" "), plain, "{typed}");
        }
    }
}
