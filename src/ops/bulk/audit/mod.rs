//! Checks the keys of a namespace against the rules of `kvctl.toml`, using only its list.
//!
//! A list tells names and when keys expire, not when they were written. So a key is judged by the
//! time it has left: [`rules`] says what that can show. [`prefixes`] counts what keys begin with.
//! Both are pure, take one key at a time, and keep no more of it than a report shows.

pub mod fix;
pub mod prefixes;
pub mod rules;

use std::pin::pin;

use futures_util::TryStreamExt as _;
use serde::Serialize;

use self::{
    prefixes::{PrefixCounter, Tally},
    rules::{Broken, Rules},
};
use super::read::{self, Listed, Reader};
use crate::{api::Namespace, domain::Prefixes};

/// The findings about one namespace so far.
#[derive(Debug)]
pub struct Audit {
    judge: Judge,
    counts: Counts,
    prefixes: PrefixCounter,
}

/// What keys are judged by.
#[derive(Debug, Clone)]
pub struct Judge {
    /// The rules.
    pub rules: Rules,
    /// Keys that expire within this many seconds are counted.
    pub within: Option<i64>,
}

impl Judge {
    /// Judges a key that has so many seconds left, and counts it alone.
    fn judge(&self, key: &str, left: Option<i64>) -> (Counts, Verdict) {
        let broken = self.rules.judge(key, left);
        let expiring = left.zip(self.within).is_some_and(|(left, d)| left <= d);
        let counts = Counts {
            keys: 1,
            never_expire: u64::from(left.is_none()),
            violations: u64::from(broken.any()),
            by_rule: ByRule {
                required: u64::from(broken.required),
                max: u64::from(broken.max),
                prefix: u64::from(broken.prefix),
            },
            expiring: u64::from(expiring),
            by_expiration: left.map(ByExpiration::one).unwrap_or_default(),
            below_min: u64::from(self.rules.is_below_min(left)),
        };
        (counts, Verdict { broken, expiring })
    }

    /// Counts a key that never expired as one that has so many seconds left, or as gone if that is
    /// `None`.
    pub fn recount(
        &self,
        key: &str,
        left: Option<i64>,
        counts: &mut Counts,
        prefixes: &mut prefixes::Summary,
    ) {
        let (old, _) = self.judge(key, None);
        let new = left.map_or_else(Counts::default, |left| self.judge(key, Some(left)).0);
        counts.each(&old, u64::saturating_sub);
        counts.each(&new, u64::saturating_add);
        prefixes.recount(key, old.tally(), new.tally());
    }
}

/// How many keys there are of each sort.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All keys.
    pub keys: u64,
    /// Keys that never expire, whether they may or not.
    pub never_expire: u64,
    /// Keys that break a rule, or several.
    pub violations: u64,
    /// Keys that break each of the rules.
    pub by_rule: ByRule,
    /// Keys that expire within the time that was asked about.
    pub expiring: u64,
    /// Keys that expire, by the time that they have left.
    pub by_expiration: ByExpiration,
    /// Keys that have less left than the shortest time to live. It says nothing of what they were
    /// given.
    pub below_min: u64,
}

/// How many keys expire when.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ByExpiration {
    /// Within an hour.
    #[serde(rename = "1h")]
    pub hour: u64,
    /// Later, within a day.
    #[serde(rename = "24h")]
    pub day: u64,
    /// Later, within seven days.
    #[serde(rename = "7d")]
    pub week: u64,
    /// Later, within thirty days.
    #[serde(rename = "30d")]
    pub month: u64,
    /// Later.
    pub later: u64,
}

impl ByExpiration {
    /// Counts one key that has so many seconds left.
    fn one(left: i64) -> Self {
        let mut one = Self::default();
        let count = match left {
            ..=3_600 => &mut one.hour,
            3_601..=86_400 => &mut one.day,
            86_401..=604_800 => &mut one.week,
            604_801..=2_592_000 => &mut one.month,
            _ => &mut one.later,
        };
        *count = 1;
        one
    }
}

/// How many keys break each rule.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ByRule {
    /// Keys that never expire, and must.
    #[serde(rename = "ttl.required")]
    pub required: u64,
    /// Keys that have longer to live than they may.
    #[serde(rename = "ttl.max")]
    pub max: u64,
    /// Keys that begin otherwise.
    pub prefix: u64,
}

impl Counts {
    /// Changes each count by the other's.
    fn each(&mut self, other: &Self, change: fn(u64, u64) -> u64) {
        for (count, by) in [
            (&mut self.keys, other.keys),
            (&mut self.never_expire, other.never_expire),
            (&mut self.violations, other.violations),
            (&mut self.by_rule.required, other.by_rule.required),
            (&mut self.by_rule.max, other.by_rule.max),
            (&mut self.by_rule.prefix, other.by_rule.prefix),
            (&mut self.expiring, other.expiring),
            (&mut self.below_min, other.below_min),
            (&mut self.by_expiration.hour, other.by_expiration.hour),
            (&mut self.by_expiration.day, other.by_expiration.day),
            (&mut self.by_expiration.week, other.by_expiration.week),
            (&mut self.by_expiration.month, other.by_expiration.month),
            (&mut self.by_expiration.later, other.by_expiration.later),
        ] {
            *count = change(*count, by);
        }
    }

