//! Durations on the command line.

use std::{str::FromStr, time::Duration};

use jiff::{Span, SpanRelativeTo};

/// How long one request may take: at least a millisecond, at most an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestTimeout(pub Duration);

/// Why a string is not a [`RequestTimeout`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration between 1ms and 1h; write seconds (30) or units (500ms, 2m)")]
pub struct RequestTimeoutError(String);

impl FromStr for RequestTimeout {
    type Err = RequestTimeoutError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        parse(s)
            .filter(|d| (Duration::from_millis(1)..=Duration::from_hours(1)).contains(d))
            .map(Self)
            .ok_or_else(|| RequestTimeoutError(s.to_owned()))
    }
}

/// A stretch of time from now on, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window(pub u32);

/// Why a string is not a [`Window`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration; write seconds (3600) or units (1h30m, 7d)")]
pub struct WindowError(String);

impl FromStr for Window {
    type Err = WindowError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let seconds = parse(s).and_then(|d| d.as_secs().try_into().ok());
        seconds.map(Self).ok_or_else(|| WindowError(s.to_owned()))
    }
}

/// Reads bare seconds first, since wrangler's `--ttl` takes those, then units.
pub(super) fn parse(s: &str) -> Option<Duration> {
    if let Ok(seconds) = s.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let span: Span = s.parse().ok()?;
    let signed = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    signed.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_or_units() {
        assert_eq!("30".parse(), Ok(RequestTimeout(Duration::from_secs(30))));
        assert_eq!("30".parse::<RequestTimeout>(), "30s".parse());
        assert_eq!(
            "500ms".parse(),
            Ok(RequestTimeout(Duration::from_millis(500)))
        );
        for bad in ["0", "-5s", "2h", "soon", ""] {
            assert!(bad.parse::<RequestTimeout>().is_err(), "{bad}");
        }
        assert_eq!("2h".parse(), Ok(Window(7200)));
        for bad in ["-5s", "soon", "", "99999999999"] {
            assert!(bad.parse::<Window>().is_err(), "{bad}");
        }
    }
}
