//! The failure of a command: what it means, what to do about it, and the chain of its causes.

use std::{error::Error as StdError, fmt};

use crate::domain::{AnswerId, Classification, Classify, ErrorClass, Hint, with_causes};

/// Why a command did not succeed.
///
/// Not an error itself, so that every error that says what it means can be turned into one with `?`,
/// and no other can.
#[derive(Debug)]
pub struct Failure {
    class: ErrorClass,
    hint: Option<Hint>,
    answer: AnswerId,
    source: anyhow::Error,
}

/// The result of a command.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// Of an error of a library, which cannot say itself what it means.
    pub fn new(class: ErrorClass, error: impl StdError + Send + Sync + 'static) -> Self {
        Self {
            class,
            hint: None,
            answer: AnswerId::default(),
            source: error.into(),
        }
    }

    /// Says what was being done when it failed. Neither class nor hint change.
    #[must_use]
    pub fn context(self, what: impl fmt::Display + Send + Sync + 'static) -> Self {
        Self {
            source: self.source.context(what),
            ..self
        }
    }

    /// Changes what to do about it.
    #[must_use]
    pub fn map_hint(self, change: impl FnOnce(Hint) -> Hint) -> Self {
        let hint = self.hint.map(change);
        Self { hint, ..self }
    }

    /// Returns what it means.
    pub fn class(&self) -> ErrorClass {
        self.class
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> Option<&Hint> {
        self.hint.as_ref()
    }

    /// Returns what identifies the answer of the service that it is about.
    pub fn answer(&self) -> &AnswerId {
        &self.answer
    }

    /// Returns what was being done, and why that failed, down to the first cause.
    pub fn causes(&self) -> impl Iterator<Item = &(dyn StdError + 'static)> {
        self.source.chain()
    }

    /// Returns the first error of type `E` among the causes.
    pub fn find<E: StdError + 'static>(&self) -> Option<&E> {
        self.causes().find_map(|cause| cause.downcast_ref())
    }
}

/// All of it in one line.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&with_causes(&*self.source))
    }
}

impl<E: Classify> From<E> for Failure {
    fn from(error: E) -> Self {
        let Classification {
            class,
            hint,
            answer,
        } = error.classify();
        Self {
            hint,
            answer,
            ..Self::new(class, error)
        }
    }
}

/// Saying what was being done.
pub trait ResultExt<T> {
    /// Says what was being done when it failed.
    fn context(self, what: impl fmt::Display + Send + Sync + 'static) -> Result<T>;

    /// The same, where it takes work to say.
    fn with_context<C>(self, what: impl FnOnce() -> C) -> Result<T>
    where
        C: fmt::Display + Send + Sync + 'static;
}

impl<T, E: Into<Failure>> ResultExt<T> for Result<T, E> {
    fn context(self, what: impl fmt::Display + Send + Sync + 'static) -> Result<T> {
        self.with_context(|| what)
    }

    fn with_context<C>(self, what: impl FnOnce() -> C) -> Result<T>
    where
        C: fmt::Display + Send + Sync + 'static,
    {
        self.map_err(|error| error.into().context(what()))
    }
}

/// Saying what an error of a library means.
pub trait ClassExt<T> {
    /// Says what the error means, which cannot say it itself.
    fn class(self, class: ErrorClass) -> Result<T>;
}

impl<T, E: StdError + Send + Sync + 'static> ClassExt<T> for Result<T, E> {
    fn class(self, class: ErrorClass) -> Result<T> {
        self.map_err(|error| Failure::new(class, error))
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::domain::AccountIdError;

    #[test]
    fn context_changes_neither_class_nor_hint() {
        #[derive(Debug, thiserror::Error)]
        #[error("inner")]
        struct Inner;
        impl Classify for Inner {
            fn classify(&self) -> Classification {
                ErrorClass::Denied.hint("ask somebody")
            }
        }
        let failure = Err::<(), _>(Inner).context("middle");
        let failure = failure.with_context(|| "outer").unwrap_err();
        assert_eq!(failure.class(), ErrorClass::Denied);
        assert_eq!(failure.hint(), Some(&Hint::from("ask somebody")));
        assert_eq!(failure.to_string(), "outer: middle: inner");
        assert!(failure.find::<Inner>().is_some());
        assert!(failure.find::<AccountIdError>().is_none());
    }

    #[test]
    fn an_error_of_a_library_means_what_is_said_on_the_spot() {
        let failed = Err::<(), _>(io::Error::other("disk")).class(ErrorClass::Temporary);
        let failure = failed.context("writing").unwrap_err();
        assert_eq!(failure.class(), ErrorClass::Temporary);
        assert_eq!(failure.hint(), None);
        assert_eq!(failure.to_string(), "writing: disk");
    }
}
