//! Which of Cloudflare's networks an account is on.

use std::{fmt, str::FromStr};

/// Which of Cloudflare's networks an account is on; each has an API of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ComplianceRegion {
    /// The public one.
    #[default]
    Public,
    /// The one for `FedRAMP` High.
    FedrampHigh,
}

/// Not the name of a region.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown compliance region `{0}`; expected public or fedramp_high")]
pub struct ComplianceRegionError(String);

impl ComplianceRegion {
    /// Its name in configuration files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::FedrampHigh => "fedramp_high",
        }
    }
}

impl FromStr for ComplianceRegion {
    type Err = ComplianceRegionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Public, Self::FedrampHigh]
            .into_iter()
            .find(|known| known.as_str() == text)
            .ok_or_else(|| ComplianceRegionError(text.to_owned()))
    }
}

impl fmt::Display for ComplianceRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
