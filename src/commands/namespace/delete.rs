//! `kvctl namespace delete`: guarded, because it cannot be undone.

use std::io;

use serde::Serialize;

use super::{SelectedNamespace, select};
use crate::{
    cli::DeleteArgs,
    commands::shared::export::{self, ExportReport},
    config::{self, Document},
    context::{Context, Session},
    domain::{NamespaceId, quantity, shell_quoted},
    error::{Result, ResultExt as _},
    ops::{
        bound::{DeployedBinding, DeployedBindings},
        namespaces::delete,
        protect::{self, Place},
        target::{Deployments, Target},
    },
    ui::{Page, Question, Report},
    wire::NamespaceInfo,
};

/// How many pages of a thousand keys are counted, so that counting a huge namespace ends.
const COUNTED_PAGES: usize = 10;

pub(super) async fn run(context: &Context, args: DeleteArgs) -> Result<()> {
    let selected = select(context, args.selector, "Delete which namespace?").await?;
    let described = selected.describe();
    let SelectedNamespace {
        target,
        namespace,
        session,
        document,
    } = selected;
    let backup = args.backup.as_deref();
    backup.map_or(Ok(()), |it| export::check_folder(context, it))?;
    let NamespaceInfo { id, title, .. } = &namespace;
    let counted = session.namespace(id).count_keys(COUNTED_PAGES).await;
    let (keys, complete) =
        counted.with_context(|| format!("could not count the keys of `{title}`"))?;
    let more = if complete { "" } else { "at least " };
    let local = session.is_local();
    let place = Place { id, local };
    let document = document.or_else(|| readable_document(context));
    let bound = document.as_ref().map(|d| bindings_of(context, d, place));
    let mut bound = bound.unwrap_or_default();
    let deployed = deployed_bindings(context, &session, document.as_ref(), &namespace).await?;
    bound.extend(deployed.bound.iter().map(|it| {
        let DeployedBinding { deployable, name } = it;
        format!("`{name}` in the deployed {deployable}")
    }));

    let ui = &context.ui;
    ui.status(&format!("deleting {described}"));
    ui.status(&format!("it has {more}{}", quantity(keys, "key")));
    for binding in &bound {
        ui.warn(&format!("still bound: {binding}"));
    }
    let mut report = DeleteReport {
        namespace: target.clone(),
        id: id.clone(),
        title: title.clone(),
        keys,
        complete,
        bound,
        dry_run: args.dry_run,
        backup: None,
    };
    if args.dry_run {
        return ui.conclude(&report, Ok(()));
    }
    let manifest = context.files.manifest_beside(document.as_ref())?;
    let project = document.as_ref().map(Document::project);
    let protected = manifest.is_some_and(|m| {
        protect::is_protected(&m, project, place, title) || deployed.is_protected(&m)
    });
    confirm(context, title, args.confirm.as_deref(), protected).await?;
    if let Some(file) = backup {
        let timeout = session.consistency_timeout(args.consistency_timeout);
        let saved = export::back_up(context, &session, &target, file, timeout).await;
        report.backup = Some(saved.with_context(|| format!("`{title}` was not deleted"))?);
    }
    let sent = delete(session.namespace(id)).await;
    sent.with_context(|| format!("could not delete `{title}`"))?;
    ui.conclude(&report, Ok(()))
}

/// Asks which deployed Workers of the file bind the namespace. An answer that leaves it open stops the
/// deletion; where the credentials may not ask, that is said.
async fn deployed_bindings(
    context: &Context,
    session: &Session,
    document: Option<&Document>,
    namespace: &NamespaceInfo,
) -> Result<DeployedBindings> {
    let NamespaceInfo { id, title, .. } = namespace;
    let Some(document) = document.filter(|_| !session.is_local()) else {
        return Ok(DeployedBindings::default());
    };
    let deployments = Deployments::new(&session.client, &session.account);
    let found = DeployedBindings::of(&deployments, document.project(), id).await;
    let found = found
        .with_context(|| format!("could not ask what is deployed, so `{title}` was not deleted"))?;
    for deployable in &found.unasked {
        context.ui.warn(&format!(
            "could not ask whether the {deployable} binds it; that needs the permission {}",
            deployable.permission()
        ));
    }
    Ok(found)
}

/// Reads the wrangler file for what it says about the namespace. It is optional, so an invalid file
/// is ignored.
fn readable_document(context: &Context) -> Option<Document> {
    match context.files.document() {
        Ok(document) => Some(document),
        Err(config::Error::NotFound { .. }) => None,
        Err(error) => {
            context
                .ui
                .warn(&format!("could not check for bindings: {error}"));
            None
        }
    }
}

async fn confirm(
    context: &Context,
    title: &str,
    given: Option<&str>,
    protected: bool,
) -> Result<()> {
    if protect::check(title, given, protected, "deleted")? {
        return Ok(());
    }
    Ok(context
        .ui
        .confirm(Question {
            what: format!("deleting `{title}` and all its keys for good"),
            ask: "Delete it and all its keys for good?".to_owned(),
            expect: Some(title.to_owned()),
            flag: format!("--confirm {}", shell_quoted(title)),
        })
        .await?)
}

/// Returns where the file binds the namespace, each as `file:line: binding`.
fn bindings_of(context: &Context, document: &Document, place: Place<'_>) -> Vec<String> {
    let file = context.files.display(document.path());
    let scopes = document.project().scopes();
    scopes
        .flat_map(|scope| scope.entries.iter().map(move |entry| (scope, entry)))
        .filter(|(scope, entry)| protect::is_bound_to(&scope.section, entry, place))
        .map(|(scope, entry)| {
            let place = scope.section.place();
            format!(
                "{file}:{}: `{}` {place}",
                entry.position.line, entry.binding
            )
        })
        .collect()
}

/// What is gone.
#[derive(Debug, Serialize)]
struct DeleteReport {
    namespace: Target,
    id: NamespaceId,
    title: String,
    /// How many keys went with it.
    keys: usize,
    /// Whether all keys were counted.
    #[serde(rename = "keys_complete")]
    complete: bool,
    /// Bindings that now lead nowhere.
    bound: Vec<String>,
    dry_run: bool,
    /// What was saved before.
    #[serde(skip_serializing_if = "Option::is_none")]
    backup: Option<ExportReport>,
}

impl Report for DeleteReport {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        let verb = if self.dry_run {
            "dry run: would delete"
        } else {
            "deleted"
        };
        if let Some(backup) = &self.backup {
            backup.human(out, false)?;
        }
        // Where `wrangler dev` made it, the id is its only name.
        if self.title == self.id.as_str() {
            return writeln!(out, "{verb} {}", self.title);
        }
        writeln!(out, "{verb} {} {}", self.title, self.id)
    }
}
