//! What was damaged is noticed, and nothing panics.

use proptest::prelude::*;

use super::*;
use crate::formats::{
    Problem,
    keys::{KeyFormat, KeyListReader},
    ndjson::Partial,
};

/// Whether a damaged export was read as valid, with records other than `records`.
fn fooled(bytes: &[u8], records: &[Record]) -> bool {
    let (items, summary) = read(StreamFormat::Ndjson, bytes);
    let mut read = Vec::new();
    for item in items {
        match item {
            Ok(input) => read.push(input.into_record(0)),
            Err(_) => return false,
        }
    }
    // An empty file has neither header nor footer; the caller is told.
    read != records && (summary.verified || !bytes.is_empty())
}

/// Returns so many bytes at once.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}

fn told(format: StreamFormat, input: impl Read + Send) -> Vec<Result<Input, String>> {
    let (items, _) = read(format, input);
    items
        .into_iter()
        .map(|it| it.map_err(|e| e.to_string()))
        .collect()
}

proptest! {
    #[test]
    fn a_changed_byte_is_noticed(records in records(), at in any::<prop::sample::Index>(), by in 1_u8..) {
        let mut bytes = written(StreamFormat::Ndjson, &records);
        let at = at.index(bytes.len());
        bytes[at] ^= by;
        prop_assert!(!fooled(&bytes, &records), "byte {at}");
    }

    #[test]
    fn a_cut_is_noticed(records in records(), at in any::<prop::sample::Index>()) {
        let bytes = written(StreamFormat::Ndjson, &records);
        let at = at.index(bytes.len());
        prop_assert!(!fooled(&bytes[..at], &records), "cut at {at}");
        let header = bytes.iter().position(|b| *b == b'\n').unwrap() + 1;
        let (items, _) = read(StreamFormat::Ndjson, &bytes[..at]);
        let cut_short = matches!(
            items.last(),
            Some(Err(e)) if matches!(e.problem(), Problem::MissingFooter) && !e.is_recoverable()
        );
        prop_assert_eq!(cut_short, (header - 1..bytes.len() - 1).contains(&at));
    }

    #[test]
    fn lines_that_are_missing_or_moved_are_noticed(
        records in records(),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
    ) {
        let bytes = written(StreamFormat::Ndjson, &records);
        let mut lines: Vec<_> = bytes.split_inclusive(|b| *b == b'\n').collect();
        let line = lines.remove(from.index(lines.len()));
        prop_assert!(!fooled(&lines.concat(), &records));
        lines.insert(to.index(lines.len() + 1), line);
        prop_assert!(!fooled(&lines.concat(), &records));
        lines.push(line);
        prop_assert!(!fooled(&lines.concat(), &records));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for format in STREAMS {
            read(format, &bytes[..]);
        }
        KeyListReader::new(KeyFormat::Json, &bytes[..]).for_each(drop);
        drop(Partial::read(&bytes[..], &Prefixes::default()));
    }

    /// Bytes that come close to each format reach deeper.
    #[test]
    fn almost_right_input_never_panics(
        tokens in proptest::collection::vec(prop::sample::select(vec![
            "[", "]", "{", "}", ",", ":", "\"", "\\", "\\u", "d800", "\n", "\r\n", "key", "\"key\"", "\"value\"",
            "\"a\"", "value", "base64", "\"base64\"", "true", "null", "1", "-", "1e9", " ", "\"kvctl\"", "\"kind\"",
            "\"end\"", "metadata", "\"metadata\"", "expiration", "é", "\u{feff}", "{\"kvctl\":1,\"kind\":\"records\"}\n",
            "{\"key\":\"a\",\"value\":\"b\"}", "key,value\n", "\"name\"",
        ]), 0..24),
    ) {
        let text = tokens.concat();
        for format in STREAMS {
            read(format, text.as_bytes());
        }
        KeyListReader::new(KeyFormat::Json, text.as_bytes()).for_each(drop);
        drop(Partial::read(text.as_bytes(), &Prefixes::default()));
    }

    /// What is whole in the buffer is read another way than what is not.
    #[test]
    fn what_is_read_does_not_depend_on_how_much_comes_at_once(
        tokens in proptest::collection::vec(prop::sample::select(vec![
            "{\"key\":\"a\",\"value\":\"b\"}", "{ \"value\" : \"\\n\" , \"key\":\"é\" }\n", "\"k\"", "\"\\u00e9\"", ",",
            "{\"name\":\"a\"}", "{\"key\":\"a\",\"value\":\"b\",\"metadata\":{\"a\":[1,\"}\"]},\"expiration\":1900000000}",
            "{\"key\":\"a\",\"key\":\"b\",\"value\":\"c\"}", "{\"key\":\"a\",\"valeu\":\"c\"}", "{\"\\u006bey\":\"a\",\"value\":\"b\"}",
            "{", "}", "[", "]", ":", "\"key\"", "\"value\"", "true", "1", "nul", " ", "\n", "\t", "\u{1}", "\\", "\"",
        ]), 0..12),
        bytes in 1_usize..40,
    ) {
        let text = format!("[{}]", tokens.join(","));
        for text in [text, format!("[{}]", tokens.concat())] {
            let at_once = Trickle(text.as_bytes(), usize::MAX);
            let in_parts = Trickle(text.as_bytes(), bytes);
            prop_assert_eq!(told(StreamFormat::Wrangler, at_once), told(StreamFormat::Wrangler, in_parts));
            let keys = |bytes| {
                let listed = KeyListReader::new(KeyFormat::Json, Trickle(text.as_bytes(), bytes));
                listed.map(|it| it.map_err(|e| e.to_string())).collect::<Vec<_>>()
            };
            prop_assert_eq!(keys(usize::MAX), keys(bytes), "{}", text);
        }
    }

    /// Splitting an array finds what a parser of all of it finds.
    #[test]
    fn the_splitter_agrees_with_a_parser(
        tokens in proptest::collection::vec(prop::sample::select(vec![
            "[", "]", "{", "}", ",", ":", "\"a\"", "\"]\"", "\"\\\"\"", "1", "-2.5", "true", "null", " ", "\n",
        ]), 0..12),
    ) {
        let text = format!("[{}]", tokens.concat());
        let whole: Result<Vec<serde_json::Value>, _> = serde_json::from_str(&text);
        let (items, _) = read(StreamFormat::Wrangler, text.as_bytes());
        let fatal = items.iter().any(|item| item.as_ref().is_err_and(|e| !e.is_recoverable()));
        prop_assert_eq!(fatal, whole.is_err() && !items.is_empty(), "{}", text);
        if let Ok(values) = whole {
            prop_assert_eq!(values.len(), items.len());
        }
    }
}

