//! What became of keys that are listed and could not be read.

use std::io;

use serde::Serialize;

use super::quoted;
use crate::{
    commands::Partial,
    domain::{KeyName, quantity},
    ops::bulk::absent::AbsentOutcome,
    ui::Page,
};

/// How many keys a sentence names.
const NAMED: usize = 3;

/// What became of keys that were listed and could not be read.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct Missed {
    /// How many expired before they were read.
    expired_meanwhile: usize,
    /// Those that were deleted before they were read.
    deleted: Vec<String>,
    /// Those that are still listed, and still cannot be read.
    unreadable: Vec<String>,
}

impl Missed {
    pub(crate) fn of(settled: AbsentOutcome) -> Self {
        let names = |keys: Vec<KeyName>| keys.iter().map(ToString::to_string).collect();
        Self {
            expired_meanwhile: settled.expired,
            deleted: names(settled.deleted),
            unreadable: names(settled.unreadable),
        }
    }

    /// Says what is gone, and what could not be read.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.expired_meanwhile > 0 {
            let keys = quantity(self.expired_meanwhile, "key");
            lines.push(format!("expired before being read: {keys}"));
        }
        for (what, keys) in [("deleted", &self.deleted), ("unreadable", &self.unreadable)] {
            if !keys.is_empty() {
                lines.push(format!("{what}: {}", named(keys)));
            }
        }
        lines
    }

    /// The same, in a report.
    pub(crate) fn human(&self, out: &mut Page<'_>) -> io::Result<()> {
        let mut lines = self.lines().into_iter();
        lines.try_for_each(|line| writeln!(out, "{line}"))
    }

    /// Returns an error if keys could not be read though they are there.
    pub(crate) fn verdict(&self) -> Result<(), Partial> {
        if self.unreadable.is_empty() {
            return Ok(());
        }
        let verb = if self.unreadable.len() == 1 {
            "is"
        } else {
            "are"
        };
        let what = format!(
            "{} {verb} listed but cannot be read",
            named(&self.unreadable)
        );
        Err(Partial::new(what, "run the same command again later"))
    }
}

/// Names the first of `keys`, with their number if there are more.
pub(super) fn named(keys: &[impl AsRef<str>]) -> String {
    let first: Vec<String> = keys
        .iter()
        .take(NAMED)
        .map(|k| quoted(k.as_ref()))
        .collect();
    let count = quantity(keys.len(), "key");
    let more = if keys.len() > NAMED { ", …" } else { "" };
    format!("{count} ({}{more})", first.join(", "))
}
