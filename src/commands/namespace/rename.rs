//! `kvctl namespace rename`.

use std::io;

use serde::Serialize;

use super::{SelectedNamespace, select};
use crate::{
    cli::RenameArgs,
    context::Context,
    domain::NamespaceId,
    error::{Result, ResultExt as _},
    ui::{Page, Report},
};

pub(super) async fn run(context: &Context, args: RenameArgs) -> Result<()> {
    let SelectedNamespace {
        namespace, session, ..
    } = select(context, args.selector).await?;
    let changed = namespace.title != args.to.as_str();
    if changed && !args.dry_run {
        let place = session.describe();
        context.ui.status(&format!(
            "renaming `{}` ({}): {place}",
            namespace.title, namespace.id
        ));
        let sent = session.namespace(&namespace.id).rename(&args.to).await;
        sent.with_context(|| format!("could not rename `{}`", namespace.title))?;
    }
    context.ui.conclude(
        &RenameReport {
            id: namespace.id,
            was: namespace.title,
            title: args.to.to_string(),
            changed,
            dry_run: args.dry_run,
        },
        Ok(()),
    )
}

/// The title before and after.
#[derive(Debug, Serialize)]
struct RenameReport {
    id: NamespaceId,
    was: String,
    title: String,
    changed: bool,
    dry_run: bool,
}

impl Report for RenameReport {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        let Self {
            id,
            was,
            title,
            changed,
            dry_run,
        } = self;
        if *changed && *dry_run {
            writeln!(out, "dry run: would rename {was} to {title} {id}")
        } else if *changed {
            writeln!(out, "renamed {was} to {title} {id}")
        } else {
            writeln!(out, "nothing to do: {id} already has the title {title}")
        }
    }
}
