//! An interrupted export goes on where it ended.

use proptest::prelude::*;

use super::*;
use crate::formats::{
    Writer as _,
    ndjson::{NdjsonWriter, Partial, PartialError},
};

proptest! {
    #[test]
    fn a_resumed_export_is_the_uninterrupted_one(
        records in records(),
        at in any::<prop::sample::Index>(),
    ) {
        let whole = written(StreamFormat::Ndjson, &records);
        let mut bytes = whole[..at.index(whole.len() + 1)].to_vec();
        let Some(partial) = Partial::read(&bytes[..]).unwrap() else {
            prop_assert!(!bytes.contains(&b'\n'));
            return Ok(());
        };
        bytes.truncate(usize::try_from(partial.length).unwrap());
        let done = usize::try_from(partial.summary.records).unwrap();
        for (at, record) in records.iter().enumerate() {
            prop_assert_eq!(partial.keys.contains(&record.key), at < done);
        }
        let mut writer = Box::new(NdjsonWriter::resume(&mut bytes, partial));
        for record in &records[done..] {
            writer.write(record).unwrap();
        }
        prop_assert_eq!(writer.finish().unwrap().records, records.len() as u64);
        prop_assert_eq!(bytes, whole);
    }
}

#[test]
fn other_files_cannot_be_resumed() {
    let plain = &b"{\"key\":\"a\",\"value\":\"b\"}\n"[..];
    assert!(matches!(Partial::read(plain), Err(PartialError::NoHeader)));
    let other = &b"{\"kvctl\":2"[..];
    assert!(matches!(Partial::read(other), Err(PartialError::NoHeader)));
    let damaged = &b"{\"kvctl\":1,\"kind\":\"records\"}\n{\n"[..];
    assert!(matches!(Partial::read(damaged), Err(PartialError::Read(_))));
}
