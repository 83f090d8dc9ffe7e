//! Where the data of a namespace must stay.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where the data of a namespace must stay. Set when the namespace is created, permanently; see
/// <https://developers.cloudflare.com/kv/reference/data-location/>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Jurisdiction {
    /// The European Union.
    Eu,
    /// Data centres that meet `FedRAMP`.
    Fedramp,
    /// The United States.
    Us,
}

/// Not the name of a jurisdiction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown jurisdiction `{0}`; expected eu, fedramp or us")]
pub struct JurisdictionError(String);

impl Jurisdiction {
    /// Its name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eu => "eu",
            Self::Fedramp => "fedramp",
            Self::Us => "us",
        }
    }
}

impl FromStr for Jurisdiction {
    type Err = JurisdictionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Eu, Self::Fedramp, Self::Us]
            .into_iter()
            .find(|known| known.as_str() == text)
            .ok_or_else(|| JurisdictionError(text.to_owned()))
    }
}

impl fmt::Display for Jurisdiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
