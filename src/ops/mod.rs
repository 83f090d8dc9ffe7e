//! The use cases: what kvctl does, without a terminal.
//!
//! Owns the rules. Knows neither clap nor exit codes, prints nothing, and reports progress through
//! callbacks and the `Reporter` trait.

pub mod account;
pub mod bound;
pub mod bulk;
pub mod health;
pub mod keys;
pub mod latency;
pub mod namespaces;
pub mod protect;
pub mod provision;
pub mod rename_binding;
pub mod scaffold;
pub mod target;
pub mod time;
pub mod usage;
pub mod verify;

#[cfg(test)]
mod tests;
