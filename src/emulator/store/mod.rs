//! Keys and values. Imports `domain`, `wire` and `fsx`.
//!
//! Whether a key has expired is asked of the caller's clock at every read; expired keys are never
//! seen. A namespace is named by any text, and is there as soon as something is put into it.

mod audit;
mod database;
mod disk;
mod lagging;
mod layout;
mod memory;
mod peek;
mod shared;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

pub use audit::{Audit, Damage, Lost, Orphan};
pub(super) use audit::{audit, remove_orphans};
use lagging::Lag;
pub(super) use layout::kvctl_directory;
pub(super) use peek::peek;
#[cfg(test)]
pub(super) use peek::put_for_test;

use crate::{
    domain::{Expiration, KeyName, Record, ShowPath as _},
    emulator::{content::Content, permanent},
    fsx,
    wire::KeyInfo,
};

/// Why keys and values could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A directory could not be made.
    #[error("could not use the state directory")]
    Directory(#[source] io::Error),
    /// A value could not be read or named.
    #[error("could not read a value")]
    Blob(#[source] io::Error),
    /// A value could not be written.
    #[error("could not write a value")]
    File(#[from] fsx::Error),
    /// A database did not work.
    #[error("could not use the database `{}`", path.shown())]
    Database {
        /// The database.
        path: PathBuf,
        /// What is wrong.
        source: rusqlite::Error,
    },
    /// A database is something else.
    #[error("`{}` is not a database of Workers KV: {what}", path.shown())]
    Foreign {
        /// The database.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A part of the store is a link, and may lead anywhere.
    #[error("`{}` is a symbolic link, which the local store does not follow; remove it", path.shown())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// The store has the layout of wrangler before September 2023.
    #[error(
        "`{}` is a store in the layout that wrangler used until September 2023; start \
         `wrangler dev` of a wrangler 3 or 4 there once, which moves it, or remove it",
        path.shown()
    )]
    Old {
        /// The old database.
        path: PathBuf,
    },
    /// The work was not finished.
    #[error("the operation on the store was aborted")]
    Abandoned(#[from] tokio::task::JoinError),
}

impl Error {
    /// Whether the store itself is damaged, so that checking all of it tells more.
    pub(super) fn is_damage(&self) -> bool {
        matches!(self, Self::Database { source, .. } if database::is_damage(source))
    }

    /// Whether a retry cannot fix it.
    pub(super) fn is_permanent(&self) -> bool {
        match self {
            Self::Foreign { .. } | Self::Old { .. } | Self::Link { .. } => true,
            Self::Directory(source) | Self::Blob(source) => permanent::of_io(source),
            Self::File(source) => permanent::of_file(source),
            Self::Abandoned(_) => false,
            Self::Database { source, .. } => permanent::of_sqlite(source),
        }
    }
}

/// Which keys to list.
#[derive(Clone, Debug)]
pub(super) struct KeyRange {
    /// Only keys that begin so.
    pub(super) prefix: String,
    /// Only keys after this one. Keys are never empty, so the empty string means the beginning.
    pub(super) after: String,
    /// The most keys to return.
    pub(super) limit: usize,
}

/// Some keys in the order of their bytes.
#[derive(Debug)]
pub(super) struct KeyPage {
    /// The keys.
    pub(super) keys: Vec<KeyInfo>,
    /// Whether more keys follow.
    pub(super) more: bool,
}

/// The size of a namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// The number of keys that have not expired.
    pub(super) keys: u64,
    /// The bytes of their names, values and metadata.
    pub(super) bytes: u64,
}

/// A value, possibly not read yet.
#[derive(Debug)]
pub(super) struct StoredValue {
    pub(super) content: Content,
    pub(super) expiration: Option<Expiration>,
}

impl From<Record> for StoredValue {
    fn from(record: Record) -> Self {
        Self {
            content: Content::Bytes(record.value),
            expiration: record.expiration,
        }
    }
}

/// Where pairs are kept. `now` is in UNIX seconds.
trait Backend: Send + Sync {
    fn get(&self, namespace: &str, key: &KeyName, now: i64) -> Result<Option<Record>, Error>;
    /// Finds a value to send.
    fn open(&self, namespace: &str, key: &KeyName, now: i64) -> Result<Option<StoredValue>, Error> {
        Ok(self.get(namespace, key, now)?.map(StoredValue::from))
    }
    fn list(&self, namespace: &str, range: &KeyRange, now: i64) -> Result<KeyPage, Error>;
    /// Writes records in their order: what fails leaves those before. The last of several with one
    /// key stays.
    fn put(&self, namespace: &str, records: Vec<Record>, now: i64) -> Result<(), Error>;
    /// Deletes keys in their order. Missing keys are ignored.
    fn delete(&self, namespace: &str, keys: &[KeyName]) -> Result<(), Error>;
    /// Deletes all pairs of a namespace.
    fn clear(&self, namespace: &str) -> Result<(), Error>;
    /// Returns the namespaces that something was ever put into, as far as their names show.
    fn namespaces(&self) -> Result<Vec<String>, Error>;
    /// Whether anything was ever put into a namespace.
    fn has(&self, namespace: &str) -> bool;
    /// Returns the number of namespaces that something was ever put into.
    fn count(&self) -> Result<usize, Error>;
    /// Returns the size of a namespace.
    fn usage(&self, namespace: &str, now: i64) -> Result<Usage, Error>;
    /// Checks that all of it can be used.
    fn check(&self) -> Result<(), Error>;
}

/// The pairs of all namespaces.
#[derive(Clone)]
pub(super) struct Store {
    backend: Arc<dyn Backend>,
    lag: Lag,
}

impl Store {
    /// A store that lives as long as the emulator.
    pub(super) fn memory() -> Self {
        Self::behind_lag(memory::Memory::default())
    }

    /// A store in wrangler's own form and place, below its state directory `root`.
    pub(super) fn disk(root: &Path) -> Self {
        Self::behind_lag(disk::Disk::new(root))
    }

    fn behind_lag(store: impl Backend + 'static) -> Self {
        let lag = Lag::default();
        let store = Arc::new(store);
        Self {
            backend: Arc::new(lagging::Lagging {
                store,
                lag: lag.clone(),
            }),
            lag,
        }
    }

    /// Delays when writes become visible.
    pub(super) fn lag(&self, delay: Duration) {
        self.lag.set(delay);
    }

    /// Checks that all of it can be used.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.backend.check()
    }

    pub(super) async fn get(
        &self,
        namespace: &str,
        key: &KeyName,
        now: i64,
    ) -> Result<Option<Record>, Error> {
        let (namespace, key) = (namespace.to_owned(), key.clone());
        self.work(move |backend| backend.get(&namespace, &key, now))
            .await
    }

    pub(super) async fn open(
        &self,
        namespace: &str,
        key: &KeyName,
        now: i64,
    ) -> Result<Option<StoredValue>, Error> {
        let (namespace, key) = (namespace.to_owned(), key.clone());
        self.work(move |backend| backend.open(&namespace, &key, now))
            .await
    }

    pub(super) async fn list(
        &self,
        namespace: &str,
        range: KeyRange,
        now: i64,
    ) -> Result<KeyPage, Error> {
        let namespace = namespace.to_owned();
        self.work(move |backend| backend.list(&namespace, &range, now))
            .await
    }

    pub(super) async fn put(
        &self,
        namespace: &str,
        records: Vec<Record>,
        now: i64,
    ) -> Result<(), Error> {
        let namespace = namespace.to_owned();
        self.work(move |backend| backend.put(&namespace, records, now))
            .await
    }

    pub(super) async fn delete(&self, namespace: &str, keys: Vec<KeyName>) -> Result<(), Error> {
        let namespace = namespace.to_owned();
        self.work(move |backend| backend.delete(&namespace, &keys))
            .await
    }

    pub(super) async fn clear(&self, namespace: &str) -> Result<(), Error> {
        let namespace = namespace.to_owned();
        self.work(move |backend| backend.clear(&namespace)).await
    }

    pub(super) async fn namespaces(&self) -> Result<Vec<String>, Error> {
        self.work(|backend| backend.namespaces()).await
    }

    pub(super) async fn usage(&self, namespace: &str, now: i64) -> Result<Usage, Error> {
        let namespace = namespace.to_owned();
        self.work(move |backend| backend.usage(&namespace, now))
            .await
    }

    /// Whether anything was ever put into a namespace.
    pub(super) fn has(&self, namespace: &str) -> bool {
        self.backend.has(namespace)
    }

    /// Whether a namespace holds keys, expired ones too.
    pub(super) fn has_keys(&self, namespace: &str) -> Result<bool, Error> {
        let range = KeyRange {
            prefix: String::new(),
            after: String::new(),
            limit: 1,
        };
        Ok(!self.backend.list(namespace, &range, 0)?.keys.is_empty())
    }

    /// Returns the number of namespaces that something was ever put into.
    pub(super) fn count(&self) -> Result<usize, Error> {
        self.backend.count()
    }

    /// Runs `work` where waiting for a disk or a lock blocks no other request.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Backend) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let backend = Arc::clone(&self.backend);
        tokio::task::spawn_blocking(move || work(&*backend)).await?
    }
}
