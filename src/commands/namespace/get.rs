//! `kvctl namespace get`.

use super::{NamespaceReport, find};
use crate::{cli::GetArgs, context::Context};

pub(super) async fn run(context: &Context, args: GetArgs) -> anyhow::Result<()> {
    let found = find(context, args.selector).await?;
    Ok(context.ui.report(&NamespaceReport(found.namespace))?)
}
