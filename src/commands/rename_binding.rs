//! `kvctl rename-binding`.

use std::{io, path::PathBuf};

use serde::Serialize;

use super::shared::local_data::left_behind;
use crate::{
    cli::RenameBindingArgs,
    config::{Document, Location, MANIFEST_NAME, Manifest, ManifestError},
    context::{Context, Session},
    domain::{Binding, ErrorClass, Hint, Section},
    error::{Result, ResultExt as _},
    fsx,
    ops::{
        rename_binding::{self, Renaming, Retitling, TitleChanges},
        scaffold,
        target::Target,
    },
    ui::{Diff, Page, Report},
};

pub(super) async fn run(context: &Context, args: &RenameBindingArgs) -> Result<()> {
    let document = context.files.document()?;
    let selected = context.scopes(&document, args.scope.all_envs)?;
    let scopes = document.project().with_previews(&selected);
    let mut renamings = rename_binding::plan(&document, &scopes, &args.old, args.new_name())?;
    inherit(context, &document, args, &mut renamings).await?;
    rename_binding::check_local_names(&document, &renamings, args.new_name())?;
    let text = document.edit(&rename_binding::edits(&renamings, args.new_name()))?;
    let manifest = manifest_change(context, &document, &text, args)?;
    // Where kvctl.toml has the old name, it was one.
    if manifest.is_none() && renamings.iter().all(|it| it.done) {
        rename_binding::check_old_name(&document, &scopes, &args.old, args.new_name())?;
    }

    let retitling = if args.title {
        let declared = manifest_after(context, &document, manifest.as_ref());
        let declared = declared.context("nothing was renamed")?;
        let (new, declared) = (args.new_name(), declared.as_ref());
        let kept = rename_binding::take_declared(&mut renamings, &document, declared, new)?;
        let (session, titles) = retitlings(context, &document, &renamings).await?;
        for note in kept.into_iter().chain(titles.notes) {
            context.ui.note(&note);
        }
        Some((session, titles.changed))
    } else {
        None
    };
    if !args.dry_run {
        check_writable(&document, &text, manifest.as_ref())?;
        // The account first, the files last, so that a second run finds what is left to do.
        if let Some((session, titles)) = &retitling {
            retitle(context, session, titles).await?;
        }
        write(context, &document, args, &text, manifest.as_ref())?;
    }
    let names = Some((&args.old, args.new_name()));
    for note in left_behind(context, &document, &text, names, false).await {
        context.note(&note);
    }
    remark_on_what_stays(context, &document, args, &renamings);
    if let Some(note) = left_in_types(context, &document, &text, args, manifest.as_ref()) {
        context.note(&note);
    }
    let wrangler = Diff::new(
        context.files.display(document.path()),
        Some(document.text().to_owned()),
        text,
    );
    let beside = manifest.map(|manifest| {
        let name = context.files.display(&manifest.path);
        Diff::new(name, Some(manifest.before), manifest.after)
    });
    let shown = [Some(wrangler), beside].into_iter().flatten().collect();
    let titles = retitling.map(|(_, titles)| titles).unwrap_or_default();
    let file = context.files.display(document.path());
    let report = RenameBindingReport::new(file, args, &renamings, titles, shown);
    context.ui.conclude(&report, Ok(()))
}

fn check_writable(
    document: &Document,
    text: &str,
    manifest: Option<&ManifestChange>,
) -> Result<()> {
    if text != document.text() {
        fsx::check_replaceable(document.path()).context("nothing was renamed")?;
    }
    if let Some(change) = manifest {
        fsx::check_replaceable(&change.path).context("nothing was renamed")?;
    }
    Ok(())
}

/// Writes the wrangler file and the manifest.
fn write(
    context: &Context,
    document: &Document,
    args: &RenameBindingArgs,
    text: &str,
    manifest: Option<&ManifestChange>,
) -> Result<()> {
    if text != document.text() {
        let file = context.files.display(document.path());
        context.ui.status(&format!(
            "renaming `{}` to `{}` in {file}",
            args.old,
            args.new_name()
        ));
        let original = document.original().unwrap_or_default();
        fsx::replace(document.path(), original, text.as_bytes())
            .context("the binding was not renamed")?;
    }
    if let Some(ManifestChange {
        path,
        before,
        after,
    }) = manifest
    {
        fsx::replace(path, before.as_bytes(), after.as_bytes())
            .context("kvctl.toml still has the old name")?;
    }
    Ok(())
}

