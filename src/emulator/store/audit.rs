//! Looking for what is wrong with a store on disk, and removing what is of no use. Imports `fsx`.
//!
//! Other processes may be writing meanwhile, and then a value is there before its row, and gone
//! after it. So what seems wrong is looked at again, and values of the last minute are let be; what
//! is removed is older than an hour, since a put under way looks the same.

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
    disk::{databases, entries, left_behind},
    layout,
};
use crate::fsx;

/// How long after its value a row may come.
const LAG: Duration = Duration::from_mins(1);

/// How old an orphan is before it is removed.
const OLD: Duration = Duration::from_hours(1);

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
    /// Values without a key, and what killed runs left: they only take up room.
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

/// Looks through the whole store below wrangler's state directory `root`. `now` is in UNIX seconds.
///
/// Holds the names of all values at once: about 200 bytes for each key.
pub(in crate::emulator) fn audit(root: &Path, now: i64) -> Result<Audit, Error> {
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
    audit.orphans.extend(temporary(root, now)?);
    Ok(audit)
}

/// Removes the orphans of `audit` that may be removed, and returns them; the others stay in it, with
/// the reason. Removes nothing where the store has come to harm: what a broken database would name
/// seems to have no row.
pub(in crate::emulator) fn remove_orphans(
    root: &Path,
    audit: &mut Audit,
) -> Result<Vec<Orphan>, Error> {
    if !audit.damaged.is_empty() || !audit.unusable.is_empty() {
        return Ok(Vec::new());
    }
    let named = named(root)?;
    let mut removed = Vec::new();
    let mut left = Vec::new();
    for mut orphan in audit.orphans.drain(..) {
        let name = orphan.path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| named.contains(name)) {
            // One of another folder, or one that came meanwhile.
            let why = "a key of another namespace names it";
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

/// Returns the names of all values that rows name.
fn named(root: &Path) -> Result<HashSet<String>, Error> {
    let mut names = HashSet::new();
    for path in databases(root)? {
        let read = |names: &mut HashSet<String>| -> rusqlite::Result<()> {
            let connection = database::look(&path)?;
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
    /// The folder that belongs to a database, where its name says so.
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

    /// Takes out the value that a row of `database` names, and says whether it was there.
    ///
    /// The folder of a namespace with an odd name cannot be told from its database, so there any
    /// folder will do: no two values have one name.
    fn take(&mut self, database: &Path, name: &str) -> bool {
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
                let why = self.why_kept(name, folder);
                orphan.kept = why.map(str::to_owned).or(orphan.kept);
                Some(orphan)
            })
            .collect();
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }

    /// Says why a value without a row must not be removed, if so.
    fn why_kept(&self, name: &str, folder: &Path) -> Option<&'static str> {
        let has_database =
            |(database, blobs): (&PathBuf, &PathBuf)| blobs == folder && database.exists();
        if !layout::is_blob(name) {
            Some("it is not named as values are")
        } else if folder.is_symlink() || folder.parent().is_some_and(Path::is_symlink) {
            Some("its folder is behind a link")
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
    let young = "it is less than an hour old, and may be of a write under way";
    (age >= LAG).then(|| Orphan {
        path,
        bytes: metadata.len(),
        kept: (age < OLD).then(|| young.to_owned()),
    })
}

/// Returns what runs that were killed left beside the list of namespaces.
fn temporary(root: &Path, now: i64) -> Result<Vec<Orphan>, Error> {
    let mut paths = entries(&layout::own(root))?;
    paths.retain(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(fsx::TEMPORARY))
    });
    Ok(paths
        .into_iter()
        .filter_map(|path| orphan(path, now))
        .collect())
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
