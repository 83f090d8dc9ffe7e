//! Keys that are listed and cannot be read: whether they expired, were deleted, or are only late.
//!
//! Reads and lists are eventually consistent, so a key that is absent once is not known to be gone.
//! Such keys are kept, and judged at the end of a run:
//!
//! - one whose listed expiration has passed, by the service's clock, has expired;
//! - one that is found when it is asked for again is a record like the others, only late;
//! - one that is still absent when the time is up, and not in a new list, was deleted meanwhile;
//! - one that is still absent, and still listed, is unreadable.

use std::{
    collections::BTreeSet,
    pin::pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::{Stream, TryStreamExt as _, stream};
use tokio::time::Instant;

use super::{
    read::{Error, Found, Listed, Reader},
    reporter::Reporter,
};
use crate::domain::{BULK_GET_MAX_KEYS, KeyName, Prefixes};

/// How long a key that is listed and cannot be read is asked for again, unless told otherwise: the
/// service's documentation gives changes a minute to be seen everywhere.
pub const CONSISTENCY_TIMEOUT: Duration = Duration::from_mins(1);

/// How many bytes the keys may have that are kept to be asked for again.
const KEPT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The first pause before keys are asked for again; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Up to this many keys are finally checked one by one, so that a bulk answer never decides alone.
const SINGLY_MAX: usize = 100;

/// How long to ask again, and whom to tell that this is waited for.
pub struct AbsentRetry<'a> {
    /// How long.
    pub timeout: Duration,
    /// Told of the keys before the first pause.
    pub reporter: &'a dyn Reporter,
}

impl std::fmt::Debug for AbsentRetry<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AbsentRetry")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// What became of the keys that were listed and could not be read.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct AbsentOutcome {
    /// How many expired.
    pub expired: usize,
    /// How many were found when they were asked for again.
    pub late: usize,
    /// Those that were deleted meanwhile.
    pub deleted: Vec<KeyName>,
    /// Those that are still listed.
    pub unreadable: Vec<KeyName>,
}

/// The keys that were absent so far.
#[derive(Debug, Default)]
pub(super) struct Absent(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    keys: Vec<Listed>,
    bytes: usize,
    settled: AbsentOutcome,
}

impl Absent {
    fn with<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps a key, unless it has expired by `now`, UNIX seconds.
    pub(super) fn keep(&self, listed: Listed, now: i64) {
        self.with(|kept| {
            if listed.has_expired(now) {
                kept.settled.expired += 1;
            } else {
                kept.bytes += listed.bytes();
                kept.keys.push(listed);
            }
        });
    }

    /// Refuses to keep more than there is room for.
    pub(super) fn check(&self) -> Result<(), Error> {
        match self.with(|kept| (kept.bytes, kept.keys.len())) {
            (bytes, count) if bytes > KEPT_BYTES_MAX => Err(Error::TooManyAbsent(count)),
            _ => Ok(()),
        }
    }

    fn take(&self) -> Vec<Listed> {
        self.with(|kept| {
            kept.bytes = 0;
            std::mem::take(&mut kept.keys)
        })
    }

    /// Returns the keys that are kept.
    pub(super) fn keys(&self) -> Vec<KeyName> {
        self.with(|kept| kept.keys.iter().map(|it| it.key.clone()).collect())
    }

    /// Returns what became of the keys.
    pub(super) fn absent_outcome(&self) -> AbsentOutcome {
        self.with(|kept| kept.settled.clone())
    }
}

/// How far the asking has come.
struct Round {
    /// What is yet to be asked for in this round.
    asking: Vec<Listed>,
    begun: Instant,
    pause: Duration,
    told: bool,
    /// Whether the time is up after this round.
    last: bool,
    /// Whether each key is asked for by itself.
    singly: bool,
}

