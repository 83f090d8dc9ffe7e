//! Who asks, and what they may do. Imports `domain` and `wire`.

use axum::http::HeaderMap;
use secrecy::ExposeSecret as _;

use super::{
    answer::Refusal,
    config::{Access, Config, Grant, Token, TokenKind},
};
use crate::{
    domain::AccountId,
    wire::{Account, code},
};

/// Whoever sent a request.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    config: &'a Config,
    /// The token that came along; none where anyone is welcome.
    pub(super) token: Option<&'a Token>,
}

impl<'a> Caller<'a> {
    /// Finds out who sent these headers.
    pub(super) fn identify(config: &'a Config, headers: &HeaderMap) -> Result<Self, Refusal> {
        let Access::Tokens(tokens) = &config.access else {
            return Ok(Self {
                config,
                token: None,
            });
        };
        let token = match header(headers, "authorization") {
            Some(value) => by_bearer(tokens, value)?,
            None => by_global_key(tokens, headers)?,
        };
        Ok(Self {
            config,
            token: Some(token),
        })
    }

    /// Checks that the caller may do this in `account`.
    pub(super) fn may(&self, account: &AccountId, grant: Grant) -> Result<(), Refusal> {
        match self.token {
            Some(token) if token.grant < grant || !token.accounts.contains(account) => {
                Err(Refusal::forbidden())
            }
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

    /// Whether an account, and not a user, owns the token.
    pub(super) fn is_account_owned(&self) -> bool {
        self.token
            .is_some_and(|token| token.kind == TokenKind::AccountOwned)
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    headers.get(name).map(axum::http::HeaderValue::as_bytes)
}

fn by_bearer<'a>(tokens: &'a [Token], value: &[u8]) -> Result<&'a Token, Refusal> {
    let malformed = || Refusal::headers(6111, "Invalid format for Authorization header");
    let text = std::str::from_utf8(value)
        .ok()
        .and_then(|value| value.strip_prefix("Bearer "))
        .filter(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"'))
        .ok_or_else(malformed)?;
    let is_it = |token: &&Token| {
        !matches!(token.kind, TokenKind::GlobalKey { .. }) && token.text.expose_secret() == text
    };
    tokens
        .iter()
        .find(is_it)
        .ok_or_else(|| Refusal::new(401, code::AUTHENTICATION, "Authentication error"))
}

fn by_global_key<'a>(tokens: &'a [Token], headers: &HeaderMap) -> Result<&'a Token, Refusal> {
    let missing =
        |status, what: &str| Refusal::new(status, code::NO_CREDENTIALS, format!("Missing {what}"));
    match (
        header(headers, "x-auth-email"),
        header(headers, "x-auth-key"),
    ) {
        (None, None) => Err(missing(
            400,
            "X-Auth-Key, X-Auth-Email or Authorization headers",
        )),
        (None, Some(_)) => Err(missing(403, "X-Auth-Email header")),
        (Some(_), None) => Err(missing(403, "X-Auth-Key header")),
        (Some(sent), Some(key)) => {
            let is_it = |token: &&Token| {
                matches!(&token.kind, TokenKind::GlobalKey { email } if email.as_bytes() == sent)
                    && token.text.expose_secret().as_bytes() == key
            };
            tokens.iter().find(is_it).ok_or_else(|| {
                let text = "Unknown X-Auth-Key or X-Auth-Email";
                Refusal::new(403, code::UNKNOWN_KEY_OR_EMAIL, text)
            })
        }
    }
}
