//! Finds the credentials and where they came from.
//!
//! Owns the order: `--token-file`, key and email of the environment, its token, wrangler's login. No
//! message holds a secret.

use std::{io, path::PathBuf};

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::Variables;
use crate::{
    api::{Credentials, CredentialsSource, SecretError},
    config::{Bound, Login, LoginError, LoginStore, login_command},
    domain::{
        API_TOKENS_PAGE, Classification, Classify, ErrorClass, Permission, ProfileName,
        ProfileNameError, ShowPath as _,
    },
    env::Var,
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
    /// Which of wrangler's logins they are, if they are one.
    pub profile: Option<Profile>,
    /// What the user should know about the choice.
    pub notes: Vec<String>,
}

impl FoundCredentials {
    /// Returns what requests that the service refuses say about them.
    pub(super) fn described(&self) -> CredentialsSource {
        let profile = self.profile.as_ref();
        CredentialsSource {
            name: self.source.clone(),
            login_command: profile.map(|profile| login_command(&profile.name)),
            is_key: matches!(self.credentials, Credentials::Key { .. }),
        }
    }
}

/// One of wrangler's logins, and who chose it.
#[derive(Debug)]
pub struct Profile {
    /// The login.
    pub name: ProfileName,
    /// Who chose it; nobody, if it is the default.
    pub chosen_by: Option<String>,
}

/// Why no credentials were found.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// Nothing anywhere.
    #[error("no credentials for Cloudflare")]
    None,
    /// The token file cannot be read.
    #[error("could not read the token file {}", path.shown())]
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
    /// What is kept of a login cannot be a token.
    #[error("unusable token in wrangler's login at {}: {why}", path.shown())]
    UnusableLogin {
        /// The file.
        path: PathBuf,
        /// The login.
        profile: ProfileName,
        /// Why not.
        why: SecretError,
    },
    /// An email that cannot be sent.
    #[error(
        "unusable email in {place}: it has a blank or another invalid character at position {position}"
    )]
    Email {
        /// The variable.
        place: String,
        /// The position, from 1.
        position: usize,
    },
    /// A key without its email.
    #[error("{key} is set but {email} is not; the global API key needs both")]
    HalfKey {
        /// The variable that is set, and the env file that sets it.
        key: String,
        /// The variable that is missing.
        email: Var,
    },
    /// The variable does not name a login.
    #[error("{by} is invalid")]
    ProfileName {
        /// The variable, and the env file that sets it.
        by: String,
        /// Why not.
        source: ProfileNameError,
    },
    /// There is no login of the name that was chosen.
    #[error("wrangler has no login `{name}`, which is chosen by {by}")]
    NoProfile {
        /// The login.
        name: ProfileName,
        /// Who chose it.
        by: String,
    },
    /// There is a login, but it cannot be used.
    #[error(transparent)]
    Login(#[from] LoginError),
}

impl Classify for CredentialsError {
    fn classify(&self) -> Classification {
        match self {
            Self::None => ErrorClass::Denied.hint(format!(
                "run `wrangler login`, or make a token with the permission {} on {API_TOKENS_PAGE}, and \
                 set {} to it or pass `--token-file FILE`; {} and {} work too, and `--local` needs none",
                Permission::KvWrite,
                Var::ApiToken,
                Var::ApiKey,
                Var::Email
            )),
            Self::Unusable { .. } => {
                ErrorClass::Denied.hint(format!("copy the token again from {API_TOKENS_PAGE}"))
            }
            Self::UnusableLogin { profile, .. } => ErrorClass::Denied.hint(format!(
                "renew the login with `{}`, or set {}",
                login_command(profile),
                Var::ApiToken
            )),
            Self::Email { .. } => {
                ErrorClass::Denied.hint("set it to the email of the account's user")
            }
            Self::HalfKey { email, .. } => ErrorClass::Denied.hint(format!(
                "set {email} to the email of the account's user, or use {} instead",
                Var::ApiToken
            )),
            Self::ProfileName { .. } => ErrorClass::Usage.into(),
            Self::NoProfile { name, .. } => ErrorClass::Denied.hint(format!(
                "create it with `{}`, or choose another with `--profile NAME`; `wrangler auth list` \
                 shows them",
                login_command(name)
            )),
            Self::Login(e) => e.classify(),
            Self::TokenFile { .. } => ErrorClass::Denied.into(),
        }
    }
}

