//! The latest requests. Imports nothing of this crate.
//!
//! Headers are not kept, only whether there were credentials.

use std::{
    collections::VecDeque,
    sync::{Mutex, OnceLock, PoisonError},
    time::Instant,
};

/// The most requests that are kept.
const ENTRIES_MAX: usize = 10_000;

/// The longest path that is kept; no valid path is longer.
const PATH_MAX_BYTES: usize = 4096;

/// One request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// Its method.
    pub method: String,
    /// Its path and query, as they arrived.
    pub path: String,
    /// Whether it had an `Authorization` header.
    pub authorized: bool,
    /// When it arrived.
    pub start: Instant,
    /// When it was finished; absent while it is pending.
    pub end: Option<Instant>,
    /// The status sent, if any.
    pub status: Option<u16>,
    /// The length of its body, as far as it was read.
    pub received: usize,
    /// The length of the body of the answer.
    pub sent: usize,
}

/// Called for each finished request.
pub type Watcher = Box<dyn Fn(&Entry) + Send + Sync>;

/// The latest requests.
#[derive(Default)]
pub(super) struct Log {
    kept: Mutex<Entries>,
    watcher: OnceLock<Watcher>,
}

#[derive(Debug, Default)]
struct Entries {
    entries: VecDeque<Entry>,
    forgotten: usize,
}

/// A pending request. It ends when this is dropped, also if the client disconnects.
pub(super) struct Open<'a> {
    log: &'a Log,
    number: usize,
    /// The entry so far.
    pub(super) entry: Entry,
}

impl Log {
    /// Adds a request that arrives now.
    pub(super) fn open(&self, method: &str, path: &str, authorized: bool) -> Open<'_> {
        let entry = Entry {
            method: method.to_owned(),
            path: path[..path.floor_char_boundary(PATH_MAX_BYTES)].to_owned(),
            authorized,
            start: Instant::now(),
            end: None,
            status: None,
            received: 0,
            sent: 0,
        };
        let number = self.with(|kept| {
            if kept.entries.len() == ENTRIES_MAX {
                kept.entries.pop_front();
                kept.forgotten += 1;
            }
            kept.entries.push_back(entry.clone());
            kept.forgotten + kept.entries.len() - 1
        });
        Open {
            log: self,
            number,
            entry,
        }
    }

    /// Calls `watcher` for each finished request; only the first watcher is kept.
    pub(super) fn watch(&self, watcher: Watcher) {
        self.watcher.set(watcher).ok();
    }

    /// Returns the requests in order of arrival.
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.with(|kept| kept.entries.iter().cloned().collect())
    }

    fn with<T>(&self, work: impl FnOnce(&mut Entries) -> T) -> T {
        work(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.entry.end = Some(Instant::now());
        self.log.with(|kept| {
            let place = self.number.checked_sub(kept.forgotten);
            if let Some(entry) = place.and_then(|place| kept.entries.get_mut(place)) {
                entry.clone_from(&self.entry);
            }
        });
        if let Some(watcher) = self.log.watcher.get() {
            watcher(&self.entry);
        }
    }
}
