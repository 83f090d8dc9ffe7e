//! Namespaces. Imports `domain` and `wire`.

use super::{Place, paginate};
use crate::{
    domain::{AccountId, NAMESPACE_PAGE_MAX, Title, TitleError},
    emulator::{
        Inner,
        answer::{Answer, Refusal, published},
        request::Request,
        titles::{Conflict, Named, Titles},
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
    let mut namespaces = titles.of(inner.owner(account)).to_vec();
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
    let items = namespaces.into_iter().map(info).collect();
    paginate::<NamespaceInfo>(items, request, NAMESPACE_PAGE_MAX)
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
    let named = created?.map_err(|conflict| refuse(conflict, "create namespace"))?;
    Ok(Answer::result(info(named)))
}

/// `GET …/namespaces/{id}`.
pub(super) fn get(place: &Place<'_>) -> Result<Answer, Refusal> {
    let named = find(place, "get namespace")?;
    Ok(Answer::result(info(named)))
}

/// `PUT …/namespaces/{id}`.
pub(super) fn rename(place: &Place<'_>, request: &Request) -> Result<Answer, Refusal> {
    let id = place.id()?;
    let title = title(body(request)?.title)?;
    let rename = |titles: &mut Titles| titles.rename(place.owner(), &id, title);
    let renamed = place.inner.registry.change(rename)?;
    let named = renamed.map_err(|conflict| refuse(conflict, "rename namespace"))?;
    Ok(Answer::result(info(named)))
}

/// `DELETE …/namespaces/{id}`.
pub(super) async fn delete(place: &Place<'_>) -> Result<Answer, Refusal> {
    let id = place.id()?;
    let registry = &place.inner.registry;
    let deleted = registry.change(|titles| titles.delete(place.owner(), &id));
    deleted?.map_err(|conflict| refuse(conflict, "remove namespace"))?;
    place.inner.store.clear(id.as_str()).await?;
    Ok(Answer::nothing())
}

/// Finds a namespace; a refusal names the operation.
pub(super) fn find(place: &Place<'_>, operation: &str) -> Result<Named, Refusal> {
    let id = place.id()?;
    let titles = place.inner.registry.read()?;
    let found = titles.of(place.owner()).iter().find(|named| named.id == id);
    found
        .cloned()
        .ok_or_else(|| Refusal::no_namespace(operation))
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

fn info(named: Named) -> NamespaceInfo {
    NamespaceInfo {
        id: named.id,
        title: named.title.into(),
        supports_url_encoding: Some(true),
        jurisdiction: named.jurisdiction.map(|it| it.to_string()),
    }
}
