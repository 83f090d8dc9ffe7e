//! Writing many records into a namespace: packed into bulk writes, several at once, and never
//! claimed before the service confirmed it.

use std::{
    collections::{BTreeMap, HashSet},
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use backon::BackoffBuilder as _;
use futures_util::{
    Stream, StreamExt as _,
    future::{BoxFuture, FutureExt as _},
    stream::FuturesUnordered,
};

use super::{
    batch::{Batch, Capacity, Encoded},
    seen::{Before, Seen},
};
use crate::{
    api::{self, BulkPut, Client, Lifetime, PutValue, Trouble},
    domain::{
        AccountId, BULK_MAX_BYTES, BULK_MAX_KEYS, KeyName, NamespaceId, Record, VALUE_MAX_BYTES,
    },
};

/// What became of the records.
#[derive(Debug, Default)]
pub struct Written {
    /// How many were confirmed.
    pub confirmed: usize,
    /// How many were left out because they have expired, or will before the service takes them.
    pub expired: usize,
    /// How many keys came more than once; the last of each counts.
    pub repeated: usize,
    /// The keys that were not written after all attempts, each with the reason.
    pub failed: BTreeMap<KeyName, String>,
}

/// Why writing ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error<E> {
    /// The records could not be read on.
    #[error(transparent)]
    Source(E),
    /// The service.
    #[error("could not write on; {confirmed} records were confirmed")]
    Api {
        /// How many records were confirmed until then.
        confirmed: usize,
        /// Why it ended.
        source: api::Error,
    },
    /// What was confirmed could not be written down.
    #[error("could not write down what was confirmed")]
    Journal(#[source] std::io::Error),
    /// A record that is no JSON. It cannot happen: records are made of what JSON can say.
    #[error("a record could not be encoded")]
    Encode(#[from] serde_json::Error),
}

/// Told of every confirmation: the numbers of records in the input, from 0, in any order.
pub trait Confirmations {
    /// Takes note that these records need not be sent again.
    fn confirmed(&mut self, numbers: &[u64]) -> std::io::Result<()>;
}

/// Does not take note.
impl Confirmations for () {
    fn confirmed(&mut self, _: &[u64]) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes into one namespace.
#[derive(Debug)]
pub struct Writer<'a> {
    client: &'a Client,
    account: &'a AccountId,
    namespace: &'a NamespaceId,
    /// The most pairs of a request that are known to work.
    pairs: AtomicUsize,
    now: i64,
}

/// One request's worth, or one value that must go by itself.
enum Job {
    Batch(Batch),
    Single(Record, u64),
}

/// What one job came to.
#[derive(Default)]
struct Outcome {
    confirmed: Vec<u64>,
    failed: Vec<(KeyName, String)>,
}

impl<'a> Writer<'a> {
    /// How many requests are under way at the same time.
    const AT_ONCE: usize = 4;

    /// How many bytes may be under way in all, so that memory has a bound.
    const IN_FLIGHT: usize = 160 * 1024 * 1024;

    /// Writes to one key must be this far apart.
    const SAME_KEY: Duration = Duration::from_secs(1);

    /// Creates a writer; `now` is UNIX seconds and decides what has expired.
    pub fn new(
        client: &'a Client,
        account: &'a AccountId,
        namespace: &'a NamespaceId,
        now: i64,
    ) -> Self {
        Self {
            client,
            account,
            namespace,
            pairs: AtomicUsize::new(BULK_MAX_KEYS),
            now,
        }
    }

    fn capacity(&self) -> Capacity {
        Capacity {
            pairs: self.pairs.load(Ordering::Relaxed),
            bytes: BULK_MAX_BYTES,
        }
    }

    /// Writes all records, numbered as they come, and tells `journal` and `progress` of what is
    /// confirmed.
    pub async fn write_all<E>(
        &self,
        records: impl Stream<Item = Result<(u64, Record), E>>,
        journal: &mut dyn Confirmations,
        progress: &dyn Fn(usize),
    ) -> Result<Written, Error<E>> {
        let mut records = pin!(records);
        let mut run = Run {
            writer: self,
            flying: FuturesUnordered::new(),
            bytes: 0,
            written: Written::default(),
            journal,
            progress,
        };
        let mut seen = Seen::default();
        let mut batch = Batch::default();
        while let Some(next) = records.next().await {
            let (number, record) = next.map_err(Error::Source)?;
            if record.expiration.is_some_and(|at| at.is_too_soon(self.now)) {
                run.written.expired += 1;
                run.confirm(&[number])?;
                continue;
            }
            match seen.before(&record.key) {
                Before::Never => {}
                Before::Here if let Some(old) = batch.remove(&record.key) => {
                    run.written.repeated += 1;
                    run.confirm(&[old])?;
                }
                Before::Here | Before::Earlier => {
                    run.written.repeated += 1;
                    run.launch(Job::Batch(std::mem::take(&mut batch))).await?;
                    // The last one wins: it must neither overtake the one before, nor follow at
                    // its heels.
                    run.drain().await?;
                    tokio::time::sleep(Self::SAME_KEY).await;
                    seen = Seen::default();
                    seen.before(&record.key);
                }
            }
            let next = Encoded::new(&record, number)?;
            if next.len() > VALUE_MAX_BYTES {
                seen.sent();
                run.launch(Job::Single(record, number)).await?;
                continue;
            }
            if !batch.has_room(&next, self.capacity()) {
                seen.sent();
                run.launch(Job::Batch(std::mem::take(&mut batch))).await?;
            }
            batch.push(next);
        }
        run.launch(Job::Batch(batch)).await?;
        run.drain().await?;
        Ok(run.written)
    }

    async fn carry_out(&self, job: Job) -> Result<Outcome, api::Error> {
        match job {
            Job::Batch(batch) => self.put(batch).await,
            Job::Single(record, number) => self.put_one(record, number).await,
        }
    }

    /// Sends a batch; keys that the service names as unsuccessful are sent again by themselves, and
    /// a batch that is too much, or has a pair that is refused, is halved.
    fn put(&self, batch: Batch) -> BoxFuture<'_, Result<Outcome, api::Error>> {
        async move {
            let mut outcome = Outcome::default();
            let mut left = batch;
            let mut waits = self.client.backoff().build();
            while !left.is_empty() {
                let request = BulkPut {
                    account: self.account,
                    namespace: self.namespace,
                    entries: left.body(),
                };
                let failed = match self.client.send(&request).await {
                    Ok(result) => result.unsuccessful_keys,
                    Err(error) => return self.after(error, left, outcome).await,
                };
                let failed: HashSet<&str> = failed.iter().map(String::as_str).collect();
                let again = left.pick(|key| failed.contains(key.as_str()));
                let done = left.pick(|key| !failed.contains(key.as_str()));
                outcome.confirmed.extend(done.numbers());
                left = again;
                if left.is_empty() {
                    break;
                }
                let Some(wait) = waits.next() else {
                    let reason = "the service did not store it";
                    outcome
                        .failed
                        .extend(left.keys().map(|key| (key.clone(), reason.to_owned())));
                    break;
                };
                // A key is written once a second at most.
                tokio::time::sleep(wait.max(Self::SAME_KEY)).await;
            }
            Ok(outcome)
        }
        .boxed()
    }

    /// Decides what to do about a batch that failed as a whole.
    async fn after(
        &self,
        error: api::Error,
        batch: Batch,
        mut outcome: Outcome,
    ) -> Result<Outcome, api::Error> {
        let status = error.status().map_or(0, |status| status.as_u16());
        let too_much = matches!(status, 413 | 504 | 524);
        let refused = status == 400 && error.trouble() == Trouble::Failed;
        if !too_much && !refused {
            return Err(error);
        }
        if batch.len() == 1 {
            let Some(key) = batch.keys().next().cloned() else {
                return Ok(outcome);
            };
            if error.trouble() == Trouble::Temporary {
                return Err(error);
            }
            outcome.failed.push((key, error.to_string()));
            return Ok(outcome);
        }
        let halves = batch.halves();
        if too_much {
            // What works now is likely to work for the rest of the run.
            self.pairs.fetch_min(halves[0].len(), Ordering::Relaxed);
        }
        for half in halves {
            let part = self.put(half).await?;
            outcome.confirmed.extend(part.confirmed);
            outcome.failed.extend(part.failed);
        }
        Ok(outcome)
    }

    async fn put_one(&self, record: Record, number: u64) -> Result<Outcome, api::Error> {
        let request = PutValue {
            account: self.account,
            namespace: self.namespace,
            key: &record.key,
            value: record.value.clone(),
            lifetime: record
                .expiration
                .map_or(Lifetime::Unlimited, Lifetime::Until),
            metadata: record.metadata.as_ref(),
        };
        let mut outcome = Outcome::default();
        match self.client.send(&request).await {
            Ok(()) => outcome.confirmed.push(number),
            Err(e) if e.trouble() == Trouble::Failed && e.status().is_some() => {
                outcome.failed.push((record.key, e.to_string()));
            }
            Err(e) => return Err(e),
        }
        Ok(outcome)
    }
}

/// A run under way.
struct Run<'r, 'a> {
    writer: &'r Writer<'a>,
    flying: FuturesUnordered<BoxFuture<'r, (usize, Result<Outcome, api::Error>)>>,
    bytes: usize,
    written: Written,
    journal: &'r mut dyn Confirmations,
    progress: &'r dyn Fn(usize),
}

impl Run<'_, '_> {
    async fn launch<E>(&mut self, job: Job) -> Result<(), Error<E>> {
        let bytes = match &job {
            Job::Batch(batch) if batch.is_empty() => return Ok(()),
            Job::Batch(batch) => batch.bytes() * 2,
            Job::Single(record, _) => record.value.len(),
        };
        while self.flying.len() >= Writer::AT_ONCE
            || (!self.flying.is_empty() && self.bytes + bytes > Writer::IN_FLIGHT)
        {
            self.land().await?;
        }
        self.bytes += bytes;
        let writer = self.writer;
        self.flying
            .push(async move { (bytes, writer.carry_out(job).await) }.boxed());
        Ok(())
    }

    async fn drain<E>(&mut self) -> Result<(), Error<E>> {
        while !self.flying.is_empty() {
            self.land().await?;
        }
        Ok(())
    }

    async fn land<E>(&mut self) -> Result<(), Error<E>> {
        let Some((bytes, result)) = self.flying.next().await else {
            return Ok(());
        };
        self.bytes -= bytes;
        match result {
            Ok(outcome) => {
                self.written.confirmed += outcome.confirmed.len();
                self.written.failed.extend(outcome.failed);
                (self.progress)(outcome.confirmed.len());
                self.confirm(&outcome.confirmed)
            }
            Err(source) => {
                // What is still under way may be confirmed yet, and must not be sent twice.
                while let Some((_, result)) = self.flying.next().await {
                    if let Ok(outcome) = result {
                        self.written.confirmed += outcome.confirmed.len();
                        self.confirm(&outcome.confirmed)?;
                    }
                }
                Err(Error::Api {
                    confirmed: self.written.confirmed,
                    source,
                })
            }
        }
    }

    fn confirm<E>(&mut self, numbers: &[u64]) -> Result<(), Error<E>> {
        self.journal.confirmed(numbers).map_err(Error::Journal)
    }
}
