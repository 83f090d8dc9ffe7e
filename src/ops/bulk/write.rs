//! Writing many records into a namespace: packed into bulk writes, each key in one of them.

use std::{collections::BTreeMap, pin::pin};

use futures_util::{Stream, StreamExt as _};

use super::{
    batch::{Encoded, Packing},
    seen::Seen,
    send::{self, Confirmations, InFlight, Job, SAME_KEY, Sender, Verb},
};
use crate::{
    api::{self, Lifetime, Namespace},
    domain::{Classification, Classify, Record, Ttl, VALUE_MAX_BYTES},
    ops::time,
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
    pub failed: BTreeMap<String, String>,
}

/// Why writing ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error<E> {
    /// The records could not be read on.
    #[error(transparent)]
    Source(E),
    /// They could not be sent on.
    #[error(transparent)]
    Send(#[from] send::Error),
    /// What time it is at the service is not known, and decides whether a record has expired.
    #[error("could not get the time of the service")]
    Time(#[source] api::Error),
}

impl<E: Classify> Classify for Error<E> {
    fn classify(&self) -> Classification {
        match self {
            Self::Source(e) => e.classify(),
            Self::Send(e) => e.classify(),
            Self::Time(e) => e.classify(),
        }
    }
}

/// A record on its way into a namespace.
#[derive(Debug)]
pub struct Outgoing {
    /// Its position in the input.
    pub number: u64,
    /// The record.
    pub record: Record,
    /// Its lifetime, which overrides its expiration.
    pub lifetime: Lifetime,
}

/// A record that is to live as it says.
impl From<(u64, Record)> for Outgoing {
    fn from((number, record): (u64, Record)) -> Self {
        Self {
            number,
            lifetime: record
                .expiration
                .map_or(Lifetime::Unlimited, Lifetime::Until),
            record,
        }
    }
}

/// Writes into one namespace.
#[derive(Debug)]
pub struct Writer<'a> {
    sender: Sender<'a>,
    namespace: Namespace<'a>,
    ttl: Option<Ttl>,
}

impl<'a> Writer<'a> {
    /// Creates a writer.
    pub fn new(namespace: Namespace<'a>) -> Self {
        Self {
            sender: Sender::new(namespace, Verb::Put),
            namespace,
            ttl: None,
        }
    }

    /// The same, giving each record so long to live from when the service takes it, whatever its own
    /// expiry.
    #[must_use]
    pub fn with_ttl(self, ttl: Ttl) -> Self {
        let ttl = Some(ttl);
        Self { ttl, ..self }
    }

    /// Whether the service would refuse a record, because it has expired or is about to.
    async fn is_too_soon(&self, lifetime: Lifetime) -> Result<bool, api::Error> {
        let Lifetime::Until(at) = lifetime else {
            return Ok(false);
        };
        time::is_too_soon(self.namespace, at).await
    }

    /// Writes all records, numbered as they come, and tells `journal` and `progress` of what is
    /// confirmed.
    pub async fn write_all<E, R: Into<Outgoing>>(
        &self,
        records: impl Stream<Item = Result<R, E>>,
        journal: &mut dyn Confirmations,
        progress: &dyn Fn(usize),
    ) -> Result<Written, Error<E>> {
        let mut records = pin!(records);
        let mut writing = Writing::new(self, journal, progress);
        let mut space = Vec::new();
        while let Some(next) = writing.sending.beside(records.next()).await? {
            let next = writing.or_drain(next.map_err(Error::Source)).await?;
            let Outgoing {
                number,
                record,
                lifetime,
            } = next.into();
            let lifetime = self.ttl.map_or(lifetime, Lifetime::For);
            let next = Encoded::record(&record, lifetime, number, &mut space)
                .map_err(send::Error::from)?;
            writing.add(&next).await?;
        }
        writing.finish().await
    }

    /// The same of records that are encoded, but only those that are `wanted`.
    pub async fn write_encoded<E>(
        &self,
        parts: impl Stream<Item = Result<Packing, Error<E>>>,
        wanted: impl Fn(&Encoded<'_>) -> bool,
        journal: &mut dyn Confirmations,
        progress: &dyn Fn(usize),
    ) -> Result<Written, Error<E>> {
        let mut parts = pin!(parts);
        let mut writing = Writing::new(self, journal, progress);
        while let Some(part) = writing.sending.beside(parts.next()).await? {
            let part = writing.or_drain(part).await?;
            for next in part.iter().filter(|next| wanted(next)) {
                writing.add(&next).await?;
            }
        }
        writing.finish().await
    }
}

/// What is being written.
struct Writing<'r, 'a> {
    writer: &'r Writer<'a>,
    sending: InFlight<'r, 'a>,
    seen: Seen,
    batch: Packing,
    written: Written,
}

impl<'r, 'a> Writing<'r, 'a> {
    fn new(
        writer: &'r Writer<'a>,
        journal: &'r mut dyn Confirmations,
        progress: &'r dyn Fn(usize),
    ) -> Self {
        Self {
            writer,
            sending: InFlight::new(&writer.sender, journal, progress),
            seen: Seen::default(),
            batch: Packing::default(),
            written: Written::default(),
        }
    }

    /// Returns what was read. Where nothing was, what is under way may still be confirmed, and is to be
    /// counted.
    async fn or_drain<T, E>(&mut self, read: Result<T, Error<E>>) -> Result<T, Error<E>> {
        if read.is_err() {
            self.sending.drain().await?;
        }
        read
    }

    async fn add<E>(&mut self, next: &Encoded<'_>) -> Result<(), Error<E>> {
        let Encoded {
            key,
            number,
            lifetime,
            ..
        } = *next;
        let too_soon = self.writer.is_too_soon(lifetime).await;
        if too_soon.map_err(Error::Time)? {
            self.written.expired += 1;
            self.sending.record(&[(number, key)])?;
            return Ok(());
        }
        if self.seen.is_again(key) {
            self.replace(key).await?;
        }
        if next.len() > VALUE_MAX_BYTES {
            let record = next.decode().map_err(send::Error::from)?;
            let job = Job::Single(record, lifetime, number);
            return Ok(self.sending.submit(job).await?);
        }
        if !self.batch.has_room(next, self.writer.sender.capacity()) {
            self.sending.submit_batch(&mut self.batch).await?;
        }
        self.batch.push(next);
        Ok(())
    }

    /// Makes way for a key that comes again.
    async fn replace(&mut self, key: &str) -> Result<(), send::Error> {
        self.written.repeated += 1;
        if let Some(old) = self.batch.remove(key) {
            return self.sending.record(&[(old, key)]);
        }
        self.sending.submit_batch(&mut self.batch).await?;
        // The last one wins: it must neither overtake the one before, nor follow at its heels.
        self.sending.drain().await?;
        self.sending.replace_failed(key)?;
        tokio::time::sleep(SAME_KEY).await;
        self.seen = Seen::default();
        self.seen.is_again(key);
        Ok(())
    }

    async fn finish<E>(mut self) -> Result<Written, Error<E>> {
        self.sending.submit_batch(&mut self.batch).await?;
        let sent = self.sending.finish().await?;
        Ok(Written {
            confirmed: sent.confirmed,
            failed: sent.failed,
            ..self.written
        })
    }
}
