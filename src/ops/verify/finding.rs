//! What a check has to say, and about what.

use std::fmt;

use serde::Serialize;

use super::Check;
use crate::{
    config::Place,
    domain::{Binding, EnvName},
};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It was not made; the message says why.
    Skip,
    /// All is well.
    Pass,
    /// It works, and deserves attention.
    Warn,
    /// It does not work.
    Fail,
}

impl Status {
    /// Returns its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What kind of trouble a failure is, from which a script learns whether to run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Throttled, over quota, or unreachable: running again may work.
    Temporary,
    /// No credentials, or not enough of them.
    Denied,
    /// What was checked is wrong.
    Check,
}

/// What a finding is about, as far as it is about one thing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// The section of the wrangler file.
    pub environment: Option<EnvName>,
    /// The binding.
    pub binding: Option<Binding>,
    /// Something of it, such as a key or `preview_id`.
    pub detail: Option<String>,
}

impl Subject {
    /// A binding of a section.
    pub fn binding(environment: Option<&EnvName>, binding: &Binding) -> Self {
        Self {
            environment: environment.cloned(),
            binding: Some(binding.clone()),
            detail: None,
        }
    }

    /// A section.
    pub fn section(environment: Option<&EnvName>) -> Self {
        Self {
            environment: environment.cloned(),
            ..Self::default()
        }
    }

    /// The same, or something of it.
    #[must_use]
    pub fn with(self, detail: impl Into<String>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..self
        }
    }
}

impl fmt::Display for Subject {
    /// `staging/SESSIONS session:a`: what is there, the section first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match (&self.environment, &self.binding) {
            (Some(environment), Some(binding)) => format!("{environment}/{binding}"),
            (Some(environment), None) => environment.to_string(),
            (None, Some(binding)) => binding.to_string(),
            (None, None) => String::new(),
        };
        let parts = [
            Some(name).filter(|name| !name.is_empty()),
            self.detail.clone(),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        f.pad(&parts.join(" "))
    }
}

/// What a check has to say about one thing.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// What it is about.
    pub subject: Subject,
    /// How it ended.
    pub status: Status,
    /// What was found, in a sentence; for a skipped check why.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// Where in which file.
    pub place: Option<Place>,
    /// What kind of trouble a failure is.
    pub class: Class,
}

impl Finding {
    fn new(check: Check, status: Status, message: impl Into<String>) -> Self {
        Self {
            check,
            subject: Subject::default(),
            status,
            message: message.into(),
            hint: None,
            place: None,
            class: Class::Check,
        }
    }

    /// All is well.
    pub fn pass(check: Check, message: impl Into<String>) -> Self {
        Self::new(check, Status::Pass, message)
    }

    /// Something deserves attention.
    pub fn warn(check: Check, message: impl Into<String>) -> Self {
        Self::new(check, Status::Warn, message)
    }

    /// Something is wrong.
    pub fn fail(check: Check, message: impl Into<String>) -> Self {
        Self::new(check, Status::Fail, message)
    }

    /// The check was not made.
    pub fn skip(check: Check, reason: impl Into<String>) -> Self {
        Self::new(check, Status::Skip, reason)
    }

    /// The same, about `subject`.
    #[must_use]
    pub fn about(self, subject: Subject) -> Self {
        Self { subject, ..self }
    }

    /// The same, with what to do next.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// The same, at a place of a file.
    #[must_use]
    pub fn at(self, place: Option<Place>) -> Self {
        Self { place, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_names_what_is_known() {
        let environment: EnvName = "staging".parse().unwrap();
        let binding: Binding = "A".parse().unwrap();
        assert_eq!(Subject::default().to_string(), "");
        assert_eq!(Subject::section(Some(&environment)).to_string(), "staging");
        assert_eq!(Subject::binding(None, &binding).to_string(), "A");
        let both = Subject::binding(Some(&environment), &binding);
        assert_eq!(both.with("k").to_string(), "staging/A k");
    }
}
