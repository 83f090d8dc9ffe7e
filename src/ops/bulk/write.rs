//! Writing many records into a namespace: packed into bulk writes, each key in one of them.

use std::{collections::BTreeMap, pin::pin};

use futures_util::{Stream, StreamExt as _};

use super::{
    batch::{Batch, Encoded},
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
        let mut sending = InFlight::new(&self.sender, journal, progress);
        let mut seen = Seen::default();
        let mut batch = Batch::default();
        let mut space = Vec::new();
        let mut written = Written::default();
        while let Some(next) = sending.beside(records.next()).await? {
            let next = match next {
                Ok(next) => next,
                Err(e) => {
                    // What is under way may still be confirmed, and is to be counted.
                    sending.drain().await?;
                    return Err(Error::Source(e));
                }
            };
            let Outgoing {
                number,
                record,
                lifetime,
            } = next.into();
            let key = record.key.as_str();
            let lifetime = self.ttl.map_or(lifetime, Lifetime::For);
            if self.is_too_soon(lifetime).await.map_err(Error::Time)? {
                written.expired += 1;
                sending.record(&[(number, key)])?;
                continue;
            }
            if seen.is_again(&record.key) {
                written.repeated += 1;
                if let Some(old) = batch.remove(key) {
                    sending.record(&[(old, key)])?;
                } else {
                    sending.submit_batch(&mut batch).await?;
                    // The last one wins: it must neither overtake the one before, nor follow at
                    // its heels.
                    sending.drain().await?;
                    sending.replace_failed(key)?;
                    tokio::time::sleep(SAME_KEY).await;
                    seen = Seen::default();
                    seen.is_again(&record.key);
                }
            }
            let next = Encoded::record(&record, lifetime, number, &mut space)
                .map_err(send::Error::from)?;
            if next.len() > VALUE_MAX_BYTES {
                sending
                    .submit(Job::Single(record, lifetime, number))
                    .await?;
                continue;
            }
            if !batch.has_room(&next, self.sender.capacity()) {
                sending.submit_batch(&mut batch).await?;
            }
            batch.push(&next);
        }
        sending.submit_batch(&mut batch).await?;
        let sent = sending.finish().await?;
        written.confirmed = sent.confirmed;
        written.failed = sent.failed;
        Ok(written)
    }
}
