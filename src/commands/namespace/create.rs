//! `kvctl namespace create`.

use std::io;

use serde::Serialize;

use crate::{
    cli::CreateArgs,
    commands::{Refused, UsageError},
    config::Field,
    context::{Context, Session},
    domain::{Hint, Jurisdiction, NamespaceId, Suggestion, Title},
    error::{Result, ResultExt as _},
    ops::{
        namespaces::{CreateOutcome, create_or_find, find_by_title, ids_by_title},
        target::listed,
    },
    ui::{Page, Report},
    wire::NamespaceInfo,
};

pub(super) async fn run(context: &Context, args: &CreateArgs) -> Result<()> {
    let title = &args.title;
    refuse_elsewhere(context, args)?;
    note_environment(context, title);
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

/// Answers what wrangler's command does besides, and this one does not, with what does.
fn refuse_elsewhere(context: &Context, args: &CreateArgs) -> Result<()> {
    let Some(instead) = args.instead() else {
        return Ok(());
    };
    let error = if instead.verb() == "provision" {
        UsageError::new(
            "`namespace create` writes no file".to_owned(),
            match bound_id(context, args) {
                Some(id) => Hint::run(instead.replacing(id))
                    .text(" to create it and write its id in place of the one that the file has"),
                None => {
                    Hint::run(instead).text(" to create it and write its id to the wrangler file")
                }
            },
        )
    } else {
        UsageError::new(
            "`namespace create` takes the title as it is".to_owned(),
            Hint::run(instead),
        )
    };
    Err(error.into())
}

/// Returns the id that the file gives the binding already.
fn bound_id(context: &Context, args: &CreateArgs) -> Option<NamespaceId> {
    let binding = args.elsewhere.binding.as_ref()?;
    let document = context.files.document_if_any().ok().flatten()?;
    let section = context.section().ok()?;
    let scope = document.scope(&section).ok()?;
    let entry = scope.entries.iter().find(|it| it.binding == *binding)?;
    let id = entry.declared(Field::Id);
    id.valid_where(|_| context.is_local()).cloned()
}

/// Says that the environment is no part of the title, as it is with wrangler.
fn note_environment(context: &Context, title: &Title) {
    let environment = context.globals.environment.as_deref();
    if let Some(environment) = environment.filter(|name| !name.is_empty()) {
        context.ui.note(&format!(
            "`--env` does not change the title; wrangler would create `{environment}-{title}`"
        ));
    }
}

/// Looks first, so that what is said to be created was not there before; on a dry run does no more.
async fn create(session: &Session, args: &CreateArgs) -> Result<Option<CreateOutcome>> {
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
    let ids = ids_by_title(&existing, title);
    if ids.len() > 1 {
        return Err(titled_alike(title, &ids).into());
    }
    match find_by_title(&existing, title) {
        Some(namespace) => Ok(Some(CreateOutcome {
            namespace: namespace.clone(),
            created: false,
        })),
        None if *dry_run => Ok(None),
        None => {
            let created = create_or_find(client, account, title, *jurisdiction).await?;
            Ok(Some(created))
        }
    }
}

/// Refuses to choose one of several namespaces.
fn titled_alike(title: &Title, ids: &[NamespaceId]) -> Refused {
    let last = ids.last().map_or("ID", NamespaceId::as_str);
    let rename = Suggestion::new("namespace rename")
        .option("--namespace-id", last)
        .option("--to", "NEW_TITLE");
    Refused::new(
        format!(
            "{} namespaces are titled `{title}`: {}",
            ids.len(),
            listed(ids)
        ),
        Hint::from("rename one of them, for example with ").command(rename.sectionless()),
    )
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
