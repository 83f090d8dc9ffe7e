//! Mirroring a directory into a namespace.

use std::{collections::HashSet, future::ready};

use futures_util::{Stream, TryStreamExt as _};
use serde::Serialize;

use super::{
    compare::{self, Difference, SideError, compare},
    cost::Cost,
    delete::Deleter,
    file::{RecordFile, Survey},
    read::Reader,
    reporter::Reporter,
    run::{self, Run, Task},
    send::{self, Sent},
    write::{self, Outgoing, Writer, Written},
};
use crate::{
    api::{Lifetime, Namespace},
    domain::{KeyName, Prefixes, ShowPath as _},
    formats::{Expiry, Input},
};

/// A sync.
pub struct Sync<'a> {
    /// The namespace that is written.
    pub namespace: Namespace<'a>,
    /// The directory that is read.
    pub file: &'a RecordFile,
    /// What the directory was found to hold.
    pub survey: &'a Survey,
    /// What is put before the names of files.
    pub prefix: &'a str,
    /// The time at the service, in UNIX seconds.
    pub now: i64,
}

/// What differs between a directory and a namespace.
#[derive(Debug, Default, Serialize)]
pub struct Plan {
    /// Keys that only the directory has.
    pub new: Vec<String>,
    /// Keys with another value, expiration or metadata.
    pub changed: Vec<String>,
    /// Keys that only the namespace has.
    pub extra: Vec<String>,
    /// Keys that the directory, an export of keys with certain prefixes, says nothing of. They are kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<String>,
    /// Keys of files that were skipped, which are kept.
    pub kept: Vec<String>,
    /// The names in the directory that were skipped because they start with a dot.
    pub skipped: Vec<String>,
    /// How many keys are the same on both sides.
    pub unchanged: usize,
}

impl Plan {
    /// Returns the keys to write.
    pub fn writes(&self) -> HashSet<&str> {
        let writes = self.new.iter().chain(&self.changed);
        writes.map(String::as_str).collect()
    }

    /// Returns what it costs to write the keys, and to delete the extra ones if it `deletes`.
    pub fn cost(&self, deletes: bool) -> Cost {
        let writes = Cost::of_writes((self.new.len() + self.changed.len()) as u64, 0);
        if deletes {
            writes.and(Cost::of_deletes(self.extra.len() as u64))
        } else {
            writes
        }
    }
}

const WRITING: Task = Task {
    name: "sync",
    doing: "writing",
    item: "key",
};

const DELETING: Task = Task {
    name: "sync",
    doing: "deleting",
    item: "key",
};

impl Sync<'_> {
    /// Returns what the directory holds, under the keys it is to have, without what has expired.
    fn wanted(&self) -> Result<impl Stream<Item = Result<Outgoing, SideError>> + '_, SideError> {
        let inputs = self.file.inputs(self.survey)?.map_err(SideError::from);
        let keyed = inputs.and_then(|(number, input)| ready(self.keyed(number, input)));
        Ok(keyed.try_filter(|outgoing| {
            let expired = match outgoing.lifetime {
                Lifetime::Until(at) => at.is_too_soon(self.now),
                Lifetime::For(_) | Lifetime::Unlimited => false,
            };
            ready(!expired)
        }))
    }

    fn keyed(&self, number: u64, input: Input) -> Result<Outgoing, SideError> {
        let ttl = match input.expiry {
            Some(Expiry::After(ttl)) => Some(ttl),
            Some(Expiry::At(_)) | None => None,
        };
        // It is compared as an absolute time, and sent as a TTL.
        let mut record = input.into_record(self.now);
        if !self.prefix.is_empty() {
            let name = format!("{}{}", self.prefix, record.key);
            let key: Result<KeyName, _> = name.parse();
            record.key = key.map_err(|source| SideError::Prefixed { name, source })?;
        }
        let outgoing = Outgoing::from((number, record));
        Ok(match ttl {
            Some(ttl) => Outgoing {
                lifetime: Lifetime::For(ttl),
                ..outgoing
            },
            None => outgoing,
        })
    }

    /// Whether `key` may be that of a skipped file.
    fn is_skipped(&self, key: &str) -> bool {
        let name = key.strip_prefix(self.prefix);
        let covered = |name| self.survey.skipped.iter().any(|it| it.covers(name));
        name.is_some_and(covered)
    }

    /// Whether the directory would have a file of `key` if there had been such a key.
    fn is_held(&self, key: &str) -> bool {
        let name = key.strip_prefix(self.prefix);
        name.is_some_and(|name| self.survey.prefixes.covers(name))
    }

    /// Compares both sides, without keeping a value.
    pub async fn plan(&self) -> Result<Plan, compare::Error<SideError>> {
        let reader = Reader::new(self.namespace);
        let prefixes = Prefixes::one(self.prefix);
        let there = reader.records(&prefixes).map_err(SideError::Namespace);
        let here = self.wanted().map_err(compare::Error::Side)?;
        let here = here.map_ok(|outgoing| outgoing.record);
        let skipped = self.survey.skipped.iter();
        let mut plan = Plan {
            skipped: skipped.map(|it| it.path().shown().into_owned()).collect(),
            ..Plan::default()
        };
        let found = |key: &KeyName, difference: Difference| {
            let list = match difference {
                Difference::Removed if self.is_skipped(key.as_str()) => &mut plan.kept,
                Difference::Removed if !self.is_held(key.as_str()) => &mut plan.outside,
                Difference::Removed => &mut plan.extra,
                Difference::Added => &mut plan.new,
                Difference::Value | Difference::Attributes => &mut plan.changed,
            };
            list.push(key.to_string());
        };
        plan.unchanged = compare(there, here, found).await?;
        // A listed key exists, whether or not it can be read yet.
        let new: HashSet<&str> = plan.new.iter().map(String::as_str).collect();
        let unread = reader.absent();
        let unread = unread.iter().map(ToString::to_string);
        let is_extra =
            |key: &String| !new.contains(&**key) && !self.is_skipped(key) && self.is_held(key);
        let extra: Vec<String> = unread.filter(is_extra).collect();
        plan.extra.extend(extra);
        plan.extra.sort_unstable();
        Ok(plan)
    }

    /// Writes the keys that are new or changed.
    pub async fn write(
        &self,
        plan: &Plan,
        reporter: &dyn Reporter,
    ) -> Result<Written, run::Error<write::Error<SideError>>> {
        let wanted = plan.writes();
        Run::without_journal(reporter, WRITING)
            .carry_out(
                wanted.len(),
                async |journal, count| {
                    let pending = self.wanted().map_err(write::Error::Source)?;
                    let pending = pending.try_filter(|outgoing| {
                        ready(wanted.contains(outgoing.record.key.as_str()))
                    });
                    let writer = Writer::new(self.namespace);
                    writer.write_all(pending, journal, count).await
                },
                |_| true,
            )
            .await
    }

    /// Deletes the keys that only the namespace has.
    pub async fn delete(
        &self,
        plan: &Plan,
        reporter: &dyn Reporter,
    ) -> Result<Sent, run::Error<send::Error>> {
        Run::without_journal(reporter, DELETING)
            .carry_out(
                plan.extra.len(),
                async |journal, count| {
                    let names = plan.extra.iter().map(String::as_str);
                    Deleter::new(self.namespace)
                        .delete(names, journal, count)
                        .await
                },
                |_| true,
            )
            .await
    }
}
