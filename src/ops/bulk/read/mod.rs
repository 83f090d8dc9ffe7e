//! Reading a namespace: list pages give names, expiry and metadata; values come by bulk get.
//!
//! Bulk get takes a hundred keys a request, and text only: one value that is not text fails the
//! whole request. Such a batch is halved until the culprits are few, and those are read singly. The
//! more of a namespace turns out to be binary, the fewer keys are asked for at once.

use std::{
    future::ready,
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use futures_util::{
    Stream, StreamExt as _, TryStreamExt as _,
    future::{BoxFuture, FutureExt as _},
    stream,
};
use reqwest::StatusCode;
use tokio::sync::{Semaphore, mpsc};

use super::{
    absent::{Absent, AbsentOutcome},
    names::Names,
};
use crate::{
    api::{self, Namespace},
    domain::{
        BULK_GET_MAX_KEYS, Classification, Classify, ErrorClass, Expiration, KeyName, Metadata,
        Prefixes, Record,
    },
    wire::{KeyInfo, code},
};

/// A key as a list gives it: everything but the value.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The name.
    pub key: KeyName,
    /// When it expires.
    pub expiration: Option<Expiration>,
    /// Its metadata.
    pub metadata: Option<Metadata>,
    /// Its position in the list, from 0.
    pub number: u64,
}

impl Listed {
    /// Whether it has expired when it is `now` at the service, in UNIX seconds.
    pub fn has_expired(&self, now: i64) -> bool {
        self.expiration.is_some_and(|at| at.unix_seconds() <= now)
    }

    /// Returns about how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let metadata = self.metadata.as_ref().map_or(0, |it| it.as_json().len());
        size_of::<Self>() + self.key.as_str().len() + metadata
    }
}

/// A record, and the position of its key in the list.
pub type Found = (u64, Record);

/// What an answer about many keys tells of one.
enum Answered {
    Text(String),
    Missing,
    Omitted,
}

/// Why a namespace could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The service.
    #[error("could not read the namespace")]
    Api(#[from] api::Error),
    /// A name that the service lists and would not take.
    #[error("the service lists a key with an invalid name")]
    Key(#[from] crate::domain::KeyNameError),
    /// More keys are absent than can be kept to be asked for again.
    #[error("{0} keys are listed but cannot be read, too many to retry")]
    TooManyAbsent(usize),
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        match self {
            Self::Api(e) => e.classify(),
            Self::Key(_) | Self::TooManyAbsent(_) => ErrorClass::Failed.into(),
        }
    }
}

/// Reads one namespace.
#[derive(Debug)]
pub struct Reader<'a> {
    namespace: Namespace<'a>,
    /// Limits the requests for values in flight.
    lanes: Semaphore,
    text: AtomicUsize,
    binary: AtomicUsize,
    pages: AtomicUsize,
    pub(super) absent: Absent,
}

/// See [`Reader::FEW`].
const FEW: usize = 8;

