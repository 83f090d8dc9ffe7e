//! Reading and writing files: atomic replacement, locks, files that grow.
//!
//! The only module that writes files. Imports `domain`. Every write goes to a
//! temporary file next to the target and is renamed over it, so that a reader sees the old bytes or
//! the new ones, never a part; on any error the target is as it was and no temporary file is left.

use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::domain::{Classification, Classify, ErrorClass, ShowPath as _};

/// How the names of temporary files begin that lie beside what they are to replace.
pub const TEMPORARY: &str = ".kvctl-";

mod all_or_none;
mod append_file;
mod identity;
mod own_files;
mod part_directory;
mod part_file;
mod private;
mod read;
mod rename;
#[cfg(test)]
mod tests;
#[cfg(windows)]
mod windows;

pub use all_or_none::{Change, write_all_or_none};
pub use append_file::AppendFile;
pub use identity::{FileId, real_path};
pub use own_files::{Lock, foreign_owner, lock};
pub use part_directory::PartDirectory;
pub use part_file::{ExistingPart, PartFile};
pub use private::{Private, private, private_writer};
pub use read::{
    FileKind, InputError, broken_link, copy_pipe, kind_of, open_file, read_file, read_file_if_any,
    read_file_or_pipe, read_text, read_text_if_any, read_up_to,
};

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file was changed by another program after it was read.
    #[error("`{}` changed after it was read; it was left unchanged", path.shown())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The file may be read but not written.
    #[error("`{}` is read-only", path.shown())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// A new file was to be created, but one exists.
    #[error("`{}` already exists", path.shown())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A new directory was to be created, but a non-empty one exists.
    #[error("`{}` is a directory that is not empty", path.shown())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// A symbolic link where kvctl creates a file of its own.
    #[error("`{}` is a symbolic link, which is not followed; remove it", path.shown())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// The path is a directory or a device.
    #[error("`{}` is not a file", path.shown())]
    NotAFile {
        /// What is not a file.
        path: PathBuf,
    },
    /// The file could not be read.
    #[error("could not read `{}`", path.shown())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file could not be written.
    #[error("could not write `{}`", path.shown())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No temporary file could be created.
    #[error("could not create a temporary file in `{}`", path.shown())]
    Temporary {
        /// The directory of temporary files.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file could not be replaced, as where another program has it open on Windows.
    #[error("could not replace `{}`; is it open in another program?", path.shown())]
    InUse {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has locked the file.
    #[error("`{}` is in use by another run", path.shown())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The lock could not be taken.
    #[error("could not lock `{}`", path.shown())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        match self {
            Self::Changed { .. }
            | Self::ReadOnly { .. }
            | Self::Exists { .. }
            | Self::NotEmpty { .. }
            | Self::Link { .. }
            | Self::NotAFile { .. }
            | Self::Read { .. }
            | Self::Write { .. }
            | Self::Temporary { .. }
            | Self::InUse { .. }
            | Self::Busy { .. }
            | Self::Lock { .. } => ErrorClass::Failed.into(),
        }
    }
}

/// Replaces the file at `path` with `bytes`, provided it still holds `expected`.
///
/// Follows links, keeps mode and owner. Does nothing if nothing changes.
pub fn replace(path: &Path, expected: &[u8], bytes: &[u8]) -> Result<(), Error> {
    if bytes == expected {
        return Ok(());
    }
    // A rename onto a link would replace the link: find the file behind it first.
    let target = resolve(path)?;
    if holds_already(path, &target, expected, bytes)? {
        return Ok(());
    }
    let before = check_writable(path, &target)?;
    let file = write_temporary(path, &target, bytes, Some(&before))?;
    // Looked at again as late as possible: staging syncs, and a sync takes its time.
    if holds_already(path, &target, expected, bytes)? {
        return Ok(());
    }
    commit(path, &target, file)
}

/// Creates a new file at `path` with `bytes`, readable by whom new files are readable.
pub fn create(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    refuse_device(path)?;
    let file = write_temporary(path, path, bytes, None)?;
    rename::put_new(file, path).map_err(|source| {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::AlreadyExists => Error::Exists { path },
            _ => Error::Write { path, source },
        }
    })?;
    sync_directory(path);
    Ok(())
}

/// Creates a new file at `path` with `bytes`, in place and without syncing: for files that are not
/// read before they are referenced. It is removed again on failure.
pub fn create_unsynced(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    let opened = options.write(true).create_new(true).open(path);
    let mut file = opened.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => Error::Exists {
            path: path.to_owned(),
        },
        _ => write_error(path, source),
    })?;
    file.write_all(bytes).map_err(|source| {
        std::fs::remove_file(path).ok();
        write_error(path, source)
    })
}

/// Writes `bytes` to `path`, overwriting what is there: for state files that only kvctl writes.
pub fn overwrite(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    match resolve(path) {
        Ok(target) => {
            let before = check_writable(path, &target)?;
            let file = write_temporary(path, &target, bytes, Some(&before))?;
            commit(path, &target, file)
        }
        Err(Error::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            let file = write_temporary(path, path, bytes, None)?;
            commit(path, path, file)
        }
        Err(error) => Err(error),
    }
}

/// Writes `bytes` to `path` like [`overwrite`], but does not follow a link there: for predictable names,
/// where others might put a link to a valuable file.
pub fn overwrite_own(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => Err(Error::Link {
            path: path.to_owned(),
        }),
        _ => overwrite(path, bytes),
    }
}

/// Creates a directory and those above it, unless it is there.
pub fn create_directory(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(|source| write_error(path, source))
}

