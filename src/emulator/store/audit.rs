//! Checking a store on disk for damage, and removing orphans. Imports `fsx`.
//!
//! Other processes may be writing, and values are written before their rows and removed after them.
//! So findings are checked twice, and values of the last minute are ignored. Only orphans older than
//! an hour are removed: younger ones may belong to a pending write.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use fs_err as fs;
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    Error,
    database::{self, failed},
    disk::{databases, entries, unmigrated_databases},
    layout,
};
use crate::fsx;

/// How long a row may be written after its value.
const ROW_DELAY: Duration = Duration::from_mins(1);

/// The minimum age of an orphan that is removed.
const ORPHAN_MIN_AGE: Duration = Duration::from_hours(1);

/// The findings in a store.
#[derive(Debug, Default)]
pub struct Audit {
    /// How many databases there are: one for each namespace that was ever written to.
    pub databases: usize,
    /// How many keys they have, also expired ones.
    pub keys: usize,
    /// Databases of other programs, and stores of old versions.
    pub unusable: Vec<Error>,
    /// Damaged databases.
    pub damaged: Vec<Damage>,
    /// Keys without a value: they are listed, but reading them fails.
    pub lost: Vec<Lost>,
    /// Values without a key, and temporary files of killed runs: they only waste space.
    pub orphans: Vec<Orphan>,
}

impl Audit {
    /// Returns the number of findings.
    pub fn findings(&self) -> usize {
        self.unusable.len() + self.damaged.len() + self.lost.len() + self.orphans.len()
    }
}

/// A damaged database.
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

/// A value without a key, or a temporary file.
#[derive(Debug)]
pub struct Orphan {
    /// The file.
    pub path: PathBuf,
    /// How long it is.
    pub bytes: u64,
    /// Why it must not be removed, if so.
    pub kept: Option<String>,
}

/// Checks the whole store below wrangler's state directory `root`. `now` is in UNIX seconds.
///
/// Holds the names of all values at once: about 200 bytes for each key.
pub(in crate::emulator) fn audit(root: &Path, now: i64) -> Result<Audit, Error> {
    let mut values = Values::read(root)?;
    let mut audit = Audit::default();
    for path in databases(root)? {
        audit.databases += 1;
        let looked = database::inspect(&path).and_then(|()| {
            let looked = check_database(&path, &mut values, &mut audit);
            looked.map_err(|source| failed(&path, source))
        });
        audit.unusable.extend(looked.err());
    }
    let old = unmigrated_databases(root)?.into_iter();
    audit.unusable.extend(old.map(|path| Error::Old { path }));
    audit.orphans = values.orphans(now);
    audit.orphans.extend(temporary_files(root, now)?);
    Ok(audit)
}

/// Removes the orphans of `audit` that may be removed, and returns them; the others stay in it with
/// the reason. Removes nothing from a damaged store: values of a damaged database look like orphans.
pub(in crate::emulator) fn remove_orphans(
    root: &Path,
    audit: &mut Audit,
) -> Result<Vec<Orphan>, Error> {
    if !audit.damaged.is_empty() || !audit.unusable.is_empty() {
        return Ok(Vec::new());
    }
    let referenced = referenced_values(root)?;
    let mut removed = Vec::new();
    let mut left = Vec::new();
    for mut orphan in audit.orphans.drain(..) {
        let name = orphan.path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| referenced.contains(name)) {
            // Of another folder, or written meanwhile.
            let why = "a key of another namespace uses it";
            orphan.kept = Some(why.to_owned());
        }
        if orphan.kept.is_none() {
            match fs::remove_file(&orphan.path) {
                Ok(()) => {
                    removed.push(orphan);
                    continue;
                }
                Err(error) => orphan.kept = Some(error.to_string()),
            }
        }
        left.push(orphan);
    }
    audit.orphans = left;
    Ok(removed)
}

/// Returns the names of all values that rows refer to.
fn referenced_values(root: &Path) -> Result<HashSet<String>, Error> {
    let mut names = HashSet::new();
    for path in databases(root)? {
        let read = |names: &mut HashSet<String>| -> rusqlite::Result<()> {
            let connection = database::open_read_only(&path)?;
            if !connection.table_exists(None, "_mf_entries")? {
                return Ok(());
            }
            let mut rows = connection.prepare("SELECT blob_id FROM _mf_entries")?;
            for name in rows.query_map([], |row| row.get(0))? {
                names.insert(name?);
            }
            Ok(())
        };
        read(&mut names).map_err(|source| failed(&path, source))?;
    }
    Ok(names)
}