#[test]
fn deep_nesting_is_no_trouble() {
    let deep = "[".repeat(100_000);
    for format in STREAMS {
        read(format, deep.as_bytes());
        let value = format!(
            "{{\"key\":\"a\",\"value\":\"b\",\"metadata\":{deep}{}}}",
            "]".repeat(100_000)
        );
        read(format, value.as_bytes());
        read(format, format!("[{value}]").as_bytes());
    }
}

#[test]
fn an_endless_record_is_refused() {
    let endless =
        |start: &'static str| start.as_bytes().chain(std::io::repeat(b'a').take(41 << 20));
    for (format, start) in [
        (StreamFormat::Ndjson, "{\"key\":\"a\",\"value\":\"b\"}\n"),
        (StreamFormat::Csv, "key,value\na,b\n\""),
    ] {
        let (items, _) = read(format, endless(start));
        let last = items.last().unwrap().as_ref().unwrap_err();
        assert!(matches!(last.problem(), Problem::TooLong), "{last}");
        assert_eq!(items.len(), 2);
    }
    let entry = endless("[\"").chain(&b"\",{\"key\":\"a\",\"value\":\"b\"}]"[..]);
    let (items, _) = read(StreamFormat::Wrangler, entry);
    assert!(matches!(
        items[0].as_ref().unwrap_err().problem(),
        Problem::TooLong
    ));
    assert!(items[1].is_ok());
    let line = endless("\"").chain(&b"\"\n{\"key\":\"a\",\"value\":\"b\"}\n"[..]);
    assert!(read(StreamFormat::Ndjson, line).0[1].is_ok());
}
