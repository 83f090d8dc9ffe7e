//! `kvctl bulk put`: an import.

use crate::{
    cli::{bulk::BulkPutArgs, transfer::ImportArgs},
    commands::shared::{
        import::{self, Wording},
        lifetime,
    },
    context::Context,
    error::Result,
    formats::{Format, StreamFormat},
    ops::bulk::defaults::Defaults,
};

pub(super) async fn run(context: &Context, args: BulkPutArgs) -> Result<()> {
    let BulkPutArgs {
        file,
        namespace,
        format,
        ttl,
        expiration,
        metadata,
        dry_run,
        resume,
        confirm,
    } = args;
    // A file of any name is wrangler's, unless its extension is that of another format.
    let format = match format.map_or_else(|| Format::of_path(&file).ok(), Some) {
        Some(Format::Stream(format)) => format,
        _ => StreamFormat::Wrangler,
    };
    let defaults = Defaults {
        lifetime: lifetime::asked(ttl, expiration, context.now())?,
        metadata,
    };
    let import = ImportArgs {
        file,
        namespace,
        format: Some(Format::Stream(format)),
        hidden: false,
        dry_run,
        resume,
        skip_invalid: false,
        confirm,
    };
    import::import_records(context, import, defaults, Wording::PUT).await
}
