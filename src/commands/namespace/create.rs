//! `kvctl namespace create`.

use std::io;

use serde::Serialize;

use crate::{
    api,
    cli::CreateArgs,
    commands::Refused,
    context::{Context, Session},
    domain::{Jurisdiction, Title},
    error::{Result, ResultExt as _},
    ops::namespaces::{CreateOutcome, create_or_find, find_by_title},
    ui::{Page, Report},
    wire::NamespaceInfo,
};

pub(super) async fn run(context: &Context, args: &CreateArgs) -> Result<()> {
    let title = &args.title;
    let session = context.connect(None).await?;
    context
        .ui
        .status(&format!("creating `{title}`: {}", session.describe()));
    let outcome = create(&session, args).await;
    let outcome = outcome.with_context(|| format!("could not create `{title}`"))?;
    let Some(outcome) = outcome else {
        return context.ui.conclude(
            &WouldCreate {
                dry_run: true,
                title,
                jurisdiction: args.jurisdiction,
            },
            Ok(()),
        );
    };
    if !outcome.created && !args.adopt {
        let id = outcome.namespace.id;
        return Err(Refused::new(
            format!("namespace `{title}` already exists: {id}"),
            "pass `--adopt` to use it",
        )
        .into());
    }
    let stays = outcome.namespace.jurisdiction.as_deref();
    if let Some(wanted) = args.jurisdiction
        && !outcome.created
        && stays != Some(wanted.as_str())
    {
        let stays = stays.unwrap_or("none");
        return Err(Refused::new(
            format!("`{title}` already exists, and its jurisdiction is {stays}, not {wanted}"),
            "a jurisdiction cannot be changed: choose another title, or remove `--jurisdiction`",
        )
        .into());
    }
    context.ui.conclude(
        &CreateReport {
            created: outcome.created,
            namespace: outcome.namespace,
        },
        Ok(()),
    )
}

/// Looks first, so that what is said to be created was not there before; on a dry run does no more.
async fn create(session: &Session, args: &CreateArgs) -> Result<Option<CreateOutcome>, api::Error> {
    let CreateArgs {
        title,
        jurisdiction,
        dry_run,
        ..
    } = args;
    let Session {
        client, account, ..
    } = session;
    let existing = client.namespaces(account).await?;
    match find_by_title(&existing, title) {
        Some(namespace) => Ok(Some(CreateOutcome {
            namespace: namespace.clone(),
            created: false,
        })),
        None if *dry_run => Ok(None),
        None => create_or_find(client, account, title, *jurisdiction)
            .await
            .map(Some),
    }
}

/// The namespace that would be there.
#[derive(Debug, Serialize)]
struct WouldCreate<'a> {
    dry_run: bool,
    title: &'a Title,
    #[serde(skip_serializing_if = "Option::is_none")]
    jurisdiction: Option<Jurisdiction>,
}

impl Report for WouldCreate<'_> {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        writeln!(out, "dry run: would create {}", self.title)
    }
}

/// The namespace that is there now.
#[derive(Debug, Serialize)]
struct CreateReport {
    created: bool,
    #[serde(flatten)]
    namespace: NamespaceInfo,
}

impl Report for CreateReport {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        let NamespaceInfo { id, title, .. } = &self.namespace;
        let verb = if self.created {
            "created"
        } else {
            "already exists:"
        };
        writeln!(out, "{verb} {title} {id}")
    }
}
