//! Where in a directory a record goes.

use std::path::PathBuf;

use super::{index, names};
use crate::domain::{KeyName, Prefixes, Record};

/// Where a record goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The file that holds the value, relative to the directory; never leaves it.
    pub path: PathBuf,
    /// What to append to the index, whole lines; `None` if the record has neither expiry nor
    /// metadata.
    pub index: Option<String>,
}

/// Finds the places of records that come in the order of their keys' bytes, as the service lists
/// them.
///
/// The order is what lets it see that a key is also the directory of others. Out of order, such a
/// pair is given paths that cannot both be made; no file is ever given to two keys.
#[derive(Debug, Default)]
pub struct Layout {
    /// The keys that begin the current one, shortest first.
    begun: Vec<String>,
    indexed: bool,
}

impl Layout {
    /// Creates one for the keys with `prefixes`. Returns also what to begin the index with: it says
    /// that these are not all keys, whether or not it has lines.
    pub fn new(prefixes: &Prefixes) -> (Self, Option<String>) {
        let indexed = !prefixes.is_everything();
        let layout = Self {
            indexed,
            ..Self::default()
        };
        (layout, indexed.then(|| index::header(prefixes.clone())))
    }

    /// Returns where `record` goes.
    pub fn place(&mut self, record: &Record) -> Placed {
        let key = record.key.as_str();
        while self
            .begun
            .last()
            .is_some_and(|begun| !key.starts_with(begun.as_str()))
        {
            self.begun.pop();
        }
        let path = path(key, |directory| {
            self.begun.iter().any(|key| key == directory)
        });
        if self.begun.last().is_none_or(|begun| begun != key) {
            self.begun.push(key.to_owned());
        }
        let mut index = index::line(record);
        if let Some(line) = &mut index
            && !self.indexed
        {
            self.indexed = true;
            line.insert_str(0, &index::header(Prefixes::default()));
        }
        Placed { path, index }
    }
}

/// Returns where `key` goes in a directory that has no key which is also a directory.
pub fn path_of(key: &KeyName) -> PathBuf {
    path(key.as_str(), |_| false)
}

fn path(key: &str, is_key: impl Fn(&str) -> bool) -> PathBuf {
    let mut path = PathBuf::new();
    let mut start = 0;
    for (end, _) in key.match_indices('/') {
        let mut names = names::encode(&key[start..end]);
        if is_key(&key[..end])
            && let Some(name) = names.last_mut()
        {
            names::beside(name);
        }
        path.extend(names);
        start = end + 1;
    }
    path.extend(names::encode(&key[start..]));
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(key: &str) -> String {
        shown(&super::path_of(&key.parse().unwrap()))
    }

    fn shown(path: &std::path::Path) -> String {
        let names = path.iter().map(|name| name.to_str().unwrap());
        names.collect::<Vec<_>>().join("/")
    }

    #[test]
    fn a_key_never_leaves_the_directory() {
        assert_eq!(path_of("a/b.txt"), "a/b.txt");
        assert_eq!(path_of("/etc/passwd"), "%_/etc/passwd");
        assert_eq!(path_of("../../x"), "%2E%2E/%2E%2E/x");
        assert_eq!(path_of("a//b/"), "a/%_/b/%_");
        assert_eq!(path_of("/"), "%_/%_");
        assert_eq!(path_of("C:\\x"), "C%3A%5Cx");
        assert_eq!(path_of("%2F"), "%252F");
    }

    #[test]
    fn a_key_may_also_be_a_directory() {
        let mut layout = Layout::default();
        let places: Vec<_> = ["a", "a-b", "a/b", "a/b/c", "ab"]
            .map(|key| {
                let record = Record {
                    key: key.parse().unwrap(),
                    value: bytes::Bytes::new(),
                    expiration: None,
                    metadata: None,
                };
                shown(&layout.place(&record).path)
            })
            .into();
        assert_eq!(places, ["a", "a-b", "a%=/b", "a%=/b%=/c", "ab"]);
    }
}
