//! `kvctl sync`: what a directory holds becomes what a namespace holds.

use std::io;

use serde::Serialize;

use super::shared::{
    SAMPLE,
    failures::{self, Failed},
    guard::{Guard, allow_writes},
    namespace::{Access, OpenNamespace, select_namespace},
    quoted,
    source::{Source, remark_skipped},
};
use crate::{
    cli::transfer::SyncArgs,
    commands::{Partial, Refused},
    context::Context,
    domain::quantity,
    error::{Result, ResultExt as _},
    formats::Format,
    ops::{
        bulk::{
            reporter::Reporter,
            sync::{Plan, Sync},
        },
        target::Target,
        time::service_now,
    },
    ui::{ADDED, FAINT, Page, REMOVED, Report},
};

pub(super) async fn run(context: &Context, args: SyncArgs) -> Result<()> {
    let directory = Some(Format::Directory);
    let source = Source::open(context, &args.directory, directory, args.hidden).await?;
    let choice = select_namespace(context, args.namespace.clone(), Access::Write).await?;
    let survey = source.survey(false).await.context("nothing was sent")?;
    remark_skipped(context, &survey);
    let keyspace = choice.open(context).await?;
    context
        .ui
        .status(&format!("syncing {}: {}", source.name, keyspace.describe()));
    let sync = Sync {
        namespace: keyspace.namespace(),
        file: &source.file,
        survey: &survey,
        prefix: args.prefix.as_deref().unwrap_or_default(),
        now: service_now(keyspace.namespace()).await?,
    };
    let mut report = SyncReport {
        namespace: keyspace.target.clone(),
        dry_run: args.dry_run,
        deletes: args.delete,
        plan: sync.plan().await.context("nothing was sent")?,
        written: 0,
        deleted: 0,
        failed: Vec::new(),
    };
    let extra = &report.plan.extra;
    if args.delete {
        check(&args, extra.len(), survey.records)?;
    }
    if args.dry_run || report.is_settled() {
        return context.ui.conclude(&report, Ok(()));
    }
    let reporter: &dyn Reporter = &context.ui;
    reporter.cost(report.plan.cost(args.delete));
    allow(context, &keyspace, &args, &report.plan).await?;
    let written = sync.write(&report.plan, reporter).await?;
    report.written = written.confirmed;
    report.failed.extend(failures::of(written.failed));
    if args.delete {
        let sent = sync.delete(&report.plan, reporter).await?;
        report.deleted = sent.confirmed;
        report.failed.extend(failures::of(sent.failed));
    }
    let verdict = match report.failed.len() {
        0 => Ok(()),
        undone => {
            let what = format!("{} not done", quantity(undone, "key"));
            Err(Partial::new(what, "run the same command again").into())
        }
    };
    context.ui.conclude(&report, verdict)
}

/// Makes sure that the keys may be written and deleted.
async fn allow(
    context: &Context,
    namespace: &OpenNamespace,
    args: &SyncArgs,
    plan: &Plan,
) -> Result<()> {
    let confirm = args.confirm.as_deref();
    if !plan.writes().is_empty() {
        allow_writes(context, namespace, confirm).await?;
    }
    if !args.delete || plan.extra.is_empty() {
        return Ok(());
    }
    for key in plan.extra.iter().take(SAMPLE) {
        context.ui.status(&format!("  {}", quoted(key)));
    }
    let guard = Guard {
        context,
        keys: plan.extra.len(),
        which: String::new(),
        confirm,
        named: false,
    };
    guard.check(namespace).await
}

/// Refuses to delete more than was said, and to take an empty directory for what is wanted.
fn check(args: &SyncArgs, extra: usize, records: u64) -> Result<(), Refused> {
    if records == 0 && extra > 0 && !args.allow_empty {
        return Err(Refused::new(
            format!(
                "the directory is empty, which would delete {}; nothing was done",
                quantity(extra, "key")
            ),
            "pass `--allow-empty` to delete them",
        ));
    }
    match args.max_delete {
        Some(max) if extra > max => Err(Refused::new(
            format!(
                "{} would be deleted, more than {max}; nothing was done",
                quantity(extra, "key")
            ),
            "pass a longer `--prefix` or a larger `--max-delete`",
        )),
        _ => Ok(()),
    }
}

/// What differed, and what was done about it.
#[derive(Debug, Serialize)]
struct SyncReport {
    namespace: Target,
    dry_run: bool,
    /// Whether extra keys are deleted.
    deletes: bool,
    #[serde(flatten)]
    plan: Plan,
    /// How many were written.
    written: usize,
    /// How many were deleted.
    deleted: usize,
    /// The keys that could not be written or deleted.
    failed: Vec<Failed>,
}

impl SyncReport {
    fn is_settled(&self) -> bool {
        let deletes = self.deletes && !self.plan.extra.is_empty();
        self.plan.new.is_empty() && self.plan.changed.is_empty() && !deletes
    }
}

impl Report for SyncReport {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        let extra = if self.deletes {
            (REMOVED, "delete ", &self.plan.extra)
        } else {
            (FAINT, "extra  ", &self.plan.extra)
        };
        let lists = [
            (ADDED, "new    ", &self.plan.new),
            (ADDED, "changed", &self.plan.changed),
            extra,
        ];
        for (style, what, keys) in lists {
            for key in keys.iter().take(SAMPLE) {
                writeln!(out, "{style}{what}{style:#}  {}", quoted(key))?;
            }
            if keys.len() > SAMPLE {
                writeln!(out, "{what}  … and {} more", keys.len() - SAMPLE)?;
            }
        }
        failures::human(&self.failed, out)?;
        let unchanged = self.plan.unchanged;
        if self.is_settled() {
            out.part(format_args!(
                "nothing to do: {} unchanged",
                quantity(unchanged, "key")
            ));
        } else if self.dry_run {
            out.part(format_args!(
                "dry run: {}, {unchanged} unchanged",
                self.plan.cost(self.deletes)
            ));
        } else {
            let (written, deleted) = (self.written, self.deleted);
            out.part(format_args!(
                "{written} written, {deleted} deleted, {unchanged} unchanged"
            ));
        }
        if !self.deletes && !self.plan.extra.is_empty() {
            let extra = quantity(self.plan.extra.len(), "extra key");
            out.part(format_args!("; {extra} kept; `--delete` deletes them"));
        }
        if !self.plan.outside.is_empty() {
            let kept = quantity(self.plan.outside.len(), "key");
            out.part(format_args!(
                "; {kept} with prefixes that were not exported kept"
            ));
        }
        if !self.plan.kept.is_empty() {
            let kept = quantity(self.plan.kept.len(), "key");
            out.part(format_args!("; {kept} of skipped files kept"));
        }
        writeln!(out)
    }
}
