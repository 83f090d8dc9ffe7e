//! Scaffolding: helper files for the Worker's code, and its bindings in `Env`.
//!
//! Data flows one way: [`read_project()`] reads the project, [`plan`](plan::plan) decides and is pure, and
//! [`Plan::write`](plan::Plan::write) makes all changes or none. [`inspect()`] compares a
//! project with what would be generated, without planning changes.

mod bindings;
mod confine;
mod destination;
mod env;
mod error;
mod inspect;
mod members;
mod modules;
mod notes;
pub mod plan;
mod project;
mod renamed;
mod resolve;
mod runtime_types;
mod survey;
mod walk;
mod wrangler_types;

/// Maximum size of a project file that is read, in bytes.
const MAX_BYTES: u64 = 16 << 20;

pub use bindings::{Bindings, bindings};
pub use error::Error;
pub use inspect::{EnvState, FileState, ScaffoldState, inspect};
pub use notes::Note;
pub use plan::FileStatus;
pub use project::{AbsentValue, ProjectFiles, read_project};
pub use renamed::left_by_renaming;
