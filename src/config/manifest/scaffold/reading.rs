//! Reads the values of `[scaffold]`, each within its bounds, so that an error has its position.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Component, PathBuf},
};

use serde::{
    Deserialize as _, Deserializer,
    de::{Error as _, Visitor},
};

use super::{super::parsed, EndpointRule};
use crate::domain::{Binding, ShowPath as _, parse_duration};

/// The longest lifetime that a helper takes: ten years.
const LIFETIME_MAX: u32 = 3650 * 86_400;
/// The longest window or block: a day.
const WINDOW_MAX: u32 = 86_400;
/// Leaves room for what the helpers put behind a prefix, in a key of at most 512 bytes.
const PREFIX_MAX_BYTES: usize = 256;

/// Reads a number of seconds, or text such as `24h`.
struct Duration {
    /// Whether 0 is right, too.
    zero: bool,
    min: u32,
    max: u32,
}

const LIFETIME: Duration = Duration {
    zero: false,
    min: 60,
    max: LIFETIME_MAX,
};
const WINDOW: Duration = Duration {
    zero: false,
    min: 1,
    max: WINDOW_MAX,
};

impl Visitor<'_> for Duration {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zero = if self.zero { "0, or " } else { "" };
        let Self { min, max, .. } = self;
        write!(
            f,
            "{zero}a duration of {min} to {max} seconds, such as 90 or \"24h\""
        )
    }

    fn visit_i64<E: serde::de::Error>(self, v: i64) -> Result<u32, E> {
        let fits = |n: &u32| (self.min..=self.max).contains(n) || (self.zero && *n == 0);
        let number = u32::try_from(v).ok().filter(fits);
        number.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Signed(v), &self))
    }

    fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<u32, E> {
        match parse_duration(v) {
            Some(duration) => self.visit_i64(duration.as_secs()),
            None => Err(E::invalid_value(serde::de::Unexpected::Str(v), &self)),
        }
    }
}

pub(super) fn lifetime<'de, D: Deserializer<'de>>(d: D) -> Result<u32, D::Error> {
    d.deserialize_any(LIFETIME)
}

pub(super) fn lifetime_option<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u32>, D::Error> {
    lifetime(d).map(Some)
}

pub(super) fn lifetime_or_none<'de, D: Deserializer<'de>>(d: D) -> Result<u32, D::Error> {
    d.deserialize_any(Duration {
        zero: true,
        ..LIFETIME
    })
}

pub(super) fn idle<'de, D: Deserializer<'de>>(d: D) -> Result<u32, D::Error> {
    d.deserialize_any(Duration {
        zero: true,
        min: 300,
        ..LIFETIME
    })
}

pub(super) fn window<'de, D: Deserializer<'de>>(d: D) -> Result<u32, D::Error> {
    d.deserialize_any(WINDOW)
}

pub(super) fn block<'de, D: Deserializer<'de>>(d: D) -> Result<u32, D::Error> {
    d.deserialize_any(Duration {
        zero: true,
        ..WINDOW
    })
}

pub(super) fn window_option<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u32>, D::Error> {
    window(d).map(Some)
}

pub(super) fn block_option<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u32>, D::Error> {
    block(d).map(Some)
}

pub(super) fn attempts<'de, D: Deserializer<'de>>(d: D) -> Result<u32, D::Error> {
    match u32::deserialize(d)? {
        0 => Err(D::Error::custom("at least one attempt has to be allowed")),
        n => Ok(n),
    }
}

pub(super) fn attempts_option<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u32>, D::Error> {
    attempts(d).map(Some)
}

pub(super) fn identifier<'de, D: Deserializer<'de>>(d: D) -> Result<Binding, D::Error> {
    let binding: Binding = parsed(d)?;
    if binding.is_identifier() {
        return Ok(binding);
    }
    Err(D::Error::custom(format!(
        "`env.{binding}` is not valid TypeScript; use letters, digits, `_` and `$`"
    )))
}

pub(super) fn prefix<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    let prefix = String::deserialize(d)?;
    if (1..=PREFIX_MAX_BYTES).contains(&prefix.len()) {
        return Ok(Some(prefix));
    }
    Err(D::Error::custom(format!(
        "a prefix has 1 to {PREFIX_MAX_BYTES} bytes, not {}",
        prefix.len()
    )))
}

pub(super) fn inside<'de, D: Deserializer<'de>>(d: D) -> Result<Option<PathBuf>, D::Error> {
    let path = PathBuf::deserialize(d)?;
    let normal = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if path.components().all(normal) {
        return Ok(Some(path));
    }
    Err(D::Error::custom(format!(
        "`{}` leads out of the project; write a path relative to it",
        path.shown()
    )))
}

pub(super) fn type_name<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    let name = String::deserialize(d)?;
    let is_name = name
        .parse::<Binding>()
        .is_ok_and(|name| name.is_identifier());
    if is_name {
        return Ok(Some(name));
    }
    Err(D::Error::custom(format!(
        "`{}` is not the name of a type",
        name.escape_debug()
    )))
}

pub(super) fn endpoints<'de, D>(d: D) -> Result<BTreeMap<String, EndpointRule>, D::Error>
where
    D: Deserializer<'de>,
{
    let rules = BTreeMap::<String, EndpointRule>::deserialize(d)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    for name in rules.keys() {
        if name == "default" {
            return Err(D::Error::custom(
                "the default rule is that of [scaffold.rate_limit] itself",
            ));
        }
        // The helper refuses it too: an object literal in TypeScript would lose its rule.
        if name == "__proto__" {
            return Err(D::Error::custom("endpoint `__proto__` cannot have a rule"));
        }
        if !(1..=64).contains(&name.len()) || !name.chars().all(fits) {
            return Err(D::Error::custom(format!(
                "endpoint `{}` is not of 1 to 64 letters, digits, `_`, `.` and `-`",
                name.escape_debug()
            )));
        }
    }
    Ok(rules)
}
