//! Reading bodies, and never holding more of them at once than there is room for. Imports nothing
//! of this crate.

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

/// How much of all long bodies together is held at once.
pub(super) const ROOM_BYTES: usize = 128 * 1024 * 1024;

/// How much of all short bodies together is held at once.
const SHORT_ROOM_BYTES: usize = 32 * 1024 * 1024;

/// How long a body is that is short. Those have a room of their own, so that they need not wait for
/// long ones that are slow.
const SHORT_BYTES: usize = 1024 * 1024;

/// What of each body takes no room: so much a connection has anyway.
const FREE_BYTES: usize = 64 * 1024;

/// What room is counted in.
const UNIT_BYTES: usize = 1024;

/// How long a body may stand still, and wait for room.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a body waits for more room that has some: others may wait for that.
const HASTE: Duration = Duration::from_secs(3);

/// How slow a body may be on the whole, in bytes a second.
const SLOWEST: usize = 256 * 1024;

/// How much of a body that is too long is taken in and thrown away: a client that is still sending
/// would miss the answer.
const DRAIN_MAX_BYTES: usize = 512 * 1024 * 1024;

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It is longer than allowed: so many bytes, or at least so many.
    TooLong(usize),
    /// Other bodies fill the room.
    NoRoom,
    /// It stood still.
    TooSlow,
    /// It ended too early.
    Broken,
}

/// The room for all bodies.
#[derive(Debug)]
pub(super) struct Room {
    long: Arc<Semaphore>,
    short: Arc<Semaphore>,
}

/// A body, and the room that it takes up until this is dropped.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) bytes: Bytes,
    room: OwnedSemaphorePermit,
}

impl Default for Room {
    fn default() -> Self {
        let of = |bytes| Arc::new(Semaphore::new(bytes / UNIT_BYTES));
        Self {
            long: of(ROOM_BYTES),
            short: of(SHORT_ROOM_BYTES),
        }
    }
}

impl Room {
    /// Reads `body` to its end, if that is at most `limit` bytes away.
    ///
    /// One that says how long it is gets all its room before it is read, so that two of them never
    /// wait for what the other holds. One that does not gets it bit by bit, and does not wait long.
    pub(super) async fn read(&self, body: Body, limit: usize) -> Result<Held, Trouble> {
        let announced = body.size_hint().exact().and_then(|n| n.try_into().ok());
        let mut chunks = body.into_data_stream();
        if let Some(length) = announced.filter(|length| *length > limit) {
            drain(&mut chunks).await;
            return Err(Trouble::TooLong(length));
        }
        let lane = match announced {
            Some(length) if length <= SHORT_BYTES => &self.short,
            _ => &self.long,
        };
        let room = take(lane, units(announced.unwrap_or_default()), PATIENCE);
        let mut held = Held {
            bytes: Bytes::new(),
            room: room.await?,
        };
        let bytes = BytesMut::with_capacity(announced.unwrap_or_default());
        let time = PATIENCE + Duration::from_secs((announced.unwrap_or(limit) / SLOWEST) as u64);
        let read = fill(lane, &mut held.room, bytes, &mut chunks, limit);
        match timeout(time, read).await {
            Err(_) => Err(Trouble::TooSlow),
            Ok(Err(Trouble::TooLong(length))) => {
                drop(held);
                drain(&mut chunks).await;
                Err(Trouble::TooLong(length))
            }
            Ok(Err(trouble)) => Err(trouble),
            Ok(Ok(bytes)) => {
                held.bytes = bytes;
                Ok(held)
            }
        }
    }
}

