//! Locks between processes. Imports nothing of this crate.

use std::{
    fs::{File, OpenOptions},
    path::Path,
};

use super::Error;

/// An exclusive lock between processes, held until it is dropped.
#[derive(Debug)]
#[must_use = "the lock is released when it is dropped"]
pub struct Lock {
    _file: File,
}

/// Waits for the lock file at `path`, which is created if missing and never removed.
///
/// Advisory: it holds off only those who ask for it too.
pub fn lock(path: &Path) -> Result<Lock, Error> {
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path);
    let locked = opened.and_then(|file| file.lock().map(|()| Lock { _file: file }));
    locked.map_err(|source| Error::Lock {
        path: path.to_owned(),
        source,
    })
}
