//! The files of a directory, in the order of their keys.

use std::{
    collections::VecDeque,
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    vec,
};

use fs_err as fs;

use super::{INDEX, names};
use crate::formats::{Problem, ReadError, RecordLocation, error::RecordError};

/// A file and its key.
pub(super) struct KeyFile {
    /// The key, which may be no valid one.
    pub key: String,
    /// The file, relative to the directory.
    pub path: PathBuf,
    /// What to open: the file, or what a link to it leads to.
    pub target: PathBuf,
}

/// Goes through a directory and all below it.
pub(super) struct Walk {
    root: PathBuf,
    /// The nodes that are still ahead, of each directory on the way to the current one.
    ahead: Vec<(String, vec::IntoIter<Node>)>,
    errors: VecDeque<ReadError>,
    /// Whether names that begin with a dot count.
    hidden: bool,
    skipped: Vec<Skipped>,
    over: bool,
}

/// A file or directories for one part of a key.
struct Node {
    /// The part, decoded; a directory ends in `/`, so that sorting the parts sorts the keys.
    part: String,
    kind: Kind,
}

enum Kind {
    /// The directories for this part; more than one only if both `a` and `a%=` exist.
    Directories(Vec<PathBuf>),
    /// A file, and what to open.
    File { path: PathBuf, target: PathBuf },
}

/// What a name leads to.
enum Target {
    Directory,
    File(PathBuf),
    Wrong(Problem),
}

impl Walk {
    /// Goes through the directory at `root`; names that begin with a dot count if they are `hidden`.
    pub(super) fn new(root: &Path, hidden: bool) -> io::Result<Self> {
        let mut walk = Self {
            root: fs::canonicalize(root)?,
            ahead: Vec::new(),
            errors: VecDeque::new(),
            hidden,
            skipped: Vec::new(),
            over: false,
        };
        walk.enter(String::new(), vec![PathBuf::new()])?;
        Ok(walk)
    }

    /// Reads the names in `directories`, which all map to `key`.
    fn enter(&mut self, key: String, directories: Vec<PathBuf>) -> io::Result<()> {
        let mut nodes = Vec::new();
        for directory in directories {
            self.list(&directory, (&key, ""), &mut nodes)?;
        }
        nodes.sort_by(|a, b| a.part.cmp(&b.part));
        nodes.dedup_by(|later, first| match (&mut later.kind, &mut first.kind) {
            (Kind::Directories(more), Kind::Directories(all)) if later.part == first.part => {
                all.append(more);
                true
            }
            _ => false,
        });
        self.ahead.push((key, nodes.into_iter()));
        Ok(())
    }

