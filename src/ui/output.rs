//! What can go wrong with stdout, and texts of the command line's grammar.

use std::io::{self, Write as _};

use super::page;

/// Why a result could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The reader of stdout went away, as `head` does. Not a failure: what it wanted, it has.
    #[error("standard output was closed")]
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

/// Writes a help text to stdout, or to stderr what is wrong. An argument may come from elsewhere, such
/// as the name of a branch, and is shown as any foreign text is.
pub fn print_usage(instead: &clap::Error) -> Result<(), OutputError> {
    let text = instead.render().to_string();
    let is_plain = |line: &str| page::line(line) == line;
    if text.split('\n').all(is_plain) {
        return Ok(instead.print()?);
    }
    let lines: Vec<String> = text.split('\n').map(page::line).collect();
    Ok(anstream::stderr().write_all(lines.join("\n").as_bytes())?)
}
