//! Writing and reading back gives the same records.

use proptest::prelude::*;

use super::*;
use crate::{
    domain::VALUE_MAX_BYTES,
    formats::{
        Expiry, Writer as _,
        lines::RECORD_MAX_BYTES,
        ndjson::{NdjsonWriter, Partial, PartialError},
        object::compact,
    },
};

proptest! {
    #[test]
    fn records_come_back_from_every_stream(records in records()) {
        for format in STREAMS {
            let bytes = written(format, &records);
            let read = read_well(format, &bytes);
            prop_assert_eq!(&read, &records, "{}", format);
            for (read, written) in read.iter().zip(&records) {
                let json = |r: &Record| r.metadata.as_ref().map(|m| compact(m.as_json()).into_owned());
                prop_assert_eq!(json(read), json(written));
            }
        }
    }

    /// The bytes arrive in pieces of any size, as from a pipe.
    #[test]
    fn the_size_of_reads_does_not_matter(records in records(), size in 1_usize..7) {
        struct Slow<'a>(&'a [u8], usize);
        impl Read for Slow<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let size = self.1.min(buffer.len());
                (&mut self.0).take(size as u64).read(buffer)
            }
        }
        for format in STREAMS {
            let bytes = written(format, &records);
            let (items, _) = read(format, Slow(&bytes, size));
            let read: Vec<_> = items.into_iter().map(|item| item.unwrap().into_record(0)).collect();
            prop_assert_eq!(&read, &records);
        }
    }

    /// An export without its first and last line is a list of wrangler's entries.
    #[test]
    fn a_line_of_ndjson_is_an_entry_of_wranglers(records in records()) {
        let text = String::from_utf8(written(StreamFormat::Ndjson, &records)).unwrap();
        let lines: Vec<_> = text.lines().collect();
        let array = format!("[{}]", lines[1..lines.len() - 1].join(","));
        prop_assert_eq!(read_well(StreamFormat::Wrangler, array.as_bytes()), records);
    }

    /// An export passes through a system with other line endings.
    #[test]
    fn line_endings_blank_lines_and_a_mark_do_not_matter(records in records()) {
        let text = String::from_utf8(written(StreamFormat::Ndjson, &records)).unwrap();
        let text = format!("\u{feff}{}\r\n  \r\n", text.replace('\n', "\r\n\r\n"));
        let (items, summary) = read(StreamFormat::Ndjson, text.as_bytes());
        prop_assert!(summary.verified);
        let read: Vec<_> = items.into_iter().map(|item| item.unwrap().into_record(0)).collect();
        prop_assert_eq!(read, records);
    }
}

