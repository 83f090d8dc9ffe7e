//! Pairs on disk, where `wrangler dev` has them, also while it runs. Imports `domain`, `wire` and
//! `fsx`.
//!
//! A value is a file of its own; the database has its name and the rest. workerd does not wait for
//! the lock of a database: its writes and lists fail while another process writes. So values are
//! written first, then the rows in short transactions with gaps between them, and finally unused
//! values are removed.

use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use bytes::Bytes;
use fs_err as fs;

use super::{
    Backend, Error, KeyPage, KeyRange, StoredValue, Usage,
    database::{self, Row},
    layout,
    shared::{Databases, Shared},
};
use crate::{
    domain::{Expiration, KeyName, Record, hex},
    emulator::content::{Content, Source},
    fsx,
    wire::KeyInfo,
};

/// How many keys are written in one transaction: a lock of about a millisecond.
const TRANSACTION_KEYS: usize = 100;

/// How many times longer than the lock was held to wait for other writers, if there are any: one in so
/// many of their writes fails.
const GAP: u32 = 150;

/// The longest such wait.
const GAP_MAX: Duration = Duration::from_millis(500);

/// The longest value that is read before it is sent.
const READ_AT_ONCE_BYTES: u64 = 256 * 1024;

/// How often a value is read again that was overwritten meanwhile.
const READ_ATTEMPTS: usize = 5;

/// Pairs below wrangler's state directory.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    databases: Databases,
}

impl Disk {
    /// A store below `root`; it is created by the first write.
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            databases: Databases::default(),
        }
    }

    /// Returns the path of the database. Fails if there is only one of the old layout: next to a new one
    /// it would be ignored.
    ///
    /// Every operation on a namespace begins here, so links are refused here too.
    fn database(&self, namespace: &str) -> Result<PathBuf, Error> {
        refuse_links(layout::parts(&self.root, namespace))?;
        let path = layout::database(&self.root, namespace);
        if !path.exists() {
            let old = layout::old_database(&self.root, namespace);
            if old.exists() {
                return Err(Error::Old { path: old });
            }
        }
        Ok(path)
    }

    /// Opens the database of a namespace, if it has one.
    fn find(&self, namespace: &str) -> Result<Option<Arc<Shared>>, Error> {
        self.databases.find(&self.database(namespace)?)
    }

    /// Returns the path of a value; `None` if its name is not that of a value.
    ///
    /// A database may come from anywhere, such as a repository: its names must not point out of the
    /// store, where files would be read or removed.
    fn blob(&self, namespace: &str, name: &str) -> Option<PathBuf> {
        layout::is_blob(name).then(|| layout::blobs(&self.root, namespace).join(name))
    }

    /// Finds the row of a key, and reads its value with `read`.
    fn find_value<T>(
        &self,
        namespace: &str,
        key: &KeyName,
        now: i64,
        read: impl Fn(PathBuf) -> io::Result<T>,
    ) -> Result<Option<(Row, T)>, Error> {
        let Some(database) = self.find(namespace)? else {
            return Ok(None);
        };
        for _ in 0..READ_ATTEMPTS {
            let Some(row) = database.with(|database| database.find(key.as_str()))? else {
                return Ok(None);
            };
            if row.expiration.is_some_and(|at| at <= millis(now)) {
                self.remove_expired(namespace, now);
                return Ok(None);
            }
            let Some(path) = self.blob(namespace, &row.blob) else {
                return Ok(None);
            };
            match read(path) {
                Ok(value) => return Ok(Some((row, value))),
                // Overwritten meanwhile; or lost, and then it does not exist, as for wrangler.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(Error::Blob(error)),
            }
        }
        Ok(None)
    }

    /// Removes unused values. A failure only wastes space.
    fn remove(&self, namespace: &str, blobs: impl IntoIterator<Item = String>) {
        for path in blobs
            .into_iter()
            .filter_map(|name| self.blob(namespace, &name))
        {
            fs::remove_file(path).ok();
        }
    }

    /// Removes expired keys, as wrangler does when it finds one.
    fn remove_expired(&self, namespace: &str, now: i64) {
        let swept = self.find(namespace).and_then(|found| {
            found
                .map(|it| it.with(|it| it.remove_expired(millis(now))))
                .transpose()
        });
        // Another process may be writing; then they are removed later.
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
        let folder = layout::blobs(&self.root, namespace);
        if !folder.is_dir() {
            fs::create_dir_all(&folder).map_err(Error::Directory)?;
        }
        for record in records {
            let row = Row {
                key: record.key.to_string(),
                blob: blob_name(now)?,
                expiration: record.expiration.map(|at| millis(at.unix_seconds())),
                metadata: record.metadata.map(|json| json.as_json().to_owned()),
            };
            fsx::create_unsynced(&folder.join(&row.blob), &record.value)?;
            rows.push(row);
        }
        Ok(())
    }
}

