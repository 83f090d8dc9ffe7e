//! Key names.

use std::{fmt, str::FromStr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::KEY_MAX_BYTES;

/// Exactly what `encodeURIComponent` leaves alone, so that wrangler and kvctl agree on every key.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// The name of a key: 1 to 512 bytes of UTF-8, and neither `.` nor `..`.
///
/// The dots are refused here rather than at the request: a URL parser folds them away, and
/// `DELETE …/values/..` would then address the namespace itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct KeyName(String);

/// Why a string is not a [`KeyName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyNameError {
    /// The name has no bytes.
    #[error("key name is empty")]
    Empty,
    /// The name is `.` or `..`.
    #[error("key name cannot be `.` or `..`")]
    DotSegment,
    /// The name has more than [`KEY_MAX_BYTES`] bytes.
    #[error("key name is {0} bytes long; the limit is 512")]
    TooLong(usize),
}

impl KeyName {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name as one percent-encoded URL path segment.
    pub fn to_segment(&self) -> impl fmt::Display + '_ {
        url_segment(&self.0)
    }
}

/// Returns `text` as one percent-encoded URL path segment. `.` and `..` are none.
pub fn url_segment(text: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(text, COMPONENT)
}

impl FromStr for KeyName {
    type Err = KeyNameError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s {
            "" => Err(KeyNameError::Empty),
            "." | ".." => Err(KeyNameError::DotSegment),
            _ if s.len() > KEY_MAX_BYTES => Err(KeyNameError::TooLong(s.len())),
            _ => Ok(Self(s.to_owned())),
        }
    }
}

impl AsRef<str> for KeyName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dot_segments_never_become_keys() {
        assert_eq!("..".parse::<KeyName>(), Err(KeyNameError::DotSegment));
        assert_eq!(".".parse::<KeyName>(), Err(KeyNameError::DotSegment));
        assert!("...".parse::<KeyName>().is_ok());
    }

    proptest! {
        /// Whatever the name, it is one path segment, and it decodes to itself.
        #[test]
        fn segment_round_trips(name in "(?s).{1,40}") {
            let Ok(key) = name.parse::<KeyName>() else { return Ok(()) };
            let url = url::Url::parse(&format!("https://h/values/{}", key.to_segment())).unwrap();
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 2);
            let decoded = percent_encoding::percent_decode_str(segments[1]).decode_utf8().unwrap();
            prop_assert_eq!(decoded, name);
        }
    }
}
