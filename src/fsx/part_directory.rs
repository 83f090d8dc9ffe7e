//! Directories that are written file by file as `NAME.part`, and renamed when complete.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

#[cfg(windows)]
use super::windows;
use super::{Error, PartFile, own_files, rename, write_error};
use crate::domain::ShowPath as _;

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
    /// The directory below that the last file was written to.
    last: PathBuf,
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
            last: PathBuf::new(),
            committed: false,
        })
    }

    /// Writes a file; `path` is relative to the directory, and new.
    pub fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let directory = path.parent().unwrap_or(Path::new(""));
        if directory != self.last {
            self.enter(directory)?;
            directory.clone_into(&mut self.last);
        }
        let written = create_new(&self.part.join(path)).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => same_name(path),
            _ => error,
        });
        written?.write_all(bytes)
    }

    /// Makes a directory below, and those on the way. Refuses one that is there under another name: the
    /// files of both would come back under that one.
    fn enter(&self, directory: &Path) -> io::Result<()> {
        let mut path = PathBuf::new();
        for name in directory {
            path.push(name);
            if self.last.starts_with(&path) {
                continue;
            }
            let whole = self.part.join(&path);
            match own_files::create_private_directory(&whole, false) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if whole.canonicalize()?.file_name() != Some(name) {
                        return Err(same_name(&path));
                    }
                }
                made => made?,
            }
        }
        Ok(())
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
        self.held.release();
        rename::rename(&self.part, &self.target)?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for PartDirectory {
    fn drop(&mut self) {
        if !self.committed && self.held.is_same_file(&self.part) {
            self.held.release();
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

/// Says that two keys have one file.
fn same_name(path: &Path) -> io::Error {
    let message = format!(
        "`{}` is there already: this file system does not tell all keys apart; choose another format",
        path.shown()
    );
    io::Error::new(io::ErrorKind::AlreadyExists, message)
}

/// A directory that no other run uses for as long as this lives.
#[cfg(unix)]
#[derive(Debug)]
struct Held(File);

/// A directory that cannot be renamed or removed for as long as this is open.
#[cfg(windows)]
#[derive(Debug)]
struct Held(Option<File>);

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

    /// A locked directory can be renamed and removed.
    #[expect(clippy::unused_self, reason = "another system needs it")]
    fn release(&mut self) {}
}

#[cfg(windows)]
impl Held {
    fn new(path: &Path) -> Result<Self, Error> {
        let opened = Self::open(path, windows::LIST_DIRECTORY);
        let opened = opened.map_err(|source| write_error(path, source))?;
        Ok(Self(Some(opened)))
    }

    fn open(path: &Path, access: u32) -> io::Result<File> {
        use std::os::windows::fs::OpenOptionsExt as _;
        let mut options = OpenOptions::new();
        options
            .access_mode(access)
            .share_mode(windows::SHARE_ALL_BUT_DELETE);
        options.custom_flags(windows::BACKUP_SEMANTICS).open(path)
    }

    fn is_held(path: &Path) -> bool {
        let opened = Self::open(path, windows::DELETE);
        opened.is_err_and(|e| e.raw_os_error() == Some(windows::SHARING_VIOLATION))
    }

    fn is_same_file(&self, path: &Path) -> bool {
        let held = self.0.as_ref();
        held.is_some_and(|held| own_files::is_same_file(held, path))
    }

    fn release(&mut self) {
        self.0 = None;
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
        assert!(matches!(again, Error::Busy { .. }), "{again}");
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

    #[test]
    fn keys_that_the_file_system_does_not_tell_apart_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let mut tree = PartDirectory::begin(&home.path().join("out")).unwrap();
        tree.write(Path::new("A/b/c"), b"1").unwrap();
        tree.write(Path::new("A/d"), b"1").unwrap();
        tree.write(Path::new("B"), b"1").unwrap();
        let one = home.path().join("out.part/a/b").exists();
        for (path, named) in [
            ("a/b/d", "`a`"),
            ("A/B/d", "`A"),
            ("A/D", "`A"),
            ("b", "`b`"),
        ] {
            match tree.write(Path::new(path), b"2") {
                Ok(()) => assert!(!one, "{path}"),
                Err(error) => {
                    assert!(one && error.to_string().starts_with(named), "{error}");
                }
            }
        }
        // In another order than that of the keys.
        tree.write(Path::new("A/b/e"), b"1").unwrap();
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
