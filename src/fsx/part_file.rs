//! Files that are written piece by piece as `NAME.part`, and renamed when complete.

use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, BufWriter, Read, Seek as _, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::{Error, FileKind, keep_owner, kind_of, own_files, rename, write_error};

/// A file that is written as `NAME.part` and renamed when complete. It is locked meanwhile.
#[derive(Debug)]
pub struct PartFile {
    file: BufWriter<File>,
    part: PathBuf,
    target: PathBuf,
    /// Whether the part is kept on failure, so that it can be resumed.
    resumable: bool,
    committed: bool,
}

/// The part file of an earlier run.
#[derive(Debug)]
pub struct ExistingPart {
    file: File,
    part: PathBuf,
    target: PathBuf,
}

impl PartFile {
    /// Returns the path of the part file of `target`.
    pub fn part(target: &Path) -> PathBuf {
        let mut name = target.as_os_str().to_owned();
        name.push(".part");
        name.into()
    }

    /// Begins a file. An existing part file is not overwritten: it may belong to another run.
    pub fn begin(target: &Path, resumable: bool) -> Result<Self, Error> {
        before(target)?;
        let part = Self::part(target);
        let mut options = OpenOptions::new();
        own_files::close_to_others(options.write(true).create_new(true));
        let file = own_files::open_locked(&options, &part)?;
        Ok(Self::new(file, part, target, resumable))
    }

    /// Returns the part file that an earlier run left, if any.
    pub fn existing(target: &Path) -> Result<Option<ExistingPart>, Error> {
        let part = Self::part(target);
        if std::fs::symlink_metadata(&part).is_err() {
            return Ok(None);
        }
        let mut options = OpenOptions::new();
        let file = own_files::open_locked(options.read(true).write(true), &part)?;
        Ok(Some(ExistingPart {
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

    /// Renames the part to its target, replacing it and keeping its mode.
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
        if !own_files::is_same_file(self.file.get_ref(), &self.part) {
            return Err(Error::Changed {
                path: self.part.clone(),
            });
        }
        rename::rename(&self.part, &self.target)?;
        self.committed = true;
        Ok(())
    }

    /// Discards the part.
    pub fn discard(mut self) {
        self.resumable = false;
    }
}

/// Returns the metadata of the file to replace, if any; devices and the like are never replaced.
fn before(target: &Path) -> Result<Option<Metadata>, Error> {
    match kind_of(target) {
        Some(FileKind::File) => Ok(target.metadata().ok()),
        Some(_) => Err(Error::NotAFile {
            path: target.to_owned(),
        }),
        None => Ok(None),
    }
}

impl ExistingPart {
    /// Resumes it after its first `length` bytes.
    pub fn resume(mut self, length: u64) -> Result<PartFile, Error> {
        let moved = self.file.set_len(length);
        let moved = moved.and_then(|()| self.file.seek(SeekFrom::Start(length)));
        moved.map_err(|source| write_error(&self.part, source))?;
        Ok(PartFile::new(self.file, self.part, &self.target, true))
    }

    /// Removes it.
    pub fn discard(self) -> Result<(), Error> {
        std::fs::remove_file(&self.part).map_err(|source| write_error(&self.part, source))
    }
}

impl Read for ExistingPart {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Write for PartFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if !self.committed
            && !self.resumable
            && own_files::is_same_file(self.file.get_ref(), &self.part)
        {
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
        let mut file = PartFile::begin(&target, true).unwrap();
        file.write_all(b"one\ntw").unwrap();
        drop(file);
        assert!(!target.exists());
        assert!(matches!(
            PartFile::begin(&target, true),
            Err(Error::Exists { .. })
        ));
        let mut begun = PartFile::existing(&target).unwrap().unwrap();
        let mut text = String::new();
        begun.read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\ntw");
        let mut file = begun.resume(4).unwrap();
        file.write_all(b"two\n").unwrap();
        file.commit().unwrap();
        assert_eq!(fs_err::read(&target).unwrap(), b"one\ntwo\n");
        assert!(PartFile::existing(&target).unwrap().is_none());
    }

    #[test]
    fn what_cannot_be_gone_on_with_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("a.csv");
        let mut file = PartFile::begin(&target, false).unwrap();
        file.write_all(b"key").unwrap();
        drop(file);
        PartFile::begin(&target, true).unwrap().discard();
        assert_eq!(fs_err::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn nobody_takes_the_name_from_a_run_that_is_at_work() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("a.ndjson");
        let mut file = PartFile::begin(&target, true).unwrap();
        assert!(matches!(
            PartFile::existing(&target),
            Err(Error::Busy { .. })
        ));
        file.write_all(b"mine").unwrap();
        // Somebody who does not ask for the lock does it nevertheless.
        fs_err::rename(PartFile::part(&target), directory.path().join("aside")).unwrap();
        let theirs = PartFile::begin(&target, true).unwrap();
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
        PartFile::begin(&target, true).unwrap().commit().unwrap();
        assert_eq!(mode(), 0o600);
        let wider = std::fs::Permissions::from_mode(0o640);
        fs_err::set_permissions(&target, wider).unwrap();
        PartFile::begin(&target, true).unwrap().commit().unwrap();
        assert_eq!(mode(), 0o640);

        symlink(&target, directory.path().join("b.ndjson.part")).unwrap();
        let other = directory.path().join("b.ndjson");
        assert!(matches!(
            PartFile::begin(&other, true),
            Err(Error::Link { .. })
        ));
        assert!(matches!(
            PartFile::existing(&other),
            Err(Error::Link { .. })
        ));
        assert!(matches!(
            PartFile::begin(Path::new("/dev/null"), true),
            Err(Error::NotAFile { .. })
        ));
    }
}
