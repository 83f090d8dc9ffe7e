//! Comparing two streams of records that are both in the order of their keys.

use std::pin::pin;

use futures_util::{Stream, StreamExt as _};

use crate::domain::{Classification, Classify, ErrorClass, KeyName, KeyNameError, Record};

/// What two sides differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// Only the first has the key.
    Removed,
    /// Only the second has it.
    Added,
    /// Both have it, with different values.
    Value,
    /// Both have it, with one value and different expiry or metadata.
    Attributes,
}

/// Why a side could not be read, whichever it is.
#[derive(Debug, thiserror::Error)]
pub enum SideError {
    /// A file of records.
    #[error(transparent)]
    File(Box<super::file::Error>),
    /// A name of a file, behind a prefix, that is not a key.
    #[error("the key `{name}` cannot be written")]
    Prefixed {
        /// The name.
        name: String,
        /// What is wrong with it.
        source: KeyNameError,
    },
    /// A namespace.
    #[error(transparent)]
    Namespace(#[from] super::read::Error),
}

impl From<super::file::Error> for SideError {
    fn from(error: super::file::Error) -> Self {
        Self::File(Box::new(error))
    }
}

impl Classify for SideError {
    fn classify(&self) -> Classification {
        match self {
            Self::File(e) => e.classify(),
            Self::Prefixed { .. } => ErrorClass::Failed.into(),
            Self::Namespace(e) => e.classify(),
        }
    }
}

/// Why two sides cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum Error<E> {
    /// A side could not be read.
    #[error(transparent)]
    Side(E),
    /// A side is not in order.
    #[error("the keys are not in the order of their bytes: `{key}` comes after `{before}`")]
    Disorder {
        /// The key that comes too late.
        key: KeyName,
        /// The key before it.
        before: KeyName,
    },
}

impl<E: Classify> Classify for Error<E> {
    fn classify(&self) -> Classification {
        match self {
            Self::Side(e) => e.classify(),
            Self::Disorder { .. } => ErrorClass::Failed.into(),
        }
    }
}

/// Walks along both sides and tells `found` of every difference. Returns how many keys are the same.
pub async fn compare<E>(
    a: impl Stream<Item = Result<Record, E>>,
    b: impl Stream<Item = Result<Record, E>>,
    mut found: impl FnMut(&KeyName, Difference),
) -> Result<usize, Error<E>> {
    let (mut a, mut b) = (pin!(ordered(a)), pin!(ordered(b)));
    let (mut next_a, mut next_b) = (a.next().await.transpose()?, b.next().await.transpose()?);
    let mut same = 0;
    loop {
        let order = match (&next_a, &next_b) {
            (None, None) => return Ok(same),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(a), Some(b)) => a.key.cmp(&b.key),
        };
        match (&next_a, &next_b) {
            (Some(a), _) if order.is_lt() => found(&a.key, Difference::Removed),
            (_, Some(b)) if order.is_gt() => found(&b.key, Difference::Added),
            (Some(a), Some(b)) if a.value != b.value => found(&a.key, Difference::Value),
            (Some(a), Some(b)) if a.expiration != b.expiration || a.metadata != b.metadata => {
                found(&a.key, Difference::Attributes);
            }
            _ => same += 1,
        }
        if order.is_le() {
            next_a = a.next().await.transpose()?;
        }
        if order.is_ge() {
            next_b = b.next().await.transpose()?;
        }
    }
}

/// Passes records on as long as their keys rise.
fn ordered<E>(
    records: impl Stream<Item = Result<Record, E>>,
) -> impl Stream<Item = Result<Record, Error<E>>> {
    let mut last: Option<KeyName> = None;
    records.map(move |record| {
        let record = record.map_err(Error::Side)?;
        let before = last.replace(record.key.clone());
        match before.filter(|before| *before >= record.key) {
            Some(before) => Err(Error::Disorder {
                key: record.key,
                before,
            }),
            None => Ok(record),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use futures_util::stream;
    use proptest::prelude::*;

    use super::*;

    fn records(map: &BTreeMap<String, u8>) -> Vec<Result<Record, ()>> {
        let record = |(key, value): (&String, &u8)| {
            Ok(Record {
                key: key.parse().unwrap(),
                value: vec![*value].into(),
                expiration: None,
                metadata: None,
            })
        };
        map.iter().map(record).collect()
    }

    proptest! {
        #[test]
        fn differences_are_those_of_the_maps(
            a in prop::collection::btree_map("[a-f\u{e9}]{1,2}", 0u8..3, 0..20),
            b in prop::collection::btree_map("[a-f\u{e9}]{1,2}", 0u8..3, 0..20),
        ) {
            let mut found = BTreeMap::new();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let walk = compare(stream::iter(records(&a)), stream::iter(records(&b)), |key, difference| {
                found.insert(key.to_string(), difference);
            });
            let same = runtime.block_on(walk).unwrap();
            for key in a.keys().chain(b.keys()) {
                let expected = match (a.get(key), b.get(key)) {
                    (Some(_), None) => Some(Difference::Removed),
                    (None, Some(_)) => Some(Difference::Added),
                    (Some(a), Some(b)) if a != b => Some(Difference::Value),
                    _ => None,
                };
                prop_assert_eq!(found.get(key).copied(), expected);
            }
            prop_assert_eq!(same, a.iter().filter(|(key, value)| b.get(*key) == Some(value)).count());
        }
    }
}
