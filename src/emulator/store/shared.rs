//! Databases that stay open, and threads that take turns at them. Imports `fsx`.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fs_err as fs;

use super::{
    Error,
    database::{Database, Row, failed, foreign, retry_while_busy},
};
use crate::fsx::FileId;

/// How many databases stay open: each takes three of the files that a process may have open.
const OPEN_MAX: usize = if cfg!(test) { 4 } else { 64 };

/// Open databases.
#[derive(Default)]
pub(super) struct Databases(Mutex<HashMap<PathBuf, Open>>);

struct Open {
    database: Arc<Shared>,
    /// Which file it is, whatever its path leads to by now.
    identity: Option<FileId>,
}

impl Databases {
    /// Opens the database at `path`, if it exists.
    pub(super) fn find(&self, path: &Path) -> Result<Option<Arc<Shared>>, Error> {
        path.exists().then(|| self.open(path)).transpose()
    }

    /// Opens the database at `path`, or makes it, unless it is open already.
    pub(super) fn open(&self, path: &Path) -> Result<Arc<Shared>, Error> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = open.get(path) {
            if known.identity.is_some() && known.identity == FileId::at(path) {
                return Ok(Arc::clone(&known.database));
            }
            known.database.lock().abandon();
        }
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(Error::Directory)?;
        }
        let opened =
            retry_while_busy(|| Database::open(path)).map_err(|source| failed(path, source))?;
        let database = Arc::new(Shared {
            path: path.to_owned(),
            database: Mutex::new(opened.map_err(|what| foreign(path, what))?),
            queue: Mutex::default(),
        });
        // Those in use stay.
        if open.len() >= OPEN_MAX {
            open.retain(|_, known| Arc::strong_count(&known.database) > 1);
        }
        let known = Open {
            database: Arc::clone(&database),
            identity: FileId::at(path),
        };
        open.insert(path.to_owned(), known);
        Ok(database)
    }
}

/// One open database that several threads work on.
pub(super) struct Shared {
    path: PathBuf,
    database: Mutex<Database>,
    /// Writes that wait for a pending one, and are then written together.
    queue: Mutex<Vec<Arc<Ticket>>>,
}

/// A write that waits.
struct Ticket {
    rows: Vec<Row>,
    turn: Mutex<Turn>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Not written yet.
    Waiting,
    /// Written together with others.
    Written,
    /// To be written alone: the common transaction failed.
    Alone,
}

impl Shared {
    /// Runs `work` on the database under its lock.
    pub(super) fn with<T>(
        &self,
        mut work: impl FnMut(&mut Database) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let mut database = self.lock();
        retry_while_busy(|| work(&mut database)).map_err(|source| failed(&self.path, source))
    }

    /// Writes rows in place of those with the same keys, and returns the blobs of those: all of
    /// them, or those of other threads' rows too, that were written along.
    ///
    /// A transaction costs about as much as what it writes, so all writes that arrive during one share
    /// the next one.
    pub(super) fn replace(&self, rows: Vec<Row>) -> Result<Vec<String>, Error> {
        let own = Arc::new(Ticket {
            rows,
            turn: Mutex::new(Turn::Waiting),
        });
        self.queue().push(Arc::clone(&own));
        let mut database = self.lock();
        let group = match own.turn() {
            Turn::Written => return Ok(Vec::new()),
            Turn::Alone => Vec::new(),
            Turn::Waiting => std::mem::take(&mut *self.queue()),
        };
        if group.len() > 1 {
            let rows: Vec<&Row> = group.iter().flat_map(|ticket| &ticket.rows).collect();
            let replaced = retry_while_busy(|| database.replace(&rows));
            let turn = if replaced.is_ok() {
                Turn::Written
            } else {
                Turn::Alone
            };
            for ticket in &group {
                *ticket.turn.lock().unwrap_or_else(PoisonError::into_inner) = turn;
            }
            if let Ok(replaced) = replaced {
                return Ok(replaced);
            }
        }
        let rows: Vec<&Row> = own.rows.iter().collect();
        retry_while_busy(|| database.replace(&rows)).map_err(|source| failed(&self.path, source))
    }

    fn lock(&self) -> MutexGuard<'_, Database> {
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queue(&self) -> MutexGuard<'_, Vec<Arc<Ticket>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    fn turn(&self) -> Turn {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Databases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Databases").finish_non_exhaustive()
    }
}
