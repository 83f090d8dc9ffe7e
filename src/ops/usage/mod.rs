//! Operations and storage per namespace and day.
//!
//! Owns how the rows of the analytics become figures (`table`), what a plan allows and charges
//! (`plan`), and which bindings lead to the namespaces (`bound`). Imports `domain`, `wire`, `api`, `config` and
//! `ops::target`.

mod bound;
pub mod plan;
mod table;

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;

pub use bound::{Bound, bound_targets};
pub use table::tabulate;

use crate::{
    api::{self, Client, GetUsage},
    domain::AccountId,
    wire::{NamespaceInfo, analytics::KvDatasets},
};

/// The days covered, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first day.
    pub from: Date,
    /// The last day, which is today and not over yet.
    pub to: Date,
    /// How long it is, up to this second.
    seconds: u64,
}

impl Window {
    /// The last `days` days up to `now`, today included.
    pub fn new(now: Timestamp, days: u8) -> Self {
        let to = now.to_zoned(TimeZone::UTC).date();
        let before = i64::from(days.max(1)) - 1;
        let today = now.as_second().rem_euclid(86_400).unsigned_abs();
        Self {
            from: to.saturating_sub(Span::new().days(before)),
            to,
            seconds: before.unsigned_abs() * 86_400 + today,
        }
    }

    /// Returns the days, oldest first.
    pub fn days(&self) -> impl Iterator<Item = Date> {
        let (from, to) = (self.from, self.to);
        from.series(Span::new().days(1))
            .take_while(move |day| *day <= to)
    }

    /// Returns how long it is in seconds; a day at least, since less says little of a month.
    fn length(&self) -> u64 {
        self.seconds.max(86_400)
    }
}

/// A kind of operation, as it is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OperationKind {
    /// A key was read, also one that is not there.
    Read,
    /// A key was written.
    Write,
    /// A key was deleted.
    Delete,
    /// Keys were listed: one per request, regardless of the number of keys.
    List,
}

impl OperationKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Delete, Self::List];

    fn read(name: &str) -> Option<Self> {
        Some(match name {
            "read" => Self::Read,
            "write" => Self::Write,
            "delete" => Self::Delete,
            "list" => Self::List,
            _ => return None,
        })
    }
}

/// How many operations of each kind there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Operations {
    /// Keys read.
    pub read: u64,
    /// Keys written.
    pub write: u64,
    /// Keys deleted.
    pub delete: u64,
    /// Lists.
    pub list: u64,
}

impl Operations {
    /// Returns how many of one kind there were.
    pub fn of(&self, kind: OperationKind) -> u64 {
        match kind {
            OperationKind::Read => self.read,
            OperationKind::Write => self.write,
            OperationKind::Delete => self.delete,
            OperationKind::List => self.list,
        }
    }

    /// Returns how many there were of all kinds.
    pub fn all(&self) -> u64 {
        OperationKind::ALL.iter().map(|kind| self.of(*kind)).sum()
    }

    fn add(&mut self, kind: OperationKind, count: u64) {
        let of = match kind {
            OperationKind::Read => &mut self.read,
            OperationKind::Write => &mut self.write,
            OperationKind::Delete => &mut self.delete,
            OperationKind::List => &mut self.list,
        };
        *of = of.saturating_add(count);
    }
}

impl std::iter::Sum for Operations {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        let mut sum = Self::default();
        for one in iter {
            for kind in OperationKind::ALL {
                sum.add(kind, one.of(kind));
            }
        }
        sum
    }
}

/// What a namespace held on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stored {
    /// How many keys.
    pub keys: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// One day of a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// The day.
    pub date: Date,
    /// What was done.
    pub operations: Operations,
    /// What it held, if the analytics have a figure of that day.
    pub stored: Option<Stored>,
}

/// What a namespace was used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// Its id; of the local store, any text.
    pub id: String,
    /// Its title; none, if it was deleted meanwhile.
    pub title: Option<String>,
    /// Each day of the window, oldest first.
    pub days: Vec<Day>,
}

impl Namespace {
    /// Returns what was done in the whole window.
    pub fn operations(&self) -> Operations {
        self.days.iter().map(|day| day.operations).sum()
    }

    /// Returns what it held last, and when: figures of several days are never added up.
    pub fn stored(&self) -> Option<(Date, Stored)> {
        let mut newest = self.days.iter().rev();
        newest.find_map(|day| Some((day.date, day.stored?)))
    }
}

/// What all namespaces were used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The days.
    pub window: Window,
    /// The namespaces that exist or were used, by title; those without one last.
    pub namespaces: Vec<Namespace>,
    /// The last day of which rows are missing, and so of all days before it too: the analytics give
    /// no more than ten thousand at once.
    pub missing_until: Option<Date>,
    /// Kinds of operations that are none of [`OperationKind`], and are not counted.
    pub unknown: Vec<String>,
}

impl Usage {
    /// Returns what was done on each day in all namespaces, oldest first.
    pub fn daily(&self) -> Vec<(Date, Operations)> {
        let days = self.window.days().enumerate();
        days.map(|(at, date)| {
            let all = self.namespaces.iter().filter_map(|it| it.days.get(at));
            (date, all.map(|day| day.operations).sum())
        })
        .collect()
    }

    /// Returns what was done in the whole window in all namespaces.
    pub fn operations(&self) -> Operations {
        self.namespaces.iter().map(Namespace::operations).sum()
    }

    /// Returns what all namespaces that exist hold, each by its newest figure. One without a title
    /// exists if there is a figure of today: namespaces of the local store need no title.
    pub fn stored(&self) -> Stored {
        let each = self.namespaces.iter().filter_map(|namespace| {
            let (date, stored) = namespace.stored()?;
            (namespace.title.is_some() || date == self.window.to).then_some(stored)
        });
        each.fold(Stored { keys: 0, bytes: 0 }, |sum, one| Stored {
            keys: sum.keys.saturating_add(one.keys),
            bytes: sum.bytes.saturating_add(one.bytes),
        })
    }
}

/// Asks the service: one request for the figures and one for the titles, at once.
pub async fn fetch(
    client: &Client,
    account: &AccountId,
    window: Window,
) -> Result<(KvDatasets, Vec<NamespaceInfo>), api::Error> {
    let query = GetUsage {
        account,
        from: window.from,
        to: window.to,
    };
    futures_util::future::try_join(client.send(&query), client.namespaces(account)).await
}
