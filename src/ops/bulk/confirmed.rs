//! Which keys of a list a resumed copy skips: those in ranges that an earlier run confirmed, if the
//! list still has the same keys there. If a range changed, all its keys are copied again.
//!
//! Only keys are compared: a changed value is not detected. Pure.

use std::{collections::BTreeMap, iter::Peekable, vec};

use sha2::{Digest as _, Sha256};

use super::{
    journal::{Done, Line},
    read::Listed,
};
use crate::domain::{BULK_MAX_KEYS, hex};

/// A checksum of keys, in their order.
#[derive(Debug, Clone, Default)]
pub struct KeySum(Sha256);

impl KeySum {
    /// Adds a key.
    pub fn add(&mut self, key: &str) {
        self.0.update(key);
        // No UTF-8 has this byte.
        self.0.update([0xff]);
    }

    /// Returns the checksum.
    pub fn finish(self) -> String {
        let mut sum = hex(&self.0.finalize());
        sum.truncate(32);
        sum
    }
}

/// Takes the keys of confirmed ranges out of a list that is read again, in the order of its keys.
#[derive(Debug)]
pub struct Confirmed {
    ranges: Peekable<vec::IntoIter<Line<String>>>,
    /// The keys of the first range, until it is known whether they are those that were confirmed.
    held: Vec<Listed>,
    /// Whether the first range is known to have others.
    changed: bool,
    passed_over: u64,
    again: u64,
}

impl Confirmed {
    /// Creates one of what an earlier run confirmed.
    pub fn new(done: Done<String>) -> Self {
        let ranges: Vec<_> = latest(done.into_lines()).into_values().collect();
        Self {
            ranges: ranges.into_iter().peekable(),
            held: Vec::new(),
            changed: false,
            passed_over: 0,
            again: 0,
        }
    }

    /// Takes the next part of the list, and returns what to copy, in order, as far as that is
    /// known. Keeps no more than the keys of one range.
    pub fn next(&mut self, page: Vec<Listed>) -> Vec<Listed> {
        let mut left = Vec::new();
        for listed in page {
            let key = listed.key.as_str();
            while let Some(range) = self.ranges.next_if(|range| *range.last < *key) {
                self.close(&range, &mut left);
            }
            match self.ranges.peek() {
                Some(range) if *range.first <= *key => {
                    self.held.push(listed);
                    let most = usize::try_from(range.count).unwrap_or(usize::MAX);
                    self.changed |= self.held.len() > most.min(BULK_MAX_KEYS);
                    if self.changed {
                        self.release(&mut left);
                    }
                }
                Some(_) | None => left.push(listed),
            }
        }
        left
    }

    /// Returns which of the kept keys to copy, after the last part of the list.
    pub fn end(&mut self) -> Vec<Listed> {
        let mut left = Vec::new();
        while let Some(range) = self.ranges.next() {
            self.close(&range, &mut left);
        }
        left
    }

    /// Decides about a range of which all keys are listed.
    fn close(&mut self, range: &Line<String>, left: &mut Vec<Listed>) {
        if std::mem::take(&mut self.changed) || !is_same(range, &self.held) {
            self.release(left);
        } else {
            self.held.clear();
            self.passed_over += range.count;
        }
    }

    /// Has the keys that are kept copied again.
    fn release(&mut self, left: &mut Vec<Listed>) {
        self.again += self.held.len() as u64;
        left.append(&mut self.held);
    }

    /// Returns how many records were confirmed before, in the ranges that are not decided about.
    pub fn left(&self) -> u64 {
        self.ranges.clone().map(|range| range.count).sum()
    }

    /// Returns how many records were confirmed before and are skipped, in the ranges so far.
    pub fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// Returns how many are copied though they lie in a range that was confirmed before.
    pub fn again(&self) -> u64 {
        self.again
    }
}

fn is_same(range: &Line<String>, listed: &[Listed]) -> bool {
    let mut sum = KeySum::default();
    for it in listed {
        sum.add(it.key.as_str());
    }
    range.count == listed.len() as u64 && range.sum.as_ref().is_none_or(|it| *it == sum.finish())
}

