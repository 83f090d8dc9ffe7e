//! Latency and clock skew, measured from the responses to requests that are sent anyway.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::api::{Event, Observer, ahead};

/// Observes a client, and measures round trips and the difference between the clocks.
#[derive(Debug)]
pub struct LatencyMeter {
    now: fn() -> Timestamp,
    samples: Mutex<Vec<Sample>>,
}

/// The timing of one response.
#[derive(Debug, Clone, Copy)]
struct Sample {
    took: Duration,
    /// By how many milliseconds this machine's clock is ahead, if the response had a date.
    ahead: Option<i64>,
}

/// What all responses told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkStats {
    /// How many responses there were.
    pub responses: usize,
    /// The fastest of them: the first one includes connecting.
    pub round_trip: Duration,
    /// By how many seconds this machine's clock is ahead of the service's.
    pub clock_ahead_seconds: Option<i64>,
}

impl LatencyMeter {
    /// Measures nothing yet; `now` is this machine's clock.
    pub fn new(now: fn() -> Timestamp) -> Self {
        Self {
            now,
            samples: Mutex::default(),
        }
    }

    /// Returns the statistics so far; nothing without a response.
    pub fn stats(&self) -> Option<NetworkStats> {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let best = samples.iter().min_by_key(|it| it.took)?;
        let dated = samples.iter().filter(|it| it.ahead.is_some());
        let ahead = dated.min_by_key(|it| it.took).and_then(|it| it.ahead);
        Some(NetworkStats {
            responses: samples.len(),
            round_trip: best.took,
            // To the nearest second.
            clock_ahead_seconds: ahead.map(|millis| (millis + 500).div_euclid(1000)),
        })
    }
}

impl Observer for LatencyMeter {
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

    fn stats(dates: &[(&str, u64)]) -> Option<NetworkStats> {
        let meter = LatencyMeter::new(noon);
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
        meter.stats()
    }

    #[test]
    fn the_fastest_response_tells_the_time() {
        assert_eq!(stats(&[]), None);
        let slow = ("Thu, 01 Jan 2026 11:50:00 GMT", 900);
        let fast = ("Thu, 01 Jan 2026 12:00:00 GMT", 10);
        let seen = stats(&[slow, fast, ("", 5)]).unwrap();
        assert_eq!(seen.round_trip, Duration::from_millis(5));
        assert_eq!((seen.responses, seen.clock_ahead_seconds), (3, Some(0)));
        let ahead = |date| stats(&[(date, 20)]).unwrap().clock_ahead_seconds;
        assert_eq!(ahead("Thu, 01 Jan 2026 11:50:00 GMT"), Some(600));
        assert_eq!(ahead("Thu, 01 Jan 2026 12:00:31 GMT"), Some(-31));
        assert_eq!(ahead("yesterday"), None);
        // Written when it was 12:00:00.999 there, and half of eight seconds off.
        assert_eq!(ahead("Thu, 01 Jan 2026 12:00:01 GMT"), Some(-1));
        let slow = stats(&[("Thu, 01 Jan 2026 11:59:52 GMT", 8_000)]).unwrap();
        assert_eq!(slow.clock_ahead_seconds, Some(0));
    }
}
