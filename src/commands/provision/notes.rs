//! What the user should know about a plan, as sentences.

use crate::{
    config::Field,
    domain::{Binding, Hint, NamespaceId, Section, Suggestion, listed},
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
        let slots = remarks.iter().filter_map(|remark| match remark {
            Remark::NoPreview(slot) => Some(slot),
            _ => None,
        });
        let text =
            format!("no preview_id for {without}: `wrangler dev --remote` writes to production; ");
        let commands = slots.map(|slot| {
            let command = slot.command(None).option("--preview", "separate");
            Hint::from(text.clone()).and(Hint::run(command))
        });
        let merged = commands.reduce(|all, one| all.merged(&one).unwrap_or(all));
        let separate = merged.unwrap_or_else(|| text.clone().into());
        notes.push(separate.text(" to give them namespaces of their own"));
    }
    notes.extend(
        [&NOT_SEPARATED, &NOT_SHARED]
            .into_iter()
            .filter_map(|kept| kept.note(remarks)),
    );
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
        | Remark::PagesWillShare(_)
        | Remark::NotSeparated { .. }
        | Remark::NotShared { .. } => return None,
        Remark::PreviewIsOthers { .. }
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

/// A kind of `preview_id` that was to be another and is kept.
struct Kept {
    pick: fn(&Remark) -> Option<(&Slot, &NamespaceId)>,
    /// What `--preview` is to be.
    mode: &'static str,
    /// What is said of one, and what the command does.
    of_one: [&'static str; 2],
    of_several: [&'static str; 2],
}

const NOT_SEPARATED: Kept = Kept {
    pick: |remark| match remark {
        Remark::NotSeparated { slot, id } => Some((slot, id)),
        _ => None,
    },
    mode: "separate",
    of_one: ["is still a production id", "separates it"],
    of_several: ["are still production ids", "separates them"],
};

const NOT_SHARED: Kept = Kept {
    pick: |remark| match remark {
        Remark::NotShared { slot, id } => Some((slot, id)),
        _ => None,
    },
    mode: "same",
    of_one: ["has its own namespace", "gives that up"],
    of_several: ["have their own namespaces", "gives those up"],
};

impl Kept {
    /// Says so of all at once.
    fn note(&self, remarks: &[Remark]) -> Option<Hint> {
        let kept: Vec<_> = remarks.iter().filter_map(self.pick).collect();
        let hints = kept.iter().map(|(slot, id)| {
            let command = slot.command(None).option("--preview", self.mode);
            Hint::from(command.replacing(id))
        });
        let commands = hints.reduce(|all, it| all.merged(&it).unwrap_or(all))?;
        let ([said, does], what) = match kept.as_slice() {
            [(slot, _)] => (self.of_one, format!("the {slot}")),
            several => {
                let names = several
                    .iter()
                    .map(|(it, _)| name(&it.section, &it.binding, Field::Id));
                let names = listed(&names.collect::<Vec<_>>());
                (self.of_several, format!("the preview_ids of {names}"))
            }
        };
        Some(
            Hint::from(format!("{what} {said}; "))
                .and(commands)
                .text(format!(" {does}")),
        )
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_previews_keep_is_one_note() {
        let shared = |binding: &str, digit: &str| Remark::NotShared {
            slot: Slot {
                section: Section::TOP,
                binding: binding.parse().unwrap(),
                field: Field::PreviewId,
            },
            id: format!("7d0c3b9e4a514c5ab9c1f0a4d2e35b6{digit}")
                .parse()
                .unwrap(),
        };
        let all = [shared("A", "1"), shared("B", "2")];
        let said = |remarks: &[Remark]| {
            let notes = notes(remarks);
            notes
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n")
        };
        insta::assert_snapshot!(said(&all[..1]), @"the preview_id of `A` at the top level has its own namespace; `kvctl provision A --preview same --replace-id 7d0c3b9e4a514c5ab9c1f0a4d2e35b61` gives that up");
        insta::assert_snapshot!(said(&all), @"the preview_ids of A and B have their own namespaces; `kvctl provision A B --preview same --replace-id 7d0c3b9e4a514c5ab9c1f0a4d2e35b61 --replace-id 7d0c3b9e4a514c5ab9c1f0a4d2e35b62` gives those up");
    }
}
