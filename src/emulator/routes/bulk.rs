//! Many keys at once. Imports `domain` and `wire`.
//!
//! A request is validated as a whole first. Later failures are per key, and reported under HTTP 200.

use std::collections::{BTreeMap, HashMap};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{
    NamespaceTarget,
    capped::CappedArray,
    malformed,
    pair::{Lifetime, check_length, parse_key},
};
use crate::{
    domain::{
        BULK_GET_MAX_BYTES, BULK_GET_MAX_KEYS, BULK_MAX_BYTES, BULK_MAX_KEYS, Expiration, KeyName,
        METADATA_MAX_BYTES, Record, VALUE_MAX_BYTES,
    },
    emulator::{
        answer::{Answer, Refusal, published},
        counters::Action,
        request::Request,
    },
    wire::{BulkEntry, BulkGet, BulkGetKind, BulkResult, BulkValue, BulkValues, code},
};

/// Padded or not, as most readers of base64 take it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const PUT: &str = "bulk put";
const REMOVE: &str = "bulk remove keys";
const GET: &str = "bulk get keys";

/// `PUT …/bulk`.
pub(super) async fn put(
    target: &NamespaceTarget<'_>,
    request: &Request,
) -> Result<Answer, Refusal> {
    target.check(PUT)?;
    // The gateway's matter, so it has no code of KV.
    if request.body.len() >= BULK_MAX_BYTES {
        return Ok(Answer::too_large());
    }
    let entries: Vec<BulkEntry> = items(request, PUT, "key/value pairs", malformed::pairs)?;
    let now = target.inner.now();
    let mut records: Vec<Record> = Vec::with_capacity(entries.len());
    let mut places: HashMap<KeyName, usize> = HashMap::with_capacity(entries.len());
    for entry in entries {
        let record = record(entry, now)?;
        match places.get(&record.key).and_then(|at| records.get(*at)) {
            Some(known) if *known == record => {}
            Some(_) => return Err(contradiction(&record.key)),
            None => {
                places.insert(record.key.clone(), records.len());
                records.push(record);
            }
        }
    }
    let (records, result) = split(records, |record| &record.key, request);
    let store = &target.inner.store;
    let written = records.len();
    store.put(&target.namespace, records, now).await?;
    target.count(Action::Write, written);
    Ok(Answer::result(result))
}

fn record(entry: BulkEntry, now: i64) -> Result<Record, Refusal> {
    let at = |field| {
        let key = entry.key.clone();
        move |refusal: Refusal| refusal.about(&key, field)
    };
    let key = parse_key(&entry.key, PUT).map_err(at("key"))?;
    let lifetime = Lifetime {
        ttl: entry.expiration_ttl,
        expiration: entry.expiration,
    };
    let expiration = lifetime.end(now, PUT).map_err(at(lifetime.field()))?;
    // The documented length is that of the string, also where it is base64.
    let (length, too_long) = (entry.value.len(), published::PAYLOAD_TOO_LARGE);
    check_length("Value", too_long, length, VALUE_MAX_BYTES, PUT).map_err(at("value"))?;
    let value = if entry.base64 {
        let decoded = BASE64.decode(entry.value);
        decoded.map_err(|_silent| {
            let text = format!("{PUT}: 'the value is not base64'");
            at("value")(Refusal::new(400, code::MALFORMED_BODY, text))
        })?
    } else {
        entry.value.into_bytes()
    };
    let metadata = entry.metadata;
    let (length, unfit) = (
        metadata.as_ref().map_or(0, |json| json.as_json().len()),
        published::METADATA,
    );
    check_length("Metadata", unfit, length, METADATA_MAX_BYTES, PUT).map_err(at("metadata"))?;
    Ok(Record {
        key,
        value: Bytes::from(value),
        expiration,
        metadata,
    })
}

fn contradiction(key: &KeyName) -> Refusal {
    let text =
        format!("received duplicate key with different values or expiration parameters: \"{key}\"");
    Refusal::new(400, published::INVALID_REQUEST, text)
}

/// `POST …/bulk/delete`, and `DELETE …/bulk` as it was called before.
pub(super) async fn delete(
    target: &NamespaceTarget<'_>,
    request: &Request,
) -> Result<Answer, Refusal> {
    target.check(REMOVE)?;
    let keys: Vec<String> = items(request, REMOVE, "keys", malformed::keys)?;
    let keys = keys.iter().map(|key| parse_key(key, REMOVE));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let (keys, result) = split(keys, |key| key, request);
    let deleted = keys.len();
    target.inner.store.delete(&target.namespace, keys).await?;
    target.count(Action::Delete, deleted);
    Ok(Answer::result(result))
}

