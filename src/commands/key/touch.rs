//! `kvctl key touch`.

use super::{put::Put, quoted};
use crate::{
    cli::key::TouchArgs,
    commands::shared::{
        lifetime,
        namespace::{Access, select_namespace},
    },
    context::Context,
    error::Result,
};

pub(super) async fn run(context: &Context, args: TouchArgs) -> Result<()> {
    let TouchArgs {
        key,
        namespace,
        ttl,
        expiration,
        // That the key then lives for ever is what no expiry means anyway.
        no_expiry: _,
        dry_run,
    } = args;
    let lifetime = lifetime::asked(ttl, expiration, context.now())?;
    let choice = select_namespace(context, namespace, Access::Write).await?;
    let keyspace = choice.open(context).await?;
    lifetime::check(&keyspace, lifetime).await?;
    let (value, metadata) = keyspace.record(&key).await?;
    let place = keyspace.describe();
    context
        .ui
        .status(&format!("rewriting {} in {place}", quoted(&key)));
    let put = Put {
        key,
        value: value.bytes,
        lifetime,
        metadata,
        dry_run,
    };
    keyspace.write(context, put).await
}
