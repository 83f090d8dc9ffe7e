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

pub(super) use crate::ui::quoted;

/// So many keys are named for people; JSON names all.
pub(super) const SAMPLE: usize = 20;
