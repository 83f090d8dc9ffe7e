//! Counting what keys begin with, in bounded memory. Pure.
//!
//! A list is in the order of bytes, so all keys with one prefix are adjacent, and a prefix is
//! counted to its end before the next one begins. Only the most frequent are kept: the counts are
//! exact, and memory does not grow with the number of prefixes.

use std::{cmp::Reverse, collections::BTreeSet};

use serde::Serialize;

/// How many keys there are, and of what sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Tally {
    /// All.
    pub keys: u64,
    /// Those that never expire.
    pub never_expire: u64,
    /// Those that expire within the time that was asked about.
    pub expiring: u64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.keys += other.keys;
        self.never_expire += other.never_expire;
        self.expiring += other.expiring;
    }

    fn subtract(&mut self, other: Self) {
        self.keys = self.keys.saturating_sub(other.keys);
        self.never_expire = self.never_expire.saturating_sub(other.never_expire);
        self.expiring = self.expiring.saturating_sub(other.expiring);
    }
}

/// One prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// What the keys begin with, delimiter included.
    pub prefix: String,
    /// How many begin so.
    #[serde(flatten)]
    pub tally: Tally,
}

/// The most frequent prefixes, and the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// What ends a prefix.
    pub delimiter: String,
    /// How many prefixes there are. Too many, if the list was not in order.
    pub count: u64,
    /// The most frequent ones, most keys first.
    pub top: Vec<Counted>,
    /// The keys of all other prefixes.
    pub other: Tally,
    /// The keys without the delimiter.
    pub none: Tally,
    /// Whether the keys came in the order of their bytes, as they should. If not, a prefix may have
    /// been counted in parts.
    pub in_order: bool,
}

impl Summary {
    /// Counts a key that was counted as `old` as `new` instead.
    pub fn recount(&mut self, name: &str, old: Tally, new: Tally) {
        let end = name
            .find(&self.delimiter)
            .map(|at| at + self.delimiter.len());
        let tally = match end {
            None => &mut self.none,
            Some(end) => {
                let is_its = |it: &&mut Counted| it.prefix == name[..end];
                match self.top.iter_mut().find(is_its) {
                    Some(counted) => &mut counted.tally,
                    None => &mut self.other,
                }
            }
        };
        tally.subtract(old);
        tally.add(new);
    }
}

/// Counts prefixes up to and with the first delimiter.
#[derive(Debug)]
pub struct PrefixCounter {
    delimiter: String,
    most: usize,
    /// By the number of keys, then by name.
    top: BTreeSet<(u64, Reverse<String>, Tally)>,
    current: Option<Counted>,
    count: u64,
    other: Tally,
    none: Tally,
    in_order: bool,
}

impl PrefixCounter {
    /// Counts what ends with `delimiter`, and keeps the `most` frequent.
    pub fn new(delimiter: &str, most: usize) -> Self {
        Self {
            delimiter: delimiter.to_owned(),
            most,
            top: BTreeSet::new(),
            current: None,
            count: 0,
            other: Tally::default(),
            none: Tally::default(),
            in_order: true,
        }
    }

    /// Counts a key, the next in the order of bytes.
    pub fn take(&mut self, name: &str, tally: Tally) {
        let Some(at) = name.find(&self.delimiter) else {
            self.none.add(tally);
            return;
        };
        let prefix = &name[..at + self.delimiter.len()];
        if let Some(current) = &mut self.current {
            if current.prefix == prefix {
                current.tally.add(tally);
                return;
            }
            self.in_order &= *current.prefix < *prefix;
        }
        self.close();
        self.current = Some(Counted {
            prefix: prefix.to_owned(),
            tally,
        });
    }

    /// Files the current prefix, and drops the least frequent if there are too many.
    fn close(&mut self) {
        let Some(Counted { prefix, tally }) = self.current.take() else {
            return;
        };
        self.count += 1;
        if !self.top.insert((tally.keys, Reverse(prefix), tally)) {
            // Only a list out of order has one prefix twice.
            self.other.add(tally);
        }
        if self.top.len() > self.most
            && let Some((.., least)) = self.top.pop_first()
        {
            self.other.add(least);
        }
    }

    /// How many prefixes are held.
    #[cfg(test)]
    fn held(&self) -> usize {
        self.top.len() + usize::from(self.current.is_some())
    }

    /// Returns the counts.
    pub fn finish(mut self) -> Summary {
        self.close();
        let top = self.top.into_iter().rev();
        let top = top.map(|(_, Reverse(prefix), tally)| Counted { prefix, tally });
        Summary {
            delimiter: self.delimiter,
            count: self.count,
            top: top.collect(),
            other: self.other,
            none: self.none,
            in_order: self.in_order,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const ONE: Tally = Tally {
        keys: 1,
        never_expire: 1,
        expiring: 0,
    };

    #[test]
    fn ties_go_by_name_and_what_is_out_of_order_is_said() {
        let mut prefixes = PrefixCounter::new(":", 2);
        for name in ["a:1", "b:1", "c:1", "c:2", "plain"] {
            prefixes.take(name, ONE);
        }
        let summary = prefixes.finish();
        let top: Vec<_> = summary
            .top
            .iter()
            .map(|c| (&*c.prefix, c.tally.keys))
            .collect();
        assert_eq!(top, [("c:", 2), ("a:", 1)]);
        assert_eq!(
            (summary.count, summary.other.keys, summary.none.keys),
            (3, 1, 1)
        );
        assert!(summary.in_order);
        let mut prefixes = PrefixCounter::new(":", 2);
        for name in ["b:1", "a:1", "b:2"] {
            prefixes.take(name, ONE);
        }
        assert!(!prefixes.finish().in_order);
    }

    proptest! {
        /// Whatever the keys: no more is held than was asked for and one, and every count is what
        /// counting them all in a table gives.
        #[test]
        fn counts_are_exact_and_bounded(
            keys in prop::collection::btree_set("[ab:é]{1,6}", 0..200),
            delimiter in prop::sample::select(vec![":", "a", "ab", "aa", "::", "é"]),
            most in 1_usize..6,
        ) {
            let keys: BTreeSet<String> = keys;
            let mut prefixes = PrefixCounter::new(delimiter, most);
            let mut table: BTreeMap<&str, u64> = BTreeMap::new();
            let mut none = 0;
            for key in &keys {
                prefixes.take(key, ONE);
                prop_assert!(prefixes.held() <= most + 1);
                match key.split_once(delimiter) {
                    Some((head, _)) => {
                        *table.entry(&key[..head.len() + delimiter.len()]).or_default() += 1;
                    }
                    None => none += 1,
                }
            }
            let summary = prefixes.finish();
            let mut expected: Vec<_> = table.iter().map(|(p, n)| (*p, *n)).collect();
            expected.sort_by_key(|(prefix, count)| (Reverse(*count), *prefix));
            let rest: u64 = expected.iter().skip(most).map(|(_, n)| n).sum();
            expected.truncate(most);
            let top: Vec<_> = summary.top.iter().map(|c| (&*c.prefix, c.tally.keys)).collect();
            prop_assert_eq!(top, expected);
            prop_assert_eq!(summary.count, table.len() as u64);
            prop_assert_eq!((summary.other.keys, summary.none.keys), (rest, none));
            prop_assert!(summary.in_order);
        }
    }
}
