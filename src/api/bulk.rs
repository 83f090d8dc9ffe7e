//! The endpoints of many keys at once: write, read, delete.

use bytes::Bytes;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{
    Namespace,
    answer::Answer,
    endpoint::{Body, Endpoint},
    error::Error,
};
use crate::{
    domain::{BULK_GET_MAX_BYTES, BULK_MAX_KEYS, KEY_MAX_BYTES, KeyName},
    wire::{BulkResult, BulkValues},
};

/// The most bytes of an answer that names keys: all of a request, the longest, each byte escaped.
const NAMED_MAX_BYTES: usize = BULK_MAX_KEYS * (6 * KEY_MAX_BYTES + 3) + 4096;

impl Namespace<'_> {
    /// Writes many pairs: at most 10,000, in less than 100 MB of JSON. `entries` is a JSON array of
    /// [`BulkEntry`](crate::wire::BulkEntry).
    pub async fn bulk_put(self, entries: Bytes) -> Result<BulkResult, Error> {
        let namespace = self;
        self.client.send(&BulkPut { namespace, entries }).await
    }

    /// Reads many values that are text: at most 100, and 25 MB in all.
    ///
    /// One value that is not text fails the whole request, with
    /// [`BULK_GET`](crate::wire::code::BULK_GET).
    pub async fn bulk_get(self, keys: &[KeyName]) -> Result<BulkValues<String>, Error> {
        let namespace = self;
        self.client.send(&BulkGet { namespace, keys }).await
    }

    /// Deletes up to 10,000 keys, named in a JSON array of strings. Missing keys are not an error.
    ///
    /// Some may fail though the request succeeds: see [`BulkResult::unsuccessful_keys`].
    pub async fn bulk_delete(self, keys: Bytes) -> Result<BulkResult, Error> {
        let namespace = self;
        self.client.send(&BulkDelete { namespace, keys }).await
    }
}

struct BulkPut<'a> {
    namespace: Namespace<'a>,
    entries: Bytes,
}

impl Endpoint for BulkPut<'_> {
    type Output = BulkResult;
    const METHOD: Method = Method::PUT;
    const ANSWER_MAX_BYTES: usize = NAMED_MAX_BYTES;

    fn path(&self) -> String {
        self.namespace.path_of("bulk")
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

struct BulkGet<'a> {
    namespace: Namespace<'a>,
    keys: &'a [KeyName],
}

impl Endpoint for BulkGet<'_> {
    type Output = BulkValues<String>;
    const METHOD: Method = Method::POST;
    /// Values are escaped in it. What is longer even so is read in parts.
    const ANSWER_MAX_BYTES: usize = 2 * BULK_GET_MAX_BYTES;

    fn path(&self) -> String {
        self.namespace.path_of("bulk/get")
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

struct BulkDelete<'a> {
    namespace: Namespace<'a>,
    keys: Bytes,
}

impl Endpoint for BulkDelete<'_> {
    type Output = BulkResult;
    const METHOD: Method = Method::POST;
    const ANSWER_MAX_BYTES: usize = NAMED_MAX_BYTES;

    fn path(&self) -> String {
        self.namespace.path_of("bulk/delete")
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
