//! The way to the service: how long it is, and how far the clocks at its ends are apart.
//!
//! Owns how that is measured from the answers to requests that are made anyway. Imports `api`.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::api::{Event, Observer, ahead};

/// Listens to a client, and measures how long the way is and what time it is at its other end.
#[derive(Debug)]
pub struct Meter {
    now: fn() -> Timestamp,
    samples: Mutex<Vec<Sample>>,
}

/// What one answer told.
#[derive(Debug, Clone, Copy)]
struct Sample {
    took: Duration,
    /// By how many milliseconds this machine's clock is ahead, if the answer had a date.
    ahead: Option<i64>,
}

/// What all answers told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// How many answers there were.
    pub answers: usize,
    /// The fastest of them: the first one has to connect as well.
    pub round_trip: Duration,
    /// By how many seconds this machine's clock is ahead of the service's.
    pub ahead_seconds: Option<i64>,
}

/// Says how far this machine's clock is off, which is ahead by so many seconds.
pub fn clock_is_off(ahead_seconds: i64) -> String {
    let side = if ahead_seconds < 0 {
        "behind"
    } else {
        "ahead of"
    };
    let by = ahead_seconds.unsigned_abs();
    format!("this machine's clock is {by} s {side} the service's")
}

impl Meter {
    /// Listens; `now` is this machine's clock.
    pub fn new(now: fn() -> Timestamp) -> Self {
        Self {
            now,
            samples: Mutex::default(),
        }
    }

    /// Returns what was heard; nothing if nobody answered.
    pub fn way(&self) -> Option<Way> {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let best = samples.iter().min_by_key(|it| it.took)?;
        let dated = samples.iter().filter(|it| it.ahead.is_some());
        let ahead = dated.min_by_key(|it| it.took).and_then(|it| it.ahead);
        Some(Way {
            answers: samples.len(),
            round_trip: best.took,
            // To the nearest second.
            ahead_seconds: ahead.map(|millis| (millis + 500).div_euclid(1000)),
        })
    }
}

impl Observer for Meter {
    fn event(&self, event: &Event<'_>) {
        let Event::Answered { took, date, .. } = event else {
            return;
        };
        let sample = Sample {
            took: *took,
            ahead: date.and_then(|date| ahead(date, (self.now)(), *took)),
        };
        self.samples
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(sample);
    }
}

#[cfg(test)]
mod tests {
    use reqwest::{Method, StatusCode};

    use super::*;

    fn noon() -> Timestamp {
        "2026-01-01T12:00:00.500Z".parse().unwrap()
    }

    fn way(dates: &[(&str, u64)]) -> Option<Way> {
        let meter = Meter::new(noon);
        for (date, millis) in dates {
            meter.event(&Event::Answered {
                method: &Method::GET,
                path: "accounts",
                status: StatusCode::OK,
                took: Duration::from_millis(*millis),
                ray: None,
                date: (!date.is_empty()).then_some(date),
            });
        }
        meter.way()
    }

    #[test]
    fn the_fastest_answer_says_what_time_it_is() {
        assert_eq!(way(&[]), None);
        let slow = ("Thu, 01 Jan 2026 11:50:00 GMT", 900);
        let fast = ("Thu, 01 Jan 2026 12:00:00 GMT", 10);
        let seen = way(&[slow, fast, ("", 5)]).unwrap();
        assert_eq!(seen.round_trip, Duration::from_millis(5));
        assert_eq!((seen.answers, seen.ahead_seconds), (3, Some(0)));
        let ahead = |date| way(&[(date, 20)]).unwrap().ahead_seconds;
        assert_eq!(ahead("Thu, 01 Jan 2026 11:50:00 GMT"), Some(600));
        assert_eq!(ahead("Thu, 01 Jan 2026 12:00:31 GMT"), Some(-31));
        assert_eq!(ahead("yesterday"), None);
        // Written when it was 12:00:00.999 there, and half of eight seconds off.
        assert_eq!(ahead("Thu, 01 Jan 2026 12:00:01 GMT"), Some(-1));
        let slow = way(&[("Thu, 01 Jan 2026 11:59:52 GMT", 8_000)]).unwrap();
        assert_eq!(slow.ahead_seconds, Some(0));
    }
}
