//! Packing records into the bodies of bulk writes, by count and by bytes, and taking them apart
//! again. Pure.

use std::ops::Range;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;

use crate::{
    domain::{KeyName, Record},
    wire::BulkEntry,
};

/// How much goes into one body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// How many pairs at most.
    pub pairs: usize,
    /// How many bytes of JSON at most.
    pub bytes: usize,
}

/// The body of one bulk write, and where each pair stands in it.
///
/// A body can be taken apart by copying byte ranges, so nothing is encoded twice, and the records
/// need not be kept.
#[derive(Clone)]
pub struct Batch {
    body: Vec<u8>,
    pairs: Vec<Pair>,
}

#[derive(Clone)]
struct Pair {
    key: KeyName,
    /// Its JSON object within the body.
    at: Range<usize>,
    /// Its number in the input, from 0.
    number: u64,
}

/// Shows no value: they may be secrets.
impl std::fmt::Debug for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Batch({} pairs, {} bytes)",
            self.pairs.len(),
            self.body.len()
        )
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            body: vec![b'['],
            pairs: Vec::new(),
        }
    }
}

/// One record, encoded as the bulk endpoint takes it.
pub struct Encoded {
    key: KeyName,
    json: Vec<u8>,
    number: u64,
}

impl Encoded {
    /// Encodes a record: text as it is, anything else in base64.
    pub fn new(record: &Record, number: u64) -> serde_json::Result<Self> {
        let text = str::from_utf8(&record.value);
        let entry = BulkEntry {
            key: record.key.to_string(),
            value: text.map_or_else(|_binary| STANDARD.encode(&record.value), str::to_owned),
            base64: text.is_err(),
            expiration: record
                .expiration
                .map(crate::domain::Expiration::unix_seconds),
            expiration_ttl: None,
            metadata: record.metadata.clone(),
        };
        Ok(Self {
            key: record.key.clone(),
            json: serde_json::to_vec(&entry)?,
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
    pub fn has_room(&self, next: &Encoded, capacity: Capacity) -> bool {
        self.pairs.is_empty()
            || (self.pairs.len() < capacity.pairs && self.body.len() + next.len() < capacity.bytes)
    }

    /// Adds a pair.
    pub fn push(&mut self, next: Encoded) {
        if !self.pairs.is_empty() {
            self.body.push(b',');
        }
        let start = self.body.len();
        self.body.extend_from_slice(&next.json);
        let at = start..self.body.len();
        self.pairs.push(Pair {
            key: next.key,
            at,
            number: next.number,
        });
    }

    /// Takes out the pair with this key and returns its number, if there is one.
    pub fn remove(&mut self, key: &KeyName) -> Option<u64> {
        let number = self.pairs.iter().find(|pair| pair.key == *key)?.number;
        *self = self.pick(|other| other != key);
        Some(number)
    }

    /// Returns how many pairs it has.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether it has no pairs.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Returns how many bytes its body has.
    pub fn bytes(&self) -> usize {
        self.body.len() + 1
    }

    /// Returns the keys.
    pub fn keys(&self) -> impl Iterator<Item = &KeyName> {
        self.pairs.iter().map(|pair| &pair.key)
    }

    /// Returns the numbers of the pairs in the input.
    pub fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        self.pairs.iter().map(|pair| pair.number)
    }

    /// Returns the body, to be sent.
    pub fn body(&self) -> Bytes {
        let mut body = Vec::with_capacity(self.bytes());
        body.extend_from_slice(&self.body);
        body.push(b']');
        body.into()
    }

    /// Returns the pairs that `wanted` picks, as a batch of their own.
    #[must_use]
    pub fn pick(&self, wanted: impl Fn(&KeyName) -> bool) -> Self {
        self.copy(self.pairs.iter().filter(|pair| wanted(&pair.key)))
    }

    /// Takes it apart in the middle.
    pub fn halves(&self) -> [Self; 2] {
        let (first, second) = self.pairs.split_at(self.pairs.len().div_ceil(2));
        [self.copy(first.iter()), self.copy(second.iter())]
    }

    fn copy<'a>(&'a self, pairs: impl Iterator<Item = &'a Pair>) -> Self {
        let mut copy = Self::default();
        for pair in pairs {
            copy.push(Encoded {
                key: pair.key.clone(),
                json: self.body[pair.at.clone()].to_vec(),
                number: pair.number,
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
            pairs in 1usize..20,
            bytes in 200usize..2000,
        ) {
            let capacity = Capacity { pairs, bytes };
            let mut batches = vec![Batch::default()];
            let mut expected = Vec::new();
            for (number, value) in values.iter().enumerate() {
                let key = format!("k{number}/\u{1f600}\"");
                expected.push((key.clone(), value.clone()));
                let next = Encoded::new(&record(&key, value), number as u64).unwrap();
                if !batches.last().unwrap().has_room(&next, capacity) {
                    batches.push(Batch::default());
                }
                batches.last_mut().unwrap().push(next);
            }
            for batch in &batches {
                prop_assert!(batch.len() <= pairs);
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
            batch.push(Encoded::new(&record(key, key.as_bytes()), number as u64).unwrap());
        }
        let left = batch.pick(|key| key.as_str() != "b");
        assert_eq!(
            decoded(&left),
            [("a".into(), b"a".to_vec()), ("c".into(), b"c".to_vec())]
        );
        assert_eq!(left.numbers().collect::<Vec<_>>(), [0, 2]);
    }
}