/// Takes out what is to fail, and says what becomes of the rest.
fn split<T>(
    items: Vec<T>,
    key: impl Fn(&T) -> &KeyName,
    request: &Request,
) -> (Vec<T>, BulkResult) {
    let (mut kept, mut failed) = (Vec::with_capacity(items.len()), Vec::new());
    for (at, item) in items.into_iter().enumerate() {
        let keys = request.unsuccessful.as_ref();
        if keys.is_some_and(|keys| keys.contain(at, key(&item).as_str())) {
            failed.push(key(&item).to_string());
        } else {
            kept.push(item);
        }
    }
    let result = BulkResult {
        successful_key_count: Some(kept.len()),
        unsuccessful_keys: failed,
    };
    (kept, result)
}

/// `POST …/bulk/get`. Text and JSON only: one value that is neither fails the request.
pub(super) async fn get(
    target: &NamespaceTarget<'_>,
    request: &Request,
) -> Result<Answer, Refusal> {
    target.check(GET)?;
    let wanted: BulkGet<CappedArray<String>> = body(request, GET, malformed::query)?;
    let refuse = |text| {
        Err(Refusal::new(
            400,
            code::BULK_GET,
            format!("{GET}: '{text}'"),
        ))
    };
    match wanted.keys.count {
        0 => return refuse("You must request a minimum of 1 key"),
        1..=BULK_GET_MAX_KEYS => {}
        _ => return refuse("You can request a maximum of 100 keys"),
    }
    let now = target.inner.now();
    let mut records = BTreeMap::new();
    let mut size = 0;
    for text in wanted.keys.items {
        let key = parse_key(&text, GET)?;
        let record = target.inner.store.get(&target.namespace, &key, now).await?;
        size += record.as_ref().map_or(0, |record| record.value.len());
        if size > BULK_GET_MAX_BYTES {
            let text = "Total size of request exceeds the limit of 25MB";
            return Err(Refusal::new(
                413,
                published::PAYLOAD_TOO_LARGE,
                format!("{GET}: '{text}'"),
            ));
        }
        records.insert(text, record);
    }
    target.count(Action::Read, records.len());
    match wanted.kind {
        BulkGetKind::Text => values(records, wanted.with_metadata, "text", |bytes| {
            String::from_utf8(bytes.into()).ok()
        }),
        BulkGetKind::Json => values(records, wanted.with_metadata, "json", |bytes| {
            serde_json::from_slice::<Box<RawValue>>(&bytes).ok()
        }),
    }
}

fn values<T: Serialize>(
    records: BTreeMap<String, Option<Record>>,
    with_metadata: bool,
    kind: &str,
    read: impl Fn(Bytes) -> Option<T>,
) -> Result<Answer, Refusal> {
    let mut plain = BTreeMap::new();
    let mut full = BTreeMap::new();
    for (key, record) in records {
        let Some(record) = record else {
            plain.insert(key.clone(), None);
            full.insert(key, None);
            continue;
        };
        let value = read(record.value).ok_or_else(|| {
            let text = "At least one of the requested keys corresponds to a non-";
            Refusal::new(400, code::BULK_GET, format!("{GET}: '{text}{kind} value'"))
        })?;
        if with_metadata {
            let value = BulkValue {
                value,
                metadata: record.metadata,
                expiration: record.expiration.map(Expiration::unix_seconds),
            };
            full.insert(key, Some(value));
        } else {
            plain.insert(key, Some(value));
        }
    }
    Ok(if with_metadata {
        Answer::result(BulkValues { values: full })
    } else {
        Answer::result(BulkValues { values: plain })
    })
}

/// Reads a body that is an array, as long as a bulk request may be.
fn items<T: DeserializeOwned>(
    request: &Request,
    operation: &str,
    what: &str,
    diagnose: fn(&[u8]) -> Option<String>,
) -> Result<Vec<T>, Refusal> {
    let CappedArray { items, count } = body(request, operation, diagnose)?;
    if count == items.len() {
        return Ok(items);
    }
    let text = format!(
        "{operation}: 'received {count} {what}, but max allowed per request is: {BULK_MAX_KEYS}'"
    );
    Err(Refusal::new(400, code::MALFORMED_BODY, text))
}

/// Reads a body. The refusal says where it is wrong, but quotes nothing: it may be a value.
fn body<T: DeserializeOwned>(
    request: &Request,
    operation: &str,
    diagnose: fn(&[u8]) -> Option<String>,
) -> Result<T, Refusal> {
    serde_json::from_slice(&request.body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let position = format!("could not parse request body at line {line}, column {column}");
        let text = match diagnose(&request.body) {
            Some(what) => format!("{operation}: '{what}' ({position})"),
            None => position,
        };
        Refusal::new(400, code::MALFORMED_BODY, text)
    })
}