/// Where credentials are looked for.
pub(super) struct Sources<'a> {
    /// The file that `--token-file` names.
    pub(super) token_file: Option<TokenFile>,
    /// The environment and env files.
    pub(super) variables: &'a Variables,
    /// `--profile`.
    pub(super) profile: Option<&'a ProfileName>,
    /// The directory whose binding decides which login is used.
    pub(super) directory: PathBuf,
    /// The time.
    pub(super) now: Timestamp,
}

impl Sources<'_> {
    /// Finds the credentials to use.
    pub(super) fn find(self) -> Result<FoundCredentials, CredentialsError> {
        if let Some(file) = self.token_file {
            return from_file(file);
        }
        let Some(mut found) = from_variables(self.variables)? else {
            return self.login();
        };
        if self.profile.is_some() {
            let used = &found.source;
            found.notes.push(format!(
                "`--profile` has no effect: {used} is used, as in wrangler"
            ));
        }
        Ok(found)
    }

    fn login(&self) -> Result<FoundCredentials, CredentialsError> {
        let store = login_store(self.variables);
        let profile = self.choose(store.as_ref())?;
        let login = store.map(|store| store.read(&profile.name, self.now));
        let Some(Login { path, token }) = login.transpose()?.flatten() else {
            return Err(match profile.chosen_by {
                Some(by) => CredentialsError::NoProfile {
                    name: profile.name,
                    by,
                },
                None => CredentialsError::None,
            });
        };
        let token = Credentials::secret(token.expose_secret());
        let token = token.map_err(|why| CredentialsError::UnusableLogin {
            path: path.clone(),
            profile: profile.name.clone(),
            why,
        })?;
        Ok(FoundCredentials {
            credentials: Credentials::Token(token),
            source: format!("wrangler's login `{}` at {}", profile.name, path.shown()),
            variables: Vec::new(),
            profile: Some(profile),
            notes: Vec::new(),
        })
    }

    /// Chooses the login.
    fn choose(&self, store: Option<&LoginStore>) -> Result<Profile, CredentialsError> {
        if let Some(name) = self.profile {
            return Ok(Profile {
                name: name.clone(),
                chosen_by: Some("--profile".to_owned()),
            });
        }
        if let Some(text) = self.variables.get(Var::AuthProfile) {
            let by = self.variables.origin(Var::AuthProfile);
            return match text.parse() {
                Ok(name) => Ok(Profile {
                    name,
                    chosen_by: Some(by),
                }),
                Err(source) => Err(CredentialsError::ProfileName { by, source }),
            };
        }
        let bound = store.map(|store| store.bound(&self.directory));
        Ok(match bound.transpose()?.flatten() {
            Some(Bound {
                file,
                directory,
                profile,
            }) => Profile {
                name: profile,
                chosen_by: Some(format!("{} for {directory}", file.shown())),
            },
            None => Profile {
                name: ProfileName::default_login(),
                chosen_by: None,
            },
        })
    }
}

/// Returns where wrangler keeps its logins.
pub(super) fn login_store(variables: &Variables) -> Option<LoginStore> {
    Some(LoginStore {
        home: variables.get(Var::Home)?.into(),
        config_home: variables.get(Var::ConfigHome).map(PathBuf::from),
        app_data: variables.get(Var::AppData).map(PathBuf::from),
    })
}

