//! One file or folder per verb: arguments and context in, one operation, one report out. A verb
//! imports no other verb; code for several verbs is in `shared`.
//!
//! Owns the reports. Builds no URLs, edits no files' text and knows no exit codes. Only `serve` starts
//! the emulator.

mod audit;
mod bulk;
mod completions;
mod copy;
mod diff;
mod doctor;
mod documents;
mod export;
mod import;
mod key;
mod namespace;
mod provision;
mod rename_binding;
mod scaffold;
mod serve;
mod shared;
mod sync;
mod usage;
mod verify;

pub use completions::candidates;

use crate::{
    cli::{Command, side::SidesError},
    context::Context,
    domain::{Classification, Classify, ErrorClass, Hint},
    error::Result,
    ui::Stop,
};

/// A check found problems; the report lists them.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct CheckFailed {
    /// A summary of the problems.
    what: String,
    hint: Option<Hint>,
}

impl CheckFailed {
    fn new(what: impl Into<String>) -> Self {
        let what = what.into();
        Self { what, hint: None }
    }

    fn hint(self, hint: impl Into<Hint>) -> Self {
        let hint = Some(hint.into());
        Self { hint, ..self }
    }
}

impl Classify for CheckFailed {
    fn classify(&self) -> Classification {
        Classification {
            hint: self.hint.clone(),
            ..ErrorClass::CheckFailed.into()
        }
    }
}

/// Some items failed; the report names them.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Partial {
    /// How many of them.
    what: String,
    hint: &'static str,
}

impl Partial {
    fn new(what: impl Into<String>, hint: &'static str) -> Self {
        let what = what.into();
        Self { what, hint }
    }
}

impl Classify for Partial {
    fn classify(&self) -> Classification {
        ErrorClass::Partial.hint(self.hint)
    }
}

/// A command was stopped by a signal and has cleaned up.
#[derive(Debug, thiserror::Error)]
#[error("{}{left}", described(*.stop))]
pub struct Stopped {
    /// The signal.
    pub stop: Stop,
    /// What could not be cleaned up, as the end of the sentence.
    pub left: String,
}

impl Stopped {
    /// Creates the error for a command that leaves nothing behind.
    pub fn by(stop: Stop) -> Self {
        let left = String::new();
        Self { stop, left }
    }
}

impl Classify for Stopped {
    fn classify(&self) -> Classification {
        ErrorClass::from(self.stop).into()
    }
}

fn described(stop: Stop) -> &'static str {
    match stop {
        Stop::Interrupt => "interrupted",
        Stop::Terminate => "terminated",
        Stop::HangUp => "the terminal was closed",
    }
}

/// Refused without a confirmation or an explicit choice.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Refused {
    /// What is refused, and why.
    what: String,
    /// How to allow it.
    hint: Hint,
}

impl Refused {
    fn new(what: impl Into<String>, hint: impl Into<Hint>) -> Self {
        Self {
            what: what.into(),
            hint: hint.into(),
        }
    }
}

impl Classify for Refused {
    fn classify(&self) -> Classification {
        ErrorClass::Refused.hint(self.hint.clone())
    }
}

/// A flag or value that is invalid given the clock, the terminal or a file.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct UsageError {
    /// What is wrong.
    what: String,
    /// How to correct it.
    hint: Option<Hint>,
}

impl UsageError {
    fn new(what: impl Into<String>, hint: impl Into<Hint>) -> Self {
        Self {
            what: what.into(),
            hint: Some(hint.into()),
        }
    }
}

impl From<SidesError> for UsageError {
    fn from(error: SidesError) -> Self {
        Self::new(
            error.to_string(),
            "name two, such as binding:A and binding:B",
        )
    }
}

impl Classify for UsageError {
    fn classify(&self) -> Classification {
        Classification {
            hint: self.hint.clone(),
            ..ErrorClass::Usage.into()
        }
    }
}

/// Runs a command.
pub async fn run(context: &Context, command: Command) -> Result<()> {
    match command {
        Command::Provision(args) => provision::run(context, args).await,
        Command::Namespace(command) => namespace::run(context, command).await,
        Command::Key(command) => key::run(context, command).await,
        Command::Sync(args) => sync::run(context, args).await,
        Command::Bulk(command) => bulk::run(context, command).await,
        Command::RenameBinding(args) => rename_binding::run(context, &args).await,
        Command::Scaffold(args) => scaffold::run(context, &args),
        Command::Export(args) => export::run(context, args).await,
        Command::Import(args) => import::run(context, args).await,
        Command::Copy(args) => copy::run(context, args).await,
        Command::Audit(args) => audit::run(context, args).await,
        Command::Diff(args) => diff::run(context, args).await,
        Command::Usage(args) => usage::run(context, &args).await,
        Command::Doctor(_) => doctor::run(context).await,
        Command::Verify(args) => verify::run(context, args).await,
        Command::Serve(args) => serve::run(context, args).await,
        Command::Completions(args) => completions::run(context, &args),
        Command::Man(args) => documents::man(context, &args),
        Command::Version => documents::version(context),
    }
}
