//! `kvctl copy`.

use std::{cell::RefCell, io, time::Duration};

use futures_util::{Stream, StreamExt as _, TryStreamExt as _, future, stream};
use serde::Serialize;

use super::shared::{
    failures, guard, journal,
    missed::{self, Missed},
    namespace::Keyspace,
    side::open_namespace,
};
use crate::{
    cli::transfer::{CopyArgs, ResumeArgs, SideArg},
    commands::{Partial, UsageError},
    context::Context,
    error::{Result, ResultExt as _},
    ops::bulk::{
        absent::Settling,
        confirmed::Confirmed,
        cost::Cost,
        journal::run_id::{Input, Operation, Run},
        journal::{Done, Journal},
        read::{self, Listed, Reader},
        write::{Writer, Written},
    },
    ui::{Page, Report, quantity},
};

pub(super) async fn run(context: &Context, args: CopyArgs) -> Result<()> {
    let from = open(context, args.from).await?;
    let to = open(context, args.to).await?;
    if from.target.id == to.target.id && from.session.place == to.session.place {
        let what = "`--from` and `--to` are the same namespace".to_owned();
        return Err(UsageError::new(what, "name two namespaces").into());
    }
    context
        .ui
        .status(&format!("copying from {}", from.describe()));
    context.ui.status(&format!("copying to {}", to.describe()));
    let copy = Copy {
        context,
        from: &from,
        to: &to,
        prefix: args.prefix.as_deref().unwrap_or_default(),
        timeout: args.consistency_timeout,
    };
    let report = if args.dry_run {
        copy.count().await?
    } else {
        guard::allow_writes(context, &to, args.confirm.as_deref()).await?;
        copy.run(args.resume).await?
    };
    let verdict = match report.failed.len() {
        0 => report.missed.verdict().map_err(Into::into),
        undone => Err(Partial(format!("{} not written", quantity(undone, "record"))).into()),
    };
    context.ui.conclude(&report, verdict)
}

async fn open(context: &Context, arg: SideArg) -> Result<Keyspace> {
    match arg {
        SideArg::Namespace { local, which } => open_namespace(context, local, which).await,
        SideArg::File(path) => {
            let what = format!("`{}` names no namespace", path.display());
            let instead = "name it as binding:NAME, title:TITLE or id:ID; files are for \
                           `kvctl import` and `kvctl export`";
            Err(UsageError::new(what, instead).into())
        }
    }
}

type Pages = Vec<Vec<Listed>>;

struct Copy<'a> {
    context: &'a Context,
    from: &'a Keyspace,
    to: &'a Keyspace,
    prefix: &'a str,
    /// How long to ask again for keys that are listed and cannot be read.
    timeout: Duration,
}

