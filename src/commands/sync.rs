//! `kvctl sync`: what a directory holds becomes what a namespace holds.

use std::{collections::HashSet, future::ready, io};

use futures_util::{Stream, TryStreamExt as _};
use serde::Serialize;

use super::shared::{
    SAMPLE,
    failures::{self, Failed},
    guard::{Guard, allow_writes},
    namespace::{Access, Keyspace, choose},
    quoted,
    side::Error,
    source::{Source, names, remark_skipped},
};
use crate::{
    api::Lifetime,
    cli::transfer::SyncArgs,
    commands::{Partial, Refused},
    context::Context,
    domain::KeyName,
    error::{Result, ResultExt as _},
    formats::{Expiry, Format, Input},
    ops::{
        bulk::{
            compare::{Difference, compare},
            cost::Cost,
            delete::Deleter,
            file::{RecordFile, Survey},
            read::Reader,
            write::{Outgoing, Writer, Written},
        },
        time::service_now,
    },
    ui::{ADDED, FAINT, Page, REMOVED, Report, quantity},
};

pub(super) async fn run(context: &Context, args: SyncArgs) -> Result<()> {
    let directory = Some(Format::Directory);
    let source = Source::open(context, &args.directory, directory, args.hidden).await?;
    let choice = choose(context, args.namespace.clone(), Access::Write)?;
    let survey = source.survey(false).await.context("nothing was sent")?;
    remark_skipped(context, &survey);
    let keyspace = choice.open(context).await?;
    context
        .ui
        .status(&format!("syncing {}: {}", source.name, keyspace.describe()));
    let sync = Sync {
        context,
        keyspace: &keyspace,
        file: &source.file,
        survey: &survey,
        prefix: args.prefix.as_deref().unwrap_or_default(),
        now: service_now(keyspace.namespace()).await?,
    };
    let mut report = sync.plan().await?;
    report.dry_run = args.dry_run;
    report.deletes = args.delete;
    if args.delete {
        check(&args, &report, survey.records)?;
    }
    if args.dry_run || report.is_settled() {
        return context.ui.conclude(&report, Ok(()));
    }
    if let Some(cost) = report.cost().remark() {
        context.ui.note(&cost);
    }
    if !report.writes().is_empty() {
        allow_writes(context, &keyspace, args.confirm.as_deref()).await?;
    }
    if args.delete && !report.extra.is_empty() {
        for key in report.extra.iter().take(SAMPLE) {
            context.ui.status(&format!("  {}", quoted(key)));
        }
        let guard = Guard {
            context,
            keys: report.extra.len(),
            confirm: args.confirm.as_deref(),
            mass: true,
            sure: false,
        };
        guard.check(&keyspace).await?;
    }
    sync.write(&mut report).await?;
    if args.delete {
        sync.delete(&mut report).await?;
    }
    let verdict = match report.failed.len() {
        0 => Ok(()),
        undone => Err(Partial(format!("{} not done", quantity(undone, "key"))).into()),
    };
    context.ui.conclude(&report, verdict)
}

/// Refuses to delete more than was said, and to take an empty directory for what is wanted.
fn check(args: &SyncArgs, report: &SyncReport, records: u64) -> Result<(), Refused> {
    let extra = report.extra.len();
    if records == 0 && extra > 0 && !args.allow_empty {
        return Err(Refused::new(
            format!(
                "the directory holds no key, so that {} would be deleted; nothing was done",
                quantity(extra, "key")
            ),
            "give `--allow-empty` if that is meant",
        ));
    }
    match args.max_delete {
        Some(max) if extra > max => Err(Refused::new(
            format!(
                "{} would be deleted, more than {max}; nothing was done",
                quantity(extra, "key")
            ),
            "give a longer `--prefix`, or a larger `--max-delete`",
        )),
        _ => Ok(()),
    }
}

struct Sync<'a> {
    context: &'a Context,
    keyspace: &'a Keyspace,
    file: &'a RecordFile,
    survey: &'a Survey,
    prefix: &'a str,
    now: i64,
}

