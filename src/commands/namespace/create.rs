//! `kvctl namespace create`.

use std::io::{self, Write};

use anyhow::Context as _;
use serde::Serialize;

use crate::{
    api,
    cli::CreateArgs,
    commands::Refused,
    context::{Context, Session},
    domain::Title,
    ops::namespaces::{Settled, create_or_find, find_by_title},
    ui::Report,
    wire::NamespaceInfo,
};

pub(super) async fn run(context: &Context, args: &CreateArgs) -> anyhow::Result<()> {
    let title = &args.title;
    let session = context.connect(None).await?;
    context
        .ui
        .status(&format!("creating `{title}`: {}", session.describe()));
    let settled = create(&session, title).await;
    let settled = settled.with_context(|| format!("could not create `{title}`"))?;
    if !settled.created && !args.adopt {
        let id = settled.namespace.id;
        return Err(Refused {
            what: format!("a namespace titled `{title}` exists already: {id}"),
            allow: "give `--adopt` to take it as it is".to_owned(),
        }
        .into());
    }
    Ok(context.ui.report(&CreateReport {
        created: settled.created,
        namespace: settled.namespace,
    })?)
}

/// Looks first, so that what is said to be created was not there before.
async fn create(session: &Session, title: &Title) -> Result<Settled, api::Error> {
    let Session {
        client, account, ..
    } = session;
    let existing = client.namespaces(account).await?;
    match find_by_title(&existing, title) {
        Some(namespace) => Ok(Settled {
            namespace: namespace.clone(),
            created: false,
        }),
        None => create_or_find(client, account, title).await,
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
    fn human(&self, out: &mut dyn Write, _: bool) -> io::Result<()> {
        let NamespaceInfo { id, title, .. } = &self.namespace;
        let verb = if self.created {
            "created"
        } else {
            "exists already:"
        };
        writeln!(out, "{verb} {title} {id}")
    }
}
