//! Foreign text, made fit for a terminal.

use std::borrow::Cow;

/// What the runners of workflows take for the beginning of a command, anywhere in a line.
const COMMANDS: [&str; 2] = ["##[", "##vso["];

/// Returns `text` without anything a terminal would obey: control characters, and those that change
/// the direction of writing, are escaped. So is what the runner of a workflow would obey amid a line.
pub fn printable(text: &str) -> Cow<'_, str> {
    let commands = COMMANDS.iter().any(|command| text.contains(command));
    if !commands && !text.contains(is_obeyed) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_obeyed(c) {
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

pub(super) fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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
        for plain in ["\"quoted\" \\ 'é' 🦀", "", "%2F"] {
            assert!(matches!(printable(plain), Cow::Borrowed(text) if text == plain));
        }
    }
}
