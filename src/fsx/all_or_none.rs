//! Writing several files, all or none.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::{
    Error, check_writable, directory, holds, holds_already, rename, resolve, sync_directory,
    write_error, write_temporary,
};

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The file.
    pub path: PathBuf,
    /// Its current content; `None`: it is created, with its directories.
    pub expected: Option<Vec<u8>>,
    /// Its new content.
    pub bytes: Vec<u8>,
}

/// Makes all of `changes`, or none of them.
///
/// Everything is checked, and all bytes are on the disk, before the first file changes. Should a
/// rename fail after that, what was renamed is put back. Files that exist are treated as by
/// [`replace`](super::replace), new ones as by [`create`](super::create); one that another process has
/// written in the very same way meanwhile is as it should be.
pub fn write_all_or_none(changes: &[Change]) -> Result<(), Error> {
    let mut staging = Staging::default();
    for change in changes {
        staging.add(change)?;
    }
    staging.commit()
}

/// Temporary files to be renamed. They are removed when this is dropped before [`Self::commit`].
#[derive(Default)]
struct Staging {
    files: Vec<Staged>,
    /// Directories that were made, from the outside in.
    directories: Vec<PathBuf>,
    committed: bool,
}

struct Staged {
    path: PathBuf,
    target: PathBuf,
    file: NamedTempFile,
    /// Its new content.
    bytes: Vec<u8>,
    /// What the file held, ready to be put back; `None` for a new file.
    before: Option<(Vec<u8>, NamedTempFile)>,
}

/// How to undo a rename.
enum Undo {
    /// Removing it.
    Remove,
    /// Putting this in its place.
    PutBack(NamedTempFile),
    /// Nothing: another process wrote it.
    Leave,
}

impl Staging {
    fn add(&mut self, change: &Change) -> Result<(), Error> {
        let Change {
            path,
            expected,
            bytes,
        } = change;
        let Some(expected) = expected else {
            if fs::symlink_metadata(path).is_ok() {
                return if holds(path, bytes) {
                    Ok(())
                } else {
                    Err(Error::Exists { path: path.clone() })
                };
            }
            self.make_directories(directory(path))?;
            self.files.push(Staged {
                path: path.clone(),
                target: path.clone(),
                file: write_temporary(path, path, bytes, None)?,
                bytes: bytes.clone(),
                before: None,
            });
            return Ok(());
        };
        let target = resolve(path)?;
        if holds_already(path, &target, expected, bytes)? {
            return Ok(());
        }
        let metadata = check_writable(path, &target)?;
        let file = write_temporary(path, &target, bytes, Some(&metadata))?;
        let back = write_temporary(path, &target, expected, Some(&metadata))?;
        self.files.push(Staged {
            path: path.clone(),
            target,
            file,
            bytes: bytes.clone(),
            before: Some((expected.clone(), back)),
        });
        Ok(())
    }

    fn make_directories(&mut self, wanted: &Path) -> Result<(), Error> {
        let missing: Vec<&Path> = wanted
            .ancestors()
            .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
            .collect();
        for path in missing.into_iter().rev() {
            match fs::create_dir(path) {
                Ok(()) => self.directories.push(path.to_owned()),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
                Err(source) => return Err(write_error(path, source)),
            }
        }
        Ok(())
    }

    fn commit(mut self) -> Result<(), Error> {
        let mut done = Vec::new();
        for staged in std::mem::take(&mut self.files) {
            let target = staged.target.clone();
            match staged.commit() {
                Ok(undo) => done.push((target, undo)),
                Err(error) => {
                    roll_back(done);
                    return Err(error);
                }
            }
        }
        for (target, _) in &done {
            sync_directory(target);
        }
        self.committed = true;
        Ok(())
    }
}

impl Staged {
    /// Renames the file, and returns how to undo it.
    fn commit(self) -> Result<Undo, Error> {
        let Self {
            path,
            target,
            file,
            bytes,
            before,
        } = self;
        let Some((expected, back)) = before else {
            return match rename::put_new(file, &target) {
                Ok(()) => Ok(Undo::Remove),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                    if holds(&target, &bytes) {
                        return Ok(Undo::Leave);
                    }
                    Err(Error::Exists { path })
                }
                Err(e) => Err(write_error(&path, e)),
            };
        };
        // Looked at again as late as possible.
        if holds_already(&path, &target, &expected, &bytes)? {
            return Ok(Undo::Leave);
        }
        rename::put(file, &target).map_err(|error| error.renamed(&path))?;
        Ok(Undo::PutBack(back))
    }
}

