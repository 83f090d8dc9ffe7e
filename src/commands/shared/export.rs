//! What `kvctl export` and a backup share: the target, and what is said of what was exported.

use std::{io, path::Path, time::Duration};

use serde::Serialize;

use super::{
    journal::{JournalDirectory, namespace_ref},
    missed::Missed,
};
use crate::{
    commands::UsageError,
    context::{Context, Session},
    domain::{Hint, Prefixes, Suggestion, quantity, thousands},
    error::{Result, ResultExt as _},
    formats::{Format, StreamFormat},
    ops::{
        bulk::{
            export::{Export, Exported},
            file::format_of,
            journal::ResumePolicy,
        },
        target::Target,
    },
    ui::{Page, Question, Report},
};

/// Exports all records of a namespace to `file`, before something happens to it. Fails if a key that
/// is there could not be read, and keeps the file even so.
pub(crate) async fn back_up(
    context: &Context,
    session: &Session,
    target: &Target,
    file: &Path,
    timeout: Duration,
) -> Result<ExportReport> {
    let journals = JournalDirectory::new(context);
    let export = Export {
        namespace: session.namespace(&target.id),
        from: namespace_ref(session, &target.id),
        prefixes: &Prefixes::default(),
        timeout,
        journals: journals.journals(),
    };
    let format = format_of(None, file)?;
    let report = to_path(context, (&export, target), file, format, None).await?;
    context.ui.status(&format!(
        "exported {} to {}",
        quantity(report.records, "record"),
        report.file
    ));
    let verdict = report.missed.verdict();
    verdict.with_context(|| format!("{} is not complete", report.file))?;
    Ok(report)
}

/// Exports to a file or directory, as [`Export::to_path`] does.
pub(crate) async fn to_path(
    context: &Context,
    (export, from): (&Export<'_>, &Target),
    file: &Path,
    format: Format,
    resume: Option<ResumePolicy>,
) -> Result<ExportReport> {
    let path = context.files.resolve(file);
    check_folder(context, file)?;
    let file = context.files.display(&path);
    if format != Format::Directory && path.exists() {
        let question = Question {
            what: format!("overwriting {file}"),
            ask: format!("Overwrite {file}?"),
            expect: None,
            flag: "--yes".to_owned(),
        };
        context.ui.confirm(question).await?;
    }
    let exported = export.to_path(&path, format, resume).await?;
    remark(context, &exported, format);
    Ok(ExportReport {
        namespace: from.clone(),
        file,
        records: exported.summary.records,
        bytes: exported.summary.bytes,
        resumed_after: exported.resumed_after,
        missed: Missed::of(exported.absent),
    })
}

/// Refuses a file in a folder that is not there.
pub(crate) fn check_folder(context: &Context, file: &Path) -> Result<(), UsageError> {
    let path = context.files.resolve(file);
    let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) else {
        return Ok(());
    };
    let name = context.files.display(folder);
    Err(if folder.exists() {
        let what = format!("`{name}` is a file, not a folder");
        UsageError::new(what, "name a file in a folder that exists")
    } else {
        let what = format!("the folder `{name}` does not exist");
        UsageError::new(what, "make it first, or name another")
    })
}

/// Prints remarks about the export.
pub(crate) fn remark(context: &Context, exported: &Exported, format: Format) {
    let ui = &context.ui;
    let before = exported.resumed_after;
    if before > 0 {
        // It takes files in the order of their keys only.
        let diff = if exported.disordered {
            Hint::default()
        } else {
            Hint::from(Suggestion::new("diff")).text(" compares them, and ")
        };
        let before = quantity(before, "record");
        context.note(
            &Hint::from(format!("{before} exported before were not read again; "))
                .and(diff)
                .text("`--restart` exports everything again"),
        );
    }
    if exported.disordered {
        ui.note("some records follow records with greater keys; the records are not sorted by key");
    }
    let late = exported.absent.late;
    if late > 0 {
        let late = quantity(late, "record");
        ui.note(&format!(
            "{late} became readable late; the records are not sorted by key"
        ));
    }
    // Of the others a reader notices that they are cut short.
    if format == Format::Stream(StreamFormat::Csv) {
        ui.note("truncation of a CSV file cannot be detected later; NDJSON has a checksum");
    }
}

/// What was exported.
#[derive(Debug, Serialize)]
pub(crate) struct ExportReport {
    namespace: Target,
    file: String,
    /// How many records the file holds.
    records: u64,
    /// The bytes of their values together.
    bytes: u64,
    /// How many of them an earlier run had written.
    resumed_after: u64,
    #[serde(flatten)]
    pub(crate) missed: Missed,
}

impl Report for ExportReport {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        let Self {
            file,
            records,
            bytes,
            missed,
            resumed_after,
            ..
        } = self;
        missed.human(out)?;
        out.part(format_args!("exported {}", quantity(records, "record")));
        if *resumed_after > 0 {
            let before = thousands(resumed_after);
            out.part(format_args!(" ({before} of them in an earlier run)"));
        }
        let bytes = quantity(bytes, "byte");
        writeln!(out, ", {bytes} of values, to {file}")
    }
}
