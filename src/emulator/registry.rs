//! Where titles are kept: in memory, or in a directory that several processes may use at once.
//! Imports `domain` and `fsx`.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use fs_err as fs;

use super::{permanent, titles::Titles};
use crate::fsx;

/// Why the titles could not be read or written.
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

impl Error {
    /// Whether a retry cannot fix it.
    pub(super) fn is_permanent(&self) -> bool {
        match self {
            Self::Directory(source) => permanent::of_io(source),
            Self::File(source) => permanent::of_file(source),
            Self::Malformed { .. } => true,
        }
    }
}

/// Keeps the titles.
#[derive(Debug)]
pub(super) enum Registry {
    /// For as long as the emulator lives.
    Memory(Mutex<Arc<Titles>>),
    /// In a directory, where another process may write at any time.
    Directory(Directory),
}

/// A directory, and a cache of its file.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    cached: Mutex<Option<(FileVersion, Arc<Titles>)>>,
}

/// Identifies a version of the file: every change creates a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileVersion {
    inode: u64,
    modified: SystemTime,
    length: u64,
}

impl Registry {
    pub(super) fn new(directory: Option<&Path>) -> Self {
        match directory {
            Some(directory) => Self::Directory(Directory {
                path: directory.to_owned(),
                cached: Mutex::default(),
            }),
            None => Self::Memory(Mutex::default()),
        }
    }

    /// Refuses a directory that is a link: it is below the store's, where no link is followed.
    fn refuse_link(&self) -> Result<(), Error> {
        let Self::Directory(Directory { path, .. }) = self else {
            return Ok(());
        };
        if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
            let path = path.to_owned();
            return Err(fsx::Error::Link { path }.into());
        }
        Ok(())
    }

    /// Returns the titles as they are now.
    pub(super) fn read(&self) -> Result<Arc<Titles>, Error> {
        self.refuse_link()?;
        match self {
            Self::Memory(titles) => {
                let titles = titles.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(Arc::clone(&titles))
            }
            Self::Directory(directory) => directory.read(),
        }
    }

    /// Creates the directory, if any, and checks that it can be written to and read.
    pub(super) fn prepare(&self) -> Result<(), Error> {
        self.refuse_link()?;
        if let Self::Directory(Directory { path, .. }) = self {
            fs::create_dir_all(path).map_err(Error::Directory)?;
            let _lock = fsx::lock(&lock_file(path))?;
        }
        self.read().map(drop)
    }

    /// Changes the titles under a lock. Nothing is written if `change` fails.
    pub(super) fn change<T, E>(
        &self,
        change: impl FnOnce(&mut Titles) -> Result<T, E>,
    ) -> Result<Result<T, E>, Error> {
        self.refuse_link()?;
        match self {
            Self::Memory(titles) => {
                let mut titles = titles.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(change(Arc::make_mut(&mut titles)))
            }
            Self::Directory(Directory { path, .. }) => {
                fs::create_dir_all(path).map_err(Error::Directory)?;
                let _lock = fsx::lock(&lock_file(path))?;
                let path = file(path);
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

impl Directory {
    /// Reads the file, unless the cache is up to date. It is replaced as a whole, so no lock is needed.
    fn read(&self) -> Result<Arc<Titles>, Error> {
        let file = file(&self.path);
        let Some(version) = FileVersion::of(&file)? else {
            return Ok(Arc::default());
        };
        let mut known = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((seen, titles)) = &*known
            && *seen == version
        {
            return Ok(Arc::clone(titles));
        }
        // Should it change in between, the version is too old, and it is read once more.
        let titles = Arc::new(load(&file)?);
        *known = Some((version, Arc::clone(&titles)));
        Ok(titles)
    }
}

impl FileVersion {
    fn of(path: &Path) -> Result<Option<Self>, Error> {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::Directory(error)),
        };
        // A device has no end.
        if !metadata.is_file() {
            let path = path.to_owned();
            return Err(fsx::Error::NotAFile { path }.into());
        }
        Ok(Some(Self {
            inode: inode(&metadata),
            modified: metadata.modified().map_err(Error::Directory)?,
            length: metadata.len(),
        }))
    }
}

#[cfg(unix)]
fn inode(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_metadata: &std::fs::Metadata) -> u64 {
    0
}

/// The most that the file may hold, in bytes.
const MAX_BYTES: u64 = 256 << 20;

fn lock_file(directory: &Path) -> PathBuf {
    directory.join("namespaces.lock")
}

fn file(directory: &Path) -> PathBuf {
    directory.join("namespaces.json")
}

fn load(path: &Path) -> Result<Titles, Error> {
    let bytes = match fsx::read_file(path, MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Titles::default()),
        Err(error) => return Err(Error::Directory(error)),
    };
    serde_json::from_slice(&bytes).map_err(|source| malformed(path, source))
}

fn store(path: &Path, titles: &Titles) -> Result<(), Error> {
    let mut json = serde_json::to_vec_pretty(titles).map_err(|source| malformed(path, source))?;
    json.push(b'\n');
    Ok(fsx::overwrite_own(path, &json)?)
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
                .change(|titles| titles.create(&account, title, None, IdScheme::Remote))
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
        assert_eq!(*registry.read().unwrap(), Titles::default());
        assert!(!state.exists());

        fs::create_dir(&state).unwrap();
        fsx::create(&file(&state), b"[]").unwrap();
        assert!(matches!(registry.read(), Err(Error::Malformed { .. })));
    }
}
