//! Files that kvctl creates under predictable names: journals, locks, parts of exports. Links there
//! are not followed, since others may have put them there. Also whose a file is.

use std::{
    fs::{File, Metadata, OpenOptions, TryLockError},
    io,
    path::Path,
};

use super::{Error, FileId, write_error};

/// How often a file is reopened that another process removed before it was locked.
const ATTEMPTS: usize = 100;

/// Opens a regular file, never through a link at its end, and never waiting for a pipe's other end.
pub(super) fn open(options: &OpenOptions, path: &Path) -> Result<File, Error> {
    let mut options = options.clone();
    no_follow(&mut options);
    let opened = options.open(path);
    let kind = || std::fs::symlink_metadata(path).map(|found| found.file_type());
    let file = opened.map_err(|source| match kind() {
        Ok(kind) if kind.is_symlink() => Error::Link {
            path: path.to_owned(),
        },
        Ok(kind) if !kind.is_file() => Error::NotAFile {
            path: path.to_owned(),
        },
        _ if source.kind() == io::ErrorKind::AlreadyExists => Error::Exists {
            path: path.to_owned(),
        },
        _ => write_error(path, source),
    })?;
    match file.metadata() {
        Ok(found) if found.is_file() => Ok(file),
        Ok(found) if found.is_symlink() => Err(Error::Link {
            path: path.to_owned(),
        }),
        Ok(_) => Err(Error::NotAFile {
            path: path.to_owned(),
        }),
        Err(source) => Err(write_error(path, source)),
    }
}

/// Opens a file as [`open`] does, and ensures that no other process is using it.
///
/// A lock is on the file, not on its name: if the file was renamed or removed between opening and
/// locking, retry with the name.
pub(super) fn open_locked(options: &OpenOptions, path: &Path) -> Result<File, Error> {
    for _ in 0..ATTEMPTS {
        let file = open(options, path)?;
        lock_now(&file, path)?;
        if is_same_file(&file, path) {
            return Ok(file);
        }
    }
    Err(Error::Busy {
        path: path.to_owned(),
    })
}

/// Makes sure that no other process is at work on the file.
pub(super) fn lock_now(file: &File, path: &Path) -> Result<(), Error> {
    file.try_lock().map_err(|e| match e {
        TryLockError::WouldBlock => Error::Busy {
            path: path.to_owned(),
        },
        TryLockError::Error(source) => write_error(path, source),
    })
}

/// Whether `file` is still at `path`.
pub(super) fn is_same_file(file: &File, path: &Path) -> bool {
    FileId::of(file).is_some_and(|open| FileId::named(path) == Some(open))
}

#[cfg(unix)]
fn no_follow(options: &mut OpenOptions) {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    options.custom_flags(flags.bits().cast_signed());
}

#[cfg(windows)]
fn no_follow(options: &mut OpenOptions) {
    use std::os::windows::fs::OpenOptionsExt as _;
    options.custom_flags(super::windows::OPEN_REPARSE_POINT);
}

/// Makes the files that `options` create private to their owner.
#[cfg(unix)]
pub(super) fn close_to_others(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

/// On Windows they get the rights of their folder.
#[cfg(windows)]
pub(super) fn close_to_others(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Creates a directory that is private to its owner.
pub(super) fn create_private_directory(path: &Path, with_parents: bool) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(with_parents);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// An exclusive lock between processes, held until it is dropped.
#[derive(Debug)]
#[must_use = "the lock is released when it is dropped"]
pub struct Lock {
    _file: File,
}

/// Waits for an advisory lock on the file at `path`, which is created if missing and never removed. A
/// link there is not followed.
pub fn lock(path: &Path) -> Result<Lock, Error> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    let locked = |source| Error::Lock {
        path: path.to_owned(),
        source,
    };
    let file = open(&options, path).map_err(|error| match error {
        Error::Write { source, .. } => locked(source),
        other => other,
    })?;
    file.lock().map_err(locked)?;
    Ok(Lock { _file: file })
}

/// Returns the owner of a file, unless it is the current user or root. Such a file is not trusted.
#[cfg(unix)]
pub fn foreign_owner(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    foreign(metadata.uid(), rustix::process::geteuid().as_raw())
}

/// Returns nothing: on Windows the owner is not looked up.
#[cfg(windows)]
pub fn foreign_owner(_: &Metadata) -> Option<u32> {
    None
}

#[cfg(any(unix, test))]
fn foreign(owner: u32, me: u32) -> Option<u32> {
    (owner != me && owner != 0).then_some(owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_runs_the_program_and_root_are_not_foreign() {
        assert_eq!(foreign(1000, 1000), None);
        assert_eq!(foreign(0, 1000), None);
        assert_eq!(foreign(1001, 1000), Some(1001));
        assert_eq!(foreign(1000, 0), Some(1000));
        let own = tempfile::tempfile().unwrap();
        assert_eq!(foreign_owner(&own.metadata().unwrap()), None);
    }
}