/// A manifest that gets the new name too.
struct ManifestChange {
    path: PathBuf,
    before: String,
    after: String,
}

/// Finds what changes in `kvctl.toml` when the wrangler file says `text`, and says what does not.
fn manifest_change(
    context: &Context,
    document: &Document,
    text: &str,
    args: &RenameBindingArgs,
) -> Result<Option<ManifestChange>> {
    let (ui, old, new) = (&context.ui, &args.old, args.new_name());
    if old == new {
        return Ok(None);
    }
    let beside = document.path().parent();
    let directory = beside.unwrap_or_else(|| context.files.directory());
    let path = directory.join(MANIFEST_NAME);
    let file = context.files.display(&path);
    let renamed = match Manifest::rename(directory, old, new) {
        Ok(Some(renamed)) => renamed,
        Ok(None) => return Ok(None),
        Err(error) => {
            ui.warn(&format!("{file} is unchanged: {error}"));
            return Ok(None);
        }
    };
    let after = Document::create(document.path().to_owned(), text.to_owned())?;
    let mut scopes = after.project().scopes();
    let other = scopes.find(|scope| scope.entries.iter().any(|e| e.binding == *old));
    if let Some(other) = other {
        if let Some(Location { position, .. }) = renamed.places.first() {
            let place = other.section.place();
            ui.note(&format!(
                "{file}:{position} still names `{old}`, which is still bound {place}"
            ));
        }
        return Ok(None);
    }
    for part in renamed.by_default {
        ui.warn(&format!(
            "[scaffold.{part}] in {file} is for `{old}` by default; add `binding = \"{new}\"` to it"
        ));
    }
    let (before, after) = (renamed.before, renamed.after);
    Ok((before != after).then_some(ManifestChange {
        path,
        before,
        after,
    }))
}

/// Reads `kvctl.toml` as it is after the renaming, if there is one.
fn manifest_after(
    context: &Context,
    document: &Document,
    change: Option<&ManifestChange>,
) -> Result<Option<Manifest>, ManifestError> {
    match change {
        Some(change) => Manifest::parse(&change.path, &change.after).map(Some),
        None => context.files.manifest(document),
    }
}

/// Returns what the type of the bindings needs when the wrangler file says `text`.
fn left_in_types(
    context: &Context,
    document: &Document,
    text: &str,
    args: &RenameBindingArgs,
    manifest: Option<&ManifestChange>,
) -> Option<Hint> {
    if args.old == *args.new_name() {
        return None;
    }
    let manifest = manifest_after(context, document, manifest).ok().flatten();
    let after = Document::create(document.path().to_owned(), text.to_owned()).ok()?;
    scaffold::left_by_renaming(&after, manifest.as_ref(), &args.old, args.new_name())
}

/// Finds the ids that only what is deployed has.
async fn inherit(
    context: &Context,
    document: &Document,
    args: &RenameBindingArgs,
    renamings: &mut [Renaming],
) -> Result<()> {
    let missing = renamings.iter().filter(|it| it.needs_id());
    let sections: Vec<_> = missing.map(|it| it.section.clone()).collect();
    if sections.is_empty() || context.is_local() {
        return Ok(());
    }
    let may_be_deployed =
        |it: &Renaming| it.needs_id() && !it.entry.has_id_key() && !args.not_deployed;
    let session = match context.connect_for(Some(document), &sections).await {
        Err(error)
            if error.class() == ErrorClass::Denied && !renamings.iter().any(may_be_deployed) =>
        {
            context
                .ui
                .note(&format!("what is deployed was not asked: {error}"));
            return Ok(());
        }
        session => session.context("nothing was renamed")?,
    };
    let resolver = session.resolver(Some(document));
    rename_binding::inherit(&resolver, renamings, args.not_deployed).await?;
    for Renaming {
        section, inherited, ..
    } in renamings.iter()
    {
        if let Some(Target { id, source, .. }) = inherited {
            let place = section.place();
            context.ui.note(&format!(
                "`{}` {place} gets the id {id}: {source}",
                args.new_name()
            ));
        }
    }
    Ok(())
}

