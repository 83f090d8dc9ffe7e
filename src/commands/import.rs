//! `kvctl import`.

use super::shared::import::{Defaults, bring};
use crate::{api::Lifetime, cli::transfer::ImportArgs, context::Context, error::Result};

pub(super) async fn run(context: &Context, args: ImportArgs) -> Result<()> {
    let defaults = Defaults {
        lifetime: Lifetime::Unlimited,
        metadata: None,
    };
    bring(context, args, defaults).await
}
