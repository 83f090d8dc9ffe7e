//! The grammar of `kvctl usage`.

use std::str::FromStr;

use clap::{Args, ValueEnum};

/// How many days back the analytics of Workers KV reach.
const DAYS_MAX: u8 = 31;

const AFTER_HELP: &str = "\
Figures come from the analytics API, some minutes late; the token needs the permission
`Account Analytics: Read`. Days are in UTC; the last one is today. Reads, writes and deletions are
counted per key, lists per request; storage is the latest figure of each namespace.

--json contains every day of every namespace; --ndjson writes one line for each that has data.
If stdout is no terminal, a namespace is a line of columns, separated by tabs: id, title, bindings,
reads, writes, deletes, lists, keys, bytes.";

/// Arguments of `kvctl usage`.
#[derive(Debug, Clone, Args)]
#[command(after_help = AFTER_HELP)]
pub struct UsageArgs {
    /// Number of days, including today: 1 to 31
    #[arg(long, value_name = "N", default_value = "30")]
    pub days: Days,

    /// Plan whose quotas to show; the account's plan cannot be detected
    #[arg(long, value_name = "PLAN", value_enum, default_value_t)]
    pub plan: PlanArg,
}

/// A plan of Cloudflare's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum PlanArg {
    /// Daily quotas
    #[default]
    Free,
    /// Monthly quotas
    Paid,
}

/// A number of days that the analytics can answer for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days(pub u8);

/// Why a text is not [`Days`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DaysError {
    /// Not a whole number.
    #[error("not a number of days; use 1 to {DAYS_MAX}")]
    NotANumber,
    /// None, or more than there are.
    #[error("analytics are retained for {DAYS_MAX} days; use 1 to {DAYS_MAX}")]
    OutOfRange,
}

impl FromStr for Days {
    type Err = DaysError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        if s.is_empty() || !s.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(DaysError::NotANumber);
        }
        match s.parse() {
            Ok(days) if (1..=DAYS_MAX).contains(&days) => Ok(Self(days)),
            Ok(_) | Err(_) => Err(DaysError::OutOfRange),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::analytics::RETENTION_DAYS;

    #[test]
    fn days_are_those_that_are_retained() {
        assert_eq!(DAYS_MAX, RETENTION_DAYS);
        assert_eq!("1".parse(), Ok(Days(1)));
        assert_eq!("31".parse(), Ok(Days(31)));
        for far in ["0", "32", "1000"] {
            assert_eq!(far.parse::<Days>(), Err(DaysError::OutOfRange), "{far}");
        }
        for odd in ["", "-1", "7d", "1.5", "+3"] {
            assert_eq!(odd.parse::<Days>(), Err(DaysError::NotANumber), "{odd}");
        }
    }

    #[test]
    fn help_names_the_permission_as_messages_do() {
        assert!(AFTER_HELP.contains(crate::domain::Permission::AnalyticsRead.label()));
    }
}
