//! What the errors of `ui` mean, which imports nothing.

use crate::{
    domain::{Classification, Classify, ErrorClass},
    ui::{ConfirmError, EditorError, LineBreakError, OutputError, Stop},
};

impl Classify for OutputError {
    fn classify(&self) -> Classification {
        match self {
            Self::Closed => ErrorClass::OutputClosed.into(),
            Self::Failed(_) => ErrorClass::Failed.into(),
        }
    }
}

impl Classify for ConfirmError {
    fn classify(&self) -> Classification {
        match self {
            Self::NoTerminal { flag, .. } => {
                ErrorClass::Refused.hint(format!("pass `{flag}` to confirm"))
            }
            Self::Declined { .. } => ErrorClass::Refused.into(),
            Self::Io(_) => ErrorClass::Failed.into(),
        }
    }
}

impl Classify for EditorError {
    fn classify(&self) -> Classification {
        match self {
            Self::Start { .. } | Self::Failed { .. } => ErrorClass::Failed
                .hint("set VISUAL or EDITOR to the command that starts your editor"),
        }
    }
}

impl Classify for LineBreakError {
    fn classify(&self) -> Classification {
        ErrorClass::Refused
            .hint("pass `--null` to end names with a NUL byte, or use `--json` or `--ndjson`")
    }
}

impl From<Stop> for ErrorClass {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Interrupt => Self::Interrupted,
            Stop::Terminate => Self::Terminated,
            Stop::HangUp => Self::HungUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::{
        error::{Exit, Failure, ResultExt as _},
        fsx,
    };

    #[test]
    fn only_a_closed_stdout_is_no_failure() {
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        let exit = |failure: Failure| Exit::from(failure.class());
        let output = Err::<(), _>(OutputError::from(broken())).context("listing");
        assert_eq!(exit(output.unwrap_err()), Exit::Done);
        let file = fsx::Error::Write {
            path: "f".into(),
            source: broken(),
        };
        assert_eq!(exit(file.into()), Exit::Failed);
        let full = OutputError::from(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(exit(full.into()), Exit::Failed);
    }
}
