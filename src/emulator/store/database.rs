//! The databases of wrangler's store: one for each namespace, one row for each key. Imports
//! `domain`.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension as _, TransactionBehavior,
    config::DbConfig, params,
};

use super::{Error, KeyRange};
use crate::domain::{Expiration, KeyName, Metadata};

/// How long to wait for the lock of another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the database counts as contended after another process wrote.
const CONTENTION_WINDOW: Duration = Duration::from_secs(2);

/// The pages of the write-ahead log before a checkpoint, four times the default: each checkpoint waits
/// for the disk.
const WAL_PAGES: u32 = 4000;

/// The schema of miniflare, with its index.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS _mf_entries (
  key TEXT PRIMARY KEY,
  blob_id TEXT NOT NULL,
  expiration INTEGER,
  metadata TEXT
);
CREATE INDEX IF NOT EXISTS _mf_entries_expiration_idx ON _mf_entries(expiration);
";

/// A row: all about a key except its value.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) key: String,
    /// The name of the file with the value.
    pub(super) blob: String,
    /// In milliseconds since 1970.
    pub(super) expiration: Option<i64>,
    /// JSON.
    pub(super) metadata: Option<String>,
}

impl Row {
    /// Returns the metadata; `None` also if it is not JSON, which the API cannot return.
    pub(super) fn metadata(&self) -> Option<Metadata> {
        serde_json::from_str(self.metadata.as_deref()?).ok()
    }

    /// Returns when the key expires, in whole seconds as in the API.
    pub(super) fn expiration(&self) -> Option<Expiration> {
        let seconds = self.expiration?.div_euclid(1000);
        Some(Expiration::from_unix_seconds(seconds))
    }

    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get(0)?,
            blob: row.get(1)?,
            expiration: row.get(2)?,
            metadata: row.get(3)?,
        })
    }
}

pub(super) fn failed(path: &Path, source: rusqlite::Error) -> Error {
    Error::Database {
        path: path.to_owned(),
        source,
    }
}

pub(super) fn foreign(path: &Path, what: String) -> Error {
    Error::Foreign {
        path: path.to_owned(),
        what,
    }
}

