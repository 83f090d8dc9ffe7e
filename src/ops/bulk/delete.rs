//! Deleting many keys, and knowing which ones remained.

use futures_util::TryStreamExt as _;

use super::{
    batch::{Encoded, Packing},
    journal::{
        self, Done, Journal, Journals, Kept, ResumePolicy,
        run_id::{Input, NamespaceRef, Operation, RunId},
    },
    names::Names,
    reporter::Reporter,
    run::{self, Run, Task},
    send::{Confirmations, Error, InFlight, Sender, Sent, Verb},
};
use crate::{
    api::{self, Namespace},
    domain::{BULK_MAX_KEYS, Classification, Classify, ErrorClass, Prefixes, quantity},
};

/// The service kept some keys, however often it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{remained} of {} could not be deleted; see the report", quantity(*total, "key"))]
pub struct Remained {
    /// How many are still there.
    pub remained: usize,
    /// How many were to be deleted.
    pub total: usize,
}

impl Classify for Remained {
    fn classify(&self) -> Classification {
        ErrorClass::Partial.hint("run the same command again")
    }
}

/// Finds the keys that begin with one of `prefixes`, but looks no further than one beyond `max`.
///
/// The names are taken as they are: what exists may be deleted, whether or not it could be written.
pub async fn matching(
    namespace: Namespace<'_>,
    prefixes: &Prefixes,
    max: Option<usize>,
) -> Result<Names, api::Error> {
    let mut pages = std::pin::pin!(namespace.keys(prefixes));
    let mut names = Names::default();
    while let Some(page) = pages.try_next().await? {
        names.extend(page.into_iter().map(|key| key.name));
        if max.is_some_and(|max| names.len() > max) {
            break;
        }
    }
    Ok(names)
}

/// Opens the journal of a deletion, if there is more to delete than fits in one request.
pub fn open_journal(
    journals: Journals<'_>,
    to: NamespaceRef,
    input: Input,
    names: &Names,
    resume: bool,
) -> Result<Kept<String>, journal::Error> {
    let run = RunId {
        operation: Operation::Delete,
        from: None,
        to,
        input,
        content: None,
    };
    let few = names.len() <= BULK_MAX_KEYS && !resume;
    // A journal left by an earlier run must not be mistaken for that of a later one.
    if few && !journals.has(&run) {
        return Ok((None, Done::default()));
    }
    // Deleting again is harmless, so it needs no flag.
    let start = if resume {
        ResumePolicy::Resume
    } else {
        ResumePolicy::Restart
    };
    journals.open(&run, start)
}

/// Takes out the names that were deleted before, and returns how many those are.
pub fn without(names: Names, done: &Done<String>) -> (Names, usize) {
    if done.is_empty() {
        return (names, 0);
    }
    let left: Names = names
        .iter()
        .filter(|name| !done.contains(0, name))
        .collect();
    let passed_over = names.len() - left.len();
    (left, passed_over)
}

const TASK: Task = Task {
    name: "deletion",
    doing: "deleting",
    item: "key",
};

/// Deletes all `names`, and returns what became of them.
pub async fn delete_all(
    namespace: Namespace<'_>,
    names: &Names,
    journal: Option<Journal<String>>,
    reporter: &dyn Reporter,
) -> Result<Sent, run::Error<Error>> {
    Run::new(reporter, TASK, journal)
        .carry_out(
            names.len(),
            async |journal, count| {
                let deleter = Deleter::new(namespace);
                deleter.delete(names.iter(), journal, count).await
            },
            |sent| sent.failed.is_empty(),
        )
        .await
}

/// Deletes from one namespace.
#[derive(Debug)]
pub struct Deleter<'a>(Sender<'a>);

impl<'a> Deleter<'a> {
    /// Creates a deleter.
    pub fn new(namespace: Namespace<'a>) -> Self {
        Self(Sender::new(namespace, Verb::Delete))
    }

    /// Deletes `names`, up to 10,000 a request, and tells `journal` and `progress` of what is
    /// confirmed.
    ///
    /// Keys that the service names as not deleted are tried again, with growing waits; the result
    /// names those that remained even so.
    pub async fn delete<S: AsRef<str>>(
        &self,
        names: impl Iterator<Item = S>,
        journal: &mut dyn Confirmations,
        progress: &dyn Fn(usize),
    ) -> Result<Sent, Error> {
        let mut sending = InFlight::new(&self.0, journal, progress);
        let mut batch = Packing::default();
        let mut space = Vec::new();
        for (number, name) in (0..).zip(names) {
            let next = Encoded::name(name.as_ref(), number, &mut space)?;
            if !batch.has_room(&next, self.0.capacity()) {
                sending.submit_batch(&mut batch).await?;
            }
            batch.push(&next);
        }
        sending.submit_batch(&mut batch).await?;
        sending.finish().await
    }
}
