//! `kvctl namespace …`: one file a verb.

mod create;
mod delete;
mod get;
mod list;
mod rename;

use std::io;

use serde::Serialize;

use crate::{
    cli::{NamespaceCommand, SelectorArgs},
    commands::shared::namespace::{read_id, warn_of_wrangler},
    config::Document,
    context::{Context, Session},
    error::Result,
    ops::target::{Selector, Target},
    ui::{Page, Report},
    wire::NamespaceInfo,
};

pub(super) async fn run(context: &Context, command: NamespaceCommand) -> Result<()> {
    match command {
        NamespaceCommand::List(_) => list::run(context).await,
        NamespaceCommand::Create(args) => create::run(context, &args).await,
        NamespaceCommand::Get(args) => get::run(context, args).await,
        NamespaceCommand::Rename(args) => rename::run(context, args).await,
        NamespaceCommand::Delete(args) => delete::run(context, args).await,
    }
}

/// A namespace and the session it was found in.
struct SelectedNamespace {
    target: Target,
    namespace: NamespaceInfo,
    session: Session,
    /// The wrangler file, if the selector needed it.
    document: Option<Document>,
}

impl SelectedNamespace {
    /// Says which namespace it is, and what led to it if a binding did.
    fn describe(&self) -> String {
        let NamespaceInfo { id, title, .. } = &self.namespace;
        let place = self.session.describe();
        match &self.target.binding {
            Some(_) => format!("`{title}`, the namespace of {}: {place}", self.target),
            None => format!("`{title}` ({id}): {place}"),
        }
    }
}

/// Finds the namespace that the arguments name.
async fn select(context: &Context, args: SelectorArgs) -> Result<SelectedNamespace> {
    let selector = match args {
        SelectorArgs {
            namespace_id: Some(id),
            ..
        } => Selector::Id(read_id(&id, context.is_local())?),
        SelectorArgs {
            binding: Some(binding),
            preview,
            ..
        } => Selector::Binding {
            section: context.section()?,
            binding,
            preview: preview.said(),
        },
        // The grammar asks for exactly one; no title is one that no namespace has.
        SelectorArgs {
            title, namespace, ..
        } => Selector::Title(title.or(namespace).unwrap_or_default()),
    };
    let document = match &selector {
        Selector::Binding { .. } => Some(context.files.document()?),
        Selector::Id(_) | Selector::Title(_) => None,
    };
    let session = context.connect(document.as_ref()).await?;
    let (target, namespace) = session.resolver(document.as_ref()).find(&selector).await?;
    warn_of_wrangler(context, &target);
    Ok(SelectedNamespace {
        target,
        namespace,
        session,
        document,
    })
}

/// One namespace, as it is.
#[derive(Debug, Serialize)]
struct NamespaceReport {
    #[serde(flatten)]
    info: NamespaceInfo,
    /// What led to it.
    namespace: Target,
}

impl Report for NamespaceReport {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        let NamespaceInfo {
            id,
            title,
            supports_url_encoding,
            jurisdiction,
        } = &self.info;
        writeln!(out, "title  {title}")?;
        writeln!(out, "id     {id}")?;
        if self.namespace.binding.is_some() {
            writeln!(out, "binding  {}", self.namespace)?;
        }
        if let Some(jurisdiction) = jurisdiction {
            writeln!(out, "jurisdiction  {jurisdiction}")?;
        }
        if *supports_url_encoding == Some(false) {
            writeln!(
                out,
                "keys in URLs are not decoded (supports_url_encoding is false)"
            )?;
        }
        Ok(())
    }
}
