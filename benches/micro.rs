//! What runs once for each record, key, byte or edit.
//!
//! `cargo bench --bench micro`, and behind `--` a part of a name.
#![expect(clippy::unwrap_used, reason = "a bench stops where it cannot go on")]

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use divan::{
    Bencher, black_box,
    counter::{BytesCount, ItemsCount},
};
use kvctl::{
    api::Lifetime,
    config::{Document, Edit, Field},
    domain::{AccountId, Expiration, KeyName, NamespaceId, Prefixes, Record, Section},
    emulator::{Config, Emulator, Running, spawn},
    formats::{
        UnknownFields, Writer as _,
        keys::{KeyFormat, KeyListReader},
        ndjson::{NdjsonReader, NdjsonWriter},
        wrangler::{WranglerReader, WranglerWriter},
    },
    ops::bulk::{
        batch::{Batch, Capacity, Encoded, Packing},
        names::Names,
    },
};
use tempfile::TempDir;

/// Records in a file.
const RECORDS: usize = 10_000;

/// How long the store may take for one answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// What values are like.
#[derive(Debug, Clone, Copy)]
enum Value {
    Text,
    Json,
    Binary,
}

const VALUES: [Value; 3] = [Value::Text, Value::Json, Value::Binary];

fn main() {
    divan::main();
}

