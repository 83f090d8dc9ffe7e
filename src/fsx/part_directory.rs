//! Directories that are written file by file as `NAME.part`, and renamed when complete.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use super::{Error, PartFile, own_files, write_error};

/// A directory that is written as `NAME.part` and renamed when complete; removed on failure. New
/// directories and files are private to the user.
#[derive(Debug)]
pub struct PartDirectory {
    part: PathBuf,
    /// The directory itself, locked.
    held: Held,
    target: PathBuf,
    /// The file that lines are added to.
    lines: Option<BufWriter<File>>,
    committed: bool,
}

impl PartDirectory {
    /// Begins a directory. `target` must be absent or empty, and there must be no part.
    pub fn begin(target: &Path) -> Result<Self, Error> {
        check_empty(target)?;
        // Without the `/` that may end it.
        let target: PathBuf = target.components().collect();
        let part = PartFile::part(&target);
        own_files::create_private_directory(&part, false).map_err(|source| {
            match source.kind() {
                io::ErrorKind::AlreadyExists if Held::is_held(&part) => {
                    Error::Busy { path: part.clone() }
                }
                io::ErrorKind::AlreadyExists => Error::Exists { path: part.clone() },
                _ => write_error(&part, source),
            }
        })?;
        Ok(Self {
            held: Held::new(&part)?,
            part,
            target,
            lines: None,
            committed: false,
        })
    }

    /// Writes a file; `path` is relative to the directory, and new.
    pub fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let path = self.part.join(path);
        if let Some(directory) = path.parent() {
            own_files::create_private_directory(directory, true)?;
        }
        create_new(&path)?.write_all(bytes)
    }

    /// Adds text to the one file of the directory that is called `name`.
    pub fn append(&mut self, name: &str, text: &str) -> io::Result<()> {
        if self.lines.is_none() {
            let file = create_new(&self.part.join(name))?;
            self.lines = Some(BufWriter::new(file));
        }
        match &mut self.lines {
            Some(lines) => lines.write_all(text.as_bytes()),
            None => Ok(()),
        }
    }

    /// Renames the directory to its target.
    pub fn commit(mut self) -> Result<(), Error> {
        if let Some(lines) = &mut self.lines {
            let flushed = lines.flush().and_then(|()| lines.get_ref().sync_data());
            flushed.map_err(|source| write_error(&self.part, source))?;
        }
        if !self.held.is_same_file(&self.part) {
            return Err(Error::Changed {
                path: self.part.clone(),
            });
        }
        // Over an empty directory where the system lets it.
        if let Ok(before) = self.target.metadata() {
            let kept = fs::set_permissions(&self.part, before.permissions());
            kept.map_err(|source| write_error(&self.part, source))?;
            check_empty(&self.target)?;
            fs::remove_dir(&self.target).ok();
        }
        fs::rename(&self.part, &self.target).map_err(|source| write_error(&self.target, source))?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for PartDirectory {
    fn drop(&mut self) {
        if !self.committed && self.held.is_same_file(&self.part) {
            // The failure that led here is what counts.
            fs::remove_dir_all(&self.part).ok();
        }
    }
}

fn check_empty(target: &Path) -> Result<(), Error> {
    match fs::read_dir(target).map(|mut entries| entries.next().is_some()) {
        Ok(false) => Ok(()),
        Ok(true) => Err(Error::NotEmpty {
            path: target.to_owned(),
        }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(write_error(target, e)),
    }
}

fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    own_files::close_to_others(options.write(true).create_new(true)).open(path)
}

/// A directory that is locked for as long as this lives, where the system can do that.
#[derive(Debug)]
struct Held(#[cfg(unix)] File);

#[cfg(unix)]
impl Held {
    fn new(path: &Path) -> Result<Self, Error> {
        let opened = File::open(path).map_err(|source| write_error(path, source))?;
        own_files::lock_now(&opened, path)?;
        Ok(Self(opened))
    }

    fn is_held(path: &Path) -> bool {
        File::open(path).is_ok_and(|opened| own_files::lock_now(&opened, path).is_err())
    }

    fn is_same_file(&self, path: &Path) -> bool {
        own_files::is_same_file(&self.0, path)
    }
}

#[cfg(not(unix))]
impl Held {
    fn new(_: &Path) -> Result<Self, Error> {
        Ok(Self())
    }

    fn is_held(_: &Path) -> bool {
        false
    }

    fn is_same_file(&self, path: &Path) -> bool {
        path.is_dir()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_its_name_only_when_it_is_whole() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("out");
        let mut tree = PartDirectory::begin(&target.join("")).unwrap();
        tree.write(Path::new("a/b"), b"1").unwrap();
        tree.append("index", "x\n").unwrap();
        tree.append("index", "y\n").unwrap();
        assert!(tree.write(Path::new("a/b"), b"2").is_err(), "twice");
        assert!(!target.exists());
        let again = PartDirectory::begin(&target).unwrap_err();
        assert_eq!(matches!(again, Error::Busy { .. }), cfg!(unix), "{again}");
        tree.commit().unwrap();
        assert_eq!(fs_err::read(target.join("a/b")).unwrap(), b"1");
        assert_eq!(fs_err::read(target.join("index")).unwrap(), b"x\ny\n");
        assert!(matches!(
            PartDirectory::begin(&target),
            Err(Error::NotEmpty { .. })
        ));

        let other = home.path().join("empty");
        fs_err::create_dir(&other).unwrap();
        let mut tree = PartDirectory::begin(&other).unwrap();
        tree.write(Path::new("c"), b"").unwrap();
        drop(tree);
        assert_eq!(fs_err::read_dir(home.path()).unwrap().count(), 2);
        assert_eq!(fs_err::read_dir(&other).unwrap().count(), 0);
    }
    #[cfg(unix)]
    #[test]
    fn what_another_run_put_there_is_left_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("out");
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o7777;
        let mut mine = PartDirectory::begin(&target).unwrap();
        mine.write(Path::new("a/b"), b"1").unwrap();
        fs::rename(home.path().join("out.part"), home.path().join("aside")).unwrap();
        let theirs = PartDirectory::begin(&target).unwrap();
        assert!(matches!(mine.commit(), Err(Error::Changed { .. })));
        theirs.commit().unwrap();
        assert_eq!(fs_err::read_dir(&target).unwrap().count(), 0);
        assert_eq!(mode(&target), 0o700);
        assert_eq!(mode(&home.path().join("aside/a")), 0o700);
        assert_eq!(mode(&home.path().join("aside/a/b")), 0o600);

        fs_err::create_dir(home.path().join("killed.part")).unwrap();
        assert!(matches!(
            PartDirectory::begin(&home.path().join("killed")),
            Err(Error::Exists { .. })
        ));
        let wider = std::fs::Permissions::from_mode(0o750);
        fs_err::set_permissions(&target, wider).unwrap();
        PartDirectory::begin(&target).unwrap().commit().unwrap();
        assert_eq!(mode(&target), 0o750);
    }
}
