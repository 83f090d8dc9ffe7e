//! The logins that `wrangler login` and `wrangler auth create` keep, and which folder uses which.
//!
//! Read, never written: wrangler's refresh token changes with every use, so a tool that used it
//! without saving the next one would log the user out.

mod bindings;
mod error;

#[cfg(test)]
use std::io;
use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;
use toml_edit::{Document, Item, Table};

use super::{Location, Position};
use crate::{domain::ProfileName, fsx};
pub use bindings::Bound;
pub use error::{LoginError, login_command};

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

/// Where wrangler keeps its logins.
#[derive(Debug, Clone)]
pub struct LoginStore {
    /// The user's home directory.
    pub home: PathBuf,
    /// Where configuration lives, if not at the usual place.
    pub config_home: Option<PathBuf>,
    /// Where the usual place is on Windows, if not below the home directory.
    pub app_data: Option<PathBuf>,
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
            Err(source) => {
                return Err(LoginError::Read {
                    path,
                    profile: profile.clone(),
                    source,
                });
            }
        };
        let file = File {
            path: &path,
            profile,
            text: &text,
        };
        let fields = file.fields()?;
        let Some(token) = fields.oauth_token else {
            // Logins of wrangler 1 have no expiration, and wrangler still accepts them.
            return Ok(fields.api_token.map(|token| Login { path, token }));
        };
        let profile = profile.clone();
        match fields.expiration_time {
            Some(until) if until > now => Ok(Some(Login { path, token })),
            Some(until) => Err(LoginError::Expired {
                path,
                profile,
                until,
            }),
            None => Err(LoginError::NoExpiration { path, profile }),
        }
    }

    /// Returns the names of all logins, sorted.
    pub fn names(&self) -> Vec<ProfileName> {
        let Ok(entries) = fs_err::read_dir(self.directory().join("config")) else {
            return Vec::new();
        };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let names = paths.filter_map(|path| {
            let end = path.extension()?.to_str()?;
            let is_login = matches!(end, "toml" | "enc");
            is_login.then(|| path.file_stem()?.to_str()?.parse().ok())?
        });
        let mut names: Vec<ProfileName> = names.collect();
        names.sort_by_key(ToString::to_string);
        names.dedup();
        names
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

    /// The places are wrangler's: `~/.wrangler` if it exists, else below the configuration home, which
    /// `XDG_CONFIG_HOME` sets on every system.
    fn directory(&self) -> PathBuf {
        let old = self.home.join(".wrangler");
        if old.is_dir() {
            return old;
        }
        let set = self.config_home.clone();
        set.unwrap_or_else(|| self.usual_config_home())
            .join(".wrangler")
    }

    fn usual_config_home(&self) -> PathBuf {
        if cfg!(windows) {
            let set = self.app_data.clone();
            let roaming = set.unwrap_or_else(|| self.home.join("AppData").join("Roaming"));
            roaming.join("xdg.config")
        } else if cfg!(target_os = "macos") {
            self.home.join("Library/Preferences")
        } else {
            self.home.join(".config")
        }
    }
}

/// The file of a login.
struct File<'a> {
    path: &'a Path,
    profile: &'a ProfileName,
    text: &'a str,
}

/// What it says. An empty token is none.
struct Fields {
    oauth_token: Option<SecretString>,
    api_token: Option<SecretString>,
    expiration_time: Option<Timestamp>,
}

