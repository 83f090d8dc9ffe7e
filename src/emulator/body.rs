//! Reading bodies within a memory budget. Imports nothing of this crate but its siblings.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http_body_util::{BodyDataStream, BodyExt as _};
use hyper::body::Body as _;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::content::Body;

/// The memory for all long bodies together.
pub(super) const BUDGET_BYTES: usize = 128 * 1024 * 1024;

/// The memory for all short bodies together.
const SHORT_BUDGET_BYTES: usize = 32 * 1024 * 1024;

/// The longest short body. Short bodies have a budget of their own, so they do not wait for slow long
/// ones.
const SHORT_BYTES: usize = 1024 * 1024;

/// The part of each body that is free: a connection buffers as much anyway.
const FREE_BYTES: usize = 64 * 1024;

/// The unit of the budget.
const UNIT_BYTES: usize = 1024;

/// How long a body may stall, or wait for memory.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a body that holds memory waits for more: others may be waiting for it.
const GROW_TIMEOUT: Duration = Duration::from_secs(3);

/// The minimum average speed of a body.
const MIN_BYTES_PER_SECOND: usize = 256 * 1024;

/// How much of an oversized body is read and discarded: a client that is still sending would miss
/// the answer.
const DRAIN_MAX_BYTES: usize = 512 * 1024 * 1024;

/// Why the body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// It is longer than allowed: at least this many bytes.
    TooLong(usize),
    /// Other bodies use up the budget.
    OverBudget,
    /// It stalled.
    Timeout,
    /// It ended early.
    Incomplete,
}

/// The memory budget for all bodies.
#[derive(Debug)]
pub(super) struct BodyBudget {
    long: Arc<Semaphore>,
    short: Arc<Semaphore>,
}

/// A body, and its share of the budget until this is dropped.
#[derive(Debug)]
pub(super) struct BufferedBody {
    pub(super) bytes: Bytes,
    permit: OwnedSemaphorePermit,
}

impl Default for BodyBudget {
    fn default() -> Self {
        let of = |bytes| Arc::new(Semaphore::new(bytes / UNIT_BYTES));
        Self {
            long: of(BUDGET_BYTES),
            short: of(SHORT_BUDGET_BYTES),
        }
    }
}

impl BodyBudget {
    /// Reads `body` to its end, if that is at most `limit` bytes away.
    ///
    /// A body of known length gets all its memory before it is read, so two bodies never wait for each
    /// other. One of unknown length gets it bit by bit, and does not wait long.
    pub(super) async fn read(&self, body: Body, limit: usize) -> Result<BufferedBody, BodyError> {
        let announced = body.size_hint().exact().and_then(|n| n.try_into().ok());
        let mut chunks = body.into_data_stream();
        if let Some(length) = announced.filter(|length| *length > limit) {
            drain(&mut chunks).await;
            return Err(BodyError::TooLong(length));
        }
        let pool = match announced {
            Some(length) if length <= SHORT_BYTES => &self.short,
            _ => &self.long,
        };
        let permit = acquire(pool, units(announced.unwrap_or_default()), STALL_TIMEOUT);
        let mut held = BufferedBody {
            bytes: Bytes::new(),
            permit: permit.await?,
        };
        let bytes = BytesMut::with_capacity(announced.unwrap_or_default());
        let time = STALL_TIMEOUT
            + Duration::from_secs((announced.unwrap_or(limit) / MIN_BYTES_PER_SECOND) as u64);
        let read = fill(pool, &mut held.permit, bytes, &mut chunks, limit);
        match timeout(time, read).await {
            Err(_) => Err(BodyError::Timeout),
            Ok(Err(BodyError::TooLong(length))) => {
                drop(held);
                drain(&mut chunks).await;
                Err(BodyError::TooLong(length))
            }
            Ok(Err(error)) => Err(error),
            Ok(Ok(bytes)) => {
                held.bytes = bytes;
                Ok(held)
            }
        }
    }
}

