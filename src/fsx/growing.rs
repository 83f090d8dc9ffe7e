//! Files that are written piece by piece: under another name until they are whole, or line by line
//! as a record of what was done.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::{Error, write_error};

/// A file that grows as `NAME.part` and takes its name when it is whole.
#[derive(Debug)]
pub struct Growing {
    file: BufWriter<File>,
    part: PathBuf,
    target: PathBuf,
    /// Whether the part outlives a failure, so that it can be gone on with.
    resumable: bool,
    committed: bool,
}

impl Growing {
    /// Returns the name under which `target` grows.
    pub fn part(target: &Path) -> PathBuf {
        let mut name = target.as_os_str().to_owned();
        name.push(".part");
        name.into()
    }

    /// Begins a file. One that is there under the other name is not overwritten: it may be another
    /// run's.
    pub fn begin(target: &Path, resumable: bool) -> Result<Self, Error> {
        let part = Self::part(target);
        let opened = OpenOptions::new().write(true).create_new(true).open(&part);
        let file = opened.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => Error::Exists { path: part.clone() },
            _ => write_error(&part, source),
        })?;
        claim(&file, &part)?;
        Ok(Self::new(file, part, target, resumable))
    }

    /// Forgets a file that was begun, if one was.
    pub fn discard(target: &Path) -> Result<(), Error> {
        let part = Self::part(target);
        match std::fs::remove_file(&part) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(write_error(&part, e)),
            _ => Ok(()),
        }
    }

    /// Goes on with a file that was begun, behind its first `length` bytes.
    pub fn go_on(target: &Path, length: u64) -> Result<Self, Error> {
        let part = Self::part(target);
        let failed = |source| write_error(&part, source);
        let mut file = OpenOptions::new().write(true).open(&part).map_err(failed)?;
        claim(&file, &part)?;
        file.set_len(length).map_err(failed)?;
        file.seek(SeekFrom::Start(length)).map_err(failed)?;
        Ok(Self::new(file, part, target, true))
    }

    fn new(file: File, part: PathBuf, target: &Path, resumable: bool) -> Self {
        // Small, so that little is lost of it when the process is killed.
        let file = BufWriter::with_capacity(1 << 13, file);
        Self {
            file,
            part,
            target: target.to_owned(),
            resumable,
            committed: false,
        }
    }

    /// Gives the file its name. What had it before is replaced.
    pub fn commit(mut self) -> Result<(), Error> {
        let synced = self
            .file
            .flush()
            .and_then(|()| self.file.get_ref().sync_data());
        synced.map_err(|source| write_error(&self.part, source))?;
        fs_err::rename(&self.part, &self.target)
            .map_err(|source| write_error(&self.target, source))?;
        self.committed = true;
        Ok(())
    }
}

impl Write for Growing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        if !self.committed && !self.resumable {
            // The failure that led here is what counts.
            std::fs::remove_file(&self.part).ok();
        }
    }
}

/// A file to which lines are added, each at once and for good. No two processes have it open.
#[derive(Debug)]
pub struct Appending {
    file: File,
    path: PathBuf,
}

impl Appending {
    /// Opens the file at `path`, or makes it, and the directories on the way.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| write_error(path, source);
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(failed)?;
        }
        let mut options = OpenOptions::new();
        let file = options.append(true).read(true).create(true).open(path);
        let file = file.map_err(failed)?;
        claim(&file, path)?;
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }

    /// Returns what it holds. Its end may be half a line, even half a character.
    pub fn bytes(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        self.file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Takes out what it holds.
    pub fn clear(&mut self) -> io::Result<()> {
        self.file.set_len(0)
    }

    /// Adds `line`, with one system call, so that a killed process leaves no half of it.
    pub fn line(&mut self, line: &str) -> io::Result<()> {
        self.file.write_all(format!("{line}\n").as_bytes())
    }

    /// Removes the file: what it recorded is over.
    pub fn remove(&self) -> Result<(), Error> {
        std::fs::remove_file(&self.path).map_err(|source| write_error(&self.path, source))
    }
}

/// Makes sure that no other process is at work on the file.
fn claim(file: &File, path: &Path) -> Result<(), Error> {
    file.try_lock().map_err(|e| match e {
        TryLockError::WouldBlock => Error::Busy {
            path: path.to_owned(),
        },
        TryLockError::Error(source) => write_error(path, source),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_name_only_when_it_is_whole() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("a.ndjson");
        let mut file = Growing::begin(&target, true).unwrap();
        file.write_all(b"one\ntw").unwrap();
        drop(file);
        assert!(!target.exists());
        assert!(matches!(
            Growing::begin(&target, true),
            Err(Error::Exists { .. })
        ));
        let mut file = Growing::go_on(&target, 4).unwrap();
        file.write_all(b"two\n").unwrap();
        file.commit().unwrap();
        assert_eq!(fs_err::read(&target).unwrap(), b"one\ntwo\n");
        assert!(!Growing::part(&target).exists());
    }

    #[test]
    fn what_cannot_be_gone_on_with_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("a.csv");
        let mut file = Growing::begin(&target, false).unwrap();
        file.write_all(b"key").unwrap();
        drop(file);
        assert_eq!(fs_err::read_dir(directory.path()).unwrap().count(), 0);
    }
}
