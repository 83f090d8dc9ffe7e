//! The check `probe`: a key is written, read, listed and deleted in each namespace.
//!
//! Five requests where writes are seen at once: put, value, metadata, list, delete. Where they are
//! not, each look is repeated with growing pauses until the time is up.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;

use super::{
    Check, Finding,
    blocked::{Blocked, said},
    bound::ProbeTarget,
    context::{CheckContext, Probed},
    finding::Cause,
};
use crate::{
    api::{self, Lifetime, Namespace},
    domain::{KeyName, Metadata, Prefixes, Ttl, hex, quantity},
    ops::keys::is_absent,
};

/// What the name of every probe key begins with.
pub const PREFIX: &str = "kvctl:probe:";

/// How many namespaces are probed at once.
const AT_ONCE: usize = 4;

/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

pub(super) async fn check(context: &CheckContext<'_>) -> Vec<Finding> {
    if context.options.read_only {
        return vec![Finding::skip(Check::Probe, "`--read-only` was given")];
    }
    match context.targets().await {
        Err(blocked) => return vec![blocked.finding(Check::Probe)],
        Ok(targets) if targets.is_empty() => {
            let reason = "no binding has an existing namespace";
            return vec![Finding::skip(Check::Probe, reason)];
        }
        Ok(_) => {}
    }
    let probes = probes(context).await;
    probes.iter().map(|p| p.finding.clone()).collect()
}

/// Returns the probes of every namespace; they are made once.
pub(super) async fn probes<'f>(context: &'f CheckContext<'_>) -> &'f [Probed] {
    context.probes.get_or_init(|| probe_all(context)).await
}

async fn probe_all(context: &CheckContext<'_>) -> Vec<Probed> {
    let Ok(targets) = context.targets().await else {
        return Vec::new();
    };
    if context.options.read_only {
        return Vec::new();
    }
    let probes = stream::iter(targets).map(|target| probe_one(context, target));
    probes.buffered(AT_ONCE).collect().await
}

async fn probe_one(context: &CheckContext<'_>, target: ProbeTarget) -> Probed {
    let (probed, wrote) = match Probe::begin(context, &target) {
        Err(blocked) => (Err(ProbeFailure::Blocked(blocked)), false),
        Ok(mut probe) => (probe.run().await, probe.wrote),
    };
    let blocked = match &probed {
        Err(ProbeFailure::Options(error)) => Some(context.blame(error, Check::Probe).await),
        Err(ProbeFailure::Blocked(blocked)) => Some(blocked.clone()),
        _ => None,
    };
    if let Some(blocked) = &blocked {
        context.record(blocked);
    }
    let place = context.place(target.position);
    let finding = match (probed, &blocked) {
        (_, Some(blocked)) => blocked.finding(Check::Probe),
        (Ok(message), None) => Finding::pass(Check::Probe, message),
        (Err(ProbeFailure::NotVisible(message)), None) => Finding::fail(Check::Probe, message)
            .because(Cause::Measured)
            .hint("allow more time with `--consistency-timeout 60s`, or run again")
            .at(place),
        (Err(ProbeFailure::Corrupted(message)), None) => Finding::fail(Check::Probe, message)
            .hint(
                "the service returns something else than was written; run again, and report it to \
                 Cloudflare if it persists",
            )
            .at(place),
        (
            Err(ProbeFailure::Stopped | ProbeFailure::Options(_) | ProbeFailure::Blocked(_)),
            None,
        ) => Finding::skip(Check::Probe, "interrupted"),
    };
    Probed {
        finding: finding.about(target.subject),
        wrote,
        blocked,
    }
}

/// Makes up the name of a probe key.
pub(super) fn random_key() -> Result<KeyName, Blocked> {
    let mut random = [0; 8];
    let broken = |what: String| Blocked::new(Check::Probe, super::Class::Check, what);
    getrandom::fill(&mut random).map_err(|e| broken(e.to_string()))?;
    let name = format!("{PREFIX}{}", hex(&random)).parse();
    name.map_err(|e: crate::domain::KeyNameError| broken(e.to_string()))
}

/// Why a probe did not go well.
enum ProbeFailure {
    /// A request that failed.
    Options(api::Error),
    /// Another check's business.
    Blocked(Blocked),
    /// A change did not become visible in time.
    NotVisible(String),
    /// Something was kept otherwise than it was given.
    Corrupted(String),
    /// The end was asked for.
    Stopped,
}

impl From<api::Error> for ProbeFailure {
    fn from(error: api::Error) -> Self {
        Self::Options(error)
    }
}

/// What a look showed: nothing yet that would be right, and what instead.
type Observation = Result<(), String>;

/// What is looked at, and how it is said that it was not right in time.
#[derive(Clone, Copy)]
struct Expected {
    what: &'static str,
    missed: &'static str,
}

const VALUE: Expected = Expected {
    what: "value",
    missed: "the value that was written did not become visible",
};

const METADATA: Expected = Expected {
    what: "metadata",
    missed: "the metadata that was written did not become visible",
};

const LIST: Expected = Expected {
    what: "list",
    missed: "the key that was written was not listed",
};

struct Probe<'a> {
    context: &'a CheckContext<'a>,
    namespace: Namespace<'a>,
    key: KeyName,
    metadata: Metadata,
    ttl: Ttl,
    /// When the key was written.
    written: Instant,
    wrote: bool,
    /// What was late.
    late: Vec<String>,
}

