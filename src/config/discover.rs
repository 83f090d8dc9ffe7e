//! Finds the wrangler file that wrangler itself would take.

use std::path::{Path, PathBuf};

use super::Error;
use crate::fsx::{FileKind, broken_link, foreign_owner, kind_of};

/// What wrangler looks for, the first that exists anywhere above winning over all that follow.
const NAMES: [&str; 3] = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];

/// What wrangler reads in place of a wrangler file, as an experiment that has to be switched on.
pub const TYPESCRIPT_NAME: &str = "cloudflare.config.ts";

/// The file to work on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WranglerFile {
    /// The file itself.
    pub path: PathBuf,
    /// A wrangler file as near or nearer that wrangler ignores in favour of `path`.
    pub passed_over: Option<PathBuf>,
    /// The other user who owns `path`, where it was found above the directory that was asked about.
    pub foreign_owner: Option<u32>,
}

/// Finds the file to work on: `explicit`, or the one that wrangler takes when run in `start`.
///
/// wrangler asks for one name in all parents before it asks for the next, so a `wrangler.json` far
/// above wins over a `wrangler.toml` right here. People do not expect that, hence
/// [`WranglerFile::passed_over`].
pub fn discover(start: &Path, explicit: Option<&Path>) -> Result<WranglerFile, Error> {
    if let Some(explicit) = explicit {
        return named(start.join(explicit));
    }
    let directories: Vec<&Path> = start.ancestors().collect();
    let found = NAMES.iter().find_map(|name| {
        let candidates = directories.iter().enumerate();
        let mut files = candidates.map(|(depth, directory)| (depth, directory.join(name)));
        files.find(|(_, path)| path.is_file())
    });
    let Some((depth, path)) = found else {
        let named = directories
            .iter()
            .flat_map(|directory| NAMES.iter().map(|it| directory.join(it)));
        let mut others = named.filter_map(|path| Some((occupant(&path)?, path)));
        // wrangler passes it over, but who put it there means something by it.
        if let Some((what, path)) = others.next() {
            return Err(Error::Occupied { path, what });
        }
        let typescript = directories.iter().map(|it| it.join(TYPESCRIPT_NAME));
        if let Some(path) = typescript.into_iter().find(|path| path.is_file()) {
            return Err(Error::TypeScript { path });
        }
        let searched = directories.into_iter().map(Path::to_path_buf).collect();
        return Err(Error::NotFound { searched });
    };
    let as_near = directories[..=depth].iter();
    let passed_over = as_near
        .flat_map(|directory| NAMES.iter().map(|name| directory.join(name)))
        .find(|other| *other != path && (other.is_file() || broken_link(other).is_some()));
    let owner = |path: &Path| foreign_owner(&fs_err::metadata(path).ok()?);
    let foreign_owner = (depth > 0).then(|| owner(&path)).flatten();
    Ok(WranglerFile {
        path,
        passed_over,
        foreign_owner,
    })
}

/// Returns what is at `path` in place of a file.
fn occupant(path: &Path) -> Option<&'static str> {
    let nowhere = || broken_link(path).map(|_| "a link that leads nowhere");
    kind_of(path).map(FileKind::what).or_else(nowhere)
}

