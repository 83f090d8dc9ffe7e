//! What a long run is: what names its journal, and tells it from the journals of other runs.
//!
//! Made of ids, paths and checksums alone, so that no change of words makes a run another one.

use std::path::Path;

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::domain::{AccountId, NamespaceId, Prefixes, hex};

/// What the first line of a journal begins with.
pub const MAGIC: &str = "kvctl-journal 2 ";

/// The operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Records of a file are written.
    Import,
    /// Records of a namespace are written into another.
    Copy,
    /// Keys are deleted.
    Delete,
}

/// Where namespaces live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Store {
    /// In an account.
    Account(AccountId),
    /// In a directory, by its real path.
    Directory(String),
}

/// One namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamespaceRef {
    /// Where it lives.
    #[serde(flatten)]
    pub store: Store,
    /// Which it is there.
    pub namespace: NamespaceId,
}

/// What tells which keys or records are meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Input {
    /// Those of a file, by its real path.
    File(String),
    /// Those that came through a pipe, by the checksum of all of it.
    Pipe(String),
    /// Those of a namespace that begin so.
    Prefix(Prefixes),
    /// Those of a list, by the checksum of the keys.
    Keys(String),
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Content {
    /// How many records.
    pub records: u64,
    /// The checksum of its bytes.
    pub sha256: String,
    /// The checksum of the TTL and metadata that its records are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given: Option<String>,
}

impl Content {
    /// Returns the checksum of what `given` says.
    pub fn sum(given: &str) -> String {
        hex(&Sha256::digest(given))
    }
}

/// A long run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunId {
    /// The operation.
    pub operation: Operation,
    /// The namespace that is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<NamespaceRef>,
    /// The namespace that is changed.
    pub to: NamespaceRef,
    /// What of.
    pub input: Input,
    /// What the file held when the run began. It does not name the journal, so that the journal of
    /// a file that changed is found, and known to be about another content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
}

/// Where the records of an export that is not complete come from.
///
/// The part of the file does not say it, and records of two namespaces must not become one export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// The namespace.
    pub from: NamespaceRef,
    /// What the keys begin with.
    pub prefix: Prefixes,
}

impl Origin {
    /// Returns the name of the file that says where the records of `part` come from.
    pub fn file_name(part: &Path) -> String {
        let sum = hex(&Sha256::digest(real(part)));
        format!("{}.export", &sum[..32])
    }

    /// Returns its only line.
    pub fn line(&self) -> String {
        // Strings: it cannot fail.
        let json = serde_json::to_string(self).unwrap_or_default();
        format!("{MAGIC}{json}")
    }
}

impl Store {
    /// The local store in `directory`.
    pub fn local(directory: &Path) -> Self {
        Self::Directory(real(directory))
    }
}

impl Input {
    /// The records of the file at `path`.
    pub fn file(path: &Path) -> Self {
        Self::File(real(path))
    }

    /// The keys of a list, in its order.
    pub fn keys<'a>(keys: impl IntoIterator<Item = impl AsRef<str>> + 'a) -> Self {
        let mut sum = Sha256::new();
        for key in keys {
            sum.update(key.as_ref());
            // No key holds this byte unescaped, but any may hold all others.
            sum.update([0xff]);
        }
        Self::Keys(hex(&sum.finalize()))
    }
}

impl RunId {
    /// Returns the name of its journal.
    pub fn file_name(&self) -> String {
        let named = Self {
            content: None,
            ..self.clone()
        };
        let sum = hex(&Sha256::digest(named.json()));
        format!("{}.journal", &sum[..32])
    }

    /// Returns the first line of its journal.
    pub fn line(&self) -> String {
        format!("{MAGIC}{}", self.json())
    }

    fn json(&self) -> String {
        // Strings and numbers: it cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The real path, each other path in its own letters.
fn real(path: &Path) -> String {
    const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    match path.to_str() {
        Some(text) => text.replace('%', "%25"),
        None => percent_encode(path.as_os_str().as_encoded_bytes(), ESCAPED).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> RunId {
        RunId {
            operation: Operation::Import,
            from: None,
            to: NamespaceRef {
                store: Store::Account(AccountId::local()),
                namespace: "0000000000000000000000000000000a".parse().unwrap(),
            },
            input: Input::File("/a/b".to_owned()),
            content: Some(Content {
                records: 3,
                sha256: "00".to_owned(),
                given: None,
            }),
        }
    }

    #[test]
    fn the_first_line_is_a_contract() {
        let line = r#"kvctl-journal 2 {"operation":"import","to":{"account":"ACCOUNT","namespace":"NAMESPACE"},"input":{"file":"/a/b"},"content":{"records":3,"sha256":"00"}}"#;
        let line = line.replace("ACCOUNT", &AccountId::local().to_string());
        assert_eq!(
            run().line(),
            line.replace("NAMESPACE", run().to.namespace.as_str())
        );
    }

    fn prefixes(given: &[&str]) -> Prefixes {
        Prefixes::any_of(given.iter().map(|&it| it.to_owned())).unwrap()
    }

    #[test]
    fn prefixes_are_the_same_in_any_order() {
        let line = |given| {
            let input = Input::Prefix(prefixes(given));
            serde_json::to_string(&input).unwrap()
        };
        assert_eq!(line(&["a"]), r#"{"prefix":"a"}"#);
        assert_eq!(line(&["ab", "a"]), r#"{"prefix":"a"}"#);
        assert_eq!(line(&["b", "a"]), r#"{"prefix":["a","b"]}"#);
        assert_eq!(line(&["b", "a"]), line(&["a", "b", "b"]));
    }

    #[test]
    fn the_name_tells_everything_but_the_content_apart() {
        let first = run();
        let mut names = vec![first.file_name()];
        let mut other = |change: fn(&mut RunId)| {
            let mut run = first.clone();
            change(&mut run);
            assert_ne!(run.line(), first.line());
            names.push(run.file_name());
        };
        other(|run| run.operation = Operation::Delete);
        other(|run| run.from = Some(run.to.clone()));
        other(|run| run.to.namespace = "0000000000000000000000000000000b".parse().unwrap());
        other(|run| run.to.store = Store::local(Path::new("/")));
        other(|run| run.input = Input::File("/a/c".to_owned()));
        other(|run| run.input = Input::Pipe("/a/b".to_owned()));
        other(|run| run.input = Input::Prefix(Prefixes::one("/a/b")));
        other(|run| run.input = Input::Prefix(prefixes(&["/a/b", "b"])));
        other(|run| run.input = Input::keys(["/a/b"]));
        other(|run| run.input = Input::keys(["/a", "/b"]));
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 11);
        let changed = RunId {
            content: None,
            ..first.clone()
        };
        assert_ne!(changed.line(), first.line());
        assert_eq!(changed.file_name(), first.file_name());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_known_by_its_real_path() {
        use std::os::unix::ffi::OsStrExt as _;
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("a");
        crate::fsx::create(&file, b"").unwrap();
        std::os::unix::fs::symlink(&file, home.path().join("link")).unwrap();
        assert_eq!(Input::file(&home.path().join("link")), Input::file(&file));
        let odd = |bytes: &[u8]| Input::file(Path::new(std::ffi::OsStr::from_bytes(bytes)));
        assert_ne!(odd(b"/no\xff"), odd(b"/no\xfe"));
        assert_ne!(odd(b"/no\xff"), odd(b"/no%FF"));
    }
}
