//! `[scaffold]` of `kvctl.toml`: where the helper files go, and the defaults written into them.
//!
//! Owns the table's format and its bounds, which are those of the helpers' constructors: what is
//! read here never makes a generated file throw. Imports `domain`.

mod reading;

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

use crate::domain::Binding;
use reading::{
    attempts, attempts_option, block, block_option, endpoints, identifier, idle, inside, lifetime,
    lifetime_option, lifetime_or_none, prefix, type_name, window, window_option,
};

/// One of the files that `scaffold` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// `cache.ts`, with `ConfigCache`.
    Cache,
    /// `sessions.ts`, with `SessionManager`.
    Sessions,
    /// `rate-limit.ts`, with `RateLimiter`.
    RateLimit,
    /// The file that declares `Env`.
    Types,
}

impl Part {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Cache, Self::Sessions, Self::RateLimit, Self::Types];

    /// Returns the name that the command line and `kvctl.toml` use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::Sessions => "sessions",
            Self::RateLimit => "rate-limit",
            Self::Types => "types",
        }
    }
}

/// What `[scaffold]` says; each field is `None` where it says nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaffold {
    /// Which files are wanted.
    pub only: Option<Vec<Part>>,
    /// The folder of the helper files, relative to the project.
    #[serde(default, deserialize_with = "inside")]
    pub out_dir: Option<PathBuf>,
    /// The file that declares `Env`, relative to the project.
    #[serde(default, deserialize_with = "inside")]
    pub types: Option<PathBuf>,
    /// Defaults of `ConfigCache`.
    #[serde(default)]
    pub cache: CacheOptions,
    /// Defaults of `SessionManager`.
    #[serde(default)]
    pub sessions: SessionOptions,
    /// Defaults of `RateLimiter`.
    #[serde(default)]
    pub rate_limit: RateLimitOptions,
}

/// Defaults of `ConfigCache`. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CacheOptions {
    /// The binding it is for.
    #[serde(deserialize_with = "identifier")]
    pub binding: Binding,
    /// What its keys begin with.
    #[serde(deserialize_with = "prefix")]
    pub prefix: Option<String>,
    /// Lifetime of an entry, if one is given; see [`Self::ttl`].
    #[serde(deserialize_with = "lifetime_option")]
    pub ttl: Option<u32>,
    /// Longest lifetime.
    #[serde(deserialize_with = "lifetime")]
    pub max_ttl: u32,
    /// How long a missing value is cached; 0 disables this.
    #[serde(deserialize_with = "lifetime_or_none")]
    pub negative_ttl: u32,
    /// The type of the values.
    #[serde(deserialize_with = "type_name")]
    pub value_type: Option<String>,
    /// The module that exports that type: a file of the project, or a specifier.
    pub value_from: Option<String>,
}

/// Defaults of `SessionManager`. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionOptions {
    /// The binding it is for.
    #[serde(deserialize_with = "identifier")]
    pub binding: Binding,
    /// What its keys begin with.
    #[serde(deserialize_with = "prefix")]
    pub prefix: Option<String>,
    /// Lifetime of a session.
    #[serde(deserialize_with = "lifetime")]
    pub ttl: u32,
    /// Longest lifetime.
    #[serde(deserialize_with = "lifetime")]
    pub max_ttl: u32,
    /// After how long without use a session ends; 0: never.
    #[serde(deserialize_with = "idle")]
    pub idle_timeout: u32,
}

/// Defaults of `RateLimiter`. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimitOptions {
    /// The binding it is for.
    #[serde(deserialize_with = "identifier")]
    pub binding: Binding,
    /// What its keys begin with.
    #[serde(deserialize_with = "prefix")]
    pub prefix: Option<String>,
    /// Attempts in a window.
    #[serde(deserialize_with = "attempts")]
    pub max_attempts: u32,
    /// Length of a window.
    #[serde(deserialize_with = "window")]
    pub window: u32,
    /// How long one attempt too many blocks; 0: until the window ends.
    #[serde(deserialize_with = "block")]
    pub block: u32,
    /// What happens while KV cannot be read.
    pub fail_mode: FailMode,
    /// What single endpoints have of their own.
    #[serde(deserialize_with = "endpoints")]
    pub endpoints: BTreeMap<String, EndpointRule>,
}

