//! The key list endpoint, and lists as streams of pages.

use std::collections::HashSet;

use futures_util::{Stream, TryStreamExt as _, stream};
use reqwest::Method;

use super::{
    Namespace,
    answer::Answer,
    endpoint::Endpoint,
    error::{Error, ErrorKind, RequestLine},
};
use crate::{
    domain::LIST_PAGE_MAX,
    wire::{KeyInfo, ResultInfo},
};

/// Lists one page of the keys of a namespace, in the order of their UTF-8 bytes.
struct ListKeys<'a> {
    namespace: Namespace<'a>,
    /// What the keys begin with; empty for all. Must be the same for every page.
    prefix: &'a str,
    /// How many keys a page holds at most: 10 to 1,000.
    limit: usize,
    /// Where the page begins: the cursor of the page before.
    cursor: Option<String>,
}

impl Endpoint for ListKeys<'_> {
    type Output = (Vec<KeyInfo>, ResultInfo);
    const METHOD: Method = Method::GET;

    fn path(&self) -> String {
        self.namespace.path_of("keys")
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
        let (keys, info): (Vec<KeyInfo>, ResultInfo) = answer.page()?;
        // What is listed may be deleted.
        if keys.iter().any(|key| !key.name.starts_with(self.prefix)) {
            return Err(answer.inconsistent("it lists a key without the prefix asked for"));
        }
        let cursor = info.cursor.as_ref().map_or(0, String::len);
        if cursor > CURSOR_MAX_BYTES {
            return Err(answer.inconsistent("its cursor is too long to be sent"));
        }
        Ok((keys, info))
    }
}

/// The longest cursor that is sent on, in bytes: what a URL can hold.
const CURSOR_MAX_BYTES: usize = 16 * 1024;

/// How many pages without a key may follow each other. The service walks over keys that expired or
/// were deleted, about a thousand a page; a list that has nothing else for longer does not end.
const EMPTY_PAGES_MAX: usize = 10_000;

/// The progress of a list through its pages.
struct ListProgress<'a> {
    list: ListKeys<'a>,
    seen: HashSet<String>,
    /// The last key of it.
    last: Option<String>,
    /// How many pages in a row had no key.
    empty: usize,
    done: bool,
}

impl ListProgress<'_> {
    fn error(&self, kind: ErrorKind) -> Error {
        let request = RequestLine {
            method: Method::GET,
            path: self.list.path(),
        };
        Error::new(request, kind)
    }

    /// Checks that a page continues where the previous one ended. Keys come in the order of their bytes,
    /// and what is resumed or compared relies on it.
    fn check_page(&mut self, keys: &[KeyInfo]) -> Result<(), Error> {
        self.empty = if keys.is_empty() { self.empty + 1 } else { 0 };
        if self.empty > EMPTY_PAGES_MAX {
            return Err(self.error(ErrorKind::Inconsistent("too many pages have no key")));
        }
        for key in keys {
            if self.last.as_ref().is_some_and(|last| *last >= key.name) {
                let what = "its keys are not in the order of their bytes";
                return Err(self.error(ErrorKind::Inconsistent(what)));
            }
            self.last = Some(key.name.clone());
        }
        Ok(())
    }

    /// Advances to the page that begins at `cursor`, if there is one.
    fn advance(&mut self, cursor: Option<String>) -> Result<(), Error> {
        match cursor.filter(|cursor| !cursor.is_empty()) {
            None => self.done = true,
            Some(cursor) if !self.seen.insert(cursor.clone()) => {
                return Err(self.error(ErrorKind::PaginationLoop));
            }
            Some(cursor) => self.list.cursor = Some(cursor),
        }
        Ok(())
    }
}

impl<'a> Namespace<'a> {
    /// Lists the keys that begin with `prefix`, page by page, one request for each.
    ///
    /// A page may be empty and still not be the last: expired keys are walked over. The last one
    /// has no cursor. A repeated cursor is an error, because the list would never end.
    pub fn keys(self, prefix: &'a str) -> impl Stream<Item = Result<Vec<KeyInfo>, Error>> + 'a {
        self.keys_in_pages_of(LIST_PAGE_MAX, prefix)
    }

    /// The same, with at most `limit` keys a page: 10 to 1,000.
    pub fn keys_in_pages_of(
        self,
        limit: usize,
        prefix: &'a str,
    ) -> impl Stream<Item = Result<Vec<KeyInfo>, Error>> + 'a {
        let progress = ListProgress {
            list: ListKeys {
                namespace: self,
                prefix,
                limit,
                cursor: None,
            },
            seen: HashSet::new(),
            last: None,
            empty: 0,
            done: false,
        };
        stream::try_unfold(progress, async move |mut progress| {
            if progress.done {
                return Ok(None);
            }
            let (keys, info) = self.client.send(&progress.list).await?;
            progress.advance(info.cursor)?;
            progress.check_page(&keys)?;
            Ok(Some((keys, progress)))
        })
    }

    /// Counts the keys, requesting at most `pages` pages of a thousand.
    ///
    /// Returns the count and whether it is complete.
    pub async fn count_keys(self, pages: usize) -> Result<(usize, bool), Error> {
        let mut stream = std::pin::pin!(self.keys(""));
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