impl Copy<'_> {
    /// So many pages of names are listed before the first write, to know what it will cost.
    const AHEAD: usize = 10;

    /// Counts what would be copied, without reading a value.
    async fn count(&self) -> Result<CopyReport> {
        let reader = Reader::new(self.from.namespace());
        let add = async |sum: usize, page: Vec<_>| Ok(sum + page.len());
        let listed = reader.keys(self.prefix).try_fold(0, add).await;
        let listed = listed.context("could not count")?;
        Ok(CopyReport {
            dry_run: true,
            records: listed,
            ..CopyReport::new(Cost::of_copies(listed as u64), Written::default())
        })
    }

    async fn run(&self, resume: ResumeArgs) -> Result<CopyReport> {
        let Self { context, to, .. } = self;
        let (mut journal, done) = self.journal(resume)?;
        let confirmed = Confirmed::new(done);
        if confirmed.left() > 0 {
            let before = quantity(confirmed.left(), "record");
            context
                .ui
                .status(&format!("resuming: {before} confirmed before"));
        }
        let confirmed = RefCell::new(confirmed);
        let reader = Reader::new(self.from.namespace());
        let left = reader.keys(self.prefix);
        let left = left.map_ok(|page| confirmed.borrow_mut().next(page));
        let rest = stream::once(async { Ok(confirmed.borrow_mut().end()) });
        let left = left.chain(rest);
        let left = left.try_filter(|page| future::ready(!page.is_empty()));
        let mut pages = std::pin::pin!(left);
        let (first, all) = ahead(&mut pages).await?;
        let known = first.iter().flatten().count();
        if let Some(remark) = Cost::of_copies(known as u64).remark() {
            let more = if all { "" } else { " (there are more to come)" };
            context.ui.note(&format!("{remark}{more}"));
        }
        let total = if all { known } else { 0 };
        let writer = Writer::new(to.namespace());
        let incomplete = if journal.is_some() {
            "the copy is not complete; `--resume` goes on with it"
        } else {
            "the copy is not complete; run it again"
        };
        let interrupt_note = context.ui.note_on_interrupt(incomplete);
        let progress = context.ui.progress(total, "copied");
        let pages = stream::iter(first.into_iter().map(Ok)).chain(pages);
        let waits = missed::waits(context, self.timeout);
        let settling = Settling {
            timeout: self.timeout,
            waits: &waits,
        };
        // Numbered as they are listed, so that no range of the journal reaches across a key that is
        // not in it.
        let numbered = reader.records_of(pages, |_| true);
        let numbered = numbered.chain(reader.late(self.prefix, &settling));
        let count = |records: usize| progress.advance(records);
        let written = writer.write_all(numbered, &mut journal, &count).await;
        interrupt_note.disarm();
        let written = written.context(incomplete)?;
        drop(progress);
        let missed = Missed::of(reader.settled());
        let complete = written.failed.is_empty() && missed.verdict().is_ok();
        journal::close(context, journal, complete)?;
        let passed_over = self.remark(&confirmed.borrow());
        Ok(CopyReport {
            passed_over,
            missed,
            ..CopyReport::new(Cost::of_copies(written.confirmed as u64), written)
        })
    }

    /// Says what an earlier run had confirmed, and returns how many of these records were passed over.
    fn remark(&self, confirmed: &Confirmed) -> u64 {
        let ui = &self.context.ui;
        let again = confirmed.again();
        if again > 0 {
            let records = quantity(again, "record");
            ui.note(&format!(
                "{records} copied again, since keys were added or removed among those confirmed before"
            ));
        }
        let passed_over = confirmed.passed_over();
        if passed_over > 0 {
            let records = quantity(passed_over, "record");
            ui.note(&format!(
                "{records} confirmed before were not looked at again; `kvctl diff` compares them, and \
                 `kvctl copy --restart` copies all again"
            ));
        }
        passed_over
    }

    fn journal(&self, resume: ResumeArgs) -> Result<(Option<Journal<String>>, Done<String>)> {
        let end = |side: &Keyspace| journal::end(&side.session, &side.target.id);
        let run = Run {
            operation: Operation::Copy,
            from: Some(end(self.from)),
            to: end(self.to),
            input: Input::Prefix(self.prefix.to_owned()),
            content: None,
        };
        journal::open(self.context, &run, journal::start(resume))
    }
}

/// Lists the first pages, and tells whether those are all.
async fn ahead(
    pages: &mut (impl Stream<Item = Result<Vec<Listed>, read::Error>> + Unpin),
) -> Result<(Pages, bool)> {
    let mut first = Pages::new();
    while first.len() < Copy::AHEAD {
        match pages.try_next().await.context("nothing was written")? {
            Some(page) => first.push(page),
            None => return Ok((first, true)),
        }
    }
    Ok((first, false))
}

/// What was copied.
#[derive(Debug, Serialize)]
struct CopyReport {
    dry_run: bool,
    /// How many records were confirmed in this run, or would be sent.
    records: usize,
    /// How many an earlier run had confirmed, and this one did not look at again.
    passed_over: u64,
    cost: Cost,
    /// How many were left out because they expire in less than a minute.
    expired: usize,
    /// The keys that could not be written.
    failed: Vec<failures::Failed>,
    #[serde(flatten)]
    missed: Missed,
}

impl CopyReport {
    fn new(cost: Cost, written: Written) -> Self {
        Self {
            dry_run: false,
            records: written.confirmed,
            passed_over: 0,
            cost,
            expired: written.expired,
            failed: failures::of(written.failed),
            missed: Missed::default(),
        }
    }
}

impl Report for CopyReport {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        failures::human(&self.failed, out)?;
        self.missed.human(out)?;
        let records = quantity(self.records, "record");
        if self.dry_run {
            return writeln!(out, "dry run: {records} would be copied: {}", self.cost);
        }
        out.part(format_args!("copied {records}"));
        if self.expired > 0 {
            out.part(format_args!(", {} expired", self.expired));
        }
        if self.passed_over > 0 {
            let before = quantity(self.passed_over, "record");
            out.part(format_args!("; {before} of an earlier run not looked at"));
        }
        writeln!(out)
    }
}