fn named(path: PathBuf) -> Result<WranglerFile, Error> {
    if path.is_file() {
        Ok(WranglerFile {
            path,
            passed_over: None,
            foreign_owner: None,
        })
    } else if std::fs::symlink_metadata(&path).is_ok() {
        Err(Error::NotAFile { path })
    } else {
        Err(Error::Missing { path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Classify as _;
    use crate::domain::ShowPath as _;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(root.path().join("a/b")).unwrap();
        for file in files {
            fs_err::File::create(root.path().join(file)).unwrap();
        }
        root
    }

    #[test]
    fn json_far_above_wins_and_the_nearer_file_is_named() {
        let root = tree(&["wrangler.json", "a/wrangler.jsonc", "a/b/wrangler.toml"]);
        let found = discover(&root.path().join("a/b"), None).unwrap();
        assert_eq!(found.path, root.path().join("wrangler.json"));
        assert_eq!(
            found.passed_over,
            Some(root.path().join("a/b/wrangler.toml"))
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_nowhere_is_not_the_same_as_no_file() {
        let root = tree(&[]);
        let near = root.path().join("a/wrangler.toml");
        std::os::unix::fs::symlink("gone", &near).unwrap();
        let error = discover(&root.path().join("a"), None).unwrap_err();
        let said = error.to_string();
        assert!(
            said.ends_with("a/wrangler.toml: a link that leads nowhere, not a file"),
            "{said}"
        );
        fs_err::File::create(root.path().join("wrangler.toml")).unwrap();
        let found = discover(&root.path().join("a"), None).unwrap();
        assert_eq!(found.passed_over, Some(near));
    }

    #[test]
    fn the_nearest_of_one_name_wins() {
        let root = tree(&["wrangler.toml", "a/wrangler.toml"]);
        let found = discover(&root.path().join("a/b"), None).unwrap();
        assert_eq!(found.path, root.path().join("a/wrangler.toml"));
        assert_eq!(found.passed_over, None);
    }

    #[test]
    fn a_sibling_is_passed_over_too() {
        let root = tree(&["a/wrangler.toml", "a/wrangler.jsonc"]);
        let found = discover(&root.path().join("a"), None).unwrap();
        assert_eq!(found.path, root.path().join("a/wrangler.jsonc"));
        assert_eq!(found.passed_over, Some(root.path().join("a/wrangler.toml")));
    }

    #[test]
    fn a_named_file_must_exist_and_be_a_file() {
        let root = tree(&["a/other.toml"]);
        let found = discover(root.path(), Some(Path::new("a/other.toml"))).unwrap();
        assert_eq!(found.path, root.path().join("a/other.toml"));
        let wrong = |name| discover(root.path(), Some(Path::new(name))).unwrap_err();
        assert!(matches!(wrong("a"), Error::NotAFile { .. }));
        assert!(matches!(wrong("none.toml"), Error::Missing { .. }));
    }

    #[test]
    fn what_is_called_so_and_is_no_file_is_named_where_nothing_else_is_found() {
        let root = tree(&[]);
        let occupied = root.path().join("a").join("wrangler.toml");
        fs_err::create_dir(&occupied).unwrap();
        let error = discover(&root.path().join("a/b"), None).unwrap_err();
        let message = format!("{}: a directory, not a file", occupied.shown());
        assert_eq!(error.to_string(), message);
        fs_err::File::create(root.path().join("wrangler.jsonc")).unwrap();
        let found = discover(&root.path().join("a/b"), None).unwrap();
        assert_eq!(found.path, root.path().join("wrangler.jsonc"));
    }

    #[test]
    fn typescript_is_named_where_there_is_no_wrangler_file() {
        let root = tree(&["a/cloudflare.config.ts"]);
        let error = discover(&root.path().join("a/b"), None).unwrap_err();
        let path = root.path().join("a").join("cloudflare.config.ts");
        let start = format!("{}: kvctl cannot read", path.shown());
        assert!(error.to_string().starts_with(&start), "{error}");
        fs_err::File::create(root.path().join("wrangler.toml")).unwrap();
        let found = discover(&root.path().join("a"), None).unwrap();
        assert_eq!(found.path, root.path().join("wrangler.toml"));
    }

    #[test]
    fn nothing_found_names_every_directory_and_what_to_do() {
        // The directories above a temporary one could hold a file; one that does not exist
        // directly under the root can not.
        let error = discover(Path::new("/kvctl-no-such/dir"), None).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("/kvctl-no-such/dir, /kvctl-no-such and /"),
            "{message}"
        );
        let hint = error.hint().unwrap().to_string();
        assert!(
            hint.contains("--init") && hint.contains("-c FILE"),
            "{hint}"
        );
    }
}