/// Checks that [`replace`] could succeed, before work begins that would be lost if it cannot.
pub fn check_replaceable(path: &Path) -> Result<(), Error> {
    let target = resolve(path)?;
    check_writable(path, &target)?;
    read(path, &target)?;
    temporary(&target, None).map_err(|source| write_error(path, source))?;
    Ok(())
}

/// Checks that [`create`] could succeed, before work begins that would be lost if it cannot.
pub fn check_creatable(path: &Path) -> Result<(), Error> {
    refuse_device(path)?;
    // A link that leads nowhere is something, too.
    if std::fs::symlink_metadata(path).is_ok() {
        return Err(Error::Exists {
            path: path.to_owned(),
        });
    }
    temporary(path, None).map_err(|source| write_error(path, source))?;
    Ok(())
}

/// Refuses a name that no file can have.
fn refuse_device(path: &Path) -> Result<(), Error> {
    match read::kind_of_name(path) {
        Some(_) => Err(Error::NotAFile {
            path: path.to_owned(),
        }),
        None => Ok(()),
    }
}

/// Returns the file that `path` leads to, through any links.
fn resolve(path: &Path) -> Result<PathBuf, Error> {
    refuse_device(path)?;
    path.canonicalize().map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

fn read(path: &Path, target: &Path) -> Result<Vec<u8>, Error> {
    // No size limit: the caller has read the file before.
    read::read_file(target, u64::MAX - 1).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

/// Whether there is a file at `path`, and no link, that holds `bytes`.
pub fn holds(path: &Path, bytes: &[u8]) -> bool {
    let is_file = std::fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
    is_file && read(path, path).is_ok_and(|found| found == bytes)
}

/// Whether `bytes` are there already; an error if neither they nor `expected` are.
fn holds_already(path: &Path, target: &Path, expected: &[u8], bytes: &[u8]) -> Result<bool, Error> {
    let found = read(path, target)?;
    if found == bytes {
        Ok(true)
    } else if found == expected {
        Ok(false)
    } else {
        Err(Error::Changed {
            path: path.to_owned(),
        })
    }
}

/// Returns the metadata of a file that its user may write.
///
/// A rename needs no right to write the file itself, so without this check a file that was made
/// read-only on purpose would be replaced.
fn check_writable(path: &Path, target: &Path) -> Result<Metadata, Error> {
    let path = path.to_owned();
    let metadata = match target.metadata() {
        Ok(metadata) if metadata.is_file() => metadata,
        Ok(_) => return Err(Error::NotAFile { path }),
        Err(source) => return Err(Error::Read { path, source }),
    };
    if metadata.permissions().readonly() {
        return Err(Error::ReadOnly { path });
    }
    match OpenOptions::new().write(true).open(target) {
        Ok(_) => Ok(metadata),
        Err(source) => Err(match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Error::ReadOnly { path }
            }
            _ => Error::Write { path, source },
        }),
    }
}

/// Writes `bytes` to a temporary file in the directory of `target`, down to the disk.
fn write_temporary(
    path: &Path,
    target: &Path,
    bytes: &[u8],
    before: Option<&Metadata>,
) -> Result<NamedTempFile, Error> {
    let staged = temporary(target, before).and_then(|mut file| {
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        Ok(file)
    });
    staged.map_err(|source| write_error(path, source))
}

/// Creates the temporary file, with the mode and owner of what it will replace, or the mode that any
/// program's new file has.
fn temporary(target: &Path, before: Option<&Metadata>) -> io::Result<NamedTempFile> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    if before.is_some() {
        own_files::close_to_others(&mut options);
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    // Opened as any file is: one that Windows takes for temporary would stay so after the rename.
    let made = builder.make_in(directory(target), |path| options.open(path));
    // The path of a temporary file is none that anybody asked for.
    let file = made.map_err(|error| match error.kind() {
        kind @ io::ErrorKind::NotFound => io::Error::new(kind, "the folder does not exist"),
        kind => kind.into(),
    })?;
    if let Some(before) = before {
        // The owner first: changing it clears some mode bits.
        keep_owner(file.as_file(), before);
        file.as_file().set_permissions(before.permissions())?;
    }
    Ok(file)
}

/// Gives the file the owner and group it had. Only root may change owners, so this may fail; the
/// file then gets the current user, as with any editor.
#[cfg(unix)]
fn keep_owner(file: &File, before: &Metadata) {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    if fchown(file, Some(before.uid()), Some(before.gid())).is_err() {
        fchown(file, None, Some(before.gid())).ok();
    }
}

/// On Windows the file gets the owner and the rights that any new file in its folder has.
#[cfg(windows)]
fn keep_owner(_: &File, _: &Metadata) {}

fn commit(path: &Path, target: &Path, file: NamedTempFile) -> Result<(), Error> {
    rename::put(file, target).map_err(|error| error.renamed(path))?;
    sync_directory(target);
    Ok(())
}

/// Makes the rename survive a power cut. Not every system can sync a directory, and the file is
/// whole either way.
fn sync_directory(target: &Path) {
    if let Ok(directory) = File::open(directory(target)) {
        directory.sync_all().ok();
    }
}

impl Error {
    /// Names the file as the user does, in place of what the path leads to.
    fn renamed(self, path: &Path) -> Self {
        let path = path.to_owned();
        match self {
            Self::InUse { source, .. } => Self::InUse { path, source },
            Self::Write { source, .. } => Self::Write { path, source },
            other => other,
        }
    }
}

fn directory(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn write_error(path: &Path, source: io::Error) -> Error {
    Error::Write {
        path: path.to_owned(),
        source,
    }
}
