//! Which keys to delete.

use crate::{
    cli::key::DeleteArgs,
    commands::{Refused, UsageError},
    domain::{Classification, Classify, ErrorClass, KeyName, Prefixes},
    error::Result,
    formats::{self, ReadErrors},
    fsx::InputError,
    ops::bulk::names::Names,
    ui,
};

/// The most that is read from stdin: half a million of the longest names.
const STDIN_MAX_BYTES: usize = 256 * 1024 * 1024;

/// Which keys to delete.
pub(crate) enum Selection {
    /// Those named as arguments.
    Named(Vec<KeyName>),
    /// Those read from stdin.
    Read(Names),
    /// All that begin so.
    Matching(Prefixes),
}

impl Selection {
    /// Reads the selection off the command line, and off stdin if that is what it says.
    pub(crate) async fn of(args: &DeleteArgs) -> Result<Self> {
        if args.stdin {
            return Self::from_stdin(args.null).await;
        }
        if args.prefix.is_empty() && !args.all {
            return Ok(Self::Named(args.keys.clone()));
        }
        Self::matching(args.prefix.clone(), args.all)
    }

    /// Returns what follows "keys" in a question: what they begin with, if that is how they were selected.
    pub(crate) fn phrase(&self) -> String {
        match self {
            Self::Matching(prefixes) => prefixes.phrase(),
            Self::Named(_) | Self::Read(_) => String::new(),
        }
    }

    /// Requires `all` to be explicit: an empty prefix would match every key.
    fn matching(prefixes: Vec<String>, all: bool) -> Result<Self> {
        let prefixes = Prefixes::any_of(prefixes).unwrap_or_default();
        match (prefixes.is_everything(), all) {
            (true, false) => Err(Refused::new(
                "an empty prefix matches every key; nothing was deleted",
                "pass `--all` to delete all keys of the namespace",
            )
            .into()),
            (false, true) => Err(UsageError::new(
                "`--all` and a `--prefix` are both given".to_owned(),
                "pass only `--prefix` to delete the keys with that prefix",
            )
            .into()),
            (true, true) | (false, false) => Ok(Self::Matching(prefixes)),
        }
    }

    /// Reads keys from stdin: one a line, or each with a NUL byte behind it.
    async fn from_stdin(null: bool) -> Result<Self> {
        let read = ui::input(STDIN_MAX_BYTES).await;
        let read = read.map_err(|e| InputError::new("the keys from stdin", e))?;
        let bytes = read.ok_or_else(|| {
            UsageError::new(
                "stdin has more than 256 MiB of keys; nothing was deleted".to_owned(),
                "delete them in parts, or by `--prefix`",
            )
        })?;
        let text = str::from_utf8(&bytes).map_err(|_invalid| {
            UsageError::new(
                "stdin is not UTF-8 text; nothing was deleted".to_owned(),
                "keys are UTF-8",
            )
        })?;
        Ok(Self::Read(
            keys(text, null)?.iter().map(KeyName::as_str).collect(),
        ))
    }
}

/// Splits a text into keys. Empty lines are skipped. Lines may end with CRLF, and the first may
/// begin with a byte order mark, as editors write them; NUL-separated names never come from an
/// editor.
fn keys(text: &str, null: bool) -> Result<Vec<KeyName>, InvalidNames> {
    let names: Vec<&str> = if null {
        text.split('\0').collect()
    } else {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        text.lines().collect()
    };
    let numbered = (1..).zip(names);
    let keys = numbered.filter(|(_, name)| !name.is_empty());
    formats::keys::from_names(keys).map_err(InvalidNames)
}

/// Names on stdin that are no keys.
#[derive(Debug, thiserror::Error)]
#[error("stdin is not a list of keys; nothing was deleted")]
struct InvalidNames(#[source] ReadErrors);

impl Classify for InvalidNames {
    fn classify(&self) -> Classification {
        ErrorClass::Usage.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str, null: bool) -> Vec<String> {
        let keys = keys(text, null).unwrap();
        keys.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_end_with_lines_or_with_nul() {
        assert_eq!(names("a\r\n\n b \nc", false), ["a", " b ", "c"]);
        assert_eq!(names("a\nb\0c\r\n\0", true), ["a\nb", "c\r\n"]);
        assert!(keys("a\n..\n", false).is_err());
        assert_eq!(names("\u{feff}a\n\u{feff}b\n", false), ["a", "\u{feff}b"]);
        assert_eq!(names("\u{feff}a\0", true), ["\u{feff}a"]);
    }

    #[test]
    fn all_must_be_said() {
        let matching = |prefixes: &[&str], all| {
            let prefixes = prefixes.iter().map(ToString::to_string).collect();
            Selection::matching(prefixes, all)
        };
        assert!(matching(&[""], false).is_err());
        assert!(matching(&["a", ""], false).is_err());
        assert!(matching(&["a"], true).is_err());
        assert!(matching(&[], true).is_ok());
        assert!(matching(&[""], true).is_ok());
        assert!(matching(&["a", "b"], false).is_ok());
    }
}
