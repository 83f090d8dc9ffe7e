//! Files to which lines are appended.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use super::{Error, own_files, write_error};

/// A locked file to which lines are appended and flushed one by one.
#[derive(Debug)]
pub struct AppendFile {
    file: File,
    path: PathBuf,
}

impl AppendFile {
    /// Opens the file at `path`, which the user named, or makes it, and the directories on the way.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| write_error(path, source);
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(failed)?;
        }
        let file = options().open(path).map_err(failed)?;
        own_files::lock_now(&file, path)?;
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }

    /// Opens the file at `path`, which kvctl named, or makes it. A link there is not followed.
    pub fn open_own(path: &Path) -> Result<Self, Error> {
        Ok(Self {
            file: own_files::open_locked(&options(), path)?,
            path: path.to_owned(),
        })
    }

    /// Opens the file at `path`, which kvctl named, or makes it, and the directories on the way, for
    /// its user's eyes only. A link there is not followed.
    pub fn open_private(path: &Path) -> Result<Self, Error> {
        if let Some(directory) = path.parent() {
            own_files::create_private_directory(directory, true)
                .map_err(|source| write_error(path, source))?;
        }
        Ok(Self {
            file: own_files::open_locked(own_files::close_to_others(&mut options()), path)?,
            path: path.to_owned(),
        })
    }

    /// Opens the file at `path`, which kvctl named, if it is there. A link there is not followed.
    pub fn open_existing(path: &Path) -> Result<Option<Self>, Error> {
        if std::fs::symlink_metadata(path).is_err() {
            return Ok(None);
        }
        Ok(Some(Self {
            file: own_files::open_locked(options().create(false), path)?,
            path: path.to_owned(),
        }))
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what it holds. Its end may be half a line, even half a character.
    pub fn bytes(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        self.file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Returns its first bytes, at most `limit`.
    pub fn beginning(&mut self, limit: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        (&self.file).take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Takes out what it holds.
    pub fn clear(&mut self) -> io::Result<()> {
        self.file.set_len(0)
    }

    /// Adds `line`, with one system call, so that a killed process leaves no half of it.
    pub fn line(&mut self, line: &str) -> io::Result<()> {
        if cfg!(windows) {
            self.file.seek(SeekFrom::End(0))?;
        }
        self.file.write_all(format!("{line}\n").as_bytes())
    }

    /// Removes the file, if it still has its name: what it recorded is over.
    pub fn remove(&self) -> Result<(), Error> {
        if !own_files::is_same_file(&self.file, &self.path) {
            return Ok(());
        }
        std::fs::remove_file(&self.path).map_err(|source| write_error(&self.path, source))
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).create(true);
    if cfg!(windows) {
        // A file that is opened for appending cannot be cleared there.
        options.write(true).truncate(false);
    } else {
        options.append(true);
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_also_after_it_was_read_or_cleared() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a");
        let mut file = AppendFile::open(&path).unwrap();
        file.line("one").unwrap();
        assert_eq!(file.beginning(1).unwrap(), b"o");
        file.line("two").unwrap();
        assert_eq!(file.bytes().unwrap(), b"one\ntwo\n");
        file.clear().unwrap();
        file.line("three").unwrap();
        drop(file);
        let mut file = AppendFile::open_existing(&path).unwrap().unwrap();
        file.line("four").unwrap();
        assert_eq!(file.bytes().unwrap(), b"three\nfour\n");
        file.remove().unwrap();
        drop(file);
        assert!(!path.exists());
    }
}

#[cfg(unix)]
#[cfg(test)]
mod unix_tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn only_its_user_reads_a_private_file_and_enters_its_directory() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/b/c.journal");
        let mut file = AppendFile::open_private(&path).unwrap();
        file.line("one").unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(file.beginning(2).unwrap(), b"on");
        file.line("two").unwrap();
        assert_eq!(file.bytes().unwrap(), b"one\ntwo\n");
    }

    #[test]
    fn neither_links_nor_pipes_nor_directories_are_opened() {
        let home = tempfile::tempdir().unwrap();
        let precious = home.path().join("precious");
        super::super::create(&precious, b"precious").unwrap();
        let at = |name: &str| home.path().join(name);
        symlink(&precious, at("link")).unwrap();
        symlink(at("nothing"), at("dangling")).unwrap();
        fs_err::create_dir(at("directory")).unwrap();
        let fifo = std::process::Command::new("mkfifo")
            .arg(at("fifo"))
            .status();
        assert!(fifo.unwrap().success());
        for name in ["link", "dangling", "directory", "fifo"] {
            let refused = |result: Result<_, Error>| match result {
                Err(Error::Link { .. }) => name == "link" || name == "dangling",
                Err(Error::NotAFile { .. }) => name == "directory" || name == "fifo",
                _ => false,
            };
            assert!(refused(AppendFile::open_own(&at(name)).map(drop)), "{name}");
            assert!(
                refused(AppendFile::open_private(&at(name)).map(drop)),
                "{name}"
            );
            assert!(
                refused(AppendFile::open_existing(&at(name)).map(drop)),
                "{name}"
            );
            assert!(refused(super::super::lock(&at(name)).map(drop)), "{name}");
        }
        assert!(!at("nothing").exists());
        assert_eq!(fs_err::read(&precious).unwrap(), b"precious");
        assert!(AppendFile::open_existing(&at("absent")).unwrap().is_none());
    }

    #[test]
    fn what_lost_its_name_is_not_removed_under_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a");
        let first = AppendFile::open_own(&path).unwrap();
        fs_err::remove_file(&path).unwrap();
        let second = AppendFile::open_own(&path).unwrap();
        first.remove().unwrap();
        assert!(path.exists());
        second.remove().unwrap();
        assert!(!path.exists());
    }
}
