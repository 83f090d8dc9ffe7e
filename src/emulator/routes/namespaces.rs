//! Namespaces. Imports `domain` and `wire`.

use super::{NamespaceTarget, paginate};
use crate::{
    domain::{AccountId, NAMESPACE_PAGE_MAX, NamespaceId, Title, TitleError},
    emulator::{
        Inner,
        answer::{Answer, Refusal, published},
        request::Request,
        titles::{Conflict, NamespaceEntry, Titles},
    },
    wire::{NamespaceInfo, TitleBody, code},
};

/// `GET …/namespaces`.
pub(super) fn list(
    inner: &Inner,
    account: &AccountId,
    request: &Request,
) -> Result<Answer, Refusal> {
    let titles = inner.registry.read()?;
    let entries = titles.of(inner.owner(account)).iter().cloned().map(info);
    let mut namespaces: Vec<_> = entries
        .chain(inner.untitled(&titles).map(untitled_info))
        .collect();
    match request.query("order") {
        None | Some("id") => namespaces.sort_by(|a, b| a.id.cmp(&b.id)),
        Some("title") => namespaces.sort_by(|a, b| a.title.cmp(&b.title)),
        Some(other) => return Err(invalid(published::ORDER, "order", other)),
    }
    match request.query("direction") {
        None | Some("asc") => {}
        Some("desc") => namespaces.reverse(),
        Some(other) => return Err(invalid(published::DIRECTION, "direction", other)),
    }
    paginate::<NamespaceInfo>(namespaces, request, NAMESPACE_PAGE_MAX)
}

/// `POST …/namespaces`.
pub(super) fn create(
    inner: &Inner,
    account: &AccountId,
    request: &Request,
) -> Result<Answer, Refusal> {
    let body = body(request)?;
    let (title, jurisdiction) = (title(body.title)?, body.jurisdiction);
    let scheme = inner.config.ids;
    let created = inner
        .registry
        .change(|titles| titles.create(inner.owner(account), title, jurisdiction, scheme));
    let entry = created?.map_err(|conflict| refuse(conflict, "create namespace"))?;
    Ok(Answer::result(info(entry)))
}

/// `GET …/namespaces/{id}`.
pub(super) fn get(target: &NamespaceTarget<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::result(find(target, "get namespace")?))
}

/// `PUT …/namespaces/{id}`.
pub(super) fn rename(target: &NamespaceTarget<'_>, request: &Request) -> Result<Answer, Refusal> {
    let id = target.id()?;
    let title = title(body(request)?.title)?;
    let rename = |titles: &mut Titles| titles.rename(target.owner(), &id, title);
    let renamed = target.inner.registry.change(rename)?;
    let entry = renamed.map_err(|conflict| refuse(conflict, "rename namespace"))?;
    Ok(Answer::result(info(entry)))
}

/// `DELETE …/namespaces/{id}`.
pub(super) async fn delete(target: &NamespaceTarget<'_>) -> Result<Answer, Refusal> {
    if !target.is_untitled()? {
        let id = target.id()?;
        let registry = &target.inner.registry;
        let deleted = registry.change(|titles| titles.delete(target.owner(), &id));
        deleted?.map_err(|conflict| refuse(conflict, "remove namespace"))?;
    }
    target.inner.store.clear(&target.namespace).await?;
    Ok(Answer::nothing())
}

/// Finds a namespace; a refusal names the operation.
pub(super) fn find(
    target: &NamespaceTarget<'_>,
    operation: &str,
) -> Result<NamespaceInfo, Refusal> {
    let titles = target.inner.registry.read()?;
    let mut untitled = target.inner.untitled(&titles);
    if let Some(name) = untitled.find(|name| name.as_str() == target.namespace) {
        return Ok(untitled_info(name));
    }
    let listed = |id: &str| {
        let mut entries = titles.of(target.owner()).iter();
        let found = entries.find(|entry| entry.id.as_str() == id);
        found.cloned().map(info)
    };
    // A namespace has its title whatever it holds.
    if let Some(found) = listed(&target.namespace) {
        return Ok(found);
    }
    if target.is_any()
        && let Some(found) = stored(target)?
    {
        return Ok(found);
    }
    let id = target.id()?;
    listed(id.as_str()).ok_or_else(|| Refusal::no_namespace(operation))
}

/// Finds a namespace by its text where any is accepted: one that the wrangler file names or that was
/// written to.
fn stored(target: &NamespaceTarget<'_>) -> Result<Option<NamespaceInfo>, Refusal> {
    let text = target.namespace.as_str();
    let is_named = |name: &&NamespaceId| name.as_str() == text && !name.is_local();
    if let Some(name) = target.inner.config.names.iter().find(is_named) {
        return Ok(Some(untitled_info(name)));
    }
    match NamespaceId::verbatim(text) {
        // A deleted namespace leaves an empty database.
        Ok(name)
            if target.inner.store.has(text)
                && (!name.is_local() || target.inner.store.has_keys(text)?) =>
        {
            Ok(Some(untitled_info(&name)))
        }
        _ => Ok(None),
    }
}

fn body(request: &Request) -> Result<TitleBody, Refusal> {
    serde_json::from_slice(&request.body)
        .map_err(|error| Refusal::new(400, 10012, format!("could not parse request body: {error}")))
}

fn title(text: Option<String>) -> Result<Title, Refusal> {
    let text = text.unwrap_or_default();
    text.parse().map_err(|error| match error {
        TitleError::Empty => {
            let text = "request is missing a title definition";
            Refusal::new(400, code::TITLE_MISSING, text)
        }
        TitleError::TooLong(_) | TitleError::Control(..) => {
            invalid(published::INVALID_REQUEST, "title", &text)
        }
    })
}

fn invalid(code: u32, what: &str, text: &str) -> Refusal {
    Refusal::new(400, code, format!("invalid {what}: '{text}'"))
}

fn refuse(conflict: Conflict, operation: &str) -> Refusal {
    match conflict {
        Conflict::Missing => Refusal::no_namespace(operation),
        Conflict::Taken => {
            let text =
                format!("{operation}: 'A namespace with this account ID and title already exists'");
            Refusal::new(400, code::TITLE_TAKEN, text)
        }
    }
}

/// What is known of a namespace that has a name and no title: the name is shown for both.
fn untitled_info(name: &NamespaceId) -> NamespaceInfo {
    NamespaceInfo {
        id: name.clone(),
        title: name.to_string(),
        supports_url_encoding: Some(true),
        jurisdiction: None,
    }
}

fn info(entry: NamespaceEntry) -> NamespaceInfo {
    NamespaceInfo {
        id: entry.id,
        title: entry.title.into(),
        supports_url_encoding: Some(true),
        jurisdiction: entry.jurisdiction.map(|it| it.to_string()),
    }
}
