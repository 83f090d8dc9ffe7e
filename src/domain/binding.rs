//! The name under which a Worker reaches a namespace.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a binding: what follows `env.` in the Worker's code.
///
/// wrangler takes any text; so does this type, save what could not be named on a command line.
/// Whether a *new* binding is a sensible name is [`Binding::is_identifier`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Binding(String);

/// Why a string is not a [`Binding`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindingError {
    /// No characters, or only blanks.
    #[error("binding name is empty")]
    Empty,
    /// A control character, or `=`, which separates a binding from its title.
    #[error("binding name `{}` contains {:?}, which is not allowed", .0.escape_debug(), .1)]
    Character(String, char),
}

impl Binding {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for a name that is still to be written, such as `<BINDING>` or `{{NAME}}`.
    pub fn is_placeholder(&self) -> bool {
        self.0.contains(['<', '>', '{', '}', '[', ']', '%', '…'])
    }

    /// Whether it can be the name of a new binding: `env.NAME` in code, with characters that need no quotes in
    /// a shell or a TOML key. JavaScript takes other letters as well; two of those may look the same.
    pub fn is_identifier(&self) -> bool {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
        !self.0.starts_with(|c: char| c.is_ascii_digit()) && self.0.chars().all(word)
    }
}

impl FromStr for Binding {
    type Err = BindingError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        if s.trim().is_empty() {
            return Err(BindingError::Empty);
        }
        match s.chars().find(|c| c.is_control() || *c == '=') {
            Some(c) => Err(BindingError::Character(s.to_owned(), c)),
            None => Ok(Self(s.to_owned())),
        }
    }
}

checked_text!(Binding, BindingError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_can_follow_env_dot() {
        for (name, expected) in [
            ("SESSIONS", true),
            ("_a$1", true),
            ("1A", false),
            ("my-kv", false),
        ] {
            assert_eq!(name.parse::<Binding>().unwrap().is_identifier(), expected);
        }
        for (name, expected) in [
            ("<BINDING>", true),
            ("${KV}", true),
            ("YOUR_KV", false),
            ("my-kv", false),
        ] {
            assert_eq!(name.parse::<Binding>().unwrap().is_placeholder(), expected);
        }
        assert!("A=B".parse::<Binding>().is_err());
        assert!(" ".parse::<Binding>().is_err());
    }
}