/// Returns how many keys to ask for at once if `binary` of `known` values are not text: the number
/// expected to cost the fewest requests per key.
///
/// A request for `n` keys succeeds only if all of them are text; otherwise both halves are asked for,
/// or each key where they are few.
fn group(binary: usize, known: usize) -> usize {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn cost(size: usize, text: f64) -> f64 {
        let fails = 1.0 - text.powf(size as f64);
        match size {
            1 => 1.0,
            2..=FEW => 1.0 + fails * size as f64,
            _ => 1.0 + fails * 2.0 * cost(size.div_ceil(2), text),
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let text = 1.0 - binary as f64 / known.max(1) as f64;
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let each = |size: usize| cost(size, text) / size as f64;
    let sizes = [100, 50, 25, 13, 7, 4, 2, 1];
    let best = sizes
        .into_iter()
        .min_by(|a, b| each(*a).total_cmp(&each(*b)));
    best.unwrap_or(1)
}

impl<'a> Reader<'a> {
    /// How many requests for values are in flight at once: a few more than one page of a list takes,
    /// so that reading keeps up with listing, where each page must wait for the one before.
    pub const LANES: usize = 12;

    /// How many pages are listed ahead of what is read.
    const PAGES_AHEAD: usize = 2;

    /// A batch this small that holds a binary value is read singly: halving on would cost more.
    const FEW: usize = FEW;

    /// So many values must be known before the namespace is judged.
    const SAMPLE: usize = 32;

    /// Creates a reader.
    pub fn new(namespace: Namespace<'a>) -> Self {
        Self {
            namespace,
            lanes: Semaphore::new(Self::LANES),
            text: AtomicUsize::new(0),
            binary: AtomicUsize::new(0),
            pages: AtomicUsize::new(0),
            absent: Absent::default(),
        }
    }

    /// Returns what became of the keys that were listed and not there when their values were asked
    /// for, as far as that is known.
    pub fn absent_outcome(&self) -> AbsentOutcome {
        self.absent.absent_outcome()
    }

    /// Returns the keys that were listed, not expired, and not there when they were asked for.
    pub fn absent(&self) -> Vec<KeyName> {
        self.absent.keys()
    }

    /// Returns what time it is at the service, in UNIX seconds.
    pub(super) fn now(&self) -> i64 {
        self.namespace.client.service_now()
    }

    /// Returns how many pages were listed.
    pub(super) fn pages(&self) -> usize {
        self.pages.load(Ordering::Relaxed)
    }

    /// Lists the keys that begin with one of `prefixes`, page by page, in the order of their bytes.
    pub fn keys<'s>(
        &'s self,
        prefixes: &'s Prefixes,
    ) -> impl Stream<Item = Result<Vec<Listed>, Error>> + 's {
        self.listed(self.namespace.keys(prefixes))
    }

    /// Returns the key that is called `key`, if it is listed.
    pub(super) async fn look_up(&self, key: &KeyName) -> Result<Option<Listed>, Error> {
        // Of those that begin so it is the first.
        let prefix = Prefixes::one(key.as_str());
        let mut pages = pin!(self.listed(self.namespace.keys_up_to(1, &prefix)));
        while let Some(page) = pages.try_next().await? {
            if let Some(first) = page.into_iter().next() {
                return Ok((first.key == *key).then_some(first));
            }
        }
        Ok(None)
    }

    fn listed<'s>(
        &'s self,
        pages: impl Stream<Item = Result<Vec<KeyInfo>, api::Error>> + 's,
    ) -> impl Stream<Item = Result<Vec<Listed>, Error>> + 's {
        let mut number = 0;
        pages.map(move |page| {
            self.pages.fetch_add(1, Ordering::Relaxed);
            let keys = page?.into_iter().zip(number..);
            let listed: Result<Vec<_>, _> = keys.map(|(key, at)| listed(key, at)).collect();
            number += listed.as_ref().map_or(0, |page| page.len() as u64);
            listed
        })
    }

    /// Reads the records whose keys begin with one of `prefixes`, in the order of their keys. Those that
    /// are absent are left to [`late`](Self::late).
    pub fn records<'s>(
        &'s self,
        prefixes: &'s Prefixes,
    ) -> impl Stream<Item = Result<Record, Error>> + 's {
        self.records_of(self.keys(prefixes), |_| true)
            .map_ok(|(_, record)| record)
    }

    /// Reads the values of `keys`, in their order; `None` for what is not there.
    pub fn values<'s>(
        &'s self,
        keys: &'s Names,
    ) -> impl Stream<Item = Result<(KeyName, Option<Bytes>), Error>> + 's {
        stream::iter(keys.iter().map(|name| name.parse::<KeyName>()))
            .map_err(Error::Key)
            .try_chunks(BULK_GET_MAX_KEYS)
            .map_err(|stream::TryChunksError(_, error)| error)
            .map_ok(move |keys| async move {
                let bare = |key: &KeyName| Listed {
                    key: key.clone(),
                    expiration: None,
                    metadata: None,
                    number: 0,
                };
                let found = self.fetch(keys.iter().map(bare).collect()).await?;
                let mut found = found.into_iter().peekable();
                // What is found is in the order of what was asked for.
                let values = keys.into_iter().map(|key| {
                    let record = found.next_if(|(_, record)| record.key == key);
                    Ok::<_, Error>((key, record.map(|(_, record)| record.value)))
                });
                Ok::<_, Error>(stream::iter(values.collect::<Vec<_>>()))
            })
            .try_buffered(Self::LANES)
            .try_flatten()
    }

    /// Reads the records that `pages` list, in their order, but only those that are `wanted`.
    pub fn records_of<'s>(
        &'s self,
        pages: impl Stream<Item = Result<Vec<Listed>, Error>> + 's,
        wanted: impl Fn(&KeyName) -> bool + 's,
    ) -> impl Stream<Item = Result<Found, Error>> + 's {
        let (listing, pages) = ahead_of_reading(pages);
        let records = pages
            .map_ok(move |mut page| {
                page.retain(|listed| wanted(&listed.key));
                let chunks: Vec<Vec<Listed>> = page
                    .chunks(BULK_GET_MAX_KEYS)
                    .map(<[Listed]>::to_vec)
                    .collect();
                stream::iter(chunks.into_iter().map(Ok::<_, Error>))
            })
            .try_flatten()
            // A page that cannot be listed is an error in its place: what was listed before is read.
            .map(move |chunk| async move {
                let found = self.fetch(chunk?).await?;
                self.absent.check()?;
                Ok::<_, Error>(found)
            })
            .buffered(Self::LANES)
            .map_ok(|records| stream::iter(records.into_iter().map(Ok::<_, Error>)))
            .try_flatten();
        stream::select(records, stream::once(listing).filter_map(|()| ready(None)))
    }

    /// How many keys to ask for at once, after what was learnt of the namespace.
    fn group(&self) -> usize {
        let (text, binary) = (
            self.text.load(Ordering::Relaxed),
            self.binary.load(Ordering::Relaxed),
        );
        if text + binary < Self::SAMPLE {
            return BULK_GET_MAX_KEYS;
        }
        group(binary, text + binary)
    }

    /// Reads the values of one page's part, in groups of the best size.
    pub(super) fn fetch(&self, keys: Vec<Listed>) -> BoxFuture<'_, Result<Vec<Found>, api::Error>> {
        let size = self.group();
        if size >= keys.len() {
            return self.fetch_together(keys);
        }
        let groups: Vec<_> = keys
            .chunks(size)
            .map(|group| self.fetch_together(group.to_vec()))
            .collect();
        async move {
            let groups = futures_util::future::try_join_all(groups).await?;
            Ok(groups.into_iter().flatten().collect())
        }
        .boxed()
    }

    /// Reads the values of `keys`; what is absent is left out, and kept to be asked for again.
    ///
    /// A request that fails because of what it asks for is made again in halves, down to single keys:
    /// of 100 keys that is at most 31 requests for many, and one for each.
    fn fetch_together(&self, keys: Vec<Listed>) -> BoxFuture<'_, Result<Vec<Found>, api::Error>> {
        async move {
            if keys.len() <= 1 {
                return self.fetch_singly(keys).await;
            }
            let names: Vec<KeyName> = keys.iter().map(|listed| listed.key.clone()).collect();
            let answer = {
                let _lane = self.lanes.acquire().await;
                self.namespace.bulk_get(&names).await
            };
            let mut values = match answer {
                Ok(found) => found.values,
                Err(e) if !is_unfit(&e) => return Err(e),
                Err(_) if keys.len() <= Self::FEW => return self.fetch_singly(keys).await,
                Err(_) => {
                    let mut first = keys;
                    let second = first.split_off(first.len().div_ceil(2));
                    let both = [self.fetch_together(first), self.fetch_together(second)];
                    let both = futures_util::future::try_join_all(both).await?;
                    return Ok(both.into_iter().flatten().collect());
                }
            };
            let answered = keys.into_iter().map(|listed| {
                let value = match values.remove(listed.key.as_str()) {
                    Some(Some(text)) => Answered::Text(text),
                    Some(None) => Answered::Missing,
                    None => Answered::Omitted,
                };
                self.take(listed, value)
            });
            let answered = stream::iter(answered.collect::<Vec<_>>());
            let found: Vec<_> = answered.buffered(Self::LANES).try_collect().await?;
            Ok(found.into_iter().flatten().collect())
        }
        .boxed()
    }

    /// Takes a value of an answer about many keys, or asks for it by itself where that one does not
    /// say what it is.
    async fn take(&self, listed: Listed, answered: Answered) -> Result<Option<Found>, api::Error> {
        match answered {
            // What was not valid text may have been made so on the way: ask for the bytes.
            Answered::Text(text) if text.contains(char::REPLACEMENT_CHARACTER) => {
                self.fetch_one(listed).await
            }
            Answered::Text(text) => {
                self.text.fetch_add(1, Ordering::Relaxed);
                Ok(Some(record(listed, text.into())))
            }
            Answered::Missing => {
                self.absent.keep(listed, self.now());
                Ok(None)
            }
            // A key missing from the answer is not necessarily absent.
            Answered::Omitted => self.fetch_one(listed).await,
        }
    }

    pub(super) async fn fetch_singly(&self, keys: Vec<Listed>) -> Result<Vec<Found>, api::Error> {
        let fetched = stream::iter(keys.into_iter().map(|listed| self.fetch_one(listed)));
        let found: Vec<Option<Found>> = fetched.buffered(Self::LANES).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn fetch_one(&self, listed: Listed) -> Result<Option<Found>, api::Error> {
        let answer = {
            let _lane = self.lanes.acquire().await;
            self.namespace.value(&listed.key).await
        };
        match answer {
            Ok(value) => {
                let kind = if str::from_utf8(&value.bytes).is_ok() {
                    &self.text
                } else {
                    &self.binary
                };
                kind.fetch_add(1, Ordering::Relaxed);
                Ok(Some(record(listed, value.bytes)))
            }
            Err(e) if e.has_code(code::KEY_NOT_FOUND) => {
                self.absent.keep(listed, self.now());
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }
}

/// Separates the listing of `pages` from what takes them, so that the next is asked for while those
/// before are still being read: polling the future lists, up to [`Reader::PAGES_AHEAD`].
fn ahead_of_reading<T>(
    pages: impl Stream<Item = Result<T, Error>>,
) -> (
    impl Future<Output = ()>,
    impl Stream<Item = Result<T, Error>>,
) {
    let (sender, mut receiver) = mpsc::channel(Reader::PAGES_AHEAD);
    let listing = async move {
        let mut pages = pin!(pages);
        while let Some(page) = pages.next().await {
            let failed = page.is_err();
            if sender.send(page).await.is_err() || failed {
                return;
            }
        }
    };
    let listed = stream::poll_fn(move |context| receiver.poll_recv(context));
    (listing, listed)
}

fn listed(info: KeyInfo, number: u64) -> Result<Listed, Error> {
    Ok(Listed {
        number,
        key: info.name.parse()?,
        expiration: info.expiration.map(Expiration::from_unix_seconds),
        metadata: info.metadata,
    })
}

fn record(listed: Listed, value: Bytes) -> Found {
    let Listed {
        key,
        expiration,
        metadata,
        number,
    } = listed;
    let record = Record {
        key,
        value,
        expiration,
        metadata,
    };
    (number, record)
}

/// Whether a bulk get failed because of its keys: a value is not text, or they are too large.
fn is_unfit(error: &api::Error) -> bool {
    error.has_code(code::BULK_GET)
        || error.status() == Some(StatusCode::PAYLOAD_TOO_LARGE)
        || error.is_too_long()
}

#[cfg(test)]
mod tests;
