//! `kvctl namespace get`.

use super::{NamespaceReport, SelectedNamespace, find};
use crate::{
    cli::{GetArgs, key::NamespaceArgs},
    commands::shared::namespace::{Access, NamespaceSelection, select_namespace},
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
    let SelectedNamespace {
        target: namespace,
        namespace: info,
        ..
    } = find(context, selector, document).await?;
    let report = NamespaceReport { info, namespace };
    context.ui.conclude(&report, Ok(()))
}
