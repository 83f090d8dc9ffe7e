//! Moving many keys: one file a verb.

pub(super) mod copy;
pub(super) mod diff;
pub(super) mod export;
pub(super) mod failures;
pub(super) mod import;
pub(super) mod missed;
mod part;
mod side;
mod source;
pub(super) mod sync;

use crate::ui::{printable, quantity};

/// So many keys are named for people; JSON names all.
pub(super) const SAMPLE: usize = 20;

/// A key as a message shows it.
pub(super) fn quoted(key: &str) -> String {
    format!("`{}`", printable(key))
}

/// So many of something, in words.
fn counted(count: u64, noun: &str) -> String {
    quantity(usize::try_from(count).unwrap_or(usize::MAX), noun)
}
