//! API credentials. Never shown: neither by `Debug` nor in an error.

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

/// The schemes that the API takes.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// An API token, user's or account's, or an OAuth token.
    Token(SecretString),
    /// The global API key of a user.
    Key {
        /// The user's email.
        email: String,
        /// The key.
        key: SecretString,
    },
    /// None, to test what works without credentials.
    Anonymous,
}

/// Where credentials came from, for messages about requests that the service denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialsSource {
    /// The variables, the file or the login, such as `CLOUDFLARE_API_TOKEN in .env:1`.
    pub name: String,
    /// The command that renews them, if they are a login.
    pub login_command: Option<String>,
    /// Whether they are a global API key and an email.
    pub is_key: bool,
}

/// What credentials are, as far as their form shows it: since 2026 tokens and keys say so in their
/// first letters. Those made before then still work, and say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// A user's API token, `cfut_…`.
    UserToken,
    /// An account's API token, `cfat_…`.
    AccountToken,
    /// The token of wrangler's login, `cfoat_…`.
    OAuth,
    /// A token of any kind.
    Unmarked,
    /// A global API key in the place of a token, `cfk_…`: it will be refused.
    Misplaced,
    /// A user's global API key, with the email.
    GlobalKey,
    /// None.
    Anonymous,
}

/// Why a text cannot be a token or key. Gives the position, never the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// No characters.
    #[error("it is empty")]
    Empty,
    /// Written with its scheme.
    #[error("it begins with `Bearer`; give the token alone")]
    Scheme,
    /// A character that no token has.
    #[error("it has a blank, a quote or another invalid character at position {0}")]
    Character(usize),
}

impl Credentials {
    /// Takes `text` for a secret, without the white space that files and pasting leave around it.
    pub fn secret(text: &str) -> Result<SecretString, SecretError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(SecretError::Empty);
        }
        if text
            .get(..7)
            .is_some_and(|start| start.eq_ignore_ascii_case("bearer "))
        {
            return Err(SecretError::Scheme);
        }
        let odd = |c: char| !c.is_ascii_graphic() || matches!(c, '"' | '\'' | '`');
        match text.chars().position(odd) {
            Some(at) => Err(SecretError::Character(at + 1)),
            None => Ok(text.into()),
        }
    }

    /// Returns the kind of credentials, as far as their format shows it.
    pub fn scheme(&self) -> Scheme {
        const PREFIXES: [(&str, Scheme); 4] = [
            ("cfut_", Scheme::UserToken),
            ("cfat_", Scheme::AccountToken),
            ("cfoat_", Scheme::OAuth),
            ("cfk_", Scheme::Misplaced),
        ];
        match self {
            Self::Token(token) => {
                let text = token.expose_secret();
                let known = PREFIXES.iter().find(|(prefix, _)| text.starts_with(prefix));
                known.map_or(Scheme::Unmarked, |(_, scheme)| *scheme)
            }
            Self::Key { .. } => Scheme::GlobalKey,
            Self::Anonymous => Scheme::Anonymous,
        }
    }

    pub(super) fn headers(&self) -> Result<HeaderMap, InvalidHeaderValue> {
        let mut headers = HeaderMap::new();
        match self {
            Self::Token(token) => {
                let value = format!("Bearer {}", token.expose_secret());
                headers.insert(AUTHORIZATION, sensitive(&value)?);
            }
            Self::Key { email, key } => {
                headers.insert(HeaderName::from_static("x-auth-email"), email.parse()?);
                let key = sensitive(key.expose_secret())?;
                headers.insert(HeaderName::from_static("x-auth-key"), key);
            }
            Self::Anonymous => {}
        }
        Ok(headers)
    }
}

fn sensitive(value: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value: HeaderValue = value.parse()?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_the_secret() {
        let token = Credentials::Token(Credentials::secret("canary\n").unwrap());
        assert!(!format!("{token:?} {:?}", token.headers()).contains("canary"));
        let key = Credentials::Key {
            email: "a@example.com".to_owned(),
            key: Credentials::secret("canary").unwrap(),
        };
        assert!(!format!("{key:?} {:?}", key.headers()).contains("canary"));
    }

    #[test]
    fn the_first_letters_say_what_a_token_is() {
        let scheme = |text| Credentials::Token(Credentials::secret(text).unwrap()).scheme();
        let all = ["cfut_a", "cfat_a", "cfoat_a", "cfk_a", "CFUT_a"].map(scheme);
        let expected = [
            Scheme::UserToken,
            Scheme::AccountToken,
            Scheme::OAuth,
            Scheme::Misplaced,
            Scheme::Unmarked,
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn what_no_token_has_is_refused_by_position() {
        let error = |text| Credentials::secret(text).unwrap_err();
        assert_eq!(error(" \n"), SecretError::Empty);
        assert_eq!(error("Bearer abc"), SecretError::Scheme);
        assert_eq!(error("\"abc\""), SecretError::Character(1));
        assert_eq!(error("ab\u{fffd}c"), SecretError::Character(3));
    }
}
