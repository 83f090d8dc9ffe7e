//! Single keys: value, expiration, metadata. Imports `domain` and `wire`.

use axum::{
    body::Body,
    extract::{DefaultBodyLimit, FromRequest as _, Multipart},
    http::header::CONTENT_TYPE,
};
use bytes::Bytes;
use serde_json::Value;

use super::Place;
use crate::{
    domain::{KeyName, KeyNameError, METADATA_MAX_BYTES, TTL_MIN_SECONDS, VALUE_MAX_BYTES},
    emulator::{
        answer::{Answer, Refusal, UNDOCUMENTED},
        request::Request,
        store::Record,
    },
};

/// `GET …/values/{key}`: the bytes, without an envelope.
pub(super) fn get(place: &Place<'_>, key: &str) -> Result<Answer, Refusal> {
    let record = find(place, key, "get")?;
    let answer = Answer::new(200, record.value).header("content-type", "application/octet-stream");
    Ok(match record.expiration {
        Some(expiration) => answer.header("expiration", expiration.to_string()),
        None => answer,
    })
}

/// `GET …/metadata/{key}`.
pub(super) fn metadata(place: &Place<'_>, key: &str) -> Result<Answer, Refusal> {
    let record = find(place, key, "metadata")?;
    Ok(record.metadata.map_or_else(Answer::nothing, Answer::result))
}

/// `DELETE …/values/{key}`. What is not there is deleted already.
pub(super) fn delete(place: &Place<'_>, key: &str) -> Result<Answer, Refusal> {
    place.check("remove key")?;
    let key = name(key, "remove key")?;
    place.inner.store.delete(&place.namespace, key.as_str());
    Ok(Answer::nothing())
}

/// `PUT …/values/{key}`. Replaces value, expiration and metadata together.
pub(super) async fn put(
    place: &Place<'_>,
    key: &str,
    request: &Request,
) -> Result<Answer, Refusal> {
    place.check("put")?;
    let key = name(key, "put")?;
    let expiration = expiration(request, place.inner.now())?;
    let (value, metadata) = if is_multipart(request) {
        parts(request).await?
    } else {
        (request.body.clone(), None)
    };
    if value.len() > VALUE_MAX_BYTES {
        return Err(too_large("Value", value.len(), VALUE_MAX_BYTES));
    }
    let record = Record {
        value,
        metadata,
        expiration,
    };
    place
        .inner
        .store
        .put(&place.namespace, key.as_str(), record);
    Ok(Answer::nothing())
}

fn find(place: &Place<'_>, key: &str, operation: &str) -> Result<Record, Refusal> {
    place.check(operation)?;
    let key = name(key, operation)?;
    let inner = place.inner;
    let found = inner.store.get(&place.namespace, key.as_str(), inner.now());
    found.ok_or_else(|| Refusal::no_key(operation))
}

fn name(text: &str, operation: &str) -> Result<KeyName, Refusal> {
    text.parse().map_err(|error| match error {
        KeyNameError::TooLong(length) => Refusal::new(
            414,
            UNDOCUMENTED,
            format!(
                "{operation}: 'UTF-8 encoded length of {length} exceeds key length limit of 512.'"
            ),
        ),
        KeyNameError::Empty | KeyNameError::DotSegment => Refusal::new(
            400,
            UNDOCUMENTED,
            format!("{operation}: 'Key name {text} is not legal'"),
        ),
    })
}

/// Reads when the pair expires; a time to live wins over a time.
fn expiration(request: &Request, now: i64) -> Result<Option<i64>, Refusal> {
    if let Some(text) = request.query("expiration_ttl") {
        let refuse = |why| {
            let text = format!("put: 'Invalid expiration_ttl of {text}. {why}'");
            Err(Refusal::new(400, 10034, text))
        };
        return match text.parse::<i64>() {
            Ok(ttl) if ttl >= TTL_MIN_SECONDS => Ok(Some(now.saturating_add(ttl))),
            Ok(1..) => refuse("Expiration TTL must be at least 60."),
            Ok(_) | Err(_) => refuse("Please specify integer greater than 0."),
        };
    }
    let Some(text) = request.query("expiration") else {
        return Ok(None);
    };
    let refuse = |why| {
        let text = format!("put: 'Invalid expiration of {text}. {why}'");
        Err(Refusal::new(400, 10033, text))
    };
    match text.parse::<i64>() {
        Ok(time) if time >= now.saturating_add(TTL_MIN_SECONDS) => Ok(Some(time)),
        Ok(time) if time > now => {
            refuse("Expiration times must be at least 60 seconds in the future.")
        }
        Ok(_) | Err(_) => refuse(
            "Please specify integer greater than the current number of seconds since the UNIX epoch.",
        ),
    }
}

/// The one kind of body that is parsed. All else, JSON too, is the value itself.
fn is_multipart(request: &Request) -> bool {
    let kind = request.headers.get(CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/form-data"))
}

/// Reads value and metadata from a form. Other parts are ignored, as the service does.
async fn parts(request: &Request) -> Result<(Bytes, Option<Value>), Refusal> {
    let malformed = |error: &dyn std::fmt::Display| {
        Refusal::new(
            400,
            UNDOCUMENTED,
            format!("could not parse multipart body: {error}"),
        )
    };
    let mut form = axum::http::Request::new(Body::from(request.body.clone()));
    *form.headers_mut() = request.headers.clone();
    DefaultBodyLimit::disable().apply(&mut form);
    let form = Multipart::from_request(form, &()).await;
    let mut form = form.map_err(|error| malformed(&error))?;
    let (mut value, mut metadata) = (None, None);
    while let Some(part) = form.next_field().await.map_err(|error| malformed(&error))? {
        let name = part.name().map(str::to_owned);
        let bytes = part.bytes().await.map_err(|error| malformed(&error))?;
        match name.as_deref() {
            Some("value") => value = Some(bytes),
            Some("metadata") => metadata = read_metadata(&bytes)?,
            _ => {}
        }
    }
    let text = "multipart put request does not contain required form field 'value'";
    let value = value.ok_or_else(|| Refusal::new(400, 10047, text))?;
    Ok((value, metadata))
}

fn read_metadata(bytes: &[u8]) -> Result<Option<Value>, Refusal> {
    let invalid = |_| Refusal::new(400, 10147, "metadata must be valid json");
    let metadata: Option<Value> = serde_json::from_slice(bytes).map_err(invalid)?;
    let length = metadata.as_ref().map_or(0, |json| json.to_string().len());
    if length > METADATA_MAX_BYTES {
        return Err(too_large("Metadata", length, METADATA_MAX_BYTES));
    }
    Ok(metadata)
}

fn too_large(what: &str, length: usize, limit: usize) -> Refusal {
    let text = format!("put: '{what} length of {length} exceeds limit of {limit}.'");
    Refusal::new(413, UNDOCUMENTED, text)
}