impl Backend for Disk {
    fn get(&self, namespace: &str, key: &KeyName, now: i64) -> Result<Option<Record>, Error> {
        let found = self.find_value(namespace, key, now, read)?;
        Ok(found.map(|(row, value)| Record {
            key: key.clone(),
            value: Bytes::from(value),
            expiration: row.expiration(),
            metadata: row.metadata(),
        }))
    }

    fn open(&self, namespace: &str, key: &KeyName, now: i64) -> Result<Option<StoredValue>, Error> {
        let found = self.find_value(namespace, key, now, content)?;
        Ok(found.map(|(row, content)| StoredValue {
            expiration: row.expiration(),
            content,
        }))
    }

    fn list(&self, namespace: &str, range: &KeyRange, now: i64) -> Result<KeyPage, Error> {
        let Some(database) = self.find(namespace)? else {
            return Ok(KeyPage {
                keys: Vec::new(),
                more: false,
            });
        };
        let (mut rows, stale) = database.with(|database| database.list(range, millis(now)))?;
        if stale {
            self.remove_expired(namespace, now);
        }
        let more = rows.len() > range.limit;
        rows.truncate(range.limit);
        let info = |row: Row| KeyInfo {
            expiration: row.expiration().map(Expiration::unix_seconds),
            metadata: row.metadata(),
            name: row.key,
        };
        Ok(KeyPage {
            keys: rows.into_iter().map(info).collect(),
            more,
        })
    }

    fn put(&self, namespace: &str, records: Vec<Record>, now: i64) -> Result<(), Error> {
        if records.is_empty() {
            return Ok(());
        }
        // Before any value is written: it may be of no use.
        let database = self.databases.open(&self.database(namespace)?)?;
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            let part = records.by_ref().take(TRANSACTION_KEYS).collect();
            let mut rows = Vec::new();
            if let Err(error) = self.write_blobs(namespace, part, now, &mut rows) {
                self.remove(namespace, rows.into_iter().map(|row| row.blob));
                return Err(error);
            }
            let blobs: Vec<String> = rows.iter().map(|row| row.blob.clone()).collect();
            match database.replace(rows) {
                Ok(replaced) => self.remove(namespace, replaced),
                Err(error) => {
                    self.remove(namespace, blobs);
                    return Err(error);
                }
            }
            if records.peek().is_some() {
                yield_lock(&database)?;
            }
        }
        Ok(())
    }

    fn delete(&self, namespace: &str, keys: &[KeyName]) -> Result<(), Error> {
        let Some(database) = self.find(namespace)? else {
            return Ok(());
        };
        let mut parts = keys.chunks(TRANSACTION_KEYS).peekable();
        while let Some(part) = parts.next() {
            let deleted = database.with(|database| database.delete(part))?;
            self.remove(namespace, deleted);
            if parts.peek().is_some() {
                yield_lock(&database)?;
            }
        }
        Ok(())
    }

    fn clear(&self, namespace: &str) -> Result<(), Error> {
        // The files stay: a running `wrangler dev` would keep using removed files.
        if let Some(database) = self.find(namespace)? {
            let deleted = database.with(database::Database::clear)?;
            self.remove(namespace, deleted);
        }
        Ok(())
    }

    fn namespaces(&self) -> Result<Vec<String>, Error> {
        let folders = entries(&layout::namespaces(&self.root))?;
        let names = folders.iter().filter_map(|it| it.file_name()?.to_str());
        let known = names.filter(|name| layout::database(&self.root, name).exists());
        Ok(known.map(str::to_owned).collect())
    }

    fn has(&self, namespace: &str) -> bool {
        layout::database(&self.root, namespace).exists()
    }

    fn count(&self) -> Result<usize, Error> {
        Ok(databases(&self.root)?.len())
    }

    fn usage(&self, namespace: &str, now: i64) -> Result<Usage, Error> {
        let Some(database) = self.find(namespace)? else {
            return Ok(Usage::default());
        };
        let mut usage = Usage::default();
        let all = |after| KeyRange {
            prefix: String::new(),
            after,
            limit: TRANSACTION_KEYS,
        };
        let mut range = all(String::new());
        loop {
            let (mut rows, _) = database.with(|database| database.list(&range, millis(now)))?;
            let more = rows.len() > TRANSACTION_KEYS;
            rows.truncate(TRANSACTION_KEYS);
            for row in &rows {
                // One that is written over meanwhile counts without its value.
                let path = self.blob(namespace, &row.blob);
                let value = path.and_then(|path| fs::symlink_metadata(path).ok());
                let value = value.map_or(0, |file| file.len());
                let metadata = row.metadata.as_ref().map_or(0, String::len);
                usage.keys += 1;
                usage.bytes += value + (row.key.len() + metadata) as u64;
            }
            match rows.pop() {
                Some(last) if more => range = all(last.key),
                _ => return Ok(usage),
            }
        }
    }

    fn check(&self) -> Result<(), Error> {
        refuse_links(layout::parts(&self.root, ""))?;
        for folder in entries(&layout::namespaces(&self.root))? {
            let blobs = folder.join("blobs");
            refuse_links([folder, blobs])?;
        }
        refuse_links(databases(&self.root)?)?;
        for path in databases(&self.root)? {
            database::inspect(&path)?;
        }
        match unmigrated_databases(&self.root)?.into_iter().next() {
            Some(path) => Err(Error::Old { path }),
            None => Ok(()),
        }
    }
}

