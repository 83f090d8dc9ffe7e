//! The part of an export that is not complete: begun, gone on with, or removed.

use std::{io::Read as _, path::Path};

use crate::{
    cli::transfer::ResumeArgs,
    commands::Refused,
    domain::ErrorClass,
    error::{ClassExt as _, Failure, Result, ResultExt as _},
    formats::{StreamFormat, ndjson},
    fsx::{self, ExistingPart, PartFile},
};

/// What is said of an export that failed and cannot be gone on with.
pub(crate) const NOTHING_KEPT: &str = "the export is not complete; nothing was kept";

/// Begins a file, or goes on with one that an interrupted run left.
pub(crate) fn begin(
    target: &Path,
    format: StreamFormat,
    resume: Option<ResumeArgs>,
) -> Result<(PartFile, Option<ndjson::Partial>)> {
    let part = PartFile::part(target);
    let resumable = format == StreamFormat::Ndjson && resume.is_some();
    let ways = ways(&part, resumable, resume.is_some());
    let resume = resume.unwrap_or_default();
    if resume.restart
        && let Some(begun) = PartFile::existing(target)?
    {
        discard(begun, &part, format)?;
    }
    if resume.resume
        && let Some(mut begun) = PartFile::existing(target)?
    {
        let partial = ndjson::Partial::read(&mut begun);
        let partial = partial.with_context(|| format!("could not continue {}", part.display()))?;
        match partial {
            Some(partial) => return Ok((begun.resume(partial.length)?, Some(partial))),
            // What was interrupted before its first record is no loss.
            None => begun.discard()?,
        }
    }
    let growing = PartFile::begin(target, resumable).map_err(|error| match error {
        fsx::Error::Exists { .. } => Failure::from(Refused::new(error.to_string(), ways)),
        error => error.into(),
    });
    let growing = growing.context("could not begin the export")?;
    Ok((growing, None))
}

/// Removes what an interrupted run left, if it begins as an export does.
fn discard(begun: ExistingPart, part: &Path, format: StreamFormat) -> Result<()> {
    let mut found = Vec::new();
    let mut begun = begun;
    let read = begun.by_ref().take(1024).read_to_end(&mut found);
    read.class(ErrorClass::Failed)
        .with_context(|| format!("could not read {}", part.display()))?;
    if !format.is_beginning(&found) {
        return Err(Refused::new(
            format!(
                "`{}` does not start like a {format} export of kvctl; it was not changed",
                part.display()
            ),
            "remove it, or move it away",
        )
        .into());
    }
    Ok(begun.discard()?)
}

/// Says of an export that ended early what is left of it.
pub(crate) fn incomplete(target: &Path, resumable: bool) -> String {
    if resumable {
        let part = PartFile::part(target);
        let part = part.display();
        format!("the export is not complete; continue {part} with `--resume`")
    } else {
        NOTHING_KEPT.to_owned()
    }
}

/// Says what can be done about the part that an earlier run left.
fn ways(part: &Path, resumable: bool, has_flags: bool) -> String {
    let part = part.display();
    match (has_flags, resumable) {
        (true, true) => format!("pass `--resume` to continue {part}, or `--restart` to start over"),
        (true, false) => format!("pass `--restart` to remove {part} and start over"),
        (false, _) => format!("remove {part} or move it away"),
    }
}
