//! Exit codes.

use std::process::ExitCode;

use crate::domain::ErrorClass;

/// What a script learns from how kvctl ended. The README lists the same table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, or already so.
    Done = 0,
    /// The request was understood and did not succeed.
    Failed = 1,
    /// A flag or value was wrong; clap's own code.
    Usage = 2,
    /// The key or namespace does not exist.
    NotFound = 3,
    /// No credentials, or not enough of them.
    Denied = 4,
    /// The configuration file is missing, unreadable or wrong.
    Config = 5,
    /// Some items were not done; the report names them.
    Partial = 6,
    /// Throttled, over quota, or unreachable: running the same command again may work.
    Temporary = 7,
    /// A check failed.
    CheckFailed = 8,
    /// Refused, because more must be said first.
    Refused = 9,
    /// Its terminal was closed, and it ended in order.
    HungUp = 129,
    /// Interrupted from the keyboard.
    Interrupted = 130,
    /// Terminated, and ended in order.
    Terminated = 143,
}

impl Exit {
    /// Every code with its meaning, for the README.
    pub const ALL: &[(Self, &str)] = &[
        (Self::Done, "done, or already so"),
        (Self::Failed, "failed"),
        (
            Self::Usage,
            "usage: bad flag or value, or an input that cannot be read",
        ),
        (Self::NotFound, "not there: key or namespace absent"),
        (Self::Denied, "no credentials, or denied"),
        (
            Self::Config,
            "configuration file: none, unparsable, or wrong",
        ),
        (
            Self::Partial,
            "partial: the report names every item that was not done",
        ),
        (
            Self::Temporary,
            "temporary: throttled, quota, network; run again",
        ),
        (
            Self::CheckFailed,
            "a check failed: changes pending, verification failed, a difference found",
        ),
        (
            Self::Refused,
            "refused: ambiguous target, live id, confirmation missing",
        ),
        (
            Self::HungUp,
            "ended by SIGHUP, after putting things in order",
        ),
        (Self::Interrupted, "interrupted"),
        (
            Self::Terminated,
            "terminated by SIGTERM, after putting things in order",
        ),
    ];
}

impl From<ErrorClass> for Exit {
    fn from(class: ErrorClass) -> Self {
        match class {
            ErrorClass::OutputClosed => Self::Done,
            ErrorClass::Failed => Self::Failed,
            ErrorClass::Usage => Self::Usage,
            ErrorClass::NotFound => Self::NotFound,
            ErrorClass::Denied => Self::Denied,
            ErrorClass::Config => Self::Config,
            ErrorClass::Partial => Self::Partial,
            ErrorClass::Temporary => Self::Temporary,
            ErrorClass::CheckFailed => Self::CheckFailed,
            ErrorClass::Refused => Self::Refused,
            ErrorClass::HungUp => Self::HungUp,
            ErrorClass::Interrupted => Self::Interrupted,
            ErrorClass::Terminated => Self::Terminated,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