/// Returns the ranges that still count, by where they begin. One that was added later took the place
/// of those that it overlaps; nothing is known of what is left of them.
fn latest(lines: Vec<Line<String>>) -> BTreeMap<String, Line<String>> {
    let mut latest: BTreeMap<String, Line<String>> = BTreeMap::new();
    for line in lines.into_iter().rev() {
        let before = latest.range(..=line.last.clone()).next_back();
        if before.is_none_or(|(_, before)| before.last < line.first) {
            latest.insert(line.first.clone(), line);
        }
    }
    latest
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::ops::bulk::{
        journal::run_id::{Input, NamespaceRef, Operation, RunId, Store},
        journal::{Journal, ResumePolicy},
        send::Confirmations as _,
    };

    fn run() -> RunId {
        let end = |id: &str| NamespaceRef {
            store: Store::Account(crate::domain::AccountId::local()),
            namespace: id.repeat(32).parse().unwrap(),
        };
        RunId {
            operation: Operation::Copy,
            from: Some(end("a")),
            to: end("b"),
            input: Input::Prefix(crate::domain::Prefixes::default()),
            content: None,
        }
    }

    fn key(number: u8) -> String {
        format!("k{number:03}\u{e9}\n")
    }

    fn list(keys: impl IntoIterator<Item = u8>) -> Vec<Listed> {
        let keys = (0..).zip(keys);
        let listed = keys.map(|(number, it)| Listed {
            key: key(it).parse().unwrap(),
            expiration: None,
            metadata: None,
            number,
        });
        listed.collect()
    }

    fn line(first: u8, last: u8, count: u64) -> String {
        serde_json::to_string(&(key(first), key(last), count)).unwrap()
    }

    /// Reads `list` in pages against a journal with these lines; returns what is left to copy, and
    /// how many are skipped and copied again.
    fn pass(lines: &[String], listed: &[Listed], page: usize) -> (Vec<String>, u64, u64) {
        let text = lines.join("\n") + "\n";
        let mut confirmed = Confirmed::new(Done::parse(&text));
        let mut left = Vec::new();
        for page in listed.chunks(page) {
            left.extend(confirmed.next(page.to_vec()));
        }
        left.extend(confirmed.end());
        assert!(left.is_sorted_by_key(|it| it.number), "{left:?}");
        let left = left.into_iter().map(|it| it.key.to_string()).collect();
        (left, confirmed.passed_over(), confirmed.again())
    }

    #[test]
    fn a_range_with_another_count_is_copied_again() {
        let journal = [line(3, 6, 4), line(8, 9, 2)];
        for page in [1, 2, 3, 100] {
            let same = pass(&journal, &list([1, 3, 4, 5, 6, 7, 8, 9]), page);
            assert_eq!(same, (vec![key(1), key(7)], 6, 0));
            let more = pass(&journal, &list([3, 4, 5, 6, 8, 9]), page);
            assert_eq!(more, (vec![], 6, 0));
            let journal = [line(3, 6, 3), line(8, 9, 2)];
            let more = pass(&journal, &list([3, 4, 5, 6, 8, 9]), page);
            assert_eq!(more, ([3, 4, 5, 6].map(key).to_vec(), 2, 4));
            let gone = pass(&journal, &list([3, 6, 7, 8, 9]), page);
            assert_eq!(gone, ([3, 6, 7].map(key).to_vec(), 2, 2));
            assert_eq!(pass(&journal, &list([7]), page), (vec![key(7)], 0, 0));
            assert_eq!(pass(&journal, &list([]), page), (vec![], 0, 0));
        }
    }

    #[test]
    fn of_ranges_that_overlap_the_last_one_counts() {
        // Copied again, with a key between: in one batch, or so far only in a part.
        let journal = [line(1, 9, 3), line(1, 9, 4)];
        assert_eq!(pass(&journal, &list([1, 2, 5, 9]), 3), (vec![], 4, 0));
        let journal = [line(1, 9, 3), line(1, 4, 2), line(20, 30, 2)];
        let (left, passed_over, again) = pass(&journal, &list([1, 2, 5, 9, 20, 30]), 3);
        assert_eq!((left, passed_over, again), ([5, 9].map(key).to_vec(), 4, 0));
    }

    #[test]
    fn no_more_than_the_keys_of_a_range_are_kept() {
        let text = format!("{}\n", line(0, 255, 2));
        let mut confirmed = Confirmed::new(Done::parse(&text));
        let mut left = 0;
        for one in list(0..200).chunks(1) {
            left += confirmed.next(one.to_vec()).len();
            assert!(confirmed.held.len() <= 2);
        }
        assert_eq!(left, 200);
        assert_eq!((confirmed.end().len(), confirmed.again()), (0, 200));
    }

    proptest! {
        /// Whatever was confirmed, and whatever was added and removed since: every key that was not
        /// confirmed is copied, and nothing is if nothing changed.
        #[test]
        fn what_is_new_is_copied(
            runs in prop::collection::vec(
                (prop::collection::btree_set(0u8..60, 1..30), prop::collection::vec(0usize..8, 30)),
                1..4,
            ),
            now in prop::collection::btree_set(0u8..60, 0..30),
            page in 1usize..10,
        ) {
            let directory = tempfile::tempdir().unwrap();
            let run = run();
            let mut known = BTreeSet::new();
            for (keys, batches) in &runs {
                let (journal, done) = Journal::open(directory.path(), &run, ResumePolicy::Resume).unwrap();
                let mut journal: Journal<String> = journal;
                let mut confirmed = Confirmed::new(done);
                let listed = list(keys.iter().copied());
                let mut left = confirmed.next(listed);
                left.extend(confirmed.end());
                // Some batches are confirmed, in some order, the others are cut off.
                for batch in [2, 0, 1] {
                    let of = |it: &&Listed| batches[usize::try_from(it.number).unwrap()] == batch;
                    let sent: Vec<_> = left.iter().filter(of).collect();
                    let sent: Vec<_> = sent.iter().map(|it| (it.number, it.key.as_str())).collect();
                    journal.confirmed(&sent).unwrap();
                    known.extend(sent.iter().map(|(_, key)| (*key).to_owned()));
                }
            }
            let opened = Journal::<String>::open(directory.path(), &run, ResumePolicy::Resume);
            let (_journal, done) = opened.unwrap();
            let mut confirmed = Confirmed::new(done);
            let mut left = Vec::new();
            for page in list(now.iter().copied()).chunks(page) {
                left.extend(confirmed.next(page.to_vec()));
            }
            left.extend(confirmed.end());
            prop_assert!(left.is_sorted_by_key(|it| it.number));
            let left: BTreeSet<_> = left.iter().map(|it| it.key.to_string()).collect();
            let listed: BTreeSet<_> = now.iter().map(|it| key(*it)).collect();
            prop_assert!(left.is_subset(&listed));
            for key in listed.difference(&left) {
                prop_assert!(known.contains(key), "{key:?} is passed over");
            }
            prop_assert_eq!(
                confirmed.passed_over(),
                (listed.len() - left.len()) as u64
            );
        }
    }
}
