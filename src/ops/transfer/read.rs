//! Reading a namespace: list pages give names, expiry and metadata; values come by bulk get.
//!
//! Bulk get takes a hundred keys a request, and text only: one value that is no text fails the
//! whole request. Such a batch is halved until the culprits are few, and those are read singly. The
//! more of a namespace turns out to be binary, the fewer keys are asked for at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::{
    Stream, StreamExt as _, TryStreamExt as _,
    future::{BoxFuture, FutureExt as _},
    stream,
};
use reqwest::StatusCode;
use tokio::sync::Semaphore;

use crate::{
    api::{self, BulkGet, Client, GetValue, ListKeys},
    domain::{AccountId, BULK_GET_MAX_KEYS, Expiration, KeyName, Metadata, NamespaceId, Record},
    wire::{KeyInfo, code},
};

/// A key as a list gives it: everything but the value.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The name.
    pub key: KeyName,
    /// When it expires.
    pub expiration: Option<Expiration>,
    /// What is stored beside it.
    pub metadata: Option<Metadata>,
}

/// Why a namespace could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The service.
    #[error("could not read the namespace")]
    Api(#[from] api::Error),
    /// A name that the service lists and would not take.
    #[error("the service lists a key that cannot be asked for")]
    Key(#[from] crate::domain::KeyNameError),
}

/// Reads one namespace.
#[derive(Debug)]
pub struct Reader<'a> {
    client: &'a Client,
    account: &'a AccountId,
    namespace: &'a NamespaceId,
    /// How many requests for values may be under way.
    lanes: Semaphore,
    text: AtomicUsize,
    binary: AtomicUsize,
    vanished: AtomicUsize,
}

/// See [`Reader::FEW`].
const FEW: usize = 8;

