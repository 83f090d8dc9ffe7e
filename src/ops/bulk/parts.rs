//! In which parts a batch is sent that the service does not take whole, and how many requests that may
//! take. Pure.

use super::batch::Batch;
use crate::wire::BulkResult;

/// How many further requests are made for a batch that the service refused, to find what it refuses of
/// it. One record among 10,000 takes 28.
pub const REFUSED_REQUESTS_MAX: usize = 40;

/// The maximum number of extra requests for a batch that is too large for the service.
pub const TOO_MUCH_REQUESTS_MAX: usize = 1000;

/// What is said of keys whose batch was refused, where those requests were not enough.
pub(super) const NOT_SENT: &str = "not sent: the service refused the requests that contained it";

/// What is said of keys of which the service confirmed some, and did not name the others.
pub(super) const UNACCOUNTED: &str = "not confirmed: the service counted fewer keys than were sent";

/// Whether an answer accounts for all `sent` keys of a request, of which it names `known` as
/// unsuccessful, and `named` in all. A service of before November 2024 counts nothing.
pub(super) fn accounts_for(result: &BulkResult, sent: usize, named: usize, known: usize) -> bool {
    match result.successful_key_count {
        Some(count) => count >= sent - known,
        None => named == known,
    }
}

/// The parts of one batch that are still to be sent.
pub(super) struct Parts {
    /// Each with whether it was part of a request that was refused.
    waiting: Vec<(Batch, bool)>,
    refused_left: usize,
    too_much_left: usize,
    /// What is not sent any more.
    pub(super) not_sent: Vec<Batch>,
}

impl Parts {
    pub(super) fn new(batch: Batch) -> Self {
        Self {
            waiting: vec![(batch, false)],
            refused_left: REFUSED_REQUESTS_MAX,
            // One more for the batch itself.
            too_much_left: TOO_MUCH_REQUESTS_MAX + 1,
            not_sent: Vec::new(),
        }
    }

    /// Returns the largest part that may be sent, to leave little unsent in the end.
    pub(super) fn next(&mut self) -> Option<(Batch, bool)> {
        loop {
            let sizes = self.waiting.iter().enumerate();
            // Of parts of one size the first, which is the last one found from behind.
            let (at, _) = sizes.rev().max_by_key(|(_, (batch, _))| batch.len())?;
            let (batch, after_refusal) = self.waiting.remove(at);
            let left = if after_refusal {
                &mut self.refused_left
            } else {
                &mut self.too_much_left
            };
            match left.checked_sub(1) {
                Some(fewer) => {
                    *left = fewer;
                    return Some((batch, after_refusal));
                }
                None => self.not_sent.push(batch),
            }
        }
    }

    pub(super) fn put_back(&mut self, halves: [Batch; 2], after_refusal: bool) {
        self.waiting
            .extend(halves.map(|half| (half, after_refusal)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::bulk::batch::{Encoded, Packing};

    fn batch(keys: u64) -> Batch {
        let mut batch = Packing::default();
        for number in 0..keys {
            let (key, mut space) = (format!("k{number}"), Vec::new());
            batch.push(&Encoded::name(&key, number, &mut space).unwrap());
        }
        batch.into()
    }

    /// Sends a batch to a service that refuses every request with one of the `bad` keys. Returns how
    /// many requests that took, and the keys that were confirmed, refused by themselves, and not sent.
    fn sent(keys: u64, bad: &[u64]) -> (usize, [usize; 3]) {
        let mut parts = Parts::new(batch(keys));
        let (mut requests, mut confirmed, mut refused) = (0, 0, 0);
        while let Some((batch, _)) = parts.next() {
            requests += 1;
            let size = batch.len();
            let fits = !batch.keys().any(|(number, _)| bad.contains(&number));
            if fits {
                confirmed += size;
            } else if size == 1 {
                refused += 1;
            } else {
                parts.put_back(batch.halves(), true);
            }
        }
        let not_sent = parts.not_sent.iter().map(Batch::len).sum();
        (requests, [confirmed, refused, not_sent])
    }

    #[test]
    fn one_bad_record_is_found_among_ten_thousand() {
        let (requests, outcome) = sent(10_000, &[4711]);
        assert_eq!(outcome, [9999, 1, 0]);
        assert!(requests <= 29, "{requests}");
        assert_eq!(sent(10_000, &[]), (1, [10_000, 0, 0]));
    }

    #[test]
    fn what_is_refused_whatever_is_in_it_has_a_bound() {
        for keys in [400, 10_000] {
            let all: Vec<u64> = (0..keys).collect();
            let (requests, [confirmed, refused, not_sent]) = sent(keys, &all);
            assert_eq!(requests, 1 + REFUSED_REQUESTS_MAX);
            assert_eq!(confirmed + refused + not_sent, all.len());
        }
        // Of a few bad ones among many, most of the good are sent all the same.
        let (_, [confirmed, ..]) = sent(10_000, &[1, 3000, 6000, 9000]);
        assert!(confirmed > 9000, "{confirmed}");
    }

    #[test]
    fn a_count_that_is_too_low_or_a_foreign_name_leaves_all_open() {
        let accounted = |count, named: &[&str], known| {
            let result = BulkResult {
                successful_key_count: count,
                unsuccessful_keys: named.iter().map(|&key| key.to_owned()).collect(),
            };
            accounts_for(&result, 3, named.len(), known)
        };
        assert!(accounted(None, &[], 0), "an old service");
        assert!(accounted(Some(3), &[], 0));
        assert!(accounted(Some(2), &["a"], 1));
        assert!(accounted(Some(0), &["a", "b", "c"], 3));
        assert!(accounted(None, &["a"], 1));
        assert!(!accounted(Some(0), &[], 0));
        assert!(!accounted(Some(1), &["a"], 1));
        assert!(!accounted(Some(2), &["%61"], 0));
        assert!(!accounted(None, &["%61"], 0));
    }
}
