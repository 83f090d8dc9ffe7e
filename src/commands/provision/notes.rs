//! What the user should know about a plan, as sentences.

use crate::{
    config::Field,
    domain::{Binding, Hint, NamespaceId, Section, Suggestion},
    ops::provision::plan::{Remark, Slot},
    wire::NamespaceInfo,
};

/// Returns how an id is called in a table.
pub(super) fn name(section: &Section, binding: &Binding, field: Field) -> String {
    let environment = section.environment().map(|name| format!("env.{name}."));
    let previews = section.is_previews().then_some("previews.");
    let section = environment.unwrap_or_default() + previews.unwrap_or_default();
    match field {
        Field::PreviewId => format!("{section}{binding} (preview)"),
        Field::Id | Field::Binding => format!("{section}{binding}"),
    }
}

/// The remarks as sentences; bindings that share a remark share a sentence.
pub(super) fn notes(remarks: &[Remark]) -> Vec<Hint> {
    let label = |slot: &Slot| name(&slot.section, &slot.binding, Field::Id);
    let all = |pick: fn(&Remark) -> Option<&Slot>| {
        remarks
            .iter()
            .filter_map(pick)
            .map(label)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let shared = all(|remark| match remark {
        Remark::PreviewIsProduction(slot) => Some(slot),
        _ => None,
    });
    let without = all(|remark| match remark {
        Remark::NoPreview(slot) => Some(slot),
        _ => None,
    });
    let pages = all(|remark| match remark {
        Remark::PagesShare(slot) => Some(slot),
        _ => None,
    });
    let will = all(|remark| match remark {
        Remark::PagesWillShare(slot) => Some(slot),
        _ => None,
    });
    let mut notes: Vec<Hint> = Vec::new();
    if !shared.is_empty() {
        notes.push(
            format!(
                "preview_id is the production id of {shared}: `wrangler dev --remote` writes to \
             production"
            )
            .into(),
        );
    }
    if !without.is_empty() {
        notes.push(format!(
            "no preview_id for {without}: `wrangler dev --remote` writes to production; `--preview \
             separate` makes namespaces of their own"
        ).into());
    }
    notes.extend(about_pages(&pages, &will));
    notes.extend(remarks.iter().filter_map(sentence));
    notes
}

/// What previews of a Pages project use.
fn about_pages(shared: &str, will: &str) -> Vec<Hint> {
    let mut notes = Vec::new();
    if !shared.is_empty() {
        notes.push(
            Hint::from(format!(
                "preview deployments use the production namespace of {shared}; "
            ))
            .and(Suggestion::provision_previews([""; 0]))
            .text(
                " makes namespaces of their own (repeat `vars` and bindings of other kinds in \
                     that section: it inherits none)",
            ),
        );
    }
    if !will.is_empty() {
        let what = format!(
            "previews of the Pages project do not bind {will} yet; the next preview deployment will \
             use production's namespace, unless "
        );
        notes.push(
            Hint::from(what)
                .and(Suggestion::provision_previews([""; 0]))
                .text(" gives previews a section of their own"),
        );
    }
    notes
}

/// A remark that is not combined with others.
fn sentence(remark: &Remark) -> Option<Hint> {
    let text = match remark {
        Remark::NoPreview(_)
        | Remark::PreviewIsProduction(_)
        | Remark::PagesShare(_)
        | Remark::PagesWillShare(_) => return None,
        Remark::PreviewIsOthers { .. }
        | Remark::NotSeparated { .. }
        | Remark::NotShared { .. }
        | Remark::UnknownPreview { .. }
        | Remark::PreviewsUseProduction { .. } => return about_previews(remark),
        Remark::SharesDeployed { slot, with } => {
            format!("the {slot} and {with} share a namespace, as deployed")
        }
        Remark::NotInherited { section, missing } => format!(
            "{section} inherits no bindings or variables: it lacks {}, which the top level has",
            missing.join(", ")
        ),
        Remark::OtherTitle { slot, has, wanted } => {
            format!("the {slot} is titled `{has}`; kvctl.toml says `{wanted}`")
        }
        Remark::NotAsked {
            deployable,
            permission,
        } => format!(
            "the {deployable} may not be asked for its namespaces without the permission \
             {permission}, so titles decided"
        ),
        Remark::OtherJurisdiction { slot, has, wanted } => {
            let has = match has {
                Some(has) => format!("jurisdiction {has}"),
                None => "no jurisdiction".to_owned(),
            };
            format!(
                "the namespace of the {slot} has {has}; kvctl.toml says `{wanted}`, and it cannot be \
                 changed"
            )
        }
        Remark::UnknownJurisdiction { slot, wanted } => format!(
            "the account does not tell the jurisdiction of the {slot}; kvctl.toml says `{wanted}`"
        ),
        Remark::MistypedPreview { slot, text } => format!(
            "the {slot} is `{text}`, which is not an id: `wrangler dev --remote` fails with it; correct \
             it: an id has 32 hexadecimal digits"
        ),
        Remark::Replaced(id) => format!("{id} is no longer in the file"),
        Remark::LocalTitle { slot, title } => format!(
            "`{}` {} has an entry, so it keeps its namespace of the local store, and the title `{title}` \
             is not used",
            slot.binding,
            slot.section.place()
        ),
        Remark::Bare { slot, namespace } => return Some(bare(slot, namespace)),
    };
    Some(text.into())
}

/// Says that a namespace of the local store has the title that other tools would have given it. An entry
/// that exists goes by its text, so a second run would not adopt it.
fn bare(slot: &Slot, namespace: &NamespaceInfo) -> Hint {
    let NamespaceInfo { id, title, .. } = namespace;
    let (binding, place) = (&slot.binding, slot.section.place());
    format!(
        "a namespace of the local store is called `{title}` and was not adopted; if it is meant for \
         `{binding}` {place}, write `{id}` as its `id`"
    )
    .into()
}

/// A remark about what previews use.
fn about_previews(remark: &Remark) -> Option<Hint> {
    let with = |slot: &Slot, preview: Option<&str>, id: Option<&NamespaceId>| {
        let command = slot.command(None);
        let command = match preview {
            Some(mode) => command.option("--preview", mode),
            None => command,
        };
        match id {
            Some(id) => command.replacing(id),
            None => command,
        }
    };
    let separate = |slot: &Slot, id: Option<&NamespaceId>| with(slot, Some("separate"), id);
    let (text, command, purpose) = match remark {
        Remark::PreviewIsOthers { slot, id, with } => (
            format!("the {slot} is the {with}: `wrangler dev --remote` writes to production; "),
            separate(slot, Some(id)),
            " separates them",
        ),
        Remark::NotSeparated { slot, id } => (
            format!("the {slot} is still a production id; "),
            separate(slot, Some(id)),
            " separates it",
        ),
        Remark::NotShared { slot, id } => (
            format!("the {slot} has its own namespace; "),
            with(slot, Some("same"), Some(id)),
            " gives that up",
        ),
        Remark::UnknownPreview { slot, id } => (
            format!("the {slot} is {id}, which is not in this account; "),
            separate(slot, Some(id)),
            " puts another in its place",
        ),
        Remark::PreviewsUseProduction {
            slot,
            id,
            with: other,
        } => (
            format!("the {slot} is {id}, as is {other}: `wrangler preview` writes to production; "),
            with(slot, None, Some(id)),
            " gives it a namespace of its own",
        ),
        _ => return None,
    };
    Some(Hint::from(text).and(command).text(purpose))
}