/// Takes the credentials of the environment and env files. Key and email win over a token, as in
/// wrangler.
fn from_variables(variables: &Variables) -> Result<Option<FoundCredentials>, CredentialsError> {
    let key = variables.first([Var::ApiKey, Var::LegacyApiKey]);
    let email = variables.first([Var::Email, Var::LegacyEmail]);
    let token = variables.first([Var::ApiToken, Var::LegacyApiToken]);
    let (credentials, used) = match (key, email, token) {
        (Some((key, text)), Some((email, address)), _) => {
            let odd = address.chars().position(|c| !c.is_ascii_graphic());
            if let Some(before) = odd {
                return Err(CredentialsError::Email {
                    place: variables.origin(email),
                    position: before + 1,
                });
            }
            let credentials = Credentials::Key {
                email: address.to_owned(),
                key: usable(text, &variables.origin(key))?,
            };
            (credentials, vec![key, email])
        }
        (_, _, Some((token, text))) => {
            let credentials = Credentials::Token(usable(text, &variables.origin(token))?);
            (credentials, vec![token])
        }
        (Some((key, _)), None, None) => {
            return Err(CredentialsError::HalfKey {
                key: variables.origin(key),
                email: Var::Email,
            });
        }
        (None, _, None) => return Ok(None),
    };
    let names: Vec<String> = used.iter().map(|var| variables.origin(*var)).collect();
    let source = names.join(" and ");
    let deprecated = used.iter().filter_map(|var| deprecation(variables, *var));
    let mut notes: Vec<String> = deprecated.collect();
    if let &[key, email] = used.as_slice() {
        let file = |var| variables.place(var).map(|(path, _)| path);
        match token {
            Some((token, _)) => notes.push(format!(
                "{source} are used, as in wrangler; {} is ignored",
                variables.origin(token)
            )),
            None if file(key) != file(email) => {
                notes.push(format!("{source} are used together, as in wrangler"));
            }
            None => {}
        }
    }
    Ok(Some(FoundCredentials {
        credentials,
        source,
        variables: used,
        profile: None,
        notes,
    }))
}

fn deprecation(variables: &Variables, var: Var) -> Option<String> {
    let name = match var {
        Var::LegacyApiToken => Var::ApiToken,
        Var::LegacyApiKey => Var::ApiKey,
        Var::LegacyEmail => Var::Email,
        _ => return None,
    };
    let set = variables.origin(var);
    Some(format!("{set} is deprecated; use {name}"))
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
            usable(text, &path.shown())
        }
        Err(source) => Err(CredentialsError::TokenFile { path, source }),
    }
}

