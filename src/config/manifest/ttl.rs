//! The table `ttl` of a namespace. Imports `domain`.

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::domain::{Ttl, TtlError};

/// Rules for the TTL of keys, checked by `audit`. `min` is at most `max`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "TtlTable")]
pub struct TtlRule {
    /// Whether every key must expire.
    pub required: bool,
    /// The shortest valid TTL, such as `60s`.
    pub min: Option<Ttl>,
    /// The longest valid TTL, such as `24h`.
    pub max: Option<Ttl>,
}

/// The table as it is written: in itself right, but its parts may not fit together.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table, such as { required = true, max = \"24h\" }"
)]
struct TtlTable {
    #[serde(default)]
    required: bool,
    #[serde(default, deserialize_with = "ttl")]
    min: Option<Ttl>,
    #[serde(default, deserialize_with = "ttl")]
    max: Option<Ttl>,
}

impl TryFrom<TtlTable> for TtlRule {
    type Error = String;

    fn try_from(table: TtlTable) -> Result<Self, String> {
        let TtlTable { required, min, max } = table;
        match (min, max) {
            (Some(min), Some(max)) if min > max => {
                Err(format!("ttl.min, {min}, is longer than ttl.max, {max}"))
            }
            _ => Ok(Self { required, min, max }),
        }
    }
}

/// Reads a TTL in the format of `--ttl`; bare seconds may also be a number.
fn ttl<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Ttl>, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "a TTL is seconds (3600) or a duration (\"1h30m\", \"7d\")"
    )]
    enum Written {
        Seconds(i64),
        Text(String),
    }
    let text = match Written::deserialize(deserializer)? {
        Written::Seconds(seconds) => seconds.to_string(),
        Written::Text(text) => text,
    };
    text.parse().map(Some).map_err(|e| match e {
        TtlError::TooShort(_) => D::Error::custom(format!("{e}, the service's minimum")),
        TtlError::Unparsable(_) | TtlError::TooLong(_) => D::Error::custom(e),
    })
}
