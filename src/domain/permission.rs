//! The permissions of API tokens, by the names that Cloudflare gives them.

use std::fmt;

/// Where tokens are created and changed.
pub const API_TOKENS_PAGE: &str = "the API Tokens page of the Cloudflare dashboard";

/// A permission that some command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// To read namespaces, keys and values.
    KvRead,
    /// To change them; includes reading.
    KvWrite,
    /// To read how much is used.
    AnalyticsRead,
    /// To read which namespaces a Worker binds.
    WorkersScriptsRead,
    /// To read which namespaces a Pages project binds.
    PagesRead,
}

impl Permission {
    /// Returns its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KvRead => "Workers KV Storage Read",
            Self::KvWrite => "Workers KV Storage Write",
            Self::AnalyticsRead => "Account Analytics Read",
            Self::WorkersScriptsRead => "Workers Scripts Read",
            Self::PagesRead => "Pages Read",
        }
    }
}

/// The name in the marks of code.
impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.name())
    }
}