/// Opens a database for reading.
pub(super) fn open_read_only(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Checks that the file at `path` is the database of a namespace. Changes nothing.
pub(super) fn inspect(path: &Path) -> Result<(), Error> {
    let looked = retry_while_busy(|| incompatibility(&open_read_only(path)?));
    match looked.map_err(|source| failed(path, source))? {
        None => Ok(()),
        Some(what) => Err(foreign(path, what)),
    }
}

/// Says why a database is not a KV store; one without tables may become one.
fn incompatibility(connection: &Connection) -> rusqlite::Result<Option<String>> {
    // Old versions of workerd kept a table of their own beside.
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' \
               AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'";
    let mut statement = connection.prepare(sql)?;
    let names = statement.query_map([], |row| row.get(0))?;
    let names = names.collect::<rusqlite::Result<Vec<String>>>()?;
    if names.is_empty() {
        return Ok(None);
    }
    if !names.iter().any(|name| name == "_mf_entries") {
        return Ok(Some(format!("it has the tables {}", names.join(", "))));
    }
    let sql = "SELECT count(*) FROM pragma_table_info('_mf_entries') \
               WHERE name IN ('key', 'blob_id', 'expiration', 'metadata')";
    let columns: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    Ok((columns != 4).then(|| "its table `_mf_entries` has other columns".to_owned()))
}

/// Tries again what failed only because another process was using it. SQLite waits by itself, but not
/// where it sees that waiting is in vain, as when two make the same database.
pub(super) fn retry_while_busy<T>(
    mut work: impl FnMut() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let start = Instant::now();
    loop {
        match work() {
            Err(error) if is_busy(&error) && start.elapsed() < BUSY_TIMEOUT => {
                thread::sleep(Duration::from_millis(20));
            }
            outcome => return outcome,
        }
    }
}

/// Whether the file is not the database that it should be.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(
        code,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

fn is_busy(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(
        code,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// One open database.
pub(super) struct Database {
    connection: Connection,
    /// SQLite's `data_version` at the last check, which changes when other processes write.
    version: Option<i64>,
    /// Until when the database counts as contended.
    contended_until: Option<Instant>,
    /// How long the last write held the lock.
    lock_time: Duration,
}

impl Database {
    /// Opens or creates a database. `Err` of the inner result: it is not a KV database, and why.
    pub(super) fn open(path: &Path) -> rusqlite::Result<Result<Self, String>> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        if let Some(what) = incompatibility(&connection)? {
            return Ok(Err(what));
        }
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // The log keeps the database whole; only a power cut could take the last writes.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.execute_batch(SCHEMA)?;
        connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)?;
        Ok(Ok(Self::of(connection)))
    }

    pub(super) fn of(connection: Connection) -> Self {
        Self {
            connection,
            version: None,
            contended_until: None,
            lock_time: Duration::ZERO,
        }
    }

    /// Returns how long the last write held the lock if another process wrote recently, else zero.
    /// Processes that do not wait for the lock, such as workerd, fail meanwhile.
    pub(super) fn contended_lock_time(&mut self) -> rusqlite::Result<Duration> {
        let version = self
            .connection
            .pragma_query_value(None, "data_version", |row| row.get(0))?;
        let before = self.version.replace(version);
        let now = Instant::now();
        if before.is_some_and(|before| before != version) {
            self.contended_until = Some(now + CONTENTION_WINDOW);
        }
        let is_contended = self.contended_until.is_some_and(|until| now < until);
        Ok(if is_contended {
            self.lock_time
        } else {
            Duration::ZERO
        })
    }

    /// Prevents the checkpoint on close: the file was removed, and another may be at its path.
    pub(super) fn abandon(&self) {
        let leave = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
        self.connection.set_db_config(leave, true).ok();
    }

    /// Returns the row of a key, expired or not.
    pub(super) fn find(&mut self, key: &str) -> rusqlite::Result<Option<Row>> {
        let sql = "SELECT key, blob_id, expiration, metadata FROM _mf_entries WHERE key = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.query_row([key], Row::read).optional()
    }

    /// Returns the rows of a range, and one more if there is one, and whether any key of the
    /// namespace has expired.
    pub(super) fn list(
        &mut self,
        range: &KeyRange,
        now: i64,
    ) -> rusqlite::Result<(Vec<Row>, bool)> {
        // Text is compared byte by byte, so the keys of a prefix are neighbours.
        let sql = "SELECT key, blob_id, expiration, metadata FROM _mf_entries \
                   WHERE key >= ?1 AND key > ?2 AND (expiration IS NULL OR expiration > ?3) \
                   ORDER BY key";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_map(params![range.prefix, range.after, now], Row::read)?;
        let mut rows = Vec::new();
        for row in found.take(range.limit + 1) {
            let row = row?;
            if !row.key.starts_with(&range.prefix) {
                break;
            }
            rows.push(row);
        }
        let sql = "SELECT EXISTS (SELECT 1 FROM _mf_entries WHERE expiration <= ?1)";
        let mut statement = self.connection.prepare_cached(sql)?;
        let stale = statement.query_row([now], |row| row.get(0))?;
        Ok((rows, stale))
    }

    /// Writes rows in place of those with the same keys, and returns the blobs of those.
    pub(super) fn replace(&mut self, rows: &[&Row]) -> rusqlite::Result<Vec<String>> {
        self.write(|connection| {
            let mut old = Vec::new();
            let find = "SELECT blob_id FROM _mf_entries WHERE key = ?1";
            let mut find = connection.prepare_cached(find)?;
            let replace = "INSERT OR REPLACE INTO _mf_entries \
                           (key, blob_id, expiration, metadata) VALUES (?1, ?2, ?3, ?4)";
            let mut replace = connection.prepare_cached(replace)?;
            for row in rows {
                let found = find.query_row([&row.key], |row| row.get(0));
                old.extend(found.optional()?);
                replace.execute(params![row.key, row.blob, row.expiration, row.metadata])?;
            }
            Ok(old)
        })
    }

    /// Deletes rows, and returns their blobs.
    pub(super) fn delete(&mut self, keys: &[KeyName]) -> rusqlite::Result<Vec<String>> {
        self.write(|connection| {
            let sql = "DELETE FROM _mf_entries WHERE key = ?1 RETURNING blob_id";
            let mut delete = connection.prepare_cached(sql)?;
            let mut old = Vec::new();
            for key in keys {
                let found = delete.query_map([key.as_str()], |row| row.get(0))?;
                old.extend(found.collect::<rusqlite::Result<Vec<String>>>()?);
            }
            Ok(old)
        })
    }

    /// Deletes all rows, and returns their blobs.
    pub(super) fn clear(&mut self) -> rusqlite::Result<Vec<String>> {
        self.write(|connection| {
            let sql = "DELETE FROM _mf_entries RETURNING blob_id";
            let mut delete = connection.prepare_cached(sql)?;
            let found = delete.query_map([], |row| row.get(0))?;
            found.collect()
        })
    }

    /// Deletes what has expired at `now`, and returns the blobs. Does not wait for the lock: this is not
    /// urgent.
    pub(super) fn remove_expired(&mut self, now: i64) -> rusqlite::Result<Vec<String>> {
        self.connection.busy_timeout(Duration::ZERO)?;
        let swept = self.write(|connection| {
            let sql = "DELETE FROM _mf_entries WHERE expiration <= ?1 RETURNING blob_id";
            let mut delete = connection.prepare_cached(sql)?;
            let found = delete.query_map([now], |row| row.get(0))?;
            found.collect()
        });
        self.connection.busy_timeout(BUSY_TIMEOUT)?;
        match swept {
            Err(error) if is_busy(&error) => Ok(Vec::new()),
            swept => swept,
        }
    }

    /// Writes all or nothing. Takes the lock at once, since one that is asked for after reading
    /// may be refused.
    fn write<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let start = Instant::now();
        let done = work(&transaction)?;
        transaction.commit()?;
        self.lock_time = start.elapsed();
        Ok(done)
    }
}
