//! Reading on a thread of its own, a little ahead, so that requests are sent meanwhile.

use std::{future, panic};

use futures_util::{Stream, StreamExt as _, stream};
use tokio::{sync::mpsc, task};

/// How many items are handed over at once, at most.
const ITEMS: usize = 256;

/// So many bytes are enough to be handed over at once.
const BYTES: usize = 1 << 20;

/// Returns what `next` returns, in order, until that is nothing or an error. It runs on a thread of its
/// own, which ends early when the stream is dropped. `size` says how many bytes an item takes.
pub(super) fn ahead<T, E>(
    next: impl FnMut() -> Result<Option<T>, E> + Send + 'static,
    size: impl Fn(&T) -> usize + Send + 'static,
) -> impl Stream<Item = Result<T, E>>
where
    T: Send + 'static,
    E: Send + 'static,
{
    let (sender, receiver) = mpsc::channel(1);
    let thread = task::spawn_blocking(move || read(next, size, &sender));
    let parts = stream::unfold(Some((receiver, thread)), async |reading| {
        let (mut receiver, thread) = reading?;
        // However fast the thread is, requests that are under way are attended to between two parts.
        task::yield_now().await;
        if let Some(part) = receiver.recv().await {
            return Some((stream::iter(part), Some((receiver, thread))));
        }
        match thread.await.map_err(task::JoinError::try_into_panic) {
            Ok(()) => None,
            // It must not look like the end.
            Err(Ok(panicked)) => panic::resume_unwind(panicked),
            // The runtime ends, and with it whoever waits here.
            Err(Err(_cancelled)) => future::pending().await,
        }
    });
    parts.flatten()
}

fn read<T, E>(
    mut next: impl FnMut() -> Result<Option<T>, E>,
    size: impl Fn(&T) -> usize,
    sender: &mpsc::Sender<Vec<Result<T, E>>>,
) {
    let mut over = false;
    while !over {
        let (mut part, mut bytes) = (Vec::new(), 0);
        while !over && part.len() < ITEMS && bytes < BYTES {
            let Some(item) = next().transpose() else {
                over = true;
                break;
            };
            over = item.is_err();
            bytes += item.as_ref().map_or(0, &size);
            part.push(item);
        }
        if sender.blocking_send(part).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    use super::*;

    #[tokio::test]
    async fn everything_comes_in_order_up_to_an_error() {
        for count in [0, 1, ITEMS, ITEMS + 1, 5 * ITEMS + 7] {
            for error in [false, true] {
                let mut number = 0;
                let next = move || {
                    number += 1;
                    match number {
                        _ if number <= count => Ok(Some(number)),
                        _ if error => Err(number),
                        _ => Ok(None),
                    }
                };
                let read: Vec<_> = ahead(next, |_| BYTES / 3).collect().await;
                let mut expected: Vec<_> = (1..=count).map(Ok).collect();
                expected.extend(error.then_some(Err(count + 1)));
                assert_eq!(read, expected);
            }
        }
    }

    #[tokio::test]
    async fn no_more_is_read_ahead_than_three_parts() {
        let read = Arc::new(AtomicUsize::new(0));
        let count = read.clone();
        let next = move || Ok::<_, ()>(Some(count.fetch_add(1, Ordering::SeqCst)));
        let mut items = pin!(ahead(next, |_| BYTES));
        for number in 0..20 {
            assert_eq!(items.next().await, Some(Ok(number)));
            assert!(read.load(Ordering::SeqCst) <= number + 3);
        }
    }

    #[tokio::test]
    #[should_panic(expected = "broken")]
    async fn a_reader_that_panics_is_no_end() {
        let mut number = 0;
        let next = move || {
            number += 1;
            assert!(number < 10, "broken");
            Ok::<_, ()>(Some(number))
        };
        let all = ahead(next, |_| 1).count();
        drop(tokio::time::timeout(Duration::from_mins(1), all).await);
    }
}
