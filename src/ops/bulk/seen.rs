//! Which keys of a run came before, in little memory: the service takes one write a second of each.

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState},
};

/// The keys of a run so far, as hashes, eight bytes each. A collision only costs a second.
#[derive(Default)]
pub(super) struct Seen {
    keys: HashSet<u64, BuildHasherDefault<Hashed>>,
    hasher: RandomState,
}

impl Seen {
    /// Returns whether `key` came before; it has by now.
    pub(super) fn is_again(&mut self, key: &str) -> bool {
        !self.keys.insert(self.hasher.hash_one(key))
    }
}

/// Takes what is a hash already as it is.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_new_once() {
        let mut seen = Seen::default();
        assert_eq!(
            ["a", "b", "a", "b"].map(|key| seen.is_again(key)),
            [false, false, true, true]
        );
    }
}
