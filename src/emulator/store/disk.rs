//! Pairs on disk, where `wrangler dev` has them, also while it runs. Imports `domain`, `wire` and
//! `fsx`.
//!
//! A value is a file of its own; the database says which, and what belongs to it. workerd does not
//! wait for the lock of a database: while another process writes, its writes and lists fail. So
//! values are written first, then the rows in one short transaction, and then what is of no use any
//! more is removed.

use std::{
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use fs_err as fs;

use super::{
    Backend, Error, Page, Range,
    database::{self, Databases, Row},
    layout,
};
use crate::{
    domain::{Expiration, KeyName, Record},
    fsx,
    wire::KeyInfo,
};

/// How often a value is looked for again that was written over while it was looked for.
const LOOKS: usize = 5;

/// Pairs below wrangler's state directory.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    databases: Databases,
}

impl Disk {
    /// A store below `root`; nothing is made before something is put.
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            databases: Databases::default(),
        }
    }

    /// Returns where the database is or will be, unless there is one of old that nobody moved:
    /// beside a new one it would never be seen again.
    fn database(&self, namespace: &str) -> Result<PathBuf, Error> {
        let path = layout::database(&self.root, namespace);
        if !path.exists() {
            let old = layout::old_database(&self.root, namespace);
            if old.exists() {
                return Err(Error::Old { path: old });
            }
        }
        Ok(path)
    }

    fn blob(&self, namespace: &str, name: &str) -> PathBuf {
        layout::blobs(&self.root, namespace).join(name)
    }

    /// Removes values that no row names any more. One that stays wastes some room, and no more.
    fn remove(&self, namespace: &str, blobs: impl IntoIterator<Item = String>) {
        for name in blobs {
            fs::remove_file(self.blob(namespace, &name)).ok();
        }
    }

    /// Removes what has expired, as wrangler does when it meets it.
    fn sweep(&self, namespace: &str, now: i64) {
        let swept = self.database(namespace).and_then(|path| {
            self.databases
                .with(&path, |database| database.sweep(millis(now)))
        });
        // Somebody else may be writing; then it goes another time.
        if let Ok(Some(blobs)) = swept {
            self.remove(namespace, blobs);
        }
    }

    /// Writes the values, and returns the rows that will name them.
    fn write_blobs(
        &self,
        namespace: &str,
        records: Vec<Record>,
        now: i64,
        rows: &mut Vec<Row>,
    ) -> Result<(), Error> {
        fs::create_dir_all(layout::blobs(&self.root, namespace)).map_err(Error::Directory)?;
        for record in records {
            let row = Row {
                key: record.key.to_string(),
                blob: blob_name(now)?,
                expiration: record.expiration.map(|at| millis(at.unix_seconds())),
                metadata: record.metadata.map(|json| json.as_json().to_owned()),
            };
            fsx::create_unsynced(&self.blob(namespace, &row.blob), &record.value)?;
            rows.push(row);
        }
        Ok(())
    }
}

impl Backend for Disk {
    fn get(&self, namespace: &str, key: &KeyName, now: i64) -> Result<Option<Record>, Error> {
        let path = self.database(namespace)?;
        for _ in 0..LOOKS {
            let found = self.databases.with(&path, |it| it.find(key.as_str()))?;
            let Some(row) = found.flatten() else {
                return Ok(None);
            };
            if row.expiration.is_some_and(|at| at <= millis(now)) {
                self.sweep(namespace, now);
                return Ok(None);
            }
            match fs::read(self.blob(namespace, &row.blob)) {
                Ok(value) => {
                    return Ok(Some(Record {
                        key: key.clone(),
                        value: Bytes::from(value),
                        expiration: row
                            .expiration
                            .map(seconds)
                            .map(Expiration::from_unix_seconds),
                        metadata: row.metadata(),
                    }));
                }
                // Written over meanwhile; or lost, and then it is none, as it is for wrangler.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(Error::Blob(error)),
            }
        }
        Ok(None)
    }

