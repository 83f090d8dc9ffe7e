//! How long the service asks to wait.

use std::time::Duration;

use jiff::Timestamp;

/// Returns how long it is until the next 00:00 UTC, when the service renews the quotas of a day.
pub(super) fn until_midnight(now: Timestamp) -> Duration {
    const DAY: i64 = 86_400;
    let into_day = now.as_second().rem_euclid(DAY);
    Duration::from_secs((DAY - into_day).unsigned_abs())
}

/// Reads a `Retry-After`: seconds, or an HTTP date (RFC 9110, 10.2.3).
pub(super) fn parse_retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text)
        .ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_utc() {
        let left = |text: &str| until_midnight(text.parse().unwrap()).as_secs();
        assert_eq!(left("2026-01-01T00:00:00Z"), 86_400);
        assert_eq!(left("2026-01-01T23:59:59.9Z"), 1);
        assert_eq!(left("2026-01-01T20:30:00+02:00"), 5 * 3600 + 1800);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let parsed = |text| parse_retry_after(text, now);
        assert_eq!(parsed("2"), Some(Duration::from_secs(2)));
        assert_eq!(
            parsed("Thu, 01 Jan 2026 00:00:07 GMT"),
            Some(Duration::from_secs(7))
        );
        assert_eq!(
            parsed("Wed, 31 Dec 2025 00:00:00 GMT"),
            Some(Duration::ZERO)
        );
        assert_eq!(parsed("soon"), None);
        assert_eq!(parsed("-1"), None);
    }
}
