//! `kvctl key delete`.

use crate::{
    cli::key::DeleteArgs,
    commands::shared::{
        delete::{DeleteOptions, delete},
        namespace::{Access, select_namespace},
        selection::Selection,
    },
    context::Context,
    error::Result,
};

pub(super) async fn run(context: &Context, args: DeleteArgs) -> Result<()> {
    let choice = select_namespace(context, args.namespace.clone(), Access::Write).await?;
    let selection = Selection::of(&args).await?;
    let wish = DeleteOptions {
        max: args.max_delete,
        dry_run: args.dry_run,
        confirm: args.confirm,
        resume: args.resume,
    };
    let keyspace = choice.open(context).await?;
    if args.must_exist
        && let Selection::Named(keys) = &selection
    {
        for key in keys {
            let found = keyspace.namespace().metadata(key).await;
            found.map_err(|error| keyspace.explain(error, key))?;
        }
    }
    delete(context, keyspace, selection, wish).await
}
