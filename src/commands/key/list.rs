//! `kvctl key list`.

use futures_util::{Stream, TryStreamExt as _, stream};
use serde::Serialize;

use crate::{
    cli::key::ListArgs,
    commands::shared::namespace::{Access, select_namespace},
    context::Context,
    domain::{Expiration, LIST_PAGE_MAX, LIST_PAGE_MIN, Metadata},
    error::{Failure, Result},
    ui::{Column, Format, Item, Terminator, cut, printable},
    wire::KeyInfo,
};

/// How much of a metadata a table shows, in characters.
const SHOWN: usize = 60;

pub(super) async fn run(context: &Context, args: ListArgs) -> Result<()> {
    let keyspace = select_namespace(context, args.namespace, Access::Read)
        .await?
        .open(context)
        .await?;
    keyspace.announce(&context.ui, "listing the keys of");
    let limit = args.limit.map_or(usize::MAX, usize::from);
    let pages = keyspace
        .namespace()
        .keys_in_pages_of(page_size(limit), &args.prefix);
    let now = context.now().as_second();
    let row = |info| Row { info, now };
    let rows = |page: Vec<KeyInfo>| page.into_iter().map(row).collect::<Vec<_>>();
    let pages = at_most(limit, pages).map_ok(rows).map_err(|e| {
        let what = format!("could not list the keys of {}", keyspace.target);
        Failure::from(e).context(what)
    });
    let terminator = args.null.then_some(Terminator::Null);
    let count = context.ui.list(pages, terminator).await?;
    let options = context.ui.options();
    if count == 0 && options.terminals.stdout && options.format == Format::Human {
        context.ui.status("There are no such keys.");
    }
    Ok(())
}

/// Ends with the page that fills the limit, so that the next one is not asked for.
fn at_most<E>(
    limit: usize,
    pages: impl Stream<Item = Result<Vec<KeyInfo>, E>>,
) -> impl Stream<Item = Result<Vec<KeyInfo>, E>> {
    stream::try_unfold((Box::pin(pages), limit), async |(mut pages, left)| {
        if left == 0 {
            return Ok(None);
        }
        let Some(mut page) = pages.try_next().await? else {
            return Ok(None);
        };
        page.truncate(left);
        let left = left - page.len();
        Ok(Some((page, (pages, left))))
    })
}

/// Returns the size of page that needs the fewest pages for `limit` keys and asks for no more.
///
/// The same for all pages: whether it may change between them is not documented.
fn page_size(limit: usize) -> usize {
    let pages = limit.div_ceil(LIST_PAGE_MAX).max(1);
    limit.div_ceil(pages).clamp(LIST_PAGE_MIN, LIST_PAGE_MAX)
}

/// A key in a list.
#[derive(Serialize)]
#[serde(transparent)]
struct Row {
    info: KeyInfo,
    /// The time, in UNIX seconds.
    #[serde(skip)]
    now: i64,
}

impl Item for Row {
    const HEAD: [Column; 3] = [
        Column::text("KEY"),
        Column::moment("EXPIRES"),
        Column::text("METADATA"),
    ];

    fn name(&self) -> &str {
        &self.info.name
    }

    fn cells(&self) -> [String; 3] {
        let KeyInfo {
            name,
            expiration,
            metadata,
        } = &self.info;
        let expires = expiration.map(|at| {
            let at = Expiration::from_unix_seconds(at);
            format!("{at}, {}", at.ahead_of(self.now))
        });
        let metadata = metadata.as_ref().map_or("", Metadata::as_json);
        let short = cut(&printable(metadata), SHOWN);
        [
            printable(name).into_owned(),
            expires.unwrap_or_default(),
            short,
        ]
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
