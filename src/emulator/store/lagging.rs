//! A store whose writes become visible late, as at another location of the service.
//! Imports `domain` and `wire`.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{
    Backend, Error, KeyPage, KeyRange, StoredValue, Usage,
    memory::{info, is_alive},
};
use crate::{
    domain::{KeyName, Record},
    wire::KeyInfo,
};

/// The delay before writes become visible. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Lag(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    delay: Duration,
    /// What readers see yet, by namespace and key.
    before: HashMap<(String, String), Before>,
}

/// What was there before a write.
#[derive(Debug, Clone)]
struct Before {
    record: Option<Record>,
    seen: Instant,
}

impl Lag {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Delays when writes become visible.
    pub(super) fn set(&self, delay: Duration) {
        self.state().delay = delay;
    }

    fn delay(&self) -> Duration {
        self.state().delay
    }

    /// Returns what readers see of the keys of a namespace in place of what is there.
    fn overlay(&self, namespace: &str) -> BTreeMap<String, Option<Record>> {
        let now = Instant::now();
        let mut state = self.state();
        state.before.retain(|_, before| before.seen > now);
        let of_this = state.before.iter().filter(|((n, _), _)| n == namespace);
        of_this
            .map(|((_, key), before)| (key.clone(), before.record.clone()))
            .collect()
    }

    /// Remembers what was there; of several writes in a row what was there before the first.
    fn remember(&self, namespace: &str, key: &str, record: Option<Record>) {
        let now = Instant::now();
        let mut state = self.state();
        let Some(seen) = now.checked_add(state.delay) else {
            return;
        };
        let name = (namespace.to_owned(), key.to_owned());
        let known = state.before.get(&name).filter(|before| before.seen > now);
        let record = known.map_or(record, |before| before.record.clone());
        state.before.insert(name, Before { record, seen });
    }
}

/// A store with such a delay.
pub(super) struct Lagging {
    pub(super) store: Arc<dyn Backend>,
    pub(super) lag: Lag,
}

impl Lagging {
    fn remember<'k>(
        &self,
        namespace: &str,
        keys: impl Iterator<Item = &'k KeyName>,
        now: i64,
    ) -> Result<(), Error> {
        if self.lag.delay().is_zero() {
            return Ok(());
        }
        for key in keys {
            let record = self.store.get(namespace, key, now)?;
            self.lag.remember(namespace, key.as_str(), record);
        }
        Ok(())
    }
}

impl Backend for Lagging {
    fn get(&self, namespace: &str, key: &KeyName, now: i64) -> Result<Option<Record>, Error> {
        match self.lag.overlay(namespace).remove(key.as_str()) {
            Some(before) => Ok(before.filter(|record| is_alive(record, now))),
            None => self.store.get(namespace, key, now),
        }
    }

    fn open(&self, namespace: &str, key: &KeyName, now: i64) -> Result<Option<StoredValue>, Error> {
        match self.lag.overlay(namespace).remove(key.as_str()) {
            Some(before) => Ok(before
                .filter(|record| is_alive(record, now))
                .map(StoredValue::from)),
            None => self.store.open(namespace, key, now),
        }
    }

    fn list(&self, namespace: &str, range: &KeyRange, now: i64) -> Result<KeyPage, Error> {
        let overlay = self.lag.overlay(namespace);
        if overlay.is_empty() {
            return self.store.list(namespace, range, now);
        }
        // All of it: what is hidden must not make a page look like the last.
        let all = KeyRange {
            limit: usize::MAX - 1,
            ..range.clone()
        };
        let found = self.store.list(namespace, &all, now)?.keys;
        let mut keys: BTreeMap<String, KeyInfo> = found
            .into_iter()
            .map(|info| (info.name.clone(), info))
            .collect();
        for (key, before) in overlay {
            let fits = key.starts_with(&range.prefix) && key > range.after;
            match before.filter(|record| fits && is_alive(record, now)) {
                Some(record) => keys.insert(key.clone(), info((&key, &record))),
                None => keys.remove(&key),
            };
        }
        let more = keys.len() > range.limit;
        let keys = keys.into_values().take(range.limit).collect();
        Ok(KeyPage { keys, more })
    }

    fn put(&self, namespace: &str, records: Vec<Record>, now: i64) -> Result<(), Error> {
        self.remember(namespace, records.iter().map(|record| &record.key), now)?;
        self.store.put(namespace, records, now)
    }

    fn delete(&self, namespace: &str, keys: &[KeyName]) -> Result<(), Error> {
        // What has expired by then is not seen in any case.
        self.remember(namespace, keys.iter(), 0)?;
        self.store.delete(namespace, keys)
    }

    fn clear(&self, namespace: &str) -> Result<(), Error> {
        self.store.clear(namespace)
    }

    fn namespaces(&self) -> Result<Vec<String>, Error> {
        self.store.namespaces()
    }

    fn has(&self, namespace: &str) -> bool {
        self.store.has(namespace)
    }

    fn count(&self) -> Result<usize, Error> {
        self.store.count()
    }

    // The analytics are late by themselves, so they need no delay.
    fn usage(&self, namespace: &str, now: i64) -> Result<Usage, Error> {
        self.store.usage(namespace, now)
    }

    fn check(&self) -> Result<(), Error> {
        self.store.check()
    }
}
