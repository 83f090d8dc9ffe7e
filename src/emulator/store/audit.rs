//! Looking for what is wrong with a store on disk, and changing nothing. Imports nothing of this
//! crate but its siblings.
//!
//! Other processes may be writing meanwhile, and then a value is there before its row, and gone
//! after it. So what seems wrong is looked at again, and values of the last minute are let be.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use fs_err as fs;
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    Error,
    database::{self, failed},
    disk::{databases, entries, left_behind},
    layout,
};

/// How long after its value a row may come.
const LAG: Duration = Duration::from_mins(1);

/// What was found in a store.
#[derive(Debug, Default)]
pub struct Audit {
    /// How many databases there are: one for each namespace that was ever written to.
    pub databases: usize,
    /// How many keys they have, also expired ones.
    pub keys: usize,
    /// What cannot be used at all: databases of other programs, and stores of old.
    pub unusable: Vec<Error>,
    /// Databases that have come to harm.
    pub damaged: Vec<Damage>,
    /// Keys without a value: reading one finds nothing, though it is listed.
    pub lost: Vec<Lost>,
    /// Values without a key: they only take up room.
    pub orphans: Vec<Orphan>,
}

impl Audit {
    /// Returns how many things are wrong.
    pub fn findings(&self) -> usize {
        self.unusable.len() + self.damaged.len() + self.lost.len() + self.orphans.len()
    }
}

/// A database that has come to harm.
#[derive(Debug)]
pub struct Damage {
    /// The database.
    pub database: PathBuf,
    /// What SQLite says is wrong.
    pub what: String,
}

/// A key without a value.
#[derive(Debug)]
pub struct Lost {
    /// The database that has the key.
    pub database: PathBuf,
    /// The key.
    pub key: String,
}

/// A value without a key.
#[derive(Debug)]
pub struct Orphan {
    /// The file with the value.
    pub path: PathBuf,
    /// How long it is.
    pub bytes: u64,
}

/// Looks through the whole store below wrangler's state directory `root`. `now` is in UNIX seconds.
///
/// Holds the names of all values at once: about 200 bytes for each key.
pub fn audit(root: &Path, now: i64) -> Result<Audit, Error> {
    let mut values = Values::read(root)?;
    let mut audit = Audit::default();
    for path in databases(root)? {
        audit.databases += 1;
        let looked = database::inspect(&path).and_then(|()| {
            let looked = look_into(&path, &mut values, &mut audit);
            looked.map_err(|source| failed(&path, source))
        });
        audit.unusable.extend(looked.err());
    }
    let old = left_behind(root)?.into_iter();
    audit.unusable.extend(old.map(|path| Error::Old { path }));
    audit.orphans = values.orphans(now);
    Ok(audit)
}

/// The values whose keys have not been seen yet.
struct Values {
    /// The folder of each by its name.
    folders: HashMap<String, PathBuf>,
    /// The folder that belongs to a database, where its name says so.
    owners: HashMap<PathBuf, PathBuf>,
}

impl Values {
    fn read(root: &Path) -> Result<Self, Error> {
        let (mut folders, mut owners) = (HashMap::new(), HashMap::new());
        for folder in entries(&layout::namespaces(root))? {
            let blobs = folder.join("blobs");
            if !blobs.is_dir() {
                continue;
            }
            if let Some(name) = folder.file_name().and_then(|name| name.to_str()) {
                owners.insert(layout::database(root, name), blobs.clone());
            }
            let found = fs::read_dir(&blobs).map_err(Error::Blob)?;
            for file in found {
                let name = file.map_err(Error::Blob)?.file_name();
                folders.insert(name.to_string_lossy().into_owned(), blobs.clone());
            }
        }
        Ok(Self { folders, owners })
    }

    /// Takes out the value that a row of `database` names, and says whether it was there.
    ///
    /// The folder of a namespace with an odd name cannot be told from its database, so there any
    /// folder will do: no two values have one name.
    fn take(&mut self, database: &Path, name: &str) -> bool {
        match (self.folders.get(name), self.owners.get(database)) {
            (Some(folder), Some(own)) if folder != own => own.join(name).exists(),
            (Some(_), _) => self.folders.remove(name).is_some(),
            (None, Some(own)) => own.join(name).exists(),
            (None, None) => self.owners.values().any(|any| any.join(name).exists()),
        }
    }

    /// Returns those that are left and still there, but for new ones.
    fn orphans(self, now: i64) -> Vec<Orphan> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now.try_into().unwrap_or_default());
        let paths = self
            .folders
            .into_iter()
            .map(|(name, folder)| folder.join(name));
        let mut found: Vec<_> = paths
            .filter_map(|path| {
                let metadata = fs::metadata(&path).ok()?;
                let age = now.duration_since(metadata.modified().ok()?).ok()?;
                (age >= LAG).then_some(Orphan {
                    path,
                    bytes: metadata.len(),
                })
            })
            .collect();
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }
}

/// Looks into one database.
fn look_into(path: &Path, values: &mut Values, audit: &mut Audit) -> rusqlite::Result<()> {
    let connection = database::look(path)?;
    for what in complaints(&connection)? {
        audit.damaged.push(Damage {
            database: path.to_owned(),
            what,
        });
    }
    if !connection.table_exists(None, "_mf_entries")? {
        return Ok(());
    }
    let mut missing = Vec::new();
    let mut rows = connection.prepare("SELECT key, blob_id FROM _mf_entries ORDER BY key")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        audit.keys += 1;
        let (key, blob): (String, String) = (row.get(0)?, row.get(1)?);
        if !values.take(path, &blob) {
            missing.push((key, blob));
        }
    }
    drop(rows);
    let sql = "SELECT blob_id FROM _mf_entries WHERE key = ?1";
    let mut again = connection.prepare(sql)?;
    for (key, blob) in missing {
        let named = again.query_row([&key], |row| row.get(0)).optional()?;
        // Otherwise it was deleted or written over meanwhile.
        if named == Some(blob) {
            let database = path.to_owned();
            audit.lost.push(Lost { database, key });
        }
    }
    Ok(())
}

/// Returns what SQLite finds wrong with a database, ten things at most.
fn complaints(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut check = connection.prepare("PRAGMA integrity_check(10)")?;
    let said = check.query_map([], |row| row.get(0))?;
    let mut said = said.collect::<rusqlite::Result<Vec<String>>>()?;
    said.retain(|line| line != "ok");
    Ok(said)
}
