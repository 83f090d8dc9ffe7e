//! Deleting keys: guarded, because it cannot be undone.

use std::io;

use serde::Serialize;

use super::{
    guard::Guard,
    journal::{self, JournalDirectory},
    namespace::OpenNamespace,
    quoted,
    selection::Selection,
};
use crate::{
    commands::Refused,
    context::Context,
    domain::{KeyName, Prefixes, quantity, thousands},
    error::{Result, ResultExt as _},
    ops::{
        bulk::{
            cost::Cost,
            delete::{self, Remained},
            journal::{Journal, Kept, run_id::Input},
            names::Names,
            reporter::Reporter,
        },
        keys,
        target::Target,
    },
    ui::{Page, Report, printable},
};

/// How many keys are shown before they are deleted.
const SAMPLE: usize = 5;

/// Of more keys than this, the list of all is asked for which are there.
const ASKED_FOR: usize = 64;

/// How to delete keys.
pub(crate) struct DeleteOptions {
    /// Delete nothing if that would be more.
    pub(crate) max: Option<usize>,
    pub(crate) dry_run: bool,
    /// The title that was typed to confirm.
    pub(crate) confirm: Option<String>,
    pub(crate) resume: bool,
}

/// Deletes the keys of one namespace that are selected.
pub(crate) async fn delete(
    context: &Context,
    keyspace: OpenNamespace,
    selection: Selection,
    args: DeleteOptions,
) -> Result<()> {
    let names = keyspace.names(&selection, args.max).await?;
    let (journal, done) = if args.dry_run {
        Kept::default()
    } else {
        keyspace.journal(context, &selection, &names, args.resume)?
    };
    let (names, passed_over) = delete::without(names, &done);
    let mut report = DeleteReport {
        namespace: keyspace.target.clone(),
        matched: names.len(),
        passed_over,
        requested: 0,
        deleted: keyspace.session.is_local().then_some(0),
        dry_run: args.dry_run,
        listed: matches!(selection, Selection::Read(_)),
        matching: matches!(selection, Selection::Matching(_)),
        cost: Cost::of_deletes(names.len() as u64),
        remained: Vec::new(),
        keys: None,
    };
    note_skipped(context, &selection, passed_over);
    if args.dry_run {
        report.keys = Some(names);
        return context.ui.conclude(&report, Ok(()));
    }
    if names.is_empty() {
        if let Some(journal) = journal {
            journal.close(true, &context.ui)?;
        }
        return context.ui.conclude(&report, Ok(()));
    }
    announce(context, &keyspace, &names, &selection);
    let reporter: &dyn Reporter = &context.ui;
    reporter.cost(report.cost);
    let guard = Guard {
        context,
        keys: names.len() + passed_over,
        which: selection.phrase(),
        confirm: args.confirm.as_deref(),
        named: matches!(selection, Selection::Named(_)),
    };
    guard.check(&keyspace).await?;
    let there = keyspace.those_there(&selection, &names).await?;
    report.remained = keyspace
        .delete(context, &selection, &names, journal)
        .await?;
    let (total, remained) = (names.len(), report.remained.len());
    report.requested = total - remained;
    let is_gone = |name: &String| !report.remained.contains(name);
    report.deleted = there.map(|there| there.iter().filter(is_gone).count());
    let verdict = if remained == 0 {
        Ok(())
    } else {
        Err(Remained { remained, total }.into())
    };
    context.ui.conclude(&report, verdict)
}

/// Says how many keys an earlier run deleted.
fn note_skipped(context: &Context, selection: &Selection, count: usize) {
    if count == 0 {
        return;
    }
    let keys = quantity(count, "key");
    context.ui.note(&match selection {
        Selection::Matching(_) => format!(
            "skipped, though listed among keys that an earlier run deleted: {keys}; the list is \
             stale, or they are new: run without `--resume` to delete them"
        ),
        Selection::Named(_) | Selection::Read(_) => {
            format!("skipped, deleted by an earlier run: {keys}")
        }
    });
}

/// Says what will be deleted, and where.
fn announce(context: &Context, keyspace: &OpenNamespace, names: &Names, selection: &Selection) {
    let keys = quantity(names.len(), "key");
    let place = keyspace.describe();
    let which = selection.phrase();
    context
        .ui
        .status(&format!("deleting {keys}{which} from {place}"));
    for name in names.iter().take(SAMPLE) {
        context.ui.status(&format!("  {name}"));
    }
    if names.len() > SAMPLE {
        context.ui.status("  …");
    }
}

impl OpenNamespace {
    /// Returns the names of the keys that are meant, each once, but refuses more than `max`.
    async fn names(&self, selection: &Selection, max: Option<usize>) -> Result<Names> {
        let names = match selection {
            // The order of a list, which a journal counts on.
            Selection::Named(keys) => {
                let names: Names = keys.iter().map(KeyName::as_str).collect();
                names.ordered()
            }
            Selection::Read(names) => names.clone().ordered(),
            Selection::Matching(prefixes) => {
                let found = delete::matching(self.namespace(), prefixes, max).await;
                found.with_context(|| format!("could not list the keys of {}", self.target))?
            }
        };
        match max {
            Some(max) if names.len() > max => Err(Refused::new(
                format!(
                    "more than {} would be deleted; nothing was deleted",
                    quantity(max, "key")
                ),
                match selection {
                    Selection::Matching(_) => "pass a longer `--prefix` or a larger `--max-delete`",
                    _ => "pass a larger `--max-delete`",
                },
            )
            .into()),
            _ => Ok(names),
        }
    }

