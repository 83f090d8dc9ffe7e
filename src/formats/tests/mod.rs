//! Every format held against the same records, and against everything else.

mod directory;
mod refusals;
mod robustness;
mod round_trips;

use std::io::Read;

use bytes::Bytes;
use proptest::{prelude::*, sample::select};

use super::{Input, ReadError, Reader as _, StreamFormat, Summary, UnknownFields};
use crate::domain::{Expiration, KeyName, Metadata, Prefixes, Record};

pub(super) const STREAMS: [StreamFormat; 3] = [
    StreamFormat::Ndjson,
    StreamFormat::Wrangler,
    StreamFormat::Csv,
];

/// Keys that some layer could take for something else.
const ODD_KEYS: &[&str] = &[
    "a",
    "a/b",
    "a/b/c",
    "/",
    "//",
    "/a",
    "a/",
    "a//b",
    "...",
    ".a",
    "a.",
    "a ",
    " a",
    "%",
    "%2F",
    "%2f",
    "%_",
    "%+",
    "a%=",
    "?",
    "#",
    "a&b=c+d^e",
    "-rf",
    "--help",
    "a\nb",
    "\r\n",
    "\0",
    "\t",
    "\u{7f}",
    "\u{feff}",
    "\u{2028}",
    "é",
    "e\u{301}",
    "😀",
    "con",
    "NUL.txt",
    "C:\\x",
    "\"",
    "'",
    "a,b",
    "../x",
    "./x",
    "x/..",
    ".kvctl.ndjson",
    "kvctl",
    "{}",
    "[]",
    "null",
];

/// Values that some layer could take for something else.
const ODD_VALUES: &[&[u8]] = &[
    b"",
    b"\n",
    b"\r\n",
    b"\r",
    b" ",
    b"\"",
    b"\"\"",
    b",",
    b"\\",
    b"a,b\n\"c\"",
    b"true",
    b"null",
    b"\0",
    b"\xff\xfe",
    b"\xc3",
    b"aGk=",
    b"{\"kvctl\":1}",
    b"\xef\xbb\xbf",
    b"\x1f\x7f",
    "é😀\u{2028}".as_bytes(),
];

pub(super) fn key() -> impl Strategy<Value = KeyName> {
    let long = prop_oneof![
        "[a-c]{512}",
        "é{256}",
        "[\n%.]{510}x",
        "[.a]{236,244}",
        "[a/]{300,512}",
        "\u{1f600}{128}",
    ];
    prop_oneof![
        4 => select(ODD_KEYS).prop_map(str::to_owned),
        4 => "[ab/]{1,5}",
        3 => "(?s).{1,30}",
        2 => "[ -~]{1,40}",
        1 => long,
    ]
    .prop_filter_map("no key", |name| name.parse().ok())
}

fn value() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        select(ODD_VALUES).prop_map(Bytes::from_static),
        "(?s).{0,40}".prop_map(Bytes::from),
        proptest::collection::vec(any::<u8>(), 0..60).prop_map(Bytes::from),
    ]
}

fn metadata() -> impl Strategy<Value = Metadata> {
    let text = select(vec![
        "1",
        "1.0",
        "-0",
        "1e400",
        "true",
        "\"\"",
        "\"a b\"",
        "[]",
        "{}",
        "{ \"b\" : 1,\n \"a\": [ 1 ] }",
        "\"\\u00e9\\\"\"",
        "12345678901234567890123",
        "{\"a\":null}",
        "\"\u{e9},\"",
    ]);
    text.prop_map(|json| json.parse().unwrap())
}

pub(super) fn record() -> impl Strategy<Value = Record> {
    let expiration = proptest::option::of(any::<i64>().prop_map(Expiration::from_unix_seconds));
    (key(), value(), expiration, proptest::option::of(metadata())).prop_map(
        |(key, value, expiration, metadata)| Record {
            key,
            value,
            expiration,
            metadata,
        },
    )
}

/// Records in the order of their keys, each key once.
pub(super) fn records() -> impl Strategy<Value = Vec<Record>> {
    proptest::collection::vec(record(), 0..12).prop_map(|mut records| {
        records.sort_by(|a, b| a.key.cmp(&b.key));
        records.dedup_by(|a, b| a.key == b.key);
        records
    })
}

pub(super) fn written(format: StreamFormat, records: &[Record]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = format.writer(&mut out, &Prefixes::default()).unwrap();
    for record in records {
        writer.write(record).unwrap();
    }
    let summary = writer.finish().unwrap();
    assert_eq!(summary.records, records.len() as u64);
    out
}

/// Everything that a reader says, and its summary.
pub(super) fn read(
    format: StreamFormat,
    input: impl Read + Send,
) -> (Vec<Result<Input, ReadError>>, Summary) {
    let mut reader = format.reader(input, UnknownFields::Refuse);
    let items: Vec<_> = reader.by_ref().collect();
    assert!(reader.next().is_none(), "a reader that ended goes on");
    (items, reader.summary())
}

/// The records of an input in which nothing is wrong.
pub(super) fn read_well(format: StreamFormat, input: &[u8]) -> Vec<Record> {
    let (items, summary) = read(format, input);
    let records: Vec<_> = items
        .into_iter()
        .map(|item| item.unwrap().into_record(0))
        .collect();
    assert_eq!(summary.records, records.len() as u64);
    let bytes = records
        .iter()
        .map(|record| record.value.len() as u64)
        .sum::<u64>();
    assert_eq!(summary.bytes, bytes);
    records
}

/// Returns the messages about an input, one per line; `ok` for a record.
pub(super) fn said(format: StreamFormat, input: &[u8]) -> String {
    let (items, summary) = read(format, input);
    let mut lines: Vec<_> = items
        .iter()
        .map(|item| match item {
            Ok(input) => format!("{}: ok `{}`", input.location, input.key),
            Err(e) if e.is_recoverable() => format!("{e}"),
            Err(e) => format!("{e} (ends)"),
        })
        .collect();
    if summary.verified {
        lines.push("verified".to_owned());
    }
    lines.join("\n")
}
