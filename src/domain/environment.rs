//! The environments of a wrangler file.

use std::{fmt, str::FromStr};

use serde::Serialize;

use super::{Classification, Classify, ErrorClass};

/// The name of an environment: the `staging` of `[env.staging]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct EnvName(String);

/// Why a string is not an [`EnvName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("environment name is empty")]
pub struct EnvNameError;

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
}

impl FromStr for EnvName {
    type Err = EnvNameError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        if s.is_empty() {
            Err(EnvNameError)
        } else {
            Ok(Self(s.to_owned()))
        }
    }
}

impl fmt::Display for EnvName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
