//! The logins that `wrangler login` and `wrangler auth create` keep, and which folder uses which.
//!
//! Read, never written: wrangler's refresh token changes with every use, so a tool that used it
//! without saving the next one would log the user out.

use std::{
    collections::BTreeMap,
    io,
    path::{MAIN_SEPARATOR, Path, PathBuf},
};

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    domain::{Classification, Classify, ErrorClass, ProfileName, ProfileNameError},
    fsx,
};

/// The most that one of wrangler's files may hold, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// What wrangler keeps about a login.
#[derive(Debug)]
pub struct Login {
    /// The file.
    pub path: PathBuf,
    /// The token.
    pub token: SecretString,
}

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

/// Why a login cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The file cannot be read.
    #[error("could not read wrangler's login at {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not TOML. Its text is not quoted, because it contains secrets.
    #[error("wrangler's login at {} is not valid TOML", .0.display())]
    Unparsable(PathBuf),
    /// The token has expired.
    #[error("wrangler's login at {} has expired", path.display())]
    Expired {
        /// The file.
        path: PathBuf,
        /// The login.
        profile: ProfileName,
    },
    /// The token is encrypted with a key in the system's keyring, which kvctl does not read.
    #[error("wrangler's login at {} is encrypted; kvctl cannot read it", path.display())]
    Encrypted {
        /// The file.
        path: PathBuf,
        /// The login.
        profile: ProfileName,
    },
    /// The file of directory bindings cannot be read.
    #[error("could not read {}, which says which login a directory uses", path.display())]
    ReadBindings {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file of directory bindings is not what wrangler writes.
    #[error("{}:{line}:{column}: not a JSON object of directories and profile names", path.display())]
    BadBindings {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// A directory is bound to something that is not the name of a login.
    #[error("{}: `{directory}` is bound to something other than a profile name", path.display())]
    BadBinding {
        /// The file.
        path: PathBuf,
        /// The directory.
        directory: String,
        /// Why, if it is a text.
        source: Option<ProfileNameError>,
    },
}

impl Classify for LoginError {
    fn classify(&self) -> Classification {
        match self {
            Self::Read { .. } => ErrorClass::Denied.into(),
            Self::Unparsable(_) => {
                ErrorClass::Denied.hint("run `wrangler login` again, or set CLOUDFLARE_API_TOKEN")
            }
            Self::Expired { profile, .. } => ErrorClass::Denied.hint(format!(
                "run `{}` again, or set CLOUDFLARE_API_TOKEN, for example to the `token` that \
                 `{}` prints, which renews the login",
                login_command(profile),
                token_command(profile)
            )),
            Self::Encrypted { profile, .. } => ErrorClass::Denied.hint(format!(
                "set CLOUDFLARE_API_TOKEN, for example to the `token` that `{}` prints",
                token_command(profile)
            )),
            Self::ReadBindings { .. } | Self::BadBindings { .. } | Self::BadBinding { .. } => {
                ErrorClass::Denied.hint(
                    "correct the file, or choose the login with `--profile NAME`; `wrangler auth list` \
                     shows them",
                )
            }
        }
    }
}

/// Returns the command that makes or renews a login.
pub fn login_command(profile: &ProfileName) -> String {
    if profile.is_default() {
        "wrangler login".to_owned()
    } else {
        format!("wrangler auth create {profile}")
    }
}

fn token_command(profile: &ProfileName) -> String {
    if profile.is_default() {
        "wrangler auth token --json".to_owned()
    } else {
        format!("wrangler auth token --json --profile {profile}")
    }
}

#[derive(Deserialize)]
struct File {
    oauth_token: Option<SecretString>,
    api_token: Option<SecretString>,
    expiration_time: Option<String>,
}

/// Where wrangler keeps its logins.
#[derive(Debug, Clone)]
pub struct LoginStore {
    /// The user's home directory.
    pub home: PathBuf,
    /// Where configuration lives, if not at the usual place below it.
    pub config_home: Option<PathBuf>,
}

impl LoginStore {
    /// Reads a login; `None` if there is none of that name.
    pub fn read(&self, profile: &ProfileName, now: Timestamp) -> Result<Option<Login>, LoginError> {
        let directory = self.directory().join("config");
        let path = directory.join(format!("{profile}.toml"));
        let encrypted = directory.join(format!("{profile}.enc"));
        let is_plain = fs_err::symlink_metadata(&path).is_ok();
        if encrypted.exists() && (!is_plain || self.prefers_keyring()) {
            return Err(LoginError::Encrypted {
                path: encrypted,
                profile: profile.clone(),
            });
        }
        if !is_plain {
            return Ok(None);
        }
        let text = match fsx::read_text(&path, MAX_BYTES) {
            Ok(text) => text,
            Err(source) => return Err(LoginError::Read { path, source }),
        };
        let Ok(file) = toml_edit::de::from_str::<File>(&text) else {
            return Err(LoginError::Unparsable(path));
        };
        let Some(token) = file.oauth_token else {
            // Logins of wrangler 1 have no expiration, and wrangler still accepts them.
            return Ok(file.api_token.map(|token| Login { path, token }));
        };
        let expires: Option<Timestamp> = file.expiration_time.and_then(|time| time.parse().ok());
        if expires.is_some_and(|expires| expires > now) {
            Ok(Some(Login { path, token }))
        } else {
            Err(LoginError::Expired {
                path,
                profile: profile.clone(),
            })
        }
    }

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
        let is_above = |above: &str| {
            let below = directory.to_str().and_then(|text| text.strip_prefix(above));
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

    /// Whether wrangler was told to keep logins in the keyring: where there are both files, the plain
    /// one is then an old one.
    fn prefers_keyring(&self) -> bool {
        let read = fsx::read_file(&self.directory().join("preferences.json"), MAX_BYTES);
        let preferences = read
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        preferences.is_some_and(|it: Value| it["keyring_enabled"] == true)
    }

    /// The places are wrangler's: `~/.wrangler` if it exists, else below the configuration home.
    fn directory(&self) -> PathBuf {
        let old = self.home.join(".wrangler");
        if old.is_dir() {
            return old;
        }
        let base = match &self.config_home {
            Some(base) if cfg!(windows) => base.join("xdg.config"),
            Some(base) => base.clone(),
            None => self.home.join(Path::new(usual_config_home())),
        };
        base.join(".wrangler")
    }
}

fn usual_config_home() -> &'static str {
    if cfg!(target_os = "macos") {
        "Library/Preferences"
    } else {
        ".config"
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    /// A store with these files.
    fn store(files: &[(&str, &str)]) -> (tempfile::TempDir, LoginStore) {
        let home = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = home.path().join("xdg/.wrangler").join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            let mut file = fs_err::File::create(path).unwrap();
            io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        }
        let store = LoginStore {
            home: home.path().to_owned(),
            config_home: Some(home.path().join("xdg")),
        };
        (home, store)
    }

    fn default_login(text: &str) -> (tempfile::TempDir, LoginStore) {
        store(&[("config/default.toml", text)])
    }

    fn read(store: &LoginStore) -> Result<Option<Login>, LoginError> {
        store.read(&ProfileName::default_login(), now())
    }

    fn bound(store: &LoginStore, directory: &str) -> Option<(String, String)> {
        let bound = store.bound(Path::new(directory)).unwrap()?;
        Some((bound.directory, bound.profile.to_string()))
    }

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_valid_login_is_used_and_an_expired_one_is_not() {
        let text = |time| format!("oauth_token = \"canary\"\nexpiration_time = \"{time}\"\n");
        let (_home, valid) = default_login(&text("2026-01-01T01:00:00.000Z"));
        let login = read(&valid).unwrap().unwrap();
        assert_eq!(login.token.expose_secret(), "canary");
        assert!(!format!("{login:?}").contains("canary"));
        for old in [
            &text("2025-12-31T23:59:59.000Z"),
            "oauth_token = \"canary\"",
        ] {
            let (_home, expired) = default_login(old);
            assert!(matches!(read(&expired), Err(LoginError::Expired { .. })));
        }
    }

    #[test]
    fn no_file_is_no_login_and_a_broken_one_is_not_repeated() {
        assert!(read(&store(&[]).1).unwrap().is_none());
        let (_home, broken) = default_login("oauth_token = canary");
        let error = read(&broken).unwrap_err();
        assert!(!format!("{error:?}").contains("canary"));
    }

    #[test]
    fn an_encrypted_login_is_not_passed_over_for_an_old_plain_one() {
        let plain = "oauth_token = \"canary\"\nexpiration_time = \"2999-01-01T00:00:00.000Z\"\n";
        let (enc, toml) = (("config/default.enc", "{}"), ("config/default.toml", plain));
        let encrypted = |files: &[(&str, &str)]| {
            let (_home, store) = store(files);
            matches!(read(&store), Err(LoginError::Encrypted { .. }))
        };
        assert!(encrypted(&[enc]));
        assert!(!encrypted(&[enc, toml]));
        let keyring = |text| encrypted(&[enc, toml, ("preferences.json", text)]);
        assert!(keyring("{\"keyring_enabled\": true}"));
        assert!(!keyring("{\"keyring_enabled\": false}"));
        assert!(!keyring("{"));
    }

    const BINDINGS: &str = "profiles/directory-bindings.json";

    #[cfg(unix)]
    #[test]
    fn the_nearest_bound_directory_decides_and_is_compared_as_text() {
        let text =
            r#"{"/a": "one", "/a/b/c": "two", "/": "root", "/d/": "slash", "/e": "default"}"#;
        let (_home, store) = store(&[(BINDINGS, text)]);
        let of = |directory| bound(&store, directory).map(|(_, profile)| profile);
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
        for other in ["", "[]", "null", "\u{feff}{}"] {
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
