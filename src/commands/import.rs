//! `kvctl import`.

use super::shared::import::{Wording, import_records};
use crate::{
    api::Lifetime, cli::transfer::ImportArgs, context::Context, error::Result,
    ops::bulk::defaults::Defaults,
};

pub(super) async fn run(context: &Context, args: ImportArgs) -> Result<()> {
    let defaults = Defaults {
        lifetime: Lifetime::Unlimited,
        metadata: None,
    };
    import_records(context, args, defaults, Wording::IMPORT).await
}