impl<'a> Probe<'a> {
    fn begin(context: &'a CheckContext<'a>, target: &'a ProbeTarget) -> Result<Self, Blocked> {
        let key = random_key()?;
        // Long enough that the key does not expire while it is looked for.
        let seconds = (context.options.consistency.as_secs() + 30).max(60);
        let broken = |what: String| Blocked::new(Check::Probe, super::Class::Check, what);
        let ttl: Result<Ttl, _> = seconds.to_string().parse();
        let metadata = json!({ "by": "kvctl verify", "key": key.as_str() }).to_string();
        Ok(Self {
            context,
            namespace: context.namespace(&target.id)?,
            metadata: metadata
                .parse()
                .map_err(|e: crate::domain::MetadataError| broken(e.to_string()))?,
            ttl: ttl.map_err(|e| broken(e.to_string()))?,
            key,
            written: Instant::now(),
            wrote: false,
            late: Vec::new(),
        })
    }

    async fn run(&mut self) -> Result<String, ProbeFailure> {
        let keys = self.context.options.probe_keys;
        if keys.is_stopped() {
            return Err(ProbeFailure::Stopped);
        }
        let seen = match self.put().await {
            Ok(()) => self.read_back().await,
            Err(failure) => Err(failure),
        };
        // Also after a failure; a write whose outcome is unknown may have worked.
        let deleted = if keys.contains(self.namespace.id, &self.key) {
            self.delete().await
        } else {
            Ok(())
        };
        seen?;
        deleted?;
        let late = if self.late.is_empty() {
            String::new()
        } else {
            format!("; {}", self.late.join("; "))
        };
        Ok(format!("written, read, listed and deleted{late}"))
    }

    async fn put(&mut self) -> Result<(), ProbeFailure> {
        let keys = self.context.options.probe_keys;
        let value = Bytes::copy_from_slice(self.key.as_str().as_bytes());
        let lifetime = Lifetime::For(self.ttl);
        let put = self
            .namespace
            .put(&self.key, value, lifetime, Some(&self.metadata));
        keys.add(self.namespace.id, &self.key);
        let written = put.await;
        self.written = Instant::now();
        if let Err(error) = written {
            if !error.is_unclear() {
                keys.remove(self.namespace.id, &self.key);
            }
            return Err(error.into());
        }
        self.wrote = true;
        Ok(())
    }

    async fn delete(&self) -> Result<(), ProbeFailure> {
        if let Err(error) = self.namespace.delete_key(&self.key).await {
            let blocked = self.context.blame(&error, Check::Probe).await;
            let message = format!(
                "the key `{}` could not be deleted and will expire within {} s: {}",
                self.key,
                self.ttl.seconds(),
                blocked.message
            );
            return Err(ProbeFailure::Blocked(Blocked { message, ..blocked }));
        }
        let keys = self.context.options.probe_keys;
        keys.remove(self.namespace.id, &self.key);
        Ok(())
    }

    async fn read_back(&mut self) -> Result<(), ProbeFailure> {
        let namespace = self.namespace;
        let (key, metadata) = (self.key.clone(), self.metadata.clone());
        let mut expires = true;
        self.until(VALUE, async || {
            let found = found(namespace.value(&key).await)?;
            let Some(found) = found else {
                return Ok(Err("absent".to_owned()));
            };
            expires = found.expiration.is_some();
            if found.bytes == key.as_str().as_bytes() {
                return Ok(Ok(()));
            }
            Ok(Err(format!(
                "different, {}",
                quantity(found.bytes.len(), "byte")
            )))
        })
        .await?;
        if !expires {
            let message = "the key was written with a TTL, but read back without an expiration";
            return Err(ProbeFailure::Corrupted(message.to_owned()));
        }
        self.until(METADATA, async || {
            Ok(match found(namespace.metadata(&key).await)?.flatten() {
                Some(found) if found == metadata => Ok(()),
                Some(_) => Err("another".to_owned()),
                None => Err("absent".to_owned()),
            })
        })
        .await?;
        self.until(LIST, async || {
            // Of those that begin so it is the first.
            let prefix = Prefixes::one(key.as_str());
            let mut pages = std::pin::pin!(namespace.keys_up_to(1, &prefix));
            while let Some(keys) = pages.try_next().await? {
                if keys.iter().any(|info| info.name == key.as_str()) {
                    return Ok(Ok(()));
                }
            }
            Ok(Err("without the key".to_owned()))
        })
        .await
    }

    /// Looks until what is seen is right, or the time is up.
    async fn until(
        &mut self,
        expected: Expected,
        mut observe: impl AsyncFnMut() -> Result<Observation, api::Error>,
    ) -> Result<(), ProbeFailure> {
        let limit = self.context.options.consistency;
        let keys = self.context.options.probe_keys;
        let mut first: Option<String> = None;
        let mut pause = Duration::from_millis(100);
        loop {
            if keys.is_stopped() {
                return Err(ProbeFailure::Stopped);
            }
            let instead = match observe().await? {
                Ok(()) => {
                    if let Some(first) = first {
                        let took = said(self.written.elapsed());
                        self.late.push(format!(
                            "the {} was correct after {took} (first {first})",
                            expected.what
                        ));
                    }
                    return Ok(());
                }
                Err(instead) => instead,
            };
            let passed = self.written.elapsed();
            let seen = format!("{instead} after {}", said(passed));
            let left = limit.saturating_sub(passed);
            if left.is_zero() {
                let first = first.unwrap_or_else(|| seen.clone());
                return Err(ProbeFailure::NotVisible(format!(
                    "{} within {}: first {first}, last {seen}",
                    expected.missed,
                    said(limit)
                )));
            }
            first.get_or_insert(seen);
            tokio::select! {
                () = tokio::time::sleep(pause.min(left)) => {}
                () = keys.stopped() => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Takes an absent key for nothing.
fn found<T>(outcome: Result<T, api::Error>) -> Result<Option<T>, api::Error> {
    match outcome {
        Err(error) if is_absent(&error) => Ok(None),
        other => other.map(Some),
    }
}
