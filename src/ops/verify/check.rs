//! The checks by name, and which of them to run.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

use crate::domain::{Classification, Classify, ErrorClass, Hint, nearest};

/// A check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// The service can be reached, and answers as it should.
    Connection,
    /// The credentials are valid.
    Credentials,
    /// File and environment agree on an account, and the credentials reach it.
    Account,
    /// The credentials may read, and write.
    Permission,
    /// The wrangler file can be read, and every binding leads to a namespace.
    Configuration,
    /// No environment misses a binding that others have.
    Environments,
    /// `wrangler dev --remote` does not write to production.
    Preview,
    /// Pages would not ignore the file.
    Pages,
    /// Every id exists, with the expected title.
    Namespaces,
    /// What is deployed binds the namespaces of the file.
    Deployed,
    /// A key can be written, read, listed and deleted.
    Probe,
    /// There is quota left.
    Quota,
    /// The clock is right.
    Clock,
    /// What `kvctl.toml` asserts holds.
    Assertions,
    /// The helper files are there, and `Env` has the bindings, where the project was scaffolded.
    Scaffold,
    /// The Worker answers.
    Worker,
}

impl Check {
    /// Every check, in the order of the report.
    pub const ALL: &[Self] = &[
        Self::Connection,
        Self::Credentials,
        Self::Account,
        Self::Permission,
        Self::Configuration,
        Self::Environments,
        Self::Preview,
        Self::Pages,
        Self::Namespaces,
        Self::Deployed,
        Self::Probe,
        Self::Quota,
        Self::Clock,
        Self::Assertions,
        Self::Scaffold,
        Self::Worker,
    ];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Credentials => "credentials",
            Self::Account => "account",
            Self::Permission => "permission",
            Self::Configuration => "configuration",
            Self::Environments => "environments",
            Self::Preview => "preview",
            Self::Pages => "pages",
            Self::Namespaces => "namespaces",
            Self::Deployed => "deployed",
            Self::Probe => "probe",
            Self::Quota => "quota",
            Self::Clock => "clock",
            Self::Assertions => "assertions",
            Self::Scaffold => "scaffold",
            Self::Worker => "worker",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A name that no check has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown check `{name}`; the checks are {}", names())]
pub struct UnknownCheck {
    /// The name.
    pub name: String,
    /// The nearest that there is, if one is near.
    pub nearest: Option<Check>,
}

impl Classify for UnknownCheck {
    fn classify(&self) -> Classification {
        let hint = self.nearest.map(|check| format!("did you mean `{check}`?"));
        Classification {
            hint: hint.map(Hint::from),
            ..ErrorClass::Usage.into()
        }
    }
}

fn names() -> String {
    let names: Vec<&str> = Check::ALL.iter().map(|check| check.name()).collect();
    names.join(", ")
}

impl FromStr for Check {
    type Err = UnknownCheck;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.iter().find(|check| check.name() == s);
        named.copied().ok_or_else(|| {
            let near = nearest(s, Self::ALL.iter().map(|check| check.name()));
            let nearest = Self::ALL.iter().find(|check| Some(check.name()) == near);
            UnknownCheck {
                name: s.to_owned(),
                nearest: nearest.copied(),
            }
        })
    }
}

/// Which checks to run.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    only: Vec<Check>,
    skip: Vec<Check>,
}

impl Selection {
    /// Takes names: only those, if there are any, and not those to skip.
    pub fn new(only: &[String], skip: &[String]) -> Result<Self, UnknownCheck> {
        let read = |names: &[String]| {
            let names = names.iter().map(|name| name.trim().parse());
            names.collect::<Result<_, UnknownCheck>>()
        };
        Ok(Self {
            only: read(only)?,
            skip: read(skip)?,
        })
    }

    /// Whether `check` is made.
    pub fn has(&self, check: Check) -> bool {
        (self.only.is_empty() || self.only.contains(&check)) && !self.skip.contains(&check)
    }

    /// Returns the checks to run.
    pub fn checks(&self) -> impl Iterator<Item = Check> {
        Check::ALL.iter().copied().filter(|check| self.has(*check))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_and_others_are_told_the_nearest() {
        for check in Check::ALL {
            assert_eq!(check.name().parse(), Ok(*check));
        }
        for (name, nearest) in [
            ("prob", Check::Probe),
            ("namespace", Check::Namespaces),
            ("config", Check::Configuration),
            ("assert", Check::Assertions),
        ] {
            let error = name.parse::<Check>().unwrap_err();
            assert_eq!(error.nearest, Some(nearest), "{name}");
        }
    }

    #[test]
    fn only_narrows_and_skip_takes_away() {
        let of = |only: &[&str], skip: &[&str]| {
            let text = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
            let selection = Selection::new(&text(only), &text(skip)).unwrap();
            selection.checks().collect::<Vec<_>>()
        };
        assert_eq!(of(&[], &[]), Check::ALL);
        assert_eq!(of(&["probe", "quota"], &["quota"]), [Check::Probe]);
        assert_eq!(of(&[], &["probe"]).len(), Check::ALL.len() - 1);
    }
}