/// Reads all of a body that is at most `limit` bytes long, acquiring memory as needed.
async fn fill(
    pool: &Arc<Semaphore>,
    permit: &mut OwnedSemaphorePermit,
    mut bytes: BytesMut,
    chunks: &mut BodyDataStream<Body>,
    limit: usize,
) -> Result<Bytes, BodyError> {
    while let Some(chunk) = next(chunks).await? {
        let length = bytes.len() + chunk.len();
        if length > limit {
            return Err(BodyError::TooLong(length));
        }
        let more = units(length).saturating_sub(permit.num_permits());
        if more > 0 {
            permit.merge(acquire(pool, more, GROW_TIMEOUT).await?);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

async fn acquire(
    pool: &Arc<Semaphore>,
    units: usize,
    patience: Duration,
) -> Result<OwnedSemaphorePermit, BodyError> {
    let units = u32::try_from(units).map_err(|_too_many| BodyError::OverBudget)?;
    let room = Arc::clone(pool).acquire_many_owned(units);
    match timeout(patience, room).await {
        Ok(Ok(room)) => Ok(room),
        Ok(Err(_)) | Err(_) => Err(BodyError::OverBudget),
    }
}

/// Returns how many units a body of this length takes.
fn units(length: usize) -> usize {
    length.saturating_sub(FREE_BYTES).div_ceil(UNIT_BYTES)
}

async fn next(chunks: &mut BodyDataStream<Body>) -> Result<Option<Bytes>, BodyError> {
    match timeout(STALL_TIMEOUT, chunks.next()).await {
        Ok(None) => Ok(None),
        Ok(Some(Ok(chunk))) => Ok(Some(chunk)),
        Ok(Some(Err(_))) => Err(BodyError::Incomplete),
        Err(_) => Err(BodyError::Timeout),
    }
}

async fn drain(chunks: &mut BodyDataStream<Body>) {
    let mut left = DRAIN_MAX_BYTES;
    while let Ok(Some(chunk)) = next(chunks).await {
        match left.checked_sub(chunk.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt as _, stream};

    use super::*;
    use crate::emulator::content::{full_body, stream_body};

    fn pending() -> Body {
        let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"a"))]);
        stream_body(first.chain(stream::pending()))
    }

    fn chunks(count: usize, length: usize) -> Body {
        let chunk = Bytes::from(vec![0; length]);
        let chunks = std::iter::repeat_n(chunk, count).map(Ok::<_, std::io::Error>);
        stream_body(stream::iter(chunks))
    }

    #[tokio::test]
    async fn a_body_up_to_the_limit_is_read() {
        let budget = BodyBudget::default();
        for body in [full_body("four"), chunks(2, 2)] {
            assert_eq!(budget.read(body, 4).await.unwrap().bytes.len(), 4);
        }
        for body in [full_body("fives"), chunks(5, 1)] {
            assert_eq!(
                budget.read(body, 4).await.unwrap_err(),
                BodyError::TooLong(5)
            );
        }
        let broken = stream::iter([Err::<Bytes, _>(std::io::Error::other("cut"))]);
        let broken = budget.read(stream_body(broken), 4).await;
        assert_eq!(broken.unwrap_err(), BodyError::Incomplete);
        assert_eq!(budget.long.available_permits(), BUDGET_BYTES / UNIT_BYTES);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_is_given_up() {
        let budget = BodyBudget::default();
        assert_eq!(
            budget.read(pending(), 9).await.unwrap_err(),
            BodyError::Timeout
        );
        // A body that keeps trickling in times out too.
        let drop = |()| async {
            tokio::time::sleep(STALL_TIMEOUT / 2).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b"a")), ()))
        };
        let dripping = stream_body(stream::unfold((), drop));
        let read = budget.read(dripping, 1000).await;
        assert_eq!(read.unwrap_err(), BodyError::Timeout);
        assert_eq!(budget.long.available_permits(), BUDGET_BYTES / UNIT_BYTES);
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_that_say_their_length_do_not_wait_for_what_others_hold() {
        let budget = BodyBudget::default();
        let length = BUDGET_BYTES / 3 * 2;
        let reads = (0..3).map(|_| budget.read(full_body(vec![0; length]), length));
        let read = futures_util::future::join_all(reads.map(|read| async {
            let held = read.await.unwrap();
            // Answered after a while.
            tokio::time::sleep(STALL_TIMEOUT / 3).await;
            held.bytes.len()
        }));
        assert_eq!(read.await, [length; 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_wait_for_room_and_not_for_ever() {
        let budget = BodyBudget::default();
        let all = BUDGET_BYTES + FREE_BYTES;
        let most = budget.read(chunks(1, all), all).await.unwrap();
        let long = || budget.read(chunks(1, FREE_BYTES + 1), all);
        assert_eq!(long().await.unwrap_err(), BodyError::OverBudget);
        let mut waiting = Box::pin(long());
        assert!((&mut waiting).now_or_never().is_none());
        // Short ones do not wait behind it.
        for short in [chunks(1, FREE_BYTES), full_body(vec![0; SHORT_BYTES])] {
            assert!(budget.read(short, all).now_or_never().unwrap().is_ok());
        }
        drop(most);
        assert_eq!(waiting.await.unwrap().bytes.len(), FREE_BYTES + 1);
    }
}
