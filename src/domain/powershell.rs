//! Arguments as PowerShell takes them, and `cmd` where it can, to be pasted on Windows.

use std::borrow::Cow;

use super::{Assigned, is_invisible};

/// Returns an argument as it is where neither shell sees anything special in it; else between `"`, which
/// both know; else, with what either would replace in there, between `'`, which only PowerShell knows.
/// What cannot be seen is named by its number.
pub(super) fn quoted(argument: &str) -> Cow<'_, str> {
    if is_plain(argument) {
        argument.into()
    } else if argument.contains(is_invisible) {
        numbered(argument).into()
    } else if argument.contains(is_special_in_double_quotes) || argument.ends_with('\\') {
        single_quoted(argument).into()
    } else {
        format!("\"{argument}\"").into()
    }
}

/// Returns a line that sets a variable of the environment.
pub(super) fn assignment(name: &str, value: Assigned<'_>) -> String {
    let value = match value {
        Assigned::Text(text) => expression(text),
        Assigned::File(path) => {
            let read = format!("Get-Content -Raw -LiteralPath {}", expression(path));
            format!("({read}).TrimEnd(\"`r`n\")")
        }
    };
    format!("$env:{name} = {value}")
}

/// Returns text as an expression: there, a word without quotes is a command.
fn expression(text: &str) -> String {
    if text.contains(is_invisible) {
        numbered(text)
    } else {
        single_quoted(text)
    }
}

fn is_plain(argument: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-=.:/\\+@".contains(c);
    // At the beginning it says that more follows, in both shells.
    if argument.starts_with('@') {
        return false;
    }
    // PowerShell would make two words of `-a.b`.
    let is_short = argument.starts_with('-') && !argument.starts_with("--");
    let is_cut = is_short && argument.contains(['.', ':']);
    !argument.is_empty() && argument.chars().all(plain) && !is_cut
}

/// Typographic quotes are quotes, too.
fn is_special_in_double_quotes(c: char) -> bool {
    matches!(c, '"' | '$' | '`' | '%' | '“' | '”' | '„')
}

fn is_single_quote(c: char) -> bool {
    matches!(c, '\'' | '‘' | '’' | '‚' | '‛')
}

fn single_quoted(text: &str) -> String {
    let mut quoted = "'".to_owned();
    for c in text.chars() {
        quoted.push(c);
        if is_single_quote(c) {
            quoted.push(c);
        }
    }
    quoted + "'"
}

/// Returns an expression: texts, and characters by their numbers.
fn numbered(argument: &str) -> String {
    let mut parts = vec!["''".to_owned()];
    let mut rest = argument;
    while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_invisible(*c)) {
        if at > 0 {
            parts.push(single_quoted(&rest[..at]));
        }
        let number = u32::from(c);
        parts.push(if number > 0xFFFF {
            format!("[char]::ConvertFromUtf32(0x{number:x})")
        } else {
            format!("[char]0x{number:x}")
        });
        rest = &rest[at + c.len_utf8()..];
    }
    if !rest.is_empty() {
        parts.push(single_quoted(rest));
    }
    format!("({})", parts.join("+"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotes_are_those_of_both_shells_where_that_can_be() {
        for (argument, word) in [
            ("a", "a"),
            (r"C:\a\b.toml", r"C:\a\b.toml"),
            ("--env=x", "--env=x"),
            ("", "\"\""),
            ("a b", "\"a b\""),
            ("it's, @é", "\"it's, @é\""),
            ("A=app@KV", "A=app@KV"),
            ("@a", "\"@a\""),
            ("-a.b", "\"-a.b\""),
            (r"a b\", r"'a b\'"),
            ("100%", "'100%'"),
            ("$x's", "'$x''s'"),
            ("say “it”’s", "'say “it”’’s'"),
            ("a\u{1b}'b", "(''+'a'+[char]0x1b+'''b')"),
            ("\u{e0001}", "(''+[char]::ConvertFromUtf32(0xe0001))"),
        ] {
            assert_eq!(quoted(argument), word);
        }
    }

    #[test]
    fn a_variable_is_set_to_a_text_or_to_what_a_file_holds() {
        assert_eq!(
            assignment("X", Assigned::Text("it's $y")),
            "$env:X = 'it''s $y'"
        );
        assert_eq!(
            assignment("X", Assigned::File(r"C:\it's\token")),
            r#"$env:X = (Get-Content -Raw -LiteralPath 'C:\it''s\token').TrimEnd("`r`n")"#
        );
    }

    /// Reads a word by the rules of PowerShell.
    fn read(word: &str) -> Option<String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-=.:/\\+@".contains(c);
        if word.starts_with('@') {
            return None;
        }
        if let Some(inner) = word.strip_prefix('"') {
            let inner = inner.strip_suffix('"')?;
            return (!inner.contains(is_special_in_double_quotes)).then(|| inner.to_owned());
        }
        if word.starts_with('\'') {
            return in_single_quotes(word)
                .filter(|(_, rest)| rest.is_empty())
                .map(|it| it.0);
        }
        let Some(inner) = word.strip_prefix('(') else {
            return word.chars().all(plain).then(|| word.to_owned());
        };
        let mut text = String::new();
        let mut rest = inner.strip_suffix(')')?;
        loop {
            if rest.starts_with('\'') {
                let (part, after) = in_single_quotes(rest)?;
                text += &part;
                rest = after;
            } else {
                let number = rest.strip_prefix("[char]")?;
                let number = number.strip_prefix("::ConvertFromUtf32(").unwrap_or(number);
                let number = number.strip_prefix("0x")?;
                let end = number
                    .find(|c: char| !c.is_ascii_hexdigit())
                    .unwrap_or(number.len());
                text.push(char::from_u32(
                    u32::from_str_radix(&number[..end], 16).ok()?,
                )?);
                rest = number[end..].strip_prefix(')').unwrap_or(&number[end..]);
            }
            if rest.is_empty() {
                return Some(text);
            }
            rest = rest.strip_prefix('+')?;
        }
    }

    /// Reads what stands between single quotes, and returns what follows.
    fn in_single_quotes(word: &str) -> Option<(String, &str)> {
        let mut text = String::new();
        let mut rest = word.strip_prefix('\'')?.chars();
        while let Some(c) = rest.next() {
            if !is_single_quote(c) {
                text.push(c);
                continue;
            }
            let after = rest.as_str();
            if !after.starts_with(is_single_quote) {
                return Some((text, after));
            }
            text.extend(rest.next());
        }
        None
    }

    proptest! {
        #[test]
        fn an_argument_is_one_word(
            argument in r#"([ -~]|[\n\x1b\u{200b}\u{e0001}é“”‘’'`$%\\"]){0,10}"#
        ) {
            let word = quoted(&argument);
            prop_assert_eq!(crate::ui::printable(&word), &*word);
            prop_assert_eq!(read(&word), Some(argument.clone()), "{}", word);
            let word = expression(&argument);
            prop_assert_eq!(crate::ui::printable(&word), &*word);
            prop_assert!(word.starts_with(['\'', '(']), "{}", word);
            prop_assert_eq!(read(&word), Some(argument.clone()), "{}", word);
        }
    }
}
