//! Packing records into the bodies of bulk writes, or keys into those of bulk deletions, by count
//! and by bytes, and taking them apart again. Pure.

use std::ops::Range;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;

use crate::{api::Lifetime, domain::Record, wire::BulkEntry};

/// How much goes into one body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// How many keys at most.
    pub keys: usize,
    /// How many bytes of JSON at most.
    pub bytes: usize,
}

/// The body of one bulk request, and the byte range of each key in it.
///
/// A body can be split by copying byte ranges, so nothing is encoded twice, and the records need
/// not be kept.
#[derive(Clone)]
pub struct Batch {
    body: Vec<u8>,
    items: Vec<Item>,
}

#[derive(Clone)]
struct Item {
    key: String,
    /// Its JSON within the body.
    at: Range<usize>,
    /// Its number in the input, from 0.
    number: u64,
}

/// Shows no value: they may be secrets.
impl std::fmt::Debug for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Batch({} keys, {} bytes)",
            self.items.len(),
            self.body.len()
        )
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            body: vec![b'['],
            items: Vec::new(),
        }
    }
}

/// One record or key, encoded as the bulk endpoint takes it.
pub struct Encoded<'a> {
    key: &'a str,
    json: &'a [u8],
    number: u64,
}

impl<'a> Encoded<'a> {
    /// Encodes a record to be written, to live so long: text as it is, anything else in base64. What
    /// `space` held is lost.
    pub fn record(
        record: &'a Record,
        lifetime: Lifetime,
        number: u64,
        space: &'a mut Vec<u8>,
    ) -> serde_json::Result<Self> {
        let text = str::from_utf8(&record.value);
        let base64 = text.map_or_else(|_binary| STANDARD.encode(&record.value), |_| String::new());
        let (expiration, expiration_ttl) = match lifetime {
            Lifetime::Unlimited => (None, None),
            Lifetime::For(ttl) => (None, Some(ttl.seconds().into())),
            Lifetime::Until(at) => (Some(at.unix_seconds()), None),
        };
        let entry = BulkEntry {
            key: record.key.as_str(),
            value: text.unwrap_or(&base64),
            base64: text.is_err(),
            expiration,
            expiration_ttl,
            metadata: record.metadata.clone(),
        };
        space.clear();
        serde_json::to_writer(&mut *space, &entry)?;
        Ok(Self {
            key: record.key.as_str(),
            json: space,
            number,
        })
    }

    /// Encodes the name of a key to be deleted. What `space` held is lost.
    pub fn name(key: &'a str, number: u64, space: &'a mut Vec<u8>) -> serde_json::Result<Self> {
        space.clear();
        serde_json::to_writer(&mut *space, key)?;
        Ok(Self {
            key,
            json: space,
            number,
        })
    }

    /// Returns how many bytes it takes in a body.
    pub fn len(&self) -> usize {
        self.json.len() + 1
    }

    /// Whether it takes no bytes, which is never.
    pub fn is_empty(&self) -> bool {
        false
    }
}

impl Batch {
    /// Whether `next` fits. Into an empty batch anything does: what does not fit alone fits nowhere.
    pub fn has_room(&self, next: &Encoded<'_>, capacity: Capacity) -> bool {
        self.items.is_empty()
            || (self.items.len() < capacity.keys && self.body.len() + next.len() < capacity.bytes)
    }

    /// Adds a record or key.
    pub fn push(&mut self, next: &Encoded<'_>) {
        if !self.items.is_empty() {
            self.body.push(b',');
        }
        let start = self.body.len();
        self.body.extend_from_slice(next.json);
        let at = start..self.body.len();
        self.items.push(Item {
            key: next.key.to_owned(),
            at,
            number: next.number,
        });
    }

    /// Takes out this key and returns its number, if it is there.
    pub fn remove(&mut self, key: &str) -> Option<u64> {
        let number = self.items.iter().find(|item| item.key == key)?.number;
        *self = self.pick(|other| other != key);
        Some(number)
    }

    /// Returns how many keys it has.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether it has no keys.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Returns how many bytes its body has.
    pub fn bytes(&self) -> usize {
        self.body.len() + 1
    }

