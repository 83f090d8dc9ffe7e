//! Why a plan is refused, and what would allow it.

use std::{collections::BTreeSet, fmt};

use super::{NearTitles, Slot, deployed_refusal::DeployedRefusal, near};
use crate::{
    config::Position,
    domain::{
        Classification, Classify, ErrorClass, Hint, Jurisdiction, LocalIdError, NamespaceId,
        Suggestion, Title, TitleError,
    },
    ops::provision::desired::Nameless,
};

/// Why a slot cannot be provisioned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The file's id is unknown to the account.
    Unknown {
        /// The slot.
        slot: Slot,
        /// Its id.
        id: NamespaceId,
        /// Where the id is.
        position: Option<Position>,
    },
    /// The file's id is that of another namespace than the one named.
    OtherTitle {
        /// The slot.
        slot: Slot,
        /// Its id.
        id: NamespaceId,
        /// The title of that namespace.
        has: String,
        /// The title that was named.
        wanted: Title,
    },
    /// The file's id is nearly one: replaced, it would be lost.
    Mistyped {
        /// The slot.
        slot: Slot,
        /// What the file says.
        text: String,
        /// Where.
        position: Position,
    },
    /// What is deployed, or may be, stands against it.
    Deployed(DeployedRefusal),
    /// The namespace that has the title is in another jurisdiction.
    Jurisdiction {
        /// The slot.
        slot: Slot,
        /// The title.
        title: String,
        /// The jurisdiction it has, if any.
        has: Option<String>,
        /// The jurisdiction that `kvctl.toml` names.
        wanted: Jurisdiction,
    },
    /// Several namespaces have the title.
    SeveralTitled {
        /// The slot.
        slot: Slot,
        /// The title.
        title: String,
        /// Their ids.
        ids: Vec<NamespaceId>,
    },
    /// The namespace that has the title has an id that is none.
    InvalidId {
        /// The slot.
        slot: Slot,
        /// The title.
        title: String,
        /// The id.
        id: NamespaceId,
    },
    /// Two slots would share a namespace.
    Shared {
        /// The slot.
        slot: Slot,
        /// What has it, or will have it.
        with: String,
        /// The title they share.
        title: String,
    },
    /// Namespaces are there that may be meant.
    Near(NearTitles),
}

/// Why planning failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Slots that cannot be provisioned.
    #[error("{}", listed(.0))]
    Refused(Vec<Refusal>),
    /// A replacement was allowed that is not called for.
    #[error("`--replace-id` matches no id that needs replacing: {}", joined(.0))]
    NothingToReplace(Vec<NamespaceId>),
    /// The title of a preview twin would be too long.
    #[error("could not derive the title of the preview namespace")]
    Title(#[from] TitleError),
    /// The file has no name to derive a title from.
    #[error(transparent)]
    Nameless(Box<Nameless>),
    /// A `preview_id` was asked for in a Pages project.
    #[error("preview deployments of a Pages project ignore `preview_id`")]
    PagesPreview,
    /// The text of an entry names no namespace of the local store.
    #[error("line {}: the {slot} names no namespace of the local store", position.line)]
    LocalId {
        /// The slot.
        slot: Slot,
        /// Where its text is.
        position: Position,
        /// Why not.
        source: LocalIdError,
    },
}

impl Error {
    /// Returns the ids that the account does not have, if nothing else is refused.
    pub fn unknown_ids(&self) -> Option<BTreeSet<&NamespaceId>> {
        match self {
            Self::Refused(refusals) => refusals.iter().map(Refusal::unknown).collect(),
            _ => None,
        }
    }
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        match self {
            Self::Refused(refusals) => Classification {
                hint: remedy(refusals),
                ..ErrorClass::Refused.into()
            },
            Self::NothingToReplace(_) => ErrorClass::Refused.hint(
                "a valid id is replaced if the account does not have it, if another title is named for \
                 its binding, also in kvctl.toml, or if `--preview separate` finds a production id in `preview_id`",
            ),
            Self::Title(_) => ErrorClass::Usage.into(),
            Self::Nameless(nameless) => nameless.classify(),
            Self::PagesPreview => ErrorClass::Refused.hint(
                Hint::run(Suggestion::provision_previews([""; 0])).text(
                    " to give previews namespaces of their own; repeat `vars` and bindings of other \
                     kinds in that section, which inherits none",
                ),
            ),
            Self::LocalId { slot, .. } => {
                ErrorClass::Config.hint(format!("write an id there, or remove the {}", slot.field))
            }
        }
    }
}

