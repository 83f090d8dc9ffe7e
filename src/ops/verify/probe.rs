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
    blame::{Blocked, said},
    facts::Facts,
    targets::Target,
};
use crate::{
    api::{self, Lifetime, Namespace},
    domain::{KeyName, LIST_PAGE_MIN, Metadata, Ttl, hex},
    ops::keys::is_absent,
};

/// What the name of every probe key begins with.
pub const PREFIX: &str = "kvctl:probe:";

/// How many namespaces are probed at once.
const AT_ONCE: usize = 4;

/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What a probe found in one namespace.
#[derive(Debug)]
pub(super) struct Probed {
    pub(super) finding: Finding,
    /// Whether the key was written.
    pub(super) wrote: bool,
    /// What kept the probe from going on.
    pub(super) blocked: Option<Blocked>,
}

pub(super) async fn check(facts: &Facts<'_>) -> Vec<Finding> {
    if facts.request.read_only {
        return vec![Finding::skip(Check::Probe, "`--read-only` is given")];
    }
    match facts.targets().await {
        Err(blocked) => return vec![blocked.finding(Check::Probe)],
        Ok(targets) if targets.is_empty() => {
            let reason = "no binding leads to a namespace that exists";
            return vec![Finding::skip(Check::Probe, reason)];
        }
        Ok(_) => {}
    }
    let probes = facts.probes().await;
    probes.iter().map(|p| p.finding.clone()).collect()
}

/// Probes every namespace that a binding leads to.
pub(super) async fn all(facts: &Facts<'_>) -> Vec<Probed> {
    let Ok(targets) = facts.targets().await else {
        return Vec::new();
    };
    if facts.request.read_only {
        return Vec::new();
    }
    let probes = stream::iter(targets).map(|target| one(facts, target));
    probes.buffered(AT_ONCE).collect().await
}

async fn one(facts: &Facts<'_>, target: Target) -> Probed {
    let (probed, wrote) = match Probe::begin(facts, &target) {
        Err(blocked) => (Err(Trouble::Blocked(blocked)), false),
        Ok(mut probe) => (probe.run().await, probe.wrote),
    };
    let blocked = match &probed {
        Err(Trouble::Refused(error)) => Some(facts.blame(error, Check::Probe).await),
        Err(Trouble::Blocked(blocked)) => Some(blocked.clone()),
        _ => None,
    };
    if let Some(blocked) = &blocked {
        facts.note(blocked);
    }
    let place = facts.place(target.position);
    let finding = match (probed, &blocked) {
        (_, Some(blocked)) => blocked.finding(Check::Probe),
        (Ok(message), None) => Finding::pass(Check::Probe, message),
        (Err(Trouble::Unseen(message)), None) => Finding::fail(Check::Probe, message)
            .hint("allow more time with `--consistency-timeout 60s`, or run again")
            .at(place),
        (Err(Trouble::Wrong(message)), None) => Finding::fail(Check::Probe, message)
            .hint(
                "the service does not keep what it is given; run again, and if it stays so, report \
                 it to Cloudflare",
            )
            .at(place),
        (Err(Trouble::Stopped | Trouble::Refused(_) | Trouble::Blocked(_)), None) => {
            Finding::skip(Check::Probe, "interrupted")
        }
    };
    Probed {
        finding: finding.about(target.subject),
        wrote,
        blocked,
    }
}

/// Makes up the name of a probe key.
pub(super) fn key() -> Result<KeyName, Blocked> {
    let mut random = [0; 8];
    let broken = |what: String| Blocked::new(Check::Probe, super::Class::Check, what);
    getrandom::fill(&mut random).map_err(|e| broken(e.to_string()))?;
    let name = format!("{PREFIX}{}", hex(&random)).parse();
    name.map_err(|e: crate::domain::KeyNameError| broken(e.to_string()))
}

/// Why a probe did not go well.
enum Trouble {
    /// A request that failed.
    Refused(api::Error),
    /// Another check's business.
    Blocked(Blocked),
    /// Something was not seen in time.
    Unseen(String),
    /// Something was kept otherwise than it was given.
    Wrong(String),
    /// The end was asked for.
    Stopped,
}

impl From<api::Error> for Trouble {
    fn from(error: api::Error) -> Self {
        Self::Refused(error)
    }
}

