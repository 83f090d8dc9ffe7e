//! `kvctl bulk delete`.

use super::listed;
use crate::{
    cli::bulk::BulkDeleteArgs,
    commands::shared::{
        delete::{Wish, delete},
        namespace::{Access, choose},
        selection::Selection,
    },
    context::Context,
    error::Result,
};

pub(super) async fn run(context: &Context, args: BulkDeleteArgs) -> Result<()> {
    let choice = choose(context, args.namespace, Access::Write)?;
    let selection = Selection::Read(listed(context, &args.file).await?);
    let wish = Wish {
        max: args.max_delete,
        dry_run: args.dry_run,
        confirm: args.confirm,
        resume: args.resume,
        sure: args.force,
    };
    delete(context, choice, selection, wish).await
}