fn from_file(file: TokenFile) -> Result<FoundCredentials, CredentialsError> {
    let source = format!("the token file {}", file.path.shown());
    Ok(FoundCredentials {
        credentials: Credentials::Token(token_in(file)?),
        source,
        variables: Vec::new(),
        profile: None,
        notes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(
        vars: &[(Var, &str)],
        files: &[(&str, &str)],
    ) -> Result<FoundCredentials, CredentialsError> {
        let vars = vars.iter().map(|(var, v)| (*var, (*v).to_owned()));
        let sources = Sources {
            token_file: None,
            variables: &Variables::of(vars.collect(), files),
            profile: None,
            directory: "/".into(),
            now: Timestamp::UNIX_EPOCH,
        };
        sources.find()
    }

    fn source(vars: &[(Var, &str)]) -> Result<String, String> {
        source_with(vars, &[])
    }

    fn source_with(vars: &[(Var, &str)], files: &[(&str, &str)]) -> Result<String, String> {
        let found = find(vars, files).map_err(|e| e.to_string())?;
        Ok(format!("{}: {}", found.source, found.notes.join(", ")))
    }

    #[test]
    fn key_and_email_win_over_the_token_and_new_names_over_old() {
        let all = [
            (Var::LegacyApiToken, "a"),
            (Var::ApiToken, "b"),
            (Var::LegacyEmail, "me@example.com"),
            (Var::ApiKey, "c"),
        ];
        insta::assert_snapshot!(source(&all).unwrap(), @"CLOUDFLARE_API_KEY and CF_EMAIL: CF_EMAIL is deprecated; use CLOUDFLARE_EMAIL, CLOUDFLARE_API_KEY and CF_EMAIL are used, as in wrangler; CLOUDFLARE_API_TOKEN is ignored");
        // A key without an email, and an email without a key, are passed over.
        assert_eq!(source(&all[..3]).unwrap(), "CLOUDFLARE_API_TOKEN: ");
        assert_eq!(source(&[all[1], all[3]]).unwrap(), "CLOUDFLARE_API_TOKEN: ");
        insta::assert_snapshot!(source(&all[..1]).unwrap(), @"CF_API_TOKEN: CF_API_TOKEN is deprecated; use CLOUDFLARE_API_TOKEN");
        assert_eq!(source(&[]).unwrap_err(), "no credentials for Cloudflare");
        assert_eq!(
            source(&all[2..3]).unwrap_err(),
            "no credentials for Cloudflare"
        );
    }

    #[test]
    fn what_comes_from_an_env_file_is_named_with_file_and_line() {
        let token = (Var::ApiToken, "t");
        let email = (Var::Email, "me@example.com");
        let pair = "X=1\nCLOUDFLARE_API_KEY=k\nCLOUDFLARE_EMAIL=me@example.com";
        insta::assert_snapshot!(source_with(&[token], &[(".env", pair)]).unwrap(), @"CLOUDFLARE_API_KEY in .env:2 and CLOUDFLARE_EMAIL in .env:3: CLOUDFLARE_API_KEY in .env:2 and CLOUDFLARE_EMAIL in .env:3 are used, as in wrangler; CLOUDFLARE_API_TOKEN is ignored");
        let key = "CLOUDFLARE_API_KEY=k";
        insta::assert_snapshot!(source_with(&[email], &[(".env", key)]).unwrap(), @"CLOUDFLARE_API_KEY in .env:1 and CLOUDFLARE_EMAIL: CLOUDFLARE_API_KEY in .env:1 and CLOUDFLARE_EMAIL are used together, as in wrangler");
        assert!(source_with(&[], &[(".env", pair)]).unwrap().ends_with(": "));
        let old = "CF_API_TOKEN=t";
        insta::assert_snapshot!(source_with(&[], &[(".env", old)]).unwrap(), @"CF_API_TOKEN in .env:1: CF_API_TOKEN in .env:1 is deprecated; use CLOUDFLARE_API_TOKEN");
        insta::assert_snapshot!(source_with(&[], &[(".env", key)]).unwrap_err(), @"CLOUDFLARE_API_KEY in .env:1 is set but CLOUDFLARE_EMAIL is not; the global API key needs both");
        let odd = "CLOUDFLARE_API_TOKEN=canary x";
        insta::assert_snapshot!(source_with(&[], &[(".env.local", odd)]).unwrap_err(), @"unusable token in CLOUDFLARE_API_TOKEN in .env.local:1: it has a blank, a quote or another invalid character at position 7");
        let odd = "CLOUDFLARE_API_KEY=k\nCLOUDFLARE_EMAIL=o'me@exa mple.com";
        insta::assert_snapshot!(source_with(&[], &[(".env", odd)]).unwrap_err(), @"unusable email in CLOUDFLARE_EMAIL in .env:2: it has a blank or another invalid character at position 9");
    }

    #[test]
    fn what_cannot_be_a_token_is_named_and_not_repeated() {
        let said = source(&[(Var::ApiToken, "canary with blanks")]).unwrap_err();
        insta::assert_snapshot!(said, @"unusable token in CLOUDFLARE_API_TOKEN: it has a blank, a quote or another invalid character at position 7");
        let said = source(&[(Var::ApiKey, "canary")]).unwrap_err();
        insta::assert_snapshot!(said, @"CLOUDFLARE_API_KEY is set but CLOUDFLARE_EMAIL is not; the global API key needs both");
    }
}
