//! The service's clock, learnt from the `Date` header of its responses. Keys expire by that clock, so
//! this machine's clock is used only until the first response.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};

/// How far the service's clock is from this machine's.
#[derive(Debug, Default)]
pub(super) struct Clock(Mutex<Option<Sample>>);

/// The clock difference according to one answer.
#[derive(Debug, Clone, Copy)]
struct Sample {
    took: Duration,
    /// By how many milliseconds this machine's clock is ahead.
    ahead: i64,
}

/// By how many milliseconds the clocks may differ: a day, more than time zones do. A date further
/// off is not from the service, and must not make anything look expired.
const FARTHEST: u64 = 86_400_000;

impl Clock {
    /// Learns from an answer with this `Date`, which was there at `now`, so long after its request.
    pub(super) fn learn(&self, date: &str, now: Timestamp, took: Duration) {
        let Some(ahead) = ahead(date, now, took).filter(|by| by.unsigned_abs() <= FARTHEST) else {
            return;
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The fastest answer tells the time best.
        if known.is_none_or(|best| took <= best.took) {
            *known = Some(Sample { took, ahead });
        }
    }

    /// Whether an answer has told the time.
    pub(super) fn is_known(&self) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.is_some()
    }

    /// Returns what time it is there when it is `now` here, in UNIX seconds.
    pub(super) fn there(&self, now: Timestamp) -> i64 {
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead = known.map_or(0, |sample| sample.ahead);
        (now.as_millisecond() - ahead).div_euclid(1000)
    }
}

/// Returns by how many milliseconds this machine is ahead of a service that sent `date` in an
/// answer received at `now`; `None` if `date` is invalid; 0 if the clocks may agree.
///
/// A date has whole seconds, and it was written at some time between sending and receiving. So the
/// middle of both is the best guess, and half of both is how far that may be off.
pub fn ahead(date: &str, now: Timestamp, took: Duration) -> Option<i64> {
    let there = DateTimeParser::new().parse_timestamp(date).ok()?;
    let half = i64::try_from(took.as_millis() / 2).ok()?;
    let here = now.as_millisecond().saturating_sub(half);
    let ahead = here.saturating_sub(there.as_millisecond() + 500);
    let may_agree = ahead.unsigned_abs() <= (500 + half).unsigned_abs();
    Some(if may_agree { 0 } else { ahead })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_767_268_800;

    fn told(dates: &[(&str, u64)]) -> i64 {
        let now: Timestamp = "2026-01-01T12:00:00.500Z".parse().unwrap();
        let clock = Clock::default();
        for (date, millis) in dates {
            clock.learn(date, now, Duration::from_millis(*millis));
        }
        clock.there(now)
    }

    #[test]
    fn the_fastest_answer_tells_the_time_unless_it_cannot_be() {
        assert_eq!(told(&[]), NOON);
        assert_eq!(told(&[("Thu, 01 Jan 2026 12:00:00 GMT", 20)]), NOON);
        let slow = ("Thu, 01 Jan 2026 10:00:00 GMT", 900);
        let fast = ("Thu, 01 Jan 2026 11:00:00 GMT", 10);
        assert_eq!(told(&[slow, fast]), NOON - 3600);
        assert_eq!(told(&[fast, slow]), NOON - 3600);
        for odd in [
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "Fri, 01 Jan 2100 00:00:00 GMT",
            "noon",
            "",
        ] {
            assert_eq!(told(&[(odd, 1)]), NOON, "{odd}");
        }
    }
}