/// Returns what to do about all refusals, those of one kind at once.
fn remedy(refusals: &[Refusal]) -> Option<Hint> {
    let is_unknown = |refusal: &&Refusal| refusal.unknown().is_some();
    let unknown = refusals.iter().filter_map(|refusal| match refusal {
        Refusal::Unknown { slot, id, .. } => Some((id, &slot.section, &slot.binding)),
        _ => None,
    });
    let several = unknown.collect::<BTreeSet<_>>().len() > 1;
    let unknown = several.then(|| {
        Hint::from(
            "they belong to another account (see `--account-id`) or were deleted; \
             `--replace-missing` allows others in the place of all of them, `--replace-id ID` in the \
             place of one",
        )
    });
    let mut hints: Vec<Hint> = unknown.into_iter().collect();
    let near = refusals.iter().filter_map(|refusal| match refusal {
        Refusal::Near(near) => Some(near),
        _ => None,
    });
    hints.extend(near::remedies(&near.collect::<Vec<_>>()));
    let others = refusals.iter().filter(|it| !(several && is_unknown(it)));
    let others = others.filter(|it| !matches!(it, Refusal::Near(_)));
    for hint in others.map(Refusal::remedy) {
        let merged = hints.iter_mut().find_map(|known| {
            let both = known.merged(&hint)?;
            Some(std::mem::replace(known, both))
        });
        if merged.is_none() && !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    let mut hints = hints.into_iter();
    let first = hints.next()?;
    Some(hints.fold(first, |all, hint| all.text("; ").and(hint)))
}

fn listed(refusals: &[Refusal]) -> String {
    let mut said: BTreeSet<&NamespaceId> = BTreeSet::new();
    let all = refusals.iter().filter_map(|refusal| {
        let Some(id) = refusal.unknown() else {
            return Some(refusal.to_string());
        };
        let same = refusals.iter().filter(|it| it.unknown() == Some(id));
        let slots: Vec<String> = same.filter_map(Refusal::unknown_slot).collect();
        let are = if slots.len() > 1 { "are" } else { "is" };
        let slots = slots.join(" and ");
        said.insert(id)
            .then(|| format!("{slots} {are} {id}, which is not in this account"))
    });
    all.collect::<Vec<_>>().join("; ")
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { id, .. } => {
                let slot = self.unknown_slot().unwrap_or_default();
                write!(f, "{slot} is {id}, which is not in this account")
            }
            Self::OtherTitle {
                slot,
                id,
                has,
                wanted,
            } => {
                write!(f, "the {slot} is {id}, titled `{has}`, not `{wanted}`")
            }
            Self::Mistyped {
                slot,
                text,
                position,
            } => write!(
                f,
                "the {slot} (line {}) is `{text}`, which looks like an id and is not one of 32 \
                 hexadecimal digits",
                position.line
            ),
            Self::Deployed(refusal) => refusal.fmt(f),
            Self::Jurisdiction {
                slot,
                title,
                has,
                wanted,
            } => write!(
                f,
                "the {slot} could be `{title}`, but {}, and kvctl.toml says {wanted}",
                jurisdiction(has.as_deref())
            ),
            Self::SeveralTitled { slot, title, ids } => write!(
                f,
                "the {slot} could be any of several namespaces titled `{title}`: {}",
                joined(ids)
            ),
            Self::InvalidId { slot, title, id } => write!(
                f,
                "the {slot} could be `{title}`, but the service says that its id is `{id}`, which is \
                 not one of 32 hexadecimal digits"
            ),
            Self::Shared { slot, with, title } => {
                write!(
                    f,
                    "the {slot} and {with} would share the namespace `{title}`"
                )
            }
            Self::Near(near) => near.fmt(f),
        }
    }
}

fn jurisdiction(has: Option<&str>) -> String {
    has.map_or_else(
        || "it has no jurisdiction".to_owned(),
        |has| format!("its jurisdiction is {has}"),
    )
}

fn joined(ids: &[NamespaceId]) -> String {
    let ids: Vec<&str> = ids.iter().map(NamespaceId::as_str).collect();
    ids.join(", ")
}

impl Refusal {
    /// The slot that would share the namespace of another, if that is why.
    pub fn shared(&self) -> Option<&Slot> {
        match self {
            Self::Shared { slot, .. } => Some(slot),
            _ => None,
        }
    }

    /// The id that the account does not have, if that is why.
    fn unknown(&self) -> Option<&NamespaceId> {
        match self {
            Self::Unknown { id, .. } => Some(id),
            _ => None,
        }
    }

    /// Names the slot whose id the account does not have, and its line.
    fn unknown_slot(&self) -> Option<String> {
        match self {
            Self::Unknown { slot, position, .. } => Some(match position {
                Some(position) => format!("the {slot} (line {})", position.line),
                None => format!("the {slot}"),
            }),
            _ => None,
        }
    }

    fn remedy(&self) -> Hint {
        match self {
            Self::Unknown { slot, id, .. } => {
                Hint::from("it belongs to another account (see `--account-id`) or was deleted; ")
                    .and(slot.command(None).replacing_missing(id))
                    .text(" writes another in its place")
            }
            Self::OtherTitle {
                slot, id, wanted, ..
            } => Hint::run(slot.command(Some(wanted.as_str())).replacing(id))
                .text(" to bind another namespace"),
            Self::Mistyped { slot, .. } => Hint::from(format!(
                "correct it; to provision `{}` anew, make it empty first: `{} = \"\"`",
                slot.binding, slot.field
            )),
            Self::Deployed(refusal) => refusal.remedy(),
            Self::Jurisdiction { slot, .. } => Hint::from("give it another title, such as ")
                .and(slot.command(Some("TITLE")).as_example())
                .text(": a jurisdiction cannot be changed"),
            Self::SeveralTitled { .. } => Hint::from("write the id of the right one into the file"),
            Self::InvalidId { slot, .. } => Hint::from("give it another title, such as ")
                .and(slot.command(Some("TITLE")).as_example()),
            Self::Shared { slot, title, .. } => Hint::from("give it a title of its own: ")
                .and(slot.command(Some("TITLE")).as_example())
                .text("; ")
                .and(slot.command(Some(title)))
                .text(" shares the namespace"),
            Self::Near(near) => {
                let mut hints = near::remedies(&[near]);
                hints.pop().unwrap_or_default()
            }
        }
    }
}
