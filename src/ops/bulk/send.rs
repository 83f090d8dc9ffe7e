//! Sending batches of a bulk write or deletion: several at once, in halves where a whole is too
//! much, and never claimed before the service confirmed it.

use std::{
    collections::{BTreeMap, HashSet},
    io,
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use backon::BackoffBuilder as _;
use bytes::Bytes;
use futures_util::{
    StreamExt as _,
    future::{BoxFuture, Either, FutureExt as _, select},
    stream::FuturesUnordered,
};

use super::{
    batch::{Batch, Capacity, Packing},
    parts::{NOT_SENT, Parts, UNACCOUNTED, accounts_for},
};
use crate::{
    api::{self, Lifetime, Namespace},
    domain::{
        BULK_MAX_BYTES, BULK_MAX_KEYS, Classification, Classify, ErrorClass, KeyName, Record,
        quantity,
    },
    wire::BulkResult,
};

/// Writes to one key must be this far apart.
pub(super) const SAME_KEY: Duration = Duration::from_secs(1);

/// The operation on the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Put,
    Delete,
}

impl Verb {
    /// What is said of a key that the service names as unsuccessful until the end.
    fn undone(self) -> &'static str {
        match self {
            Self::Put => "the service did not store it",
            Self::Delete => "the service did not delete it",
        }
    }
}

/// What became of the keys.
#[derive(Debug, Default)]
pub struct Sent {
    /// How many were confirmed.
    pub confirmed: usize,
    /// Those that were not done after all attempts, each with the reason.
    pub failed: BTreeMap<String, String>,
}

/// Why sending ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The service.
    #[error("stopped after {}", quantity(*confirmed, "confirmed key"))]
    Api {
        /// How many keys were confirmed until then.
        confirmed: usize,
        /// Why it ended.
        source: api::Error,
    },
    /// The journal could not be written.
    #[error("could not write the journal")]
    Journal(#[source] io::Error),
    /// A key or record that cannot be encoded as JSON. This never happens: JSON can represent all of
    /// its fields.
    #[error("a record could not be encoded")]
    Encode(#[from] serde_json::Error),
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        match self {
            Self::Api { source, .. } => source.classify(),
            Self::Journal(_) | Self::Encode(_) => ErrorClass::Failed.into(),
        }
    }
}

/// Told of every confirmation: the numbers of keys in the input, from 0, in any order.
pub trait Confirmations {
    /// Takes note that these keys need not be sent again.
    fn confirmed(&mut self, keys: &[(u64, &str)]) -> io::Result<()>;
}

/// Does not take note.
impl Confirmations for () {
    fn confirmed(&mut self, _: &[(u64, &str)]) -> io::Result<()> {
        Ok(())
    }
}

/// Takes note if there is somewhere to note it.
impl<C: Confirmations> Confirmations for Option<C> {
    fn confirmed(&mut self, keys: &[(u64, &str)]) -> io::Result<()> {
        self.as_mut()
            .map_or(Ok(()), |noting| noting.confirmed(keys))
    }
}

/// One request's worth, or one value that must go by itself.
pub(super) enum Job {
    Batch(Batch),
    Single(Record, Lifetime, u64),
}

/// Sends to one namespace.
#[derive(Debug)]
pub(super) struct Sender<'a> {
    namespace: Namespace<'a>,
    verb: Verb,
    /// The most keys of a request that are known to work.
    keys: AtomicUsize,
}

/// What one job came to; where it stopped early, what it had come to by then.
#[derive(Default)]
struct Outcome {
    confirmed: Vec<Batch>,
    /// One that went by itself.
    single: Option<(u64, KeyName)>,
    failed: Vec<Undone>,
    stopped: Option<api::Error>,
}

/// A key that was not done: its number in the input, its name, and why not.
type Undone = (u64, String, String);

impl Outcome {
    fn fail(&mut self, batch: &Batch, reason: &str) {
        let undone = |(number, key): (u64, &str)| (number, key.to_owned(), reason.to_owned());
        self.failed.extend(batch.keys().map(undone));
    }

    fn stop(mut self, error: api::Error) -> Self {
        self.stopped = Some(error);
        self
    }
}

impl<'a> Sender<'a> {
    pub(super) fn new(namespace: Namespace<'a>, verb: Verb) -> Self {
        Self {
            namespace,
            verb,
            keys: AtomicUsize::new(BULK_MAX_KEYS),
        }
    }

