//! From any error to an exit code and a hint: the only module that knows exit codes.
//!
//! Imports the error types of every other module. The first typed error in the chain decides, so
//! context may be added freely above it.

use std::{error::Error as StdError, process::ExitCode};

use crate::formats::{FormatError, ReadError};
use crate::{api, commands, config, context, credentials, domain, fsx, ops, ui};

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
        (Self::Usage, "usage: bad flag or value"),
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

impl Exit {
    /// Returns how a process ends that was asked to.
    pub fn of(stop: ui::Stop) -> Self {
        match stop {
            ui::Stop::Interrupt => Self::Interrupted,
            ui::Stop::Terminate => Self::Terminated,
            ui::Stop::HangUp => Self::HungUp,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Returns how the program ends because of `error`.
pub fn classify(error: &anyhow::Error) -> Exit {
    error.chain().find_map(exit_of).unwrap_or(Exit::Failed)
}

/// Whether the reader of stdout went away, as `head` does; that is not a failure.
///
/// Only what `ui` says counts: a pipe that breaks on the way to the service is another matter.
pub fn is_closed_output(error: &anyhow::Error) -> bool {
    let closed = |e: &ui::OutputError| matches!(e, ui::OutputError::Closed);
    error.chain().any(|e| e.downcast_ref().is_some_and(closed))
}

fn exit_of(error: &(dyn StdError + 'static)) -> Option<Exit> {
    let e = error;
    if let Some(e) = e.downcast_ref::<api::Error>() {
        return Some(of_api(e));
    }
    if let Some(e) = e.downcast_ref::<commands::Stopped>() {
        return Some(Exit::of(e.stop));
    }
    if let Some(e) = e.downcast_ref::<commands::VerificationFailed>() {
        return Some(match e.class {
            ops::verify::Class::Check => Exit::CheckFailed,
            ops::verify::Class::Denied => Exit::Denied,
            ops::verify::Class::Temporary => Exit::Temporary,
        });
    }
    if e.is::<ops::verify::UnknownBinding>() {
        return Some(Exit::Config);
    }
    if e.is::<config::Error>() || e.is::<config::ManifestError>() || e.is::<config::DotenvError>() {
        return Some(Exit::Config);
    }
    if e.is::<credentials::Error>() || e.is::<config::LoginError>() {
        return Some(Exit::Denied);
    }
    if e.is::<commands::Partial>() {
        return Some(Exit::Partial);
    }
    if e.is::<commands::CheckFailed>() {
        return Some(Exit::CheckFailed);
    }
    if e.is::<ops::provision::destination::Error>() {
        return Some(Exit::Failed);
    }
    if let Some(e) = e.downcast_ref::<ops::provision::apply::Error>()
        && !e.created.is_empty()
    {
        return Some(Exit::Partial);
    }
    if e.is::<context::ForeignBaseUrl>() {
        return Some(Exit::Refused);
    }
    if e.is::<commands::Refused>() || e.is::<ops::provision::plan::Error>() {
        return Some(Exit::Refused);
    }
    if e.is::<fsx::Error>() {
        return Some(Exit::Failed);
    }
    of_usage(e)
        .or_else(|| e.downcast_ref().map(of_scaffold))
        .or_else(|| of_keys(e))
        .or_else(|| of_ops(e))
        .or_else(|| of_ui(e))
}

fn of_api(error: &api::Error) -> Exit {
    match error.trouble() {
        api::Trouble::NotFound => Exit::NotFound,
        api::Trouble::Denied => Exit::Denied,
        api::Trouble::QuotaSpent | api::Trouble::Temporary => Exit::Temporary,
        api::Trouble::Failed => Exit::Failed,
    }
}

fn of_usage(error: &(dyn StdError + 'static)) -> Option<Exit> {
    let service = error.downcast_ref::<context::ServiceError>();
    let usage = service.is_some_and(context::ServiceError::is_usage)
        || error.is::<context::UsageError>()
        || error.is::<commands::Misused>()
        || error.is::<ops::verify::UnknownCheck>()
        || error.is::<domain::EnvNameError>()
        || error.is::<domain::AccountIdError>();
    usage.then_some(Exit::Usage)
}

fn of_scaffold(error: &ops::scaffold::Error) -> Exit {
    use ops::scaffold::Error;
    match error {
        Error::Outside { .. } | Error::NotTypeScript(_) => Exit::Usage,
        Error::Binding { .. } => Exit::Config,
        Error::Link { .. } | Error::Kind { .. } | Error::Encoding { .. } | Error::Types { .. } => {
            Exit::Refused
        }
        Error::File(_) => Exit::Failed,
    }
}

fn of_keys(error: &(dyn StdError + 'static)) -> Option<Exit> {
    use ops::{
        bulk::{delete, journal},
        keys,
    };
    if error.is::<keys::Absent>() {
        return Some(Exit::NotFound);
    }
    if error.is::<delete::Remained>() {
        return Some(Exit::Partial);
    }
    match error.downcast_ref::<journal::Error>()? {
        journal::Error::Unfinished(_) | journal::Error::Other(_) | journal::Error::Foreign(_) => {
            Some(Exit::Refused)
        }
        journal::Error::Read { .. } => Some(Exit::Failed),
        journal::Error::File(_) => None,
    }
}

fn of_ops(error: &(dyn StdError + 'static)) -> Option<Exit> {
    use ops::{account, provision::want, rename_binding, target};
    if let Some(e) = error.downcast_ref::<account::Error>() {
        return match e {
            account::Error::Disagree { .. }
            | account::Error::Sections(_)
            | account::Error::Several(_) => Some(Exit::Refused),
            account::Error::Nothing => Some(Exit::Denied),
            account::Error::File { .. } => Some(Exit::Config),
            account::Error::Variable { .. } => Some(Exit::Usage),
            account::Error::Api(_) => None,
        };
    }
    if let Some(e) = error.downcast_ref::<want::Error>() {
        return Some(match e {
            want::Error::Twice(_)
            | want::Error::SharedTitle { .. }
            | want::Error::NotAnIdentifier(_)
            | want::Error::Title { .. } => Exit::Usage,
            want::Error::Taken { .. } => Exit::Config,
            want::Error::OnlyElsewhere(_) => Exit::Refused,
        });
    }
    if let Some(e) = error.downcast_ref::<target::Error>() {
        return match e {
            target::Error::NoTitle { .. } => Some(Exit::NotFound),
            target::Error::Unnamed(_) => Some(Exit::Refused),
            target::Error::NoBinding { .. }
            | target::Error::NoId { .. }
            | target::Error::Config(_) => Some(Exit::Config),
            target::Error::Api(_) => None,
        };
    }
    if let Some(e) = error.downcast_ref::<rename_binding::Error>() {
        return match e {
            rename_binding::Error::Absent { .. }
            | rename_binding::Error::Taken { .. }
            | rename_binding::Error::Config(_) => Some(Exit::Config),
            rename_binding::Error::NotAnIdentifier(_) | rename_binding::Error::Title(..) => {
                Some(Exit::Usage)
            }
            rename_binding::Error::Unknown { .. } | rename_binding::Error::TitleTaken { .. } => {
                Some(Exit::Refused)
            }
            rename_binding::Error::Partial { .. } => Some(Exit::Partial),
            rename_binding::Error::Target(_) | rename_binding::Error::Api(..) => None,
        };
    }
    None
}

fn of_ui(error: &(dyn StdError + 'static)) -> Option<Exit> {
    if error.is::<ui::LineBreakError>() {
        return Some(Exit::Refused);
    }
    if error.is::<ui::EditorError>() {
        return Some(Exit::Failed);
    }
    match error.downcast_ref::<ui::ConfirmError>()? {
        ui::ConfirmError::NoTerminal { .. } | ui::ConfirmError::Declined { .. } => {
            Some(Exit::Refused)
        }
        ui::ConfirmError::Io(_) => Some(Exit::Failed),
    }
}

/// Returns what to do next: the hint of the first error in the chain that has one.
pub fn hint(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|e| {
        hint_of::<api::Error>(e, api::Error::hint)
            .or_else(|| hint_of(e, config::Error::hint))
            .or_else(|| hint_of(e, config::ManifestError::hint))
            .or_else(|| hint_of(e, credentials::Error::hint))
            .or_else(|| hint_of(e, config::LoginError::hint))
            .or_else(|| hint_of(e, commands::CheckFailed::hint))
            .or_else(|| hint_of(e, commands::Refused::hint))
            .or_else(|| hint_of(e, commands::Misused::hint))
            .or_else(|| hint_of(e, context::UsageError::hint))
            .or_else(|| hint_of(e, context::ForeignBaseUrl::hint))
            .or_else(|| hint_of(e, context::ServiceError::hint))
            .or_else(|| hint_of(e, context::ServeError::hint))
            .or_else(|| hint_of(e, ops::account::Error::hint))
            .or_else(|| hint_of(e, ops::provision::destination::Error::hint))
            .or_else(|| hint_of(e, ops::bulk::delete::Remained::hint))
            .or_else(|| hint_of(e, ops::keys::Absent::hint))
            .or_else(|| hint_of(e, ops::bulk::journal::Error::hint))
            .or_else(|| hint_of(e, ops::bulk::file::Error::hint))
            .or_else(|| hint_of(e, |e: &FormatError| e.hint().map(str::to_owned)))
            .or_else(|| hint_of(e, |e: &ReadError| e.hint().map(str::to_owned)))
            .or_else(|| hint_of(e, ops::provision::plan::Error::hint))
            .or_else(|| hint_of(e, ops::provision::want::Error::hint))
            .or_else(|| hint_of(e, ops::rename_binding::Error::hint))
            .or_else(|| hint_of(e, ops::scaffold::Error::hint))
            .or_else(|| hint_of(e, ops::target::Error::hint))
            .or_else(|| hint_of(e, ops::verify::UnknownCheck::hint))
            .or_else(|| hint_of(e, ops::verify::UnknownBinding::hint))
            .or_else(|| hint_of(e, ui::ConfirmError::hint))
            .or_else(|| hint_of(e, ui::EditorError::hint))
            .or_else(|| hint_of(e, ui::LineBreakError::hint))
    })
}

fn hint_of<E: StdError + 'static>(
    error: &(dyn StdError + 'static),
    hint: fn(&E) -> Option<String>,
) -> Option<String> {
    error.downcast_ref().and_then(hint)
}

#[cfg(test)]
mod tests {
    use std::io;

    use anyhow::Context as _;

    use super::*;

    #[test]
    fn context_hides_neither_code_nor_hint() {
        let error = Err::<(), _>(credentials::Error::None)
            .context("could not provision")
            .unwrap_err();
        assert_eq!(classify(&error), Exit::Denied);
        assert!(hint(&error).unwrap().contains("Workers KV Storage Write"));
    }

    #[test]
    fn only_a_closed_stdout_is_no_failure() {
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        let output = anyhow::Error::from(ui::OutputError::from(broken()));
        assert!(is_closed_output(&output.context("listing")));
        assert!(!is_closed_output(&broken().into()));
        let file = fsx::Error::Write {
            path: "f".into(),
            source: broken(),
        };
        assert!(!is_closed_output(&file.into()));
    }
}
