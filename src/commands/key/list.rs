//! `kvctl key list`.

use futures_util::{StreamExt as _, TryStreamExt as _};
use serde::Serialize;

use crate::{
    cli::key::ListArgs,
    commands::shared::namespace::{Access, select_namespace},
    context::Context,
    domain::{Expiration, Metadata, Prefixes},
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
    let prefixes = Prefixes::any_of(args.prefix).unwrap_or_default();
    let namespace = keyspace.namespace();
    let pages = match args.limit {
        Some(limit) => namespace.keys_up_to(limit.get(), &prefixes).left_stream(),
        None => namespace.keys(&prefixes).right_stream(),
    };
    let now = context.now().as_second();
    let row = |info| Row { info, now };
    let rows = |page: Vec<KeyInfo>| page.into_iter().map(row).collect::<Vec<_>>();
    let pages = pages.map_ok(rows).map_err(|e| {
        let what = format!("could not list the keys of {}", keyspace.target);
        Failure::from(e).context(what)
    });
    let terminator = args.null.then_some(Terminator::Null);
    let count = context.ui.list(pages, terminator).await?;
    let options = context.ui.options();
    if count == 0 && options.terminals.stdout && options.format == Format::Human {
        context.ui.status(if prefixes.is_everything() {
            "The namespace has no keys."
        } else {
            "There are no such keys."
        });
    }
    Ok(())
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
