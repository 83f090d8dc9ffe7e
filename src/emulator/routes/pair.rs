//! Validation of a pair, alone and in bulk. Imports `domain`.

use std::fmt;

use crate::{
    domain::{Expiration, KeyName, KeyNameError, TTL_MIN_SECONDS},
    emulator::answer::{Refusal, published},
};

/// Reads the name of a key.
pub(super) fn parse_key(text: &str, operation: &str) -> Result<KeyName, Refusal> {
    text.parse().map_err(|error| match error {
        KeyNameError::TooLong(length) => Refusal::new(
            414,
            published::KEY_TOO_LONG,
            format!(
                "{operation}: 'UTF-8 encoded length of {length} exceeds key length limit of 512.'"
            ),
        ),
        KeyNameError::Empty | KeyNameError::DotSegment => Refusal::new(
            400,
            published::KEY_NAME,
            format!("{operation}: 'Key name {text} is not legal'"),
        ),
    })
}

/// The last second that a pair can expire at. The store of wrangler has milliseconds, which for
/// JavaScript are exact up to 2^53; what the service's limit is, is not known.
const EXPIRATION_MAX: i64 = (1 << 53) / 1000;

/// When a pair expires, as it was asked for.
#[derive(Debug)]
pub(super) struct Lifetime<T> {
    /// In how many seconds from now.
    pub(super) ttl: Option<T>,
    /// At which UNIX second.
    pub(super) expiration: Option<T>,
}

impl<T: fmt::Display> Lifetime<T> {
    /// Returns the name of the field that counts.
    pub(super) fn field(&self) -> &'static str {
        match self.ttl {
            Some(_) => "expiration_ttl",
            None => "expiration",
        }
    }

    /// Returns when the pair expires; a time to live wins over a time.
    pub(super) fn end(&self, now: i64, operation: &str) -> Result<Option<Expiration>, Refusal> {
        if let Some(ttl) = &self.ttl {
            let refuse = |why| {
                let text = format!("{operation}: 'Invalid expiration_ttl of {ttl}. {why}'");
                Err(Refusal::new(400, 10034, text))
            };
            return match ttl.to_string().parse() {
                Ok(seconds) if seconds >= TTL_MIN_SECONDS => match now.checked_add(seconds) {
                    Some(end) if end <= EXPIRATION_MAX => Ok(Some(at(end))),
                    _ => refuse("Please specify an earlier end."),
                },
                Ok(1..) => refuse("Expiration TTL must be at least 60."),
                Ok(_) | Err(_) => refuse("Please specify integer greater than 0."),
            };
        }
        let Some(expiration) = &self.expiration else {
            return Ok(None);
        };
        let refuse = |why| {
            let text = format!("{operation}: 'Invalid expiration of {expiration}. {why}'");
            Err(Refusal::new(400, 10033, text))
        };
        match expiration.to_string().parse() {
            Ok(time) if time > EXPIRATION_MAX => refuse("Please specify an earlier time."),
            Ok(time) if !at(time).is_too_soon(now) => Ok(Some(at(time))),
            Ok(time) if time > now => {
                refuse("Expiration times must be at least 60 seconds in the future.")
            }
            Ok(_) | Err(_) => refuse(
                "Please specify integer greater than the current number of seconds since the UNIX epoch.",
            ),
        }
    }
}

fn at(seconds: i64) -> Expiration {
    Expiration::from_unix_seconds(seconds)
}

/// Checks the size of a value or of metadata.
pub(super) fn check_length(
    what: &str,
    code: u32,
    length: usize,
    limit: usize,
    operation: &str,
) -> Result<(), Refusal> {
    if length <= limit {
        return Ok(());
    }
    let text = format!("{operation}: '{what} length of {length} exceeds limit of {limit}.'");
    Err(Refusal::new(413, code, text))
}
