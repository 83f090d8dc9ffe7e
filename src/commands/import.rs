//! `kvctl import`.

use super::shared::import::{Defaults, bring};
use crate::{api::Lifetime, cli::transfer::ImportArgs, context::Context};

pub(super) async fn run(context: &Context, args: ImportArgs) -> anyhow::Result<()> {
    let defaults = Defaults {
        lifetime: Lifetime::Unlimited,
        metadata: None,
    };
    bring(context, args, defaults).await
}
