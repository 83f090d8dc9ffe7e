//! What the answers' `Date` headers say about the clock of this machine.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Compares each answer's date with the time at which it arrived.
#[derive(Debug, Default)]
pub(super) struct Clock(Mutex<Option<SignedDuration>>);

impl Clock {
    /// Learns from the `Date` header of an answer that arrived at `now`. What cannot be read is
    /// ignored.
    pub(super) fn learn(&self, date: Option<&str>, now: Timestamp) {
        let date = date.and_then(read_date);
        if let Some(date) = date {
            let mut skew = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *skew = Some(now.duration_since(date));
        }
    }

    /// Returns by how much this machine's clock is ahead, going by the last answer.
    pub(super) fn skew(&self) -> Option<SignedDuration> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads an HTTP date (RFC 9110, 5.6.7).
pub(super) fn read_date(text: &str) -> Option<Timestamp> {
    let parser = jiff::fmt::rfc2822::DateTimeParser::new();
    parser.parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_date_that_can_be_read_counts() {
        let clock = Clock::default();
        let now: Timestamp = "2026-01-01T00:10:00Z".parse().unwrap();
        assert_eq!(clock.skew(), None);
        clock.learn(Some("Thu, 01 Jan 2026 00:00:00 GMT"), now);
        clock.learn(Some("yesterday"), now);
        clock.learn(None, now);
        assert_eq!(clock.skew(), Some(SignedDuration::from_mins(10)));
    }
}
