//! Where titles are kept: in memory, or in a directory that several processes may use at once.
//! Imports `domain` and `fsx`.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use fs_err as fs;

use super::titles::Titles;
use crate::fsx;

/// Why the titles could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory could not be used.
    #[error("could not use the state directory")]
    Directory(#[source] io::Error),
    /// The file could not be locked or written.
    #[error("could not keep the list of namespaces")]
    File(#[from] fsx::Error),
    /// The file is not what was written.
    #[error("`{}` is not a list of namespaces", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// Keeps the titles.
#[derive(Debug)]
pub(super) enum Registry {
    /// For as long as the emulator lives.
    Memory(Mutex<Titles>),
    /// In a directory. Nothing is remembered between two requests, since another process may have
    /// written in between.
    Directory(PathBuf),
}

impl Registry {
    pub(super) fn new(directory: Option<&Path>) -> Self {
        match directory {
            Some(directory) => Self::Directory(directory.to_owned()),
            None => Self::Memory(Mutex::default()),
        }
    }

    /// Returns the titles as they are now.
    pub(super) fn read(&self) -> Result<Titles, Error> {
        match self {
            Self::Memory(titles) => {
                let titles = titles.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(titles.clone())
            }
            // Looking must not create the directory.
            Self::Directory(directory) if !directory.is_dir() => Ok(Titles::default()),
            Self::Directory(directory) => {
                let _lock = fsx::lock(&directory.join("namespaces.lock"))?;
                load(&file(directory))
            }
        }
    }

    /// Makes the directory, if there is to be one, and checks that it can be written to and read.
    pub(super) fn prepare(&self) -> Result<(), Error> {
        if let Self::Directory(directory) = self {
            fs::create_dir_all(directory).map_err(Error::Directory)?;
        }
        self.read().map(drop)
    }

    /// Changes the titles: nobody else reads or writes them meanwhile. What `change` refuses is
    /// not written.
    pub(super) fn change<T, E>(
        &self,
        change: impl FnOnce(&mut Titles) -> Result<T, E>,
    ) -> Result<Result<T, E>, Error> {
        match self {
            Self::Memory(titles) => {
                let mut titles = titles.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(change(&mut titles))
            }
            Self::Directory(directory) => {
                fs::create_dir_all(directory).map_err(Error::Directory)?;
                let _lock = fsx::lock(&directory.join("namespaces.lock"))?;
                let path = file(directory);
                let mut titles = load(&path)?;
                let changed = change(&mut titles);
                if changed.is_ok() {
                    store(&path, &titles)?;
                }
                Ok(changed)
            }
        }
    }
}

fn file(directory: &Path) -> PathBuf {
    directory.join("namespaces.json")
}

fn load(path: &Path) -> Result<Titles, Error> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Titles::default()),
        Err(error) => return Err(Error::Directory(error)),
    };
    serde_json::from_slice(&bytes).map_err(|source| malformed(path, source))
}

fn store(path: &Path, titles: &Titles) -> Result<(), Error> {
    let mut json = serde_json::to_vec_pretty(titles).map_err(|source| malformed(path, source))?;
    json.push(b'\n');
    Ok(fsx::overwrite(path, &json)?)
}

fn malformed(path: &Path, source: serde_json::Error) -> Error {
    Error::Malformed {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::{domain::AccountId, emulator::config::IdScheme};

    #[test]
    fn many_writers_lose_nothing_and_make_no_twins() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let account = AccountId::local();
        let create = |name: &str| {
            // A registry of its own each time, as another process would have.
            let title = name.parse().unwrap();
            Registry::new(Some(&state))
                .change(|titles| titles.create(&account, title, IdScheme::Remote))
                .unwrap()
        };
        let made: usize = thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|thread| {
                    scope.spawn(move || {
                        create(&format!("own-{thread}")).unwrap();
                        usize::from(create("shared").is_ok())
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).sum()
        });
        assert_eq!(made, 1);
        let titles = Registry::new(Some(&state)).read().unwrap();
        assert_eq!(titles.of(&account).len(), 5);
    }

    #[test]
    fn looking_leaves_no_trace_and_a_broken_file_is_said_so() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let registry = Registry::new(Some(&state));
        assert_eq!(registry.read().unwrap(), Titles::default());
        assert!(!state.exists());

        fs::create_dir(&state).unwrap();
        fsx::create(&file(&state), b"[]").unwrap();
        assert!(matches!(registry.read(), Err(Error::Malformed { .. })));
    }
}
