//! `kvctl copy`.

use std::io::{self, Write};

use anyhow::Context as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;

use super::{failures, side::open_namespace};
use crate::{
    cli::transfer::{CopyArgs, SideArg},
    commands::{Misused, Partial, key::Keyspace},
    context::{Context, Session},
    env,
    ops::transfer::{
        read::Reader,
        write::{Writer, Written},
    },
    ui::{Report, quantity},
};

pub(crate) async fn run(context: &Context, args: CopyArgs) -> anyhow::Result<()> {
    let from = open(context, args.from).await?;
    let to = open(context, args.to).await?;
    if from.target.id == to.target.id && from.session.place == to.session.place {
        let what = "`--from` and `--to` are the same namespace".to_owned();
        return Err(Misused::new(what, "name two namespaces").into());
    }
    context
        .ui
        .status(&format!("copying from {}", from.describe()));
    context.ui.status(&format!("copying to {}", to.describe()));
    let report = if args.dry_run {
        count(&from, &args.prefix).await?
    } else {
        copy(context, &from, &to, &args.prefix).await?
    };
    let undone = report.failed.len();
    let reported = context.ui.report(&report);
    if undone > 0 {
        return Err(Partial(format!("{} not written", quantity(undone, "record"))).into());
    }
    Ok(reported?)
}

async fn open(context: &Context, arg: SideArg) -> anyhow::Result<Keyspace> {
    match arg {
        SideArg::Namespace { local, which } => open_namespace(context, local, which).await,
        SideArg::File(path) => {
            let what = format!("`{}` names no namespace", path.display());
            let instead = "name it as binding:NAME, title:TITLE or id:ID; files are for \
                           `kvctl import` and `kvctl export`";
            Err(Misused::new(what, instead).into())
        }
    }
}

fn reader(keyspace: &Keyspace) -> Reader<'_> {
    let Session {
        client, account, ..
    } = &keyspace.session;
    Reader::new(client, account, &keyspace.target.id)
}

/// Counts what would be copied, without reading a value.
async fn count(from: &Keyspace, prefix: &str) -> anyhow::Result<CopyReport> {
    let reader = reader(from);
    let add = async |sum: usize, page: Vec<_>| Ok(sum + page.len());
    let listed = reader
        .keys(prefix)
        .try_fold(0, add)
        .await
        .context("could not count")?;
    Ok(CopyReport::new(true, listed, Written::default()))
}

async fn copy(
    context: &Context,
    from: &Keyspace,
    to: &Keyspace,
    prefix: &str,
) -> anyhow::Result<CopyReport> {
    let reader = reader(from);
    let now = env::now().as_second();
    let Session {
        client, account, ..
    } = &to.session;
    let writer = Writer::new(client, account, &to.target.id, now);
    let progress = context.ui.progress(0, "copied");
    let numbered = reader
        .records(prefix, None)
        .zip(stream::iter(0..))
        .map(|(record, number)| record.map(|record| (number, record)));
    let written = writer
        .write_all(numbered, &mut (), &|records| progress.advance(records))
        .await;
    let written = written.context("the copy is not complete; run it again")?;
    drop(progress);
    if reader.vanished() > 0 {
        let gone = quantity(reader.vanished(), "key");
        context
            .ui
            .note(&format!("{gone} expired or went while they were read"));
    }
    Ok(CopyReport::new(false, written.confirmed, written))
}

/// What was copied.
#[derive(Debug, Serialize)]
struct CopyReport {
    dry_run: bool,
    /// How many records were confirmed, or would be sent.
    records: usize,
    /// How many were left out because they expire in less than a minute.
    expired: usize,
    /// The keys that could not be written.
    failed: Vec<failures::Failed>,
}

impl CopyReport {
    fn new(dry_run: bool, records: usize, written: Written) -> Self {
        let failed = failures::of(written.failed);
        Self {
            dry_run,
            records,
            expired: written.expired,
            failed,
        }
    }
}

impl Report for CopyReport {
    fn human(&self, out: &mut dyn Write, _: bool) -> io::Result<()> {
        failures::human(&self.failed, out)?;
        let records = quantity(self.records, "record");
        match (self.dry_run, self.expired) {
            (true, _) => writeln!(out, "dry run: {records} would be copied"),
            (false, 0) => writeln!(out, "copied {records}"),
            (false, expired) => writeln!(out, "copied {records}, {expired} expired"),
        }
    }
}