/// Lists the places that still use the old name.
fn remark_on_what_stays(
    context: &Context,
    document: &Document,
    args: &RenameBindingArgs,
    renamings: &[Renaming],
) {
    let ui = &context.ui;
    if args.old == *args.new_name() {
        return;
    }
    if renamings.iter().all(|r| r.done) {
        ui.note(&format!(
            "there is no `{}`; `{}` is bound already",
            args.old,
            args.new_name()
        ));
    } else {
        ui.note(&format!(
            "update the Worker's code to use `env.{}` before the next deployment",
            args.new_name()
        ));
    }
    for scope in document.project().scopes() {
        let here = renamings.iter().any(|r| r.section == scope.section);
        if !here && scope.entries.iter().any(|e| e.binding == args.old) {
            let place = scope.section.place();
            ui.note(&format!(
                "`{}` is unchanged {place}; `--all-envs` renames it there too",
                args.old
            ));
        }
    }
}

/// Finds out which namespaces get another title, and that all of them can.
async fn retitlings(
    context: &Context,
    document: &Document,
    renamings: &[Renaming],
) -> Result<(Session, TitleChanges)> {
    let sections: Vec<_> = renamings.iter().map(|r| r.section.clone()).collect();
    let session = context.connect_for(Some(document), &sections).await?;
    let existing = session.client.namespaces(&session.account).await;
    let existing = existing.context("could not list the namespaces of the account")?;
    let resolver = session.resolver(Some(document));
    let account = &session.account;
    let titles =
        rename_binding::retitlings(&resolver, document, renamings, account, &existing).await?;
    drop(resolver);
    Ok((session, titles))
}

async fn retitle(
    context: &Context,
    session: &Session,
    titles: &[Retitling],
) -> Result<(), rename_binding::Error> {
    for Retitling { id, was, title } in titles {
        let place = session.describe();
        context
            .ui
            .status(&format!("retitling `{was}` ({id}) to `{title}`: {place}"));
    }
    rename_binding::retitle(&session.client, &session.account, titles).await
}

/// What was renamed.
#[derive(Debug, Serialize)]
struct RenameBindingReport {
    file: String,
    old: Binding,
    new: Binding,
    /// The sections that have the new name now.
    sections: Vec<Section>,
    /// Whether the file changes.
    changed: bool,
    dry_run: bool,
    /// The ids that are written, from what is deployed under the old name.
    ids: Vec<Target>,
    titles: Vec<Retitling>,
    diff: String,
    #[serde(skip)]
    shown: Vec<Diff>,
}

impl RenameBindingReport {
    fn new(
        file: String,
        args: &RenameBindingArgs,
        renamings: &[Renaming],
        titles: Vec<Retitling>,
        shown: Vec<Diff>,
    ) -> Self {
        Self {
            file,
            old: args.old.clone(),
            new: args.new_name().clone(),
            sections: renamings.iter().map(|r| r.section.clone()).collect(),
            changed: shown.iter().any(|diff| !diff.is_empty()),
            dry_run: args.dry_run,
            ids: renamings
                .iter()
                .filter_map(|r| r.inherited.clone())
                .collect(),
            titles,
            diff: shown.iter().map(Diff::plain).collect(),
            shown,
        }
    }
}

impl Report for RenameBindingReport {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        let Self {
            file,
            old,
            new,
            changed,
            dry_run,
            titles,
            ..
        } = self;
        for diff in &self.shown {
            diff.human(out)?;
        }
        let [retitle, rename] = match dry_run {
            true => ["would retitle", "would rename"],
            false => ["retitled", "renamed"],
        };
        for Retitling { id, was, title } in titles {
            writeln!(out, "{retitle} {was} to {title} {id}")?;
        }
        match (changed, titles.is_empty()) {
            (true, _) => {
                let changed = self.shown.iter().filter(|diff| !diff.is_empty());
                let files: Vec<_> = changed.map(Diff::name).collect();
                writeln!(out, "{rename} {old} to {new} in {}", files.join(" and "))
            }
            (false, true) => writeln!(out, "nothing to do: {file} already uses {new}"),
            (false, false) => Ok(()),
        }
    }
}