/// Gives another process that wrote recently time to write.
fn yield_lock(database: &Shared) -> Result<(), Error> {
    let lock_time = database.with(database::Database::contended_lock_time)?;
    thread::sleep((lock_time * GAP).min(GAP_MAX));
    Ok(())
}

/// Refuses the first link among `paths`. A store may come with a repository, and wrangler makes no
/// links: one could only lead values out of the store.
pub(super) fn refuse_links(paths: impl IntoIterator<Item = PathBuf>) -> Result<(), Error> {
    let is_link = |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|it| it.is_symlink());
    match paths.into_iter().find(is_link) {
        Some(path) => Err(Error::Link { path }),
        None => Ok(()),
    }
}

/// The database beside those of namespaces that is workerd's own.
const OTHERS: &str = "metadata.sqlite";

/// Returns all databases.
pub(super) fn databases(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = entries(&layout::databases(root))?;
    found.retain(|path| {
        let is_other = path.file_name().is_some_and(|name| name == OTHERS);
        path.extension().is_some_and(|end| end == "sqlite") && !is_other
    });
    Ok(found)
}

/// Returns the databases of the old layout that have no new one next to them.
pub(super) fn unmigrated_databases(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for folder in entries(&layout::namespaces(root))? {
        let old = folder.join(layout::OLD_NAME);
        let name = folder.file_name().and_then(|name| name.to_str());
        let new = name.map(|name| layout::database(root, name));
        if old.exists() && !new.is_some_and(|new| new.exists()) {
            found.push(old);
        }
    }
    Ok(found)
}

/// Returns what a directory holds, in order; nothing if there is none.
pub(super) fn entries(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let found = match fs::read_dir(directory) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::Directory(error)),
    };
    let paths = found.map(|entry| entry.map(|entry| entry.path()));
    let paths = paths.collect::<Result<Vec<_>, _>>();
    let mut paths = paths.map_err(Error::Directory)?;
    paths.sort();
    Ok(paths)
}

/// A name that no other value has: 32 random bytes, and the time.
fn blob_name(now: i64) -> Result<String, Error> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| Error::Blob(error.into()))?;
    Ok(hex(&[&random[..], &millis(now).to_be_bytes()].concat()))
}

/// The databases have milliseconds, the API has seconds.
fn millis(seconds: i64) -> i64 {
    seconds.saturating_mul(1000)
}

/// Opens a value, and returns how long it is. Links and devices are refused.
fn open(path: PathBuf) -> io::Result<(fs::File, u64)> {
    let found = fs::symlink_metadata(&path)?;
    if !found.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok((fs::File::open(path)?, found.len()))
}

fn read(path: PathBuf) -> io::Result<Vec<u8>> {
    let mut value = Vec::new();
    open(path)?.0.read_to_end(&mut value)?;
    Ok(value)
}

/// Reads a short value at once, and opens a long one.
fn content(path: PathBuf) -> io::Result<Content> {
    let (mut file, length) = open(path)?;
    if length > READ_AT_ONCE_BYTES {
        return Ok(Content::File(Source::new(file.into_file(), length)));
    }
    let mut value = Vec::new();
    file.read_to_end(&mut value)?;
    Ok(Content::Bytes(value.into()))
}