/// What a look showed: nothing yet that would be right, and what instead.
type Look = Result<(), String>;

/// What is looked at, and how it is said that it was not right in time.
#[derive(Clone, Copy)]
struct Sight {
    what: &'static str,
    missed: &'static str,
}

const VALUE: Sight = Sight {
    what: "value",
    missed: "the value that was written was not read back",
};

const METADATA: Sight = Sight {
    what: "metadata",
    missed: "the metadata that was written was not read back",
};

const LIST: Sight = Sight {
    what: "list",
    missed: "the key that was written was not listed",
};

struct Probe<'a> {
    facts: &'a Facts<'a>,
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
    fn begin(facts: &'a Facts<'a>, target: &'a Target) -> Result<Self, Blocked> {
        let key = key()?;
        // Long enough that the key does not expire while it is looked for.
        let seconds = (facts.request.consistency.as_secs() + 30).max(60);
        let broken = |what: String| Blocked::new(Check::Probe, super::Class::Check, what);
        let ttl: Result<Ttl, _> = seconds.to_string().parse();
        let metadata = json!({ "by": "kvctl verify", "key": key.as_str() }).to_string();
        Ok(Self {
            facts,
            namespace: facts.namespace(&target.id)?,
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

    async fn run(&mut self) -> Result<String, Trouble> {
        let traces = self.facts.request.traces;
        if traces.is_stopped() {
            return Err(Trouble::Stopped);
        }
        let seen = match self.put().await {
            Ok(()) => self.look().await,
            Err(trouble) => Err(trouble),
        };
        // Also after a failure; a write whose outcome is unknown may have worked.
        let deleted = if traces.holds(self.namespace.id, &self.key) {
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

    async fn put(&mut self) -> Result<(), Trouble> {
        let traces = self.facts.request.traces;
        let value = Bytes::copy_from_slice(self.key.as_str().as_bytes());
        let lifetime = Lifetime::For(self.ttl);
        let put = self
            .namespace
            .put(&self.key, value, lifetime, Some(&self.metadata));
        traces.leave(self.namespace.id, &self.key);
        let written = put.await;
        self.written = Instant::now();
        if let Err(error) = written {
            if !error.is_unclear() {
                traces.gone(self.namespace.id, &self.key);
            }
            return Err(error.into());
        }
        self.wrote = true;
        Ok(())
    }

    async fn delete(&self) -> Result<(), Trouble> {
        if let Err(error) = self.namespace.delete_key(&self.key).await {
            let blocked = self.facts.blame(&error, Check::Probe).await;
            let message = format!(
                "the key `{}` could not be deleted, and expires within {} s: {}",
                self.key,
                self.ttl.seconds(),
                blocked.message
            );
            return Err(Trouble::Blocked(Blocked { message, ..blocked }));
        }
        let traces = self.facts.request.traces;
        traces.gone(self.namespace.id, &self.key);
        Ok(())
    }

    async fn look(&mut self) -> Result<(), Trouble> {
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
            Ok(Err(format!("another, of {} bytes", found.bytes.len())))
        })
        .await?;
        if !expires {
            let message = "the key was written to expire, and was read back without an expiry";
            return Err(Trouble::Wrong(message.to_owned()));
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
            let mut pages = std::pin::pin!(namespace.keys_in_pages_of(LIST_PAGE_MIN, key.as_str()));
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
        sight: Sight,
        mut look: impl AsyncFnMut() -> Result<Look, api::Error>,
    ) -> Result<(), Trouble> {
        let limit = self.facts.request.consistency;
        let traces = self.facts.request.traces;
        let mut first: Option<String> = None;
        let mut pause = Duration::from_millis(100);
        loop {
            if traces.is_stopped() {
                return Err(Trouble::Stopped);
            }
            let instead = match look().await? {
                Ok(()) => {
                    if let Some(first) = first {
                        let took = said(self.written.elapsed());
                        self.late.push(format!(
                            "the {} was right after {took} (first {first})",
                            sight.what
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
                return Err(Trouble::Unseen(format!(
                    "{} within {}: first {first}, last {seen}",
                    sight.missed,
                    said(limit)
                )));
            }
            first.get_or_insert(seen);
            tokio::select! {
                () = tokio::time::sleep(pause.min(left)) => {}
                () = traces.stopped() => {}
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
