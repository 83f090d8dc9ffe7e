//! Arrays of limited length. Imports `domain`.
//!
//! A small item takes much more memory when parsed, so keeping all items of a long body would take many
//! times its size.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};

use crate::domain::BULK_MAX_KEYS;

/// An array of which no more is kept than a bulk request may hold; what follows is only counted.
#[derive(Debug)]
pub(super) struct CappedArray<T> {
    pub(super) items: Vec<T>,
    /// How many there were.
    pub(super) count: usize,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for CappedArray<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(CappedArrayVisitor(PhantomData))
    }
}

struct CappedArrayVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for CappedArrayVisitor<T> {
    type Value = CappedArray<T>;

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
        Ok(CappedArray { items, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_counted_and_not_kept() {
        for count in [0, 3, BULK_MAX_KEYS, BULK_MAX_KEYS + 2] {
            let json = serde_json::to_string(&vec!["a"; count]).unwrap();
            let capped: CappedArray<String> = serde_json::from_str(&json).unwrap();
            assert_eq!(capped.count, count);
            assert_eq!(capped.items.len(), count.min(BULK_MAX_KEYS));
        }
        assert!(serde_json::from_str::<CappedArray<String>>("[1]").is_err());
        assert!(serde_json::from_str::<CappedArray<String>>("[\"a\",").is_err());
        assert!(serde_json::from_str::<CappedArray<String>>("{}").is_err());
    }
}
