//! A local Workers KV: the REST API of the service, for `--local` and for tests.
//!
//! It imitates the service, never our client: routes, statuses, codes and texts follow Cloudflare's
//! documentation, and where that is silent, what others saw the service do. Imports `domain`,
//! `wire` and `fsx`, never `api`. It opens no socket, installs no signal handler and reads no clock
//! by itself; callers pass these in.
//!
//! | module | owns |
//! | --- | --- |
//! | `store_check` | checking a state directory for damage |
//! | `config` | accounts, tokens, ids, clock |
//! | `listener`, `server` | connections, and one request from arrival to answer |
//! | `content` | bodies, and values streamed from files |
//! | `origin`, `auth`, `quota`, `body` | access, rate limits, and memory for bodies |
//! | `field` | header fields with parameters |
//! | `routes` | routing and the endpoints |
//! | [`peek`] | titles and keys of a directory, read without a trace |
//! | `permanent` | which disk errors a retry cannot fix |
//! | `registry`, `titles` | namespaces, in memory or in a directory |
//! | `deployed` | Workers and Pages projects, and what they bind |
//! | `store` | keys and values, in memory or where `wrangler dev` has them |
//! | `fault`, `script` | injected faults, also from a file |
//! | `counters` | billable operations by namespace, kind and day |
//! | `graphql` | queries of the analytics |
//! | `log` | the latest requests |
//! | `seed` | Workers and projects that tests start with |
//! | `running` | an emulator on a thread of its own |

mod answer;
mod auth;
mod body;
mod config;
mod content;
mod counters;
mod deployed;
mod fault;
mod field;
mod graphql;
mod listener;
mod log;
mod origin;
pub mod peek;
mod permanent;
mod quota;
mod registry;
mod request;
mod routes;
mod running;
mod script;
mod seed;
mod server;
mod store;
mod store_check;
mod titles;

#[cfg(test)]
mod tests;

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

pub use answer::Answer;
pub use config::{
    Access, Clock, Config, Grant, IdScheme, Namespaces, Permissions, Quota, Token, TokenKind,
};
pub use fault::{Action, Fault, Keys};
pub use log::{Entry, Watcher};
pub use registry::Error as StateError;
pub use running::{Running, spawn};
pub use script::{ScriptError, faults};
pub use seed::Bound;
pub use server::serve;
pub use store::{Audit, Damage, Error as StoreError, Lost, Orphan};
pub use store_check::{StoreCheck, check_store};

use crate::domain::{
    AccountId, Classification, Classify, ErrorClass, Hint, NamespaceId, Suggestion,
};

/// Why the emulator cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Its state cannot be read.
    #[error("could not read the emulator's state")]
    State(#[from] StateError),
    /// Its store cannot be read.
    #[error("could not read the emulator's store")]
    Store(#[from] StoreError),
    /// What a test deploys makes no sense.
    #[error("could not deploy `{0}`")]
    Deploy(String),
    /// The network failed.
    #[error("the emulator failed")]
    Serve(#[from] io::Error),
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        match self {
            Self::Store(_) => ErrorClass::Failed.hint(
                "nothing was changed; move that file away, or use another store with \
                 `--persist-to`",
            ),
            Self::State(StateError::Malformed { content, .. }) => {
                let what =
                    format!("the file holds {content}: repair it, or remove it to drop them; ");
                ErrorClass::Failed.hint(
                    Hint::from(what)
                        .and(Suggestion::new("serve").flag("--check").sectionless())
                        .text(" checks the rest of the store"),
                )
            }
            Self::State(StateError::Directory(_) | StateError::File(_)) => {
                ErrorClass::Failed.hint("use another store with `--persist-to`")
            }
            Self::Serve(_) | Self::Deploy(_) => ErrorClass::Failed.into(),
        }
    }
}

/// An emulated service. Clones are handles to the same one.
#[derive(Clone)]
pub struct Emulator(Arc<Inner>);

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator").finish_non_exhaustive()
    }
}

struct Inner {
    config: Config,
    /// The account that lists all namespaces, if they are shared by all accounts.
    owner: Option<AccountId>,
    registry: registry::Registry<titles::Titles>,
    deployed: registry::Registry<deployed::Deployed>,
    store: store::Store,
    counters: counters::Counters,
    rate_limiter: quota::RateLimiter,
    body_budget: body::BodyBudget,
    faults: fault::Faults,
    log: log::Log,
    behaviour: Mutex<Behaviour>,
    answers: AtomicU64,
}