/// The values whose keys have not been seen yet.
struct Values {
    /// The folder of each by its name.
    folders: HashMap<String, PathBuf>,
    /// The folder of each database whose name tells it.
    owners: HashMap<PathBuf, PathBuf>,
    /// The folders that a row named a value in.
    in_use: HashSet<PathBuf>,
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
        let in_use = HashSet::new();
        Ok(Self {
            folders,
            owners,
            in_use,
        })
    }

    /// Removes the value that a row of `database` refers to, and returns whether it existed.
    ///
    /// The folder of a namespace with an odd name cannot be told from its database, so there any
    /// folder will do: no two values have one name.
    fn claim(&mut self, database: &Path, name: &str) -> bool {
        if !layout::is_blob(name) {
            return false;
        }
        match (self.folders.get(name), self.owners.get(database)) {
            (Some(folder), Some(own)) if folder != own => own.join(name).exists(),
            (Some(_), _) => {
                let folder = self.folders.remove(name);
                self.in_use.extend(folder);
                true
            }
            (None, Some(own)) => own.join(name).exists(),
            (None, None) => self.owners.values().any(|any| any.join(name).exists()),
        }
    }

    /// Returns those that are left and still there, but for new ones.
    fn orphans(&self, now: i64) -> Vec<Orphan> {
        let mut found: Vec<_> = self
            .folders
            .iter()
            .filter_map(|(name, folder)| {
                let mut orphan = orphan(folder.join(name), now)?;
                let why = self.reason_to_keep(name, folder);
                orphan.kept = why.map(str::to_owned).or(orphan.kept);
                Some(orphan)
            })
            .collect();
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }

    /// Says why a value without a row must not be removed, if so.
    fn reason_to_keep(&self, name: &str, folder: &Path) -> Option<&'static str> {
        let has_database =
            |(database, blobs): (&PathBuf, &PathBuf)| blobs == folder && database.exists();
        if !layout::is_blob(name) {
            Some("its name is not that of a value")
        } else if folder.is_symlink() || folder.parent().is_some_and(Path::is_symlink) {
            Some("its folder is a symbolic link")
        } else if !self.in_use.contains(folder) && !self.owners.iter().any(has_database) {
            Some("the database of its folder is missing")
        } else {
            None
        }
    }
}

/// Returns the file at `path` as an orphan, if it is still there and not a new one.
fn orphan(path: PathBuf, now: i64) -> Option<Orphan> {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now.try_into().unwrap_or_default());
    let metadata = fs::symlink_metadata(&path).ok()?;
    let age = now.duration_since(metadata.modified().ok()?).ok()?;
    let young = "it is less than an hour old and may belong to a pending write";
    (age >= ROW_DELAY).then(|| Orphan {
        path,
        bytes: metadata.len(),
        kept: (age < ORPHAN_MIN_AGE).then(|| young.to_owned()),
    })
}

/// Returns temporary files that killed runs left next to the list of namespaces.
fn temporary_files(root: &Path, now: i64) -> Result<Vec<Orphan>, Error> {
    let mut paths = entries(&layout::kvctl_directory(root))?;
    paths.retain(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(fsx::TEMPORARY))
    });
    Ok(paths
        .into_iter()
        .filter_map(|path| orphan(path, now))
        .collect())
}

/// Checks one database.
fn check_database(path: &Path, values: &mut Values, audit: &mut Audit) -> rusqlite::Result<()> {
    let connection = database::open_read_only(path)?;
    for what in integrity_errors(&connection)? {
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
        if !values.claim(path, &blob) {
            missing.push((key, blob));
        }
    }
    drop(rows);
    let sql = "SELECT blob_id FROM _mf_entries WHERE key = ?1";
    let mut again = connection.prepare(sql)?;
    for (key, blob) in missing {
        let named = again.query_row([&key], |row| row.get(0)).optional()?;
        // Otherwise it was deleted or overwritten meanwhile.
        if named == Some(blob) {
            let database = path.to_owned();
            audit.lost.push(Lost { database, key });
        }
    }
    Ok(())
}

/// Returns what SQLite finds wrong with a database, at most ten errors.
fn integrity_errors(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut check = connection.prepare("PRAGMA integrity_check(10)")?;
    let said = check.query_map([], |row| row.get(0))?;
    let mut said = said.collect::<rusqlite::Result<Vec<String>>>()?;
    said.retain(|line| line != "ok");
    Ok(said)
}
