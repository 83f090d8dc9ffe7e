//! A record: a key with its value, expiration and metadata.

use std::{fmt, str::FromStr};

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::value::RawValue;

use super::{Expiration, KeyName, METADATA_MAX_BYTES};

/// A key with its value, expiration and metadata.
#[derive(Clone, PartialEq)]
pub struct Record {
    /// The name.
    pub key: KeyName,
    /// The value, any bytes.
    pub value: Bytes,
    /// When it expires; `None` is never.
    pub expiration: Option<Expiration>,
    /// Its metadata.
    pub metadata: Option<Metadata>,
}

/// Shows no value: it may be a secret.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("key", &self.key)
            .field("value", &format_args!("{} bytes", self.value.len()))
            .field("expiration", &self.expiration)
            .field("metadata", &self.metadata)
            .finish()
    }
}

/// The metadata of a key: any JSON, up to 1,024 bytes.
///
/// Kept as text, so that numbers and the order of keys come back as they were written.
#[derive(Clone)]
pub struct Metadata(Box<RawValue>);

/// Why a string is not [`Metadata`].
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// Not JSON.
    #[error("metadata must be JSON, such as {{\"version\":1}} or \"text\" in quotes: {0}")]
    NotJson(#[from] serde_json::Error),
    /// More than [`METADATA_MAX_BYTES`] bytes.
    #[error("metadata is {0} bytes long; the limit is 1,024")]
    TooLong(usize),
}

impl Metadata {
    /// Returns the JSON text.
    pub fn as_json(&self) -> &str {
        self.0.get()
    }
}

impl FromStr for Metadata {
    type Err = MetadataError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let raw: Box<RawValue> = serde_json::from_str(s.trim())?;
        let length = raw.get().len();
        if length > METADATA_MAX_BYTES {
            return Err(MetadataError::TooLong(length));
        }
        Ok(Self(raw))
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Metadata({} bytes)", self.as_json().len())
    }
}

/// Equal if they are the same JSON value, however it is written.
impl PartialEq for Metadata {
    fn eq(&self, other: &Self) -> bool {
        let value = |m: &Self| serde_json::from_str::<serde_json::Value>(m.as_json()).ok();
        self.as_json() == other.as_json() || value(self) == value(other)
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Metadata {
    /// Accepts any length: the limit applies to writes only.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if raw.get() == "null" {
            return Err(D::Error::custom("metadata is null"));
        }
        Ok(Self(raw))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_order_come_back_as_written() {
        let text = r#"{"b":1.0,"a":12345678901234567890123}"#;
        let metadata: Metadata = text.parse().unwrap();
        assert_eq!(serde_json::to_string(&metadata).unwrap(), text);
        assert_eq!(metadata, serde_json::from_str(text).unwrap());
        assert_eq!(
            "[1, 2]".parse::<Metadata>().unwrap(),
            "[1,2]".parse().unwrap()
        );
    }

    #[test]
    fn what_is_no_json_or_too_long_is_refused() {
        assert!(matches!(
            "{a:1}".parse::<Metadata>(),
            Err(MetadataError::NotJson(_))
        ));
        let long = format!("\"{}\"", "x".repeat(1023));
        assert!(matches!(
            long.parse::<Metadata>(),
            Err(MetadataError::TooLong(1025))
        ));
        assert!(
            format!("\"{}\"", "x".repeat(1022))
                .parse::<Metadata>()
                .is_ok()
        );
    }
}
