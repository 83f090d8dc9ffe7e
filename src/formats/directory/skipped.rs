//! Names that are passed over because they begin with a dot.

use std::path::{Path, PathBuf};

use super::names;

/// A name that was passed over, with all below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The file or directory, relative to the directory that is read.
    pub path: PathBuf,
    /// What the keys of it are, or begin with, if it stands for any.
    keys: Vec<Keys>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Keys {
    Exactly(String),
    Beginning(String),
}

impl Skipped {
    /// Notes what is at `path`, whose key goes on behind `before`. It may be a file, a directory or
    /// a link to either.
    pub(super) fn new(path: PathBuf, before: &str) -> Self {
        let name = path.file_name().and_then(|name| name.to_str());
        let mut keys = Vec::new();
        if let Some(Ok(part)) = name.map(names::of_file) {
            keys.push(Keys::Exactly(format!("{before}{part}")));
        }
        if let Some(Ok((part, continued))) = name.map(names::of_directory) {
            let end = if continued { "" } else { "/" };
            keys.push(Keys::Beginning(format!("{before}{part}{end}")));
        }
        Self { path, keys }
    }

    /// Whether `key` may be the key of a file that was passed over.
    pub fn covers(&self, key: &str) -> bool {
        self.keys.iter().any(|keys| match keys {
            Keys::Exactly(name) => key == name,
            Keys::Beginning(prefix) => key.starts_with(prefix.as_str()),
        })
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
