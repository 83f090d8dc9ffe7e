//! Which folder uses which login, as `wrangler auth activate` keeps it.

use std::{
    collections::BTreeMap,
    io,
    path::{MAIN_SEPARATOR, Path, PathBuf},
};

use serde_json::Value;

use super::{LoginError, LoginStore, MAX_BYTES};
use crate::{domain::ProfileName, fsx};

/// The login that a directory is bound to.
#[derive(Debug, PartialEq, Eq)]
pub struct Bound {
    /// The file that says so.
    pub file: PathBuf,
    /// The directory, or one above it.
    pub directory: String,
    /// The login.
    pub profile: ProfileName,
}

impl LoginStore {
    /// Finds the login that `directory` is bound to with `wrangler auth activate`: the binding of the
    /// longest directory above it wins. Paths are compared as text, as wrangler does, which also means
    /// that a binding of the root directory applies to nothing below it.
    pub fn bound(&self, directory: &Path) -> Result<Option<Bound>, LoginError> {
        let path = self.directory().join("profiles/directory-bindings.json");
        // A link that leads nowhere is not the same as no file.
        if fs_err::symlink_metadata(&path).is_err_and(|e| e.kind() == io::ErrorKind::NotFound) {
            return Ok(None);
        }
        let bytes = match fsx::read_file(&path, MAX_BYTES) {
            Ok(bytes) => bytes,
            Err(source) => return Err(LoginError::ReadBindings { path, source }),
        };
        let bindings: BTreeMap<String, Value> = match serde_json::from_slice(&bytes) {
            Ok(bindings) => bindings,
            Err(e) => {
                return Err(LoginError::BadBindings {
                    path,
                    line: e.line(),
                    column: e.column().max(1),
                });
            }
        };
        // As Node.js reads a name that is not Unicode.
        let directory = directory.to_string_lossy();
        let is_above = |above: &str| {
            let below = directory.strip_prefix(above);
            below.is_some_and(|rest| rest.is_empty() || rest.starts_with(MAIN_SEPARATOR))
        };
        let bound = bindings.into_iter().filter(|(above, _)| is_above(above));
        let Some((directory, name)) = bound.max_by_key(|(above, _)| above.len()) else {
            return Ok(None);
        };
        match name.as_str().map(str::parse) {
            Some(Ok(profile)) => Ok(Some(Bound {
                file: path,
                directory,
                profile,
            })),
            other => Err(LoginError::BadBinding {
                path,
                directory,
                source: other.and_then(Result::err),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::store, *};

    fn bound(store: &LoginStore, directory: &str) -> Option<(String, String)> {
        let bound = store.bound(Path::new(directory)).unwrap()?;
        Some((bound.directory, bound.profile.to_string()))
    }

    const BINDINGS: &str = "profiles/directory-bindings.json";

    #[test]
    fn the_nearest_bound_directory_decides_and_is_compared_as_text() {
        let text =
            r#"{"/a": "one", "/a/b/c": "two", "/": "root", "/d/": "slash", "/e": "default"}"#;
        let native = |path: &str| path.replace('/', std::path::MAIN_SEPARATOR_STR);
        let text = native(text).replace('\\', "\\\\");
        let (_home, store) = store(&[(BINDINGS, &text)]);
        let of = |directory: &str| bound(&store, &native(directory)).map(|(_, profile)| profile);
        let found = ["/a", "/a/b", "/a/b/c", "/a/b/c/d", "/e/x"].map(of);
        let expected = ["one", "one", "two", "two", "default"];
        assert_eq!(found, expected.map(|name| Some(name.to_owned())));
        for unbound in ["/ab", "/d/e", "/x", "/a/../b/c"] {
            let expected = unbound.starts_with("/a/").then(|| "one".to_owned());
            assert_eq!(of(unbound), expected, "{unbound}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_whose_name_is_not_unicode_has_its_login() {
        use std::os::unix::ffi::OsStrExt as _;
        let (_home, store) = store(&[(BINDINGS, "{\"/a/\u{fffd}\": \"one\"}")]);
        let directory = Path::new(std::ffi::OsStr::from_bytes(b"/a/\xff/b"));
        let bound = store.bound(directory).unwrap().unwrap();
        assert_eq!(bound.profile.to_string(), "one");
    }

    #[cfg(unix)]
    #[test]
    fn broken_bindings_are_named_and_never_passed_over() {
        let message = |text| {
            let (_home, store) = store(&[(BINDINGS, text)]);
            let error = store.bound(Path::new("/a/b")).unwrap_err().to_string();
            error
                .rsplit_once("directory-bindings.json")
                .unwrap()
                .1
                .to_owned()
        };
        let not_json = ":2:9: not a JSON object of directories and profile names";
        assert_eq!(message("{\n  \"/a\": on\n}"), not_json);
        for other in ["", "[]"] {
            assert_eq!(message(other), not_json.replace("2:9", "1:1"), "{other}");
        }
        for other in ["null", "\u{feff}{}"] {
            assert!(message(other).ends_with(not_json.split_at(5).1), "{other}");
        }
        for other in ["{\"/a\": 1}", "{\"/a\": \"\"}", "{\"/a\": \"../x\"}"] {
            let expected = ": `/a` is bound to something other than a profile name";
            assert_eq!(message(other), expected, "{other}");
        }
        // What other directories are bound to is not looked at.
        let (_home, fine) = store(&[(BINDINGS, "{\"/x\": 1, \"/a\": \"one\"}")]);
        assert_eq!(
            bound(&fine, "/a"),
            Some(("/a".to_owned(), "one".to_owned()))
        );
        let (home, linked) = store(&[("profiles/other", "")]);
        let link = home.path().join("xdg/.wrangler").join(BINDINGS);
        std::os::unix::fs::symlink("nowhere", link).unwrap();
        let error = linked.bound(Path::new("/a")).unwrap_err();
        assert!(matches!(error, LoginError::ReadBindings { .. }));
    }
}
