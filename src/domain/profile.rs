//! The names of wrangler's logins.

use std::str::FromStr;

use super::{Classification, Classify, ErrorClass};

/// The name of one of wrangler's logins: `default`, or one that `wrangler auth create` accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileName(String);

/// Why a string is not a [`ProfileName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileNameError {
    /// A character that file names of logins cannot have, or none at all.
    #[error("`{0}` is not a profile name; use letters, digits, dashes and underscores")]
    Characters(String),
    /// A name that wrangler keeps for itself.
    #[error("`{0}` is a reserved profile name; the login of `wrangler login` is `default`")]
    Reserved(String),
}

impl Classify for ProfileNameError {
    fn classify(&self) -> Classification {
        ErrorClass::Usage.into()
    }
}

impl ProfileName {
    /// Returns the name of the login that `wrangler login` makes.
    pub fn default_login() -> Self {
        Self("default".to_owned())
    }

    /// Whether it is the login that `wrangler login` makes.
    pub fn is_default(&self) -> bool {
        self.0 == "default"
    }
}

impl FromStr for ProfileName {
    type Err = ProfileNameError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if s.is_empty() || !s.bytes().all(is_allowed) {
            return Err(ProfileNameError::Characters(s.to_owned()));
        }
        let lower = s.to_ascii_lowercase();
        if s != "default" && ["default", "staging"].contains(&lower.as_str()) {
            return Err(ProfileNameError::Reserved(s.to_owned()));
        }
        Ok(Self(s.to_owned()))
    }
}

checked_text!(ProfileName, ProfileNameError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_wrangler_accepts() {
        for good in ["default", "work", "Work-2_b"] {
            assert_eq!(good.parse::<ProfileName>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "a b",
            "../default",
            "a.toml",
            "staging",
            "Staging",
            "DEFAULT",
            "é",
        ] {
            assert!(bad.parse::<ProfileName>().is_err(), "{bad}");
        }
    }
}
