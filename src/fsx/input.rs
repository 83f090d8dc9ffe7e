//! Inputs that the command line names.

use std::{fmt, io};

use crate::domain::{Classification, Classify, ErrorClass};

/// An input that the command line names cannot be read: a file, a directory or a pipe that is not
/// there, or not what is expected, or not this user's to read.
#[derive(Debug, thiserror::Error)]
#[error("could not read {what}")]
pub struct InputError {
    what: String,
    source: io::Error,
}

impl InputError {
    /// Of `what`, such as "the value from `FILE`".
    pub fn new(what: impl fmt::Display, source: io::Error) -> Self {
        Self {
            what: what.to_string(),
            source,
        }
    }
}

impl Classify for InputError {
    fn classify(&self) -> Classification {
        ErrorClass::Usage.into()
    }
}
