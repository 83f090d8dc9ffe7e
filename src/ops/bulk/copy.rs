//! Copying the records of one namespace to another.

use std::{cell::RefCell, pin::pin, time::Duration};

use futures_util::{Stream, StreamExt as _, TryStreamExt as _, future, stream};

use super::{
    absent::{AbsentOutcome, AbsentRetry},
    confirmed::Confirmed,
    cost::Cost,
    journal::{
        Journals, ResumePolicy,
        run_id::{Input, NamespaceRef, Operation, RunId},
    },
    read::{self, Listed, Reader},
    run::{self, Run, Task},
    write::{self, Writer, Written},
};
use crate::{
    api::Namespace,
    domain::{Prefixes, quantity},
};

/// A copy.
pub struct Copy<'a> {
    /// The namespace that is read.
    pub from: Namespace<'a>,
    /// The namespace that is written.
    pub to: Namespace<'a>,
    /// Both, as the journal names them.
    pub ends: [NamespaceRef; 2],
    /// Only keys with these prefixes are copied.
    pub prefixes: &'a Prefixes,
    /// How long keys that are listed and cannot be read are retried.
    pub timeout: Duration,
}

/// What was copied.
#[derive(Debug)]
pub struct Copied {
    /// What became of the records.
    pub written: Written,
    /// What became of keys that were listed and could not be read.
    pub absent: AbsentOutcome,
    /// How many records an earlier run had confirmed, and this one did not read again.
    pub passed_over: u64,
    /// How many were copied again though an earlier run had confirmed records around them.
    pub again: u64,
}

/// Why a copy did not reach its end.
pub type Error = run::Error<write::Error<read::Error>>;

type Pages = Vec<Vec<Listed>>;

const TASK: Task = Task {
    name: "copy",
    doing: "copied",
    item: "record",
};

impl Copy<'_> {
    /// How many pages of names are listed before the first write, to know what it will cost.
    const AHEAD: usize = 10;

    /// Counts what would be copied, without reading a value.
    pub async fn count(&self) -> Result<usize, read::Error> {
        let reader = Reader::new(self.from);
        let add = async |sum: usize, page: Vec<_>| Ok(sum + page.len());
        reader.keys(self.prefixes).try_fold(0, add).await
    }

    /// Copies the records that an earlier run has not confirmed.
    pub async fn run(&self, journals: Journals<'_>, start: ResumePolicy) -> Result<Copied, Error> {
        let reporter = journals.reporter;
        let (journal, done) = journals.open(&self.id(), start)?;
        let confirmed = Confirmed::new(done);
        let before = confirmed.left();
        if before > 0 {
            let before = quantity(before, "record");
            reporter.status(&format!("resuming: {before} confirmed before"));
        }
        let confirmed = RefCell::new(confirmed);
        let reader = Reader::new(self.from);
        let left = reader.keys(self.prefixes);
        let left = left.map_ok(|page| confirmed.borrow_mut().next(page));
        let rest = stream::once(async { Ok(confirmed.borrow_mut().end()) });
        let left = left.chain(rest);
        let left = left.try_filter(|page| future::ready(!page.is_empty()));
        let mut pages = pin!(left);
        let (first, all) = ahead(&mut pages)
            .await
            .map_err(|e| run::Error::NotStarted(write::Error::Source(e)))?;
        let known = first.iter().flatten().count();
        if let Some(remark) = Cost::of_copies(known as u64).remark() {
            let more = if all { "" } else { " (there are more to come)" };
            reporter.note(&format!("{remark}{more}"));
        }
        let pages = stream::iter(first.into_iter().map(Ok)).chain(pages);
        let retry = AbsentRetry {
            timeout: self.timeout,
            reporter,
        };
        let written = Run::new(reporter, TASK, journal)
            .carry_out(
                if all { known } else { 0 },
                async |journal, count| {
                    // Numbered as they are listed, so that no range of the journal spans a key that
                    // is not in it.
                    let numbered = reader.records_of(pages, |_| true);
                    let numbered = numbered.chain(reader.late(self.prefixes, &retry));
                    let writer = Writer::new(self.to);
                    writer.write_all(numbered, journal, count).await
                },
                |written| {
                    written.failed.is_empty() && reader.absent_outcome().unreadable.is_empty()
                },
            )
            .await?;
        let confirmed = confirmed.into_inner();
        Ok(Copied {
            written,
            absent: reader.absent_outcome(),
            passed_over: confirmed.passed_over(),
            again: confirmed.again(),
        })
    }

    fn id(&self) -> RunId {
        let [from, to] = self.ends.clone();
        RunId {
            operation: Operation::Copy,
            from: Some(from),
            to,
            input: Input::Prefix(self.prefixes.clone()),
            content: None,
        }
    }
}

/// Lists the first pages, and tells whether those are all.
async fn ahead(
    pages: &mut (impl Stream<Item = Result<Vec<Listed>, read::Error>> + Unpin),
) -> Result<(Pages, bool), read::Error> {
    let mut first = Pages::new();
    while first.len() < Copy::AHEAD {
        match pages.try_next().await? {
            Some(page) => first.push(page),
            None => return Ok((first, true)),
        }
    }
    Ok((first, false))
}
