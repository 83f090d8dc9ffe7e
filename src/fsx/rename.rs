//! Renaming over files that another program has open for a moment.
//!
//! On Windows a file that is open can often be neither replaced nor read, and virus scanners and
//! indexers open whatever has just been written. So what failed that way is tried again for a while.

use std::{fs, io, path::Path, thread, time::Duration};

use tempfile::NamedTempFile;

use super::{Error, write_error};

/// How long another program may have a file open.
const PATIENCE: Duration = Duration::from_secs(1);

/// Does `work` again as long as it fails in a way that may pass, up to a limit.
fn patiently<T>(
    may_pass: fn(&io::Error) -> bool,
    mut work: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    let mut waited = Duration::ZERO;
    let mut pause = Duration::from_millis(5);
    loop {
        match work() {
            Err(error) if may_pass(&error) && waited < PATIENCE => {
                thread::sleep(pause);
                waited += pause;
                pause *= 2;
            }
            done => return done,
        }
    }
}

/// Whether another program has the file open. Elsewhere than on Windows that is no reason to fail.
#[cfg(windows)]
fn is_in_use(error: &io::Error) -> bool {
    use super::windows::{LOCK_VIOLATION, SHARING_VIOLATION};
    let codes = [LOCK_VIOLATION, SHARING_VIOLATION];
    error
        .raw_os_error()
        .is_some_and(|code| codes.contains(&code))
}

#[cfg(unix)]
fn is_in_use(_: &io::Error) -> bool {
    false
}

/// Whether a file could not be renamed because another program has it open, or the one to replace.
fn blocks_rename(error: &io::Error) -> bool {
    #[cfg(windows)]
    if error.raw_os_error() == Some(super::windows::ACCESS_DENIED) {
        return true;
    }
    is_in_use(error)
}

/// Reads, and waits for another program that has the file open.
pub(super) fn read<T>(work: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    patiently(is_in_use, work)
}

/// Renames `from`, a file or directory, to `to`, which is replaced if it is a file.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    patiently(blocks_rename, || fs::rename(from, to)).map_err(|source| {
        if blocks_rename(&source) {
            let path = to.to_owned();
            return Error::InUse { path, source };
        }
        write_error(to, source)
    })
}

/// Gives a temporary file the name `target`, in place of what may be there. It is removed on failure.
pub(super) fn put(file: NamedTempFile, target: &Path) -> Result<(), Error> {
    // Closed: on Windows the temporary file could not be renamed by every system otherwise.
    let mut path = file.into_temp_path();
    rename(&path, target)?;
    path.disable_cleanup(true);
    Ok(())
}

/// Gives a temporary file the name `target`, unless there is something. It is removed on failure.
pub(super) fn put_new(file: NamedTempFile, target: &Path) -> io::Result<()> {
    let mut held = Some(file.into_temp_path());
    patiently(blocks_rename, || match held.take() {
        Some(path) => path.persist_noclobber(target).map_err(|failed| {
            held = Some(failed.path);
            failed.error
        }),
        None => Ok(()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_another_program_has_open_is_tried_again() {
        let mut tries = 0;
        let mut fail_with = |kind| {
            tries = 0;
            let failed = patiently(blocks_rename, || -> io::Result<()> {
                tries += 1;
                Err(io::Error::from(kind))
            });
            (failed.unwrap_err().kind(), tries)
        };
        assert_eq!(
            fail_with(io::ErrorKind::NotFound),
            (io::ErrorKind::NotFound, 1)
        );
    }

    #[cfg(windows)]
    #[test]
    fn a_file_that_another_program_has_open_is_waited_for_and_then_named() {
        use std::os::windows::fs::OpenOptionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let (from, to) = (home.path().join("from"), home.path().join("to"));
        super::super::create(&from, b"new").unwrap();
        super::super::create(&to, b"old").unwrap();
        let mut options = fs::OpenOptions::new();
        let share = super::super::windows::SHARE_ALL_BUT_DELETE;
        let held = options.read(true).share_mode(share).open(&to).unwrap();
        let error = rename(&from, &to).unwrap_err();
        assert!(matches!(error, Error::InUse { .. }), "{error}");
        assert_eq!(fs_err::read(&to).unwrap(), b"old");
        let freed = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            drop(held);
        });
        rename(&from, &to).unwrap();
        freed.join().unwrap();
        assert_eq!(fs_err::read(&to).unwrap(), b"new");
    }
}
