//! The key list endpoint.

use std::collections::HashSet;

use reqwest::Method;

use super::{
    Client,
    endpoint::{Answer, Endpoint},
    error::{Error, Kind, Request},
};
use crate::{
    domain::{AccountId, LIST_PAGE_MAX, NamespaceId},
    wire::{KeyInfo, ResultInfo},
};

/// Lists one page of the keys of a namespace, in the order of their UTF-8 bytes.
#[derive(Debug)]
pub struct ListKeys<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The namespace.
    pub namespace: &'a NamespaceId,
    /// Where the page begins: the cursor of the page before.
    pub cursor: Option<String>,
}

impl Endpoint for ListKeys<'_> {
    type Output = (Vec<KeyInfo>, ResultInfo);
    const METHOD: Method = Method::GET;

    fn path(&self) -> String {
        let Self {
            account, namespace, ..
        } = self;
        format!("accounts/{account}/storage/kv/namespaces/{namespace}/keys")
    }

    fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = vec![("limit", LIST_PAGE_MAX.to_string())];
        query.extend(self.cursor.clone().map(|cursor| ("cursor", cursor)));
        query
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        answer.page()
    }
}

impl Client {
    /// Counts the keys of a namespace, but asks for no more than `pages` pages of a thousand.
    ///
    /// Returns the count and whether it is complete. A page may be empty and still not be the
    /// last; the last one has no cursor.
    pub async fn count_keys(
        &self,
        account: &AccountId,
        namespace: &NamespaceId,
        pages: usize,
    ) -> Result<(usize, bool), Error> {
        let mut count = 0;
        let mut seen = HashSet::new();
        let mut list = ListKeys {
            account,
            namespace,
            cursor: None,
        };
        for _ in 0..pages {
            let (keys, info) = self.send(&list).await?;
            count += keys.len();
            let Some(cursor) = info.cursor.filter(|c| !c.is_empty()) else {
                return Ok((count, true));
            };
            if !seen.insert(cursor.clone()) {
                let request = Request {
                    method: Method::GET,
                    path: list.path(),
                };
                return Err(Error::new(request, Kind::Circular));
            }
            list.cursor = Some(cursor);
        }
        Ok((count, false))
    }
}