impl File<'_> {
    fn fields(&self) -> Result<Fields, LoginError> {
        let document = match Document::parse(self.text) {
            Ok(document) => document,
            Err(e) => {
                return Err(LoginError::Unparsable {
                    place: self.place(e.span()),
                    profile: self.profile.clone(),
                });
            }
        };
        let table = document.as_table();
        Ok(Fields {
            oauth_token: self.token(table, "oauth_token")?,
            api_token: self.token(table, "api_token")?,
            expiration_time: self.time(table, "expiration_time")?,
        })
    }

    fn token(
        &self,
        table: &Table,
        field: &'static str,
    ) -> Result<Option<SecretString>, LoginError> {
        let Some(item) = table.get(field) else {
            return Ok(None);
        };
        let text = item.as_str().ok_or_else(|| self.odd(item, field, "text"))?;
        Ok((!text.is_empty()).then(|| text.into()))
    }

    fn time(&self, table: &Table, field: &'static str) -> Result<Option<Timestamp>, LoginError> {
        let Some(item) = table.get(field) else {
            return Ok(None);
        };
        let text = match item.as_datetime() {
            Some(time) => time.to_string(),
            None => item.as_str().unwrap_or_default().to_owned(),
        };
        let time = text.parse();
        time.map(Some)
            .map_err(|_unreadable| self.odd(item, field, "a time with its zone"))
    }

    fn odd(&self, item: &Item, field: &'static str, expected: &'static str) -> LoginError {
        LoginError::Field {
            place: self.place(item.span()),
            field,
            expected,
            profile: self.profile.clone(),
        }
    }

    fn place(&self, span: Option<Range<usize>>) -> Location {
        Location {
            path: self.path.to_owned(),
            position: Position::of(self.text, span.unwrap_or_default().start),
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::domain::Classify as _;
    use crate::domain::ShowPath as _;

    /// A store with these files.
    pub(super) fn store(files: &[(&str, &str)]) -> (tempfile::TempDir, LoginStore) {
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
            app_data: None,
        };
        (home, store)
    }

    #[test]
    fn the_place_is_that_of_wrangler_on_each_system() {
        let home = tempfile::tempdir().unwrap();
        let place = |config_home: Option<&str>, app_data: Option<&str>| {
            let store = LoginStore {
                home: home.path().to_owned(),
                config_home: config_home.map(PathBuf::from),
                app_data: app_data.map(PathBuf::from),
            };
            store.directory()
        };
        let usual = if cfg!(windows) {
            "AppData/Roaming/xdg.config"
        } else if cfg!(target_os = "macos") {
            "Library/Preferences"
        } else {
            ".config"
        };
        let usual = home.path().join(usual).join(".wrangler");
        assert_eq!(place(None, None), usual);
        let set = Path::new("set").join(".wrangler");
        assert_eq!(place(Some("set"), Some("roaming")), set);
        let roaming = place(None, Some("roaming"));
        if cfg!(windows) {
            assert_eq!(roaming, Path::new("roaming/xdg.config/.wrangler"));
        } else {
            assert_eq!(roaming, usual);
        }
        fs_err::create_dir(home.path().join(".wrangler")).unwrap();
        assert_eq!(place(Some("set"), None), home.path().join(".wrangler"));
    }

    fn default_login(text: &str) -> (tempfile::TempDir, LoginStore) {
        store(&[("config/default.toml", text)])
    }

    fn read(store: &LoginStore) -> Result<Option<Login>, LoginError> {
        store.read(&ProfileName::default_login(), now())
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
        // wrangler takes a date of TOML as well.
        let (_home, dated) =
            default_login("oauth_token = \"canary\"\nexpiration_time = 2026-01-01T01:00:00Z\n");
        assert!(read(&dated).unwrap().is_some());
        let (_home, expired) = default_login(&text("2025-12-31T23:59:59.000Z"));
        let said = read(&expired).unwrap_err().to_string();
        assert!(
            said.ends_with("has expired: it was valid until 2025-12-31T23:59:59Z"),
            "{said}"
        );
        let (_home, endless) = default_login("oauth_token = \"canary\"");
        let error = read(&endless).unwrap_err();
        assert!(matches!(error, LoginError::NoExpiration { .. }));
    }

    #[test]
    fn no_file_is_no_login_and_a_broken_one_is_not_repeated() {
        assert!(read(&store(&[]).1).unwrap().is_none());
        let (_home, broken) = default_login("oauth_token = canary");
        let error = read(&broken).unwrap_err();
        assert!(!format!("{error:?}").contains("canary"));
        for none in ["", "oauth_token = \"\"", "refresh_token = 5"] {
            assert!(read(&default_login(none).1).unwrap().is_none(), "{none}");
        }
    }

    #[test]
    fn a_broken_login_is_repaired_by_the_command_of_its_own_profile() {
        let end = "expiration_time = \"2999-01-01T00:00:00Z\"\n";
        let said = [
            format!("{end}oauth_token = canary\n"),
            format!("{end}oauth_token = 5\n"),
            "api_token = [\"canary\"]\n".to_owned(),
            "oauth_token = \"canary\"\nexpiration_time = \"never\"\n".to_owned(),
            "oauth_token = \"canary\"\nexpiration_time = 2999-01-01\n".to_owned(),
        ]
        .map(|text| {
            let (home, store) = store(&[("config/bad.toml", &text)]);
            let error = store.read(&"bad".parse().unwrap(), now()).unwrap_err();
            let hint = error.hint().unwrap().to_string();
            assert!(
                hint.starts_with("run `wrangler auth create bad` again"),
                "{hint}"
            );
            assert!(!format!("{error:?}").contains("canary"));
            let home = home.path().shown().into_owned();
            error.to_string().replace(&home, "HOME").replace('\\', "/")
        });
        insta::assert_snapshot!(said.join("\n"), @"
        wrangler's login at HOME/xdg/.wrangler/config/bad.toml:2:15 is not valid TOML
        HOME/xdg/.wrangler/config/bad.toml:2:15: `oauth_token` of wrangler's login is not text
        HOME/xdg/.wrangler/config/bad.toml:1:13: `api_token` of wrangler's login is not text
        HOME/xdg/.wrangler/config/bad.toml:2:19: `expiration_time` of wrangler's login is not a time with its zone
        HOME/xdg/.wrangler/config/bad.toml:2:19: `expiration_time` of wrangler's login is not a time with its zone
        ");
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
}
