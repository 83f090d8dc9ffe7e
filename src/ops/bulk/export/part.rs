//! The part file of an export: created, resumed or discarded.

use std::{io::Read as _, path::Path};

use super::Error;
use crate::{
    domain::{Prefixes, ShowPath as _},
    formats::{StreamFormat, ndjson},
    fsx::{self, ExistingPart, PartFile},
    ops::bulk::journal::ResumePolicy,
};

/// What is said of an export that failed and cannot be continued.
pub(super) const NOTHING_KEPT: &str = "the export is not complete; nothing was kept";

/// Begins a file, or continues one that an interrupted run left.
pub(super) fn begin(
    target: &Path,
    format: StreamFormat,
    prefixes: &Prefixes,
    resume: Option<ResumePolicy>,
) -> Result<(PartFile, Option<ndjson::Partial>), Error> {
    let part = PartFile::part(target);
    if resume == Some(ResumePolicy::Restart)
        && let Some(begun) = PartFile::existing(target)?
    {
        discard(begun, &part, format)?;
    }
    if resume == Some(ResumePolicy::Resume)
        && let Some(mut begun) = PartFile::existing(target)?
    {
        let partial = ndjson::Partial::read(&mut begun, prefixes);
        match partial.map_err(|source| Error::Continue {
            part: part.clone(),
            source,
        })? {
            Some(partial) => return Ok((begun.resume(partial.length)?, Some(partial))),
            // An export interrupted before its first record has nothing to resume.
            None => begun.discard()?,
        }
    }
    let resumable = format == StreamFormat::Ndjson && resume.is_some();
    let growing = PartFile::begin(target, resumable).map_err(|source| Error::Begin {
        source,
        hint: options(&part, resumable, resume.is_some()),
    })?;
    Ok((growing, None))
}

/// Removes what an interrupted run left, if it begins as an export does.
fn discard(mut begun: ExistingPart, part: &Path, format: StreamFormat) -> Result<(), Error> {
    let part = part.to_owned();
    let mut found = Vec::new();
    if let Err(source) = begun.by_ref().take(1024).read_to_end(&mut found) {
        return Err(fsx::Error::Read { path: part, source }.into());
    }
    if !format.is_beginning(&found) {
        return Err(Error::NotAnExport { part, format });
    }
    Ok(begun.discard()?)
}

/// Says of an export that ended early what is left of it.
pub(super) fn incomplete(target: &Path, resumable: bool) -> String {
    if resumable {
        let part = PartFile::part(target);
        let part = part.shown();
        format!("the export is not complete; continue {part} with `--resume`")
    } else {
        NOTHING_KEPT.to_owned()
    }
}

/// Says what can be done about the part that an earlier run left.
fn options(part: &Path, resumable: bool, has_flags: bool) -> String {
    let part = part.shown();
    match (has_flags, resumable) {
        (true, true) => format!("pass `--resume` to continue {part}, or `--restart` to start over"),
        (true, false) => format!("pass `--restart` to remove {part} and start over"),
        (false, _) => format!("remove {part} or move it away"),
    }
}
