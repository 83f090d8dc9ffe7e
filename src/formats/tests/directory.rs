//! Directories: every key has a file of its own, and nothing outside is touched.

use std::path::{Component, Path};

use fs_err as fs;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::domain::ShowPath as _;
use crate::formats::directory::{DirectoryReader, INDEX, Layout, path_of};

#[expect(clippy::disallowed_methods, reason = "a test makes the files it reads")]
fn put(root: &Path, path: &str, content: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    assert!(!path.exists(), "{} is there twice", path.shown());
    fs::write(path, content).unwrap();
}

fn export(records: &[Record]) -> TempDir {
    let root = TempDir::new().unwrap();
    let mut layout = Layout::default();
    let mut index = String::new();
    for record in records {
        let placed = layout.place(record);
        put(root.path(), placed.path.to_str().unwrap(), &record.value);
        index += placed.index.as_deref().unwrap_or_default();
    }
    if !index.is_empty() {
        put(root.path(), INDEX, index.as_bytes());
    }
    root
}

fn said(root: &Path) -> String {
    let reader = DirectoryReader::new(root, false).unwrap();
    let said = reader.map(|item| match item {
        Ok(input) => format!("{}: ok `{}`", input.location, input.key),
        Err(e) if e.is_recoverable() => e.to_string(),
        Err(e) => format!("{e} (ends)"),
    });
    said.collect::<Vec<_>>().join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn records_come_back_from_a_directory(records in records()) {
        let root = export(&records);
        let mut reader = DirectoryReader::new(root.path(), false).unwrap();
        let read: Vec<_> = reader.by_ref().map(|item| item.unwrap().into_record(0)).collect();
        prop_assert_eq!(reader.summary().records, records.len() as u64);
        prop_assert_eq!(read, records);
    }

    #[test]
    fn paths_stay_inside_and_are_each_others_only(a in key(), b in key()) {
        let path = path_of(&a);
        let plain = |part: Component<'_>| match part {
            Component::Normal(name) => name.len() <= 255 && !name.as_encoded_bytes().starts_with(b"."),
            _ => false,
        };
        prop_assert!(path.components().all(plain), "{}", path.shown());
        prop_assert!(path.as_os_str().len() < 4000);
        prop_assert_eq!(a == b, path == path_of(&b));
    }
}