impl Reader<'_> {
    /// Asks again for the keys that were listed with `prefixes` and could not be read, until all are
    /// found or the time is up. Returns those that are found, in the order in which that happens.
    /// What became of the others is in [`Reader::absent_outcome`] then.
    pub fn late<'s>(
        &'s self,
        prefixes: &'s Prefixes,
        retry: &'s AbsentRetry<'_>,
    ) -> impl Stream<Item = Result<Found, Error>> + 's {
        let round = Round {
            asking: Vec::new(),
            begun: Instant::now(),
            pause: FIRST_PAUSE,
            told: false,
            last: false,
            singly: false,
        };
        let records = stream::try_unfold(round, async move |mut round| {
            while round.asking.is_empty() {
                if !self.next_round(&mut round, prefixes, retry).await? {
                    return Ok(None);
                }
            }
            let found = self.ask(&mut round).await?;
            self.absent.with(|kept| kept.settled.late += found.len());
            Ok::<_, Error>(Some((stream::iter(found.into_iter().map(Ok)), round)))
        });
        records.try_flatten()
    }

    /// Asks for some of the keys of a round; those that are absent again are kept again.
    async fn ask(&self, round: &mut Round) -> Result<Vec<Found>, Error> {
        let size = round.asking.len().min(BULK_GET_MAX_KEYS);
        let part: Vec<Listed> = round.asking.drain(..size).collect();
        let found = if round.singly {
            self.fetch_singly(part).await
        } else {
            self.fetch(part).await
        };
        Ok(found?)
    }

    /// Waits for the next round. Returns `false` where there is none: no key is left, or the time is
    /// up, and those that are left are judged.
    async fn next_round(
        &self,
        round: &mut Round,
        prefixes: &Prefixes,
        retry: &AbsentRetry<'_>,
    ) -> Result<bool, Error> {
        let left = self.unexpired();
        if left.is_empty() {
            return Ok(false);
        }
        if round.last {
            self.judge(left, prefixes).await?;
            return Ok(false);
        }
        let spare = retry.timeout.saturating_sub(round.begun.elapsed());
        round.last = spare <= round.pause;
        if !spare.is_zero() {
            if !round.told {
                let keys: Vec<&str> = left.iter().map(|it| it.key.as_str()).collect();
                retry.reporter.waiting(&keys, retry.timeout);
                round.told = true;
            }
            tokio::time::sleep(round.pause.min(spare)).await;
        }
        round.singly = round.last && left.len() <= SINGLY_MAX;
        round.pause = (round.pause * 2).min(LONGEST_PAUSE);
        round.asking = left;
        Ok(true)
    }

    /// Takes out the keys that are kept, in their order, and counts those that have expired.
    fn unexpired(&self) -> Vec<Listed> {
        let now = self.now();
        let (expired, mut left): (Vec<_>, Vec<_>) = self
            .absent
            .take()
            .into_iter()
            .partition(|listed| listed.has_expired(now));
        self.absent
            .with(|kept| kept.settled.expired += expired.len());
        left.sort_unstable_by_key(|listed| listed.number);
        left
    }

    /// Tells keys that were deleted from those that are still listed.
    async fn judge(&self, left: Vec<Listed>, prefixes: &Prefixes) -> Result<(), Error> {
        let mut open: BTreeSet<KeyName> = left.into_iter().map(|it| it.key).collect();
        let mut listed = Vec::new();
        if open.len() <= self.pages() {
            for key in &open {
                listed.extend(self.look_up(key).await?);
            }
        } else {
            let mut pages = pin!(self.keys(prefixes));
            while let Some(page) = pages.try_next().await? {
                listed.extend(page.into_iter().filter(|it| open.contains(&it.key)));
            }
        }
        let now = self.now();
        self.absent.with(|kept| {
            for it in listed {
                if !open.remove(&it.key) {
                    continue;
                }
                if it.has_expired(now) {
                    kept.settled.expired += 1;
                } else {
                    kept.settled.unreadable.push(it.key);
                }
            }
            kept.settled.deleted.extend(open);
        });
        Ok(())
    }
}
