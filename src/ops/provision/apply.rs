//! Carrying out a plan: namespaces first, the file last.

use futures_util::{StreamExt as _, stream};

use super::plan::{Action, Plan, Slot, Step};
use crate::{
    api::{self, Client},
    config::{Edit, Field},
    domain::{AccountId, Classification, Classify, ErrorClass, NamespaceId, Title},
    ops::namespaces::{CreateOutcome, create_or_find},
};

/// How many namespaces are created at the same time.
const AT_ONCE: usize = 8;

/// Where the id of a slot came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdOrigin {
    /// It was already set.
    Kept,
    /// A namespace with the title existed.
    Adopted,
    /// What is deployed binds it.
    Deployed,
    /// This run created the namespace.
    Created,
    /// It is the production namespace's.
    Shared,
}

/// A slot and the id it has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The slot.
    pub slot: Slot,
    /// The id; `None` if the namespace is yet to be created.
    pub id: Option<NamespaceId>,
    /// The namespace's title, where known.
    pub title: Option<String>,
    /// Where its data must stay, where known.
    pub jurisdiction: Option<String>,
    /// Where the id came from.
    pub origin: IdOrigin,
}

/// Why applying a plan failed. The file is unchanged.
#[derive(Debug, thiserror::Error)]
#[error("could not create {}{}", quoted(.failed), so_far(.created))]
pub struct Error {
    /// The titles that were not created.
    pub failed: Vec<Title>,
    /// What was created anyway; the next run adopts it.
    pub created: Vec<(Title, NamespaceId)>,
    /// Why the first of them failed.
    pub source: api::Error,
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        let cause = self.source.classify();
        if self.created.is_empty() {
            return cause;
        }
        Classification {
            class: ErrorClass::Partial,
            ..cause
        }
    }
}

fn quoted(titles: &[Title]) -> String {
    let all: Vec<String> = titles.iter().map(|title| format!("`{title}`")).collect();
    all.join(", ")
}

fn so_far(created: &[(Title, NamespaceId)]) -> String {
    if created.is_empty() {
        return String::new();
    }
    let all: Vec<String> = created
        .iter()
        .map(|(title, id)| format!("`{title}` is {id}"))
        .collect();
    format!("; created, and adopted by the next run: {}", all.join(", "))
}

/// Creates what the plan creates, several at once, and calls `done` after each.
///
/// All are tried, even if one fails: what can be made now need not be made later.
pub async fn apply(
    client: &Client,
    account: &AccountId,
    plan: &Plan,
    done: &(dyn Fn() + Sync),
) -> Result<Vec<Outcome>, Error> {
    let creating = plan
        .creates()
        .into_iter()
        .map(|(title, jurisdiction)| async move {
            let outcome = create_or_find(client, account, title, jurisdiction).await;
            done();
            (title, outcome)
        });
    let results: Vec<_> = stream::iter(creating)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut created: Vec<(&Title, CreateOutcome)> = Vec::new();
    let mut failures: Vec<(&Title, api::Error)> = Vec::new();
    for (title, result) in results {
        match result {
            Ok(one) => created.push((title, one)),
            Err(error) => failures.push((title, error)),
        }
    }
    let failed = failures.iter().map(|(title, _)| (*title).clone()).collect();
    if let Some((_, source)) = failures.into_iter().next() {
        let id = |(title, one): (&Title, CreateOutcome)| (title.clone(), one.namespace.id);
        let created = created.into_iter().map(id).collect();
        return Err(Error {
            failed,
            created,
            source,
        });
    }
    Ok(outcomes(plan, &created))
}

/// Returns the outcomes of a dry run; ids of namespaces to be created are `None`.
pub fn planned(plan: &Plan) -> Vec<Outcome> {
    outcomes(plan, &[])
}

