//! Arguments as a shell takes them, to be pasted: a POSIX shell, or PowerShell on Windows.

use std::borrow::Cow;

use super::powershell;

/// Returns arguments as a shell takes them, to be pasted. The only place that joins them.
pub fn shell_words(arguments: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let words = arguments.into_iter();
    let words: Vec<String> = words
        .map(|it| shell_quoted(it.as_ref()).into_owned())
        .collect();
    words.join(" ")
}

/// Returns an argument as the shell of this system takes it.
pub fn shell_quoted(argument: &str) -> Cow<'_, str> {
    if cfg!(windows) {
        powershell::quoted(argument)
    } else {
        posix_quoted(argument)
    }
}

/// What a variable is set to.
#[derive(Debug, Clone, Copy)]
pub enum Assigned<'a> {
    /// This text.
    Text(&'a str),
    /// What the file at this path holds, without line breaks at its end.
    File(&'a str),
}

/// Returns a line that sets a variable of the environment in the shell of this system.
pub fn shell_assignment(name: &str, value: Assigned<'_>) -> String {
    if cfg!(windows) {
        powershell::assignment(name, value)
    } else {
        posix_assignment(name, value)
    }
}

/// Env files take it, too, unless the value is in a file.
fn posix_assignment(name: &str, value: Assigned<'_>) -> String {
    match value {
        Assigned::Text(text) => format!("export {name}={}", posix_quoted(text)),
        Assigned::File(path) => format!("export {name}=\"$(cat {})\"", posix_quoted(path)),
    }
}

/// Returns an argument as a POSIX shell takes it: as it is where it has nothing special, else between
/// `'` and `'`. With something that cannot be seen it is what `printf` makes of its octal numbers; only
/// where it ends with a line break, which a shell would take away then, it stands between `$'` and `'`,
/// which is of POSIX since 2024 and not known to every `sh`.
fn posix_quoted(argument: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-=.,:/@%+".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.into();
    }
    if !argument.contains(is_invisible) {
        return single_quoted(argument).into();
    }
    let is_last = argument.ends_with('\n');
    let mut text = String::new();
    for (at, c) in argument.char_indices() {
        match c {
            _ if is_invisible(c) => text.push_str(&octal(c)),
            // The first word of `printf` could be taken for an option.
            '-' if at == 0 && !is_last => text.push_str(&octal(c)),
            '%' if !is_last => text.push_str("%%"),
            '\\' => text.push_str("\\\\"),
            '\'' if is_last => text.push_str("\\'"),
            _ => text.push(c),
        }
    }
    if is_last {
        return format!("$'{text}'").into();
    }
    format!("\"$(printf {})\"", single_quoted(&text)).into()
}

fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Returns the bytes of a character as octal numbers of three digits.
fn octal(c: char) -> String {
    let mut bytes = [0; 4];
    let bytes = c.encode_utf8(&mut bytes).bytes();
    let numbers: Vec<String> = bytes.map(|byte| format!("\\{byte:03o}")).collect();
    numbers.concat()
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
    #[cfg(unix)]
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

    /// Returns what a shell makes of words.
    #[cfg(unix)]
    fn read_by(shell: &str, words: &[String]) -> Option<Vec<String>> {
        let script = format!(r"printf '%s\000' {}", words.join(" "));
        let said = std::process::Command::new(shell)
            .args(["-c", &script])
            .output();
        let text = String::from_utf8(said.ok()?.stdout).unwrap();
        Some(text.split_terminator('\0').map(str::to_owned).collect())
    }

    #[test]
    fn what_can_be_seen_is_between_single_quotes() {
        let cases = [
            ("a", "a"),
            ("", "''"),
            ("a `b` $(x)", "'a `b` $(x)'"),
            ("it's é", r"'it'\''s é'"),
            ("a\u{1b}[1m%", r#""$(printf 'a\033[1m%%')""#),
            ("-\tx", r#""$(printf '\055\011x')""#),
            ("a'b\n", r"$'a\'b\012'"),
        ];
        for (argument, word) in cases {
            assert_eq!(posix_quoted(argument), word);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_is_set_to_a_text_or_to_what_a_file_holds() {
        use std::io::Write as _;
        let mut file = tempfile::NamedTempFile::with_prefix("it's $x ").unwrap();
        file.write_all(b"a 'b'\n").unwrap();
        for (value, expected) in [
            (Assigned::Text("it's $x"), "it's $x"),
            (Assigned::File(file.path().to_str().unwrap()), "a 'b'"),
        ] {
            let script = format!("{}\nprintenv V", posix_assignment("V", value));
            let said = std::process::Command::new("sh")
                .args(["-c", &script])
                .output();
            assert_eq!(said.unwrap().stdout, format!("{expected}\n").as_bytes());
        }
    }

    #[cfg(unix)]
    proptest! {
        // Few shells for many arguments: a process that is started holds for a moment the locks of
        // files that other tests have open.
        #![proptest_config(ProptestConfig::with_cases(2))]
        #[test]
        fn a_shell_takes_a_quoted_argument_for_what_it_was(
            arguments in prop::collection::vec(
                r#"([ -~]|[\n\t\x1b\x7f\u{200b}\u{ad}é字🦀'`\\%$"-]){0,12}"#,
                1..256,
            )
        ) {
            for shell in ["sh", "bash"] {
                let mut arguments = arguments.clone();
                arguments.retain(|argument| shell == "bash" || !argument.ends_with('\n'));
                let words = arguments.iter().map(|argument| posix_quoted(argument).into_owned());
                let words: Vec<String> = words.collect();
                for word in &words {
                    prop_assert_eq!(crate::ui::printable(word), &**word);
                }
                if words.is_empty() {
                    continue;
                }
                if let Some(read) = read_by(shell, &words) {
                    prop_assert_eq!(read, arguments, "{}: {:?}", shell, words);
                }
            }
        }
    }
}