    /// Returns how much goes into a batch.
    pub(super) fn capacity(&self) -> Capacity {
        Capacity {
            keys: self.keys.load(Ordering::Relaxed),
            bytes: BULK_MAX_BYTES,
        }
    }

    async fn carry_out(&self, job: Job) -> Outcome {
        match job {
            Job::Batch(batch) => self.send(batch).await,
            Job::Single(record, lifetime, number) => self.put_one(record, lifetime, number).await,
        }
    }

    async fn request(&self, body: Bytes) -> Result<BulkResult, api::Error> {
        match self.verb {
            Verb::Put => self.namespace.bulk_put(body).await,
            Verb::Delete => self.namespace.bulk_delete(body).await,
        }
    }

    /// Sends a batch; one that is too much, or has a key that is refused, is sent in halves.
    async fn send(&self, batch: Batch) -> Outcome {
        let mut outcome = Outcome::default();
        let mut parts = Parts::new(batch);
        while let Some((batch, after_refusal)) = parts.next() {
            let Some((error, left)) = self.send_part(batch, &mut outcome).await else {
                continue;
            };
            let status = error.status().map_or(0, |status| status.as_u16());
            let too_much = matches!(status, 413 | 504 | 524);
            let refused = status == 400 && error.class() == ErrorClass::Failed;
            if !too_much && !refused {
                return outcome.stop(error);
            }
            if left.len() > 1 {
                let halves = left.halves();
                if too_much {
                    // What works now is likely to work for the rest of the run.
                    self.keys.fetch_min(halves[0].len(), Ordering::Relaxed);
                }
                parts.put_back(halves, refused || after_refusal);
            } else if error.is_transient() {
                return outcome.stop(error);
            } else {
                outcome.fail(&left, &error.to_string());
            }
        }
        for batch in parts.not_sent {
            outcome.fail(&batch, NOT_SENT);
        }
        outcome
    }

    /// Sends a part of a batch until all of it is confirmed. Returns what is left where the service
    /// refuses it as a whole, and why.
    ///
    /// Keys that the service names as unsuccessful are sent again by themselves. Where it confirms
    /// fewer keys than it was sent, and does not name the others, all of them are.
    async fn send_part(&self, batch: Batch, outcome: &mut Outcome) -> Option<(api::Error, Batch)> {
        let mut left = batch;
        let mut waits = self.namespace.client.backoff().build();
        while !left.is_empty() {
            let result = match self.request(left.body()).await {
                Ok(result) => result,
                Err(error) => return Some((error, left)),
            };
            let named: HashSet<&str> = result.unsuccessful_keys.iter().map(|k| &**k).collect();
            let again = left.pick(|key| named.contains(key));
            let accounted = accounts_for(&result, left.len(), named.len(), again.len());
            if accounted {
                let done = if again.is_empty() {
                    left
                } else {
                    left.pick(|key| !named.contains(key))
                };
                outcome.confirmed.push(done);
                left = again;
            }
            if left.is_empty() {
                break;
            }
            let Some(wait) = waits.next() else {
                let reason = if accounted {
                    self.verb.undone()
                } else {
                    UNACCOUNTED
                };
                outcome.fail(&left, reason);
                break;
            };
            tokio::time::sleep(wait.max(SAME_KEY)).await;
        }
        None
    }

    async fn put_one(&self, record: Record, lifetime: Lifetime, number: u64) -> Outcome {
        let Record {
            key,
            value,
            metadata,
            ..
        } = record;
        let put = self.namespace.put(&key, value, lifetime, metadata.as_ref());
        let mut outcome = Outcome::default();
        match put.await {
            Ok(()) => outcome.single = Some((number, key)),
            Err(e) if e.class() == ErrorClass::Failed && e.status().is_some() => {
                outcome
                    .failed
                    .push((number, key.to_string(), e.to_string()));
            }
            Err(e) => return outcome.stop(e),
        }
        outcome
    }
}

/// The jobs in flight, and the outcomes of finished ones.
pub(super) struct InFlight<'r, 'a> {
    sender: &'r Sender<'a>,
    under_way: FuturesUnordered<BoxFuture<'r, (usize, Outcome)>>,
    bytes: usize,
    confirmed: usize,
    /// What was not done, by key, each with its number in the input and the reason.
    failed: BTreeMap<String, (u64, String)>,
    journal: &'r mut dyn Confirmations,
    progress: &'r dyn Fn(usize),
}

impl<'r, 'a> InFlight<'r, 'a> {
    /// How many requests are in flight at once.
    const AT_ONCE: usize = 4;

