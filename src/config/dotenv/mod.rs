//! Env files, read as wrangler reads them: those of the folder that the command works in.
//!
//! Owns which files there are, which wins, and whose files are read; `syntax` owns what they say.
//! Values may be secrets: no error repeats them.

mod syntax;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use crate::{
    domain::{Classification, Classify, ErrorClass, Hint, ShowPath as _},
    fsx::{self, FileKind, foreign_owner},
};

/// The most that an env file may hold, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Why an env file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DotenvError {
    /// One of the folder.
    #[error("could not read {}", path.shown())]
    Found {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// One of the folder that is a pipe, which is read only if it is named: it may never end.
    #[error("{} is a pipe, which is not read unless it is named", .0.shown())]
    Pipe(PathBuf),
    /// One that `--env-file` names.
    #[error("could not read the env file {}", path.shown())]
    Named {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Classify for DotenvError {
    fn classify(&self) -> Classification {
        match self {
            Self::Found { .. } => ErrorClass::Config.into(),
            Self::Pipe(path) => {
                let path = path.to_string_lossy();
                ErrorClass::Config.hint(Hint::from("pass ").option("--env-file", &path))
            }
            Self::Named { .. } => ErrorClass::Usage.into(),
        }
    }
}

/// An env file and what it sets. No `Debug`: values may be secrets.
pub struct EnvFile {
    /// The file.
    pub path: PathBuf,
    /// The variables that it sets and no later file sets again.
    pub assignments: Vec<Assignment>,
}

/// What a line of an env file sets. No `Debug`: values may be secrets.
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The line, from 1.
    pub line: usize,
    /// Whether the value is literal, without expansions such as `${OTHER}`.
    pub literal: bool,
}

/// The env files of a folder.
#[derive(Default)]
pub struct EnvFiles {
    /// Those that were read, the one that wins first.
    pub read: Vec<EnvFile>,
    /// Those that belong to other users, who are named by their number. They were not read.
    pub foreign: Vec<(PathBuf, u32)>,
}

/// Returns the value of a variable of the process, to which values of env files may refer.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads the env files of `directory`: `.env`, `.env.local`, `.env.NAME`, `.env.NAME.local`. Missing
/// files and lines that set nothing are skipped, as wrangler does.
pub fn read_env_files(
    directory: &Path,
    environment: Option<&str>,
    process: Lookup<'_>,
) -> Result<EnvFiles, DotenvError> {
    let mut names = vec![".env".to_owned(), ".env.local".to_owned()];
    if let Some(name) = environment.filter(|name| !name.is_empty() && !name.contains(['/', '\\'])) {
        names.extend([format!(".env.{name}"), format!(".env.{name}.local")]);
    }
    let mut texts = Vec::new();
    let mut foreign = Vec::new();
    for name in names {
        let path = directory.join(name);
        match fsx::kind_of(&path) {
            // A directory of that name is a Python virtual environment, not an env file.
            Some(FileKind::Directory) => continue,
            Some(FileKind::Pipe) => return Err(DotenvError::Pipe(path)),
            _ => {}
        }
        match read(&path) {
            Ok(Ok(bytes)) => texts.push((path, bytes)),
            Ok(Err(owner)) => foreign.push((path, owner)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(DotenvError::Found { path, source }),
        }
    }
    Ok(EnvFiles {
        read: merged(texts, process),
        foreign,
    })
}

/// Reads the env files that `--env-file` names, of which the last wins. They may be pipes, and each
/// must be there.
pub fn read_named_env_files(
    paths: Vec<PathBuf>,
    process: Lookup<'_>,
) -> Result<EnvFiles, DotenvError> {
    let read = |path: PathBuf| match fsx::read_file_or_pipe(&path, MAX_BYTES).and_then(text) {
        Ok(bytes) => Ok((path, bytes)),
        Err(source) => Err(DotenvError::Named { path, source }),
    };
    let texts: Result<Vec<_>, _> = paths.into_iter().map(read).collect();
    Ok(EnvFiles {
        read: merged(texts?, process),
        foreign: Vec::new(),
    })
}

/// Reads a file, unless another user owns it or the link that leads to it.
fn read(path: &Path) -> io::Result<Result<Vec<u8>, u32>> {
    if let Some(owner) = foreign_owner(&fs_err::symlink_metadata(path)?) {
        return Ok(Err(owner));
    }
    let file = fsx::open_file(path)?;
    // Checks the open file, which cannot be swapped.
    if let Some(owner) = foreign_owner(&file.metadata()?) {
        return Ok(Err(owner));
    }
    fsx::read_up_to(file, MAX_BYTES).and_then(text).map(Ok)
}

/// Refuses UTF-16, in which every line would be passed over.
fn text(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        let what = "it is UTF-16; save it as UTF-8";
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    Ok(bytes)
}

/// A variable of the files, as the last of them sets it.
struct Winner {
    file: usize,
    written: syntax::Written,
}

/// Reads files, of which later ones win, and returns the one that wins first. References are replaced
/// once all are read, in the order in which the variables occur first, as wrangler does.
fn merged(texts: Vec<(PathBuf, Vec<u8>)>, process: Lookup<'_>) -> Vec<EnvFile> {
    let mut winners: Vec<Winner> = Vec::new();
    let mut places = BTreeMap::new();
    for (file, (_, bytes)) in texts.iter().enumerate() {
        for written in syntax::parse(&String::from_utf8_lossy(bytes)) {
            let place = *places.entry(written.name.clone()).or_insert(winners.len());
            let winner = Winner { file, written };
            match winners.get_mut(place) {
                Some(earlier) => *earlier = winner,
                None => winners.push(winner),
            }
        }
    }
    let paths = texts.into_iter().map(|(path, _)| path);
    let mut files: Vec<EnvFile> = paths
        .map(|path| EnvFile {
            path,
            assignments: Vec::new(),
        })
        .collect();
    let mut earlier = BTreeMap::new();
    for Winner { file, written } in winners {
        let syntax::Written { name, value, line } = written;
        let expanded = syntax::expand(&value, process, &earlier);
        // What the process sets wins, also where others refer to it.
        let known = process(&name).unwrap_or_else(|| expanded.clone());
        earlier.insert(name.clone(), known);
        files[file].assignments.push(Assignment {
            name,
            literal: !value.contains('$'),
            value: expanded,
            line,
        });
    }
    files.reverse();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(directory: &Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            fs_err::File::create(directory.join(name))
                .and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()))
                .unwrap();
        }
    }

    #[test]
    fn nearer_files_come_first_and_bad_lines_are_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        files(
            directory.path(),
            &[
                (
                    ".env",
                    "A=1\nthis is no assignment\nexport B='two'\r\n# C=3\n",
                ),
                (".env.staging", "A=staging\n"),
            ],
        );
        let files = read_env_files(directory.path(), Some("staging"), &|_| None).unwrap();
        let set: Vec<_> = files.read.iter().flat_map(|it| &it.assignments).collect();
        let set: Vec<_> = set
            .iter()
            .map(|it| (it.name.as_str(), it.value.as_str(), it.line))
            .collect();
        assert_eq!(set, [("A", "staging", 1), ("B", "two", 3)]);
        assert!(files.foreign.is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_cannot_be_read_is_not_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".env");
        let read =
            || read_env_files(directory.path(), None, &|_| None).map(|files| files.read.len());
        std::os::unix::fs::symlink("nowhere", &path).unwrap();
        assert_eq!(read().unwrap(), 0);
        fs_err::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(".env", &path).unwrap();
        assert!(matches!(read(), Err(DotenvError::Found { .. })));
        fs_err::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(read().is_err());
        fs_err::remove_file(&path).unwrap();
        for utf16 in [b"\xff\xfeA\0=\0", b"\xfe\xff\0A\0="] {
            let mut file = fs_err::File::create(&path).unwrap();
            io::Write::write_all(&mut file, utf16).unwrap();
            assert!(matches!(read(), Err(DotenvError::Found { .. })));
            assert!(read_named_env_files(vec![path.clone()], &|_| None).is_err());
        }
    }

    /// The values that files set, with a process that has `HOME` and `A`.
    fn values(texts: &[&str]) -> BTreeMap<String, String> {
        let texts = texts
            .iter()
            .map(|text| (PathBuf::new(), text.as_bytes().to_vec()));
        let process = |name: &str| match name {
            "HOME" => Some("/home/me".to_owned()),
            "A" => Some("process".to_owned()),
            _ => None,
        };
        let files = merged(texts.collect(), &process);
        let set = files.into_iter().flat_map(|file| file.assignments);
        set.map(|it| (it.name, it.value)).collect()
    }

    /// What wrangler 4.164 takes each of these for.
    #[test]
    fn values_are_read_as_wrangler_reads_them() {
        for (written, value) in [
            ("X=a b", "a b"),
            ("X = a # b", "a"),
            ("X=a#b", "a"),
            ("X='a # b' # c", "a # b"),
            ("X=\"a\\nb\"", "a\nb"),
            ("X='a\\nb'", "a\\nb"),
            ("X=`it's \"a\"`", "it's \"a\""),
            ("X: a", "a"),
            ("X:a\nX=b", "b"),
            ("export X='a'", "a"),
            ("export  X=a\r\nY=1\r\n", "a"),
            ("X=a\nX=b", "b"),
            ("X=a\nX=", ""),
            ("X='a\nb'", "a\nb"),
            ("X='a'b'", "a'b"),
            ("X='a' b", "'a' b"),
            ("X=\"a\\\"b\"", "a\\\"b"),
            ("X='a", "'a"),
            ("\u{feff}X=a", "a"),
            ("X=$HOME/x", "/home/me/x"),
            ("X=${HOME}x", "/home/mex"),
            ("X='$HOME'", "/home/me"),
            ("X=\\$HOME", "$HOME"),
            ("X=$NONE-", "-"),
            ("X=${NONE:-${HOME}}", "/home/me"),
            ("X=${HOME:+set}", "set"),
            ("Y_1=y\nX=a-$Y_1.b", "a-y.b"),
            ("X=$LATER\nLATER=1", ""),
            ("X=$X", ""),
            ("A=file\nX=$A", "process"),
        ] {
            let set = values(&[written]);
            assert_eq!(set.get("X").map(String::as_str), Some(value), "{written:?}");
        }
    }

    #[test]
    fn references_see_what_earlier_variables_are_in_the_end() {
        let set = values(&["HOST=a\nX=http://$HOST\n", "HOST=b\n"]);
        assert_eq!(set["X"], "http://b");
        // Not for ever.
        let endless = merged(vec![(PathBuf::new(), b"X=$L".to_vec())], &|_| {
            Some("a$L".into())
        });
        assert_eq!(endless[0].assignments[0].value, "a");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_and_lines_are_those_of_the_names(
            text in "([A-C$\\\\{}'\"`#:=_ \t\r\n-]|export ){0,40}",
        ) {
            let text = text.replace('\r', "");
            for written in syntax::parse(&text) {
                let line = text.lines().nth(written.line - 1).unwrap_or_default();
                proptest::prop_assert!(line.contains(&written.name), "{written:?}");
            }
            values(&[&text, &text]);
        }
    }

    #[test]
    fn what_is_taken_from_elsewhere_is_not_literal() {
        let text = "B=1\nX=http://a/${B}\nX = 'http://a' # b\nY=\"a\nb\"\nZ=$B\nW=\n";
        let files = merged(vec![(PathBuf::new(), text.into())], &|_| None);
        let literal = |name: &str| {
            let mut set = files[0].assignments.iter();
            set.find(|it| it.name == name)
                .map(|it| (it.line, it.literal))
        };
        assert_eq!(literal("X"), Some((3, true)));
        assert_eq!(literal("Y"), Some((4, true)));
        assert_eq!(literal("Z"), Some((6, false)));
        assert_eq!(literal("W"), Some((7, true)));
    }
}
