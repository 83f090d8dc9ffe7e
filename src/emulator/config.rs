//! Configuration of an emulated service. Imports `domain` and `wire`.

use std::{path::PathBuf, sync::Arc, time::Duration};

use secrecy::SecretString;

use crate::{
    domain::{AccountId, NamespaceId, Permission},
    wire::Account,
};

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
    /// What namespaces without a title may be called, such as the ids in a wrangler file. On disk
    /// their names are hashed, so that they cannot be listed otherwise.
    pub names: Vec<NamespaceId>,
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
            names: Vec::new(),
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
            names: Vec::new(),
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
    /// Any well-formed credentials, with these permissions.
    AnyCredentials(Permissions),
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
    /// What it may do there.
    pub permissions: Permissions,
}

impl Token {
    /// A user's token with all permissions in `accounts`.
    pub fn new(text: &str, accounts: impl IntoIterator<Item = AccountId>) -> Self {
        Self {
            text: text.into(),
            kind: TokenKind::User,
            accounts: accounts.into_iter().collect(),
            permissions: Permissions::default(),
        }
    }

    /// The same token without the permission `Account Analytics Read`.
    #[must_use]
    pub fn without_analytics(mut self) -> Self {
        self.permissions.analytics = false;
        self
    }

    /// The same token with another grant for Workers KV.
    #[must_use]
    pub fn grant(mut self, grant: Grant) -> Self {
        self.permissions.kv = grant;
        self
    }

    /// The same token with another grant for Workers.
    #[must_use]
    pub fn workers(mut self, grant: Grant) -> Self {
        self.permissions.workers = grant;
        self
    }

    /// The same token with another grant for Pages.
    #[must_use]
    pub fn pages(mut self, grant: Grant) -> Self {
        self.permissions.pages = grant;
        self
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

/// What credentials may do in their accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// Workers KV Storage.
    pub kv: Grant,
    /// Workers Scripts.
    pub workers: Grant,
    /// Pages.
    pub pages: Grant,
    /// Account Analytics Read.
    pub analytics: bool,
}

impl Default for Permissions {
    /// All permissions.
    fn default() -> Self {
        Self {
            kv: Grant::Write,
            workers: Grant::Write,
            pages: Grant::Write,
            analytics: true,
        }
    }
}

impl Permissions {
    /// No permissions but these.
    pub fn only(permissions: &[Permission]) -> Self {
        let grant = |read, write| {
            if permissions.contains(&write) {
                Grant::Write
            } else if permissions.contains(&read) {
                Grant::Read
            } else {
                Grant::None
            }
        };
        Self {
            kv: grant(Permission::KvRead, Permission::KvWrite),
            workers: grant(
                Permission::WorkersScriptsRead,
                Permission::WorkersScriptsWrite,
            ),
            pages: grant(Permission::PagesRead, Permission::PagesWrite),
            analytics: permissions.contains(&Permission::AnalyticsRead),
        }
    }
}

/// What credentials may do with a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// Nothing.
    None,
    /// Read.
    Read,
    /// Write, which includes reading.
    Write,
}

/// The products that are granted one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Product {
    Kv,
    Workers,
    Pages,
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