/// What happens while KV cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FailMode {
    /// The memory of the isolate decides.
    Open,
    /// Nothing is allowed.
    Closed,
}

/// What an endpoint has of its own; the rest is the default rule's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EndpointRule {
    /// Attempts in a window.
    #[serde(deserialize_with = "attempts_option")]
    pub max_attempts: Option<u32>,
    /// Length of a window.
    #[serde(deserialize_with = "window_option")]
    pub window: Option<u32>,
    /// How long one attempt too many blocks; 0: until the window ends.
    #[serde(deserialize_with = "block_option")]
    pub block: Option<u32>,
}

/// A binding's name that is known to be one.
fn well_known(name: &str) -> Binding {
    name.parse()
        .unwrap_or_else(|_| unreachable!("`{name}` is a name"))
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self {
            binding: well_known("CONFIG_CACHE"),
            prefix: None,
            ttl: None,
            max_ttl: 86_400,
            negative_ttl: 0,
            value_type: None,
            value_from: None,
        }
    }
}

impl CacheOptions {
    /// Returns the lifetime of an entry. The default is a day, for the free plan's writes; a shorter
    /// maximum is no contradiction to it.
    pub fn ttl(&self) -> u32 {
        self.ttl.unwrap_or(86_400.min(self.max_ttl))
    }
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            binding: well_known("SESSIONS"),
            prefix: None,
            ttl: 86_400,
            max_ttl: 30 * 86_400,
            idle_timeout: 0,
        }
    }
}

impl Default for RateLimitOptions {
    fn default() -> Self {
        Self {
            binding: well_known("RATE_LIMIT"),
            prefix: None,
            max_attempts: 5,
            window: 300,
            block: 900,
            fail_mode: FailMode::Open,
            endpoints: BTreeMap::new(),
        }
    }
}

/// Two settings that cannot both hold.
pub(super) struct Contradiction {
    /// The keys that say so, below `[scaffold]`; the first may be left at its default.
    pub(super) keys: [&'static [&'static str]; 2],
    /// What is wrong.
    pub(super) message: String,
}

impl Scaffold {
    /// Returns the first settings that contradict each other.
    pub(super) fn contradiction(&self) -> Option<Contradiction> {
        let Self {
            cache, sessions, ..
        } = self;
        let cache_max: (&[&str], u32) = (&["cache", "max_ttl"], cache.max_ttl);
        let sessions_max: (&[&str], u32) = (&["sessions", "max_ttl"], sessions.max_ttl);
        let bounded: [(&[&str], u32, _); 4] = [
            (&["cache", "ttl"], cache.ttl(), cache_max),
            (&["cache", "negative_ttl"], cache.negative_ttl, cache_max),
            (&["sessions", "ttl"], sessions.ttl, sessions_max),
            (
                &["sessions", "idle_timeout"],
                sessions.idle_timeout,
                sessions_max,
            ),
        ];
        let above = bounded.into_iter().find(|(_, value, (_, max))| value > max);
        if let Some((keys, value, (max_keys, max))) = above {
            let [table, key] = [keys[0], keys[1]];
            return Some(Contradiction {
                keys: [keys, max_keys],
                message: format!(
                    "`{key}` of [scaffold.{table}] is {value} seconds and `max_ttl` only {max}"
                ),
            });
        }
        let orphan = cache.value_from.is_some() && cache.value_type.is_none();
        orphan.then(|| Contradiction {
            keys: [&["cache", "value_from"], &["cache"]],
            message: "`value_from` needs `value_type`, the name of the type".to_owned(),
        })
    }
}
