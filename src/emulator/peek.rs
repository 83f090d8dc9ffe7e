//! A look into a state directory that leaves no trace, for completions. Imports `domain` and `fsx`
//! through its siblings.

use std::path::Path;

use super::{
    Error,
    registry::Registry,
    store::{self, KeyRange},
    titles::Titles,
};
use crate::domain::{AccountId, NamespaceId};

/// Returns the namespaces of the store at `root` that have a title.
pub fn titles(root: &Path) -> Result<Vec<(NamespaceId, String)>, Error> {
    let registry = Registry::<Titles>::new(Some(&store::kvctl_directory(root)));
    let titles = registry.read()?;
    let entries = titles.of(&AccountId::local()).iter();
    let entries = entries.map(|entry| (entry.id.clone(), entry.title.to_string()));
    Ok(entries.collect())
}

/// Returns the first `limit` keys of a namespace that begin with `prefix` and have not expired at `now`.
pub fn keys(
    root: &Path,
    namespace: &NamespaceId,
    prefix: &str,
    limit: usize,
    now: i64,
) -> Result<Vec<String>, Error> {
    let range = KeyRange {
        prefix: prefix.to_owned(),
        after: String::new(),
        limit,
    };
    Ok(store::peek(root, namespace.as_str(), &range, now)?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn files(root: &Path) -> BTreeMap<std::path::PathBuf, u64> {
        let mut found = BTreeMap::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs_err::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let length = fs_err::metadata(&path).unwrap().len();
                    found.insert(path, length);
                }
            }
        }
        found
    }

    #[test]
    fn a_look_leaves_no_trace() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path();
        let id: NamespaceId = NamespaceId::verbatim("KV").unwrap();
        assert!(titles(root).unwrap().is_empty());
        assert!(keys(root, &id, "", 10, 0).unwrap().is_empty());
        assert!(files(root).is_empty());
        store::put_for_test(root, "KV", &["a", "ab", "b"]);
        let before = files(root);
        assert_eq!(keys(root, &id, "a", 10, 0).unwrap(), ["a", "ab"]);
        assert_eq!(keys(root, &id, "", 2, 0).unwrap(), ["a", "ab"]);
        assert_eq!(files(root), before);
    }

    #[test]
    fn what_is_no_database_has_no_keys() {
        let home = tempfile::tempdir().unwrap();
        let id: NamespaceId = NamespaceId::verbatim("KV").unwrap();
        store::put_for_test(home.path(), "KV", &["a"]);
        for path in files(home.path()).keys() {
            fs_err::remove_file(path).unwrap();
            crate::fsx::create(path, b"SQLite format 3\0 and then nothing of the kind").unwrap();
        }
        assert!(keys(home.path(), &id, "", 10, 0).is_err());
    }
}
