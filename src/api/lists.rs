//! The keys of a namespace as one stream of pages, whatever prefixes are asked for.
//!
//! A list is as slow as its pages are many, since each needs the cursor of the one before. Lists of
//! several prefixes are asked for at once. No prefix begins with another, so all keys of one come before
//! those of the next, and the lists one after the other are in the order of their keys' bytes.

use std::collections::VecDeque;

use futures_util::{Stream, TryStreamExt as _, future::try_join_all, stream};

use super::{Namespace, error::Error, keys::List};
use crate::{
    domain::{LIST_PAGE_MAX, LIST_PAGE_MIN, Metadata, Prefixes},
    wire::KeyInfo,
};

/// How many lists are asked for a page at once.
const AT_ONCE: usize = 8;

/// How much memory keys may take that were listed before it is their turn. With more, only the list
/// whose turn it is goes on.
const WAITING_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The lists of several prefixes.
struct Lists<'a> {
    /// In the order of their prefixes; the first is that whose turn it is.
    in_turn: VecDeque<Ahead<'a>>,
    /// How many are asked for a page at once.
    at_once: usize,
    /// Whether there is more than one.
    several: bool,
}

/// A list, and its pages that wait for their turn.
struct Ahead<'a> {
    list: List<'a>,
    pages: VecDeque<Vec<KeyInfo>>,
    /// About how much memory they take.
    bytes: usize,
    /// How many pages were asked for.
    asked: usize,
}

impl<'a> Lists<'a> {
    fn new(
        namespace: Namespace<'a>,
        prefixes: &'a Prefixes,
        page_size: usize,
        at_once: usize,
    ) -> Self {
        let in_turn = prefixes.iter().map(|prefix| Ahead {
            list: List::new(namespace, prefix, page_size),
            pages: VecDeque::new(),
            bytes: 0,
            asked: 0,
        });
        Self {
            in_turn: in_turn.collect(),
            at_once,
            several: prefixes.only().is_none(),
        }
    }

    /// Returns the next page, which may be empty.
    async fn next(&mut self) -> Result<Option<Vec<KeyInfo>>, Error> {
        while let Some(first) = self.in_turn.front_mut() {
            if let Some(page) = first.take() {
                return Ok(Some(page));
            }
            if first.list.is_done() {
                self.in_turn.pop_front();
            } else {
                self.ask().await?;
            }
        }
        Ok(None)
    }

    /// Asks the first list for a page, and with it others, those first that are least far.
    ///
    /// Nothing is under way afterwards, so that no request times out while the pages are used.
    async fn ask(&mut self) -> Result<(), Error> {
        let waiting: usize = self.in_turn.iter().map(|it| it.bytes).sum();
        let others = if waiting < WAITING_BYTES_MAX {
            self.at_once.saturating_sub(1)
        } else {
            0
        };
        let several = self.several;
        let mut lists = self.in_turn.iter_mut();
        let first = lists.next();
        let mut rest: Vec<_> = lists.filter(|it| !it.list.is_done()).collect();
        rest.sort_by_key(|it| it.asked);
        let asked = first.into_iter().chain(rest.into_iter().take(others));
        try_join_all(asked.map(|it| it.ask(several))).await?;
        Ok(())
    }

    /// Returns the pages, up to so many keys, and asks for none after those.
    fn up_to(self, most: usize) -> impl Stream<Item = Result<Vec<KeyInfo>, Error>> + 'a {
        stream::try_unfold((self, most), async |(mut lists, left)| {
            if left == 0 {
                return Ok(None);
            }
            let Some(mut page) = lists.next().await? else {
                return Ok(None);
            };
            page.truncate(left);
            let left = left - page.len();
            Ok(Some((page, (lists, left))))
        })
    }
}

impl Ahead<'_> {
    async fn ask(&mut self, several: bool) -> Result<(), Error> {
        self.asked += 1;
        let page = self.list.next().await.map_err(|e| Error {
            prefix: several.then(|| self.list.prefix().to_owned()),
            ..e
        })?;
        self.bytes += page.iter().map(bytes).sum::<usize>();
        self.pages.push_back(page);
        Ok(())
    }

    fn take(&mut self) -> Option<Vec<KeyInfo>> {
        let page = self.pages.pop_front()?;
        self.bytes -= page.iter().map(bytes).sum::<usize>();
        Some(page)
    }
}

/// Returns about how much memory a key takes.
fn bytes(key: &KeyInfo) -> usize {
    let metadata = key
        .metadata
        .as_ref()
        .map_or(0, |it| Metadata::as_json(it).len());
    size_of::<KeyInfo>() + key.name.len() + metadata
}

/// Returns the size of page that needs the fewest pages for `most` keys and asks for no more.
///
/// The same for all pages: whether it may change between them is not documented.
fn page_size(most: usize) -> usize {
    let pages = most.div_ceil(LIST_PAGE_MAX).max(1);
    most.div_ceil(pages).clamp(LIST_PAGE_MIN, LIST_PAGE_MAX)
}

impl<'a> Namespace<'a> {
    /// Lists the keys that begin with one of `prefixes`, page by page, in the order of their bytes.
    ///
    /// A page may be empty and still not be the last.
    pub fn keys(
        self,
        prefixes: &'a Prefixes,
    ) -> impl Stream<Item = Result<Vec<KeyInfo>, Error>> + 'a {
        self.keys_in_pages_of(LIST_PAGE_MAX, prefixes)
    }

    /// The same, with at most `limit` keys a page: 10 to 1,000.
    pub fn keys_in_pages_of(
        self,
        limit: usize,
        prefixes: &'a Prefixes,
    ) -> impl Stream<Item = Result<Vec<KeyInfo>, Error>> + 'a {
        Lists::new(self, prefixes, limit, AT_ONCE).up_to(usize::MAX)
    }

    /// Lists only the first `most` of them. Asks for nothing that may not be needed, so for one page
    /// after the other.
    pub fn keys_up_to(
        self,
        most: usize,
        prefixes: &'a Prefixes,
    ) -> impl Stream<Item = Result<Vec<KeyInfo>, Error>> + 'a {
        Lists::new(self, prefixes, page_size(most), 1).up_to(most)
    }

    /// Counts the keys, requesting at most `pages` pages of a thousand.
    ///
    /// Returns the count and whether it is complete.
    pub async fn count_keys(self, pages: usize) -> Result<(usize, bool), Error> {
        let all = Prefixes::default();
        let mut stream = std::pin::pin!(self.keys(&all));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_page_asks_for_more_than_is_needed() {
        let sizes = [1, 10, 11, 1000, 1001, 2500, usize::MAX].map(page_size);
        assert_eq!(sizes, [10, 10, 11, 1000, 501, 834, 1000]);
    }
}
