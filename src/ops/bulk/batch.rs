//! Packing records into the bodies of bulk writes, or keys into those of bulk deletions, by count
//! and by bytes, and taking them apart again. Pure.

use std::io::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;

use crate::{
    api::Lifetime,
    domain::{KeyName, KeyNameError, Record},
    wire::BulkEntry,
};

/// How much goes into one body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// How many keys at most.
    pub keys: usize,
    /// How many bytes of JSON at most.
    pub bytes: usize,
}

/// The body of one bulk request, and where the JSON of each key is in it.
///
/// A body can be split by copying byte ranges, so nothing is encoded twice, and the records need
/// not be kept. `B` is what holds the body.
#[derive(Clone)]
pub struct Packed<B> {
    body: B,
    /// The names of the keys, one behind the other.
    keys: String,
    items: Vec<Item>,
}

/// A batch that is being filled.
pub type Packing = Packed<Vec<u8>>;

/// A batch that can be sent.
pub type Batch = Packed<Bytes>;

#[derive(Clone, Copy)]
struct Item {
    /// Where its name ends.
    key_end: usize,
    /// Where its JSON ends, behind which is a comma or the end of the array.
    json_end: usize,
    /// Its number in the input, from 0.
    number: u64,
    lifetime: Lifetime,
}

/// Shows no value: they may be secrets.
impl<B: AsRef<[u8]>> std::fmt::Debug for Packed<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Packed({} keys, {} bytes)", self.len(), self.bytes())
    }
}

impl Default for Packing {
    fn default() -> Self {
        Self {
            body: b"[]".to_vec(),
            keys: String::new(),
            items: Vec::new(),
        }
    }
}

