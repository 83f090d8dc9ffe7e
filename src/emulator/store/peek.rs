//! Keys on disk, read without a trace: nothing is created, locked for long, or swept.

use std::{ffi::OsString, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

use super::{
    Error, KeyRange,
    database::{Database, failed},
    disk::refuse_links,
    layout,
};

/// How long to wait for the lock of another process.
const BUSY_TIMEOUT: Duration = Duration::from_millis(100);

/// Returns the keys of a range. `now` is in UNIX seconds.
pub(in crate::emulator) fn peek(
    root: &Path,
    namespace: &str,
    range: &KeyRange,
    now: i64,
) -> Result<Vec<String>, Error> {
    refuse_links(layout::parts(root, namespace))?;
    let path = layout::database(root, namespace);
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let rows = open(&path).and_then(|mut database| database.list(range, now.saturating_mul(1000)));
    let (mut rows, _) = rows.map_err(|source| failed(&path, source))?;
    rows.truncate(range.limit);
    Ok(rows.into_iter().map(|row| row.key).collect())
}

/// Opens a database that somebody uses as everybody does, and any other so that SQLite makes no file
/// beside it.
fn open(path: &Path) -> rusqlite::Result<Database> {
    let beside = |end: &str| {
        let mut name = OsString::from(path);
        name.push(end);
        Path::new(&name).exists()
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = if beside("-wal") && beside("-shm") {
        Connection::open_with_flags(path, flags)?
    } else {
        let uri = url::Url::from_file_path(path).map(|mut url| {
            url.set_query(Some("immutable=1"));
            url.to_string()
        });
        let uri = uri.map_err(|()| rusqlite::Error::InvalidPath(path.to_owned()))?;
        Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?
    };
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(Database::of(connection))
}

#[cfg(test)]
pub(in crate::emulator) fn put_for_test(root: &Path, namespace: &str, keys: &[&str]) {
    use super::{Backend as _, disk::Disk};
    use crate::domain::Record;
    let record = |key: &&str| Record {
        key: key.parse().unwrap(),
        value: bytes::Bytes::from_static(b"v"),
        expiration: None,
        metadata: None,
    };
    let records = keys.iter().map(record).collect();
    Disk::new(root).put(namespace, records, 0).unwrap();
}
