//! What can go wrong with stdout.

use std::io;

/// Why a result could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The reader of stdout went away, as `head` does. Not a failure: what it wanted, it has.
    #[error("the reader of standard output went away")]
    Closed,
    /// Anything else, such as a full disk behind a redirection.
    #[error("could not write to standard output")]
    Failed(#[source] io::Error),
}

impl From<io::Error> for OutputError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Failed(error),
        }
    }
}

impl From<serde_json::Error> for OutputError {
    fn from(error: serde_json::Error) -> Self {
        io::Error::from(error).into()
    }
}
