//! Uploads of Workers: what is read of them. Imports `domain`.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::form;
use crate::{
    domain::{AccountId, NamespaceId},
    emulator::{
        Inner,
        answer::Refusal,
        config::Namespaces,
        deployed::{Binding, BindingError, Upload},
        request::Request,
    },
};

/// The code of an upload that makes no sense.
const INVALID_UPLOAD: u32 = 10021;

/// The part `metadata` of an upload. The parts with code are not kept.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    bindings: Option<Vec<Binding>>,
    compatibility_date: Option<String>,
    compatibility_flags: Option<Vec<String>>,
    keep_bindings: Option<Vec<String>>,
    annotations: Option<Map<String, Value>>,
    tags: Option<Value>,
}

/// Reads the version that a request uploads.
pub(super) async fn read(request: &Request, now: i64) -> Result<Upload, Refusal> {
    let kind = form::form(request).ok_or_else(|| invalid("an upload is a multipart form"))?;
    let parts = form::parts(&kind, request, ["metadata"]).await;
    let [metadata] =
        parts.map_err(|error| invalid(&format!("could not parse multipart body: {error}")))?;
    let metadata = metadata.ok_or_else(|| invalid("the form has no part `metadata`"))?;
    let metadata: Metadata = object(&metadata, "metadata")?;
    Ok(Upload {
        bindings: metadata.bindings.unwrap_or_default(),
        compatibility_date: metadata.compatibility_date,
        compatibility_flags: metadata.compatibility_flags.unwrap_or_default(),
        annotations: metadata.annotations.unwrap_or_default(),
        kept_kinds: metadata.keep_bindings.unwrap_or_default(),
        tags: metadata.tags,
        strict: request.query("bindings_inherit") == Some("strict"),
        now,
    })
}

/// Reads a JSON object. A `T` alone would take an array for its fields, too.
pub(super) fn object<T: DeserializeOwned>(bytes: &[u8], what: &str) -> Result<T, Refusal> {
    serde_json::from_slice(bytes)
        .and_then(|fields| T::deserialize(Value::Object(fields)))
        .map_err(|error| invalid(&format!("could not parse {what}: {error}")))
}

/// Checks that all namespaces that are bound exist.
pub(super) fn check_namespaces(
    inner: &Inner,
    account: &AccountId,
    bindings: &[Binding],
) -> Result<(), Refusal> {
    let titles = inner.registry.read()?;
    let known = titles.of(inner.owner(account));
    for text in bindings.iter().filter_map(Binding::namespace_id) {
        let is_any = inner.config.namespaces == Namespaces::Any && !text.is_empty();
        if is_any || inner.untitled(&titles).any(|name| name.as_str() == text) {
            continue;
        }
        let Ok(id) = text.parse::<NamespaceId>() else {
            let text = format!(
                "KV namespace '{text}' is not valid. Please verify the namespace_id in your \
                 configuration."
            );
            return Err(Refusal::new(400, 10042, text));
        };
        if !known.iter().any(|entry| entry.id == id) {
            let text = format!("KV namespace '{id}' not found.");
            return Err(Refusal::new(400, 10041, text));
        }
    }
    Ok(())
}

/// Words why bindings are refused.
pub(super) fn refuse(error: BindingError) -> Refusal {
    match error {
        BindingError::Unnamed => Refusal::new(400, 10052, "a binding has no name"),
        BindingError::Repeated(name) => {
            let text = format!(
                "Binding name '{name}' already in use. Please use a different name and try again."
            );
            Refusal::new(400, 10053, text)
        }
        BindingError::Untyped(name) => invalid(&format!("binding '{name}' has no type")),
        BindingError::NotInherited(name) => {
            let text = format!(
                "inherit binding '{name}' is invalid: the latest version has no binding of that name"
            );
            Refusal::new(400, 10057, text)
        }
    }
}

/// A body that makes no sense.
pub(super) fn invalid(text: &str) -> Refusal {
    Refusal::new(400, INVALID_UPLOAD, text)
}