/// One record or key, encoded as the bulk endpoint takes it.
#[derive(Clone, Copy)]
pub struct Encoded<'a> {
    pub(super) key: &'a str,
    json: &'a [u8],
    pub(super) number: u64,
    pub(super) lifetime: Lifetime,
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
        let key = record.key.as_str();
        space.clear();
        space.extend_from_slice(b"{\"key\":");
        push_string(space, key)?;
        space.extend_from_slice(b",\"value\":");
        if let Ok(text) = str::from_utf8(&record.value) {
            push_string(space, text)?;
        } else {
            push_string(space, &STANDARD.encode(&record.value))?;
            space.extend_from_slice(b",\"base64\":true");
        }
        match lifetime {
            Lifetime::Unlimited => Ok(()),
            Lifetime::For(ttl) => write!(space, ",\"expiration_ttl\":{}", ttl.seconds()),
            Lifetime::Until(at) => write!(space, ",\"expiration\":{}", at.unix_seconds()),
        }
        .map_err(serde_json::Error::io)?;
        if let Some(metadata) = &record.metadata {
            space.extend_from_slice(b",\"metadata\":");
            space.extend_from_slice(metadata.as_json().as_bytes());
        }
        space.push(b'}');
        Ok(Self {
            key,
            json: space,
            number,
            lifetime,
        })
    }

    /// Encodes the name of a key to be deleted. What `space` held is lost.
    pub fn name(key: &'a str, number: u64, space: &'a mut Vec<u8>) -> serde_json::Result<Self> {
        space.clear();
        push_string(space, key)?;
        Ok(Self {
            key,
            json: space,
            number,
            lifetime: Lifetime::Unlimited,
        })
    }

    /// Returns the record again.
    pub(super) fn decode(&self) -> serde_json::Result<Record> {
        let entry: BulkEntry = serde_json::from_slice(self.json)?;
        let value = if entry.base64 {
            let value = STANDARD.decode(entry.value);
            value.map_err(serde::de::Error::custom)?
        } else {
            entry.value.into_bytes()
        };
        let key: Result<KeyName, KeyNameError> = entry.key.parse();
        Ok(Record {
            key: key.map_err(serde::de::Error::custom)?,
            value: value.into(),
            expiration: match self.lifetime {
                Lifetime::Until(at) => Some(at),
                Lifetime::For(_) | Lifetime::Unlimited => None,
            },
            metadata: entry.metadata,
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

/// Writes a JSON string.
fn push_string(space: &mut Vec<u8>, text: &str) -> serde_json::Result<()> {
    // Without an early end, so that many bytes are compared at once.
    let special = |b: &u8| *b < 0x20 || matches!(*b, b'"' | b'\\');
    if text
        .as_bytes()
        .iter()
        .fold(false, |any, b| any | special(b))
    {
        return serde_json::to_writer(space, text);
    }
    space.push(b'"');
    space.extend_from_slice(text.as_bytes());
    space.push(b'"');
    Ok(())
}

impl Packing {
    /// Whether `next` fits. Into an empty batch anything does: what does not fit alone fits nowhere.
    pub fn has_room(&self, next: &Encoded<'_>, capacity: Capacity) -> bool {
        self.items.is_empty()
            || (self.items.len() < capacity.keys && self.body.len() + next.len() <= capacity.bytes)
    }

    /// Adds a record or key.
    pub fn push(&mut self, next: &Encoded<'_>) {
        self.body.pop();
        if !self.items.is_empty() {
            self.body.push(b',');
        }
        self.body.extend_from_slice(next.json);
        let json_end = self.body.len();
        self.body.push(b']');
        self.keys.push_str(next.key);
        self.items.push(Item {
            key_end: self.keys.len(),
            json_end,
            number: next.number,
            lifetime: next.lifetime,
        });
    }

    /// Takes out this key and returns its number, if it is there.
    pub fn remove(&mut self, key: &str) -> Option<u64> {
        let number = self.iter().find(|item| item.key == key)?.number;
        *self = self.copy(|other| other.key != key);
        Some(number)
    }

    /// Takes all of it out, to be sent.
    pub fn take(&mut self) -> Batch {
        let full = std::mem::take(self);
        // The next one is likely to be as large.
        self.body.reserve(full.body.len());
        self.keys.reserve(full.keys.len());
        self.items.reserve(full.items.len());
        full.into()
    }
}

impl From<Packing> for Batch {
    fn from(packing: Packing) -> Self {
        let Packed { body, keys, items } = packing;
        Self {
            body: body.into(),
            keys,
            items,
        }
    }
}

impl<B: AsRef<[u8]>> Packed<B> {
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
        self.body.as_ref().len()
    }

    /// Returns about how much memory it takes.
    pub(super) fn memory(&self) -> usize {
        self.bytes() + self.keys.len() + size_of_val(self.items.as_slice())
    }

    /// Returns what it has, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Encoded<'_>> {
        let (mut key, mut json) = (0, 1);
        self.items.iter().map(move |item| {
            let encoded = Encoded {
                key: &self.keys[key..item.key_end],
                json: &self.body.as_ref()[json..item.json_end],
                number: item.number,
                lifetime: item.lifetime,
            };
            (key, json) = (item.key_end, item.json_end + 1);
            encoded
        })
    }

    /// Returns the keys, each with its number in the input.
    pub fn keys(&self) -> impl Iterator<Item = (u64, &str)> {
        self.iter().map(|item| (item.number, item.key))
    }

    fn copy(&self, wanted: impl Fn(&Encoded<'_>) -> bool) -> Packing {
        let mut copy = Packing::default();
        for item in self.iter().filter(wanted) {
            copy.push(&item);
        }
        copy
    }
}

impl Batch {
    /// Returns the body, to be sent.
    pub fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// Returns the keys that `wanted` picks, as a batch of their own.
    #[must_use]
    pub fn pick(&self, wanted: impl Fn(&str) -> bool) -> Self {
        self.copy(|item| wanted(item.key)).into()
    }

    /// Splits it in the middle.
    pub fn halves(&self) -> [Self; 2] {
        let mut halves = [Packing::default(), Packing::default()];
        let first = self.len().div_ceil(2);
        for (at, item) in self.iter().enumerate() {
            halves[usize::from(at >= first)].push(&item);
        }
        halves.map(Self::from)
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
            let mut batches = vec![Packing::default()];
            let mut expected = Vec::new();
            for (number, value) in values.iter().enumerate() {
                let key = format!("k{number}/\u{1f600}\"");
                expected.push((key.clone(), value.clone()));
                let (record, mut space) = (record(&key, value), b"before".to_vec());
                let next = Encoded::record(&record, Lifetime::Unlimited, number as u64, &mut space).unwrap();
                if !batches.last().unwrap().has_room(&next, capacity) {
                    batches.push(Packing::default());
                }
                batches.last_mut().unwrap().push(&next);
            }
            let batches: Vec<_> = batches.into_iter().map(Batch::from).collect();
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
    fn a_record_that_must_go_by_itself_is_decoded() {
        for value in [&b"text \"\n"[..], b"\xff\x00"] {
            let record = Record {
                metadata: Some("[1.0]".parse().unwrap()),
                ..record("k\"", value)
            };
            let mut space = Vec::new();
            let encoded = Encoded::record(&record, Lifetime::Unlimited, 0, &mut space).unwrap();
            assert_eq!(encoded.decode().unwrap(), record);
        }
    }

    #[test]
    fn what_was_not_written_is_picked_out() {
        let mut batch = Packing::default();
        for (number, key) in ["a", "b", "c"].into_iter().enumerate() {
            let (record, mut space) = (record(key, key.as_bytes()), Vec::new());
            let next =
                Encoded::record(&record, Lifetime::Unlimited, number as u64, &mut space).unwrap();
            batch.push(&next);
        }
        let left = batch.take().pick(|key| key != "b");
        assert_eq!(
            decoded(&left),
            [("a".into(), b"a".to_vec()), ("c".into(), b"c".to_vec())]
        );
        assert_eq!(left.keys().collect::<Vec<_>>(), [(0, "a"), (2, "c")]);
    }
}
