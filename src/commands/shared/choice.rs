//! Lists of bindings and namespaces, for who names none and has a terminal.

use crate::{
    config::Document,
    context::{Context, Session},
    domain::{Binding, ErrorClass, NamespaceId, Section},
    error::{ClassExt as _, Result, ResultExt as _},
    ui::Choice,
};

/// How many namespaces are a list to choose from.
const CHOICES_MAX: usize = 30;

/// Has the user choose one of the bindings of a section.
pub(super) async fn choose_binding(
    context: &Context,
    document: &Document,
    section: &Section,
    known: &[Binding],
    ask: &str,
) -> Result<Option<Binding>> {
    if !context.ui.can_choose() {
        return Ok(None);
    }
    let place = context.describe_place(document, section).await?;
    let names: Vec<String> = known.iter().map(ToString::to_string).collect();
    let choice = Choice {
        what: &format!("bindings {}: {place}", section.place()),
        among: &names,
        ask,
    };
    let chosen = context.ui.choose(choice).await.class(ErrorClass::Failed)?;
    Ok(chosen.and_then(|at| known.get(at)).cloned())
}

/// Has the user choose a namespace of the account. Returns nothing where that is impossible, also
/// because there are too many.
pub(crate) async fn choose_namespace(context: &Context, ask: &str) -> Result<Option<NamespaceId>> {
    if !context.ui.can_choose() {
        return Ok(None);
    }
    let session = context.connect(None).await?;
    let listed = session.client.namespaces(&session.account).await;
    let listed = listed.context("could not list the namespaces")?;
    if listed.len() > CHOICES_MAX {
        return Ok(None);
    }
    let what = format!("namespaces: {}", session.describe());
    let names = listed.iter().map(|it| it.title.clone()).collect();
    let ids = listed.into_iter().map(|it| it.id).collect();
    choose_id(context, &what, names, ids, ask).await
}

/// Has the user choose one of the namespaces that have the same title.
pub(crate) async fn choose_among_titled(
    context: &Context,
    session: &Session,
    title: &str,
    ids: Vec<NamespaceId>,
    ask: &str,
) -> Result<Option<NamespaceId>> {
    let what = format!("namespaces titled `{title}`: {}", session.describe());
    let names = ids.iter().map(ToString::to_string).collect();
    choose_id(context, &what, names, ids, ask).await
}

async fn choose_id(
    context: &Context,
    what: &str,
    names: Vec<String>,
    mut ids: Vec<NamespaceId>,
    ask: &str,
) -> Result<Option<NamespaceId>> {
    let among = &names;
    let chosen = context.ui.choose(Choice { what, among, ask }).await;
    let chosen = chosen.class(ErrorClass::Failed)?;
    Ok(chosen.map(|at| ids.swap_remove(at)))
}
