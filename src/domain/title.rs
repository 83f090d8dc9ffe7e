//! The title of a namespace: its name within the account.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::TITLE_MAX_CHARS;

/// The title of a namespace, unique within its account: 1 to 512 characters.
///
/// The service does not document which characters it takes, so all but control characters pass.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Title(String);

/// Why a string is not a [`Title`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TitleError {
    /// No characters, or only blanks.
    #[error("namespace title is empty")]
    Empty,
    /// More than [`TITLE_MAX_CHARS`] characters.
    #[error("namespace title is {0} characters long; the limit is 512")]
    TooLong(usize),
    /// A control character, which no list could show.
    #[error("namespace title `{}` contains {:?}, which is not allowed", .0.escape_debug(), .1)]
    Control(String, char),
}

impl Title {
    /// Returns the title as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for a title that is still to be written, such as `<YOUR_TITLE>`.
    pub fn is_placeholder(&self) -> bool {
        self.0.contains(['<', '>', '{', '}'])
    }
}

impl FromStr for Title {
    type Err = TitleError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let length = s.chars().count();
        if s.trim().is_empty() {
            Err(TitleError::Empty)
        } else if length > TITLE_MAX_CHARS {
            Err(TitleError::TooLong(length))
        } else if let Some(c) = s.chars().find(|c| c.is_control()) {
            Err(TitleError::Control(s.to_owned(), c))
        } else {
            Ok(Self(s.to_owned()))
        }
    }
}

checked_text!(Title, TitleError);
