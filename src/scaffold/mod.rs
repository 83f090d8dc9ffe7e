//! Generated TypeScript: helper files, and the bindings in the interface `Env`.
//!
//! Owns the templates, the header that tells a generated file from an edited one, and the edit that
//! adds bindings to a file of the user's. Pure: text in, text out. Imports `domain`, and from
//! `config` what `kvctl.toml` says.

mod header;
mod render;
mod settings;
pub mod types;

pub use header::{Stamped, stamp};
pub use render::{ValueImport, render, value_import};
pub use settings::{Overrides, Settings};

/// The version that is written into generated files.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
