//! Authentication and authorization. Imports `domain` and `wire`.

use hyper::HeaderMap;
use secrecy::ExposeSecret as _;
use subtle::ConstantTimeEq as _;

use super::{
    answer::Refusal,
    config::{Access, Config, Grant, Permissions, Product, Token, TokenKind},
};
use crate::{
    domain::AccountId,
    wire::{Account, code},
};

/// The sender of a request.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    config: &'a Config,
    /// The token that was sent; `None` if any credentials are accepted.
    pub(super) token: Option<&'a Token>,
    permissions: Permissions,
}

impl<'a> Caller<'a> {
    /// Identifies the sender by the headers.
    pub(super) fn identify(config: &'a Config, headers: &HeaderMap) -> Result<Self, Refusal> {
        let sent = Sent::read(headers)?;
        let (token, permissions) = match &config.access {
            Access::AnyCredentials(permissions) => (None, *permissions),
            Access::Tokens(tokens) => {
                let token = sent.find(tokens)?;
                (Some(token), token.permissions)
            }
        };
        Ok(Self {
            config,
            token,
            permissions,
        })
    }

    /// Checks that the caller may do this with a product in `account`.
    pub(super) fn may(
        &self,
        account: &AccountId,
        product: Product,
        needed: Grant,
    ) -> Result<(), Refusal> {
        let granted = match product {
            Product::Kv => self.permissions.kv,
            Product::Workers => self.permissions.workers,
            Product::Pages => self.permissions.pages,
        };
        if granted < needed {
            return Err(Refusal::forbidden());
        }
        self.sees(account)
    }

    /// Checks that the caller's credentials are for `account`.
    pub(super) fn sees(&self, account: &AccountId) -> Result<(), Refusal> {
        match self.token {
            Some(token) if !token.accounts.contains(account) => Err(Refusal::forbidden()),
            _ => Ok(()),
        }
    }

    /// Returns the accounts that the caller can see.
    pub(super) fn accounts(&self) -> Vec<&'a Account> {
        let visible = |account: &&Account| {
            self.token
                .is_none_or(|token| token.accounts.contains(&account.id))
        };
        self.config.accounts.iter().filter(visible).collect()
    }

    /// Returns the accounts whose analytics the caller may read.
    pub(super) fn accounts_to_analyse(&self) -> impl Iterator<Item = &'a AccountId> {
        let accounts = if self.permissions.analytics {
            self.accounts()
        } else {
            Vec::new()
        };
        accounts.into_iter().map(|account| &account.id)
    }

    /// Whether an account, and not a user, owns the token.
    pub(super) fn is_account_owned(&self) -> bool {
        self.token
            .is_some_and(|token| token.kind == TokenKind::AccountOwned)
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    headers.get(name).map(hyper::header::HeaderValue::as_bytes)
}

/// Credentials as they were sent, well-formed but not yet verified.
enum Sent<'h> {
    Bearer(&'h str),
    GlobalKey { email: &'h [u8], key: &'h [u8] },
}

impl<'h> Sent<'h> {
    fn read(headers: &'h HeaderMap) -> Result<Self, Refusal> {
        if let Some(value) = header(headers, "authorization") {
            let text = "Invalid format for Authorization header";
            let bearer = bearer(value).ok_or_else(|| Refusal::headers(6111, text))?;
            return Ok(Self::Bearer(bearer));
        }
        let missing = |status, what: &str| {
            Refusal::new(status, code::NO_CREDENTIALS, format!("Missing {what}"))
        };
        match (
            header(headers, "x-auth-email"),
            header(headers, "x-auth-key"),
        ) {
            (Some(email), Some(key)) => Ok(Self::GlobalKey { email, key }),
            (None, Some(_)) => Err(missing(403, "X-Auth-Email header")),
            (Some(_), None) => Err(missing(403, "X-Auth-Key header")),
            (None, None) => Err(missing(
                400,
                "X-Auth-Key, X-Auth-Email or Authorization headers",
            )),
        }
    }

    fn find<'a>(&self, tokens: &'a [Token]) -> Result<&'a Token, Refusal> {
        let opens = |token: &&Token| {
            // In constant time, so that the time does not show how much of a guess is right.
            let is_secret = |sent: &[u8]| -> bool {
                let secret = token.text.expose_secret();
                secret.as_bytes().ct_eq(sent).into()
            };
            match (self, &token.kind) {
                (Self::Bearer(sent), TokenKind::User | TokenKind::AccountOwned) => {
                    is_secret(sent.as_bytes())
                }
                (Self::GlobalKey { email: sent, key }, TokenKind::GlobalKey { email }) => {
                    email.as_bytes() == *sent && is_secret(key)
                }
                _ => false,
            }
        };
        tokens.iter().find(opens).ok_or_else(|| match self {
            Self::Bearer(_) => Refusal::new(401, code::AUTHENTICATION, "Authentication error"),
            Self::GlobalKey { .. } => {
                let text = "Unknown X-Auth-Key or X-Auth-Email";
                Refusal::new(403, code::UNKNOWN_KEY_OR_EMAIL, text)
            }
        })
    }
}

fn bearer(value: &[u8]) -> Option<&str> {
    let (scheme, rest) = std::str::from_utf8(value).ok()?.split_once(' ')?;
    let text = rest.trim_start_matches(' ');
    let is_fit = |b: u8| b.is_ascii_graphic() && b != b'"';
    let is_token = !text.is_empty() && text.bytes().all(is_fit);
    (scheme.eq_ignore_ascii_case("Bearer") && is_token).then_some(text)
}
