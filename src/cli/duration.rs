//! Durations on the command line, each within its bounds.

use std::{ops::RangeInclusive, time::Duration};

use crate::domain::parse_duration;

/// Why a string is not a duration that an option takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Not a duration, or out of bounds.
    #[error("`{text}` is not a duration {bounds}; write seconds (30) or units (500ms, 2m)")]
    OutOfBounds {
        /// What was given.
        text: String,
        /// The bounds, in words.
        bounds: &'static str,
    },
    /// Not a whole number of seconds.
    #[error("`{0}` is not a duration; write seconds (3600) or units (1h30m, 7d)")]
    Unparsable(String),
}

/// Parses the time limit of one request.
pub(super) fn request_timeout(s: &str) -> Result<Duration, DurationError> {
    let bounds = Duration::from_millis(1)..=Duration::from_hours(1);
    within(s, &bounds, "between 1ms and 1h")
}

/// Parses a duration of at most an hour.
pub(super) fn up_to_1h(s: &str) -> Result<Duration, DurationError> {
    within(s, &(Duration::ZERO..=Duration::from_hours(1)), "up to 1h")
}

/// Parses a duration of at most ten minutes.
pub(super) fn up_to_10m(s: &str) -> Result<Duration, DurationError> {
    within(s, &(Duration::ZERO..=Duration::from_mins(10)), "up to 10m")
}

/// Parses a duration as whole seconds.
pub(super) fn seconds(s: &str) -> Result<u32, DurationError> {
    parse_duration(s)
        .and_then(|duration| duration.as_secs().try_into().ok())
        .ok_or_else(|| DurationError::Unparsable(s.to_owned()))
}

fn within(
    s: &str,
    range: &RangeInclusive<Duration>,
    bounds: &'static str,
) -> Result<Duration, DurationError> {
    parse_duration(s)
        .and_then(|duration| duration.try_into().ok())
        .filter(|duration| range.contains(duration))
        .ok_or_else(|| DurationError::OutOfBounds {
            text: s.to_owned(),
            bounds,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_or_units_within_bounds() {
        assert_eq!(request_timeout("30"), Ok(Duration::from_secs(30)));
        assert_eq!(request_timeout("30"), request_timeout("30s"));
        assert_eq!(request_timeout("500ms"), Ok(Duration::from_millis(500)));
        for bad in ["0", "-5s", "2h", "soon", "", "18446744073709551615"] {
            assert!(request_timeout(bad).is_err(), "{bad}");
        }
        assert_eq!(up_to_10m("0"), Ok(Duration::ZERO));
        assert_eq!(up_to_10m("10m"), Ok(Duration::from_mins(10)));
        for bad in ["11m", "-1s"] {
            assert!(up_to_10m(bad).is_err(), "{bad}");
        }
        assert_eq!(seconds("2h"), Ok(7200));
        for bad in ["-5s", "soon", "", "99999999999"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
