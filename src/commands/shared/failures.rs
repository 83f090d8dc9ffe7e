//! Keys that could not be written, and how they are named.

use std::{collections::BTreeMap, io};

use serde::Serialize;

use super::{SAMPLE, quoted};
use crate::ui::Page;

/// A key that could not be written.
#[derive(Debug, Serialize)]
pub(crate) struct Failed {
    key: String,
    reason: String,
}

pub(crate) fn of(failed: BTreeMap<String, String>) -> Vec<Failed> {
    let failed = failed.into_iter();
    failed.map(|(key, reason)| Failed { key, reason }).collect()
}

/// Names the first of them.
pub(crate) fn human(failed: &[Failed], out: &mut Page<'_>) -> io::Result<()> {
    for Failed { key, reason } in failed.iter().take(SAMPLE) {
        writeln!(out, "not written: {}: {reason}", quoted(key))?;
    }
    if failed.len() > SAMPLE {
        writeln!(
            out,
            "… and {} more; `--json` names them all",
            failed.len() - SAMPLE
        )?;
    }
    Ok(())
}
