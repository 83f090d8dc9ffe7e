//! `kvctl key list`.

use futures_util::{Stream, TryStreamExt as _, stream};
use serde::Serialize;

use crate::{
    cli::key::ListArgs,
    commands::shared::namespace::{Access, select_namespace},
    context::Context,
    domain::{Expiration, LIST_PAGE_MAX, LIST_PAGE_MIN, Metadata},
    error::{Failure, Result},
    ui::{Format, Item, Terminator, printable},
    wire::KeyInfo,
};

/// How much of a metadata a table shows, in characters.
const SHOWN: usize = 60;

pub(super) async fn run(context: &Context, args: ListArgs) -> Result<()> {
    let keyspace = select_namespace(context, args.namespace, Access::Read)?
        .open(context)
        .await?;
    keyspace.announce(&context.ui, "listing the keys of");
    let limit = args.limit.map_or(usize::MAX, usize::from);
    let pages = keyspace
        .namespace()
        .keys_in_pages_of(page_size(limit), &args.prefix);
    let pages = at_most(limit, pages).map_err(|e| {
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
) -> impl Stream<Item = Result<Vec<Row>, E>> {
    stream::try_unfold((Box::pin(pages), limit), async |(mut pages, left)| {
        if left == 0 {
            return Ok(None);
        }
        let Some(mut page) = pages.try_next().await? else {
            return Ok(None);
        };
        page.truncate(left);
        let rows: Vec<Row> = page.into_iter().map(Row).collect();
        let left = left - rows.len();
        Ok(Some((rows, (pages, left))))
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
struct Row(KeyInfo);

impl Item for Row {
    const HEAD: [&'static str; 3] = ["KEY", "EXPIRES", "METADATA"];

    fn name(&self) -> &str {
        &self.0.name
    }

    fn cells(&self) -> [String; 3] {
        let KeyInfo {
            name,
            expiration,
            metadata,
        } = &self.0;
        let expires = expiration.map(|at| Expiration::from_unix_seconds(at).to_string());
        let metadata = metadata.as_ref().map_or("", Metadata::as_json);
        let mut short: String = printable(metadata).chars().take(SHOWN).collect();
        if short.len() < metadata.len() {
            short.push('…');
        }
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
