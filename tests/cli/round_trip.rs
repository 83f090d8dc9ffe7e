//! Records of every odd kind, through files and namespaces and back.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fs_err as fs;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{sandbox::Sandbox, wait::Finish as _};

/// Numbers that are the same every time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let words = std::iter::repeat_with(|| self.next().to_le_bytes());
        words
            .flat_map(|word| word.into_iter().take(4))
            .take(count)
            .collect()
    }
}

fn key(number: usize) -> String {
    const ODD: [&str; 16] = [
        "/",
        "?",
        "#",
        "%",
        "+",
        "&=",
        "^",
        " ",
        "\t",
        "\u{1}",
        "\u{7f}",
        "\u{1f600}",
        "...",
        "%2F",
        "-leading-dash",
        "\u{e9}\u{301}",
    ];
    let odd = ODD[number % ODD.len()];
    match number {
        0 => "k".repeat(512),
        1 => "/".to_owned(),
        2 => "...".to_owned(),
        3 => "\u{1f600}".repeat(128),
        _ => match number % 3 {
            0 => format!("{odd}{number}"),
            1 => format!("a{odd}{number}/b{odd}"),
            _ => format!("{number}{odd}"),
        },
    }
}

/// A record; two of them are as large as `largest`.
fn record(number: usize, random: &mut Numbers, expiration: i64, largest: usize) -> Value {
    let mut record = json!({ "key": key(number) });
    let value = match number {
        5 => random.bytes(largest),
        6 => vec![b'x'; largest],
        _ => match random.next() % 6 {
            0 => Vec::new(),
            1 => vec![0],
            2 => random.bytes(40),
            3 => b"caf\xe9 in latin-1".to_vec(),
            4 => "\u{fffd} is text, \"quoted\"\r\n".into(),
            _ => format!("value {number}").into(),
        },
    };
    match String::from_utf8(value) {
        Ok(text) => record["value"] = text.into(),
        Err(e) => {
            record["value"] = STANDARD.encode(e.as_bytes()).into();
            record["base64"] = true.into();
        }
    }
    if number.is_multiple_of(2) {
        record["expiration"] = (expiration + i64::try_from(number).unwrap()).into();
    }
    if number.is_multiple_of(3) {
        record["metadata"] = json!({ "n": number, "e": "\u{e9}", "deep": [null, {"a": 1.5}] });
    }
    record
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
}

#[test]
fn odd_records_come_back_as_they_went() {
    go_and_come_back(700, 100_000);
}

#[test]
#[ignore = "slow: 10,000 records, two of them with the largest values that there are"]
fn odd_records_come_back_as_they_went_at_length() {
    go_and_come_back(10_000, 25 * 1024 * 1024);
}

fn go_and_come_back(count: usize, largest: usize) {
    let sandbox = Sandbox::unlimited();
    for title in ["one", "two"] {
        sandbox.expect(0, &["namespace", "create", title]);
    }
    let mut random = Numbers(2026);
    let later = kvctl::env::now().as_second() + 86_400;
    let mut records: Vec<Value> = (0..count)
        .map(|n| record(n, &mut random, later, largest))
        .collect();
    records.sort_by(|a, b| a["key"].as_str().cmp(&b["key"].as_str()));
    let text = records.iter().fold(String::new(), |mut text, record| {
        writeln!(text, "{record}").unwrap();
        text
    });
    sandbox.write("in.ndjson", &text);
    let run = |args: &[&str]| {
        let seen = sandbox.run(args);
        assert_eq!(seen.code, Some(0), "{args:?}: {seen}");
    };
    run(&["import", "in.ndjson", "-n", "one"]);
    run(&["export", "one.ndjson", "-n", "one"]);
    run(&["import", "one.ndjson", "-n", "two"]);
    run(&["diff", "title:one", "title:two"]);
    run(&["diff", "in.ndjson", "title:two"]);
    run(&["export", "two.ndjson", "-n", "two"]);
    let [one, two] =
        ["one.ndjson", "two.ndjson"].map(|name| sum(&fs::read(sandbox.app().join(name)).unwrap()));
    assert_eq!(one, two);

    // The same by another way out of the namespace: one value at a time.
    for record in records.iter().filter(|record| {
        let number = key(5) == record["key"] || key(6) == record["key"];
        number || record["key"].as_str().unwrap().len() > 500
    }) {
        let value = record["value"].as_str().unwrap();
        let expected = if record["base64"] == true {
            STANDARD.decode(value).unwrap()
        } else {
            value.into()
        };
        let get = [
            "key",
            "get",
            "-n",
            "two",
            "--",
            record["key"].as_str().unwrap(),
        ];
        let seen = sandbox.command(&get).finish();
        assert_eq!(seen.status.code(), Some(0));
        assert_eq!(sum(&seen.stdout), sum(&expected), "{}", record["key"]);
    }
}
