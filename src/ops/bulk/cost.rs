//! What a long run will cost, before it begins. Pure.

use std::fmt;

use serde::Serialize;

use crate::domain::{
    BULK_GET_MAX_KEYS, BULK_MAX_BYTES, BULK_MAX_KEYS, FREE_DELETES_A_DAY, FREE_READS_A_DAY,
    FREE_WRITES_A_DAY, REQUESTS_AT_ONCE, REQUESTS_WINDOW_SECONDS, quantity,
};

/// What a run will cost, or more: values may have to go in more requests, and requests may have to be
/// sent again.
///
/// Reads, writes and deletions are counted by key, as they are billed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// How many requests.
    pub requests: u64,
    /// How many keys are read.
    pub reads: u64,
    /// How many keys are written.
    pub writes: u64,
    /// How many keys are deleted.
    pub deletes: u64,
}

impl Cost {
    /// The cost of writing `records` whose values have `bytes` in total, as far as is known.
    pub fn of_writes(records: u64, bytes: u64) -> Self {
        let requests = records.div_ceil(BULK_MAX_KEYS as u64);
        Self {
            requests: requests.max(bytes.div_ceil(BULK_MAX_BYTES as u64)),
            writes: records,
            ..Self::default()
        }
    }

    /// The cost of reading and writing `records`.
    pub fn of_copies(records: u64) -> Self {
        let read = Self {
            requests: records.div_ceil(BULK_GET_MAX_KEYS as u64),
            reads: records,
            ..Self::default()
        };
        read.and(Self::of_writes(records, 0))
    }

    /// The cost of deleting `keys`.
    pub fn of_deletes(keys: u64) -> Self {
        Self {
            requests: keys.div_ceil(BULK_MAX_KEYS as u64),
            deletes: keys,
            ..Self::default()
        }
    }

    /// The cost of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            reads: self.reads + other.reads,
            writes: self.writes + other.writes,
            deletes: self.deletes + other.deletes,
        }
    }

    /// What there is to say about it, if it is more than the free plan has for a day, or more than
    /// the service takes at once.
    pub fn remark(&self) -> Option<String> {
        let kinds = [
            (self.reads, FREE_READS_A_DAY, "100,000 reads"),
            (self.writes, FREE_WRITES_A_DAY, "1,000 writes"),
            (self.deletes, FREE_DELETES_A_DAY, "1,000 deletions"),
        ];
        let over: Vec<&str> = kinds
            .into_iter()
            .filter(|(count, free, _)| count > free)
            .map(|(_, _, text)| text)
            .collect();
        let windows = self.requests.div_ceil(REQUESTS_AT_ONCE).saturating_sub(1);
        if over.is_empty() && windows == 0 {
            return None;
        }
        let mut text = format!("this costs at least {self}");
        if !over.is_empty() {
            text.push_str("; the free plan allows ");
            text.push_str(&over.join(" and "));
            text.push_str(" a day, reset at 00:00 UTC");
        }
        if windows > 0 {
            let minutes = (windows * REQUESTS_WINDOW_SECONDS).div_ceil(60);
            let waits = format!(
                "; the service accepts {} per {} minutes, which takes \
                 {minutes} minutes or more",
                quantity(REQUESTS_AT_ONCE, "request"),
                REQUESTS_WINDOW_SECONDS / 60
            );
            text.push_str(&waits);
        }
        Some(text)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.requests, "request"),
            (self.reads, "read"),
            (self.writes, "write"),
            (self.deletes, "deletion"),
        ];
        let mut lead = "";
        for (count, noun) in counts.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, "{lead}{}", quantity(count, noun))?;
            lead = ", ";
        }
        if lead.is_empty() {
            f.write_str("nothing")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_large_is_remarked_on() {
        assert_eq!(Cost::of_writes(1000, 0).remark(), None);
        assert_eq!(Cost::of_writes(3, 250_000_000).requests, 3);
        assert_eq!(
            Cost::of_writes(20_001, 0).remark().unwrap(),
            "this costs at least 3 requests, 20,001 writes; the free plan allows 1,000 writes a day, \
             reset at 00:00 UTC"
        );
        let both = Cost::of_writes(1, 0).and(Cost::of_deletes(1001));
        assert_eq!(
            both.remark().unwrap(),
            "this costs at least 2 requests, 1 write, 1,001 deletions; the free plan allows 1,000 \
             deletions a day, reset at 00:00 UTC"
        );
    }

    #[test]
    fn what_must_be_paced_says_how_long_it_lasts() {
        let cost = Cost {
            requests: 2401,
            ..Cost::default()
        };
        assert_eq!(
            cost.remark().unwrap(),
            "this costs at least 2,401 requests; the service accepts 1,200 requests per 5 minutes, \
             which takes 10 minutes or more"
        );
    }
}