fn records(value: Value) -> Vec<Record> {
    let value = |n: usize| {
        match value {
        Value::Text => format!("{n:0100}").into_bytes(),
        // Its quotes are escaped.
        Value::Json => {
            format!(r#"{{"id":{n:05},"name":"name {n:05}","tags":["one","two","three"],"note":"a\nb and what else there is"}}"#)
                .into_bytes()
        }
        Value::Binary => (0..100).map(|at| u8::try_from((at * 7 + n) % 128).unwrap() | 0x80).collect(),
    }
    };
    let record = |n| Record {
        key: format!("key:{n:06}").parse().unwrap(),
        value: value(n).into(),
        expiration: (n % 4 == 0).then(|| Expiration::from_unix_seconds(2_000_000_000)),
        metadata: (n % 4 == 1).then(|| r#"{"lang":"en"}"#.parse().unwrap()),
    };
    (0..RECORDS).map(record).collect()
}

fn ndjson(records: &[Record]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Box::new(NdjsonWriter::new(&mut out, &Prefixes::default()).unwrap());
    for record in records {
        writer.write(record).unwrap();
    }
    writer.finish().unwrap();
    out
}

#[divan::bench(args = VALUES)]
fn ndjson_write(bencher: Bencher<'_, '_>, value: Value) {
    let records = records(value);
    let bytes = ndjson(&records).len();
    bencher
        .counter(ItemsCount::new(RECORDS))
        .counter(BytesCount::new(bytes))
        .bench(|| ndjson(black_box(&records)));
}

#[divan::bench(args = VALUES)]
fn ndjson_read(bencher: Bencher<'_, '_>, value: Value) {
    let text = ndjson(&records(value));
    bencher
        .counter(ItemsCount::new(RECORDS))
        .counter(BytesCount::new(text.len()))
        .bench(|| {
            let read = NdjsonReader::new(black_box(text.as_slice()));
            let read = read.inspect(|record| assert!(black_box(record).is_ok()));
            assert_eq!(read.count(), RECORDS);
        });
}

fn array(records: &[Record]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Box::new(WranglerWriter::new(&mut out).unwrap());
    for record in records {
        writer.write(record).unwrap();
    }
    writer.finish().unwrap();
    out
}

/// As `bulk put` reads it.
#[divan::bench(args = VALUES)]
fn array_read(bencher: Bencher<'_, '_>, value: Value) {
    let text = array(&records(value));
    bencher
        .counter(ItemsCount::new(RECORDS))
        .counter(BytesCount::new(text.len()))
        .bench(|| {
            let read = WranglerReader::new(black_box(text.as_slice()), UnknownFields::Note);
            let read = read.inspect(|record| assert!(black_box(record).is_ok()));
            assert_eq!(read.count(), RECORDS);
        });
}

/// Names in any order, as `bulk get` and `bulk delete` read them.
fn names() -> Vec<String> {
    (0..RECORDS)
        .map(|n| format!("key:{:06}", n * 7919 % RECORDS))
        .collect()
}

#[divan::bench]
fn key_list_read(bencher: Bencher<'_, '_>) {
    let text = serde_json::to_vec(&names()).unwrap();
    bencher
        .counter(ItemsCount::new(RECORDS))
        .counter(BytesCount::new(text.len()))
        .bench(|| {
            let read = KeyListReader::new(KeyFormat::Json, black_box(text.as_slice()));
            let read = read.inspect(|key| assert!(black_box(key).is_ok()));
            assert_eq!(read.count(), RECORDS);
        });
}

#[divan::bench]
fn names_distinct(bencher: Bencher<'_, '_>) {
    let names: Names = names().iter().collect();
    bencher
        .counter(ItemsCount::new(RECORDS))
        .bench(|| assert_eq!(black_box(&names).clone().distinct().len(), RECORDS));
}

#[divan::bench]
fn names_ordered(bencher: Bencher<'_, '_>) {
    let names: Names = names().iter().collect();
    bencher
        .counter(ItemsCount::new(RECORDS))
        .bench(|| assert_eq!(black_box(&names).clone().ordered().len(), RECORDS));
}

fn batch(records: &[Record]) -> Batch {
    let mut batch = Packing::default();
    let mut space = Vec::new();
    for (n, record) in (0..).zip(records) {
        batch.push(&Encoded::record(record, Lifetime::Unlimited, n, &mut space).unwrap());
    }
    batch.take()
}

/// Into bodies of 1,000 keys.
#[divan::bench(args = VALUES)]
fn batches_pack(bencher: Bencher<'_, '_>, value: Value) {
    let records = records(value);
    let capacity = Capacity {
        keys: 1_000,
        bytes: 100_000_000,
    };
    bencher.counter(ItemsCount::new(RECORDS)).bench(|| {
        let mut bodies = 0;
        let mut batch = Packing::default();
        let mut space = Vec::new();
        for (n, record) in (0..).zip(black_box(&records)) {
            let next = Encoded::record(record, Lifetime::Unlimited, n, &mut space).unwrap();
            if !batch.has_room(&next, capacity) {
                bodies += black_box(batch.take().body()).len();
            }
            batch.push(&next);
        }
        bodies + batch.take().body().len()
    });
}

/// Down to batches of one key, as where the service refuses bodies.
#[divan::bench]
fn batches_split(bencher: Bencher<'_, '_>) {
    let whole = batch(&records(Value::Text));
    bencher.counter(ItemsCount::new(RECORDS)).bench(|| {
        let mut left = black_box(&whole).halves().to_vec();
        let mut single = 0;
        while let Some(batch) = left.pop() {
            if batch.len() == 1 {
                single += 1;
            } else {
                left.extend(batch.halves());
            }
        }
        assert_eq!(single, RECORDS);
    });
}

#[divan::bench(args = ["plain", "odd"])]
fn percent_encoding(bencher: Bencher<'_, '_>, kind: &str) {
    let key = |n: usize| -> KeyName {
        let text = match kind {
            "plain" => format!("user-{n:06}-profile"),
            _ => format!("user:{n:06}/é?a=b&c d"),
        };
        text.parse().unwrap()
    };
    let keys: Vec<KeyName> = (0..RECORDS).map(key).collect();
    let mut segment = String::new();
    bencher.counter(ItemsCount::new(RECORDS)).bench_local(|| {
        for key in black_box(&keys) {
            segment.clear();
            write!(segment, "{}", key.to_segment()).unwrap();
            black_box(&segment);
        }
    });
}

/// A wrangler file of 1,000 lines with 40 namespaces.
fn document(format: &str) -> Document {
    let text = if format == "toml" { toml() } else { jsonc() };
    assert_eq!(text.lines().count(), 1_000);
    Document::parse(format!("wrangler.{format}").into(), text.into_bytes()).unwrap()
}

fn toml() -> String {
    let mut text = "name = \"worker\"\nmain = \"src/index.ts\"\n".to_owned();
    for n in 0..40 {
        let head = format!("\n# namespace {n}\n[[kv_namespaces]]\nbinding = \"KV_{n}\"\n");
        writeln!(text, "{head}id = \"{n:032x}\" # a comment").unwrap();
    }
    text += "\n[vars]\n";
    for n in text.lines().count()..1_000 {
        writeln!(text, "VARIABLE_{n} = \"value {n}\"").unwrap();
    }
    text
}

fn jsonc() -> String {
    let mut text = "{\n  \"name\": \"worker\",\n  \"kv_namespaces\": [\n".to_owned();
    for n in 0..40 {
        let head = format!("    // namespace {n}\n    {{\n      \"binding\": \"KV_{n}\",\n");
        writeln!(text, "{head}      \"id\": \"{n:032x}\",\n    }},").unwrap();
    }
    text += "  ],\n  \"vars\": {\n";
    for n in text.lines().count()..998 {
        writeln!(text, "    \"VARIABLE_{n}\": \"value {n}\",").unwrap();
    }
    text + "  },\n}\n"
}

#[divan::bench(args = ["toml", "jsonc"])]
fn wrangler_file_parse(bencher: Bencher<'_, '_>, format: &str) {
    let document = document(format);
    bencher.bench(|| {
        let text = black_box(document.text()).as_bytes().to_vec();
        Document::parse(document.path().to_owned(), text).unwrap()
    });
}

/// One namespace more, and another id for one that is there.
#[divan::bench(args = ["toml", "jsonc"])]
fn wrangler_file_edit(bencher: Bencher<'_, '_>, format: &str) {
    let document = document(format);
    let section = Section::from(None);
    let edits = [
        Edit::Add {
            section: section.clone(),
            binding: "CACHE".parse().unwrap(),
            id: Some("f".repeat(32)),
            preview_id: None,
        },
        Edit::Set {
            section,
            binding: "KV_20".parse().unwrap(),
            field: Field::Id,
            value: "e".repeat(32),
        },
    ];
    bencher.bench(|| document.edit(black_box(&edits)).unwrap());
}

/// The store behind `--local`, over one connection, with the client left out.
struct Store {
    _directory: Option<TempDir>,
    _running: Running,
    stream: BufReader<TcpStream>,
    path: String,
}

impl Store {
    fn start(on_disk: bool) -> Self {
        let directory = on_disk.then(|| tempfile::tempdir().unwrap());
        let running = spawn(Emulator::new(Config {
            state: directory
                .as_ref()
                .map(|directory| directory.path().to_owned()),
            ..Config::local("token", Arc::new(|| 1_800_000_000))
        }))
        .unwrap();
        let url = running.base_url().to_owned();
        let (host, base) = url
            .strip_prefix("http://")
            .unwrap()
            .split_once('/')
            .unwrap();
        let stream = TcpStream::connect(host).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let account = AccountId::local();
        let namespace = NamespaceId::local(&"bench".parse().unwrap());
        Self {
            _directory: directory,
            path: format!("/{base}/accounts/{account}/storage/kv/namespaces/{namespace}"),
            _running: running,
            stream: BufReader::new(stream),
        }
    }

    fn send(&mut self, method: &str, rest: &str, body: &[u8]) -> Vec<u8> {
        let head = format!(
            "{method} {}{rest} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer token\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.path,
            body.len()
        );
        let request = [head.as_bytes(), body].concat();
        self.stream.get_mut().write_all(&request).unwrap();
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        assert!(line.contains(" 200 "), "{line}");
        let mut length = 0;
        while line != "\r\n" {
            line.clear();
            self.stream.read_line(&mut line).unwrap();
            if let Some(text) = line.strip_prefix("content-length: ") {
                length = text.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).unwrap();
        answer
    }
}

#[divan::bench(args = ["disk", "memory"])]
fn store_put(bencher: Bencher<'_, '_>, place: &str) {
    let mut store = Store::start(place == "disk");
    let mut next = 0;
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        next += 1;
        store.send("PUT", &format!("/values/k{next}"), b"value")
    });
}

#[divan::bench(args = ["disk", "memory"], sample_count = 20)]
fn store_bulk_put(bencher: Bencher<'_, '_>, place: &str) {
    let mut store = Store::start(place == "disk");
    let body = batch(&records(Value::Text)[..1_000]).body();
    bencher
        .counter(ItemsCount::new(1_000_usize))
        .bench_local(|| store.send("PUT", "/bulk", &body));
}

/// A page of 1,000 of 10,000 keys.
#[divan::bench(args = ["disk", "memory"])]
fn store_list(bencher: Bencher<'_, '_>, place: &str) {
    let mut store = Store::start(place == "disk");
    store.send("PUT", "/bulk", &batch(&records(Value::Text)).body());
    bencher
        .counter(ItemsCount::new(1_000_usize))
        .bench_local(|| store.send("GET", "/keys?limit=1000", b""));
}
