//! `kvctl namespace rename`.

use std::io;

use serde::Serialize;

use super::{SelectedNamespace, select};
use crate::{
    cli::RenameArgs,
    commands::Refused,
    context::Context,
    domain::{Hint, NamespaceId, Suggestion},
    error::{Result, ResultExt as _},
    ops::target::Target,
    ui::{Page, Report},
};

pub(super) async fn run(context: &Context, args: RenameArgs) -> Result<()> {
    let selected = select(context, args.selector).await?;
    let described = selected.describe();
    let SelectedNamespace {
        target,
        namespace,
        session,
        ..
    } = selected;
    if session.is_local() && namespace.title == namespace.id.as_str() {
        return Err(Refused::new(
            format!(
                "`{}` is named by the wrangler file, and has no title",
                namespace.id
            ),
            Hint::from("change the id in the file instead; ")
                .and(Suggestion::new("copy"))
                .text(" brings the data along"),
        )
        .into());
    }
    let changed = namespace.title != args.to.as_str();
    if changed && !args.dry_run {
        context.ui.status(&format!("renaming {described}"));
        let sent = session.namespace(&namespace.id).rename(&args.to).await;
        sent.with_context(|| format!("could not rename `{}`", namespace.title))?;
    }
    context.ui.conclude(
        &RenameReport {
            namespace: target,
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
    namespace: Target,
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
            ..
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
