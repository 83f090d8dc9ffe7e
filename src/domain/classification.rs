//! The class of an error, and a hint for the user.
//!
//! Every error type gives both in one exhaustive match, so a new variant without a class does not
//! compile. Exit codes are not known here.

use std::{borrow::Cow, error::Error as StdError, fmt};

/// What an error means to a script. Each class has an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// The request was understood and did not succeed.
    Failed,
    /// A flag or value is wrong, or names an input that cannot be read.
    Usage,
    /// The key or namespace does not exist.
    NotFound,
    /// No credentials, or not enough of them.
    Denied,
    /// The configuration file is missing, unreadable or wrong.
    Config,
    /// Some items failed; the report names them.
    Partial,
    /// Throttled, over quota, or unreachable: running the same command again may work.
    Temporary,
    /// A check failed.
    CheckFailed,
    /// Refused: a confirmation or an explicit choice is required.
    Refused,
    /// Interrupted from the keyboard.
    Interrupted,
    /// Terminated by a signal, after cleaning up.
    Terminated,
    /// The terminal was closed.
    HungUp,
    /// The reader of stdout closed it, as `head` does. Not a failure.
    OutputClosed,
}

impl ErrorClass {
    /// Adds what the user can do about it.
    pub fn hint(self, hint: impl Into<Hint>) -> Classification {
        Classification {
            class: self,
            hint: Some(hint.into()),
        }
    }
}

/// What an error means, and what the user can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classification {
    /// What it means.
    pub class: ErrorClass,
    /// What to do about it, where that is not plain from the message.
    pub hint: Option<Hint>,
}

impl From<ErrorClass> for Classification {
    fn from(class: ErrorClass) -> Self {
        Self { class, hint: None }
    }
}

/// An error with a class and a hint.
///
/// Implemented with one `match` without a wildcard arm. A variant that wraps another error returns
/// the classification of that error.
pub trait Classify: StdError + Send + Sync + 'static {
    /// Returns what the error means, and what the user can do about it.
    fn classify(&self) -> Classification;

    /// Returns what the user can do about it.
    fn hint(&self) -> Option<Hint> {
        self.classify().hint
    }
}

/// What the user can do about an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// Run another command of kvctl.
    Run {
        /// The command with its subcommand, such as `key list`.
        command: &'static str,
        /// Its arguments, as the program gets them.
        arguments: Vec<String>,
        /// What it is for, as the end of a sentence; may be empty.
        purpose: Cow<'static, str>,
    },
    /// Change a file.
    Edit {
        /// The file, with line and column if they are known.
        place: String,
        /// What to change.
        what: Cow<'static, str>,
    },
    /// Anything else.
    Text(Cow<'static, str>),
}

impl Hint {
    /// To run `command` without arguments.
    pub fn run(command: &'static str, purpose: impl Into<Cow<'static, str>>) -> Self {
        Self::run_with(command, [], purpose)
    }

    /// To run `command` with `arguments`.
    pub fn run_with(
        command: &'static str,
        arguments: impl IntoIterator<Item = String>,
        purpose: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Run {
            command,
            arguments: arguments.into_iter().collect(),
            purpose: purpose.into(),
        }
    }

    /// Has the command, and each command that the text says to run, work on the local store.
    #[must_use]
    pub fn locally(self) -> Self {
        match self {
            Self::Run {
                command,
                mut arguments,
                purpose,
            } => {
                arguments.push(LOCAL.to_owned());
                Self::Run {
                    command,
                    arguments,
                    purpose,
                }
            }
            Self::Edit { place, what } => Self::Edit {
                place,
                what: with_local(&what).into(),
            },
            Self::Text(text) => Self::Text(with_local(&text).into()),
        }
    }

    /// To change the file at `place`.
    pub fn edit(place: impl fmt::Display, what: impl Into<Cow<'static, str>>) -> Self {
        Self::Edit {
            place: place.to_string(),
            what: what.into(),
        }
    }
}

impl From<&'static str> for Hint {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

const LOCAL: &str = "--local";

/// Adds `--local` to the commands of kvctl in a text, which stand between backticks.
fn with_local(text: &str) -> String {
    let parts: Vec<String> = text
        .split('`')
        .enumerate()
        .map(|(index, part)| {
            // What works on files alone is the same everywhere.
            let command = part.strip_prefix("kvctl ").unwrap_or_default();
            let is_command = index % 2 == 1
                && !command.is_empty()
                && !["scaffold", "serve"]
                    .iter()
                    .any(|it| command.starts_with(it));
            let is_local = part.split(' ').any(|word| word == LOCAL);
            if is_command && !is_local {
                format!("{part} {LOCAL}")
            } else {
                part.to_owned()
            }
        })
        .collect();
    parts.join("`")
}

/// The only place that renders hints. The error's message already names the place of an edit.
impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run {
                command,
                arguments,
                purpose,
            } => {
                write!(f, "run `kvctl {command}")?;
                if !arguments.is_empty() {
                    write!(f, " {}", shell_words(arguments))?;
                }
                let blank = if purpose.is_empty() { "" } else { " " };
                write!(f, "`{blank}{purpose}")
            }
            Self::Edit { what: text, .. } | Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<Hint> for String {
    fn from(hint: Hint) -> Self {
        hint.to_string()
    }
}

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

/// Returns an error with its causes, in one line. The only place that joins them.
pub fn with_causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut last = text.clone();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Some errors repeat the message of their cause.
        if next != last {
            text.push_str(": ");
            text.push_str(&next);
        }
        last = next;
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_command_is_written_as_a_shell_takes_it() {
        let run = |arguments: &[&str], purpose| {
            let arguments = arguments.iter().map(|it| (*it).to_owned());
            Hint::run_with("provision", arguments, purpose).to_string()
        };
        assert_eq!(run(&[], ""), "run `kvctl provision`");
        assert_eq!(
            run(&["--preview", "separate"], "to create one"),
            "run `kvctl provision --preview separate` to create one"
        );
        assert_eq!(
            run(&["A=it's one", ""], ""),
            r"run `kvctl provision 'A=it'\''s one' ''`"
        );
    }

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

    #[test]
    fn an_edit_and_a_text_are_written_as_they_are() {
        let edit = Hint::edit("wrangler.toml:3:1", "save the file as UTF-8");
        assert_eq!(edit.to_string(), "save the file as UTF-8");
        let class = ErrorClass::Usage.hint("choose another name");
        assert_eq!(String::from(class.hint.unwrap()), "choose another name");
    }

    #[test]
    fn a_hint_from_the_local_store_stays_there() {
        let run = Hint::run("namespace list", "to see the ids").locally();
        let text = Hint::from("run `kvctl key list -b A`, or `wrangler dev`").locally();
        let done = Hint::from("run `kvctl key list --local -b A`").locally();
        assert_eq!(
            run.to_string(),
            "run `kvctl namespace list --local` to see the ids"
        );
        assert_eq!(
            text.to_string(),
            "run `kvctl key list -b A --local`, or `wrangler dev`"
        );
        assert_eq!(done.to_string(), "run `kvctl key list --local -b A`");
    }

    #[test]
    fn causes_are_joined_once_each() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] Middle);
        #[derive(Debug, thiserror::Error)]
        #[error("inner")]
        struct Middle(#[source] io::Error);
        let error = Outer(Middle(io::Error::other("inner")));
        assert_eq!(with_causes(&error), "outer: inner");
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
