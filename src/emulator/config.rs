//! What an emulated service knows when it starts. Imports `domain` and `wire`.

use std::{path::PathBuf, sync::Arc, time::Duration};

use secrecy::SecretString;

use crate::{domain::AccountId, wire::Account};

/// Tells the time, in UNIX seconds. Given from outside so that tests can move it.
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
    /// Names that a request may give for this machine, beside `localhost`, names below it, and
    /// addresses. A web page that has its own name lead here is turned away.
    pub hosts: Vec<String>,
    /// What time it is.
    pub clock: Clock,
    /// Wrangler's state directory: `.wrangler/state`, or what `--persist-to` names. Keys and values
    /// are kept in it as `wrangler dev` does, titles and ids in its folder `kvctl`. Without it all
    /// live in memory.
    pub state: Option<PathBuf>,
    /// How many requests each token has; without it, as many as it likes.
    pub quota: Option<Quota>,
}

impl Config {
    /// One account for whoever holds `token`, without a limit: the service behind `--local`. Every
    /// process of the machine can connect to its port, so that the port alone must not let it in.
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

    /// A service as strict as the real one.
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
    /// Anyone may do anything with credentials of any kind, as long as they are well-formed.
    AnyCredentials,
    /// Those who hold one of these.
    Tokens(Vec<Token>),
}

/// A secret, and what it opens.
#[derive(Clone, Debug)]
pub struct Token {
    /// The secret itself.
    pub text: SecretString,
    /// Whose it is, which decides how it must be sent.
    pub kind: TokenKind,
    /// The accounts it reaches.
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

/// Whose a [`Token`] is.
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
    /// Any, whatever its name: it comes to be with its first pair, as for `wrangler dev`.
    Any,
}

/// How many requests a token may make in a stretch of time.
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
