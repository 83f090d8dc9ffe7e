//! Locks between processes. Imports nothing of this crate.

use std::{
    fs::{File, OpenOptions},
    path::Path,
};

use super::{Error, own};

/// An exclusive lock between processes, held until it is dropped.
#[derive(Debug)]
#[must_use = "the lock is released when it is dropped"]
pub struct Lock {
    _file: File,
}

/// Waits for the lock file at `path`, which is created if missing and never removed. A link there
/// is not followed.
///
/// Advisory: it holds off only those who ask for it too.
pub fn lock(path: &Path) -> Result<Lock, Error> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    let locked = |source| Error::Lock {
        path: path.to_owned(),
        source,
    };
    let file = own::open(&options, path).map_err(|error| match error {
        Error::Write { source, .. } => locked(source),
        other => other,
    })?;
    file.lock().map_err(locked)?;
    Ok(Lock { _file: file })
}
