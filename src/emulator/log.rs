//! What was asked, and when. Imports nothing of this crate.
//!
//! No header is kept: only whether credentials came along.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// How many requests are remembered, so that a server that runs for days does not grow.
const KEPT: usize = 10_000;

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
    /// When it was done with; absent while it is under way.
    pub end: Option<Instant>,
    /// The status sent; absent if none was.
    pub status: Option<u16>,
}

/// All requests so far.
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<Entry>,
    forgotten: usize,
}

/// A request under way. It ends when this is dropped, also because the client went away.
#[derive(Debug)]
pub(super) struct Open<'a> {
    log: &'a Log,
    number: usize,
    /// The status sent.
    pub(super) status: Option<u16>,
}

impl Log {
    /// Notes a request that arrives now.
    pub(super) fn open(&self, method: &str, path: &str, authorized: bool) -> Open<'_> {
        let entry = Entry {
            method: method.to_owned(),
            path: path.to_owned(),
            authorized,
            start: Instant::now(),
            end: None,
            status: None,
        };
        let number = self.with(|kept| {
            if kept.entries.len() == KEPT {
                kept.entries.pop_front();
                kept.forgotten += 1;
            }
            kept.entries.push_back(entry);
            kept.forgotten + kept.entries.len() - 1
        });
        Open {
            log: self,
            number,
            status: None,
        }
    }

    /// Returns the requests in the order of their arrival.
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.with(|kept| kept.entries.iter().cloned().collect())
    }

    fn with<T>(&self, work: impl FnOnce(&mut Kept) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.log.with(|kept| {
            let place = self.number.checked_sub(kept.forgotten);
            if let Some(entry) = place.and_then(|place| kept.entries.get_mut(place)) {
                entry.end = Some(Instant::now());
                entry.status = self.status;
            }
        });
    }
}
