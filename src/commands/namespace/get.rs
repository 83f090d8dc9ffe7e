//! `kvctl namespace get`.

use super::NamespaceReport;
use crate::{
    cli::{GetArgs, key::NamespaceArgs},
    commands::shared::namespace::{Access, NamespaceSelection, select_namespace, warn_of_wrangler},
    context::Context,
    error::Result,
};

pub(super) async fn run(context: &Context, args: GetArgs) -> Result<()> {
    let GetArgs { title, namespace } = args;
    let named = NamespaceArgs {
        namespace: namespace.namespace.or(title),
        ..namespace
    };
    let NamespaceSelection {
        selector, document, ..
    } = select_namespace(context, named, Access::Read).await?;
    let session = context.connect(document.as_ref()).await?;
    let (namespace, info) = session.resolver(document.as_ref()).find(&selector).await?;
    warn_of_wrangler(context, &namespace);
    let report = NamespaceReport { info, namespace };
    context.ui.conclude(&report, Ok(()))
}
