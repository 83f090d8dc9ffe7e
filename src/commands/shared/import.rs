//! Importing a file of records, in the spelling of kvctl or of wrangler.

use std::io;

use serde::Serialize;

use super::{
    failures::{self, Failed},
    guard,
    journal::{self, JournalDirectory},
    lifetime,
    namespace::{Access, select_namespace},
    source::{Source, names, remark_ignored, remark_invalid, remark_skipped},
};
use crate::{
    cli::transfer::ImportArgs,
    commands::{Partial, UsageError},
    context::Context,
    domain::quantity,
    error::{Result, ResultExt as _},
    formats::{Format, StreamFormat, UnknownFields},
    ops::{
        bulk::{
            cost::Cost, defaults::Defaults, file::Survey, import::Import, reporter::Reporter,
            write::Written,
        },
        target::Target,
    },
    ui::{Page, Report},
};

/// What a command calls what it does, and what it makes of unknown fields.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wording {
    unknown_fields: UnknownFields,
    doing: &'static str,
    done: &'static str,
}

impl Wording {
    /// Of `import`.
    pub(crate) const IMPORT: Self = Self {
        unknown_fields: UnknownFields::Refuse,
        doing: "importing",
        done: "imported",
    };
    /// Of `bulk put`.
    pub(crate) const PUT: Self = Self {
        unknown_fields: UnknownFields::Note,
        doing: "writing",
        done: "wrote",
    };
}

/// Imports a file.
pub(crate) async fn import_records(
    context: &Context,
    args: ImportArgs,
    defaults: Defaults,
    wording: Wording,
) -> Result<()> {
    let mut source = Source::open(context, &args.file, args.format, args.hidden).await?;
    source.file.unknown_fields = wording.unknown_fields;
    let choice = select_namespace(context, args.namespace, Access::Write).await?;
    let survey = source.survey_to_import(args.skip_invalid, &defaults).await;
    let (survey, kept) = survey.context("nothing was sent")?;
    check_content(&source, &survey)?;
    announce(context, &survey, source.file.format);
    let keyspace = choice.open(context).await?;
    lifetime::check(&keyspace, defaults.lifetime).await?;
    context.ui.status(&format!(
        "{} {} into {}",
        wording.doing,
        quantity(survey.records, "record"),
        keyspace.describe()
    ));
    let cost = Cost::of_writes(survey.records, survey.bytes);
    let written = if args.dry_run {
        let reporter: &dyn Reporter = &context.ui;
        reporter.cost(cost);
        Written::default()
    } else {
        guard::allow_writes(context, &keyspace, args.confirm.as_deref()).await?;
        let import = Import {
            namespace: keyspace.namespace(),
            to: journal::namespace_ref(&keyspace.session, &keyspace.target.id),
            file: &source.file,
            path: source.path(),
            survey: &survey,
            defaults: &defaults,
            kept: kept.as_ref(),
        };
        let journals = JournalDirectory::new(context);
        let start = journal::resume_policy(args.resume);
        import.run(journals.journals(), start).await?
    };
    let file = (source.name, keyspace.target);
    let report = ImportReport {
        done: wording.done,
        ..ImportReport::new(file, args.dry_run, &survey, cost, written)
    };
    let verdict = match report.failed.len() + report.invalid.len() {
        0 => Ok(()),
        undone => {
            let what = format!("{} not written", quantity(undone, "record"));
            let hint = match report.failed.len() {
                0 => "correct the records in the file, then import them",
                _ => JournalDirectory::new(context).retry_hint(report.confirmed),
            };
            Err(Partial::new(what, hint).into())
        }
    };
    context.ui.conclude(&report, verdict)
}

/// Refuses a file without even the header of an export: what should have written it failed.
fn check_content(source: &Source, survey: &Survey) -> Result<(), UsageError> {
    let is_ndjson = source.file.format == Format::Stream(StreamFormat::Ndjson);
    let is_empty = survey.records == 0 && survey.invalid.is_empty() && !survey.verified;
    if !is_ndjson || !is_empty {
        return Ok(());
    }
    Err(UsageError::new(
        format!("{} is empty; nothing was sent", source.name),
        "check what wrote it; an export of an empty namespace has a header and a footer",
    ))
}

/// Says what there is to say of the file.
fn announce(context: &Context, survey: &Survey, format: Format) {
    remark_invalid(context, survey);
    remark_ignored(context, &survey.ignored);
    remark_skipped(context, survey);
    // An array that is cut short is not JSON, and a directory has a file for each value.
    let may_be_cut = matches!(
        format,
        Format::Stream(StreamFormat::Ndjson | StreamFormat::Csv)
    );
    if may_be_cut && !survey.verified {
        context
            .ui
            .note("no checksum; truncation cannot be detected");
    }
}

/// What was imported.
#[derive(Debug, Serialize)]
struct ImportReport {
    /// What was done, as the command calls it.
    #[serde(skip)]
    done: &'static str,
    file: String,
    namespace: Target,
    dry_run: bool,
    /// How many records of the file are right.
    records: u64,
    cost: Cost,
    /// How many the service confirmed in this run.
    confirmed: usize,
    /// How many were left out because they have expired, or will in less than a minute.
    expired: usize,
    /// How many keys came again; the last of each counts.
    repeated: usize,
    /// Why records were skipped.
    invalid: Vec<String>,
    /// The names in a directory that were skipped because they begin with a dot.
    skipped: Vec<String>,
    /// The fields that were ignored.
    ignored: Vec<String>,
    /// The keys that could not be written.
    failed: Vec<Failed>,
}

impl ImportReport {
    fn new(
        (file, namespace): (String, Target),
        dry_run: bool,
        survey: &Survey,
        cost: Cost,
        written: Written,
    ) -> Self {
        let failed = failures::of(written.failed);
        Self {
            done: Wording::IMPORT.done,
            file,
            namespace,
            dry_run,
            records: survey.records,
            cost,
            confirmed: written.confirmed,
            expired: written.expired,
            repeated: written.repeated,
            invalid: survey.invalid.clone(),
            skipped: names(&survey.skipped),
            ignored: survey.ignored.lines(),
            failed,
        }
    }
}

impl Report for ImportReport {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        failures::human(&self.failed, out)?;
        if self.dry_run {
            return writeln!(
                out,
                "dry run: {} would be sent: {}",
                quantity(self.records, "record"),
                self.cost
            );
        }
        out.part(format_args!(
            "{} {} from {}",
            self.done,
            quantity(self.confirmed, "record"),
            self.file
        ));
        for (count, what) in [(self.expired, "expired"), (self.repeated, "repeated")] {
            if count > 0 {
                out.part(format_args!(", {count} {what}"));
            }
        }
        writeln!(out)
    }
}