    /// Returns those of the names that keys have, as the local store alone knows.
    async fn those_there(&self, selection: &Selection, names: &Names) -> Result<Option<Names>> {
        if !self.session.is_local() {
            return Ok(None);
        }
        if matches!(selection, Selection::Matching(_)) {
            return Ok(Some(names.clone()));
        }
        let failed = || format!("could not look for the keys in {}", self.target);
        if names.len() > ASKED_FOR {
            let all = delete::matching(self.namespace(), &Prefixes::default(), None).await;
            let all = all.with_context(failed)?;
            return Ok(Some(names.common(&all.ordered())));
        }
        let mut there = Names::default();
        for name in names.iter() {
            let Ok(key) = name.parse() else { continue };
            match self.namespace().metadata(&key).await {
                Ok(_) => there.extend([name]),
                Err(error) if keys::is_absent(&error) => {}
                Err(error) => return Err(error).with_context(failed),
            }
        }
        Ok(Some(there))
    }

    fn journal(
        &self,
        context: &Context,
        selection: &Selection,
        names: &Names,
        resume: bool,
    ) -> Result<Kept<String>> {
        let journals = JournalDirectory::new(context);
        let to = journal::namespace_ref(&self.session, &self.target.id);
        let input = match selection {
            Selection::Matching(prefixes) => Input::Prefix(prefixes.clone()),
            Selection::Named(_) | Selection::Read(_) => Input::keys(names.iter()),
        };
        let journals = journals.journals();
        Ok(delete::open_journal(journals, to, input, names, resume)?)
    }

    /// Deletes the keys, and returns those that remained.
    async fn delete(
        &self,
        context: &Context,
        selection: &Selection,
        names: &Names,
        journal: Option<Journal<String>>,
    ) -> Result<Vec<String>> {
        if let Selection::Named(keys) = selection
            && let [key, ..] = keys.as_slice()
            && names.len() == 1
        {
            let sent = self.namespace().delete_key(key).await;
            sent.with_context(|| format!("could not delete {}", quoted(key)))?;
            return Ok(Vec::new());
        }
        let sent = delete::delete_all(self.namespace(), names, journal, &context.ui).await?;
        Ok(sent.failed.into_keys().collect())
    }
}

/// What is gone, or would be.
#[derive(Debug, Serialize)]
struct DeleteReport {
    namespace: Target,
    matched: usize,
    /// How many keys are left alone because an earlier run deleted them, or all between which they are
    /// listed.
    passed_over: usize,
    /// How many deletions the service took. It does not say whether there was a key.
    requested: usize,
    /// How many of them were there, which the local store alone tells.
    deleted: Option<usize>,
    dry_run: bool,
    /// Whether the keys came from stdin or a file.
    #[serde(skip)]
    listed: bool,
    /// Whether the keys were listed by the service.
    #[serde(skip)]
    matching: bool,
    cost: Cost,
    /// The keys that are still there though they should not be.
    remained: Vec<String>,
    /// The keys that would be deleted, on a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<Names>,
}

impl Report for DeleteReport {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        let place = &self.namespace;
        if let Some(keys) = &self.keys {
            for key in keys.iter() {
                writeln!(out, "{}", printable(&key))?;
            }
            let keys = quantity(keys.len(), "key");
            return writeln!(out, "dry run: would delete {keys} from {place}");
        }
        match (self.matched + self.passed_over, self.listed) {
            (0, true) => return writeln!(out, "nothing to do: there are no keys in the input"),
            (0, false) => return writeln!(out, "nothing to do: no matching keys in {place}"),
            (_, _) => {}
        }
        for key in &self.remained {
            writeln!(out, "not deleted  {}", printable(key))?;
        }
        let keys = quantity(self.requested, "key");
        match self.deleted {
            Some(0) if self.requested == 1 => {
                out.part(format_args!("there was no such key in {place}"));
            }
            Some(0) if self.requested > 0 => {
                out.part(format_args!("none of the {keys} was in {place}"));
            }
            Some(deleted) if deleted < self.requested => {
                let (deleted, others) = (quantity(deleted, "key"), self.requested - deleted);
                let were = if others == 1 { "was" } else { "were" };
                out.part(format_args!(
                    "deleted {deleted} from {place}; {} {were} not there",
                    thousands(others)
                ));
            }
            None if !self.matching => {
                out.part(format_args!("requested deletion of {keys} from {place}"));
            }
            Some(_) | None => out.part(format_args!("deleted {keys} from {place}")),
        }
        if self.passed_over > 0 {
            out.part(format_args!("; {} skipped", self.passed_over));
        }
        writeln!(out)
    }
}
