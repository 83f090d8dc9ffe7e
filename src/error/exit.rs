//! Exit codes.

use std::process::ExitCode;

use crate::domain::ErrorClass;

/// What a script learns from how kvctl ended. `docs/json.md` lists the same table.
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
    /// Every code with its meaning, for `docs/json.md`.
    pub const ALL: &[(Self, &str)] = &[
        (Self::Done, "success, or nothing to do"),
        (Self::Failed, "failure"),
        (
            Self::Usage,
            "usage error: bad flag or value, or unreadable input",
        ),
        (
            Self::NotFound,
            "not found: the key or namespace does not exist",
        ),
        (Self::Denied, "credentials are missing or were denied"),
        (Self::Config, "configuration file is missing or invalid"),
        (
            Self::Partial,
            "partly done: the report names each item that failed",
        ),
        (
            Self::Temporary,
            "temporary: rate limit, quota or network; run again",
        ),
        (
            Self::CheckFailed,
            "check failed: changes pending, findings or differences",
        ),
        (
            Self::Refused,
            "refused: confirmation or an explicit choice is required",
        ),
        (Self::HungUp, "hung up (SIGHUP), after cleaning up"),
        (Self::Interrupted, "interrupted"),
        (Self::Terminated, "terminated (SIGTERM), after cleaning up"),
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
