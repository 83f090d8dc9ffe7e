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
pub(super) use layout::own;

use crate::{
    domain::{Expiration, KeyName, Record},
    emulator::{content::Content, lasting},
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
    #[error("could not use the database `{}`", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// What is wrong.
        source: rusqlite::Error,
    },
    /// A database is something else.
    #[error("`{}` is not a database of Workers KV: {what}", path.display())]
    Foreign {
        /// The database.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A part of the store is a link, and may lead anywhere.
    #[error("`{}` is a link, which is not followed in the local store; remove it", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// The store was made before the autumn of 2023, and moved since by no one.
    #[error(
        "`{}` is a store in the layout that wrangler used until September 2023; start \
         `wrangler dev` of a wrangler 3 or 4 there once, which moves it, or remove it",
        path.display()
    )]
    Old {
        /// The database of old.
        path: PathBuf,
    },
    /// The work was not finished.
    #[error("the work on the store was given up")]
    Abandoned(#[from] tokio::task::JoinError),
}

impl Error {
    /// Whether the store itself is to blame, so that a look at all of it tells more.
    pub(super) fn is_damage(&self) -> bool {
        matches!(self, Self::Database { source, .. } if database::is_damage(source))
    }

    /// Whether it will be the same the next time.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Foreign { .. } | Self::Old { .. } | Self::Link { .. } => true,
            Self::Directory(source) | Self::Blob(source) => lasting::of_io(source),
            Self::File(source) => lasting::of_file(source),
            Self::Abandoned(_) => false,
            Self::Database { source, .. } => lasting::of_sqlite(source),
        }
    }
}

/// Which keys to list.
#[derive(Clone, Debug)]
pub(super) struct Range {
    /// Only keys that begin so.
    pub(super) prefix: String,
    /// Only keys beyond this one. No key is the empty one, so that one stands for the beginning.
    pub(super) after: String,
    /// At most so many.
    pub(super) limit: usize,
}

/// Some keys in the order of their bytes.
#[derive(Debug)]
pub(super) struct Page {
    /// The keys.
    pub(super) keys: Vec<KeyInfo>,
    /// Whether more keys follow.
    pub(super) more: bool,
}

/// How much a namespace holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// So many keys that have not expired.
    pub(super) keys: u64,
    /// The bytes of their names, values and metadata.
    pub(super) bytes: u64,
}

/// A value that was found, and may be yet to be read.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) content: Content,
    pub(super) expiration: Option<Expiration>,
}

impl From<Record> for Found {
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
    fn open(&self, namespace: &str, key: &KeyName, now: i64) -> Result<Option<Found>, Error> {
        Ok(self.get(namespace, key, now)?.map(Found::from))
    }
    fn list(&self, namespace: &str, range: &Range, now: i64) -> Result<Page, Error>;
    /// Writes records in their order: what fails leaves those before. The last of several with one
    /// key stays.
    fn put(&self, namespace: &str, records: Vec<Record>, now: i64) -> Result<(), Error>;
    /// Deletes keys in their order. What is not there is deleted already.
    fn delete(&self, namespace: &str, keys: &[KeyName]) -> Result<(), Error>;
    /// Deletes all pairs of a namespace.
    fn clear(&self, namespace: &str) -> Result<(), Error>;
    /// Returns the namespaces that something was ever put into, as far as their names show.
    fn namespaces(&self) -> Result<Vec<String>, Error>;
    /// Returns how much a namespace holds.
    fn held(&self, namespace: &str, now: i64) -> Result<Held, Error>;
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

    /// Lets writes from now on be seen so much later.
    pub(super) fn lag(&self, delay: Duration) {
        self.lag.set(delay);
    }

    /// Checks that all of it can be used, whoever made it.
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
    ) -> Result<Option<Found>, Error> {
        let (namespace, key) = (namespace.to_owned(), key.clone());
        self.work(move |backend| backend.open(&namespace, &key, now))
            .await
    }

    pub(super) async fn list(
        &self,
        namespace: &str,
        range: Range,
        now: i64,
    ) -> Result<Page, Error> {
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

    pub(super) async fn held(&self, namespace: &str, now: i64) -> Result<Held, Error> {
        let namespace = namespace.to_owned();
        self.work(move |backend| backend.held(&namespace, now))
            .await
    }

    /// Works where waiting for a disk or a lock holds up nobody else.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Backend) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let backend = Arc::clone(&self.backend);
        tokio::task::spawn_blocking(move || work(&*backend)).await?
    }
}
