//! Scaffolding: helper files for the Worker's code, and its bindings in `Env`.
//!
//! Data flows one way: [`look()`] reads what is there, [`plan`](plan::plan) decides and is pure, and
//! [`Plan::write`](plan::Plan::write) makes all changes or none. [`inspect()`] says of a project what
//! such a plan would find, without planning anything.

mod bindings;
mod confine;
mod error;
mod inspect;
mod look;
pub mod plan;
mod surroundings;

/// The most that a file of a project may hold that is looked at, in bytes.
const MAX_BYTES: u64 = 16 << 20;

pub use bindings::{Bindings, bindings};
pub use error::Error;
pub use inspect::{EnvState, FileState, State, Status, inspect};
pub use look::{Found, look};