#[test]
fn any_directory_is_read_in_the_order_of_its_keys() {
    let root = TempDir::new().unwrap();
    for path in [
        "m/2",
        "m%=/1",
        "%6D/3",
        "a%=/c",
        "a.txt",
        "a",
        "Z",
        "100%.txt",
        "x y/é",
        ".git/config",
        "d/.DS_Store",
        "%61",
        "b%2Fc",
        "%FF",
        "%2E%2E",
        "long%+/er",
        "longest",
    ] {
        put(root.path(), path, b"");
    }
    insta::assert_snapshot!(said(root.path()), @"
    file `%FF`: the file name is not valid UTF-8
    file `b%2Fc`: the file name contains an escaped `/`; use a directory instead
    file `%2E%2E`, key `..`: key name cannot be `.` or `..`
    file `100%.txt`: ok `100%.txt`
    file `Z`: ok `Z`
    file `%61`: ok `a`
    file `a`, key `a`: file `%61` stands for the same key
    file `a.txt`: ok `a.txt`
    file `a%=/c`: ok `a/c`
    file `long%+/er`: ok `longer`
    file `longest`: ok `longest`
    file `m%=/1`: ok `m/1`
    file `m/2`: ok `m/2`
    file `%6D/3`: ok `m/3`
    file `x y/é`: ok `x y/é`
    ");
}

#[cfg(unix)]
#[test]
fn links_lead_nowhere_outside() {
    use std::os::unix::fs::symlink;

    let outside = TempDir::new().unwrap();
    put(outside.path(), "passwd", b"s3cret");
    let root = TempDir::new().unwrap();
    put(root.path(), "d/file", b"");
    let links = [
        (outside.path().join("passwd"), "file-outside"),
        (outside.path().to_owned(), "directory-outside"),
        ("d/file".into(), "inside"),
        ("d".into(), "directory-inside"),
        ("..".into(), "up"),
        ("missing".into(), "nowhere"),
    ];
    for (target, name) in links {
        symlink(target, root.path().join(name)).unwrap();
    }
    let mut messages: Vec<_> = said(root.path()).lines().map(str::to_owned).collect();
    messages.sort();
    insta::assert_snapshot!(messages.join("\n"), @"
    file `d/file`: ok `d/file`
    file `directory-inside`: symbolic link to a directory; only links to files are followed
    file `directory-outside`: symbolic link points outside the directory or to nothing; it is not followed
    file `file-outside`: symbolic link points outside the directory or to nothing; it is not followed
    file `inside`: ok `inside`
    file `nowhere`: symbolic link points outside the directory or to nothing; it is not followed
    file `up`: symbolic link points outside the directory or to nothing; it is not followed
    ");
    symlink(outside.path().join("passwd"), root.path().join(INDEX)).unwrap();
    assert!(DirectoryReader::new(root.path(), false).is_err());
}

#[test]
fn the_index_must_fit_the_files() {
    let of = |index: &str| {
        let root = TempDir::new().unwrap();
        put(root.path(), "b", b"");
        put(root.path(), "d", b"");
        put(root.path(), INDEX, index.as_bytes());
        said(root.path())
    };
    let header = "{\"kvctl\":1,\"kind\":\"index\"}\n";
    let said = [
        of(&format!(
            "{header}{{\"key\":\"a\"}}\n{{\"key\":\"b\"}}\n{{\"key\":\"c\"}}\r\n\n{{\"key\":\"d\"}}\n{{\"key\":\"e\"}}"
        )),
        of("{\"key\":\"d\"}\n{\"key\":\"b\"}\n"),
        of("{\"key\":\"b\"}\n{\"key\":\"b\"}\n"),
        of("{\"key\":\"b\",\"value\":\"\"}\n"),
        of("{\"kvctl\":1,\"kind\":\"records\"}\n"),
        of("{\"key\":\"b\",\"expiration_ttl\":1}\n"),
        of("not json"),
    ];
    insta::assert_snapshot!(said.join("\n--\n"), @"
    line 2 of `.kvctl.ndjson`, key `a`: the index lists a key that has no file
    file `b`: ok `b`
    line 4 of `.kvctl.ndjson`, key `c`: the index lists a key that has no file
    file `d`: ok `d`
    line 7 of `.kvctl.ndjson`, key `e`: the index lists a key that has no file
    --
    file `b`: ok `b`
    file `d`: ok `d`
    line 2 of `.kvctl.ndjson`: the index must be sorted by key, without duplicates (ends)
    --
    file `b`: ok `b`
    line 2 of `.kvctl.ndjson`: the index must be sorted by key, without duplicates (ends)
    --
    line 1 of `.kvctl.ndjson`: unknown field `value`; the fields are `key`, `expiration`, `expiration_ttl`, `metadata` (ends)
    --
    line 1 of `.kvctl.ndjson`: invalid header or footer (ends)
    --
    line 1 of `.kvctl.ndjson`: a TTL is at least 60 seconds, not 1 (ends)
    --
    line 1 of `.kvctl.ndjson`: invalid JSON: expected ident at column 2 (ends)
    ");
}

#[test]
fn a_file_that_is_too_large_is_refused_unread() {
    let root = TempDir::new().unwrap();
    put(root.path(), "large", b"");
    let file = fs::OpenOptions::new()
        .write(true)
        .open(root.path().join("large"))
        .unwrap();
    file.set_len(1 << 40).unwrap();
    insta::assert_snapshot!(said(root.path()), @"file `large`, key `large`: the value has 1099511627776 bytes; the limit is 26,214,400 (25 MiB)");
    assert!(DirectoryReader::new(&root.path().join("missing"), false).is_err());
}

#[test]
fn a_directory_says_which_keys_were_exported() {
    let root = TempDir::new().unwrap();
    let prefixes = Prefixes::one("a");
    let (_, begun) = Layout::new(&prefixes);
    put(root.path(), INDEX, begun.unwrap().as_bytes());
    put(root.path(), "a1", b"");
    // A file that was added later is as good.
    put(root.path(), "b", b"");
    let mut reader = DirectoryReader::new(root.path(), false).unwrap();
    let keys: Vec<_> = (&mut reader)
        .map(|it| it.unwrap().key.to_string())
        .collect();
    assert_eq!(keys, ["a1", "b"]);
    assert_eq!(reader.prefixes(), prefixes);
    assert!(Layout::new(&Prefixes::default()).1.is_none());
}
