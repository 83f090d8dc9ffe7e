//! The endpoints of one key: get and put its value, read its metadata, delete it.

use bytes::Bytes;
use reqwest::Method;

use super::{
    BulkGet, Client,
    answer::Answer,
    endpoint::{Body, Endpoint},
    error::Error,
    pages::inconsistent,
};
use crate::domain::{AccountId, Expiration, KeyName, Metadata, NamespaceId, Ttl, VALUE_MAX_BYTES};

fn path(account: &AccountId, namespace: &NamespaceId, what: &str, key: &KeyName) -> String {
    let key = key.to_segment();
    format!("accounts/{account}/storage/kv/namespaces/{namespace}/{what}/{key}")
}

/// Gets the value of a key.
#[derive(Debug)]
pub struct GetValue<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The namespace.
    pub namespace: &'a NamespaceId,
    /// The key.
    pub key: &'a KeyName,
}

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
        path(self.account, self.namespace, "values", self.key)
    }

    fn answer_bytes(&self) -> usize {
        VALUE_MAX_BYTES
    }

    /// The one answer without an envelope: the body is the value.
    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        let expiration = answer.headers.get("expiration").map(|header| {
            let seconds = header.to_str().ok().and_then(|text| text.parse().ok());
            // Never taken for none: the value would live for ever where it is written again.
            seconds.ok_or_else(|| answer.inconsistent("its expiration is not a number of seconds"))
        });
        Ok(Value {
            bytes: answer.value()?,
            expiration: expiration.transpose()?.map(Expiration::from_unix_seconds),
        })
    }
}

impl Client {
    /// Gets a value. An empty answer does not say of itself that the value is empty, and it may be
    /// written back: it is asked for again where values come in an envelope.
    pub async fn value(&self, request: &GetValue<'_>) -> Result<Value, Error> {
        let value = self.send(request).await?;
        if !value.bytes.is_empty() {
            return Ok(value);
        }
        let keys = [request.key.clone()];
        let again = BulkGet {
            account: request.account,
            namespace: request.namespace,
            keys: &keys,
        };
        match self.send(&again).await?.values.get(request.key.as_str()) {
            Some(Some(text)) if text.is_empty() => Ok(value),
            _ => Err(inconsistent(request, "it is empty, and the value is not")),
        }
    }
}

/// How long a value is to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// For ever.
    Unlimited,
    /// So long from when the service takes it.
    For(Ttl),
    /// Until a moment.
    Until(Expiration),
}

/// Puts a value. What is not given is cleared: expiry and metadata do not outlive their value.
#[derive(Debug)]
pub struct PutValue<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The namespace.
    pub namespace: &'a NamespaceId,
    /// The key.
    pub key: &'a KeyName,
    /// The value, any bytes, at most 25 MiB.
    pub value: Bytes,
    /// How long it is to live.
    pub lifetime: Lifetime,
    /// What to store beside it.
    pub metadata: Option<&'a Metadata>,
}

impl Endpoint for PutValue<'_> {
    type Output = ();
    const METHOD: Method = Method::PUT;

    fn path(&self) -> String {
        path(self.account, self.namespace, "values", self.key)
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

/// Deletes a key. That it was not there is success.
#[derive(Debug)]
pub struct DeleteKey<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The namespace.
    pub namespace: &'a NamespaceId,
    /// The key.
    pub key: &'a KeyName,
}

impl Endpoint for DeleteKey<'_> {
    type Output = ();
    const METHOD: Method = Method::DELETE;

    fn path(&self) -> String {
        path(self.account, self.namespace, "values", self.key)
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        answer.confirmed()
    }
}

/// Gets the metadata of a key.
#[derive(Debug)]
pub struct GetMetadata<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The namespace.
    pub namespace: &'a NamespaceId,
    /// The key.
    pub key: &'a KeyName,
}

impl Endpoint for GetMetadata<'_> {
    type Output = Option<Metadata>;
    const METHOD: Method = Method::GET;

    fn path(&self) -> String {
        path(self.account, self.namespace, "metadata", self.key)
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        answer.nullable_result()
    }
}