impl Emulator {
    /// Sets up a service; [`serve`] and [`spawn`] start it.
    pub fn new(config: Config) -> Self {
        let state = config.state.as_deref();
        let own = state.map(store::kvctl_directory);
        // Local ids follow from titles, so two accounts with a title in common would share data.
        let owner = (config.ids == IdScheme::Local).then(AccountId::local);
        Self(Arc::new(Inner {
            owner,
            registry: registry::Registry::new(own.as_deref()),
            deployed: registry::Registry::new(own.as_deref()),
            store: state.map_or_else(store::Store::memory, store::Store::disk),
            counters: counters::Counters::new(state),
            rate_limiter: quota::RateLimiter::new(config.quota),
            body_budget: body::BodyBudget::default(),
            faults: fault::Faults::default(),
            log: log::Log::default(),
            behaviour: Mutex::default(),
            answers: AtomicU64::new(0),
            config,
        }))
    }

    /// Returns the requests so far, in order of arrival.
    pub fn log(&self) -> Vec<Entry> {
        self.0.log.entries()
    }

    /// Returns how many requests with this method there were.
    pub fn requests(&self, method: &str) -> usize {
        let log = self.log();
        log.iter().filter(|entry| entry.method == method).count()
    }

    /// Calls `watcher` for each finished request; only the first watcher is kept.
    pub fn watch(&self, watcher: Watcher) {
        self.0.log.watch(watcher);
    }

    /// Injects a fault into later requests.
    pub fn fault(&self, fault: Fault) {
        self.0.faults.add(fault);
    }

    /// Removes the remaining faults.
    pub fn clear_faults(&self) {
        self.0.faults.clear();
    }

    /// Sets the minimum duration of every request.
    pub fn latency(&self, latency: Duration) {
        self.0.behaviour().latency = Some(latency);
    }

    /// Delays when writes become visible, as at another location of the service.
    pub fn lag(&self, delay: Duration) {
        self.0.store.lag(delay);
    }

    /// Puts an empty page before every page of keys, as the service does where it skips deleted or
    /// expired keys.
    pub fn tombstones(&self) {
        self.0.behaviour().tombstones = true;
    }

    /// Checks that the state can be read and written.
    pub fn prepare(&self) -> Result<(), Error> {
        // First the check that creates nothing: an unusable store is left as it is.
        self.0.store.check()?;
        self.0.deployed.read()?;
        Ok(self.0.registry.prepare()?)
    }

    /// Returns how many namespaces of the store cannot be listed, since their names are not known.
    pub fn unlisted(&self) -> Result<usize, Error> {
        let titles = self.0.registry.read()?;
        let stored = titles.ids().filter(|id| self.0.store.has(id.as_str()));
        let listed = stored.count() + self.0.untitled(&titles).count();
        Ok(self.0.store.count()?.saturating_sub(listed))
    }

    /// Checks that the list of namespaces can be read.
    pub fn check(&self) -> Result<(), Error> {
        self.0.registry.read()?;
        Ok(())
    }
}

/// Behaviour that a correct service may show, but rarely does.
#[derive(Debug, Default)]
struct Behaviour {
    latency: Option<Duration>,
    tombstones: bool,
}

impl Inner {
    /// Returns the account that the namespaces of `account` are listed under.
    fn owner<'a>(&'a self, account: &'a AccountId) -> &'a AccountId {
        self.owner.as_ref().unwrap_or(account)
    }

    /// Returns the namespaces that have no title, but a name that is known, and something was put
    /// into.
    ///
    /// A deleted namespace leaves an empty database; its id is known by its form.
    fn untitled<'a>(&'a self, titles: &'a titles::Titles) -> impl Iterator<Item = &'a NamespaceId> {
        let exists = |name: &NamespaceId| {
            let text = name.as_str();
            let is_kept = || !name.is_local() || self.store.has_keys(text).unwrap_or(true);
            self.store.has(text) && is_kept()
        };
        let names = self.config.names.iter();
        names.filter(move |name| !titles.has(name) && exists(name))
    }

    fn now(&self) -> i64 {
        (self.config.clock)()
    }

    fn behaviour(&self) -> MutexGuard<'_, Behaviour> {
        self.behaviour
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn latency(&self) -> Option<Duration> {
        self.behaviour().latency
    }

    fn has_tombstones(&self) -> bool {
        self.behaviour().tombstones
    }

    /// Returns the id of the next answer, formatted as the service's `cf-ray`.
    fn ray(&self) -> String {
        let number = self.answers.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{number:016x}-LOC")
    }
}
