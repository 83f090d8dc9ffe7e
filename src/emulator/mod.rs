//! A local Workers KV: the REST API of the service, for `--local` and for tests.
//!
//! It imitates the service, never our client: routes, statuses, codes and texts follow Cloudflare's
//! documentation, and where that is silent, what others saw the service do. Imports `domain`,
//! `wire` and `fsx`, never `api`. It opens no socket, installs no signal handler and reads no clock
//! of its own accord; all of these are given.
//!
//! | module | owns |
//! | --- | --- |
//! | `checkup` | looking over all that is kept in a directory |
//! | `config` | accounts, tokens, ids, clock: what is set before the start |
//! | `listener`, `server` | connections, and one request from arrival to answer |
//! | `content` | values that are sent as they are read |
//! | `origin`, `auth`, `quota`, `body` | who may ask, how often, and how much at once |
//! | `field` | fields of headers that have parameters |
//! | `routes` | which path is what, and what each does |
//! | `lasting` | which failures of the disk no second attempt heals |
//! | `registry`, `titles` | namespaces, in memory or in a directory |
//! | `store` | keys and values, in memory or where `wrangler dev` has them |
//! | `fault`, `script` | failures on demand, down to cut connections, also from a file |
//! | `counters` | operations by namespace, kind and day, as they are billed |
//! | `graphql` | queries of the analytics |
//! | `log` | the latest requests, for tests and for whoever watches |
//! | `running` | an emulator on a thread of its own |

mod answer;
mod auth;
mod body;
mod checkup;
mod config;
mod content;
mod counters;
mod fault;
mod field;
mod graphql;
mod lasting;
mod listener;
mod log;
mod origin;
mod quota;
mod registry;
mod request;
mod routes;
mod running;
mod script;
mod server;
mod store;
mod titles;

#[cfg(test)]
mod tests;

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

pub use answer::Answer;
pub use checkup::{Checkup, check_up};
pub use config::{Access, Clock, Config, Grant, IdScheme, Namespaces, Quota, Token, TokenKind};
pub use fault::{Action, Fault, Keys};
pub use log::{Entry, Watcher};
pub use registry::Error as StateError;
pub use running::{Running, spawn};
pub use script::{ScriptError, faults};
pub use server::serve;
pub use store::{Audit, Damage, Error as StoreError, Lost, Orphan};

use crate::domain::{AccountId, Classification, Classify, ErrorClass, Hint};

/// Why an emulator cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What it kept from the last time is of no use.
    #[error("the emulator could not read its state")]
    State(#[from] StateError),
    /// The keys and values that it kept are of no use.
    #[error("the emulator could not read its store")]
    Store(#[from] StoreError),
    /// The network failed.
    #[error("the emulator could not serve")]
    Serve(#[from] io::Error),
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        match self {
            Self::Store(_) => ErrorClass::Failed.hint(
                "nothing was changed; move that file away, or keep the store elsewhere with \
                 `--persist-to`",
            ),
            Self::State(StateError::Malformed { path, .. }) => ErrorClass::Failed.hint(Hint::edit(
                path.display(),
                "the file holds the titles of the namespaces: mend it, or remove it to forget them; \
                 `kvctl serve --check` looks through the rest of the store",
            )),
            Self::State(StateError::Directory(_) | StateError::File(_)) => ErrorClass::Failed
                .hint("`--persist-to` keeps the store elsewhere, `--memory` nowhere"),
            Self::Serve(_) => ErrorClass::Failed.into(),
        }
    }
}

/// An emulated service. Clones are handles to the same one.
#[derive(Clone)]
pub struct Emulator(Arc<Inner>);

struct Inner {
    config: Config,
    /// The account that all namespaces are listed under, if it does not matter who asks.
    owner: Option<AccountId>,
    registry: registry::Registry,
    store: store::Store,
    counters: counters::Counters,
    meter: quota::Meter,
    room: body::Room,
    faults: fault::Faults,
    log: log::Log,
    moods: Mutex<Moods>,
    answers: AtomicU64,
}

impl Emulator {
    /// Sets up a service that no one can reach yet; see [`serve`] and [`spawn`].
    pub fn new(config: Config) -> Self {
        let state = config.state.as_deref();
        // Local ids follow from titles, so two accounts with a title in common would share data.
        let owner = (config.ids == IdScheme::Local).then(AccountId::local);
        Self(Arc::new(Inner {
            owner,
            registry: registry::Registry::new(state.map(store::own).as_deref()),
            store: state.map_or_else(store::Store::memory, store::Store::disk),
            counters: counters::Counters::new(state),
            meter: quota::Meter::new(config.quota),
            room: body::Room::default(),
            faults: fault::Faults::default(),
            log: log::Log::default(),
            moods: Mutex::default(),
            answers: AtomicU64::new(0),
            config,
        }))
    }

    /// Returns the requests so far, in the order of their arrival.
    pub fn log(&self) -> Vec<Entry> {
        self.0.log.entries()
    }

    /// Returns how many requests with this method there were.
    pub fn requests(&self, method: &str) -> usize {
        let log = self.log();
        log.iter().filter(|entry| entry.method == method).count()
    }

    /// Tells `watcher` of each request when it is done with; the first that is set stays.
    pub fn watch(&self, watcher: Watcher) {
        self.0.log.watch(watcher);
    }

    /// Adds a failure for requests to come.
    pub fn fault(&self, fault: Fault) {
        self.0.faults.add(fault);
    }

    /// Forgets the failures that are left.
    pub fn heal(&self) {
        self.0.faults.clear();
    }

    /// Makes every request from now on take at least so long.
    pub fn latency(&self, latency: Duration) {
        self.0.moods().latency = Some(latency);
    }

    /// Lets every write from now on be seen by readers so much later only, as at the service in another
    /// place than where it was made.
    pub fn lag(&self, delay: Duration) {
        self.0.store.lag(delay);
    }

    /// Puts an empty page before every page of keys from now on, as the service does where it walks
    /// over keys that were deleted or have expired.
    pub fn tombstones(&self) {
        self.0.moods().tombstones = true;
    }

    /// Checks all that was kept from the last time, and that there will be room for more.
    pub fn prepare(&self) -> Result<(), Error> {
        // First what makes nothing: a store that is of no use is left as it was found.
        self.0.store.check()?;
        Ok(self.0.registry.prepare()?)
    }

    /// Checks that the list of namespaces that was kept from the last time can be read.
    pub fn check(&self) -> Result<(), Error> {
        self.0.registry.read()?;
        Ok(())
    }
}

/// What a correct service may do, and most of the time does not.
#[derive(Debug, Default)]
struct Moods {
    latency: Option<Duration>,
    tombstones: bool,
}

impl Inner {
    /// Returns the account that the namespaces of `account` are listed under.
    fn owner<'a>(&'a self, account: &'a AccountId) -> &'a AccountId {
        self.owner.as_ref().unwrap_or(account)
    }

    fn now(&self) -> i64 {
        (self.config.clock)()
    }

    fn moods(&self) -> MutexGuard<'_, Moods> {
        self.moods.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn latency(&self) -> Option<Duration> {
        self.moods().latency
    }

    fn has_tombstones(&self) -> bool {
        self.moods().tombstones
    }

    /// Returns the name of the next answer, in the form of the service's `cf-ray`.
    fn ray(&self) -> String {
        let number = self.answers.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{number:016x}-LOC")
    }
}
