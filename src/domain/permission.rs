//! The permissions of API tokens, by the names that Cloudflare gives them.

use std::{fmt, str::FromStr};

/// Where tokens are created and changed.
pub const API_TOKENS_PAGE: &str = "https://dash.cloudflare.com/profile/api-tokens";

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
    /// To deploy Workers; includes reading.
    WorkersScriptsWrite,
    /// To read which namespaces a Pages project binds.
    PagesRead,
    /// To change Pages projects; includes reading.
    PagesWrite,
}

impl Permission {
    const ALL: [Self; 7] = [
        Self::KvRead,
        Self::KvWrite,
        Self::AnalyticsRead,
        Self::WorkersScriptsRead,
        Self::WorkersScriptsWrite,
        Self::PagesRead,
        Self::PagesWrite,
    ];

    /// Returns its name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KvRead => "Workers KV Storage Read",
            Self::KvWrite => "Workers KV Storage Write",
            Self::AnalyticsRead => "Account Analytics Read",
            Self::WorkersScriptsRead => "Workers Scripts Read",
            Self::WorkersScriptsWrite => "Workers Scripts Write",
            Self::PagesRead => "Pages Read",
            Self::PagesWrite => "Pages Write",
        }
    }
}

impl Permission {
    /// Returns its name in the form of the dashboard that makes tokens: what it is about, and what it
    /// allows.
    pub const fn label(self) -> &'static str {
        match self {
            Self::KvRead => "Workers KV Storage: Read",
            Self::KvWrite => "Workers KV Storage: Edit",
            Self::AnalyticsRead => "Account Analytics: Read",
            Self::WorkersScriptsRead => "Workers Scripts: Read",
            Self::WorkersScriptsWrite => "Workers Scripts: Edit",
            Self::PagesRead => "Cloudflare Pages: Read",
            Self::PagesWrite => "Cloudflare Pages: Edit",
        }
    }
}

impl Permission {
    /// Says where a token is given it.
    pub fn grant(self) -> String {
        format!("give the token the permission {self} on {API_TOKENS_PAGE}")
    }
}

/// The dashboard's name in the marks of code.
impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.label())
    }
}

/// Why a string is not the name of a [`Permission`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not one of {names}", names = names())]
pub struct PermissionError(String);

fn names() -> String {
    let names = Permission::ALL.map(|permission| permission.to_string());
    names.join(", ")
}

impl FromStr for Permission {
    type Err = PermissionError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.into_iter();
        let names = |it: &Self| [it.name(), it.label()].map(|name| name.eq_ignore_ascii_case(s));
        all.find(|permission| names(permission).contains(&true))
            .ok_or_else(|| PermissionError(s.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_found_by_its_name() {
        for permission in Permission::ALL {
            assert_eq!(permission.name().parse(), Ok(permission));
            assert_eq!(permission.name().to_lowercase().parse(), Ok(permission));
            assert_eq!(permission.label().parse(), Ok(permission));
        }
        let error = "KV".parse::<Permission>().unwrap_err().to_string();
        assert!(error.starts_with("`KV` is not one of `Workers KV Storage: Read`, "));
    }
}
