//! Which keys of a run came before, in little memory: the service takes one write a second of each.

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, RandomState},
};

use crate::domain::KeyName;

/// The keys of a run so far, as hashes, eight bytes each. A collision only costs a second.
#[derive(Default)]
pub(super) struct Seen {
    earlier: HashSet<u64>,
    here: HashSet<u64>,
    hasher: RandomState,
}

/// Whether and where a key came before.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Occurrence {
    First,
    /// In the batch that is being packed.
    InBatch,
    /// In one that was sent.
    Sent,
}

impl Seen {
    /// Returns whether `key` came before; it has by now.
    pub(super) fn occurrence(&mut self, key: &KeyName) -> Occurrence {
        let hash = self.hasher.hash_one(key.as_str());
        if self.earlier.contains(&hash) {
            Occurrence::Sent
        } else if self.here.insert(hash) {
            Occurrence::First
        } else {
            Occurrence::InBatch
        }
    }

    /// Takes note that the batch is sent.
    pub(super) fn sent(&mut self) {
        self.earlier.extend(self.here.drain());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_new_once_and_then_here_until_it_is_sent() {
        let mut seen = Seen::default();
        let key: KeyName = "a".parse().unwrap();
        assert_eq!(seen.occurrence(&key), Occurrence::First);
        assert_eq!(seen.occurrence(&key), Occurrence::InBatch);
        seen.sent();
        assert_eq!(seen.occurrence(&key), Occurrence::Sent);
    }
}