    /// How many bytes may be in flight in total, to bound memory.
    const BYTES: usize = 160 * 1024 * 1024;

    pub(super) fn new(
        sender: &'r Sender<'a>,
        journal: &'r mut dyn Confirmations,
        progress: &'r dyn Fn(usize),
    ) -> Self {
        Self {
            sender,
            under_way: FuturesUnordered::new(),
            bytes: 0,
            confirmed: 0,
            failed: BTreeMap::new(),
            journal,
            progress,
        }
    }

    /// Sends a batch as soon as there is room for it, and leaves an empty one.
    pub(super) async fn submit_batch(&mut self, batch: &mut Packing) -> Result<(), Error> {
        self.submit(Job::Batch(batch.take())).await
    }

    /// Sends a job as soon as there is room for it.
    pub(super) async fn submit(&mut self, job: Job) -> Result<(), Error> {
        let bytes = match &job {
            Job::Batch(batch) if batch.is_empty() => return Ok(()),
            Job::Batch(batch) => batch.memory(),
            Job::Single(record, ..) => record.value.len(),
        };
        while self.under_way.len() >= Self::AT_ONCE
            || (!self.under_way.is_empty() && self.bytes + bytes > Self::BYTES)
        {
            self.join_next().await?;
        }
        self.bytes += bytes;
        let sender = self.sender;
        self.under_way
            .push(async move { (bytes, sender.carry_out(job).await) }.boxed());
        // It begins at once, not when something else is waited for.
        self.beside(tokio::task::yield_now()).await
    }

    /// Waits for `future`, and attends to what is under way meanwhile.
    pub(super) async fn beside<F: Future>(&mut self, future: F) -> Result<F::Output, Error> {
        let mut future = pin!(future);
        loop {
            match select(future.as_mut(), self.under_way.next()).await {
                Either::Left((output, _)) => return Ok(output),
                Either::Right((Some(done), _)) => self.settle(done).await?,
                Either::Right((None, _)) => return Ok(future.await),
            }
        }
    }

    /// Waits until nothing is in flight.
    pub(super) async fn drain(&mut self) -> Result<(), Error> {
        while !self.under_way.is_empty() {
            self.join_next().await?;
        }
        Ok(())
    }

    /// Waits for the end and returns what came of it all.
    pub(super) async fn finish(mut self) -> Result<Sent, Error> {
        self.drain().await?;
        let failed = self.failed.into_iter();
        Ok(Sent {
            confirmed: self.confirmed,
            failed: failed.map(|(key, (_, reason))| (key, reason)).collect(),
        })
    }

    async fn join_next(&mut self) -> Result<(), Error> {
        match self.under_way.next().await {
            Some(done) => self.settle(done).await,
            None => Ok(()),
        }
    }

    /// Takes what came of a job. An error ends the others too.
    async fn settle(&mut self, (bytes, outcome): (usize, Outcome)) -> Result<(), Error> {
        self.bytes -= bytes;
        let Some(source) = self.take(outcome)? else {
            return Ok(());
        };
        // Requests in flight may still be confirmed, and must not be sent twice.
        while let Some((_, outcome)) = self.under_way.next().await {
            self.take(outcome)?;
        }
        Err(Error::Api {
            confirmed: self.confirmed,
            source,
        })
    }

    fn take(&mut self, outcome: Outcome) -> Result<Option<api::Error>, Error> {
        let Outcome {
            confirmed,
            single,
            failed,
            stopped,
        } = outcome;
        let confirmed = confirmed.iter().flat_map(Batch::keys);
        let single = single.iter().map(|(number, key)| (*number, key.as_str()));
        let keys: Vec<_> = confirmed.chain(single).collect();
        self.confirmed += keys.len();
        let failed = failed.into_iter();
        self.failed
            .extend(failed.map(|(number, key, reason)| (key, (number, reason))));
        (self.progress)(keys.len());
        self.record(&keys)?;
        Ok(stopped)
    }

    /// Takes note that a key comes again: whether it was done before is of no matter any more.
    pub(super) fn replace_failed(&mut self, key: &str) -> Result<(), Error> {
        match self.failed.remove(key) {
            Some((number, _)) => self.record(&[(number, key)]),
            None => Ok(()),
        }
    }

    /// Takes note of keys that need not be sent, or not again.
    pub(super) fn record(&mut self, keys: &[(u64, &str)]) -> Result<(), Error> {
        self.journal.confirmed(keys).map_err(Error::Journal)
    }
}
