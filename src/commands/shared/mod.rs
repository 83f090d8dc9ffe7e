//! What several commands share on the terminal side: which namespace to use, what may be done to
//! it, and how records are reported. A verb imports this, and no other verb.

pub(crate) mod choice;
pub(crate) mod delete;
pub(crate) mod export;
pub(crate) mod failures;
pub(crate) mod guard;
pub(crate) mod import;
pub(crate) mod journal;
pub(crate) mod lifetime;
pub(crate) mod local_data;
pub(crate) mod missed;
pub(crate) mod namespace;
mod reporter;
pub(crate) mod scaffold_report;
pub(crate) mod scaffolding;
pub(crate) mod selection;
pub(crate) mod side;
pub(crate) mod source;

pub(crate) use crate::ui::quoted;
use crate::{cli::again_without, domain::Hint, env};

/// Says to run the command of this process without `--check`.
pub(crate) fn unchecked() -> Hint {
    match again_without(&env::arguments(), "--check") {
        Some(command) => Hint::run(command).text(" to make the changes"),
        None => "run the same command without `--check` to make the changes".into(),
    }
}

/// How many keys a report for people names; JSON names all.
pub(crate) const SAMPLE: usize = 20;