    /// Returns the keys, each with its number in the input.
    pub fn into_keys(self) -> impl Iterator<Item = (u64, String)> {
        self.items.into_iter().map(|item| (item.number, item.key))
    }

    /// Returns the body, to be sent.
    pub fn body(&self) -> Bytes {
        let mut body = Vec::with_capacity(self.bytes());
        body.extend_from_slice(&self.body);
        body.push(b']');
        body.into()
    }

    /// Returns the keys that `wanted` picks, as a batch of their own.
    #[must_use]
    pub fn pick(&self, wanted: impl Fn(&str) -> bool) -> Self {
        self.copy(self.items.iter().filter(|item| wanted(&item.key)))
    }

    /// Splits it in the middle.
    pub fn halves(&self) -> [Self; 2] {
        let (first, second) = self.items.split_at(self.items.len().div_ceil(2));
        [self.copy(first.iter()), self.copy(second.iter())]
    }

    fn copy<'a>(&'a self, items: impl Iterator<Item = &'a Item>) -> Self {
        let mut copy = Self::default();
        for item in items {
            copy.push(&Encoded {
                key: &item.key,
                json: &self.body[item.at.clone()],
                number: item.number,
            });
        }
        copy
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(key: &str, value: &[u8]) -> Record {
        Record {
            key: key.parse().unwrap(),
            value: Bytes::copy_from_slice(value),
            expiration: None,
            metadata: None,
        }
    }

    fn decoded(batch: &Batch) -> Vec<(String, Vec<u8>)> {
        let entries: Vec<BulkEntry> = serde_json::from_slice(&batch.body()).unwrap();
        let value = |e: &BulkEntry| {
            let plain = e.value.clone().into_bytes();
            if e.base64 {
                STANDARD.decode(plain).unwrap()
            } else {
                plain
            }
        };
        entries.iter().map(|e| (e.key.clone(), value(e))).collect()
    }

    proptest! {
        /// Whatever is packed, every batch is within its capacity and all pairs come out, in order.
        #[test]
        fn batches_keep_to_their_capacity_and_lose_nothing(
            values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 1..60),
            keys in 1usize..20,
            bytes in 200usize..2000,
        ) {
            let capacity = Capacity { keys, bytes };
            let mut batches = vec![Batch::default()];
            let mut expected = Vec::new();
            for (number, value) in values.iter().enumerate() {
                let key = format!("k{number}/\u{1f600}\"");
                expected.push((key.clone(), value.clone()));
                let (record, mut space) = (record(&key, value), b"before".to_vec());
                let next = Encoded::record(&record, Lifetime::Unlimited, number as u64, &mut space).unwrap();
                if !batches.last().unwrap().has_room(&next, capacity) {
                    batches.push(Batch::default());
                }
                batches.last_mut().unwrap().push(&next);
            }
            for batch in &batches {
                prop_assert!(batch.len() <= keys);
                prop_assert!(batch.len() == 1 || batch.bytes() <= bytes);
                prop_assert_eq!(batch.bytes(), batch.body().len());
                let [a, b] = batch.halves();
                let halves: Vec<_> = decoded(&a).into_iter().chain(decoded(&b)).collect();
                prop_assert_eq!(halves, decoded(batch));
            }
            let all: Vec<_> = batches.iter().flat_map(decoded).collect();
            prop_assert_eq!(all, expected);
        }
    }

    #[test]
    fn what_was_not_written_is_picked_out() {
        let mut batch = Batch::default();
        for (number, key) in ["a", "b", "c"].into_iter().enumerate() {
            let (record, mut space) = (record(key, key.as_bytes()), Vec::new());
            let next =
                Encoded::record(&record, Lifetime::Unlimited, number as u64, &mut space).unwrap();
            batch.push(&next);
        }
        let left = batch.pick(|key| key != "b");
        assert_eq!(
            decoded(&left),
            [("a".into(), b"a".to_vec()), ("c".into(), b"c".to_vec())]
        );
        assert_eq!(
            left.into_keys()
                .map(|(number, _)| number)
                .collect::<Vec<_>>(),
            [0, 2]
        );
    }
}
