//! What the plans of Workers KV allow and charge. Pure.
//!
//! From Cloudflare's page of prices as of 21 April 2026
//! (<https://developers.cloudflare.com/kv/platform/pricing/>). Assumes that a gigabyte is 10^9
//! bytes and a month 30 days.

use jiff::civil::Date;
use serde::Serialize;

use super::{OperationKind, Operations, Usage};

/// How many days a month has here.
const MONTH_DAYS: u64 = 30;

/// How many bytes both plans include.
pub const STORAGE_BYTES: u64 = 1_000_000_000;

/// What a gigabyte costs each month, in US cents.
const CENTS_PER_GIGABYTE: u64 = 50;

/// A plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Plan {
    /// Without payment: beyond a day's limit, operations of that kind fail until 00:00 UTC.
    Free,
    /// Workers Paid: beyond what a month includes, each operation is charged.
    Paid,
}

impl Plan {
    /// Returns how many operations of a kind it includes: in a day if it is free, else in a month.
    pub fn includes(self, kind: OperationKind) -> u64 {
        match (self, kind) {
            (Self::Free, OperationKind::Read) => 100_000,
            (Self::Free, _) => 1_000,
            (Self::Paid, OperationKind::Read) => 10_000_000,
            (Self::Paid, _) => 1_000_000,
        }
    }

    /// Returns the period of the allowance: `day` or `month`.
    pub fn period(self) -> &'static str {
        match self {
            Self::Free => "day",
            Self::Paid => "month",
        }
    }
}

/// What a million operations beyond the included ones cost, in US cents.
fn cents_per_million(kind: OperationKind) -> u64 {
    match kind {
        OperationKind::Read => 50,
        OperationKind::Write | OperationKind::Delete | OperationKind::List => 500,
    }
}

/// What was used of one kind, beside what a plan includes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Quota {
    /// The kind.
    pub kind: OperationKind,
    /// What the plan includes in its period.
    pub includes: u64,
    /// Of the free plan, what was used today; of the paid one, what a month is at this pace.
    pub used: u64,
    /// The day on which the most was used.
    #[serde(serialize_with = "date")]
    pub most_on: Date,
    /// How much that was.
    pub most: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn date<S: serde::Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(date)
}

impl Quota {
    /// Returns how much of what is included is used, in hundredths, rounded down.
    pub fn percent(&self) -> u64 {
        percent(self.used, self.includes)
    }
}

/// Returns how many hundredths of `whole` are `part`, rounded down.
pub fn percent(part: u64, whole: u64) -> u64 {
    part.saturating_mul(100) / whole.max(1)
}

/// Puts what was used beside what `plan` includes.
pub fn quotas(usage: &Usage, plan: Plan) -> Vec<Quota> {
    let daily = usage.daily();
    let month = a_month(usage);
    let quotas = OperationKind::ALL.iter().map(|kind| {
        let most = daily.iter().max_by_key(|(_, day)| day.of(*kind));
        let today = daily.last().map_or(0, |(_, day)| day.of(*kind));
        Quota {
            kind: *kind,
            includes: plan.includes(*kind),
            used: match plan {
                Plan::Free => today,
                Plan::Paid => month.of(*kind),
            },
            most_on: most.map_or(usage.window.to, |(date, _)| *date),
            most: most.map_or(0, |(_, day)| day.of(*kind)),
        }
    });
    quotas.collect()
}

/// Returns what a month would be at the pace of the window.
fn a_month(usage: &Usage) -> Operations {
    let length = u128::from(usage.window.length());
    let month = u128::from(MONTH_DAYS * 86_400);
    let done = usage.operations();
    let mut scaled = Operations::default();
    for kind in OperationKind::ALL {
        let count = u128::from(done.of(kind)) * month / length;
        scaled.add(kind, u64::try_from(count).unwrap_or(u64::MAX));
    }
    scaled
}

/// Returns what the paid plan would charge for a month at this pace, in US cents, rounded up. The
/// plan's own price is not in it, nor what it charges for Workers.
pub fn cost_cents(usage: &Usage) -> u64 {
    charge(&a_month(usage), usage.stored().bytes)
}

fn charge(month: &Operations, bytes: u64) -> u64 {
    let operations = OperationKind::ALL.iter().map(|kind| {
        let beyond = month.of(*kind).saturating_sub(Plan::Paid.includes(*kind));
        u128::from(beyond) * u128::from(cents_per_million(*kind)) * 1_000
    });
    let beyond = bytes.saturating_sub(STORAGE_BYTES);
    // All in billionths of a cent.
    let storage = u128::from(beyond) * u128::from(CENTS_PER_GIGABYTE);
    let billionths = operations.sum::<u128>() + storage;
    u64::try_from(billionths.div_ceil(1_000_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::usage::{Window, tabulate},
        wire::analytics::{KvDatasets, OperationsDimensions, OperationsGroup, OperationsSum},
    };

    #[test]
    fn only_what_is_beyond_the_included_is_charged() {
        let month = |read, write| Operations {
            read,
            write,
            ..Operations::default()
        };
        let gigabyte = STORAGE_BYTES;
        for (operations, bytes, cents) in [
            (month(10_000_000, 1_000_000), gigabyte, 0),
            (month(11_000_000, 1_000_000), gigabyte, 50),
            (month(0, 2_000_000), gigabyte, 500),
            (month(0, 0), 3 * gigabyte, 100),
            (month(10_000_001, 0), 0, 1),
            (
                month(110_000_000, 3_000_000),
                11 * gigabyte,
                5_000 + 1_000 + 500,
            ),
        ] {
            assert_eq!(
                charge(&operations, bytes),
                cents,
                "{operations:?}, {bytes} bytes"
            );
        }
    }

    #[test]
    fn a_month_is_reckoned_by_the_pace_of_the_window() {
        let row = |date: &str, requests| OperationsGroup {
            dimensions: OperationsDimensions {
                date: date.to_owned(),
                action_type: "write".to_owned(),
                namespace_id: "a".to_owned(),
            },
            sum: OperationsSum { requests },
        };
        let found = KvDatasets {
            operations: vec![row("2026-01-31", 100), row("2026-01-30", 900)],
            storage: Vec::new(),
        };
        // A day and a half.
        let window = Window::new("2026-01-31T12:00:00Z".parse().unwrap(), 2);
        let usage = tabulate(window, &found, &[]);
        assert_eq!(a_month(&usage).write, 20_000);
        let write = |plan| quotas(&usage, plan)[1];
        let free = write(Plan::Free);
        assert_eq!((free.used, free.includes, free.percent()), (100, 1_000, 10));
        assert_eq!(
            (free.most_on.to_string().as_str(), free.most),
            ("2026-01-30", 900)
        );
        let paid = write(Plan::Paid);
        assert_eq!((paid.used, paid.percent()), (20_000, 2));
    }
}
