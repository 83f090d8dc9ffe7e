//! `kvctl namespace create`.

use std::io::{self, Write};

use anyhow::Context as _;
use serde::Serialize;

use crate::{
    cli::CreateArgs, commands::Refused, context::Context, ops::namespaces::create_or_find,
    ui::Report, wire::NamespaceInfo,
};

pub(super) async fn run(context: &Context, args: &CreateArgs) -> anyhow::Result<()> {
    let title = &args.title;
    let session = context.connect(None).await?;
    context
        .ui
        .status(&format!("creating `{title}`: {}", session.describe()));
    let settled = create_or_find(&session.client, &session.account, title)
        .await
        .with_context(|| format!("could not create `{title}`"))?;
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