    /// Adds the entries of `directory`, which maps to `key`; its names continue `begun`, the
    /// beginning of a long segment.
    fn list(
        &mut self,
        directory: &Path,
        (key, begun): (&str, &str),
        nodes: &mut Vec<Node>,
    ) -> io::Result<()> {
        let entries: io::Result<Vec<_>> = fs::read_dir(self.root.join(directory))?.collect();
        let mut entries = entries?;
        // What is wrong is said in the same order on every system.
        entries.sort_by_cached_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            let path = directory.join(&name);
            if path == Path::new(INDEX) {
                continue;
            }
            if !self.hidden && is_hidden(&name) {
                self.skipped
                    .push(Skipped::new(path, &format!("{key}{begun}")));
                continue;
            }
            let found = self.target(&entry).map(|target| match target {
                Target::Wrong(problem) => Err(problem),
                Target::Directory => decoded(&name, names::of_directory)
                    .map(|(part, continued)| (part, continued, None)),
                Target::File(target) => {
                    decoded(&name, names::of_file).map(|part| (part, false, Some(target)))
                }
            })?;
            match found {
                Err(problem) => self.errors.push_back(wrong(path, problem)),
                Ok((part, true, _)) => self.list(&path, (key, &format!("{begun}{part}")), nodes)?,
                Ok((part, false, None)) => nodes.push(Node {
                    part: format!("{begun}{part}/"),
                    kind: Kind::Directories(vec![path]),
                }),
                Ok((part, false, Some(target))) => nodes.push(Node {
                    part: format!("{begun}{part}"),
                    kind: Kind::File { path, target },
                }),
            }
        }
        Ok(())
    }

    fn target(&self, entry: &fs::DirEntry) -> io::Result<Target> {
        let (kind, path) = (entry.file_type()?, entry.path());
        if !kind.is_symlink() {
            return Ok(match () {
                () if kind.is_dir() => Target::Directory,
                () if kind.is_file() => Target::File(path),
                () => Target::Wrong(Problem::NotAFile),
            });
        }
        let Ok(target) = fs::canonicalize(path) else {
            return Ok(Target::Wrong(Problem::LinkOutside));
        };
        if !target.starts_with(&self.root) {
            return Ok(Target::Wrong(Problem::LinkOutside));
        }
        let kind = fs::symlink_metadata(&target)?.file_type();
        Ok(match () {
            () if kind.is_file() => Target::File(target),
            () if kind.is_dir() => Target::Wrong(Problem::LinkToDirectory),
            () => Target::Wrong(Problem::NotAFile),
        })
    }

    /// Returns what was skipped.
    pub(super) fn into_skipped(self) -> Vec<Skipped> {
        self.skipped
    }

    fn fail(&mut self, path: PathBuf, error: io::Error) -> ReadError {
        self.over = true;
        ReadError::of_input(RecordLocation::File(path), Problem::Io(error))
    }
}

impl Iterator for Walk {
    type Item = Result<KeyFile, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.over {
            if let Some(error) = self.errors.pop_front() {
                return Some(Err(error));
            }
            let (key, nodes) = self.ahead.last_mut()?;
            let Some(Node { part, kind }) = nodes.next() else {
                self.ahead.pop();
                continue;
            };
            let key = format!("{key}{part}");
            match kind {
                Kind::File { path, target } => return Some(Ok(KeyFile { key, path, target })),
                Kind::Directories(paths) => {
                    let first = paths.first().cloned().unwrap_or_default();
                    if let Err(e) = self.enter(key, paths) {
                        return Some(Err(self.fail(first, e)));
                    }
                }
            }
        }
        None
    }
}

fn decoded<T>(name: &OsStr, decode: impl Fn(&str) -> Result<T, Problem>) -> Result<T, Problem> {
    decode(name.to_str().ok_or(Problem::NameNotUtf8)?)
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().first() == Some(&b'.')
}

fn wrong(path: PathBuf, problem: Problem) -> ReadError {
    ReadError::of_record(RecordLocation::File(path), RecordError::from(problem))
}

/// A skipped file or directory, with all below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The file or directory, relative to the directory that is read.
    pub path: PathBuf,
    /// Its keys, or their prefixes, if it has any.
    keys: Vec<Keys>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Keys {
    Exactly(String),
    Beginning(String),
}

impl Skipped {
    /// Records `path`, whose key continues `before`. It may be a file, a directory or a link to
    /// either.
    pub(super) fn new(path: PathBuf, before: &str) -> Self {
        let name = path.file_name().and_then(|name| name.to_str());
        let mut keys = Vec::new();
        if let Some(Ok(part)) = name.map(names::of_file) {
            keys.push(Keys::Exactly(format!("{before}{part}")));
        }
        if let Some(Ok((part, continued))) = name.map(names::of_directory) {
            let end = if continued { "" } else { "/" };
            keys.push(Keys::Beginning(format!("{before}{part}{end}")));
        }
        Self { path, keys }
    }

    /// Whether `key` may be the key of a skipped file.
    pub fn covers(&self, key: &str) -> bool {
        self.keys.iter().any(|keys| match keys {
            Keys::Exactly(name) => key == name,
            Keys::Beginning(prefix) => key.starts_with(prefix.as_str()),
        })
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
