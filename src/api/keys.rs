//! The key list endpoint, and one list of it, page by page.

use std::collections::HashSet;

use reqwest::Method;

use super::{
    Namespace,
    answer::Answer,
    endpoint::Endpoint,
    error::{Error, ErrorKind, RequestLine},
};
use crate::wire::{KeyInfo, ResultInfo};

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

/// A list of the keys with one prefix, and how far it was read.
pub(super) struct List<'a> {
    page: ListKeys<'a>,
    seen: HashSet<String>,
    /// The last key of it.
    last: Option<String>,
    /// How many pages in a row had no key.
    empty: usize,
    done: bool,
}

impl<'a> List<'a> {
    /// Begins a list of the keys that begin with `prefix`, in pages of at most `limit`: 10 to 1,000.
    pub(super) fn new(namespace: Namespace<'a>, prefix: &'a str, limit: usize) -> Self {
        Self {
            page: ListKeys {
                namespace,
                prefix,
                limit,
                cursor: None,
            },
            seen: HashSet::new(),
            last: None,
            empty: 0,
            done: false,
        }
    }

    /// Returns what the keys begin with.
    pub(super) fn prefix(&self) -> &'a str {
        self.page.prefix
    }

    /// Whether the last page was read.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Asks for the next page.
    ///
    /// A page may be empty and still not be the last: expired keys are walked over. The last one
    /// has no cursor. A repeated cursor is an error, because the list would never end.
    pub(super) async fn next(&mut self) -> Result<Vec<KeyInfo>, Error> {
        let (keys, info) = self.page.namespace.client.send(&self.page).await?;
        self.advance(info.cursor)?;
        self.check_page(&keys)?;
        Ok(keys)
    }

    fn error(&self, kind: ErrorKind) -> Error {
        let request = RequestLine {
            method: Method::GET,
            path: self.page.path(),
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
            Some(cursor) => self.page.cursor = Some(cursor),
        }
        Ok(())
    }
}
