//! Arguments as a POSIX shell takes them, to be pasted.

use std::borrow::Cow;

/// Returns arguments as a POSIX shell takes them, to be pasted. The only place that joins them.
pub fn shell_words(arguments: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let words = arguments.into_iter();
    let words: Vec<String> = words
        .map(|it| shell_quoted(it.as_ref()).into_owned())
        .collect();
    words.join(" ")
}

/// Returns an argument as a POSIX shell takes it: as it is where it has nothing special. What cannot be
/// seen is written as the octal numbers of its bytes, between `$'` and `'`; so is a backtick, since
/// commands stand between backticks in messages.
pub fn shell_quoted(argument: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-=.,:/@%+".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.into();
    }
    let is_escaped = |c: char| c == '`' || is_invisible(c);
    if argument.contains(is_escaped) {
        let mut word = "$'".to_owned();
        for c in argument.chars() {
            match c {
                '\'' | '\\' => word.extend(['\\', c]),
                _ if is_escaped(c) => {
                    let mut bytes = [0; 4];
                    for byte in c.encode_utf8(&mut bytes).bytes() {
                        let digit = |shift: u32| char::from(b'0' + ((byte >> shift) & 7));
                        word.extend(['\\', digit(6), digit(3), digit(0)]);
                    }
                }
                _ => word.push(c),
            }
        }
        word.push('\'');
        return word.into();
    }
    format!("'{}'", argument.replace('\'', "'\\''")).into()
}

/// Whether a character has nothing to see, or changes how others are shown. The joiners U+200C and
/// U+200D are not among these: scripts and emoji need them.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(
            c,
            '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_cannot_be_seen_is_what_a_terminal_is_not_shown() {
        for c in char::MIN..=char::MAX {
            let text = c.to_string();
            assert_eq!(
                is_invisible(c),
                crate::ui::printable(&text) != text,
                "{c:?}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_takes_a_quoted_argument_for_what_it_was() {
        for argument in [
            "it's",
            "a\nb",
            "\u{200b}x'\\y$HOME`",
            "\u{1b}[2J1",
            "é\u{ad}é",
            "\r",
        ] {
            let word = shell_quoted(argument);
            assert_eq!(crate::ui::printable(&word), word);
            let mut shell = std::process::Command::new("bash");
            let said = shell.args(["-c", &format!("printf %s {word}")]).output();
            let Ok(said) = said else { return };
            assert_eq!(String::from_utf8_lossy(&said.stdout), argument, "{word}");
        }
    }

    proptest! {
        #[test]
        fn a_quoted_argument_is_one_word(argument in any::<String>()) {
            let word = shell_quoted(&argument);
            if word.starts_with("$'") {
                let is_escaped = |c: char| c == '`' || is_invisible(c);
                prop_assert!(argument.contains(is_escaped) && !word.contains(is_escaped));
                return Ok(());
            }
            let inner = word.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
            let plain = if let Some(inner) = inner {
                let parts: Vec<&str> = inner.split(r"'\''").collect();
                prop_assert!(parts.iter().all(|part| !part.contains('\'')));
                parts.join("'")
            } else {
                let special = |c: char| c.is_whitespace() || "'\"\\$`&|;<>()*?[]#~!{}".contains(c);
                prop_assert!(!word.is_empty() && !word.contains(special));
                word.to_string()
            };
            prop_assert_eq!(plain, argument);
        }
    }
}
