//! Files that are written piece by piece, under another name until they are whole.

use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, BufWriter, Read, Seek as _, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::{Error, keep_owner, own, write_error};

/// A file that grows as `NAME.part` and takes its name when it is whole. No other process has it
/// open meanwhile.
#[derive(Debug)]
pub struct Growing {
    file: BufWriter<File>,
    part: PathBuf,
    target: PathBuf,
    /// Whether the part outlives a failure, so that it can be gone on with.
    resumable: bool,
    committed: bool,
}

/// What an earlier run left of a file that was to grow.
#[derive(Debug)]
pub struct Begun {
    file: File,
    part: PathBuf,
    target: PathBuf,
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
        before(target)?;
        let part = Self::part(target);
        let mut options = OpenOptions::new();
        own::close_to_others(options.write(true).create_new(true));
        let file = own::open_locked(&options, &part)?;
        Ok(Self::new(file, part, target, resumable))
    }

    /// Returns what an earlier run left, if it did and has ended.
    pub fn begun(target: &Path) -> Result<Option<Begun>, Error> {
        let part = Self::part(target);
        if std::fs::symlink_metadata(&part).is_err() {
            return Ok(None);
        }
        let mut options = OpenOptions::new();
        let file = own::open_locked(options.read(true).write(true), &part)?;
        Ok(Some(Begun {
            file,
            part,
            target: target.to_owned(),
        }))
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

    /// Gives the file its name. What had it before is replaced, and its mode is kept.
    pub fn commit(mut self) -> Result<(), Error> {
        let before = before(&self.target)?;
        let synced = self.file.flush().and_then(|()| {
            let file = self.file.get_ref();
            if let Some(before) = before {
                keep_owner(file, &before);
                file.set_permissions(before.permissions())?;
            }
            file.sync_data()
        });
        synced.map_err(|source| write_error(&self.part, source))?;
        if !own::is_at(self.file.get_ref(), &self.part) {
            return Err(Error::Changed {
                path: self.part.clone(),
            });
        }
        fs_err::rename(&self.part, &self.target)
            .map_err(|source| write_error(&self.target, source))?;
        self.committed = true;
        Ok(())
    }

    /// Forgets the file.
    pub fn discard(mut self) {
        self.resumable = false;
    }
}

/// Returns what is to be replaced, if anything is; devices and the like are not.
fn before(target: &Path) -> Result<Option<Metadata>, Error> {
    match target.metadata() {
        Ok(found) if found.is_file() => Ok(Some(found)),
        Ok(_) => Err(Error::NotAFile {
            path: target.to_owned(),
        }),
        Err(_) => Ok(None),
    }
}

impl Begun {
    /// Goes on with it, behind its first `length` bytes.
    pub fn go_on(mut self, length: u64) -> Result<Growing, Error> {
        let moved = self.file.set_len(length);
        let moved = moved.and_then(|()| self.file.seek(SeekFrom::Start(length)));
        moved.map_err(|source| write_error(&self.part, source))?;
        Ok(Growing::new(self.file, self.part, &self.target, true))
    }

    /// Removes it.
    pub fn discard(self) -> Result<(), Error> {
        std::fs::remove_file(&self.part).map_err(|source| write_error(&self.part, source))
    }
}

impl Read for Begun {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
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
        if !self.committed && !self.resumable && own::is_at(self.file.get_ref(), &self.part) {
            // The failure that led here is what counts.
            std::fs::remove_file(&self.part).ok();
        }
    }
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
        let mut begun = Growing::begun(&target).unwrap().unwrap();
        let mut text = String::new();
        begun.read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\ntw");
        let mut file = begun.go_on(4).unwrap();
        file.write_all(b"two\n").unwrap();
        file.commit().unwrap();
        assert_eq!(fs_err::read(&target).unwrap(), b"one\ntwo\n");
        assert!(Growing::begun(&target).unwrap().is_none());
    }

    #[test]
    fn what_cannot_be_gone_on_with_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("a.csv");
        let mut file = Growing::begin(&target, false).unwrap();
        file.write_all(b"key").unwrap();
        drop(file);
        Growing::begin(&target, true).unwrap().discard();
        assert_eq!(fs_err::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn nobody_takes_the_name_from_a_run_that_is_at_work() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("a.ndjson");
        let mut file = Growing::begin(&target, true).unwrap();
        assert!(matches!(Growing::begun(&target), Err(Error::Busy { .. })));
        file.write_all(b"mine").unwrap();
        // Somebody who does not ask for the lock does it nevertheless.
        fs_err::remove_file(Growing::part(&target)).unwrap();
        let theirs = Growing::begin(&target, true).unwrap();
        assert!(matches!(file.commit(), Err(Error::Changed { .. })));
        theirs.commit().unwrap();
        assert_eq!(fs_err::read(&target).unwrap(), b"");
    }

    #[cfg(unix)]
    #[test]
    fn only_its_user_reads_a_new_file_and_an_old_one_keeps_its_mode() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("a.ndjson");
        let mode = || target.metadata().unwrap().permissions().mode() & 0o7777;
        Growing::begin(&target, true).unwrap().commit().unwrap();
        assert_eq!(mode(), 0o600);
        let wider = std::fs::Permissions::from_mode(0o640);
        fs_err::set_permissions(&target, wider).unwrap();
        Growing::begin(&target, true).unwrap().commit().unwrap();
        assert_eq!(mode(), 0o640);

        symlink(&target, directory.path().join("b.ndjson.part")).unwrap();
        let other = directory.path().join("b.ndjson");
        assert!(matches!(
            Growing::begin(&other, true),
            Err(Error::Link { .. })
        ));
        assert!(matches!(Growing::begun(&other), Err(Error::Link { .. })));
        assert!(matches!(
            Growing::begin(Path::new("/dev/null"), true),
            Err(Error::NotAFile { .. })
        ));
    }
}