/// Returns how many keys to ask for at once where `binary` of `known` values are no text: the number
/// that is expected to cost the fewest requests a key.
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
    /// How many requests for values are under way at the same time.
    pub const LANES: usize = 8;

    /// A batch this small that holds a binary value is read singly: halving on would cost more.
    const FEW: usize = FEW;

    /// So many values must be known before the namespace is judged.
    const SAMPLE: usize = 32;

    /// Creates a reader.
    pub fn new(client: &'a Client, account: &'a AccountId, namespace: &'a NamespaceId) -> Self {
        Self {
            client,
            account,
            namespace,
            lanes: Semaphore::new(Self::LANES),
            text: AtomicUsize::new(0),
            binary: AtomicUsize::new(0),
            vanished: AtomicUsize::new(0),
        }
    }

    /// Returns how many keys were listed but gone when their values were asked for.
    pub fn vanished(&self) -> usize {
        self.vanished.load(Ordering::Relaxed)
    }

    /// Lists the keys that begin with `prefix`, page by page, in the order of their bytes.
    pub fn keys<'s>(
        &'s self,
        prefix: &'s str,
    ) -> impl Stream<Item = Result<Vec<Listed>, Error>> + 's {
        let first = ListKeys::all(self.account, self.namespace, prefix);
        self.client
            .key_pages(first)
            .map(|page| page?.into_iter().map(listed).collect())
    }

    /// Reads the records whose keys begin with `prefix` and come after `after`, in the order of
    /// their keys.
    pub fn records<'s>(
        &'s self,
        prefix: &'s str,
        after: Option<KeyName>,
    ) -> impl Stream<Item = Result<Record, Error>> + 's {
        let is_new = move |key: &KeyName| after.as_ref().is_none_or(|after| key > after);
        self.records_of(self.keys(prefix), is_new)
    }

    /// Reads the values of `keys`, in their order; `None` for what is not there.
    pub fn values<'s>(
        &'s self,
        keys: &'s [KeyName],
    ) -> impl Stream<Item = Result<(&'s KeyName, Option<Bytes>), Error>> + 's {
        stream::iter(keys.chunks(BULK_GET_MAX_KEYS).map(Ok))
            .map_ok(move |keys: &[KeyName]| async move {
                let bare = |key: &KeyName| Listed {
                    key: key.clone(),
                    expiration: None,
                    metadata: None,
                };
                let found = self.fetch(keys.iter().map(bare).collect()).await?;
                let mut found = found.into_iter().peekable();
                // What is found is in the order of what was asked for.
                let values = keys.iter().map(|key| {
                    let record = found.next_if(|record| record.key == *key);
                    Ok::<_, Error>((key, record.map(|record| record.value)))
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
    ) -> impl Stream<Item = Result<Record, Error>> + 's {
        pages
            .map_ok(move |mut page| {
                page.retain(|listed| wanted(&listed.key));
                let chunks: Vec<Vec<Listed>> = page
                    .chunks(BULK_GET_MAX_KEYS)
                    .map(<[Listed]>::to_vec)
                    .collect();
                stream::iter(chunks.into_iter().map(Ok::<_, Error>))
            })
            .try_flatten()
            .map_ok(move |chunk| async move { Ok::<_, Error>(self.fetch(chunk).await?) })
            .try_buffered(Self::LANES)
            .map_ok(|records| stream::iter(records.into_iter().map(Ok::<_, Error>)))
            .try_flatten()
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
    fn fetch(&self, keys: Vec<Listed>) -> BoxFuture<'_, Result<Vec<Record>, api::Error>> {
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

    /// Reads the values of `keys`; what is gone meanwhile is left out.
    fn fetch_together(&self, keys: Vec<Listed>) -> BoxFuture<'_, Result<Vec<Record>, api::Error>> {
        async move {
            if keys.len() <= 1 {
                return self.fetch_singly(keys).await;
            }
            let names: Vec<KeyName> = keys.iter().map(|listed| listed.key.clone()).collect();
            let request = BulkGet {
                account: self.account,
                namespace: self.namespace,
                keys: &names,
            };
            let answer = {
                let _lane = self.lanes.acquire().await;
                self.client.send(&request).await
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
            let mut records = Vec::with_capacity(keys.len());
            for listed in keys {
                match values.remove(listed.key.as_str()).flatten() {
                    // What was not valid text may have been made so on the way: ask for the bytes.
                    Some(text) if text.contains(char::REPLACEMENT_CHARACTER) => {
                        records.extend(self.fetch_one(listed).await?);
                    }
                    Some(text) => {
                        self.text.fetch_add(1, Ordering::Relaxed);
                        records.push(record(listed, text.into()));
                    }
                    None => {
                        self.vanished.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
            Ok(records)
        }
        .boxed()
    }

    async fn fetch_singly(&self, keys: Vec<Listed>) -> Result<Vec<Record>, api::Error> {
        let fetched = stream::iter(keys.into_iter().map(|listed| self.fetch_one(listed)));
        let records: Vec<Option<Record>> = fetched.buffered(Self::LANES).try_collect().await?;
        Ok(records.into_iter().flatten().collect())
    }

    async fn fetch_one(&self, listed: Listed) -> Result<Option<Record>, api::Error> {
        let request = GetValue {
            account: self.account,
            namespace: self.namespace,
            key: &listed.key,
        };
        let answer = {
            let _lane = self.lanes.acquire().await;
            self.client.send(&request).await
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
                self.vanished.fetch_add(1, Ordering::Relaxed);
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }
}

fn listed(info: KeyInfo) -> Result<Listed, Error> {
    Ok(Listed {
        key: info.name.parse()?,
        expiration: info.expiration.map(Expiration::from_unix_seconds),
        metadata: info.metadata,
    })
}

fn record(listed: Listed, value: Bytes) -> Record {
    let Listed {
        key,
        expiration,
        metadata,
    } = listed;
    Record {
        key,
        value,
        expiration,
        metadata,
    }
}

/// Whether a bulk get failed because of what was asked for: a value that is no text, or too much.
fn is_unfit(error: &api::Error) -> bool {
    error.has_code(code::BULK_GET)
        || error.status() == Some(StatusCode::PAYLOAD_TOO_LARGE)
        || error.is_too_long()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_is_binary_the_fewer_are_asked_for_at_once() {
        let sizes = [0, 1, 5, 20, 60, 120, 250, 1000].map(|binary| group(binary, 1000));
        assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
        assert_eq!((sizes[0], sizes[7]), (100, 1));
        assert!((4..50).contains(&sizes[4]), "{sizes:?}");
        assert_eq!(group(0, 0), 100);
    }
}
