//! Which file it is, whatever its name; and where it really is.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

/// Identifies a file for as long as it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    volume: u64,
    index: u64,
}

impl FileId {
    /// Returns which file `path` leads to, through any links; nothing if there is none, or it cannot
    /// be told.
    pub fn at(path: &Path) -> Option<Self> {
        of_path(path, true)
    }

    /// Returns which file or link is called `path`.
    pub(super) fn named(path: &Path) -> Option<Self> {
        of_path(path, false)
    }

    /// Returns which file is open.
    pub(super) fn of(file: &File) -> Option<Self> {
        of_open(file)
    }
}

/// Returns the path without links and `..`, as people write it: on Windows `C:\…`, not `\\?\C:\…`,
/// below which `/` separates nothing.
pub fn real_path(path: &Path) -> io::Result<PathBuf> {
    let real = fs_err::canonicalize(path)?;
    #[cfg(windows)]
    let real = dunce::simplified(&real).to_owned();
    Ok(real)
}

#[cfg(unix)]
fn of_path(path: &Path, follow: bool) -> Option<FileId> {
    let found = if follow {
        std::fs::metadata(path)
    } else {
        std::fs::symlink_metadata(path)
    };
    found.ok().map(|found| of_metadata(&found))
}

#[cfg(unix)]
fn of_open(file: &File) -> Option<FileId> {
    file.metadata().ok().map(|found| of_metadata(&found))
}

#[cfg(unix)]
fn of_metadata(found: &std::fs::Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt as _;
    FileId {
        volume: found.dev(),
        index: found.ino(),
    }
}

#[cfg(windows)]
fn of_path(path: &Path, follow: bool) -> Option<FileId> {
    use super::windows::{BACKUP_SEMANTICS, OPEN_REPARSE_POINT};
    use std::os::windows::fs::OpenOptionsExt as _;
    let link = if follow { 0 } else { OPEN_REPARSE_POINT };
    // No right is asked for: only the name is looked up.
    let mut options = std::fs::OpenOptions::new();
    options.access_mode(0).custom_flags(BACKUP_SEMANTICS | link);
    of_open(&options.open(path).ok()?)
}

#[cfg(windows)]
fn of_open(file: &File) -> Option<FileId> {
    let found = winapi_util::file::information(file).ok()?;
    Some(FileId {
        volume: found.volume_serial_number(),
        index: found.file_index(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ShowPath as _;

    #[test]
    fn a_file_is_known_by_any_name_and_a_new_one_is_another() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        let file = File::create(at("a")).unwrap();
        let first = FileId::of(&file).unwrap();
        assert_eq!(FileId::at(&at("a")), Some(first));
        fs_err::rename(at("a"), at("b")).unwrap();
        assert_eq!(FileId::at(&at("a")), None);
        assert_eq!(FileId::named(&at("b")), Some(first));
        File::create(at("a")).unwrap();
        assert_ne!(FileId::at(&at("a")), Some(first));
        assert!(FileId::at(home.path()).is_some());
    }

    #[test]
    fn a_real_path_can_be_joined_and_shown() {
        let home = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(home.path().join("a/b")).unwrap();
        let real = real_path(&home.path().join("a/../a/b")).unwrap();
        assert!(real.ends_with("a/b"), "{}", real.shown());
        assert!(
            !real.to_string_lossy().starts_with("\\\\"),
            "{}",
            real.shown()
        );
        assert!(real_path(&home.path().join("none")).is_err());
    }
}
