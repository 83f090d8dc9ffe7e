//! What is wrong with the body of a bulk request: which entry and field. Imports `wire`.
//!
//! Asked only after a body could not be read. Quotes keys and names of fields, never anything else: it
//! may be a value.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::capped::CappedArray;
use crate::wire::{BulkEntry, BulkGetKind};

/// How much of a key is quoted.
const KEY_SHOWN_CHARS: usize = 100;

/// The fields of an entry, whatever they are. No others are kept: there may be millions.
#[derive(Deserialize)]
struct Pair<'a> {
    #[serde(borrow)]
    key: Option<&'a RawValue>,
    value: Option<&'a RawValue>,
    base64: Option<&'a RawValue>,
    expiration: Option<&'a RawValue>,
    expiration_ttl: Option<&'a RawValue>,
}

/// The same of a bulk read.
#[derive(Deserialize)]
struct Query<'a> {
    #[serde(borrow)]
    keys: Option<&'a RawValue>,
    #[serde(rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(rename = "withMetadata")]
    with_metadata: Option<&'a RawValue>,
}

/// Says what is wrong with the body of a bulk write.
pub(super) fn pairs(body: &[u8]) -> Option<String> {
    let Ok(entries) = serde_json::from_slice::<CappedArray<&RawValue>>(body) else {
        return not_json(body, "an array of pairs");
    };
    let mut entries = entries.items.into_iter().enumerate();
    let (at, bad) = entries.find(|(_, entry)| !is::<BulkEntry>(entry))?;
    let who = format!("entry {}", at + 1);
    if !bad.get().starts_with('{') {
        return Some(format!("{who} is not an object"));
    }
    let pair: Pair<'_> = serde_json::from_str(bad.get()).ok()?;
    let key: Option<String> = pair
        .key
        .and_then(|key| serde_json::from_str(key.get()).ok());
    let who = key.map_or(who, |key| {
        let shown: String = key.chars().take(KEY_SHOWN_CHARS).collect();
        format!("key {shown:?}")
    });
    let what = required("key", pair.key, is::<String>, "a string")
        .or_else(|| required("value", pair.value, is::<String>, "a string"))
        .or_else(|| optional("base64", pair.base64, is::<bool>, "true or false"))
        .or_else(|| optional("expiration", pair.expiration, is::<i64>, "an integer"))
        .or_else(|| {
            optional(
                "expiration_ttl",
                pair.expiration_ttl,
                is::<i64>,
                "an integer",
            )
        })?;
    Some(format!("{who}: {what}"))
}

/// Says what is wrong with the body of a bulk deletion.
pub(super) fn keys(body: &[u8]) -> Option<String> {
    let Ok(entries) = serde_json::from_slice::<CappedArray<&RawValue>>(body) else {
        return not_json(body, "an array of keys");
    };
    let at = entries
        .items
        .iter()
        .position(|entry| !is::<String>(entry))?;
    Some(format!("entry {} is not a string", at + 1))
}

/// Says what is wrong with the body of a bulk read.
pub(super) fn query(body: &[u8]) -> Option<String> {
    if !body.trim_ascii_start().starts_with(b"{") {
        return not_json(body, "an object");
    }
    let query: Query<'_> = serde_json::from_slice(body).ok()?;
    required(
        "keys",
        query.keys,
        is::<CappedArray<String>>,
        "an array of strings",
    )
    .or_else(|| optional("type", query.kind, is::<BulkGetKind>, "`text` or `json`"))
    .or_else(|| {
        optional(
            "withMetadata",
            query.with_metadata,
            is::<bool>,
            "true or false",
        )
    })
}

fn not_json(body: &[u8], wanted: &str) -> Option<String> {
    let is_json = serde_json::from_slice::<&RawValue>(body).is_ok();
    is_json.then(|| format!("the body is not {wanted}"))
}

fn required(
    name: &str,
    value: Option<&RawValue>,
    fits: fn(&RawValue) -> bool,
    wanted: &str,
) -> Option<String> {
    match value {
        None => Some(format!("`{name}` is missing")),
        value => optional(name, value, fits, wanted),
    }
}

/// The same for a field that may be absent, or `null`, which is the same.
fn optional(
    name: &str,
    value: Option<&RawValue>,
    fits: fn(&RawValue) -> bool,
    wanted: &str,
) -> Option<String> {
    (!fits(value?)).then(|| format!("`{name}` is not {wanted}"))
}

fn is<T: DeserializeOwned>(value: &RawValue) -> bool {
    serde_json::from_str::<T>(value.get()).is_ok()
}
