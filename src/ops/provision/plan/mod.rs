//! Plans the changes that give every desired binding a namespace. Pure, but for [`LookUp`], which asks
//! what is deployed.

mod deployed;
mod deployed_refusal;
mod near;
mod open;
mod planner;
mod preview;
mod refusal;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt};

pub use deployed::{Deployed, DeployedBindings, Holder, LookUp};
pub use deployed_refusal::{DeployedRefusal, Obstacle};
pub use near::NearTitles;
pub use planner::plan;
pub use refusal::{Error, Refusal};

use super::desired::DesiredBinding;
use crate::{
    config::{Field, Project},
    domain::{Binding, EnvName, Jurisdiction, NamespaceId, Permission, Section, Suggestion, Title},
    ops::target::Deployable,
    wire::NamespaceInfo,
};

/// How to set `preview_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preview {
    /// An id, or none, is left as it is; a placeholder gives way to a namespace of its own.
    Untouched,
    /// It names the production namespace.
    Same,
    /// It names a namespace of its own.
    Separate,
}

/// The input of [`plan`].
#[derive(Debug, Clone, Copy)]
pub struct PlanInput<'a> {
    /// What is wanted.
    pub desired: &'a [DesiredBinding],
    /// Every namespace of the account.
    pub existing: &'a [NamespaceInfo],
    /// Which binding has which id in the whole file, so that no two share one by accident.
    pub bound: &'a BTreeMap<NamespaceId, Slot>,
    /// How to set `preview_id`.
    pub preview: Preview,
    /// The ids that may be replaced.
    pub replace: Replaceable<'a>,
    /// What is deployed under the names of bindings without a namespace.
    pub deployed: &'a DeployedBindings,
    /// Whether the user says that nothing is deployed, where it may not be asked.
    pub not_deployed: bool,
    /// Whether it is a Pages project.
    pub pages: Pages,
    /// Whether the account is the local store's.
    pub local: bool,
}

/// The valid ids that may be replaced.
#[derive(Debug, Clone, Copy, Default)]
pub struct Replaceable<'a> {
    /// These.
    pub ids: &'a [NamespaceId],
    /// Every one that the account does not have.
    pub missing: bool,
}

/// Whether a project is one of Pages, whose previews are bound by a section of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pages {
    /// It is a Worker.
    No,
    /// It has no section for previews, which then share the namespaces of the top level.
    Shared,
    /// Production and previews have different sections.
    Separate,
}

impl Pages {
    /// Reads it from the file.
    pub fn of(project: &Project) -> Self {
        // With a section for production alone, the top level is what previews use.
        let mut sections = project.environments.iter().map(|scope| &scope.section);
        if !project.is_pages {
            Self::No
        } else if sections.any(|section| section.environment().is_some_and(EnvName::is_of_pages)) {
            Self::Separate
        } else {
            Self::Shared
        }
    }
}

/// A place for an id in the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// The section.
    pub section: Section,
    /// The binding.
    pub binding: Binding,
    /// `id` or `preview_id`.
    pub field: Field,
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of `{}` {}",
            self.field,
            self.binding,
            self.section.place()
        )
    }
}

/// What happens to one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Its id is right already, or the local store needs none.
    Keep {
        /// The id.
        id: NamespaceId,
        /// The namespace's title; unknown for an id that only the local store will use.
        title: Option<String>,
    },
    /// A namespace with the right title exists; its id is written.
    Adopt {
        /// The id.
        id: NamespaceId,
        /// The title.
        title: String,
        /// What is deployed with it, if that is why.
        deployed: Option<Deployable>,
    },
    /// A namespace is created, and its id is written.
    Create {
        /// The title to create.
        title: Title,
        /// Where its data must stay.
        jurisdiction: Option<Jurisdiction>,
    },
    /// The id of the same binding is written once more, as its `preview_id`.
    Share,
}

/// One slot and what happens to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The slot.
    pub slot: Slot,
    /// What happens.
    pub action: Action,
    /// The valid id that is replaced, with leave.
    pub replaces: Option<NamespaceId>,
    /// Whether the file has an entry for the binding.
    pub has_entry: bool,
}

impl Slot {
    /// Returns the command that provisions this slot alone, with a title if one is given.
    pub fn command(&self, title: Option<&str>) -> Suggestion {
        Suggestion::provision(self.wanted(title), &self.section)
    }

    fn wanted(&self, title: Option<&str>) -> String {
        match title {
            Some(title) => format!("{}={title}", self.binding),
            None => self.binding.to_string(),
        }
    }
}

/// Returns which slot of a file holds which id, in whatever section; an `id` of what is deployed before
/// others. `knows` tells which local ids the service knows.
pub fn bound(
    project: &Project,
    knows: impl Fn(&NamespaceId) -> bool,
) -> BTreeMap<NamespaceId, Slot> {
    let mut bound = BTreeMap::new();
    let of = |field: Field, previews: bool| {
        let scopes = project.scopes();
        let scopes = scopes.filter(move |scope| scope.section.is_previews() == previews);
        scopes.map(move |scope| (scope, field))
    };
    let deployed = of(Field::Id, false).chain(of(Field::PreviewId, false));
    let in_previews = of(Field::Id, true).chain(of(Field::PreviewId, true));
    for (scope, field) in deployed.chain(in_previews) {
        for entry in &scope.entries {
            if let Some(id) = entry.declared(field).valid_where(&knows) {
                let slot = Slot {
                    section: scope.section.clone(),
                    binding: entry.binding.clone(),
                    field,
                };
                bound.entry(id.clone()).or_insert(slot);
            }
        }
    }
    bound
}

