//! `kvctl key delete`.

use crate::{
    cli::key::DeleteArgs,
    commands::shared::{
        delete::{Wish, delete},
        namespace::{Access, choose},
        selection::Selection,
    },
    context::Context,
    error::Result,
};

pub(super) async fn run(context: &Context, args: DeleteArgs) -> Result<()> {
    let choice = choose(context, args.namespace.clone(), Access::Write)?;
    let selection = Selection::of(&args).await?;
    let wish = Wish {
        max: args.max_delete,
        dry_run: args.dry_run,
        confirm: args.confirm,
        resume: args.resume,
        sure: false,
    };
    delete(context, choice, selection, wish).await
}
