//! Env files, read as wrangler reads them: those of the folder that the command works in.
//!
//! Owns which files there are, which wins, and whose files are read. Values may be secrets: no error
//! repeats them.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    domain::{Classification, Classify, ErrorClass},
    fsx::{self, foreign_owner},
};

/// The most that an env file may hold, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Why an env file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DotenvError {
    /// One of the folder.
    #[error("could not read {}", path.display())]
    Found {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// One that `--env-file` names.
    #[error("could not read the env file {}", path.display())]
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
            Self::Named { .. } => ErrorClass::Usage.into(),
        }
    }
}

/// An env file and what it sets. No `Debug`: values may be secrets.
pub struct EnvFile {
    /// The file.
    pub path: PathBuf,
    /// Its variables, in the order of the file.
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

/// Reads the env files of `directory`, the one that wins first: `.env.NAME.local`, `.env.NAME`,
/// `.env.local`, `.env`. Missing files and lines that set nothing are skipped, as wrangler does.
pub fn read_env_files(
    directory: &Path,
    environment: Option<&str>,
) -> Result<EnvFiles, DotenvError> {
    let mut names = vec![".env.local".to_owned(), ".env".to_owned()];
    if let Some(name) = environment.filter(|name| !name.is_empty() && !name.contains(['/', '\\'])) {
        names.splice(0..0, [format!(".env.{name}.local"), format!(".env.{name}")]);
    }
    let mut files = EnvFiles::default();
    for name in names {
        let path = directory.join(name);
        // A directory of that name is a Python virtual environment, not an env file.
        if !path.is_file() {
            continue;
        }
        match read(&path) {
            Ok(Ok(bytes)) => files.read.push(EnvFile {
                assignments: assignments(&bytes),
                path,
            }),
            Ok(Err(owner)) => files.foreign.push((path, owner)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(DotenvError::Found { path, source }),
        }
    }
    Ok(files)
}

/// Reads the env files that `--env-file` names, of which the last wins: it comes first. They may be
/// pipes, and each must be there.
pub fn read_named_env_files(paths: Vec<PathBuf>) -> Result<EnvFiles, DotenvError> {
    let read = |path: PathBuf| match fsx::read_file_or_pipe(&path, MAX_BYTES) {
        Ok(bytes) => Ok(EnvFile {
            assignments: assignments(&bytes),
            path,
        }),
        Err(source) => Err(DotenvError::Named { path, source }),
    };
    let read: Result<Vec<_>, _> = paths.into_iter().map(read).collect();
    let mut read = read?;
    read.reverse();
    Ok(EnvFiles {
        read,
        ..EnvFiles::default()
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
    fsx::read_up_to(file, MAX_BYTES).map(Ok)
}

fn assignments(bytes: &[u8]) -> Vec<Assignment> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    let braced = with_braces(text);
    // A line that does not parse ends nothing: the lines after it still count.
    let pairs = dotenvy::from_read_iter(braced.as_bytes()).filter_map(Result::ok);
    pairs
        .map(|(name, value)| {
            let (line, written) = line_of(text, &name);
            let literal = written.contains(&value) && !written.contains('$');
            Assignment {
                name,
                value,
                line,
                literal,
            }
        })
        .collect()
}

/// Writes `$NAME` as `${NAME}`: the parser ends a name without braces at its first underscore.
/// Comments, text in single quotes, and characters after a backslash are left as they are.
fn with_braces(text: &str) -> String {
    let mut braced = String::with_capacity(text.len());
    let mut quote = None;
    let mut before = '\n';
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match (c, quote) {
            ('#', None) if before.is_whitespace() => length = rest.find('\n').unwrap_or(rest.len()),
            ('\\', None | Some('"')) => {
                length += rest[length..].chars().next().map_or(0, char::len_utf8);
            }
            ('\'' | '"', None) => quote = Some(c),
            ('\'' | '"', Some(open)) if open == c => quote = None,
            ('$', None | Some('"')) => {
                let name = name_at_start(&rest[length..]);
                if !name.is_empty() {
                    length += name.len();
                    braced.extend(["${", name, "}"]);
                    before = '}';
                    rest = &rest[length..];
                    continue;
                }
            }
            _ => {}
        }
        let (taken, left) = rest.split_at(length);
        braced.push_str(taken);
        before = taken.chars().next_back().unwrap_or(c);
        rest = left;
    }
    braced
}

/// Returns the name that `text` begins with: letters, digits and underscores, no digit first.
fn name_at_start(text: &str) -> &str {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return "";
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    &text[..end]
}

/// Returns the last line that sets `name`, which wins, and its value.
fn line_of<'t>(text: &'t str, name: &str) -> (usize, &'t str) {
    let set = |line: &'t str| {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        line.strip_prefix(name)?.trim_start().strip_prefix('=')
    };
    let numbered = text.lines().zip(1..);
    let lines = numbered.filter_map(|(line, number)| Some((number, set(line)?)));
    lines.last().unwrap_or((1, ""))
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
        let files = read_env_files(directory.path(), Some("staging")).unwrap();
        let set: Vec<_> = files.read.iter().flat_map(|it| &it.assignments).collect();
        let set: Vec<_> = set
            .iter()
            .map(|it| (it.name.as_str(), it.value.as_str(), it.line))
            .collect();
        assert_eq!(set, [("A", "staging", 1), ("A", "1", 1), ("B", "two", 3)]);
        assert!(files.foreign.is_empty());
    }

    #[test]
    fn a_name_without_braces_is_taken_whole() {
        let given = "MY_TOKEN=good\n_A1=one\n";
        for (written, value) in [
            ("$MY_TOKEN", "good"),
            ("${MY_TOKEN}", "good"),
            ("\"$MY_TOKEN\"", "good"),
            ("a-$MY_TOKEN-$_A1.b # it's $MY_TOKEN", "a-good-one.b"),
            ("$MY_TOKEN$_A1", "goodone"),
            ("\"it's $MY_TOKEN\" # \"", "it's good"),
            ("'$MY_TOKEN'", "$MY_TOKEN"),
            ("\\$MY_TOKEN", "$MY_TOKEN"),
            ("\"\\\"\\$MY_TOKEN\"", "\"$MY_TOKEN"),
            ("\\\\$MY_TOKEN", "\\good"),
            ("a#$MY_TOKEN", "a#good"),
            ("\"a\nb $MY_TOKEN\"", "a\nb good"),
        ] {
            let text = format!("{given}# it's a \" comment\nX={written}\nY=$_A1\n");
            let all = assignments(text.as_bytes());
            let set = |name: &str| all.iter().find(|it| it.name == name).map(|it| &*it.value);
            assert_eq!(set("X"), Some(value), "{written}");
            assert_eq!(set("Y"), Some("one"), "{written}");
        }
    }

    proptest::proptest! {
        #[test]
        fn braces_are_all_that_changes(text in "[$A_1{}'\"#\\\\ =\né]{0,24}") {
            let without = |text: &str| text.replace(['{', '}'], "");
            let braced = with_braces(&text);
            proptest::prop_assert_eq!(without(&braced), without(&text));
            proptest::prop_assert_eq!(with_braces(&braced), braced);
        }
    }

    #[test]
    fn what_is_taken_from_elsewhere_is_not_literal() {
        let text = "B=1\nX=http://a/${B}\nX = 'http://a' # b\nY=\"a\nb\"\nZ=$B\nW=\n";
        let literal = |name: &str| {
            let all = assignments(text.as_bytes());
            let found = all.into_iter().rfind(|it| it.name == name);
            found.map(|it| (it.line, it.literal))
        };
        assert_eq!(literal("X"), Some((3, true)));
        assert_eq!(literal("Y"), Some((4, false)));
        assert_eq!(literal("Z"), Some((6, false)));
        assert_eq!(literal("W"), Some((7, true)));
    }
}
