//! The environments of a wrangler file.

use std::{fmt, str::FromStr};

use serde::Serialize;

use super::{Classification, Classify, ErrorClass, is_invisible};

/// The name of an environment: the `staging` of `[env.staging]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct EnvName(String);

/// Why a string is not an [`EnvName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvNameError {
    /// No characters.
    #[error("environment name is empty")]
    Empty,
    /// A control character or one that cannot be seen: two names would look alike.
    #[error("environment name has an invisible character, U+{:04X}, at position {position}", u32::from(*.character))]
    Invisible {
        /// The character.
        character: char,
        /// Its position, from 1.
        position: usize,
    },
}

impl Classify for EnvNameError {
    fn classify(&self) -> Classification {
        ErrorClass::Usage.into()
    }
}

impl EnvName {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether Pages knows the environment: it knows two.
    pub fn is_of_pages(&self) -> bool {
        matches!(self.as_str(), "production" | "preview")
    }
}

impl FromStr for EnvName {
    type Err = EnvNameError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        if s.is_empty() {
            return Err(EnvNameError::Empty);
        }
        match s.chars().enumerate().find(|(_, c)| is_invisible(*c)) {
            Some((before, character)) => Err(EnvNameError::Invisible {
                character,
                position: before + 1,
            }),
            None => Ok(Self(s.to_owned())),
        }
    }
}

impl fmt::Display for EnvName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_character_that_cannot_be_seen() {
        for good in ["staging", "Prod 2", "生产", "می\u{200c}خواهم"] {
            assert_eq!(good.parse::<EnvName>().unwrap().as_str(), good);
        }
        let said = ["", "pro\u{200b}duction", "\0", "a\nb", "a\u{202e}"]
            .map(|bad| bad.parse::<EnvName>().unwrap_err().to_string());
        insta::assert_snapshot!(said.join("\n"), @"
        environment name is empty
        environment name has an invisible character, U+200B, at position 4
        environment name has an invisible character, U+0000, at position 1
        environment name has an invisible character, U+000A, at position 2
        environment name has an invisible character, U+202E, at position 2
        ");
    }
}
