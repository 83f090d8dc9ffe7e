//! `kvctl import`.

use super::shared::import::bring;
use crate::{
    api::Lifetime, cli::transfer::ImportArgs, context::Context, error::Result,
    ops::bulk::import::Defaults,
};

pub(super) async fn run(context: &Context, args: ImportArgs) -> Result<()> {
    let defaults = Defaults {
        lifetime: Lifetime::Unlimited,
        metadata: None,
    };
    bring(context, args, defaults).await
}