fn outcomes(plan: &Plan, created: &[(&Title, CreateOutcome)]) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = Vec::new();
    for step in &plan.steps {
        let (id, title, origin) = match &step.action {
            Action::Keep { id, title } => (Some(id.clone()), title.clone(), IdOrigin::Kept),
            Action::Adopt {
                id,
                title,
                deployed,
            } => {
                let origin = match deployed {
                    Some(_) => IdOrigin::Deployed,
                    None => IdOrigin::Adopted,
                };
                (Some(id.clone()), Some(title.clone()), origin)
            }
            Action::Create { title, .. } => {
                let one = created
                    .iter()
                    .find(|(t, _)| *t == title)
                    .map(|(_, one)| one);
                // Sections of one Worker share a namespace; the first of them made it.
                let title = title.to_string();
                let first = outcomes.iter().all(|o| o.title.as_ref() != Some(&title));
                let is_new = one.is_none_or(|one| one.created) && first;
                let origin = if is_new {
                    IdOrigin::Created
                } else {
                    IdOrigin::Adopted
                };
                (one.map(|one| one.namespace.id.clone()), Some(title), origin)
            }
            Action::Share => {
                let id_slot = Slot {
                    field: Field::Id,
                    ..step.slot.clone()
                };
                let one = outcomes.iter().find(|o| o.slot == id_slot);
                let id = one.and_then(|one| one.id.clone());
                (id, one.and_then(|one| one.title.clone()), IdOrigin::Shared)
            }
        };
        let told = || plan.jurisdictions.get(id.as_ref()?).cloned();
        outcomes.push(Outcome {
            slot: step.slot.clone(),
            jurisdiction: match &step.action {
                Action::Create { jurisdiction, .. } => jurisdiction.map(|it| it.to_string()),
                Action::Share => shared_jurisdiction(&outcomes, &step.slot),
                Action::Keep { .. } | Action::Adopt { .. } => told(),
            },
            id,
            title,
            origin,
        });
    }
    outcomes
}

fn shared_jurisdiction(outcomes: &[Outcome], slot: &Slot) -> Option<String> {
    let of_binding =
        |o: &&Outcome| o.slot.section == slot.section && o.slot.binding == slot.binding;
    outcomes.iter().find(of_binding)?.jurisdiction.clone()
}

/// Returns the edits of the file: the ids of `outcomes`, with a placeholder for each id that is not
/// known yet.
pub fn edits(plan: &Plan, outcomes: &[Outcome]) -> Vec<Edit> {
    let text = |step: &Step| {
        let outcome = outcomes.iter().find(|o| o.slot == step.slot)?;
        let title = outcome.title.as_deref().unwrap_or("its namespace");
        let to_come = || format!("<id of {title}>");
        Some(
            outcome
                .id
                .as_ref()
                .map_or_else(to_come, ToString::to_string),
        )
    };
    let mut edits: Vec<Edit> = Vec::new();
    for step in plan
        .steps
        .iter()
        .filter(|s| !matches!(s.action, Action::Keep { .. }))
    {
        let Some(value) = text(step) else { continue };
        let Slot {
            section,
            binding,
            field,
        } = step.slot.clone();
        if step.has_entry {
            edits.push(Edit::Set {
                section,
                binding,
                field,
                value,
            });
            continue;
        }
        let same = |edit: &&mut Edit| matches!(edit, Edit::Add { section: s, binding: b, .. } if *s == section && *b == binding);
        match edits.iter_mut().find(same) {
            Some(Edit::Add { preview_id, .. }) if field == Field::PreviewId => {
                *preview_id = Some(value);
            }
            Some(_) | None => edits.push(Edit::Add {
                section,
                binding,
                id: (field == Field::Id).then(|| value.clone()),
                preview_id: (field == Field::PreviewId).then_some(value),
            }),
        }
    }
    // One field of all entries after the other, so that many are set at once.
    edits.sort_by_key(|edit| {
        matches!(
            edit,
            Edit::Set {
                field: Field::PreviewId,
                ..
            }
        )
    });
    edits
}
