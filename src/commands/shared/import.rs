//! Importing a file of records, in the spelling of kvctl or of wrangler.

use std::{cell::Cell, io};

use futures_util::TryStreamExt as _;
use serde::Serialize;

use super::{
    failures::{self, Failed},
    guard, journal, lifetime,
    namespace::{Access, Keyspace, choose},
    source::{Source, names, remark_invalid, remark_skipped},
};
use crate::{
    api::Lifetime,
    cli::transfer::{ImportArgs, ResumeArgs},
    commands::Partial,
    context::Context,
    domain::Metadata,
    error::{Result, ResultExt as _},
    formats,
    ops::bulk::{
        cost::Cost,
        file::Survey,
        journal::run_id::{Content, Input, Operation, Run},
        journal::{Done, Journal},
        write::{Outgoing, Writer, Written},
    },
    ui::{Page, Report, quantity},
};

/// What records get that the file says nothing of.
#[derive(Debug, Clone)]
pub(crate) struct Defaults {
    pub(crate) lifetime: Lifetime,
    pub(crate) metadata: Option<Metadata>,
}

impl Defaults {
    /// Returns the checksum of what they say, if they say anything.
    fn sum(&self) -> Option<String> {
        let Self { lifetime, metadata } = self;
        let lifetime = match lifetime {
            Lifetime::Unlimited => None,
            Lifetime::For(ttl) => Some(format!("for {}", ttl.seconds())),
            Lifetime::Until(at) => Some(format!("until {}", at.unix_seconds())),
        };
        let metadata = metadata.as_ref().map(Metadata::as_json);
        (lifetime.is_some() || metadata.is_some())
            .then(|| Content::sum(&format!("{lifetime:?} {metadata:?}")))
    }

    /// A time to live stays one: it is counted from when the service takes the record.
    fn complete(&self, number: u64, input: formats::Input) -> Outgoing {
        let (mut record, ttl) = input.into_record_and_ttl();
        record.metadata = record.metadata.or_else(|| self.metadata.clone());
        let lifetime = match (ttl, record.expiration) {
            (Some(ttl), _) => Lifetime::For(ttl),
            (None, Some(at)) => Lifetime::Until(at),
            (None, None) => self.lifetime,
        };
        Outgoing {
            number,
            record,
            lifetime,
        }
    }
}

/// Imports a file.
pub(crate) async fn bring(context: &Context, args: ImportArgs, defaults: Defaults) -> Result<()> {
    let source = Source::open(context, &args.file, args.format, args.hidden).await?;
    let choice = choose(context, args.namespace, Access::Write)?;
    let survey = source.survey(args.skip_invalid).await;
    let survey = survey.context("nothing was sent")?;
    announce(context, &survey);
    let keyspace = choice.open(context).await?;
    lifetime::check(&keyspace, defaults.lifetime, "--expiration").await?;
    context.ui.status(&format!(
        "importing {}: {}",
        quantity(survey.records, "record"),
        keyspace.describe()
    ));
    let cost = Cost::of_writes(survey.records, survey.bytes);
    let written = if args.dry_run {
        remark(context, cost);
        Written::default()
    } else {
        guard::allow_writes(context, &keyspace, args.confirm.as_deref()).await?;
        let import = Import {
            context,
            keyspace: &keyspace,
            source: &source,
            survey: &survey,
            defaults: &defaults,
        };
        import.run(args.resume).await?
    };
    let report = ImportReport::new(source.name, args.dry_run, &survey, cost, written);
    let verdict = match report.failed.len() + report.invalid.len() {
        0 => Ok(()),
        undone => Err(Partial(format!("{} not written", quantity(undone, "record"))).into()),
    };
    context.ui.conclude(&report, verdict)
}

/// Says what there is to say of the file.
fn announce(context: &Context, survey: &Survey) {
    remark_invalid(context, survey);
    remark_skipped(context, survey);
    if !survey.verified {
        context
            .ui
            .note("the file carries no checksum, so that it may have been cut short unnoticed");
    }
}

/// Says what it will cost, if that is much.
fn remark(context: &Context, cost: Cost) {
    if let Some(remark) = cost.remark() {
        context.ui.note(&remark);
    }
}

struct Import<'a> {
    context: &'a Context,
    keyspace: &'a Keyspace,
    source: &'a Source,
    survey: &'a Survey,
    defaults: &'a Defaults,
}

impl Import<'_> {
    async fn run(&self, resume: ResumeArgs) -> Result<Written> {
        let Self {
            context,
            keyspace,
            source,
            survey,
            defaults,
        } = self;
        let (mut journal, done) = self.journal(resume)?;
        if !done.is_empty() {
            let before = quantity(done.len(), "record");
            context
                .ui
                .note(&format!("{before} confirmed before, not sent again"));
        }
        let left = survey.records.saturating_sub(done.len());
        // How many bytes the rest of a file has is not known.
        let bytes = if done.is_empty() { survey.bytes } else { 0 };
        remark(context, Cost::of_writes(left, bytes));
        let total = usize::try_from(left).unwrap_or(usize::MAX);
        let incomplete = "the import is not complete; `--resume` goes on with it";
        let interrupt_note = context.ui.note_on_interrupt(incomplete);
        let progress = context.ui.progress(total, "importing");
        let confirmed = Cell::new(0);
        let count = |records: usize| {
            confirmed.set(confirmed.get() + records);
            progress.advance(records);
        };
        let pending = source.file.inputs(survey)?.try_filter(|(number, input)| {
            std::future::ready(!done.contains(*number, input.key.as_str()))
        });
        let pending = pending.map_ok(|(number, input)| defaults.complete(number, input));
        let writer = Writer::new(keyspace.namespace());
        let written = writer.write_all(pending, &mut journal, &count).await;
        interrupt_note.disarm();
        let written = written.with_context(|| {
            let confirmed = quantity(confirmed.get(), "record");
            format!("{incomplete}; {confirmed} confirmed in this run")
        })?;
        drop(progress);
        journal::close(context, journal, written.failed.is_empty())?;
        Ok(written)
    }

    fn journal(&self, resume: ResumeArgs) -> Result<(Option<Journal<u64>>, Done<u64>)> {
        let content = Content {
            records: self.survey.records,
            sha256: self.survey.sum.clone(),
            given: self.defaults.sum(),
        };
        let run = Run {
            operation: Operation::Import,
            from: None,
            to: journal::end(&self.keyspace.session, &self.keyspace.target.id),
            input: match self.source.path() {
                Some(path) => Input::file(path),
                None => Input::Pipe(content.sha256.clone()),
            },
            content: Some(content),
        };
        let start = journal::start(resume);
        journal::open_import(self.context, self.source.path(), &run, start)
    }
}

/// What was imported.
#[derive(Debug, Serialize)]
struct ImportReport {
    file: String,
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
    /// What is wrong with the records that were passed over.
    invalid: Vec<String>,
    /// The names in a directory that were skipped because they begin with a dot.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<String>,
    /// The keys that could not be written.
    failed: Vec<Failed>,
}

impl ImportReport {
    fn new(file: String, dry_run: bool, survey: &Survey, cost: Cost, written: Written) -> Self {
        let failed = failures::of(written.failed);
        Self {
            file,
            dry_run,
            records: survey.records,
            cost,
            confirmed: written.confirmed,
            expired: written.expired,
            repeated: written.repeated,
            invalid: survey.invalid.clone(),
            skipped: names(&survey.skipped),
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
            "imported {} from {}",
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
