//! What a command ends with where it does not succeed: one failure type, and its exit code.
//!
//! The only module that knows exit codes. Imports `domain` and `ui`. An error becomes a [`Failure`]
//! with `?` if its type says what it means; for errors of libraries the code says it on the spot.

mod exit;
mod failure;
mod report;
mod terminal;

pub use exit::Exit;
pub use failure::{ClassExt, Failure, Result, ResultExt};
