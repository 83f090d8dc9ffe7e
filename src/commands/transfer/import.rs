//! `kvctl import`.

use std::{
    io::{self, Write},
    path::Path,
};

use anyhow::Context as _;
use futures_util::TryStreamExt as _;
use serde::Serialize;

use super::{
    SAMPLE,
    failures::{self, Failed},
};
use crate::{
    api::Lifetime,
    cli::transfer::{ImportArgs, ResumeArgs},
    commands::{
        Misused, Partial, journal,
        key::{Access, Keyspace, choose, guard},
    },
    context::{Context, Session},
    domain::{Expiration, Metadata, Record},
    env,
    formats::{Format, StreamFormat},
    fsx,
    ops::transfer::{
        cost::Cost,
        file::{RecordFile, Survey, format_of},
        journal::{Done, Journal},
        run::{Content, Input, Operation, Run},
        write::{Writer, Written},
    },
    ui::{Report, quantity, spool},
};

/// What records get that the file says nothing of.
#[derive(Debug, Clone)]
pub(in crate::commands) struct Defaults {
    pub(in crate::commands) lifetime: Lifetime,
    pub(in crate::commands) metadata: Option<Metadata>,
}

impl Defaults {
    fn complete(&self, mut record: Record, now: i64) -> Record {
        let lifetime = match self.lifetime {
            Lifetime::Unlimited => None,
            Lifetime::Until(at) => Some(at),
            Lifetime::For(ttl) => {
                let at = now.saturating_add(i64::from(ttl.seconds()));
                Some(Expiration::from_unix_seconds(at))
            }
        };
        record.expiration = record.expiration.or(lifetime);
        record.metadata = record.metadata.or_else(|| self.metadata.clone());
        record
    }
}

pub(crate) async fn run(context: &Context, args: ImportArgs) -> anyhow::Result<()> {
    let defaults = Defaults {
        lifetime: Lifetime::Unlimited,
        metadata: None,
    };
    bring(context, args, defaults).await
}

/// Imports a file.
pub(in crate::commands) async fn bring(
    context: &Context,
    args: ImportArgs,
    defaults: Defaults,
) -> anyhow::Result<()> {
    let (file, spooled) = open(context, &args).await?;
    // Of a file that is gone afterwards, the journal is among the user's own files.
    let beside = spooled.is_none().then_some(file.path.as_path());
    let choice = choose(context, args.namespace, Access::Write)?;
    let survey = survey(&file, args.skip_invalid).await;
    let survey = survey.context("nothing was sent")?;
    announce(context, &survey);
    let keyspace = choice.open(context).await?;
    context.ui.status(&format!(
        "importing {}: {}",
        counted(survey.records, "record"),
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
            file: &file,
            survey: &survey,
            defaults: &defaults,
        };
        import.run(beside, args.resume).await?
    };
    let name = match beside {
        Some(path) => context.display(path),
        None => "stdin".to_owned(),
    };
    let report = ImportReport::new(name, args.dry_run, &survey, cost, written);
    let verdict = match report.failed.len() + report.invalid.len() {
        0 => Ok(()),
        undone => Err(Partial(format!("{} not written", quantity(undone, "record"))).into()),
    };
    context.ui.conclude(&report, verdict)
}

/// Says what there is to say of the file.
fn announce(context: &Context, survey: &Survey) {
    let ui = &context.ui;
    for invalid in survey.invalid.iter().take(SAMPLE) {
        ui.warn(&format!("passed over: {invalid}"));
    }
    if survey.invalid.len() > SAMPLE {
        let more = survey.invalid.len() - SAMPLE;
        ui.warn(&format!("… and {more} more; `--json` names them all"));
    }
    if !survey.verified {
        ui.note("the file carries no checksum, so that it may have been cut short unnoticed");
    }
}

/// Looks through the file, on a thread of its own, so that Ctrl-C is heard meanwhile.
pub(super) async fn survey(file: &RecordFile, skip_invalid: bool) -> anyhow::Result<Survey> {
    let file = file.clone();
    let survey = tokio::task::spawn_blocking(move || file.survey(skip_invalid));
    Ok(survey.await??)
}

/// Finds the file, or keeps what stdin holds, for it is read twice.
async fn open(
    context: &Context,
    args: &ImportArgs,
) -> anyhow::Result<(RecordFile, Option<fsx::Private>)> {
    if args.file != Path::new("-") {
        let path = context.resolve(&args.file);
        let format = format_of(args.format, &path)?;
        return Ok((RecordFile { path, format }, None));
    }
    let format = args.format.unwrap_or(Format::Stream(StreamFormat::Ndjson));
    if format == Format::Directory {
        let what = "`-` is stdin, which is no directory".to_owned();
        return Err(Misused::new(what, "leave out `--format`, or name the directory").into());
    }
    let (spooled, sink) = fsx::private_writer("stdin")?;
    let kept = spool(sink).await;
    kept.with_context(|| format!("could not keep stdin in {}", spooled.path().display()))?;
    let path = spooled.path();
    Ok((RecordFile { path, format }, Some(spooled)))
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
    file: &'a RecordFile,
    survey: &'a Survey,
    defaults: &'a Defaults,
}

impl Import<'_> {
    async fn run(&self, beside: Option<&Path>, resume: ResumeArgs) -> anyhow::Result<Written> {
        let Self {
            context,
            keyspace,
            file,
            survey,
            defaults,
        } = self;
        let Session {
            client, account, ..
        } = &keyspace.session;
        let namespace = &keyspace.target.id;
        let (mut journal, done) = self.journal(beside, resume)?;
        if !done.is_empty() {
            let before = counted(done.len(), "record");
            context
                .ui
                .note(&format!("{before} confirmed before, not sent again"));
        }
        let now = env::now().as_second();
        let left = survey.records.saturating_sub(done.len());
        // How many bytes the rest of a file has is not known.
        let bytes = if done.is_empty() { survey.bytes } else { 0 };
        remark(context, Cost::of_writes(left, bytes));
        let total = usize::try_from(left).unwrap_or(usize::MAX);
        let incomplete = "the import is not complete; `--resume` goes on with it";
        let parting = context.ui.parting(incomplete);
        let progress = context.ui.progress(total, "importing");
        let count = |records: usize| progress.advance(records);
        let pending = file.records(now)?.try_filter(|(number, record)| {
            std::future::ready(!done.contains(*number, record.key.as_str()))
        });
        let pending = pending.map_ok(|(number, record)| (number, defaults.complete(record, now)));
        let writer = Writer::new(client, account, namespace, now);
        let written = writer.write_all(pending, &mut journal, &count).await;
        parting.over();
        let written = written.context(incomplete)?;
        drop(progress);
        journal::close(context, journal, written.failed.is_empty())?;
        Ok(written)
    }

    fn journal(
        &self,
        beside: Option<&Path>,
        resume: ResumeArgs,
    ) -> anyhow::Result<(Option<Journal<u64>>, Done<u64>)> {
        let content = Content {
            records: self.survey.records,
            sha256: self.survey.sum.clone(),
        };
        let run = Run {
            operation: Operation::Import,
            from: None,
            to: journal::end(&self.keyspace.session, &self.keyspace.target.id),
            input: match beside {
                Some(path) => Input::file(path),
                None => Input::Pipe(content.sha256.clone()),
            },
            content: Some(content),
        };
        let start = journal::start(resume);
        journal::open_import(self.context, beside, &run, start)
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
                "dry run: {} would be sent: {}",
                counted(self.records, "record"),
                self.cost
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