/// Undoes renames. Failures are ignored: the one that led here is reported.
fn roll_back(done: Vec<(PathBuf, Undo)>) {
    for (target, undo) in done.into_iter().rev() {
        match undo {
            Undo::PutBack(before) => drop(rename::put(before, &target)),
            Undo::Remove => drop(fs::remove_file(&target)),
            Undo::Leave => {}
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.files.clear();
        if !self.committed {
            for directory in self.directories.iter().rev() {
                // One that is in use by now is not empty, and stays.
                fs::remove_dir(directory).ok();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn home() -> TempDir {
        tempfile::tempdir().unwrap()
    }

    fn change(home: &TempDir, name: &str, expected: Option<&str>, bytes: &str) -> Change {
        Change {
            path: home.path().join(name),
            expected: expected.map(|text| text.as_bytes().to_vec()),
            bytes: bytes.as_bytes().to_vec(),
        }
    }

    /// Every file and directory, with what the files hold.
    fn tree(home: &TempDir) -> Vec<(PathBuf, Option<String>)> {
        let mut found = Vec::new();
        let mut folders = vec![home.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs_err::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    found.push((path.clone(), None));
                    folders.push(path);
                } else {
                    let text = fs_err::read_to_string(&path).unwrap();
                    found.push((path, Some(text)));
                }
            }
        }
        found.sort();
        found
    }

    fn put(home: &TempDir, name: &str, text: &str) {
        super::super::create(&home.path().join(name), text.as_bytes()).unwrap();
    }

    #[test]
    fn all_are_written_and_directories_made() {
        let home = home();
        put(&home, "old", "1");
        let changes = [
            change(&home, "old", Some("1"), "2"),
            change(&home, "a/b/new", None, "3"),
            change(&home, "a/b/other", None, "4"),
        ];
        write_all_or_none(&changes).unwrap();
        let texts: Vec<_> = tree(&home)
            .into_iter()
            .filter_map(|(_, text)| text)
            .collect();
        assert_eq!(texts, ["3", "4", "2"]);
    }

    #[test]
    fn what_cannot_be_written_is_found_before_anything_is() {
        let home = home();
        put(&home, "old", "1");
        put(&home, "taken", "1");
        let before = tree(&home);
        let first = [
            change(&home, "a/new", None, "3"),
            change(&home, "old", Some("1"), "2"),
        ];
        let wrong = [
            change(&home, "taken", None, "x"),
            change(&home, "old", Some("other"), "x"),
            change(&home, "taken/below/it", None, "x"),
        ];
        for last in wrong {
            let changes = [first.to_vec(), vec![last]].concat();
            assert!(write_all_or_none(&changes).is_err());
            assert_eq!(tree(&home), before);
        }
    }

    #[test]
    fn what_another_run_has_written_meanwhile_is_as_it_should_be() {
        let home = home();
        put(&home, "old", "1");
        let changes = [
            change(&home, "a/early", None, "2"),
            change(&home, "a/late", None, "3"),
            change(&home, "old", Some("1"), "4"),
            change(&home, "last", None, "5"),
        ];
        let stage = |changes: &[Change]| {
            let mut staging = Staging::default();
            changes.iter().try_for_each(|it| staging.add(it)).unwrap();
            staging
        };
        write_all_or_none(&changes[..1]).unwrap();
        let committed = || {
            let is_staged = |path: &Path| {
                path.file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with(".kvctl-"))
            };
            let files = tree(&home).into_iter();
            files
                .filter(|(path, _)| !is_staged(path))
                .collect::<Vec<_>>()
        };
        let (one, two) = (stage(&changes), stage(&changes));
        let other = [change(&home, "other", None, "6"), changes[1].clone()];
        let loser = stage(&[&other[..], &[change(&home, "last", None, "7")]].concat());
        one.commit().unwrap();
        let wanted = committed();
        assert_eq!(wanted.len(), 5);
        two.commit().unwrap();
        assert_eq!(committed(), wanted);
        // Only the changes of this run are undone.
        assert!(matches!(loser.commit(), Err(Error::Exists { .. })));
        assert_eq!(committed(), wanted);
    }

    #[test]
    fn a_rename_that_fails_undoes_those_before_it() {
        let home = home();
        put(&home, "old", "1");
        put(&home, "last", "1");
        let before = tree(&home);
        let mut staging = Staging::default();
        for change in [
            change(&home, "old", Some("1"), "2"),
            change(&home, "a/new", None, "3"),
            change(&home, "last", Some("1"), "4"),
        ] {
            staging.add(&change).unwrap();
        }
        // Somebody else writes the last one meanwhile.
        super::super::replace(&home.path().join("last"), b"1", b"theirs").unwrap();
        let error = staging.commit().unwrap_err();
        assert!(matches!(error, Error::Changed { .. }), "{error}");
        super::super::replace(&home.path().join("last"), b"theirs", b"1").unwrap();
        assert_eq!(tree(&home), before);
    }
}
