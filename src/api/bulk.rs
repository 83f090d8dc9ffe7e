//! The endpoints of many keys at once: write, read, delete.

use bytes::Bytes;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{
    answer::Answer,
    endpoint::{Body, Endpoint},
    error::Error,
};
use crate::{
    domain::{AccountId, BULK_GET_MAX_BYTES, BULK_MAX_KEYS, KEY_MAX_BYTES, KeyName, NamespaceId},
    wire::{BulkResult, BulkValues},
};

/// The most bytes of an answer that names keys: all of a request, the longest, each byte escaped.
const NAMED_MAX_BYTES: usize = BULK_MAX_KEYS * (6 * KEY_MAX_BYTES + 3) + 4096;

fn path(account: &AccountId, namespace: &NamespaceId, what: &str) -> String {
    format!("accounts/{account}/storage/kv/namespaces/{namespace}/{what}")
}

/// Writes many pairs: at most 10,000, in less than 100 MB of JSON.
#[derive(Debug)]
pub struct BulkPut<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The namespace.
    pub namespace: &'a NamespaceId,
    /// A JSON array of [`BulkEntry`](crate::wire::BulkEntry).
    pub entries: Bytes,
}

impl Endpoint for BulkPut<'_> {
    type Output = BulkResult;
    const METHOD: Method = Method::PUT;
    const ANSWER_MAX_BYTES: usize = NAMED_MAX_BYTES;

    fn path(&self) -> String {
        path(self.account, self.namespace, "bulk")
    }

    fn body(&self) -> Body {
        Body::Json(self.entries.clone())
    }

    /// What was too much for the gateway will be too much again.
    fn is_final(&self, status: StatusCode) -> bool {
        matches!(status.as_u16(), 504 | 524)
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        Ok(answer.confirmation()?.unwrap_or_default())
    }
}

/// Reads many values that are text: at most 100, and 25 MB in all.
///
/// One value that is no text fails the whole request, with
/// [`BULK_GET`](crate::wire::code::BULK_GET).
#[derive(Debug)]
pub struct BulkGet<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The namespace.
    pub namespace: &'a NamespaceId,
    /// The keys.
    pub keys: &'a [KeyName],
}

impl Endpoint for BulkGet<'_> {
    type Output = BulkValues<String>;
    const METHOD: Method = Method::POST;
    /// Values are escaped in it. What is longer even so is read in parts.
    const ANSWER_MAX_BYTES: usize = 2 * BULK_GET_MAX_BYTES;

    fn path(&self) -> String {
        path(self.account, self.namespace, "bulk/get")
    }

    fn body(&self) -> Body {
        Body::json(&json!({ "keys": self.keys }))
    }

    fn answer_bytes(&self) -> usize {
        BULK_GET_MAX_BYTES
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        answer.result()
    }
}

/// Deletes up to 10,000 keys. That one was not there is success.
///
/// Some may fail though the request succeeds: see [`BulkResult::unsuccessful_keys`].
#[derive(Debug)]
pub struct BulkDelete<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The namespace.
    pub namespace: &'a NamespaceId,
    /// The names, as the text of a JSON array of strings.
    pub keys: Bytes,
}

impl Endpoint for BulkDelete<'_> {
    type Output = BulkResult;
    const METHOD: Method = Method::POST;
    const ANSWER_MAX_BYTES: usize = NAMED_MAX_BYTES;

    fn path(&self) -> String {
        path(self.account, self.namespace, "bulk/delete")
    }

    fn body(&self) -> Body {
        Body::Json(self.keys.clone())
    }

    /// What was too much for the gateway will be too much again.
    fn is_final(&self, status: StatusCode) -> bool {
        matches!(status.as_u16(), 504 | 524)
    }

    /// Before November 2024 the result was `null`, and nothing failed alone.
    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        Ok(answer.confirmation()?.unwrap_or_default())
    }
}
