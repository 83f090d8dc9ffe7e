//! Keys and values, in memory. Imports `domain` and `wire`.
//!
//! Whether a key has expired is asked of the caller's clock at every read; expired keys are never
//! seen, and go when they are written over.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use serde_json::Value;

use crate::{domain::NamespaceId, wire::KeyInfo};

/// What is stored under a key.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    /// The value.
    pub(super) value: Bytes,
    /// The metadata; none is the same as `null`.
    pub(super) metadata: Option<Value>,
    /// When it expires, in UNIX seconds.
    pub(super) expiration: Option<i64>,
}

impl Record {
    fn is_alive(&self, now: i64) -> bool {
        self.expiration.is_none_or(|expiration| expiration > now)
    }
}

/// Which keys to list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range<'a> {
    /// Only keys that begin so.
    pub(super) prefix: &'a str,
    /// Only keys beyond this one.
    pub(super) after: Option<&'a str>,
    /// At most so many.
    pub(super) limit: usize,
}

/// Some keys in the order of their bytes.
#[derive(Debug)]
pub(super) struct Page {
    /// The keys.
    pub(super) keys: Vec<KeyInfo>,
    /// Whether more keys follow.
    pub(super) more: bool,
}

/// The pairs of all namespaces.
#[derive(Debug, Default)]
pub(super) struct Store(Mutex<HashMap<NamespaceId, BTreeMap<String, Record>>>);

impl Store {
    pub(super) fn get(&self, namespace: &NamespaceId, key: &str, now: i64) -> Option<Record> {
        self.with(|namespaces| {
            let record = namespaces.get(namespace)?.get(key)?;
            record.is_alive(now).then(|| record.clone())
        })
    }

    pub(super) fn put(&self, namespace: &NamespaceId, key: &str, record: Record) {
        self.with(|namespaces| {
            let pairs = namespaces.entry(namespace.clone()).or_default();
            pairs.insert(key.to_owned(), record);
        });
    }

    pub(super) fn delete(&self, namespace: &NamespaceId, key: &str) {
        self.with(|namespaces| {
            if let Some(pairs) = namespaces.get_mut(namespace) {
                pairs.remove(key);
            }
        });
    }

    /// Deletes all pairs of a namespace.
    pub(super) fn clear(&self, namespace: &NamespaceId) {
        self.with(|namespaces| {
            namespaces.remove(namespace);
        });
    }

    pub(super) fn list(&self, namespace: &NamespaceId, range: &Range<'_>, now: i64) -> Page {
        let Range {
            prefix,
            after,
            limit,
        } = *range;
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            Some(_) | None => Bound::Included(prefix),
        };
        self.with(|namespaces| {
            let pairs = namespaces.get(namespace).into_iter();
            let mut alive = pairs
                .flat_map(|pairs| pairs.range::<str, _>((start, Bound::Unbounded)))
                .take_while(|(name, _)| name.starts_with(prefix))
                .filter(|(_, record)| record.is_alive(now));
            let keys = alive.by_ref().take(limit).map(info).collect();
            Page {
                keys,
                more: alive.next().is_some(),
            }
        })
    }

    fn with<T>(
        &self,
        work: impl FnOnce(&mut HashMap<NamespaceId, BTreeMap<String, Record>>) -> T,
    ) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn info((name, record): (&String, &Record)) -> KeyInfo {
    KeyInfo {
        name: name.clone(),
        expiration: record.expiration,
        metadata: record.metadata.clone(),
    }
}
