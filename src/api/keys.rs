//! The key list endpoint, and lists as streams of pages.

use std::collections::HashSet;

use futures_util::{Stream, TryStreamExt as _, stream};
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
#[derive(Debug, Clone)]
pub struct ListKeys<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The namespace.
    pub namespace: &'a NamespaceId,
    /// What the keys begin with; empty for all. Must be the same for every page.
    pub prefix: &'a str,
    /// How many keys a page holds at most: 10 to 1,000.
    pub limit: usize,
    /// Where the page begins: the cursor of the page before.
    pub cursor: Option<String>,
}

impl<'a> ListKeys<'a> {
    /// The first page of all keys that begin with `prefix`, as large as can be.
    pub fn all(account: &'a AccountId, namespace: &'a NamespaceId, prefix: &'a str) -> Self {
        Self {
            account,
            namespace,
            prefix,
            limit: LIST_PAGE_MAX,
            cursor: None,
        }
    }
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
        let mut query = vec![("limit", self.limit.to_string())];
        if !self.prefix.is_empty() {
            query.push(("prefix", self.prefix.to_owned()));
        }
        query.extend(self.cursor.clone().map(|cursor| ("cursor", cursor)));
        query
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        answer.page()
    }
}

/// How far a list has come.
struct Walk<'a> {
    list: ListKeys<'a>,
    seen: HashSet<String>,
    done: bool,
}

impl Client {
    /// Lists keys from `first` on, page by page, one request for each.
    ///
    /// A page may be empty and still not be the last: expired keys are walked over. The last one has
    /// no cursor. A cursor that comes a second time is an error, for the list would never end.
    pub fn key_pages<'a>(
        &'a self,
        first: ListKeys<'a>,
    ) -> impl Stream<Item = Result<Vec<KeyInfo>, Error>> + 'a {
        let walk = Walk {
            list: first,
            seen: HashSet::new(),
            done: false,
        };
        stream::try_unfold(walk, async |mut walk| {
            if walk.done {
                return Ok(None);
            }
            let (keys, info) = self.send(&walk.list).await?;
            match info.cursor.filter(|cursor| !cursor.is_empty()) {
                None => walk.done = true,
                Some(cursor) => {
                    if !walk.seen.insert(cursor.clone()) {
                        let request = Request {
                            method: Method::GET,
                            path: walk.list.path(),
                        };
                        return Err(Error::new(request, Kind::Circular));
                    }
                    walk.list.cursor = Some(cursor);
                }
            }
            Ok(Some((keys, walk)))
        })
    }

    /// Counts the keys of a namespace, but asks for no more than `pages` pages of a thousand.
    ///
    /// Returns the count and whether it is complete.
    pub async fn count_keys(
        &self,
        account: &AccountId,
        namespace: &NamespaceId,
        pages: usize,
    ) -> Result<(usize, bool), Error> {
        let mut stream = std::pin::pin!(self.key_pages(ListKeys::all(account, namespace, "")));
        let mut count = 0;
        for _ in 0..pages {
            match stream.try_next().await? {
                Some(keys) => count += keys.len(),
                None => return Ok((count, true)),
            }
        }
        Ok((count, false))
    }
}