    /// The same, as prefixes count it.
    fn tally(&self) -> Tally {
        Tally {
            keys: self.keys,
            never_expire: self.never_expire,
            expiring: self.expiring,
        }
    }
}

/// The findings about one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The rules that it breaks.
    pub broken: Broken,
    /// Whether it expires within the time that was asked about.
    pub expiring: bool,
}

impl Audit {
    /// Starts an audit.
    pub fn new(judge: Judge, prefixes: PrefixCounter) -> Self {
        Self {
            judge,
            counts: Counts::default(),
            prefixes,
        }
    }

    /// Lists the keys of a namespace with `prefixes`, and judges them. Each page is handed to `each`, with what was found
    /// out about its keys.
    pub async fn run<E: From<read::Error>>(
        mut self,
        namespace: Namespace<'_>,
        prefixes: &Prefixes,
        mut each: impl FnMut(Vec<(Listed, Verdict)>) -> Result<(), E>,
    ) -> Result<(Counts, prefixes::Summary), E> {
        let reader = Reader::new(namespace);
        let mut pages = pin!(reader.keys(prefixes));
        while let Some(page) = pages.try_next().await? {
            let now = namespace.client.service_now();
            let judged = page.into_iter().map(|listed| {
                let verdict = self.take(&listed, now);
                (listed, verdict)
            });
            each(judged.collect())?;
        }
        Ok((self.counts, self.prefixes.finish()))
    }

    /// Judges and counts a key, when it is `now` at the service, in UNIX seconds.
    fn take(&mut self, key: &Listed, now: i64) -> Verdict {
        let left = key.expiration.map(|at| at.unix_seconds() - now);
        let (counts, verdict) = self.judge.judge(key.key.as_str(), left);
        self.counts.each(&counts, u64::saturating_add);
        self.prefixes.take(key.key.as_str(), counts.tally());
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Expiration;

    /// Five keys, judged.
    fn audited() -> (Judge, Counts, prefixes::Summary) {
        let rules = Rules {
            prefix: Some(Prefixes::one("a:")),
            ttl: Some(crate::config::TtlRule {
                required: true,
                min: Some("10m".parse().unwrap()),
                max: Some("1h".parse().unwrap()),
            }),
        };
        let judge = Judge {
            rules,
            within: Some(300),
        };
        let mut audit = Audit::new(judge.clone(), PrefixCounter::new(":", 10));
        let keys = [
            ("a:fine", Some(3600)),
            ("a:near", Some(300)),
            ("a:short", Some(301)),
            ("b:long", Some(7200)),
            ("b:never", None),
        ];
        for (name, left) in keys {
            let listed = Listed {
                key: name.parse().unwrap(),
                expiration: left.map(|left: i64| Expiration::from_unix_seconds(1000 + left)),
                number: 0,
                metadata: None,
            };
            audit.take(&listed, 1000);
        }
        (judge, audit.counts, audit.prefixes.finish())
    }

    /// What is counted of them.
    fn expected() -> Counts {
        Counts {
            keys: 5,
            never_expire: 1,
            violations: 2,
            by_rule: ByRule {
                required: 1,
                max: 1,
                prefix: 2,
            },
            expiring: 1,
            by_expiration: ByExpiration {
                hour: 3,
                day: 1,
                ..ByExpiration::default()
            },
            below_min: 2,
        }
    }

    #[test]
    fn each_key_is_counted_once_and_each_rule_for_itself() {
        let (_, counts, prefixes) = audited();
        assert_eq!(counts, expected());
        assert_eq!(prefixes.top[0].tally.expiring, 1);
    }

    #[test]
    fn a_key_that_changed_is_counted_as_it_is_now() {
        let (judge, mut counts, mut prefixes) = audited();
        let expected = expected();
        // It gets a time to live that is near its end, and a wrong prefix all the same.
        judge.recount("b:never", Some(200), &mut counts, &mut prefixes);
        let expected = Counts {
            never_expire: 0,
            by_rule: ByRule {
                required: 0,
                ..expected.by_rule
            },
            expiring: 2,
            below_min: 3,
            by_expiration: ByExpiration {
                hour: 4,
                ..expected.by_expiration
            },
            ..expected
        };
        assert_eq!(counts, expected);
        let b = prefixes.top.iter().find(|it| it.prefix == "b:").unwrap();
        assert_eq!((b.tally.never_expire, b.tally.expiring), (0, 1));
    }
}
