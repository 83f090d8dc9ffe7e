//! `kvctl namespace rename`.

use std::io;

use serde::Serialize;

use super::{SelectedNamespace, select};
use crate::{
    cli::RenameArgs,
    commands::{Refused, UsageError},
    context::Context,
    domain::{Hint, NamespaceId, Suggestion},
    error::{Result, ResultExt as _},
    ops::target::Target,
    ui::{Page, Report},
};

pub(super) async fn run(context: &Context, args: RenameArgs) -> Result<()> {
    let RenameArgs {
        selector,
        new_title,
        to,
        dry_run,
    } = args;
    let Some(new_title) = new_title.or(to) else {
        return Err(UsageError::new("no new title is given".to_owned(), "pass `--to`").into());
    };
    let selected = select(context, selector, "Rename which namespace?").await?;
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
    let changed = namespace.title != new_title.as_str();
    if changed && !dry_run {
        context.ui.status(&format!("renaming {described}"));
        let sent = session.namespace(&namespace.id).rename(&new_title).await;
        sent.with_context(|| format!("could not rename `{}`", namespace.title))?;
    }
    context.ui.conclude(
        &RenameReport {
            namespace: target,
            id: namespace.id,
            was: namespace.title,
            title: new_title.to_string(),
            changed,
            dry_run,
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
