//! Creates namespaces without creating duplicates when a request is retried.

use crate::{
    api::{self, Client, CreateNamespace, Namespace},
    domain::{AccountId, Jurisdiction, NamespaceId, Title},
    wire::{NamespaceInfo, code},
};

/// The result of creating a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateOutcome {
    /// The namespace.
    pub namespace: NamespaceInfo,
    /// Whether this run created it; `false` if it exists because of another process.
    pub created: bool,
}

/// Creates a namespace called `title`, or returns the one that has that title by now.
///
/// The caller must check that no namespace has the title: otherwise an existing one could be
/// mistaken for the one that an unclear request created.
///
/// Creating is not idempotent, so it is never repeated blindly: after an answer that leaves open
/// whether it worked, and after "title taken", the account is asked which namespace has the
/// title. Titles are unique in an account, so at most one has.
pub async fn create_or_find(
    client: &Client,
    account: &AccountId,
    title: &Title,
    jurisdiction: Option<Jurisdiction>,
) -> Result<CreateOutcome, api::Error> {
    let mut waits = backon::BackoffBuilder::build(client.backoff());
    let mut unclear = false;
    loop {
        let create = CreateNamespace {
            account,
            title,
            jurisdiction,
        };
        let error = match client.send(&create).await {
            Ok(namespace) => {
                return Ok(CreateOutcome {
                    namespace,
                    created: true,
                });
            }
            Err(error) => error,
        };
        let taken = error.has_code(code::TITLE_TAKEN);
        if !taken && !error.is_unclear() {
            return Err(error);
        }
        // After an unclear answer, a title that is taken was taken by that very request.
        unclear |= !taken;
        let all = client.namespaces(account).await?;
        if let Some(namespace) = find_by_title(&all, title) {
            // What another process made may not be what is wanted here.
            let told = told_jurisdiction(&all, namespace);
            if jurisdiction.is_some_and(|wanted| told.other_than(wanted).is_some()) {
                return Err(error);
            }
            return Ok(CreateOutcome {
                namespace: namespace.clone(),
                created: unclear,
            });
        }
        // Not there, or not seen yet: a list may lag behind.
        match waits.next() {
            Some(wait) if !error.is_final() => tokio::time::sleep(wait).await,
            _ => return Err(error),
        }
    }
}

/// Deletes a namespace. If an answer was lost and the namespace no longer exists, that is a
/// success.
pub async fn delete(namespace: Namespace<'_>) -> Result<(), api::Error> {
    match namespace.delete().await {
        Err(e) if e.attempts > 1 && e.has_code(code::NAMESPACE_NOT_FOUND) => Ok(()),
        other => other,
    }
}

/// Returns the ids of the namespaces with exactly this title. Titles are unique, so there is one at
/// most, but for a fault of the service.
pub fn ids_by_title(all: &[NamespaceInfo], title: &Title) -> Vec<NamespaceId> {
    let same = all.iter().filter(|it| it.title == title.as_str());
    same.map(|it| it.id.clone()).collect()
}

/// Finds the namespace with exactly this title.
pub fn find_by_title<'a>(all: &'a [NamespaceInfo], title: &Title) -> Option<&'a NamespaceInfo> {
    all.iter()
        .find(|namespace| namespace.title == title.as_str())
}

/// What a list of namespaces tells of the jurisdiction of one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told<'a> {
    /// This one.
    In(&'a str),
    /// It has none: others have the field.
    Nowhere,
    /// The list does not tell: no entry has the field.
    Unknown,
}

impl Told<'_> {
    /// Returns the jurisdiction that it has, if that is known and another than `wanted`; `Some(None)` is
    /// that it has none.
    pub fn other_than(self, wanted: Jurisdiction) -> Option<Option<String>> {
        match self {
            Self::In(has) => (has != wanted.as_str()).then(|| Some(has.to_owned())),
            Self::Nowhere => Some(None),
            Self::Unknown => None,
        }
    }
}

/// Returns what `all` tells of the jurisdiction of `one`.
pub fn told_jurisdiction<'a>(all: &[NamespaceInfo], one: &'a NamespaceInfo) -> Told<'a> {
    match &one.jurisdiction {
        Some(has) => Told::In(has),
        None if all.iter().any(|n| n.jurisdiction.is_some()) => Told::Nowhere,
        None => Told::Unknown,
    }
}
