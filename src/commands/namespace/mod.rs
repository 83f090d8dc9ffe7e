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
    commands::{
        UsageError,
        shared::{
            choice::{choose_among_titled, choose_namespace},
            namespace::{read_id, warn_of_wrangler},
        },
    },
    config::Document,
    context::{Context, Session},
    error::{Failure, Result},
    ops::target::{self, Selector, Target},
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

/// Finds the namespace that the arguments name, or that is chosen in answer to `ask`.
async fn select(context: &Context, args: SelectorArgs, ask: &str) -> Result<SelectedNamespace> {
    let SelectorArgs {
        title,
        namespace,
        namespace_id,
        binding,
        preview,
    } = args;
    let selector = match (namespace_id, binding, title.or(namespace)) {
        (Some(id), ..) => Selector::Id(read_id(&id, context.is_local())?),
        (None, Some(binding), _) => Selector::Binding {
            section: context.section()?,
            binding,
            preview: preview.said(),
        },
        (None, None, Some(title)) => Selector::Title(title),
        (None, None, None) => match choose_namespace(context, ask).await? {
            Some(id) => Selector::Id(id),
            None => return Err(unnamed()),
        },
    };
    let document = match &selector {
        Selector::Binding { .. } => Some(context.files.document()?),
        Selector::Id(_) | Selector::Title(_) => None,
    };
    find(context, selector, document).await
}

/// The failure of a command line that names no namespace, which these commands never guess.
fn unnamed() -> Failure {
    UsageError::new(
        "no namespace is named".to_owned(),
        "pass its title, `--binding NAME` or `--namespace-id ID`",
    )
    .into()
}

/// Finds a namespace, and has the user choose where several have the title.
async fn find(
    context: &Context,
    selector: Selector,
    document: Option<Document>,
) -> Result<SelectedNamespace> {
    let session = context.connect(document.as_ref()).await?;
    let found = session.resolver(document.as_ref()).find(&selector).await;
    let (target, namespace) = match found {
        Err(target::Error::TitleTwice { title, ids }) => {
            let ask = "Which namespace?";
            let chosen = choose_among_titled(context, &session, &title, ids.clone(), ask).await?;
            let Some(id) = chosen else {
                return Err(target::Error::TitleTwice { title, ids }.into());
            };
            session.resolver(None).find(&Selector::Id(id)).await?
        }
        found => found?,
    };
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
