//! Configuration of an emulated service. Imports `domain` and `wire`.

use std::{path::PathBuf, sync::Arc, time::Duration};

use secrecy::SecretString;

use crate::{domain::AccountId, wire::Account};

/// Returns the time in UNIX seconds; tests pass their own.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How an emulated service is set up.
#[derive(Clone)]
pub struct Config {
    /// The accounts that exist.
    pub accounts: Vec<Account>,
    /// Who may do what.
    pub access: Access,
    /// How new namespaces get their ids.
    pub ids: IdScheme,
    /// Which namespaces can hold pairs.
    pub namespaces: Namespaces,
    /// Host names that requests may use besides `localhost`, names below it, and IP addresses. Others
    /// are rejected, as a protection against DNS rebinding.
    pub hosts: Vec<String>,
    /// The clock.
    pub clock: Clock,
    /// Wrangler's state directory: `.wrangler/state` or that of `--persist-to`. Keys and values are
    /// stored in it as `wrangler dev` does, titles and ids in its folder `kvctl`. `None`: in memory.
    pub state: Option<PathBuf>,
    /// The rate limit of each token, if any.
    pub quota: Option<Quota>,
}

impl Config {
    /// One account for the holder of `token`, without a rate limit: the service behind `--local`. The
    /// token keeps out other processes of the machine, which can connect to its port.
    pub fn local(token: &str, clock: Clock) -> Self {
        let account = Account {
            id: AccountId::local(),
            name: "local".to_owned(),
        };
        Self {
            accounts: vec![account],
            access: Access::Tokens(vec![Token::new(token, [AccountId::local()])]),
            ids: IdScheme::Local,
            namespaces: Namespaces::Any,
            hosts: Vec::new(),
            clock,
            state: None,
            quota: None,
        }
    }

    /// A service that is as strict as the real one.
    pub fn remote(accounts: Vec<Account>, tokens: Vec<Token>, clock: Clock) -> Self {
        Self {
            accounts,
            access: Access::Tokens(tokens),
            ids: IdScheme::Remote,
            namespaces: Namespaces::Known,
            hosts: Vec::new(),
            clock,
            state: None,
            quota: Some(Quota::default()),
        }
    }
}

/// Who may use the service.
#[derive(Clone, Debug)]
pub enum Access {
    /// Any well-formed credentials may do anything.
    AnyCredentials,
    /// Only these tokens.
    Tokens(Vec<Token>),
}

/// A token and its permissions.
#[derive(Clone, Debug)]
pub struct Token {
    /// The secret itself.
    pub text: SecretString,
    /// Its kind, which decides how it must be sent.
    pub kind: TokenKind,
    /// The accounts it may access.
    pub accounts: Vec<AccountId>,
    /// What it may do with Workers KV there.
    pub grant: Grant,
    /// Whether it may read the analytics there.
    pub analytics: bool,
}

impl Token {
    /// A user's token that may read and write in `accounts`, and read their analytics.
    pub fn new(text: &str, accounts: impl IntoIterator<Item = AccountId>) -> Self {
        Self {
            text: text.into(),
            kind: TokenKind::User,
            accounts: accounts.into_iter().collect(),
            grant: Grant::Write,
            analytics: true,
        }
    }

    /// The same token without the permission `Account Analytics Read`.
    #[must_use]
    pub fn without_analytics(self) -> Self {
        Self {
            analytics: false,
            ..self
        }
    }

    /// The same token with another grant.
    #[must_use]
    pub fn grant(self, grant: Grant) -> Self {
        Self { grant, ..self }
    }

    /// The same token as another kind.
    #[must_use]
    pub fn kind(self, kind: TokenKind) -> Self {
        Self { kind, ..self }
    }
}

/// The kind of a [`Token`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A user's API token.
    User,
    /// An account's API token, which user-level endpoints refuse.
    AccountOwned,
    /// A user's Global API Key, sent in `X-Auth-Key` along with this email.
    GlobalKey {
        /// The user's email.
        email: String,
    },
}

/// What a [`Token`] may do with Workers KV.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// Nothing.
    None,
    /// Workers KV Storage Read.
    Read,
    /// Workers KV Storage Write, which includes reading.
    Write,
}

/// How new namespaces get their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdScheme {
    /// Derived from the title, and marked as local.
    Local,
    /// Never the same twice, and never marked as local.
    Remote,
}

/// Which namespaces can hold pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Namespaces {
    /// Those that were created, as at the service.
    Known,
    /// Any name: it is created by its first write, as for `wrangler dev`.
    Any,
}

/// A request limit per token and time window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How many requests.
    pub requests: u32,
    /// In how much time.
    pub window: Duration,
}

impl Default for Quota {
    /// The service's documented limit: 1,200 requests in five minutes.
    fn default() -> Self {
        Self {
            requests: 1200,
            window: Duration::from_mins(5),
        }
    }
}
