//! Where titles and deployments are kept: in memory, or in files of a directory that several
//! processes may use at once. Imports `domain` and `fsx`.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use fs_err as fs;
use serde::{Serialize, de::DeserializeOwned};

use super::permanent;
use crate::domain::ShowPath as _;
use crate::fsx;

/// What a registry keeps in a file of its own.
pub(super) trait Kept: Clone + Default + Serialize + DeserializeOwned {
    /// The name of the file, without extension.
    const NAME: &'static str;
    /// What the file is.
    const KIND: &'static str;
    /// What the file holds.
    const CONTENT: &'static str;
}

/// Why a registry could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory could not be used.
    #[error("could not use the state directory")]
    Directory(#[source] io::Error),
    /// The file could not be locked or written.
    #[error("could not keep the emulator's state")]
    File(#[from] fsx::Error),
    /// The file is not what was written.
    #[error("`{}` is not {kind}", path.shown())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it should be.
        kind: &'static str,
        /// What it should hold.
        content: &'static str,
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

/// Keeps a `T`.
#[derive(Debug)]
pub(super) enum Registry<T> {
    /// For as long as the emulator lives.
    Memory(Mutex<Arc<T>>),
    /// In a directory, where another process may write at any time.
    Directory(Directory<T>),
}

/// A directory, and a cache of its file.
#[derive(Debug)]
pub(super) struct Directory<T> {
    path: PathBuf,
    cached: Mutex<Option<(FileVersion, Arc<T>)>>,
}

/// Identifies a version of the file: every change creates a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileVersion {
    id: Option<fsx::FileId>,
    modified: SystemTime,
    length: u64,
}

impl<T: Kept> Registry<T> {
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

    /// Returns what is kept as it is now.
    pub(super) fn read(&self) -> Result<Arc<T>, Error> {
        self.refuse_link()?;
        match self {
            Self::Memory(kept) => {
                let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(Arc::clone(&kept))
            }
            Self::Directory(directory) => directory.read(),
        }
    }

    /// Creates the directory, if any, and checks that it can be written to and read.
    pub(super) fn prepare(&self) -> Result<(), Error> {
        self.refuse_link()?;
        if let Self::Directory(Directory { path, .. }) = self {
            fs::create_dir_all(path).map_err(Error::Directory)?;
            let _lock = fsx::lock(&lock_file::<T>(path))?;
        }
        self.read().map(drop)
    }

    /// Changes what is kept under a lock. Nothing is changed if `change` fails.
    pub(super) fn change<R, E>(
        &self,
        change: impl FnOnce(&mut T) -> Result<R, E>,
    ) -> Result<Result<R, E>, Error> {
        self.refuse_link()?;
        match self {
            Self::Memory(kept) => {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let mut next = T::clone(&kept);
                let changed = change(&mut next);
                if changed.is_ok() {
                    *kept = Arc::new(next);
                }
                Ok(changed)
            }
            Self::Directory(Directory { path, .. }) => {
                fs::create_dir_all(path).map_err(Error::Directory)?;
                let _lock = fsx::lock(&lock_file::<T>(path))?;
                let path = file::<T>(path);
                let mut kept = load(&path)?;
                let changed = change(&mut kept);
                if changed.is_ok() {
                    store(&path, &kept)?;
                }
                Ok(changed)
            }
        }
    }
}

impl<T: Kept> Directory<T> {
    /// Reads the file, unless the cache is up to date. It is replaced as a whole, so no lock is needed.
    fn read(&self) -> Result<Arc<T>, Error> {
        let file = file::<T>(&self.path);
        let Some(version) = FileVersion::of(&file)? else {
            return Ok(Arc::default());
        };
        let mut known = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((seen, kept)) = &*known
            && *seen == version
        {
            return Ok(Arc::clone(kept));
        }
        // Should it change in between, the version is too old, and it is read once more.
        let kept = Arc::new(load(&file)?);
        *known = Some((version, Arc::clone(&kept)));
        Ok(kept)
    }
}

impl FileVersion {
    fn of(path: &Path) -> Result<Option<Self>, Error> {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            // A link that leads nowhere is not the same as no file.
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && fsx::broken_link(path).is_none() =>
            {
                return Ok(None);
            }
            Err(error) => return Err(Error::Directory(error)),
        };
        // A device has no end.
        if !metadata.is_file() {
            let path = path.to_owned();
            return Err(fsx::Error::NotAFile { path }.into());
        }
        Ok(Some(Self {
            id: fsx::FileId::at(path),
            modified: metadata.modified().map_err(Error::Directory)?,
            length: metadata.len(),
        }))
    }
}

/// The most that the file may hold, in bytes.
const MAX_BYTES: u64 = 256 << 20;

fn lock_file<T: Kept>(directory: &Path) -> PathBuf {
    directory.join(format!("{}.lock", T::NAME))
}

fn file<T: Kept>(directory: &Path) -> PathBuf {
    directory.join(format!("{}.json", T::NAME))
}

fn load<T: Kept>(path: &Path) -> Result<T, Error> {
    let bytes = match fsx::read_file(path, MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(T::default()),
        Err(error) => return Err(Error::Directory(error)),
    };
    serde_json::from_slice(&bytes).map_err(|source| malformed::<T>(path, source))
}

fn store<T: Kept>(path: &Path, kept: &T) -> Result<(), Error> {
    let mut json =
        serde_json::to_vec_pretty(kept).map_err(|source| malformed::<T>(path, source))?;
    json.push(b'\n');
    Ok(fsx::overwrite_own(path, &json)?)
}

fn malformed<T: Kept>(path: &Path, source: serde_json::Error) -> Error {
    Error::Malformed {
        path: path.to_owned(),
        kind: T::KIND,
        content: T::CONTENT,
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::{
        domain::AccountId,
        emulator::{config::IdScheme, titles::Titles},
    };

    #[test]
    fn many_writers_lose_nothing_and_make_no_twins() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let account = AccountId::local();
        let create = |name: &str| {
            // A registry of its own each time, as another process would have.
            let title = name.parse().unwrap();
            Registry::new(Some(&state))
                .change(|titles: &mut Titles| {
                    titles.create(&account, title, None, IdScheme::Remote)
                })
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
        let titles = Registry::<Titles>::new(Some(&state)).read().unwrap();
        assert_eq!(titles.of(&account).len(), 5);
    }

    #[test]
    fn looking_leaves_no_trace_and_a_broken_file_is_said_so() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let registry = Registry::<Titles>::new(Some(&state));
        assert_eq!(*registry.read().unwrap(), Titles::default());
        assert!(!state.exists());

        fs::create_dir(&state).unwrap();
        fsx::create(&file::<Titles>(&state), b"[]").unwrap();
        assert!(matches!(registry.read(), Err(Error::Malformed { .. })));
    }
}