/// Something that is allowed, but that the user should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// The binding has no `preview_id`.
    NoPreview(Slot),
    /// The `preview_id` is the production id.
    PreviewIsProduction(Slot),
    /// The `preview_id` is the production id of another binding.
    PreviewIsOthers {
        /// The slot.
        slot: Slot,
        /// Its id.
        id: NamespaceId,
        /// What has it.
        with: Slot,
    },
    /// The `preview_id` was to be a namespace of its own, and is a production id.
    NotSeparated {
        /// The slot.
        slot: Slot,
        /// Its id.
        id: NamespaceId,
    },
    /// The `preview_id` was to be the production id, and is a namespace of its own.
    NotShared {
        /// The slot.
        slot: Slot,
        /// Its id.
        id: NamespaceId,
    },
    /// The `preview_id`, which was not part of the request, is not in the account.
    UnknownPreview {
        /// The slot.
        slot: Slot,
        /// Its id.
        id: NamespaceId,
    },
    /// The project's manifest names another title than the namespace has.
    OtherTitle {
        /// The slot.
        slot: Slot,
        /// The title it has.
        has: String,
        /// The title the manifest names.
        wanted: Title,
    },
    /// What is deployed could not be asked for, so titles decided.
    NotAsked {
        /// What would have been asked.
        deployable: Deployable,
        /// The permission that is missing.
        permission: Permission,
    },
    /// The project's manifest names another jurisdiction than the namespace has.
    OtherJurisdiction {
        /// The slot.
        slot: Slot,
        /// The jurisdiction it has, if any.
        has: Option<String>,
        /// The jurisdiction the manifest names.
        wanted: Jurisdiction,
    },
    /// The account does not tell the jurisdiction of an adopted namespace, and the manifest names one.
    UnknownJurisdiction {
        /// The slot.
        slot: Slot,
        /// The jurisdiction the manifest names.
        wanted: Jurisdiction,
    },
    /// Preview deployments of a Pages project use the same namespaces as production.
    PagesShare(Slot),
    /// Previews of a Pages project do not bind it yet, and will bind production's namespace.
    PagesWillShare(Slot),
    /// The `preview_id`, which was not part of the request, is nearly an id.
    MistypedPreview {
        /// The slot.
        slot: Slot,
        /// What the file says.
        text: String,
    },
    /// What `wrangler preview` uses is a namespace of production.
    PreviewsUseProduction {
        /// The slot.
        slot: Slot,
        /// The id.
        id: NamespaceId,
        /// What else has it.
        with: String,
    },
    /// What is deployed binds a namespace that something else has as well.
    SharesDeployed {
        /// The slot that gets the deployed namespace.
        slot: Slot,
        /// What else has it.
        with: String,
    },
    /// A section that is added lacks what the top level has.
    NotInherited {
        /// The section.
        section: Section,
        /// Bindings and keys, as in a sentence.
        missing: Vec<String>,
    },
    /// An entry keeps its namespace of the local store, whatever title is given.
    LocalTitle {
        /// The slot.
        slot: Slot,
        /// The title that was given.
        title: Title,
    },
    /// An id that may be replaced is not in the file: it was replaced before.
    Replaced(NamespaceId),
    /// A namespace of the local store has the title that other tools would have given it.
    Bare {
        /// The slot that gets a new namespace.
        slot: Slot,
        /// That namespace.
        namespace: NamespaceInfo,
    },
}

/// The steps to take, in the order of the wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// What the user should know.
    pub remarks: Vec<Remark>,
    /// The jurisdictions of namespaces that exist, where the account tells.
    pub jurisdictions: BTreeMap<NamespaceId, String>,
}

impl Plan {
    /// Returns the titles to create, each once, with the jurisdictions of the namespaces.
    pub fn creates(&self) -> BTreeMap<&Title, Option<Jurisdiction>> {
        self.steps
            .iter()
            .filter_map(|step| match &step.action {
                Action::Create {
                    title,
                    jurisdiction,
                } => Some((title, *jurisdiction)),
                Action::Keep { .. } | Action::Adopt { .. } | Action::Share => None,
            })
            .collect()
    }

    /// Returns the ids that will be replaced.
    pub fn replaces(&self) -> impl Iterator<Item = &NamespaceId> {
        self.steps.iter().filter_map(|step| step.replaces.as_ref())
    }

    /// Returns the steps that change something.
    pub fn pending(&self) -> impl Iterator<Item = &Step> {
        self.steps
            .iter()
            .filter(|step| !matches!(step.action, Action::Keep { .. }))
    }

    /// Whether there is anything to do.
    pub fn is_pending(&self) -> bool {
        self.pending().next().is_some()
    }

    /// Whether a request was not met because of an existing valid id.
    pub fn is_unmet(&self) -> bool {
        let unmet =
            |r: &Remark| matches!(r, Remark::NotSeparated { .. } | Remark::NotShared { .. });
        self.remarks.iter().any(unmet)
    }
}
