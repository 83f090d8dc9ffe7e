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
    ops::bulk::import::Defaults,
};

pub(super) async fn run(context: &Context, args: BulkPutArgs) -> Result<()> {
    let BulkPutArgs {
        file,
        namespace,
        ttl,
        expiration,
        metadata,
        dry_run,
        resume,
        confirm,
    } = args;
    let defaults = Defaults {
        lifetime: lifetime::asked(ttl, expiration, context.now())?,
        metadata,
    };
    let import = ImportArgs {
        file,
        namespace,
        format: Some(Format::Stream(StreamFormat::Wrangler)),
        hidden: false,
        dry_run,
        resume,
        skip_invalid: false,
        confirm,
    };
    import::import_records(context, import, defaults, Wording::PUT).await
}
