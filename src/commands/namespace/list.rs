//! `kvctl namespace list`.

use std::io::{self, Write};

use serde::Serialize;

use crate::{
    commands::shared::namespace::note_unlisted,
    context::Context,
    error::{Result, ResultExt as _},
    ui::{Column, Page, Report, table},
    wire::NamespaceInfo,
};

pub(super) async fn run(context: &Context) -> Result<()> {
    let session = context.connect(None).await?;
    let namespaces = session.client.namespaces(&session.account).await;
    let namespaces = namespaces.context("could not list the namespaces")?;
    note_unlisted(&context.ui, session.unlisted()?);
    context.ui.conclude(&ListReport(namespaces), Ok(()))
}

/// The namespaces of an account, by title.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct ListReport(Vec<NamespaceInfo>);

impl Report for ListReport {
    const IS_LIST: bool = true;

    fn human(&self, out: &mut Page<'_>, tabular: bool) -> io::Result<()> {
        if tabular && self.0.is_empty() {
            return writeln!(out, "The account has no namespaces.");
        }
        let rows = self.0.iter().map(|n| [n.id.to_string(), n.title.clone()]);
        table(
            out,
            tabular,
            [Column::whole("ID"), Column::text("TITLE")],
            rows,
        )
    }

    fn lines(&self, out: &mut dyn Write) -> io::Result<()> {
        self.0.iter().try_for_each(|namespace| {
            serde_json::to_writer(&mut *out, namespace)?;
            writeln!(out)
        })
    }
}
