//! `kvctl import`.

use std::io::{self, Write};

use anyhow::Context as _;
use futures_util::TryStreamExt as _;
use serde::Serialize;

use super::failures::{self, Failed};
use crate::{
    cli::transfer::ImportArgs,
    commands::{
        Partial,
        key::{Access, Keyspace, choose},
    },
    context::{Context, Session},
    domain::BULK_MAX_KEYS,
    env,
    ops::transfer::{
        file::{RecordFile, Survey, format_of},
        journal::{Done, Journal},
        write::{Writer, Written},
    },
    ui::{Report, quantity},
};

/// The free plan's writes a day, for the account as a whole.
const FREE_WRITES: u64 = 1000;

pub(crate) async fn run(context: &Context, args: ImportArgs) -> anyhow::Result<()> {
    let path = context.resolve(&args.file);
    let file = RecordFile {
        format: format_of(args.format, &path)?,
        path,
    };
    let choice = choose(context, args.namespace, Access::Write)?;
    let survey = file.survey(args.skip_invalid).context("nothing was sent")?;
    announce(context, &survey);
    let keyspace = choice.open(context).await?;
    context.ui.status(&format!(
        "importing {}: {}",
        counted(survey.records, "record"),
        keyspace.describe()
    ));
    let written = if args.dry_run {
        Written::default()
    } else {
        write(context, &keyspace, &file, &survey, args.resume).await?
    };
    let report = ImportReport::new(context.display(&file.path), args.dry_run, &survey, written);
    let undone = report.failed.len() + report.invalid.len();
    let reported = context.ui.report(&report);
    if undone > 0 {
        return Err(Partial(format!("{} not written", quantity(undone, "record"))).into());
    }
    Ok(reported?)
}

/// Says what it will cost, before it does.
fn announce(context: &Context, survey: &Survey) {
    let ui = &context.ui;
    for invalid in &survey.invalid {
        ui.warn(&format!("passed over: {invalid}"));
    }
    if survey.records > FREE_WRITES {
        ui.note(&format!(
            "{} records are as many writes, in at least {}; the free plan has 1,000 writes a day",
            survey.records,
            counted(survey.records.div_ceil(BULK_MAX_KEYS as u64), "request")
        ));
    }
    if !survey.verified {
        ui.note("the file carries no checksum, so that it may have been cut short unnoticed");
    }
}

async fn write(
    context: &Context,
    keyspace: &Keyspace,
    file: &RecordFile,
    survey: &Survey,
    resume: bool,
) -> anyhow::Result<Written> {
    let Session {
        client, account, ..
    } = &keyspace.session;
    let namespace = &keyspace.target.id;
    let subject = format!(
        "kvctl import 1 {account} {namespace} {} {}",
        survey.records, survey.sum
    );
    let (mut journal, done) = Journal::open(&file.path, &subject, resume)?;
    if !done.is_empty() {
        context.ui.note(&format!(
            "{} confirmed before, not sent again",
            counted(done.len(), "record")
        ));
    }
    let now = env::now().as_second();
    let left = survey.records.saturating_sub(done.len());
    let progress = context
        .ui
        .progress(usize::try_from(left).unwrap_or(usize::MAX), "importing");
    let count = |records: usize| progress.advance(records);
    let records = pending(file, now, done)?;
    let writer = Writer::new(client, account, namespace, now);
    let written = writer.write_all(records, &mut journal, &count).await;
    let written = written.context("the import is not complete; `--resume` goes on with it")?;
    drop(progress);
    if written.failed.is_empty() {
        journal.finish()?;
    }
    Ok(written)
}

/// The records that were not confirmed before.
fn pending(
    file: &RecordFile,
    now: i64,
    done: Done,
) -> anyhow::Result<impl futures_util::Stream<Item = Numbered> + '_> {
    let records = file.records(now)?;
    Ok(records.try_filter(move |(number, _)| std::future::ready(!done.contains(*number))))
}

type Numbered = Result<(u64, crate::domain::Record), crate::ops::transfer::file::Error>;

/// What was imported.
#[derive(Debug, Serialize)]
struct ImportReport {
    file: String,
    dry_run: bool,
    /// How many records of the file are right.
    records: u64,
    /// How many the service confirmed in this run.
    confirmed: usize,
    /// How many were left out because they have expired, or will in less than a minute.
    expired: usize,
    /// How many keys came again; the last of each counts.
    repeated: usize,
    /// What is wrong with the records that were passed over.
    invalid: Vec<String>,
    /// The keys that could not be written.
    failed: Vec<Failed>,
}

impl ImportReport {
    fn new(file: String, dry_run: bool, survey: &Survey, written: Written) -> Self {
        let failed = failures::of(written.failed);
        Self {
            file,
            dry_run,
            records: survey.records,
            confirmed: written.confirmed,
            expired: written.expired,
            repeated: written.repeated,
            invalid: survey.invalid.clone(),
            failed,
        }
    }
}

impl Report for ImportReport {
    fn human(&self, out: &mut dyn Write, _: bool) -> io::Result<()> {
        failures::human(&self.failed, out)?;
        if self.dry_run {
            return writeln!(
                out,
                "dry run: {} would be sent",
                counted(self.records, "record")
            );
        }
        write!(
            out,
            "imported {} from {}",
            counted(self.confirmed as u64, "record"),
            self.file
        )?;
        for (count, what) in [(self.expired, "expired"), (self.repeated, "repeated")] {
            if count > 0 {
                write!(out, ", {count} {what}")?;
            }
        }
        writeln!(out)
    }
}

fn counted(count: u64, noun: &str) -> String {
    quantity(usize::try_from(count).unwrap_or(usize::MAX), noun)
}
