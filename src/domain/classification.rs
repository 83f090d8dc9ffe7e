//! The class of an error, with a hint for the user.
//!
//! Every error type gives both in one exhaustive match, so a new variant without a class does not
//! compile. Exit codes are not known here.

use std::error::Error as StdError;

use serde::Serialize;

use super::Hint;

/// What an error means to a script. Each class has an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The request was understood and did not succeed.
    Failed,
    /// A flag or value is wrong, or names an input that cannot be read.
    Usage,
    /// The key or namespace does not exist.
    NotFound,
    /// No credentials, or not enough of them.
    Denied,
    /// The configuration file is missing, unreadable or wrong.
    Config,
    /// Some items failed; the report names them.
    Partial,
    /// Throttled, over quota, or unreachable: running the same command again may work.
    Temporary,
    /// A check failed.
    CheckFailed,
    /// Refused: a confirmation or an explicit choice is required.
    Refused,
    /// Interrupted from the keyboard.
    Interrupted,
    /// Terminated by a signal, after cleaning up.
    Terminated,
    /// The terminal was closed.
    HungUp,
    /// The reader of stdout closed it, as `head` does. Not a failure.
    OutputClosed,
}

impl ErrorClass {
    /// Adds what the user can do about it.
    pub fn hint(self, hint: impl Into<Hint>) -> Classification {
        Classification {
            hint: Some(hint.into()),
            ..self.into()
        }
    }
}

/// What an error means, and what the user can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classification {
    /// What it means.
    pub class: ErrorClass,
    /// What to do about it, where that is not plain from the message.
    pub hint: Option<Hint>,
    /// What identifies the answer of the service, if that is the cause.
    pub answer: AnswerId,
}

/// What identifies an error that the service returned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AnswerId {
    /// The error codes of the API.
    pub api_codes: Vec<u32>,
    /// Cloudflare's name for the request.
    pub cf_ray: Option<String>,
}

impl From<ErrorClass> for Classification {
    fn from(class: ErrorClass) -> Self {
        Self {
            class,
            hint: None,
            answer: AnswerId::default(),
        }
    }
}

/// An error with a class and a hint.
///
/// Implemented with one `match` without a wildcard arm. A variant that wraps another error returns
/// the classification of that error.
pub trait Classify: StdError + Send + Sync + 'static {
    /// Returns what the error means, and what the user can do about it.
    fn classify(&self) -> Classification;

    /// Returns what the user can do about it.
    fn hint(&self) -> Option<Hint> {
        self.classify().hint
    }
}

/// Returns an error with its causes, in one line. The only place that joins them.
pub fn with_causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut last = text.clone();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Some errors repeat the message of their cause.
        if next != last {
            text.push_str(": ");
            text.push_str(&next);
        }
        last = next;
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn causes_are_joined_once_each() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] Middle);
        #[derive(Debug, thiserror::Error)]
        #[error("inner")]
        struct Middle(#[source] io::Error);
        let error = Outer(Middle(io::Error::other("inner")));
        assert_eq!(with_causes(&error), "outer: inner");
    }
}