impl Sync<'_> {
    /// What the directory holds, under the keys it is to have. What has expired is left out.
    fn wanted(&self) -> Result<impl Stream<Item = Result<Outgoing, Error>> + '_> {
        let inputs = self.file.inputs(self.survey)?.map_err(Error::File);
        let keyed = inputs.and_then(|(number, input)| ready(self.keyed(number, input)));
        Ok(keyed.try_filter(|outgoing| {
            let expired = match outgoing.lifetime {
                Lifetime::Until(at) => at.is_too_soon(self.now),
                Lifetime::For(_) | Lifetime::Unlimited => false,
            };
            ready(!expired)
        }))
    }

    fn keyed(&self, number: u64, input: Input) -> Result<Outgoing, Error> {
        let ttl = match input.expiry {
            Some(Expiry::After(ttl)) => Some(ttl),
            Some(Expiry::At(_)) | None => None,
        };
        // To be compared, it must be a moment; to be written, it is sent as it is said.
        let mut record = input.into_record(self.now);
        if !self.prefix.is_empty() {
            let name = format!("{}{}", self.prefix, record.key);
            let key: Result<KeyName, _> = name.parse();
            record.key = key.map_err(|source| Error::Prefixed {
                name: quoted(&name),
                source,
            })?;
        }
        let outgoing = Outgoing::from((number, record));
        Ok(match ttl {
            Some(ttl) => Outgoing {
                lifetime: Lifetime::For(ttl),
                ..outgoing
            },
            None => outgoing,
        })
    }

    /// Whether `key` may stand for a file that was skipped.
    fn is_skipped(&self, key: &KeyName) -> bool {
        let name = key.as_str().strip_prefix(self.prefix);
        let covered = |name| self.survey.skipped.iter().any(|it| it.covers(name));
        name.is_some_and(covered)
    }

    /// Compares both sides, without keeping a value.
    async fn plan(&self) -> Result<SyncReport> {
        let reader = Reader::new(self.keyspace.namespace());
        let there = reader.records(self.prefix).map_err(Error::Namespace);
        let here = self.wanted()?.map_ok(|outgoing| outgoing.record);
        let mut report = SyncReport {
            skipped: names(&self.survey.skipped),
            ..SyncReport::default()
        };
        let found = |key: &KeyName, difference: Difference| {
            let list = match difference {
                Difference::Removed if self.is_skipped(key) => &mut report.kept,
                Difference::Removed => &mut report.extra,
                Difference::Added => &mut report.new,
                Difference::Value | Difference::Belongings => &mut report.changed,
            };
            list.push(key.to_string());
        };
        let same = compare(there, here, found).await;
        report.unchanged = same.context("nothing was sent")?;
        // What is listed is there, whether or not it can be read yet.
        let new: HashSet<&str> = report.new.iter().map(String::as_str).collect();
        let unread = reader.absent();
        let unread = unread.iter().map(ToString::to_string);
        let extra: Vec<String> = unread.filter(|key| !new.contains(&**key)).collect();
        report.extra.extend(extra);
        report.extra.sort_unstable();
        Ok(report)
    }

    async fn write(&self, report: &mut SyncReport) -> Result<()> {
        let wanted = report.writes();
        let progress = self.context.ui.progress(wanted.len(), "writing");
        let count = |records: usize| progress.advance(records);
        let pending = self
            .wanted()?
            .try_filter(|outgoing| ready(wanted.contains(outgoing.record.key.as_str())));
        let writer = Writer::new(self.keyspace.namespace());
        let written = writer.write_all(pending, &mut (), &count).await;
        let written: Written = written.context("not all is written; run it again")?;
        report.written = written.confirmed;
        report.failed.extend(failures::of(written.failed));
        Ok(())
    }

    async fn delete(&self, report: &mut SyncReport) -> Result<()> {
        let progress = self.context.ui.progress(report.extra.len(), "deleting");
        let count = |keys: usize| progress.advance(keys);
        let names = report.extra.iter().map(String::as_str);
        let deleter = Deleter::new(self.keyspace.namespace());
        let sent = deleter.delete(names, &mut (), &count).await;
        let sent = sent.context("not all is deleted; run it again")?;
        report.deleted = sent.confirmed;
        report.failed.extend(failures::of(sent.failed));
        Ok(())
    }
}

/// What differed, and what was done about it.
#[derive(Debug, Default, Serialize)]
struct SyncReport {
    dry_run: bool,
    /// Whether extra keys are deleted.
    deletes: bool,
    /// Keys that only the directory has.
    new: Vec<String>,
    /// Keys with another value, expiry or metadata.
    changed: Vec<String>,
    /// Keys that only the namespace has.
    extra: Vec<String>,
    /// Keys of files that were skipped, which stay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kept: Vec<String>,
    /// The names in the directory that were skipped because they begin with a dot.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<String>,
    /// How many keys are the same on both sides.
    unchanged: usize,
    /// How many were written.
    written: usize,
    /// How many were deleted.
    deleted: usize,
    /// The keys that could not be written or deleted.
    failed: Vec<Failed>,
}

impl SyncReport {
    fn writes(&self) -> HashSet<String> {
        self.new.iter().chain(&self.changed).cloned().collect()
    }

    fn is_settled(&self) -> bool {
        let deletes = self.deletes && !self.extra.is_empty();
        self.new.is_empty() && self.changed.is_empty() && !deletes
    }

    fn cost(&self) -> Cost {
        let writes = Cost::of_writes((self.new.len() + self.changed.len()) as u64, 0);
        if self.deletes {
            writes.and(Cost::of_deletes(self.extra.len() as u64))
        } else {
            writes
        }
    }
}

impl Report for SyncReport {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        let extra = if self.deletes {
            (REMOVED, "delete ", &self.extra)
        } else {
            (FAINT, "extra  ", &self.extra)
        };
        let lists = [
            (ADDED, "new    ", &self.new),
            (ADDED, "changed", &self.changed),
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
        let unchanged = self.unchanged;
        if self.is_settled() {
            out.part(format_args!(
                "nothing to do: {} unchanged",
                quantity(unchanged, "key")
            ));
        } else if self.dry_run {
            out.part(format_args!(
                "dry run: {}, {unchanged} unchanged",
                self.cost()
            ));
        } else {
            let (written, deleted) = (self.written, self.deleted);
            out.part(format_args!(
                "{written} written, {deleted} deleted, {unchanged} unchanged"
            ));
        }
        if !self.deletes && !self.extra.is_empty() {
            let extra = quantity(self.extra.len(), "extra key");
            out.part(format_args!("; {extra} left, `--delete` deletes them"));
        }
        if !self.kept.is_empty() {
            let kept = quantity(self.kept.len(), "key");
            out.part(format_args!("; {kept} of skipped files left"));
        }
        writeln!(out)
    }
}