    fn list(&self, namespace: &str, range: &Range, now: i64) -> Result<Page, Error> {
        let path = self.database(namespace)?;
        let listed = self
            .databases
            .with(&path, |database| database.list(range, millis(now)))?;
        let Some((mut rows, stale)) = listed else {
            return Ok(Page {
                keys: Vec::new(),
                more: false,
            });
        };
        if stale {
            self.sweep(namespace, now);
        }
        let more = rows.len() > range.limit;
        rows.truncate(range.limit);
        let info = |row: Row| KeyInfo {
            expiration: row.expiration.map(seconds),
            metadata: row.metadata(),
            name: row.key,
        };
        Ok(Page {
            keys: rows.into_iter().map(info).collect(),
            more,
        })
    }

    fn put(&self, namespace: &str, records: Vec<Record>, now: i64) -> Result<(), Error> {
        if records.is_empty() {
            return Ok(());
        }
        // Before the values are written: it may be of no use.
        let path = self.database(namespace)?;
        self.databases.open(&path)?;
        let mut rows = Vec::with_capacity(records.len());
        let written = self
            .write_blobs(namespace, records, now, &mut rows)
            .and_then(|()| {
                self.databases
                    .with_new(&path, |database| database.replace(&rows))
            });
        match written {
            Ok(replaced) => {
                self.remove(namespace, replaced);
                Ok(())
            }
            Err(error) => {
                self.remove(namespace, rows.into_iter().map(|row| row.blob));
                Err(error)
            }
        }
    }

    fn delete(&self, namespace: &str, keys: &[KeyName]) -> Result<(), Error> {
        let path = self.database(namespace)?;
        let deleted = self
            .databases
            .with(&path, |database| database.delete(keys))?;
        self.remove(namespace, deleted.into_iter().flatten());
        Ok(())
    }

    fn clear(&self, namespace: &str) -> Result<(), Error> {
        // The files stay: a running `wrangler dev` would go on with files that nobody else sees.
        let path = self.database(namespace)?;
        let deleted = self.databases.with(&path, database::Database::clear)?;
        self.remove(namespace, deleted.into_iter().flatten());
        Ok(())
    }

    fn check(&self) -> Result<(), Error> {
        for path in entries(&layout::databases(&self.root))? {
            let is_other = path.file_name().is_some_and(|name| name == OTHERS);
            if path.extension().is_some_and(|end| end == "sqlite") && !is_other {
                database::inspect(&path)?;
            }
        }
        // Where there is a new one, it was moved, and the old one left as it was.
        let folders = entries(&layout::namespaces(&self.root))?;
        for folder in folders {
            let old = folder.join(layout::OLD_NAME);
            let name = folder.file_name().and_then(|name| name.to_str());
            let new = name.map(|name| layout::database(&self.root, name));
            if old.exists() && !new.is_some_and(|new| new.exists()) {
                return Err(Error::Old { path: old });
            }
        }
        Ok(())
    }
}

/// The database beside those of namespaces that is workerd's own.
const OTHERS: &str = "metadata.sqlite";

/// Returns what a directory holds; nothing if there is none.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let found = match fs::read_dir(directory) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::Directory(error)),
    };
    let paths = found.map(|entry| entry.map(|entry| entry.path()));
    paths.collect::<Result<_, _>>().map_err(Error::Directory)
}

/// A name that no other value has: 32 random bytes, and the time.
fn blob_name(now: i64) -> Result<String, Error> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| Error::Blob(error.into()))?;
    Ok(layout::hex(
        random.into_iter().chain(millis(now).to_be_bytes()),
    ))
}

/// The databases have milliseconds, the API has seconds.
fn millis(seconds: i64) -> i64 {
    seconds.saturating_mul(1000)
}

fn seconds(millis: i64) -> i64 {
    millis.div_euclid(1000)
}
