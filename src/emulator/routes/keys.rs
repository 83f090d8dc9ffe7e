//! Key lists. Imports `domain` and `wire`.

use super::Place;
use crate::{
    domain::{LIST_PAGE_MAX, LIST_PAGE_MIN},
    emulator::{
        answer::{Answer, Refusal, UNDOCUMENTED},
        request::Request,
        store::Range,
    },
    wire::ResultInfo,
};

/// `GET …/keys`. The last page has an empty cursor.
pub(super) fn list(place: &Place<'_>, request: &Request) -> Result<Answer, Refusal> {
    place.check("list keys")?;
    let after = match request.query("cursor") {
        None | Some("") => None,
        Some(cursor) => Some(after(cursor)?),
    };
    let range = Range {
        prefix: request.query("prefix").unwrap_or_default(),
        after: after.as_deref(),
        limit: request.number("limit", LIST_PAGE_MIN..=LIST_PAGE_MAX, LIST_PAGE_MAX)?,
    };
    let inner = place.inner;
    let page = inner.store.list(&place.namespace, &range, inner.now());
    let last = page.keys.last().filter(|_| page.more);
    let info = ResultInfo {
        count: Some(page.keys.len()),
        cursor: Some(last.map_or_else(String::new, |key| cursor(&key.name))),
        ..ResultInfo::default()
    };
    Ok(Answer::page(page.keys, info))
}

/// What every cursor begins with, so that a cursor of another make is refused.
const MARK: &str = "AE";

/// Returns the cursor of the page after the key `name`. It shows nothing that a client could be
/// tempted to make up.
fn cursor(name: &str) -> String {
    name.bytes().rev().fold(MARK.to_owned(), |cursor, byte| {
        cursor + &format!("{:02x}", !byte)
    })
}

fn after(cursor: &str) -> Result<String, Refusal> {
    let invalid = || Refusal::new(400, UNDOCUMENTED, "list keys: 'invalid cursor'");
    let digits = cursor.strip_prefix(MARK).ok_or_else(invalid)?;
    let pairs = digits.as_bytes().chunks(2).rev();
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok().map(|byte| !byte)
    };
    let bytes = pairs.map(byte).collect::<Option<Vec<_>>>();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(invalid)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_finds_its_way_back(name in "(?s).{1,40}") {
            prop_assert_eq!(after(&cursor(&name)).unwrap(), name);
        }

        #[test]
        fn no_made_up_cursor_breaks_the_list(text in ".{0,20}") {
            after(&text).ok();
            after(&format!("{MARK}{text}")).ok();
        }
    }
}