/// Reads all of a body that is at most `limit` bytes long, and takes the room that it needs.
async fn fill(
    lane: &Arc<Semaphore>,
    room: &mut OwnedSemaphorePermit,
    mut bytes: BytesMut,
    chunks: &mut BodyDataStream<Body>,
    limit: usize,
) -> Result<Bytes, Trouble> {
    while let Some(chunk) = next(chunks).await? {
        let length = bytes.len() + chunk.len();
        if length > limit {
            return Err(Trouble::TooLong(length));
        }
        let more = units(length).saturating_sub(room.num_permits());
        if more > 0 {
            room.merge(take(lane, more, HASTE).await?);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

async fn take(
    lane: &Arc<Semaphore>,
    units: usize,
    patience: Duration,
) -> Result<OwnedSemaphorePermit, Trouble> {
    let units = u32::try_from(units).map_err(|_too_many| Trouble::NoRoom)?;
    let room = Arc::clone(lane).acquire_many_owned(units);
    match timeout(patience, room).await {
        Ok(Ok(room)) => Ok(room),
        Ok(Err(_)) | Err(_) => Err(Trouble::NoRoom),
    }
}

/// Returns how much room a body of this length takes up.
fn units(length: usize) -> usize {
    length.saturating_sub(FREE_BYTES).div_ceil(UNIT_BYTES)
}

async fn next(chunks: &mut BodyDataStream<Body>) -> Result<Option<Bytes>, Trouble> {
    match timeout(PATIENCE, chunks.next()).await {
        Ok(None) => Ok(None),
        Ok(Some(Ok(chunk))) => Ok(Some(chunk)),
        Ok(Some(Err(_))) => Err(Trouble::Broken),
        Err(_) => Err(Trouble::TooSlow),
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
        let room = Room::default();
        for body in [full_body("four"), chunks(2, 2)] {
            assert_eq!(room.read(body, 4).await.unwrap().bytes.len(), 4);
        }
        for body in [full_body("fives"), chunks(5, 1)] {
            assert_eq!(room.read(body, 4).await.unwrap_err(), Trouble::TooLong(5));
        }
        let broken = stream::iter([Err::<Bytes, _>(std::io::Error::other("cut"))]);
        let broken = room.read(stream_body(broken), 4).await;
        assert_eq!(broken.unwrap_err(), Trouble::Broken);
        assert_eq!(room.long.available_permits(), ROOM_BYTES / UNIT_BYTES);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_is_given_up() {
        let room = Room::default();
        assert_eq!(room.read(pending(), 9).await.unwrap_err(), Trouble::TooSlow);
        // Nor does one last for ever that always moves a little.
        let drop = |()| async {
            tokio::time::sleep(PATIENCE / 2).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b"a")), ()))
        };
        let dripping = stream_body(stream::unfold((), drop));
        let read = room.read(dripping, 1000).await;
        assert_eq!(read.unwrap_err(), Trouble::TooSlow);
        assert_eq!(room.long.available_permits(), ROOM_BYTES / UNIT_BYTES);
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_that_say_their_length_do_not_wait_for_what_others_hold() {
        let room = Room::default();
        let length = ROOM_BYTES / 3 * 2;
        let reads = (0..3).map(|_| room.read(full_body(vec![0; length]), length));
        let read = futures_util::future::join_all(reads.map(|read| async {
            let held = read.await.unwrap();
            // Answered after a while.
            tokio::time::sleep(PATIENCE / 3).await;
            held.bytes.len()
        }));
        assert_eq!(read.await, [length; 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_wait_for_room_and_not_for_ever() {
        let room = Room::default();
        let all = ROOM_BYTES + FREE_BYTES;
        let most = room.read(chunks(1, all), all).await.unwrap();
        let long = || room.read(chunks(1, FREE_BYTES + 1), all);
        assert_eq!(long().await.unwrap_err(), Trouble::NoRoom);
        let mut waiting = Box::pin(long());
        assert!((&mut waiting).now_or_never().is_none());
        // Short ones do not wait behind it.
        for short in [chunks(1, FREE_BYTES), full_body(vec![0; SHORT_BYTES])] {
            assert!(room.read(short, all).now_or_never().unwrap().is_ok());
        }
        drop(most);
        assert_eq!(waiting.await.unwrap().bytes.len(), FREE_BYTES + 1);
    }
}
