//! Which disk errors a retry cannot fix. Imports `fsx`.
//!
//! Clients retry server errors. Permanent ones must not keep them waiting or be called temporary.

use std::{
    error::Error,
    io::{self, ErrorKind},
};

use crate::fsx;

/// Whether it is permanent: no space, no permission, no such path, or too many open files.
pub(super) fn of_io(error: &io::Error) -> bool {
    if is_out_of_files(error) {
        return true;
    }
    matches!(
        error.kind(),
        ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::FileTooLarge
            | ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::InvalidFilename
    )
}

/// Whether the process or the system has too many open files. There is no `ErrorKind` of that, and
/// errors that name a path keep the system's one within.
fn is_out_of_files(error: &io::Error) -> bool {
    let limits = out_of_files();
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        let system = error.downcast_ref::<io::Error>();
        if system
            .and_then(io::Error::raw_os_error)
            .is_some_and(|code| limits.contains(&code))
        {
            return true;
        }
        next = match system.and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

#[cfg(unix)]
fn out_of_files() -> [i32; 2] {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error)
}

#[cfg(windows)]
fn out_of_files() -> [i32; 1] {
    // ERROR_TOO_MANY_OPEN_FILES
    [4]
}

/// The same for a file that could not be read, locked or written.
pub(super) fn of_file(error: &fsx::Error) -> bool {
    match error {
        fsx::Error::Read { source, .. }
        | fsx::Error::Write { source, .. }
        | fsx::Error::Lock { source, .. } => of_io(source),
        fsx::Error::ReadOnly { .. } | fsx::Error::NotAFile { .. } | fsx::Error::Link { .. } => true,
        _ => false,
    }
}

/// The same for a database: only errors caused by concurrent access are temporary.
pub(super) fn of_sqlite(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{
        DatabaseBusy, DatabaseLocked, FileLockingProtocolFailed, OperationInterrupted, OutOfMemory,
        SchemaChanged,
    };
    !matches!(
        error.sqlite_error_code(),
        Some(
            DatabaseBusy
                | DatabaseLocked
                | FileLockingProtocolFailed
                | OperationInterrupted
                | OutOfMemory
                | SchemaChanged
        )
    )
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn a_full_or_damaged_disk_is_the_same_the_next_time_and_a_busy_one_is_not() {
        for (error, expected) in [
            (28, true),  // ENOSPC
            (122, true), // EDQUOT
            (13, true),  // EACCES
            (30, true),  // EROFS
            (20, true),  // ENOTDIR
            (4, false),  // EINTR
            (23, true),  // ENFILE
            (24, true),  // EMFILE
        ] {
            if cfg!(target_os = "linux") {
                let source = io::Error::from_raw_os_error(error);
                assert_eq!(of_io(&source), expected, "{source}");
                let inner = io::Error::from_raw_os_error(error);
                let outer = io::Error::new(inner.kind(), inner);
                assert_eq!(of_io(&outer), expected, "{outer}");
                let path = "f".into();
                let error = fsx::Error::Write { path, source };
                assert_eq!(of_file(&error), expected);
            }
        }
        for (code, expected) in [
            (ffi::SQLITE_FULL, true),
            (ffi::SQLITE_READONLY, true),
            (ffi::SQLITE_CORRUPT, true),
            (ffi::SQLITE_NOTADB, true),
            (ffi::SQLITE_IOERR, true),
            (ffi::SQLITE_CANTOPEN, true),
            (ffi::SQLITE_BUSY, false),
            (ffi::SQLITE_LOCKED, false),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            assert_eq!(of_sqlite(&error), expected, "{error}");
        }
    }
}
