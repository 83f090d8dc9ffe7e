//! Pairs in memory. Imports `domain` and `wire`.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::{Mutex, PoisonError},
};

use super::{Backend, Error, KeyPage, KeyRange, Usage};
use crate::{
    domain::{Expiration, KeyName, Record},
    wire::KeyInfo,
};

type Pairs = BTreeMap<String, Record>;

/// Pairs by namespace and key. What has expired goes when it is written over.
#[derive(Default)]
pub(super) struct Memory(Mutex<HashMap<String, Pairs>>);

impl Backend for Memory {
    fn get(&self, namespace: &str, key: &KeyName, now: i64) -> Result<Option<Record>, Error> {
        Ok(self.with(|namespaces| {
            let record = namespaces.get(namespace)?.get(key.as_str())?;
            is_alive(record, now).then(|| record.clone())
        }))
    }

    fn list(&self, namespace: &str, range: &KeyRange, now: i64) -> Result<KeyPage, Error> {
        let KeyRange {
            prefix,
            after,
            limit,
        } = range;
        let start = if after >= prefix {
            Bound::Excluded(after.as_str())
        } else {
            Bound::Included(prefix.as_str())
        };
        Ok(self.with(|namespaces| {
            let pairs = namespaces.get(namespace).into_iter();
            let mut alive = pairs
                .flat_map(|pairs| pairs.range::<str, _>((start, Bound::Unbounded)))
                .take_while(|(name, _)| name.starts_with(prefix))
                .filter(|(_, record)| is_alive(record, now));
            let keys = alive.by_ref().take(*limit).map(info).collect();
            KeyPage {
                keys,
                more: alive.next().is_some(),
            }
        }))
    }

    fn put(&self, namespace: &str, records: Vec<Record>, _now: i64) -> Result<(), Error> {
        self.with(|namespaces| {
            let pairs = namespaces.entry(namespace.to_owned()).or_default();
            pairs.extend(records.into_iter().map(|r| (r.key.to_string(), r)));
        });
        Ok(())
    }

    fn delete(&self, namespace: &str, keys: &[KeyName]) -> Result<(), Error> {
        self.with(|namespaces| {
            if let Some(pairs) = namespaces.get_mut(namespace) {
                for key in keys {
                    pairs.remove(key.as_str());
                }
            }
        });
        Ok(())
    }

    fn clear(&self, namespace: &str) -> Result<(), Error> {
        self.with(|namespaces| {
            namespaces.remove(namespace);
        });
        Ok(())
    }

    fn namespaces(&self) -> Result<Vec<String>, Error> {
        Ok(self.with(|namespaces| namespaces.keys().cloned().collect()))
    }

    fn has(&self, namespace: &str) -> bool {
        self.with(|namespaces| namespaces.contains_key(namespace))
    }

    fn count(&self) -> Result<usize, Error> {
        Ok(self.with(|namespaces| namespaces.len()))
    }

    fn usage(&self, namespace: &str, now: i64) -> Result<Usage, Error> {
        Ok(self.with(|namespaces| {
            let pairs = namespaces.get(namespace).into_iter().flatten();
            let alive = pairs.filter(|(_, record)| is_alive(record, now));
            alive.fold(Usage::default(), |usage, (name, record)| {
                let metadata = record.metadata.as_ref().map_or(0, |it| it.as_json().len());
                Usage {
                    keys: usage.keys + 1,
                    bytes: usage.bytes + (name.len() + record.value.len() + metadata) as u64,
                }
            })
        }))
    }

    fn check(&self) -> Result<(), Error> {
        Ok(())
    }
}

impl Memory {
    fn with<T>(&self, work: impl FnOnce(&mut HashMap<String, Pairs>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(super) fn is_alive(record: &Record, now: i64) -> bool {
    record
        .expiration
        .is_none_or(|expiration| expiration.unix_seconds() > now)
}

pub(super) fn info((name, record): (&String, &Record)) -> KeyInfo {
    KeyInfo {
        name: name.clone(),
        expiration: record.expiration.map(Expiration::unix_seconds),
        metadata: record.metadata.clone(),
    }
}
