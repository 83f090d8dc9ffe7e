//! Single keys: value, expiration, metadata. Imports `domain` and `wire`.

use bytes::Bytes;

use super::{
    NamespaceTarget, form,
    pair::{Lifetime, check_length, parse_key},
};
use crate::{
    domain::{METADATA_MAX_BYTES, Metadata, Record, VALUE_MAX_BYTES},
    emulator::{
        answer::{Answer, Refusal, published},
        counters::Action,
        field::Field,
        request::Request,
    },
};

/// `GET …/values/{key}`: the bytes, without an envelope.
pub(super) async fn get(target: &NamespaceTarget<'_>, key: &str) -> Result<Answer, Refusal> {
    target.check("get")?;
    let key = parse_key(key, "get")?;
    let inner = target.inner;
    let found = inner
        .store
        .open(&target.namespace, &key, inner.now())
        .await?;
    // A missing key counts as a read, too.
    target.count(Action::Read, 1);
    let found = found.ok_or_else(|| Refusal::no_key("get"))?;
    let answer = Answer::content(200, found.content);
    let answer = answer.header("content-type", "application/octet-stream");
    Ok(match found.expiration {
        Some(expiration) => answer.header("expiration", expiration.unix_seconds().to_string()),
        None => answer,
    })
}

/// `GET …/metadata/{key}`.
pub(super) async fn metadata(target: &NamespaceTarget<'_>, key: &str) -> Result<Answer, Refusal> {
    target.check("metadata")?;
    let key = parse_key(key, "metadata")?;
    let inner = target.inner;
    let found = inner
        .store
        .get(&target.namespace, &key, inner.now())
        .await?;
    target.count(Action::Read, 1);
    let record = found.ok_or_else(|| Refusal::no_key("metadata"))?;
    Ok(record.metadata.map_or_else(Answer::nothing, Answer::result))
}

/// `DELETE …/values/{key}`. Deleting a missing key succeeds.
pub(super) async fn delete(target: &NamespaceTarget<'_>, key: &str) -> Result<Answer, Refusal> {
    target.check("remove key")?;
    let key = parse_key(key, "remove key")?;
    target
        .inner
        .store
        .delete(&target.namespace, vec![key])
        .await?;
    target.count(Action::Delete, 1);
    Ok(Answer::nothing())
}

/// `PUT …/values/{key}`. Replaces value, expiration and metadata together.
pub(super) async fn put(
    target: &NamespaceTarget<'_>,
    key: &str,
    request: &Request,
) -> Result<Answer, Refusal> {
    target.check("put")?;
    let key = parse_key(key, "put")?;
    let now = target.inner.now();
    let expiration = lifetime(request).end(now, "put")?;
    // All other bodies, JSON too, are the value itself.
    let (value, metadata) = match form::form(request) {
        Some(form) => parts(&form, request).await?,
        None => (request.body.clone(), None),
    };
    check_length(
        "Value",
        published::PAYLOAD_TOO_LARGE,
        value.len(),
        VALUE_MAX_BYTES,
        "put",
    )?;
    let record = Record {
        key,
        value,
        expiration,
        metadata,
    };
    let store = &target.inner.store;
    store.put(&target.namespace, vec![record], now).await?;
    target.count(Action::Write, 1);
    Ok(Answer::nothing())
}

/// What the query says of the pair's lifetime.
fn lifetime(request: &Request) -> Lifetime<&str> {
    Lifetime {
        ttl: request.query("expiration_ttl"),
        expiration: request.query("expiration"),
    }
}

/// Reads value and metadata from a form. Other parts are ignored, as the service does.
async fn parts(kind: &Field, request: &Request) -> Result<(Bytes, Option<Metadata>), Refusal> {
    let malformed = |error: multer::Error| {
        Refusal::new(
            400,
            published::INVALID_REQUEST,
            format!("could not parse multipart body: {error}"),
        )
    };
    let parts = form::parts(kind, request, ["value", "metadata"]);
    let [value, metadata] = parts.await.map_err(malformed)?;
    let metadata = metadata.map_or(Ok(None), |bytes| read_metadata(&bytes))?;
    let text = "multipart put request does not contain required form field 'value'";
    // The code that a form without metadata had, when that was required.
    let value = value.ok_or_else(|| Refusal::new(400, published::METADATA, text))?;
    Ok((value, metadata))
}

fn read_metadata(bytes: &[u8]) -> Result<Option<Metadata>, Refusal> {
    let invalid = |_| Refusal::new(400, 10147, "metadata must be valid json");
    let metadata: Option<Metadata> = serde_json::from_slice(bytes).map_err(invalid)?;
    let length = metadata.as_ref().map_or(0, |json| json.as_json().len());
    check_length(
        "Metadata",
        published::METADATA,
        length,
        METADATA_MAX_BYTES,
        "put",
    )?;
    Ok(metadata)
}
