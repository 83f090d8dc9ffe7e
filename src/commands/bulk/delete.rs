//! `kvctl bulk delete`.

use super::listed;
use crate::{
    cli::bulk::BulkDeleteArgs,
    commands::shared::{
        delete::{DeleteOptions, delete},
        namespace::{Access, select_namespace},
        selection::Selection,
    },
    context::Context,
    error::Result,
};

pub(super) async fn run(context: &Context, args: BulkDeleteArgs) -> Result<()> {
    let choice = select_namespace(context, args.namespace, Access::Write).await?;
    let selection = Selection::Read(listed(context, &args.file, args.format).await?);
    let wish = DeleteOptions {
        max: args.max_delete,
        dry_run: args.dry_run,
        confirm: args.confirm,
        resume: args.resume,
    };
    delete(context, choice.open(context).await?, selection, wish).await
}
