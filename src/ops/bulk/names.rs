//! Many names of keys in little memory: of each only what differs from the one before. Pure.

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, RandomState},
};

use serde::{Serialize, Serializer};

/// Names of keys, in the order in which they were added; small if that is the order of their bytes.
#[derive(Clone, Default)]
pub struct Names {
    /// For each name: how many bytes it shares with the one before, how many follow, and those.
    packed: Vec<u8>,
    last: String,
    count: usize,
    /// Whether one does not come behind the one before, in the order of their bytes.
    unordered: bool,
}

/// Shows how many there are, and none of them.
impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Names({})", self.count)
    }
}

impl Names {
    /// Adds a name.
    pub fn push(&mut self, name: &str) {
        self.unordered |= self.count > 0 && *name <= *self.last;
        let both = self.last.char_indices().zip(name.chars());
        let shared = both
            .take_while(|((_, a), b)| a == b)
            .last()
            .map_or(0, |((at, a), _)| at + a.len_utf8());
        let rest = &name[shared..];
        push_number(&mut self.packed, shared);
        push_number(&mut self.packed, rest.len());
        self.packed.extend_from_slice(rest.as_bytes());
        self.last.truncate(shared);
        self.last.push_str(rest);
        self.count += 1;
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns the names, each once, where it comes first.
    #[must_use]
    pub fn distinct(self) -> Self {
        if !self.unordered {
            return self;
        }
        let state = RandomState::new();
        let hash = |name: &String| state.hash_one(name);
        let mut all: Vec<u64> = self.iter().map(|name| hash(&name)).collect();
        all.sort_unstable();
        let twice = all.windows(2).filter(|pair| pair[0] == pair[1]);
        let twice: HashSet<u64> = twice.map(|pair| pair[0]).collect();
        drop(all);
        if twice.is_empty() {
            return self;
        }
        let mut seen = HashSet::new();
        let is_first = |name: &String| !twice.contains(&hash(name)) || seen.insert(name.clone());
        self.iter().filter(is_first).collect()
    }

    /// Returns the names in the order of their bytes, each once.
    #[must_use]
    pub fn ordered(self) -> Self {
        if !self.unordered {
            return self;
        }
        let mut text = String::new();
        let mut ends = Vec::with_capacity(self.count);
        for name in self.iter() {
            text.push_str(&name);
            ends.push(text.len());
        }
        drop(self);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let ranges = starts.zip(ends.iter().copied());
        let mut names: Vec<&str> = ranges.map(|(start, end)| &text[start..end]).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().collect()
    }

    /// Returns the names that `other` has too, where both are in the order of their bytes.
    #[must_use]
    pub fn common(&self, other: &Self) -> Self {
        let mut others = other.iter().peekable();
        let is_there = |name: &String| {
            while others.next_if(|other| other < name).is_some() {}
            others.peek() == Some(name)
        };
        self.iter().filter(is_there).collect()
    }

    /// Returns the names, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = String> {
        let mut packed = self.packed.as_slice();
        let mut last = Vec::new();
        std::iter::from_fn(move || {
            let shared = take_number(&mut packed)?;
            let length = take_number(&mut packed)?;
            let rest = packed.split_off(..length)?;
            last.truncate(shared);
            last.extend_from_slice(rest);
            String::from_utf8(last.clone()).ok()
        })
    }
}

impl<S: AsRef<str>> Extend<S> for Names {
    fn extend<T: IntoIterator<Item = S>>(&mut self, names: T) {
        for name in names {
            self.push(name.as_ref());
        }
    }
}

impl<S: AsRef<str>> FromIterator<S> for Names {
    fn from_iter<T: IntoIterator<Item = S>>(names: T) -> Self {
        let mut all = Self::default();
        all.extend(names);
        all
    }
}

impl Serialize for Names {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// Writes a number in as few bytes as it needs, seven bits in each.
fn push_number(bytes: &mut Vec<u8>, mut number: usize) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn take_number(bytes: &mut &[u8]) -> Option<usize> {
    let mut number = 0;
    for shift in (0..usize::BITS).step_by(7) {
        let byte = *bytes.split_off_first()?;
        number |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn all_names_come_out_as_they_went_in(
            names in prop::collection::vec("(a{0,3}|\u{1f600}|é|ê){0,5}[\\x00-\\x7f]{0,2}", 0..40),
            long in "[ab]{500,600}",
        ) {
            let all: Vec<String> = names.iter().cloned().chain([long]).chain(names.clone()).collect();
            let packed: Names = all.iter().collect();
            prop_assert_eq!(packed.len(), all.len());
            prop_assert_eq!(packed.iter().collect::<Vec<_>>(), all);
        }
    }

    proptest! {
        #[test]
        fn repeated_names_are_left_out(
            names in prop::collection::vec("[abé]{0,2}", 0..20),
            other in prop::collection::vec("[abé]{0,2}", 0..20),
        ) {
            let packed: Names = names.iter().collect();
            let mut seen = HashSet::new();
            let first: Vec<_> = names.iter().filter(|name| seen.insert(*name)).cloned().collect();
            prop_assert_eq!(packed.clone().distinct().iter().collect::<Vec<_>>(), first);
            let mut sorted = names.clone();
            sorted.sort_unstable();
            sorted.dedup();
            let ordered = packed.ordered();
            prop_assert_eq!(ordered.iter().collect::<Vec<_>>(), sorted.clone());
            sorted.retain(|name| other.contains(name));
            let other = Names::from_iter(other).ordered();
            prop_assert_eq!(ordered.common(&other).iter().collect::<Vec<_>>(), sorted);
        }
    }

    #[test]
    fn names_in_order_take_little() {
        let names: Names = (0..1000).map(|n| format!("session:{n:09}")).collect();
        assert!(names.packed.len() < 4000, "{}", names.packed.len());
        assert_eq!(
            serde_json::to_string(&Names::from_iter(["a", "ab"])).unwrap(),
            "[\"a\",\"ab\"]"
        );
    }
}
