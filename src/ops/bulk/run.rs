//! One run over many keys: its journal, its progress, and what is said if it does not reach its end.
//! Imports, exports, copies, syncs, deletions and the fixes of an audit are all such runs.

use std::{cell::Cell, error::Error as StdError};

use super::{
    journal::{self, Journal, Position},
    reporter::Reporter,
    send::Confirmations,
};
use crate::domain::{Classification, Classify, quantity};

/// Why a run did not reach its end.
#[derive(Debug, thiserror::Error)]
pub enum Error<E: StdError + 'static> {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// It failed before anything was written.
    #[error("nothing was written")]
    NotStarted(#[source] E),
    /// It failed later.
    #[error("{what}")]
    Incomplete {
        /// What is not complete, and how to continue.
        what: String,
        /// Why it ended.
        source: E,
    },
}

impl<E: Classify> Classify for Error<E> {
    fn classify(&self) -> Classification {
        match self {
            Self::Journal(e) => e.classify(),
            Self::NotStarted(e) | Self::Incomplete { source: e, .. } => e.classify(),
        }
    }
}

/// What a run does.
#[derive(Debug, Clone, Copy)]
pub struct Task {
    /// What it is called, such as `import`.
    pub name: &'static str,
    /// What it is doing, such as `importing`.
    pub doing: &'static str,
    /// What it counts, such as `record`.
    pub item: &'static str,
}

/// One run.
pub struct Run<'a, P> {
    reporter: &'a dyn Reporter,
    task: Task,
    /// What is said of it if it does not reach its end.
    incomplete: String,
    journal: Option<Journal<P>>,
}

impl<'a> Run<'a, u64> {
    /// Creates a run that is run again from its beginning if it does not reach its end.
    pub fn without_journal(reporter: &'a dyn Reporter, task: Task) -> Self {
        Self::new(reporter, task, None)
    }
}

impl<'a, P: Position> Run<'a, P> {
    /// Creates a run that keeps `journal`, if there is one.
    pub fn new(reporter: &'a dyn Reporter, task: Task, journal: Option<Journal<P>>) -> Self {
        let next = if journal.is_some() {
            "continue with `--resume`"
        } else {
            "run it again"
        };
        Self {
            reporter,
            task,
            incomplete: format!("the {} is not complete; {next}", task.name),
            journal,
        }
    }

    /// Does the `work` on `total` items, 0 if that is not known, and ends the journal: it is removed
    /// if everything `is_complete`.
    pub async fn carry_out<T, E: StdError + 'static>(
        mut self,
        total: usize,
        work: impl AsyncFnOnce(&mut dyn Confirmations, &dyn Fn(usize)) -> Result<T, E>,
        is_complete: impl FnOnce(&T) -> bool,
    ) -> Result<T, Error<E>> {
        let Task { name, doing, item } = self.task;
        let journal = &mut self.journal;
        let work = async |count: &dyn Fn(usize)| work(journal, count).await;
        let (done, confirmed) =
            with_progress(self.reporter, total, doing, &self.incomplete, work).await;
        let done = done.map_err(|source| {
            let resumable = self.journal.as_ref().is_some_and(|it| !it.is_blank());
            let what = match (resumable, confirmed) {
                (false, 0) => format!("the {name} is not complete; no {item} was confirmed"),
                _ => format!(
                    "{}; {} confirmed in this run",
                    self.incomplete,
                    quantity(confirmed, item)
                ),
            };
            Error::Incomplete { what, source }
        })?;
        if let Some(journal) = self.journal {
            journal.close(is_complete(&done), self.reporter)?;
        }
        Ok(done)
    }
}

/// Does the `work` on `total` items, 0 if that is not known, and shows how far it is. Notes
/// `interrupted` if it does not come back from it. Returns how many items the work counted, too.
pub(super) async fn with_progress<T>(
    reporter: &dyn Reporter,
    total: usize,
    doing: &'static str,
    interrupted: &str,
    work: impl AsyncFnOnce(&dyn Fn(usize)) -> T,
) -> (T, usize) {
    let progress = reporter.start(total, doing, interrupted);
    let counted = Cell::new(0);
    let count = |items| {
        counted.set(counted.get() + items);
        progress.advance(items);
    };
    let done = work(&count).await;
    progress.end();
    (done, counted.get())
}
