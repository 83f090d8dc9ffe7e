//! Numbered pages. Imports `wire`.

use crate::{
    emulator::{
        answer::{Answer, Refusal, published},
        request::Request,
    },
    wire::ResultInfo,
};

/// Answers with the page of `items` that the request asks for; past the end it is empty.
pub(super) fn numbered<T: serde::Serialize>(
    items: Vec<T>,
    request: &Request,
    most: usize,
) -> Result<Answer, Refusal> {
    let page = request.number("page", published::PAGE, 1..=usize::MAX, 1)?;
    let per_page = request.number("per_page", published::PER_PAGE, 1..=most, 20)?;
    let total = items.len();
    let skipped = (page - 1).saturating_mul(per_page);
    let items: Vec<_> = items.into_iter().skip(skipped).take(per_page).collect();
    let info = ResultInfo {
        page: Some(page),
        per_page: Some(per_page),
        count: Some(items.len()),
        total_count: Some(total),
        cursor: None,
    };
    Ok(Answer::page(items, info))
}
