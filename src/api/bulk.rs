//! The endpoints of many keys at once.

use bytes::Bytes;
use reqwest::Method;

use super::{
    endpoint::{Answer, Body, Endpoint},
    error::Error,
};
use crate::{
    domain::{AccountId, NamespaceId},
    wire::BulkResult,
};

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

    fn path(&self) -> String {
        let Self {
            account, namespace, ..
        } = self;
        format!("accounts/{account}/storage/kv/namespaces/{namespace}/bulk/delete")
    }

    fn body(&self) -> Body {
        Body::Json(self.keys.clone())
    }

    /// Before November 2024 the result was `null`, and nothing failed alone.
    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        Ok(answer.envelope()?.result.unwrap_or_default())
    }
}
