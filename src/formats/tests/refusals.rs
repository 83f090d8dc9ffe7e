//! Invalid inputs and their error messages.

use super::*;
use crate::formats::{
    Problem, Problems, RecordLocation,
    keys::{KeyFormat, KeyListReader},
};

#[test]
fn ndjson_names_the_line_and_the_key() {
    let text = "{\"key\":\"\",\"value\":\"s3cret\"}
{\"key\":\"..\",\"value\":\"s3cret\"}
{\"value\":\"s3cret\"}
{\"key\":\"a\"}
{\"key\":1,\"value\":\"s3cret\"}
{\"key\":\"a\",\"value\":{\"s3cret\":1}}
{\"key\":\"a\",\"value\":\"s3cret!\",\"base64\":true}
{\"key\":\"a\",\"value\":\"s3cret\",\"base64\":\"yes\"}
{\"key\":\"a\",\"value\":\"s3cret\",\"expiraton\":1}
{\"key\":\"a\",\"value\":\"s3cret\",\"value\":\"s3cret\"}
{\"key\":\"a\",\"value\":\"s3cret\",\"expiration\":1.5}
{\"key\":\"a\",\"value\":\"s3cret\",\"expiration\":\"s3cret\"}
{\"key\":\"a\",\"value\":\"s3cret\",\"expiration_ttl\":59}
{\"key\":\"a\",\"value\":\"s3cret\\ud800\"}
{\"key\":\"a\",\"value\":\"s3cret\"
[\"s3cret\"]
s3cret
{\"key\":\"line\\nbreak\",\"value\":1}
{\"key\":\"fine\",\"value\":\"s3cret\"}";
    let said = said(StreamFormat::Ndjson, text.as_bytes());
    assert!(!said.contains("s3cret"), "{said}");
    insta::assert_snapshot!(said, @r"
    line 1, key ``: key name is empty
    line 2, key `..`: key name cannot be `.` or `..`
    line 3: missing field `key`
    line 4, key `a`: missing field `value`
    line 5: `key` must be a string, found a number
    line 6, key `a`: `value` must be a string, found an object
    line 7, key `a`: `value` is not base64; it must be the standard alphabet without blanks or line breaks
    line 8, key `a`: `base64` must be `true` or `false`, found a string
    line 9, key `a`: unknown field `expiraton`; did you mean `expiration`?
    line 10, key `a`: duplicate field `value`
    line 11, key `a`: `expiration` must be a whole number of seconds, found a number with a fraction, or too large
    line 12, key `a`: `expiration` must be a whole number of seconds, found a string
    line 13, key `a`: a TTL is at least 60 seconds, not 59
    line 14, key `a`: `value` has an invalid escape: half a surrogate pair
    line 15: invalid JSON: EOF while parsing an object at column 27
    line 16: expected an object with `key` and `value`, found an array
    line 17: invalid JSON: expected value at column 1
    line 18, key `line\nbreak`: `value` must be a string, found a number
    line 19: ok `fine`
    ");
}

#[test]
fn limits_are_those_of_the_service() {
    let line = |key: &str, metadata: &str| {
        let text = format!("{{\"key\":\"{key}\",\"value\":\"\",\"metadata\":{metadata}}}");
        said(StreamFormat::Ndjson, text.as_bytes())
    };
    let text = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    assert!(line(&"k".repeat(512), &text(1024)).contains("ok"));
    insta::assert_snapshot!(line(&"é".repeat(257), "1"), @"line 1, key `éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé…`: key name is 514 bytes long; the limit is 512");
    insta::assert_snapshot!(line("k", &text(1025)), @"line 1, key `k`: metadata is 1025 bytes long; the limit is 1,024");
    // Blanks between tokens are not stored.
    assert!(line("k", &format!("[{}{}]", " ".repeat(2000), text(1022))).contains("ok"));
}

#[test]
fn bytes_that_are_no_text_are_named() {
    insta::assert_snapshot!(said(StreamFormat::Ndjson, b"{\"key\":\"a\",\"value\":\"\xff\"}\n"), @"line 1: byte 21 is not UTF-8; a value that is not text must be written as base64");
    insta::assert_snapshot!(said(StreamFormat::Wrangler, b"[\n{\"key\":\"a\",\"value\":\"\xff\"}]"), @"entry 1 (line 2): byte 21 is not UTF-8; a value that is not text must be written as base64");
    insta::assert_snapshot!(said(StreamFormat::Csv, b"key,value\na,\xff\n"), @"line 2, key `a`: byte 1 is not UTF-8; a value that is not text must be written as base64");
}

#[test]
fn a_damaged_export_says_what_is_wrong() {
    let record = "{\"key\":\"a\",\"value\":\"b\"}\n";
    let header = "{\"kvctl\":1,\"kind\":\"records\"}\n";
    let footer = "{\"kvctl\":1,\"kind\":\"end\",\"records\":1,\"sha256\":\"\
        bd1d53bf91dd2a2c0a0a9a7a2d8b5b3e\"}\n";
    let right = written(
        StreamFormat::Ndjson,
        &read_well(StreamFormat::Ndjson, record.as_bytes()),
    );
    let right = String::from_utf8(right).unwrap();
    let cases = [
        format!("{header}{record}{footer}"),
        right.replace("\"records\":1", "\"records\":2"),
        format!("{header}{record}"),
        right.trim_end().trim_end_matches('}').to_owned(),
        format!("{right}{record}"),
        format!("{right}{right}"),
        format!("{header}{header}"),
        right.replace(header, ""),
        right.replace("\"kvctl\":1", "\"kvctl\":2"),
        right.replace("\"kind\":\"records\"", "\"kind\":\"recipes\""),
        right.replace(
            "\"kind\":\"records\"",
            "\"kind\":\"records\",\"made_by\":\"a later one\"",
        ),
    ];
    let said: Vec<_> = cases
        .iter()
        .map(|text| said(StreamFormat::Ndjson, text.as_bytes()))
        .collect();
    insta::assert_snapshot!(said.join("\n--\n"), @"
    line 2: ok `a`
    line 3: checksum mismatch: the records are not as they were exported (ends)
    --
    line 2: ok `a`
    line 3: the footer says 2 records, but there are 1 (ends)
    --
    line 2: ok `a`
    line 2: the export is truncated: it has no footer (ends)
    --
    line 2: ok `a`
    line 3: the export is truncated: it has no footer (ends)
    --
    line 2: ok `a`
    line 4: data after the footer; it must be the last line (ends)
    --
    line 2: ok `a`
    line 4: data after the footer; it must be the last line (ends)
    --
    line 2: unexpected header; it must be the first line (ends)
    --
    line 1: ok `a`
    line 2: footer without header: the beginning of the export is missing (ends)
    --
    line 1: unsupported format version 2; this kvctl reads version 1 (ends)
    --
    line 1: invalid header or footer (ends)
    --
    line 2: ok `a`
    verified
    ");
}

#[test]
fn a_broken_array_ends_the_reading() {
    let entry = "{\"key\":\"a\",\"value\":\"b\"}";
    let cases = [
        String::new(),
        entry.to_owned(),
        format!("[{entry}"),
        format!("[{entry},"),
        format!("[{entry},]"),
        format!("[,{entry}]"),
        format!("[{entry}{entry}]"),
        format!("[{entry}]\n{entry}"),
        format!("[\n{entry},\n{{\"key\":\"a\",}},\n{entry}]"),
        format!("[\n{entry},\n{{\"kex\":\"a\"}},\n7,\n{entry}]"),
        format!("[{entry},\n{{\"key\":\"kvctl\",\"value\":\"\",\"kvctl\":1}}]"),
        format!("[nonsense, {entry}]"),
    ];
    let said: Vec<_> = cases
        .iter()
        .map(|text| said(StreamFormat::Wrangler, text.as_bytes()))
        .collect();
    insta::assert_snapshot!(said.join("\n--\n"), @"
    line 1: expected an array, found nothing (ends)
    --
    line 1: expected an array, found an object (ends)
    --
    entry 1 (line 1): ok `a`
    entry 2 (line 1): the file is truncated: the array is not closed (ends)
    --
    entry 1 (line 1): ok `a`
    entry 2 (line 1): the file is truncated: the array is not closed (ends)
    --
    entry 1 (line 1): ok `a`
    entry 2 (line 1): expected `,` or `]` after an entry (ends)
    --
    entry 1 (line 1): expected `,` or `]` after an entry (ends)
    --
    entry 1 (line 1): ok `a`
    entry 2 (line 1): expected `,` or `]` after an entry (ends)
    --
    entry 1 (line 1): ok `a`
    line 2: data after the closing `]` (ends)
    --
    entry 1 (line 2): ok `a`
    entry 2 (line 3): invalid JSON: key must be a string at column 12 (ends)
    --
    entry 1 (line 2): ok `a`
    entry 2 (line 3): unknown field `kex`; did you mean `key`?
    entry 3 (line 4): expected an object with `key` and `value`, found a number
    entry 4 (line 5): ok `a`
    --
    entry 1 (line 1): ok `a`
    entry 2 (line 2), key `kvctl`: unknown field `kvctl`; the fields are `key`, `value`, `base64`, `expiration`, `expiration_ttl`, `metadata`
    --
    entry 1 (line 1): invalid JSON: expected ident at column 2 (ends)
    ");
}

#[test]
fn key_lists_are_strings_or_objects_with_a_name() {
    let text = "[\"a\", {\"name\":\"b\",\"expiration\":5,\"metadata\":{}},\n\"\", 1, {\"key\":\"c\"}, {}, \"\\ud800\", \"d\"]";
    let said: Vec<_> = KeyListReader::new(KeyFormat::Json, text.as_bytes())
        .map(|item| match item {
            Ok(listed) => format!("{}: {}", listed.location, listed.key),
            Err(e) => e.to_string(),
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"), @"
    entry 1 (line 1): a
    entry 2 (line 1): b
    entry 3 (line 2), key ``: key name is empty
    entry 4 (line 2): expected a string or an object with `name` or `key`, found a number
    entry 5 (line 2): c
    entry 6 (line 2): missing field `name`
    entry 7 (line 2): `name` has an invalid escape: half a surrogate pair
    entry 8 (line 2): d
    ");
    assert!(
        !KeyListReader::new(KeyFormat::Json, &b"{}"[..])
            .next()
            .unwrap()
            .unwrap_err()
            .is_recoverable()
    );
}

fn keys_of(format: KeyFormat, text: &str) -> String {
    let mut list = KeyListReader::new(format, text.as_bytes());
    let mut said: Vec<_> = (&mut list)
        .map(|item| match item {
            Ok(listed) => format!("{}: {}", listed.location, listed.key),
            Err(e) => e.to_string(),
        })
        .collect();
    said.extend(list.ignored().lines());
    said.join("\n")
}

#[test]
fn a_list_of_keys_may_be_a_file_of_records() {
    let text = r#"[{"key":"a","value":"1","expiration_ttl":60},{"name":"b","key":"b"},
        {"name":"c","type":1},{"name":"d","type":2,"expiraton":5},{"nmae":"e"}]"#;
    insta::assert_snapshot!(keys_of(KeyFormat::Json, text), @"
    entry 1 (line 1): a
    entry 2 (line 1): the entry has both `name` and `key`
    entry 3 (line 2): c
    entry 4 (line 2): d
    entry 5 (line 2): unknown field `nmae`; did you mean `name`?
    unknown field `expiraton`: entry 4 (line 2)
    unknown field `type` in 2 entries, the first: entry 3 (line 2)
    ");
    let lines = "{\"kvctl\":1,\"kind\":\"records\"}\n{\"key\":\"a\",\"value\":\"1\"}\n\n\"b\"\r\n\
                 {\"name\":\"c\"}\n[\"d\"]\ne\n";
    insta::assert_snapshot!(keys_of(KeyFormat::Ndjson, lines), @"
    line 2: a
    line 4: b
    line 5: c
    line 6: expected a string or an object with `name` or `key`, found an array
    line 7: invalid JSON: expected value at column 1
    ");
    let text = "\u{feff}a\r\n\n b \n[c]\n..\n";
    insta::assert_snapshot!(keys_of(KeyFormat::Lines { said: false }, text), @"
    line 1: a
    line 3:  b 
    line 4: [c]
    line 5, key `..`: key name cannot be `.` or `..`
    ");
    for json in ["[\"a\"]", "\n {\"key\":1}\n"] {
        let assumed = keys_of(KeyFormat::Lines { said: false }, json);
        assert!(assumed.ends_with("begins like JSON"), "{assumed}");
        assert!(!keys_of(KeyFormat::Lines { said: true }, json).contains("begins"));
    }
}

#[test]
fn the_format_of_a_list_is_told_by_its_extension() {
    let of = |path: &str| KeyFormat::of_path(std::path::Path::new(path));
    assert_eq!(of("keys.json"), KeyFormat::Json);
    assert_eq!(of("keys"), KeyFormat::Json);
    assert_eq!(of("keys.JSONL"), KeyFormat::Ndjson);
    assert_eq!(of("keys.txt"), KeyFormat::Lines { said: false });
    assert_eq!("lines".parse(), Ok(KeyFormat::Lines { said: true }));
    assert!("csv".parse::<KeyFormat>().is_err());
}

#[test]
fn wrangler_ignores_unknown_fields_and_they_are_noted() {
    let text = r#"[{"key":"a","value":"1","type":"x","metadata":null},
        {"key":"b","value":"2","type":"y","id":7,"expiration":1900000000.7},
        {"key":"c","value":"3","expiraton":1900000000},
        {"key":"d","value":"4","ttl":60},
        {"key":"e","value":"5","expirationTtl":60},
        {"key":"f","value":"6","expiration":1.9e9}]"#;
    let mut reader = StreamFormat::Wrangler.reader(text.as_bytes(), UnknownFields::Note);
    let mut said: Vec<_> = (&mut *reader)
        .map(|item| match item {
            Ok(input) => format!("{}: {} {:?}", input.location, input.key, input.expiry),
            Err(e) => e.to_string(),
        })
        .collect();
    said.extend(reader.ignored().unwrap().lines());
    insta::assert_snapshot!(said.join("\n"), @"
    entry 1 (line 1): a None
    entry 2 (line 2): b Some(At(Expiration(1900000000)))
    entry 3 (line 3), key `c`: unknown field `expiraton`; did you mean `expiration`?
    entry 4 (line 4), key `d`: unknown field `ttl`; did you mean `expiration_ttl`?
    entry 5 (line 5), key `e`: unknown field `expirationTtl`; did you mean `expiration_ttl`?
    entry 6 (line 6): f Some(At(Expiration(1900000000)))
    unknown field `id`: entry 2 (line 2)
    unknown field `type` in 2 entries, the first: entry 1 (line 1)
    ");
}

#[test]
fn only_so_many_names_of_fields_are_kept() {
    let fields: Vec<_> = (0..40).map(|n| format!("\"x{n}\":1")).collect();
    let text = format!("[{{\"name\":\"a\",{}}}]", fields.join(","));
    let mut list = KeyListReader::new(KeyFormat::Json, text.as_bytes());
    assert!(list.next().unwrap().is_ok());
    let lines = list.ignored().lines();
    assert_eq!(lines.len(), 13);
    assert_eq!(lines.last().unwrap(), "28 more fields under other names");
}

#[test]
fn problems_are_named_up_to_a_dozen() {
    let causes = |count: u64| {
        let mut problems = Problems::default();
        for line in 1..=count {
            let location = RecordLocation::Line(line);
            problems.push(ReadError::of_record(location, Problem::Base64.into()));
        }
        let Err(errors) = problems.check() else {
            return Vec::new();
        };
        let first: &dyn std::error::Error = &errors;
        let chain = std::iter::successors(Some(first), |error| error.source());
        chain.map(ToString::to_string).collect()
    };
    assert!(causes(0).is_empty());
    assert_eq!(causes(1).len(), 1);
    assert_eq!(causes(12).len(), 12);
    let many = causes(30);
    assert_eq!(many.len(), 13);
    assert!(many[11].starts_with("line 12"), "{many:?}");
    assert_eq!(many[12], "and 18 more");
}

#[test]
fn csv_names_columns_and_lines() {
    let cases = [
        "",
        "key,value,ttl\n",
        "key\n",
        "key,value,key\n",
        "key,value\na,s3cret\nb\nc,s3cret,s3cret\n\"d\",\"s3\ncret\"\n..,s3cret\n",
        "key,value,base64,expiration,expiration_ttl,metadata\na,s3cret,maybe,,,\na,s3cret,,s3cret,,\n\
         a,s3cret,,,s3cret,\na,s3cret,,,5,\na,s3cret,,,,s3cret\na,s3cre!,true,,,\na,,,,60,1\n",
    ];
    let said: Vec<_> = cases
        .iter()
        .map(|text| said(StreamFormat::Csv, text.as_bytes()))
        .collect();
    let said = said.join("\n--\n");
    assert!(!said.contains("s3"), "{said}");
    insta::assert_snapshot!(said, @r#"
    line 1: the first line must list the columns: `key`, `value`, `base64`, `expiration`, `metadata`, `expiration_ttl` (ends)
    --
    line 1: unknown column `ttl`; the columns are `key`, `value`, `base64`, `expiration`, `metadata`, `expiration_ttl` (ends)
    --
    line 1: missing column `value` (ends)
    --
    line 1: duplicate column `key` (ends)
    --
    line 2: ok `a`
    line 3, key `b`: expected 2 fields, found 1
    line 4, key `c`: expected 2 fields, found 3
    line 5: ok `d`
    line 7, key `..`: key name cannot be `.` or `..`
    --
    line 2, key `a`: `base64` must be `true`, `false` or empty, found other text
    line 3, key `a`: `expiration` must be UNIX seconds (1767225600) or a date with a zone (2026-01-01T00:00:00Z), found other text
    line 4, key `a`: `expiration_ttl` must be seconds (3600), found other text
    line 5, key `a`: a TTL is at least 60 seconds, not 5
    line 6, key `a`: metadata must be JSON, such as {"version":1} or "text" in quotes: expected value at line 1 column 1
    line 7, key `a`: `value` is not base64; it must be the standard alphabet without blanks or line breaks
    line 8: ok `a`
    "#);
}

#[test]
fn debug_shows_no_value() {
    let (items, _) = read(
        StreamFormat::Ndjson,
        &b"{\"key\":\"a\",\"value\":\"s3cret\"}"[..],
    );
    assert!(!format!("{items:?}").contains("s3cret"));
}
