//! Finds the credentials and where they came from.
//!
//! Owns the order: `--token-file`, the token of the environment, key and email, the deprecated names,
//! wrangler's login. No message holds a secret.

use std::{io, path::PathBuf};

use jiff::Timestamp;
use secrecy::SecretString;

use crate::{
    api::{Credentials, SecretError},
    config::{Login, LoginError, LoginStore},
    domain::{API_TOKENS_PAGE, Classification, Classify, ErrorClass, Permission},
    env::{Env, Var},
};

/// Credentials, and what there is to say about them.
#[derive(Debug)]
pub struct FoundCredentials {
    /// The credentials.
    pub credentials: Credentials,
    /// Where they came from, such as `CLOUDFLARE_API_TOKEN`.
    pub source: String,
    /// The variables that they came from.
    pub variables: Vec<Var>,
    /// The current name, if they came under a deprecated one.
    pub renamed: Option<Var>,
}

/// Why no credentials were found.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// Nothing anywhere.
    #[error("no credentials for Cloudflare")]
    None,
    /// The token file cannot be read.
    #[error("could not read the token file {}", path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was found cannot be a token or key.
    #[error("unusable token in {place}: {why}")]
    Unusable {
        /// The variable or file.
        place: String,
        /// Why not.
        why: SecretError,
    },
    /// A key without its email.
    #[error("{key} is set but {email} is not; the global API key needs both")]
    HalfKey {
        /// The variable that is set.
        key: Var,
        /// The variable that is missing.
        email: Var,
    },
    /// There is a login, but it cannot be used.
    #[error(transparent)]
    Login(#[from] LoginError),
}

impl Classify for CredentialsError {
    fn classify(&self) -> Classification {
        match self {
            Self::None => ErrorClass::Denied.hint(format!(
                "set {} to a token with the permission {}, or give `--token-file FILE`, or set {} \
                 and {}, or run `wrangler login`; `--local` needs none",
                Var::ApiToken,
                Permission::KvWrite,
                Var::ApiKey,
                Var::Email
            )),
            Self::Unusable { .. } => {
                ErrorClass::Denied.hint(format!("copy the token again from {API_TOKENS_PAGE}"))
            }
            Self::HalfKey { email, .. } => ErrorClass::Denied.hint(format!(
                "set {email} to the email of the account's user, or use {} instead",
                Var::ApiToken
            )),
            Self::Login(e) => e.classify(),
            Self::TokenFile { .. } => ErrorClass::Denied.into(),
        }
    }
}

/// Finds the credentials to use.
pub(super) fn find(
    token_file: Option<TokenFile>,
    env: &Env,
    now: Timestamp,
) -> Result<FoundCredentials, CredentialsError> {
    if let Some(file) = token_file {
        return from_file(file);
    }
    let sets = [
        (Var::ApiToken, Var::ApiKey, Var::Email, false),
        (
            Var::LegacyApiToken,
            Var::LegacyApiKey,
            Var::LegacyEmail,
            true,
        ),
    ];
    for (token, key, email, old) in sets {
        if let Some(text) = env.get(token) {
            return Ok(FoundCredentials {
                credentials: Credentials::Token(usable(text, token.name())?),
                source: token.to_string(),
                variables: vec![token],
                renamed: old.then_some(Var::ApiToken),
            });
        }
        if let Some(text) = env.get(key) {
            let mut set = [email, Var::Email].into_iter();
            let found = set.find_map(|var| Some((var, env.get(var)?)));
            let Some((email, address)) = found else {
                return Err(CredentialsError::HalfKey { key, email });
            };
            return Ok(FoundCredentials {
                credentials: Credentials::Key {
                    email: address.to_owned(),
                    key: usable(text, key.name())?,
                },
                source: format!("{key} and {email}"),
                variables: vec![key, email],
                renamed: old.then_some(Var::ApiKey),
            });
        }
    }
    from_login(env, now)
}

/// Reads a secret, which came from `place`.
pub fn usable(text: &str, place: &str) -> Result<SecretString, CredentialsError> {
    Credentials::secret(text).map_err(|why| CredentialsError::Unusable {
        place: place.to_owned(),
        why,
    })
}

/// A file that holds a token, and what could be read of it.
#[derive(Debug)]
pub struct TokenFile {
    /// The file.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: io::Result<Vec<u8>>,
}

/// The most that a file with a token may hold, in bytes.
pub(super) const TOKEN_FILE_MAX_BYTES: u64 = 1 << 20;

/// Reads the token that a file holds.
pub fn token_in(file: TokenFile) -> Result<SecretString, CredentialsError> {
    let TokenFile { path, bytes } = file;
    match bytes {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            usable(text, &path.display().to_string())
        }
        Err(source) => Err(CredentialsError::TokenFile { path, source }),
    }
}

fn from_file(file: TokenFile) -> Result<FoundCredentials, CredentialsError> {
    let source = file.path.display().to_string();
    Ok(FoundCredentials {
        credentials: Credentials::Token(token_in(file)?),
        source,
        variables: Vec::new(),
        renamed: None,
    })
}

fn from_login(env: &Env, now: Timestamp) -> Result<FoundCredentials, CredentialsError> {
    let store = LoginStore {
        home: env.get(Var::Home).ok_or(CredentialsError::None)?.into(),
        config_home: env.get(Var::ConfigHome).map(PathBuf::from),
        profile: env.get(Var::AuthProfile).map(str::to_owned),
    };
    let Login { path, token } = store.read(now)?.ok_or(CredentialsError::None)?;
    Ok(FoundCredentials {
        credentials: Credentials::Token(token),
        source: format!("wrangler's login at {}", path.display()),
        variables: Vec::new(),
        renamed: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(vars: &[(Var, &str)]) -> Result<String, String> {
        let env: Env = vars
            .iter()
            .map(|(var, v)| (*var, (*v).to_owned()))
            .collect();
        find(None, &env, Timestamp::UNIX_EPOCH)
            .map(|found| found.source)
            .map_err(|e| e.to_string())
    }

    #[test]
    fn the_token_wins_over_the_key_and_new_names_over_old() {
        let all = [
            (Var::LegacyApiToken, "a"),
            (Var::ApiKey, "b"),
            (Var::Email, "me@example.com"),
            (Var::ApiToken, "c"),
        ];
        assert_eq!(found(&all).unwrap(), "CLOUDFLARE_API_TOKEN");
        assert_eq!(
            found(&all[..3]).unwrap(),
            "CLOUDFLARE_API_KEY and CLOUDFLARE_EMAIL"
        );
        assert_eq!(found(&all[..1]).unwrap(), "CF_API_TOKEN");
        assert_eq!(found(&[]).unwrap_err(), "no credentials for Cloudflare");
    }

    #[test]
    fn what_cannot_be_a_token_is_named_and_not_repeated() {
        let said = found(&[(Var::ApiToken, "canary with blanks")]).unwrap_err();
        insta::assert_snapshot!(said, @"unusable token in CLOUDFLARE_API_TOKEN: it has a blank, a quote or another invalid character at position 7");
        let said = found(&[(Var::ApiKey, "canary")]).unwrap_err();
        insta::assert_snapshot!(said, @"CLOUDFLARE_API_KEY is set but CLOUDFLARE_EMAIL is not; the global API key needs both");
    }
}
