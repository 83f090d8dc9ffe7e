//! When keys expire: as a moment, or as a time to live.

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use serde::{Deserialize, Serialize};

use super::{TTL_MIN_SECONDS, thousands};

/// How long a key lives: whole seconds, at least 60.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Ttl(u32);

/// Why a string is not a [`Ttl`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TtlError {
    /// Neither seconds nor a duration.
    #[error("`{0}` is not a duration; write seconds (3600) or units (1h30m, 7d)")]
    Unparsable(String),
    /// Shorter than the service allows.
    #[error("a TTL is at least 60 seconds, not {0}")]
    TooShort(i64),
    /// Implausibly long: more than a hundred years.
    #[error("a TTL of {0} seconds is too long")]
    TooLong(i64),
}

impl Ttl {
    /// Returns the seconds.
    pub fn seconds(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Ttl {
    /// In the largest units, as it may be written on the command line: `1d`, `1h30m`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(86_400, 'd'), (3600, 'h'), (60, 'm'), (1, 's')];
        let mut left = self.0;
        for (size, unit) in units {
            if left >= size {
                write!(f, "{}{unit}", left / size)?;
            }
            left %= size;
        }
        Ok(())
    }
}

impl FromStr for Ttl {
    type Err = TtlError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let duration = parse_duration(s).ok_or_else(|| TtlError::Unparsable(s.to_owned()))?;
        let seconds = duration.as_secs();
        if seconds < TTL_MIN_SECONDS {
            return Err(TtlError::TooShort(seconds));
        }
        match u32::try_from(seconds) {
            Ok(seconds) if seconds <= 100 * 366 * 86_400 => Ok(Self(seconds)),
            Ok(_) | Err(_) => Err(TtlError::TooLong(seconds)),
        }
    }
}

/// Parses a duration: bare seconds, which wrangler's `--ttl` takes, or units such as `1h30m`.
pub fn parse_duration(s: &str) -> Option<SignedDuration> {
    if let Ok(seconds) = s.parse() {
        return Some(SignedDuration::from_secs(seconds));
    }
    let span: Span = s.parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}

/// The moment at which a key expires: whole UNIX seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Expiration(i64);

/// Why a string is not an [`Expiration`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", not_a_time(.0))]
pub struct ExpirationError(String);

fn not_a_time(text: &str) -> String {
    if parse_duration(text).is_some() {
        return format!("`{text}` is a duration; give it with `--ttl {text}`");
    }
    format!(
        "`{text}` is not a time; write UNIX seconds (1767225600) or a date with a zone \
         (2026-01-01T00:00:00Z)"
    )
}

impl Expiration {
    /// Takes UNIX seconds, whatever they are: what exists has any.
    pub fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Returns the UNIX seconds.
    pub fn unix_seconds(self) -> i64 {
        self.0
    }

    /// Says how far ahead of `now`, UNIX seconds, it is, in one unit, to the nearest: `in 23 h`.
    pub fn ahead_of(self, now: i64) -> String {
        let seconds = self.0.saturating_sub(now);
        let nearest = |unit: i64| seconds.saturating_add(unit / 2) / unit;
        match (seconds, nearest(60), nearest(3_600)) {
            (..=0, ..) => "expired".to_owned(),
            (1..120, ..) => format!("in {seconds} s"),
            (_, minutes @ ..120, _) => format!("in {minutes} min"),
            (.., hours @ ..48) => format!("in {hours} h"),
            _ => format!("in {} days", thousands(nearest(86_400))),
        }
    }

    /// Whether the service would refuse it at `now`, UNIX seconds: it is past, or less than a
    /// minute ahead.
    pub fn is_too_soon(self, now: i64) -> bool {
        self.0 < now.saturating_add(TTL_MIN_SECONDS)
    }
}

impl FromStr for Expiration {
    type Err = ExpirationError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        if let Ok(seconds) = s.parse() {
            return Ok(Self(seconds));
        }
        let time: Timestamp = s
            .parse()
            .map_err(|_unparsable| ExpirationError(s.to_owned()))?;
        Ok(Self(time.as_second()))
    }
}

impl fmt::Display for Expiration {
    /// RFC 3339 in UTC; the seconds if they are out of range.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_second(self.0) {
            Ok(time) => f.pad(&time.to_string()),
            Err(_) => self.0.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_no_time() {
        let said = "7d".parse::<Expiration>().unwrap_err().to_string();
        assert_eq!(said, "`7d` is a duration; give it with `--ttl 7d`");
        let said = "soon".parse::<Expiration>().unwrap_err().to_string();
        assert!(said.starts_with("`soon` is not a time; "), "{said}");
    }

    #[test]
    fn a_ttl_is_seconds_or_units() {
        assert_eq!("3600".parse::<Ttl>(), "1h".parse::<Ttl>());
        assert_eq!("7d".parse::<Ttl>(), "604800".parse::<Ttl>());
        assert_eq!("59".parse::<Ttl>(), Err(TtlError::TooShort(59)));
        assert_eq!("-1h".parse::<Ttl>(), Err(TtlError::TooShort(-3600)));
        assert!("1M".parse::<Ttl>().is_err());
        assert!("99999999999".parse::<Ttl>().is_err());
        for text in ["60", "1h30m", "90061", "24h", "59m59s"] {
            let ttl: Ttl = text.parse().unwrap();
            assert_eq!(ttl.to_string().parse(), Ok(ttl), "{ttl}");
        }
        assert_eq!("90061".parse::<Ttl>().unwrap().to_string(), "1d1h1m1s");
    }

    #[test]
    fn an_expiration_is_seconds_or_a_date() {
        let expected = Expiration(1_767_225_600);
        assert_eq!("1767225600".parse(), Ok(expected));
        assert_eq!("2026-01-01T00:00:00Z".parse(), Ok(expected));
        assert_eq!("2026-01-01T01:00:00+01:00".parse(), Ok(expected));
        assert_eq!(expected.to_string(), "2026-01-01T00:00:00Z");
        for (left, said) in [
            (0, "expired"),
            (40, "in 40 s"),
            (3_600, "in 60 min"),
            (119, "in 119 s"),
            (7_169, "in 119 min"),
            (7_199, "in 2 h"),
            (3 * 3_600 - 1, "in 3 h"),
            (86_399, "in 24 h"),
            (172_799, "in 2 days"),
            (172_800, "in 2 days"),
            (86_400 * 1_000, "in 1,000 days"),
        ] {
            let now = expected.unix_seconds() - left;
            assert_eq!(expected.ahead_of(now), said);
        }
        assert!("tomorrow".parse::<Expiration>().is_err());
        assert!(expected.is_too_soon(1_767_225_541));
        assert!(!expected.is_too_soon(1_767_225_540));
    }
}