#[test]
fn an_export_reads_as_documented() {
    let records = [
        Record {
            key: "greeting".parse().unwrap(),
            value: "hello".into(),
            expiration: Some(Expiration::from_unix_seconds(1_767_225_600)),
            metadata: Some("{ \"lang\": \"en\" }".parse().unwrap()),
        },
        Record {
            key: "logo".parse().unwrap(),
            value: Bytes::from_static(b"\x89PNG\r"),
            expiration: None,
            metadata: None,
        },
    ];
    let text = |format| String::from_utf8(written(format, &records)).unwrap();
    insta::assert_snapshot!(text(StreamFormat::Ndjson), @r#"
    {"kvctl":1,"kind":"records"}
    {"key":"greeting","value":"hello","expiration":1767225600,"metadata":{"lang":"en"}}
    {"key":"logo","value":"iVBORw0=","base64":true}
    {"kvctl":1,"kind":"end","records":2,"sha256":"bf2db8b6ab0ae171e6355e5bda4807d24dd6d39ae9936cd9573ad0b2879c683a"}
    "#);
    insta::assert_snapshot!(text(StreamFormat::Wrangler), @r#"
    [
    {"key":"greeting","value":"hello","expiration":1767225600,"metadata":{"lang":"en"}},
    {"key":"logo","value":"iVBORw0=","base64":true}
    ]
    "#);
    insta::assert_snapshot!(text(StreamFormat::Csv), @r#"
    key,value,base64,expiration,metadata
    greeting,hello,,1767225600,"{""lang"":""en""}"
    logo,iVBORw0=,true,,
    "#);
    assert_eq!(
        String::from_utf8(written(StreamFormat::Wrangler, &[])).unwrap(),
        "[]\n"
    );
}

#[test]
fn what_people_write_by_hand_is_read() {
    let of = |format, text: &str| -> Vec<_> {
        let (items, summary) = read(format, text.as_bytes());
        assert!(!summary.verified);
        items.into_iter().map(Result::unwrap).collect()
    };
    let plain = of(StreamFormat::Ndjson, "{\"key\":\"a\",\"value\":\"b\"}");
    assert_eq!(
        (plain[0].key.as_str(), &plain[0].value[..]),
        ("a", &b"b"[..])
    );
    let array = "\u{feff} [ {\n \"value\" : \"x]},\" ,\r\n \"key\":\"a\\\"[\", \"metadata\": null,
        \"expiration\": 5, \"expiration_ttl\": 60 } , {\"key\":\"b\",\"value\":\"aGk\",\"base64\":true}]\n";
    let array = of(StreamFormat::Wrangler, array);
    assert_eq!(array[0].key.as_str(), "a\"[");
    assert_eq!(array[0].metadata, None);
    assert!(matches!(array[0].expiry, Some(Expiry::After(ttl)) if ttl.seconds() == 60));
    assert_eq!(array[1].location.line(), Some(4));
    assert_eq!(
        array
            .into_iter()
            .map(|i| i.into_record(10).expiration)
            .collect::<Vec<_>>(),
        [Some(Expiration::from_unix_seconds(70)), None]
    );
    let table = "\u{feff}value, key ,expiration,base64\r\n\"a\r\nb\",k,2026-01-01T00:00:00Z,FALSE\r\n\r\naGk=,l,,TRUE\r\n";
    let table = of(StreamFormat::Csv, table);
    assert_eq!(&table[0].value[..], b"a\r\nb");
    assert!(matches!(table[0].expiry, Some(Expiry::At(e)) if e.unix_seconds() == 1_767_225_600));
    assert_eq!(&table[1].value[..], b"hi");
    for (format, text) in [
        (StreamFormat::Ndjson, ""),
        (StreamFormat::Wrangler, " [ ] "),
        (StreamFormat::Csv, "key,value\n"),
    ] {
        assert!(of(format, text).is_empty());
    }
}

#[test]
fn the_largest_value_fits_and_a_larger_one_does_not() {
    let of = |key: &str, length| Record {
        key: key.parse().unwrap(),
        value: vec![0xff; length].into(),
        expiration: None,
        metadata: None,
    };
    let records = [of("a", VALUE_MAX_BYTES), of("b", VALUE_MAX_BYTES + 1)];
    let (items, _) = read(
        StreamFormat::Ndjson,
        &written(StreamFormat::Ndjson, &records)[..],
    );
    assert!(items[0].as_ref().unwrap().value == records[0].value);
    let error = items[1].as_ref().unwrap_err();
    assert!(error.is_recoverable());
    insta::assert_snapshot!(error, @"line 3, key `b`: the value has 26214401 bytes; the limit is 26,214,400 (25 MiB)");
    assert_eq!(items.len(), 2);
}

#[test]
fn text_that_escapes_make_too_long_is_written_as_base64() {
    for (format, byte) in [(StreamFormat::Ndjson, 0), (StreamFormat::Csv, b'"')] {
        let record = Record {
            key: "k".parse().unwrap(),
            value: vec![byte; VALUE_MAX_BYTES].into(),
            expiration: None,
            metadata: None,
        };
        let length = written(format, std::slice::from_ref(&record)).len();
        assert!(length < RECORD_MAX_BYTES, "{format}: {length}");
    }
}

proptest! {
    #[test]
    fn a_resumed_export_is_the_uninterrupted_one(
        records in records(),
        at in any::<prop::sample::Index>(),
    ) {
        let whole = written(StreamFormat::Ndjson, &records);
        let mut bytes = whole[..at.index(whole.len() + 1)].to_vec();
        let Some(partial) = Partial::read(&bytes[..], &Prefixes::default()).unwrap() else {
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
    let read = |bytes| Partial::read(bytes, &Prefixes::default());
    let plain = &b"{\"key\":\"a\",\"value\":\"b\"}\n"[..];
    assert!(matches!(read(plain), Err(PartialError::NoHeader)));
    let other = &b"{\"kvctl\":2"[..];
    assert!(matches!(read(other), Err(PartialError::NoHeader)));
    let damaged = &b"{\"kvctl\":1,\"kind\":\"records\"}\n{\n"[..];
    assert!(matches!(read(damaged), Err(PartialError::Read(_))));
    // What was begun for other keys is not continued.
    for (header, prefixes) in [
        ("", Prefixes::one("a")),
        (",\"prefix\":\"a\"", Prefixes::default()),
        (",\"prefix\":[\"a\",\"c\"]", Prefixes::one("a")),
    ] {
        let part = format!("{{\"kvctl\":1,\"kind\":\"records\"{header}}}\n");
        let read = Partial::read(part.as_bytes(), &prefixes);
        assert!(
            matches!(read, Err(PartialError::OtherPrefixes(_))),
            "{part}"
        );
    }
}

#[test]
fn an_export_of_some_keys_says_so() {
    let prefixes = Prefixes::any_of(["b:", "a:", "a:x"].map(ToOwned::to_owned)).unwrap();
    let mut bytes = Vec::new();
    let writer = StreamFormat::Ndjson.writer(&mut bytes, &prefixes).unwrap();
    writer.finish().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let header = "{\"kvctl\":1,\"kind\":\"records\",\"prefix\":[\"a:\",\"b:\"]}\n";
    assert!(text.starts_with(header), "{text}");
    let read = |lines: &str| {
        let text = format!("{header}{lines}");
        let mut reader = StreamFormat::Ndjson.reader(text.as_bytes(), UnknownFields::Refuse);
        let first = reader.next().unwrap().map_err(|e| e.to_string());
        assert_eq!(reader.prefixes(), prefixes);
        first.map(|input| input.key.to_string())
    };
    assert_eq!(
        read("{\"key\":\"a:1\",\"value\":\"\"}\n"),
        Ok("a:1".to_owned())
    );
    let other = read("{\"key\":\"c:1\",\"value\":\"\"}\n");
    assert_eq!(
        other.unwrap_err(),
        "line 2, key `c:1`: the header says that all keys begin with `a:` or `b:`"
    );
}
