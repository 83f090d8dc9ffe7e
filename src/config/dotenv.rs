//! Env files beside the wrangler file, read as wrangler reads them.
//!
//! Owns which files there are and which wins. Values may be secrets: no error repeats them.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why an env file could not be read.
#[derive(Debug, thiserror::Error)]
#[error("could not read {}", path.display())]
pub struct DotenvError {
    path: PathBuf,
    source: io::Error,
}

/// An env file and what it sets. No `Debug`: values may be secrets.
pub struct EnvFile {
    /// The file.
    pub path: PathBuf,
    /// Names and values, in the order of the file.
    pub pairs: Vec<(String, String)>,
}

/// Reads the env files of `directory`, the one that wins first: `.env.NAME.local`, `.env.NAME`,
/// `.env.local`, `.env`. Files that do not exist are left out, and lines that set nothing are
/// passed over, as wrangler does.
pub fn read_env_files(
    directory: &Path,
    environment: Option<&str>,
) -> Result<Vec<EnvFile>, DotenvError> {
    let mut names = vec![".env.local".to_owned(), ".env".to_owned()];
    if let Some(name) = environment.filter(|name| !name.is_empty() && !name.contains(['/', '\\'])) {
        names.splice(0..0, [format!(".env.{name}.local"), format!(".env.{name}")]);
    }
    let mut files = Vec::new();
    for name in names {
        let path = directory.join(name);
        // A directory of that name is somebody's virtual environment, not an env file.
        if !path.is_file() {
            continue;
        }
        match fs_err::read(&path) {
            Ok(bytes) => files.push(EnvFile {
                pairs: pairs(&bytes),
                path,
            }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(DotenvError { path, source }),
        }
    }
    Ok(files)
}

fn pairs(bytes: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    // A line that does not parse ends nothing: the lines after it still count.
    dotenvy::from_read_iter(text.as_bytes())
        .filter_map(Result::ok)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearer_files_come_first_and_bad_lines_are_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            fs_err::File::create(directory.path().join(name))
                .and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()))
                .unwrap();
        };
        write(
            ".env",
            "A=1\nthis is no assignment\nexport B='two'\r\n# C=3\n",
        );
        write(".env.staging", "A=staging\n");
        let files = read_env_files(directory.path(), Some("staging")).unwrap();
        let pairs: Vec<_> = files.into_iter().flat_map(|file| file.pairs).collect();
        let expected = [("A", "staging"), ("A", "1"), ("B", "two")];
        assert_eq!(pairs, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }
}
