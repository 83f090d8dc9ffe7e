//! Lists that come in numbered pages.

use std::{collections::HashSet, hash::Hash};

use super::{
    Client,
    endpoint::Endpoint,
    error::{Error, ErrorKind, RequestLine},
};
use crate::wire::ResultInfo;

/// How many pages of a numbered list are asked for: an account has 1,000 namespaces at most.
const PAGES_MAX: usize = 1000;

/// An answer that contradicts itself or another.
pub(super) fn inconsistent<E: Endpoint>(page: &E, what: &'static str) -> Error {
    let request = RequestLine {
        method: E::METHOD,
        path: page.path(),
    };
    Error::new(request, ErrorKind::Inconsistent(what))
}

impl Client {
    /// Collects every item of a list, page by page, asking for no page more than needed.
    ///
    /// `total_count` says when all have come; without it, a page that is not full is the last.
    /// `asked` is the page size asked for; the service may give less and say so. `identity` tells
    /// items apart: a server that ignores `page` would return its first page forever.
    pub(super) async fn collect<E, T, K>(
        &self,
        asked: usize,
        page: impl Fn(usize) -> E,
        identity: impl Fn(&T) -> K,
    ) -> Result<Vec<T>, Error>
    where
        E: Endpoint<Output = (Vec<T>, ResultInfo)>,
        K: Eq + Hash,
    {
        let mut all = Vec::new();
        let mut seen = HashSet::new();
        for number in 1..=PAGES_MAX {
            let (items, info) = self.send(&page(number)).await?;
            let full = items.len() >= info.per_page.unwrap_or(asked).max(1);
            let before = all.len();
            all.extend(items.into_iter().filter(|item| seen.insert(identity(item))));
            let more = match info.total_count {
                Some(total) => all.len() < total,
                None => full,
            };
            if !more {
                return Ok(all);
            }
            if all.len() == before {
                // An incomplete list must not make keys look deleted.
                let what = "a page of it has nothing new, and more is to come";
                let announced = info.total_count.is_some();
                return if announced {
                    Err(inconsistent(&page(number), what))
                } else {
                    Ok(all)
                };
            }
        }
        Err(inconsistent(&page(PAGES_MAX), "it has too many pages"))
    }
}
