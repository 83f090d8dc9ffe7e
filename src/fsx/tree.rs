//! Directories that are written file by file, under another name until they are whole.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use super::{Error, Growing, write_error};

/// A directory that grows as `NAME.part` and takes its name when it is whole. Gone with all that is
/// in it, if it never is.
#[derive(Debug)]
pub struct GrowingTree {
    part: PathBuf,
    target: PathBuf,
    /// The file that lines are added to.
    lines: Option<BufWriter<File>>,
    committed: bool,
}

impl GrowingTree {
    /// Begins a directory. `target` must not be there, or be empty; the other name must be free.
    pub fn begin(target: &Path) -> Result<Self, Error> {
        match fs::read_dir(target).map(|mut entries| entries.next().is_some()) {
            Ok(false) => {}
            Ok(true) => {
                return Err(Error::NotEmpty {
                    path: target.to_owned(),
                });
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(write_error(target, e)),
        }
        // Without the `/` that may end it.
        let target: PathBuf = target.components().collect();
        let part = Growing::part(&target);
        fs::create_dir(&part).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => Error::Exists { path: part.clone() },
            _ => write_error(&part, source),
        })?;
        Ok(Self {
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
            fs::create_dir_all(directory)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        options.open(&path)?.write_all(bytes)
    }

    /// Adds text to the one file of the directory that is called `name`.
    pub fn append(&mut self, name: &str, text: &str) -> io::Result<()> {
        if self.lines.is_none() {
            let mut options = OpenOptions::new();
            let file = options.write(true).create_new(true);
            self.lines = Some(BufWriter::new(file.open(self.part.join(name))?));
        }
        match &mut self.lines {
            Some(lines) => lines.write_all(text.as_bytes()),
            None => Ok(()),
        }
    }

    /// Gives the directory its name.
    pub fn commit(mut self) -> Result<(), Error> {
        if let Some(lines) = &mut self.lines {
            let flushed = lines.flush().and_then(|()| lines.get_ref().sync_data());
            flushed.map_err(|source| write_error(&self.part, source))?;
        }
        // Over an empty directory where the system lets it.
        fs::remove_dir(&self.target).ok();
        fs::rename(&self.part, &self.target).map_err(|source| write_error(&self.target, source))?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for GrowingTree {
    fn drop(&mut self) {
        if !self.committed {
            // The failure that led here is what counts.
            fs::remove_dir_all(&self.part).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_its_name_only_when_it_is_whole() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("out");
        let mut tree = GrowingTree::begin(&target.join("")).unwrap();
        tree.write(Path::new("a/b"), b"1").unwrap();
        tree.append("index", "x\n").unwrap();
        tree.append("index", "y\n").unwrap();
        assert!(tree.write(Path::new("a/b"), b"2").is_err(), "twice");
        assert!(!target.exists());
        assert!(matches!(
            GrowingTree::begin(&target),
            Err(Error::Exists { .. })
        ));
        tree.commit().unwrap();
        assert_eq!(fs_err::read(target.join("a/b")).unwrap(), b"1");
        assert_eq!(fs_err::read(target.join("index")).unwrap(), b"x\ny\n");
        assert!(matches!(
            GrowingTree::begin(&target),
            Err(Error::NotEmpty { .. })
        ));

        let other = home.path().join("empty");
        fs_err::create_dir(&other).unwrap();
        let mut tree = GrowingTree::begin(&other).unwrap();
        tree.write(Path::new("c"), b"").unwrap();
        drop(tree);
        assert_eq!(fs_err::read_dir(home.path()).unwrap().count(), 2);
        assert_eq!(fs_err::read_dir(&other).unwrap().count(), 0);
    }
}
