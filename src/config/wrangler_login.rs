//! The login that `wrangler login` keeps.
//!
//! Read, never written: wrangler's refresh token changes with every use, so a tool that used it
//! without saving the next one would log the user out.

use std::{
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    domain::{Classification, Classify, ErrorClass},
    fsx,
};

/// What wrangler keeps about a login.
#[derive(Debug)]
pub struct Login {
    /// The file.
    pub path: PathBuf,
    /// The token.
    pub token: SecretString,
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
    #[error("wrangler's login at {} has expired", .0.display())]
    Expired(PathBuf),
    /// The token is in the system's keyring, which kvctl does not read.
    #[error("wrangler's login at {} is encrypted", .0.display())]
    Encrypted(PathBuf),
}

impl Classify for LoginError {
    fn classify(&self) -> Classification {
        match self {
            Self::Read { .. } => ErrorClass::Denied.into(),
            Self::Unparsable(_) => {
                ErrorClass::Denied.hint("run `wrangler login` again, or set CLOUDFLARE_API_TOKEN")
            }
            Self::Expired(_) => ErrorClass::Denied.hint(
                "run `wrangler login` again, or set CLOUDFLARE_API_TOKEN, for example to the \
                 output of `wrangler auth token`, which renews the login",
            ),
            Self::Encrypted(_) => ErrorClass::Denied.hint(
                "set CLOUDFLARE_API_TOKEN, for example to the output of `wrangler auth token`",
            ),
        }
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
    /// Which of the logins to use, if not the default one.
    pub profile: Option<String>,
}

impl LoginStore {
    /// Reads the login; `None` if there is none.
    pub fn read(&self, now: Timestamp) -> Result<Option<Login>, LoginError> {
        let profile = self.profile.as_deref().unwrap_or("default");
        let directory = self.directory().join("config");
        let path = directory.join(format!("{profile}.toml"));
        let text = match fsx::read_text(&path, 1 << 20) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let encrypted = directory.join(format!("{profile}.enc"));
                return if encrypted.exists() {
                    Err(LoginError::Encrypted(encrypted))
                } else {
                    Ok(None)
                };
            }
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
            Err(LoginError::Expired(path))
        }
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

    fn store(text: Option<&str>) -> (tempfile::TempDir, LoginStore) {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("xdg/.wrangler/config");
        fs_err::create_dir_all(&directory).unwrap();
        if let Some(text) = text {
            let mut file = fs_err::File::create(directory.join("default.toml")).unwrap();
            io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        }
        let store = LoginStore {
            home: home.path().to_owned(),
            config_home: Some(home.path().join("xdg")),
            profile: None,
        };
        (home, store)
    }

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_valid_login_is_used_and_an_expired_one_is_not() {
        let text = |time| format!("oauth_token = \"canary\"\nexpiration_time = \"{time}\"\n");
        let (_home, valid) = store(Some(&text("2026-01-01T01:00:00.000Z")));
        let login = valid.read(now()).unwrap().unwrap();
        assert_eq!(login.token.expose_secret(), "canary");
        assert!(!format!("{login:?}").contains("canary"));
        let (_home, expired) = store(Some(&text("2025-12-31T23:59:59.000Z")));
        assert!(matches!(expired.read(now()), Err(LoginError::Expired(_))));
    }

    #[test]
    fn no_file_is_no_login_and_a_broken_one_is_not_repeated() {
        assert!(store(None).1.read(now()).unwrap().is_none());
        let (_home, broken) = store(Some("oauth_token = canary"));
        let error = broken.read(now()).unwrap_err();
        assert!(!format!("{error:?}").contains("canary"));
    }
}
