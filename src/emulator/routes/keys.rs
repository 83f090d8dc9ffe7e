//! Key lists. Imports `domain` and `wire`.

use std::fmt;

use super::NamespaceTarget;
use crate::{
    domain::{LIST_PAGE_MAX, LIST_PAGE_MIN},
    emulator::{
        answer::{Answer, Refusal, published},
        counters::Action,
        request::Request,
        store::KeyRange,
    },
    wire::{KeyInfo, ResultInfo},
};

/// `GET …/keys`. The last page has an empty cursor.
pub(super) async fn list(
    target: &NamespaceTarget<'_>,
    request: &Request,
) -> Result<Answer, Refusal> {
    target.check("list keys")?;
    let cursor = match request.query("cursor") {
        None | Some("") => Cursor::default(),
        Some(text) => Cursor::read(text)?,
    };
    let range = KeyRange {
        prefix: request.query("prefix").unwrap_or_default().to_owned(),
        after: cursor.after.clone(),
        limit: request.number(
            "limit",
            published::LIMIT,
            LIST_PAGE_MIN..=LIST_PAGE_MAX,
            LIST_PAGE_MAX,
        )?,
    };
    let inner = target.inner;
    if inner.has_tombstones() && !cursor.walked {
        let walked = Cursor {
            walked: true,
            ..cursor
        };
        target.count(Action::List, 1);
        return Ok(page(Vec::new(), walked.to_string()));
    }
    let found = inner
        .store
        .list(&target.namespace, range, inner.now())
        .await?;
    target.count(Action::List, 1);
    let last = found.keys.last().filter(|_| found.more);
    let next = last.map_or_else(String::new, |key| Cursor::after(&key.name).to_string());
    Ok(page(found.keys, next))
}

fn page(keys: Vec<KeyInfo>, cursor: String) -> Answer {
    let info = ResultInfo {
        count: Some(keys.len()),
        cursor: Some(cursor),
        ..ResultInfo::default()
    };
    Answer::page(keys, info)
}

/// Where the next page begins. As text it shows nothing that a client could be tempted to make up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Cursor {
    /// The last key seen; empty at the start.
    after: String,
    /// Whether an empty page was given for what lies between that key and the next.
    walked: bool,
}

impl Cursor {
    fn after(name: &str) -> Self {
        Self {
            after: name.to_owned(),
            walked: false,
        }
    }

    fn read(text: &str) -> Result<Self, Refusal> {
        let invalid = || Refusal::new(400, published::CURSOR, "list keys: 'invalid cursor'");
        let (walked, digits) = match text.split_at_checked(2) {
            Some(("AE", digits)) => (false, digits),
            Some(("AF", digits)) => (true, digits),
            _ => return Err(invalid()),
        };
        let byte = |pair: &[u8]| {
            let pair = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(pair, 16).ok().map(|byte| !byte)
        };
        let pairs = digits.as_bytes().chunks(2).rev();
        let bytes = pairs.map(byte).collect::<Option<Vec<_>>>();
        let after = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        let after = after.ok_or_else(invalid)?;
        Ok(Self { after, walked })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.walked { "AF" } else { "AE" })?;
        let mut bytes = self.after.bytes().rev();
        bytes.try_for_each(|byte| write!(f, "{:02x}", !byte))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_finds_its_way_back(name in "(?s).{1,40}") {
            let cursor = Cursor::after(&name);
            prop_assert_eq!(Cursor::read(&cursor.to_string()).unwrap(), cursor);
        }

        #[test]
        fn no_made_up_cursor_breaks_the_list(text in ".{0,20}") {
            for cursor in [text.clone(), format!("AE{text}")] {
                Cursor::read(&cursor).ok();
            }
        }
    }
}
