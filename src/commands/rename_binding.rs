//! `kvctl rename-binding`.

use std::io::{self, Write};

use anyhow::Context as _;
use serde::Serialize;

use crate::{
    api::RenameNamespace,
    cli::RenameBindingArgs,
    config::{Document, Field},
    context::Context,
    domain::{Binding, EnvName, NamespaceId, Title},
    fsx,
    ops::{
        rename_binding::{self, Renaming},
        target::{bound_id, place},
    },
    ui::{Diff, Report},
};

pub(super) async fn run(context: &Context, args: &RenameBindingArgs) -> anyhow::Result<()> {
    let document = context.document()?;
    let scopes = context.scopes(&document, args.scope.all_envs)?;
    let renamings = rename_binding::plan(&document, &scopes, &args.old, &args.new)?;
    let text = document.edit(&rename_binding::edits(&renamings, &args.new))?;
    remark_on_what_stays(context, &document, args, &renamings)?;

    let titles = if args.title {
        rename_titles(context, &document, &renamings, args.dry_run).await?
    } else {
        Vec::new()
    };
    let changed = text != document.text();
    if changed && !args.dry_run {
        let file = context.display(document.path());
        context.ui.status(&format!(
            "renaming `{}` to `{}` in {file}",
            args.old, args.new
        ));
        let original = document.original().unwrap_or_default();
        fsx::replace(document.path(), original, text.as_bytes())
            .context("the binding was not renamed")?;
    }
    let file = context.display(document.path());
    let diff = Diff::new(file.clone(), Some(document.text().to_owned()), text);
    Ok(context.ui.report(&RenameBindingReport {
        file,
        old: args.old.clone(),
        new: args.new.clone(),
        environments: renamings.into_iter().map(|r| r.environment).collect(),
        changed,
        dry_run: args.dry_run,
        titles,
        diff: diff.plain(),
        shown: diff,
    })?)
}

/// Names the places that go on using the old name.
fn remark_on_what_stays(
    context: &Context,
    document: &Document,
    args: &RenameBindingArgs,
    renamings: &[Renaming],
) -> anyhow::Result<()> {
    for scope in document.project().scopes() {
        let here = renamings.iter().any(|r| r.environment == scope.environment);
        if !here && scope.entries.iter().any(|e| e.binding == args.old) {
            let place = place(scope.environment.as_ref());
            context.ui.note(&format!(
                "`{}` stays {place}; `--all-envs` renames it there too",
                args.old
            ));
        }
    }
    let manifest = context.manifest(document)?;
    if manifest.is_some_and(|m| m.namespace(&args.old).is_some()) {
        context
            .ui
            .warn(&format!("kvctl.toml still speaks of `{}`", args.old));
    }
    context.ui.note(&format!(
        "the Worker's code must use `env.{}` from its next deployment on",
        args.new
    ));
    Ok(())
}

/// Gives each namespace the title of its new binding: first the account, the file last.
async fn rename_titles(
    context: &Context,
    document: &Document,
    renamings: &[Renaming],
    dry_run: bool,
) -> anyhow::Result<Vec<Retitled>> {
    let session = context.connect(Some(document)).await?;
    let existing = session.client.namespaces(&session.account).await;
    let existing = existing.context("could not list the namespaces of the account")?;
    let mut titles = Vec::new();
    for renaming in renamings {
        let environment = renaming.environment.as_ref();
        let binding = &renaming.entry.binding;
        let id = bound_id(
            document,
            environment,
            binding,
            Field::Id,
            session.is_local(),
        )?;
        let was = existing
            .iter()
            .find(|n| n.id == id)
            .map(|n| n.title.clone());
        let retitled = Retitled {
            id,
            was,
            title: renaming.title.clone(),
        };
        if retitled.was.as_deref() == Some(renaming.title.as_str()) {
            continue;
        }
        if !dry_run {
            let Retitled { id, title, .. } = &retitled;
            context
                .ui
                .status(&format!("retitling {id}: {}", session.describe()));
            let request = RenameNamespace {
                account: &session.account,
                id,
                title,
            };
            let sent = session.client.send(&request).await;
            sent.with_context(|| format!("could not give {id} the title `{title}`"))?;
        }
        titles.push(retitled);
    }
    Ok(titles)
}

/// A namespace with a new title.
#[derive(Debug, Serialize)]
struct Retitled {
    id: NamespaceId,
    was: Option<String>,
    title: Title,
}

/// What was renamed.
#[derive(Debug, Serialize)]
struct RenameBindingReport {
    file: String,
    old: Binding,
    new: Binding,
    /// The sections that have the new name now; `null` is the top level.
    environments: Vec<Option<EnvName>>,
    /// Whether the file changes.
    changed: bool,
    dry_run: bool,
    titles: Vec<Retitled>,
    diff: String,
    #[serde(skip)]
    shown: Diff,
}

impl Report for RenameBindingReport {
    fn human(&self, out: &mut dyn Write, _: bool) -> io::Result<()> {
        let Self {
            file,
            old,
            new,
            changed,
            dry_run,
            titles,
            ..
        } = self;
        self.shown.human(out)?;
        let [retitle, rename] = match dry_run {
            true => ["would retitle", "would rename"],
            false => ["retitled", "renamed"],
        };
        for Retitled { id, was, title } in titles {
            let was = was.as_deref().unwrap_or("unknown");
            writeln!(out, "{retitle} {was} to {title} {id}")?;
        }
        match (changed, titles.is_empty()) {
            (true, _) => writeln!(out, "{rename} {old} to {new} in {file}"),
            (false, true) => writeln!(out, "nothing to do: {new} is the name in {file} already"),
            (false, false) => Ok(()),
        }
    }
}
