//! What is deployed under the names of the wanted bindings that the file gives no namespace yet.
//!
//! A namespace that a deployed Worker binds comes before any other: an empty one in its place would
//! hide production's data at the next deploy.

use std::{collections::BTreeMap, fmt};

use super::{Replaceable, Slot};
use crate::{
    api::{self, Client},
    config::{Field, Project},
    domain::{AccountId, Binding, Classification, Classify, DeclaredId, NamespaceId, Section},
    ops::{
        provision::desired::DesiredBinding,
        target::{Bound, Deployable, Deployment, Deployments, Side, unanswered},
    },
    wire::NamespaceInfo,
};

/// What is known about a binding that the file gives no namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deployed {
    /// Nothing deployed binds it.
    Nothing,
    /// This binds it to this namespace.
    Binds(Deployable, NamespaceId),
    /// The production of this Pages project binds it to this namespace; its previews, for which the entry
    /// stands as well, do not.
    BindsInProduction(Deployable, NamespaceId),
    /// Previews of a Pages project bind it to another namespace than production, and one entry stands for
    /// both.
    Differs {
        /// The Pages project.
        deployable: Deployable,
        /// What production binds, if anything.
        production: Option<NamespaceId>,
        /// What previews bind.
        preview: NamespaceId,
        /// The bindings to name where previews get a section of their own; none if it gets all that
        /// the file has.
        wanted: Vec<Binding>,
    },
    /// This may not be asked, and what the service said.
    Denied(Deployable, String),
    /// Another section of the same Worker names another namespace in the file.
    Disagrees {
        /// The Worker.
        deployable: Deployable,
        /// What it binds.
        id: NamespaceId,
        /// The slot of the other section.
        with: Slot,
        /// The id in that slot.
        other: NamespaceId,
    },
}

/// Why what is deployed could not be found out.
#[derive(Debug, thiserror::Error)]
#[error("could not ask what the {deployable} binds, and so nothing was created")]
pub struct Error {
    /// What was asked.
    deployable: Deployable,
    /// Why not.
    source: api::Error,
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        unanswered(&self.source)
    }
}

/// What the look-up needs to know.
#[derive(Debug, Clone, Copy)]
pub struct LookUp<'a> {
    /// The file.
    pub project: &'a Project,
    /// What is wanted.
    pub desired: &'a [DesiredBinding],
    /// Every namespace of the account.
    pub existing: &'a [NamespaceInfo],
    /// The ids that may be replaced.
    pub replace: Replaceable<'a>,
}

/// What is known of everything that was asked for.
#[derive(Debug, Default)]
pub struct DeployedBindings {
    /// What answers each wanted binding.
    pub answers: BTreeMap<(Section, Binding), Deployed>,
    /// What binds each namespace, whether it is wanted or not.
    pub holders: BTreeMap<NamespaceId, Vec<Holder>>,
}

/// A deployed binding that has a namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// What is deployed.
    pub deployable: Deployable,
    /// The side that binds it.
    pub side: Side,
    /// The name of the binding.
    pub binding: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            deployable,
            side,
            binding,
        } = self;
        match side {
            Side::Worker => write!(f, "`{binding}` of the deployed {deployable}"),
            Side::Production => write!(f, "`{binding}` in production of the {deployable}"),
            Side::Preview => write!(f, "`{binding}` in previews of the {deployable}"),
        }
    }
}

impl DeployedBindings {
    fn hold(&mut self, deployable: &Deployable, deployment: &Deployment) {
        for (side, bindings) in deployment.all_sides() {
            for (binding, id) in bindings {
                let holder = Holder {
                    deployable: deployable.clone(),
                    side,
                    binding: binding.clone(),
                };
                let holders = self.holders.entry(id.clone()).or_default();
                if !holders.contains(&holder) {
                    holders.push(holder);
                }
            }
        }
    }
}

impl LookUp<'_> {
    /// Asks once for each Worker that has a binding in need of a namespace, or for the Pages project.
    pub async fn ask(
        self,
        client: &Client,
        account: &AccountId,
    ) -> Result<DeployedBindings, Error> {
        let deployments = Deployments::new(client, account);
        let mut answers = DeployedBindings::default();
        for desired in self.desired.iter().filter(|desired| self.is_open(desired)) {
            let Some(deployable) = Deployable::of(self.project, &desired.section) else {
                continue;
            };
            let deployment = match deployments.look_up(&deployable).await {
                Ok(deployment) => deployment,
                Err(source) => return Err(Error { deployable, source }),
            };
            answers.hold(&deployable, &deployment);
            let answer = self.answer(desired, deployable, &deployment);
            let key = (desired.section.clone(), desired.binding.clone());
            answers.answers.insert(key, answer);
        }
        Ok(answers)
    }

    /// Whether the file names no namespace that will stay.
    fn is_open(self, desired: &DesiredBinding) -> bool {
        let known = |id: &NamespaceId| self.existing.iter().any(|n| n.id == *id);
        match desired.declared(Field::Id) {
            DeclaredId::Valid(id) => {
                !known(&id)
                    && (id.is_local() || self.replace.missing || self.replace.ids.contains(&id))
            }
            DeclaredId::Absent | DeclaredId::Placeholder(_) => true,
        }
    }

    fn answer(
        self,
        desired: &DesiredBinding,
        deployable: Deployable,
        deployment: &Deployment,
    ) -> Deployed {
        if let Deployment::Denied(error) = deployment {
            return Deployed::Denied(deployable, error.to_string());
        }
        match deployment.bound(self.project, &desired.section, &desired.binding) {
            Bound::Nothing => Deployed::Nothing,
            Bound::InProduction(id) => Deployed::BindsInProduction(deployable, id),
            Bound::Differs {
                production,
                preview,
            } => Deployed::Differs {
                deployable,
                production,
                preview,
                wanted: self.named_for_previews(desired),
            },
            Bound::To(id) => match self.other_section(desired, &id) {
                Some((with, other)) => Deployed::Disagrees {
                    deployable,
                    id,
                    with,
                    other,
                },
                None => Deployed::Binds(deployable, id),
            },
        }
    }

    /// Returns the bindings that a new section for previews needs to be told: those of the file are what
    /// it gets by itself.
    fn named_for_previews(self, desired: &DesiredBinding) -> Vec<Binding> {
        if desired.entry.is_some() {
            return Vec::new();
        }
        let entries = self.project.top.entries.iter();
        let all = entries.map(|entry| entry.binding.clone());
        all.chain([desired.binding.clone()]).collect()
    }

    /// Finds another section of the same Worker that names another namespace than `id`.
    fn other_section(
        self,
        desired: &DesiredBinding,
        id: &NamespaceId,
    ) -> Option<(Slot, NamespaceId)> {
        let others = Deployable::others(self.project, &desired.section);
        others.into_iter().find_map(|scope| {
            let entry = scope
                .entries
                .iter()
                .find(|e| e.binding == desired.binding)?;
            let declared = entry.declared(Field::Id);
            let known = |id: &NamespaceId| self.existing.iter().any(|n| n.id == *id);
            let other = declared.valid_where(known).filter(|other| *other != id)?;
            let slot = Slot {
                section: scope.section.clone(),
                binding: desired.binding.clone(),
                field: Field::Id,
            };
            Some((slot, other.clone()))
        })
    }
}
