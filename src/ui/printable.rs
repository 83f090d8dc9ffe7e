//! Escaping text from elsewhere for a terminal.

use std::borrow::Cow;

/// Prefixes of workflow commands that are recognized anywhere in a line.
const COMMANDS: [&str; 2] = ["##[", "##vso["];

/// Escapes what a terminal or a workflow runner would act on: control characters, characters that
/// change the direction of writing, invisible ones (so that different texts look different), and
/// workflow commands within a line.
pub fn printable(text: &str) -> Cow<'_, str> {
    let commands = COMMANDS.iter().any(|command| text.contains(command));
    if !commands && !text.contains(is_unsafe) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_unsafe(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    for command in COMMANDS {
        shown = shown.replace(command, &command.replacen("##", "#\\u{23}", 1));
    }
    shown.into()
}

/// Returns `text` between backticks, fit for a terminal.
pub fn quoted(text: impl AsRef<str>) -> String {
    format!("`{}`", printable(text.as_ref()))
}

pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        // The joiners U+200C and U+200D are nothing to see either, but scripts and emoji need them.
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped_and_nothing_else() {
        assert_eq!(
            printable("a\nb\u{1b}[2J\u{202e}"),
            "a\\nb\\u{1b}[2J\\u{202e}"
        );
        for unseen in ['\u{ad}', '\u{200b}', '\u{2060}', '\u{feff}', '\u{e0041}'] {
            let escaped = format!("a{}b", unseen.escape_default());
            assert_eq!(printable(&format!("a{unseen}b")), escaped);
        }
        let joined = "می\u{200c}خواهم 👩\u{200d}💻";
        for plain in ["\"quoted\" \\ 'é' 🦀", "", "%2F", joined] {
            assert!(matches!(printable(plain), Cow::Borrowed(text) if text == plain));
        }
    }
}
