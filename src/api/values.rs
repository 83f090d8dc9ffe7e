//! The endpoints of one key: get and put its value, read its metadata, delete it.

use bytes::Bytes;
use reqwest::Method;

use super::{
    Namespace,
    answer::Answer,
    endpoint::{Body, Endpoint},
    error::Error,
    pages::inconsistent,
};
use crate::domain::{Expiration, KeyName, Metadata, Ttl, VALUE_MAX_BYTES};

impl Namespace<'_> {
    /// Gets a value. An empty answer does not say of itself that the value is empty, and it may be
    /// written back: it is asked for again where values come in an envelope.
    pub async fn value(self, key: &KeyName) -> Result<Value, Error> {
        let request = GetValue(Key {
            namespace: self,
            key,
        });
        let value = self.client.send(&request).await?;
        if !value.bytes.is_empty() {
            return Ok(value);
        }
        let again = self.bulk_get(std::slice::from_ref(key)).await?;
        match again.values.get(key.as_str()) {
            Some(Some(text)) if text.is_empty() => Ok(value),
            _ => Err(inconsistent(&request, "it is empty, and the value is not")),
        }
    }

    /// Gets the metadata of a key.
    pub async fn metadata(self, key: &KeyName) -> Result<Option<Metadata>, Error> {
        let key = Key {
            namespace: self,
            key,
        };
        self.client.send(&GetMetadata(key)).await
    }

    /// Gets a value with its expiration and its metadata: two requests at once.
    pub async fn record(self, key: &KeyName) -> Result<(Value, Option<Metadata>), Error> {
        let (value, metadata) =
            futures_util::future::join(self.value(key), self.metadata(key)).await;
        // Of two errors always the same one.
        Ok((value?, metadata?))
    }

    /// Writes a value of any bytes, at most 25 MiB. An expiration or metadata that is not given is
    /// removed.
    pub async fn put(
        self,
        key: &KeyName,
        value: Bytes,
        lifetime: Lifetime,
        metadata: Option<&Metadata>,
    ) -> Result<(), Error> {
        let request = PutValue {
            key: Key {
                namespace: self,
                key,
            },
            value,
            lifetime,
            metadata,
        };
        self.client.send(&request).await
    }

    /// Deletes a key. A missing key is not an error.
    pub async fn delete_key(self, key: &KeyName) -> Result<(), Error> {
        let key = Key {
            namespace: self,
            key,
        };
        self.client.send(&DeleteKey(key)).await
    }
}

/// A key of a namespace.
struct Key<'a> {
    namespace: Namespace<'a>,
    key: &'a KeyName,
}

impl Key<'_> {
    fn path(&self, what: &str) -> String {
        let key = self.key.to_segment();
        self.namespace.path_of(&format!("{what}/{key}"))
    }
}

struct GetValue<'a>(Key<'a>);

/// A value as the service gives it.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    /// The bytes, as they were put.
    pub bytes: Bytes,
    /// When the key expires; `None` is never.
    pub expiration: Option<Expiration>,
}

/// Shows no byte: it may be a secret.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Value({} bytes, {:?})",
            self.bytes.len(),
            self.expiration
        )
    }
}

impl Endpoint for GetValue<'_> {
    type Output = Value;
    const METHOD: Method = Method::GET;
    const ANSWER_MAX_BYTES: usize = VALUE_MAX_BYTES;

    fn path(&self) -> String {
        self.0.path("values")
    }

    fn answer_bytes(&self) -> usize {
        VALUE_MAX_BYTES
    }

    /// The one answer without an envelope: the body is the value.
    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        let expiration = answer.headers.get("expiration").map(|header| {
            let seconds = header.to_str().ok().and_then(|text| text.parse().ok());
            // Never treated as no expiration: a copy of the value would never expire.
            seconds.ok_or_else(|| answer.inconsistent("its expiration is not a number of seconds"))
        });
        Ok(Value {
            bytes: answer.value()?,
            expiration: expiration.transpose()?.map(Expiration::from_unix_seconds),
        })
    }
}

/// The lifetime of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// For ever.
    Unlimited,
    /// A TTL, counted from when the service stores the value.
    For(Ttl),
    /// Until a moment.
    Until(Expiration),
}

struct PutValue<'a> {
    key: Key<'a>,
    value: Bytes,
    lifetime: Lifetime,
    metadata: Option<&'a Metadata>,
}

impl Endpoint for PutValue<'_> {
    type Output = ();
    const METHOD: Method = Method::PUT;

    fn path(&self) -> String {
        self.key.path("values")
    }

    fn query(&self) -> Vec<(&'static str, String)> {
        match self.lifetime {
            Lifetime::Unlimited => Vec::new(),
            Lifetime::For(ttl) => vec![("expiration_ttl", ttl.seconds().to_string())],
            Lifetime::Until(at) => vec![("expiration", at.unix_seconds().to_string())],
        }
    }

    fn body(&self) -> Body {
        match self.metadata {
            None => Body::Raw(self.value.clone()),
            Some(metadata) => Body::Form {
                value: self.value.clone(),
                metadata: metadata.as_json().to_owned(),
            },
        }
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        answer.confirmed()
    }
}

struct DeleteKey<'a>(Key<'a>);

impl Endpoint for DeleteKey<'_> {
    type Output = ();
    const METHOD: Method = Method::DELETE;

    fn path(&self) -> String {
        self.0.path("values")
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        answer.confirmed()
    }
}

struct GetMetadata<'a>(Key<'a>);

impl Endpoint for GetMetadata<'_> {
    type Output = Option<Metadata>;
    const METHOD: Method = Method::GET;

    fn path(&self) -> String {
        self.0.path("metadata")
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        answer.nullable_result()
    }
}
