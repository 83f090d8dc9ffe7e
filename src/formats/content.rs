//! Validation of raw records, shared by all formats.

use std::borrow::Cow;

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;

use super::{Expiry, Input, Problem, RecordLocation, error::RecordError, object::compact};
use crate::domain::{Expiration, KeyName, Metadata, Record, Ttl, VALUE_MAX_BYTES};

/// Reads base64 with or without the `=` at its end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A record as a file has it, before validation.
pub(super) struct RawRecord<'a> {
    /// The key.
    pub key: Cow<'a, str>,
    /// The value, or its base64.
    pub value: Cow<'a, str>,
    /// Whether `value` is base64.
    pub base64: bool,
    /// When it expires.
    pub expiration: Option<Expiration>,
    /// How long it lives.
    pub ttl: Option<Ttl>,
    /// Any JSON, of any layout.
    pub metadata: Option<Cow<'a, str>>,
}

impl RawRecord<'_> {
    /// Checks every part against the limits of the service.
    pub(super) fn check(self, location: RecordLocation) -> Result<Input, RecordError> {
        let key = self.key.parse()?;
        let expiry = expiry(self.expiration, self.ttl);
        let metadata = self.metadata.as_deref().map(metadata).transpose()?;
        let value = value(self.value, self.base64)?;
        Ok(Input {
            key,
            value,
            expiry,
            metadata: metadata.flatten(),
            location,
        })
    }
}

/// Takes the time to live where both are given, as the service does.
pub(super) fn expiry(expiration: Option<Expiration>, ttl: Option<Ttl>) -> Option<Expiry> {
    ttl.map(Expiry::After).or(expiration.map(Expiry::At))
}

/// Reads metadata of any layout; `null` is none.
pub(super) fn metadata(json: &str) -> Result<Option<Metadata>, Problem> {
    let json = compact(json);
    if json == "null" {
        return Ok(None);
    }
    Ok(Some(json.parse()?))
}

fn value(text: Cow<'_, str>, base64: bool) -> Result<Bytes, Problem> {
    if !base64 {
        return sized(text.into_owned().into_bytes());
    }
    let longest = text.len() / 4 * 3;
    if longest > VALUE_MAX_BYTES + 3 {
        return Err(Problem::ValueTooLarge(longest as u64));
    }
    let value = BASE64.decode(text.as_bytes());
    sized(value.map_err(|_its_bytes_are_the_value| Problem::Base64)?)
}

fn sized(value: Vec<u8>) -> Result<Bytes, Problem> {
    if value.len() > VALUE_MAX_BYTES {
        return Err(Problem::ValueTooLarge(value.len() as u64));
    }
    Ok(value.into())
}

impl Input {
    /// Returns the record, and its time to live if that is how its expiry is said: it is counted from
    /// when the service takes it.
    pub fn into_record_and_ttl(self) -> (Record, Option<Ttl>) {
        let (expiration, ttl) = match self.expiry {
            None => (None, None),
            Some(Expiry::At(moment)) => (Some(moment), None),
            Some(Expiry::After(ttl)) => (None, Some(ttl)),
        };
        let record = Record {
            key: self.key,
            value: self.value,
            expiration,
            metadata: self.metadata,
        };
        (record, ttl)
    }

    /// Returns the record, with the moment of its expiry counted from `now`, UNIX seconds.
    pub fn into_record(self, now: i64) -> Record {
        let expiration = self.expiry.map(|expiry| match expiry {
            Expiry::At(moment) => moment,
            Expiry::After(ttl) => {
                Expiration::from_unix_seconds(now.saturating_add(i64::from(ttl.seconds())))
            }
        });
        Record {
            key: self.key,
            value: self.value,
            expiration,
            metadata: self.metadata,
        }
    }
}

/// A name for messages that may be no valid key.
pub(super) fn checked_key(name: &str) -> Result<KeyName, RecordError> {
    name.parse::<KeyName>().map_err(|e| RecordError {
        key: Some(name.to_owned()),
        problem: e.into(),
    })
}
