//! Arrays that may be too long. Imports `domain`.
//!
//! An item of three bytes becomes a text of many, so whoever kept all of a long body's would take
//! many times the body's own room.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};

use crate::domain::BULK_MAX_KEYS;

/// An array of which no more is kept than a bulk request may hold; what follows is only counted.
#[derive(Debug)]
pub(super) struct Counted<T> {
    pub(super) items: Vec<T>,
    /// How many there were.
    pub(super) count: usize,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Counted<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Counting(PhantomData))
    }
}

struct Counting<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Counting<T> {
    type Value = Counted<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while items.len() < BULK_MAX_KEYS {
            match seq.next_element()? {
                Some(item) => items.push(item),
                None => break,
            }
        }
        let mut count = items.len();
        while seq.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Counted { items, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_counted_and_not_kept() {
        for count in [0, 3, BULK_MAX_KEYS, BULK_MAX_KEYS + 2] {
            let json = serde_json::to_string(&vec!["a"; count]).unwrap();
            let counted: Counted<String> = serde_json::from_str(&json).unwrap();
            assert_eq!(counted.count, count);
            assert_eq!(counted.items.len(), count.min(BULK_MAX_KEYS));
        }
        assert!(serde_json::from_str::<Counted<String>>("[1]").is_err());
        assert!(serde_json::from_str::<Counted<String>>("[\"a\",").is_err());
        assert!(serde_json::from_str::<Counted<String>>("{}").is_err());
    }
}
