//! Decides about ids that the file does not give.

use super::{
    Action, Error, Refusal, Remark, Slot, Step,
    deployed::Deployed,
    deployed_refusal::{DeployedRefusal, Obstacle},
    planner::Planner,
};
use crate::{
    config::Field,
    domain::{NamespaceId, Title},
    ops::{
        provision::desired::{DesiredBinding, DesiredTitle},
        target::Deployable,
    },
    wire::NamespaceInfo,
};

impl<'a> Planner<'a> {
    /// Decides about an `id` that the file does not give: what is deployed comes first, then a
    /// namespace with the title, then a new one.
    pub(super) fn open_id(
        &mut self,
        desired: &'a DesiredBinding,
        replaces: Option<NamespaceId>,
    ) -> Result<Option<Step>, Error> {
        let field = Field::Id;
        let key = (desired.section.clone(), desired.binding.clone());
        let refuse = |deployable: &Deployable, why| {
            Refusal::Deployed(DeployedRefusal {
                slot: Self::slot(desired, field),
                deployable: deployable.clone(),
                why,
            })
        };
        let why = match self.input.deployed.get(&key) {
            None | Some(Deployed::Nothing) => None,
            Some(Deployed::Binds(deployable, id)) => {
                return Ok(self.adopt_deployed(desired, deployable, id, replaces));
            }
            Some(Deployed::BindsTwo(deployable, ids)) => {
                Some(refuse(deployable, Obstacle::Two(ids.clone())))
            }
            Some(Deployed::Disagrees {
                deployable,
                id,
                with,
                other,
            }) => {
                let (id, with, other) = (id.clone(), with.clone(), other.clone());
                Some(refuse(deployable, Obstacle::Disagrees { id, with, other }))
            }
            Some(Deployed::Denied(deployable, said)) => match &desired.entry {
                Some(entry) if !entry.has_id_key() && !self.input.not_deployed => {
                    let (position, said) = (entry.position, said.clone());
                    Some(refuse(deployable, Obstacle::NotAsked { position, said }))
                }
                _ => {
                    self.remark_once(Remark::NotAsked {
                        permission: deployable.permission(),
                        deployable: deployable.clone(),
                    });
                    None
                }
            },
        };
        if let Some(refusal) = why {
            self.refusals.push(refusal);
            return Ok(None);
        }
        let title = self.title(desired)?;
        Ok(self.find_or_create(desired, field, title, replaces))
    }

    /// Takes the namespace that is deployed.
    fn adopt_deployed(
        &mut self,
        desired: &DesiredBinding,
        deployable: &Deployable,
        id: &NamespaceId,
        replaces: Option<NamespaceId>,
    ) -> Option<Step> {
        let slot = Self::slot(desired, Field::Id);
        let (id, deployed) = (id.clone(), Some(deployable.clone()));
        let why = match (self.existing(&id), &desired.title) {
            (None, _) => Obstacle::Gone(id.clone()),
            (Some(found), DesiredTitle::Given(wanted)) if found.title != wanted.as_str() => {
                Obstacle::OtherTitle {
                    id: id.clone(),
                    has: found.title.clone(),
                    wanted: wanted.clone(),
                }
            }
            (Some(found), _) => {
                self.remark_on_differences(desired, Some(found));
                self.remark_on_jurisdiction(desired, Some(found));
                let title = found.title.clone();
                self.claimed.insert(title.clone(), slot);
                let action = Action::Adopt {
                    id,
                    title,
                    deployed,
                };
                return Some(Self::step(desired, Field::Id, action, replaces));
            }
        };
        self.refusals.push(Refusal::Deployed(DeployedRefusal {
            slot,
            deployable: deployable.clone(),
            why,
        }));
        None
    }

    /// Decides about an open slot: adopts the namespace that has the title, or creates one.
    pub(super) fn find_or_create(
        &mut self,
        desired: &DesiredBinding,
        field: Field,
        title: &Title,
        replaces: Option<NamespaceId>,
    ) -> Option<Step> {
        let slot = Self::slot(desired, field);
        let with_title = |title: &Title| {
            self.input
                .existing
                .iter()
                .find(|n| n.title == title.as_str())
        };
        let found = with_title(title);
        if let (Some(wanted), Some(found)) = (desired.jurisdiction, found)
            && let Some(has) = &found.jurisdiction
            && *has != wanted.to_string()
        {
            let has = has.clone();
            let title = found.title.clone();
            self.refusals.push(Refusal::Jurisdiction {
                slot,
                title,
                has,
                wanted,
            });
            return None;
        }
        self.remark_on_jurisdiction(desired, found);
        let action = match found {
            Some(n) => Action::Adopt {
                id: n.id.clone(),
                title: n.title.clone(),
                deployed: None,
            },
            None => Action::Create {
                title: title.clone(),
                jurisdiction: desired.jurisdiction,
            },
        };
        let title = found.map_or_else(|| title.to_string(), |n| n.title.clone());
        if let Some(with) = self.shares(&slot, desired, &title, found) {
            self.refusals.push(Refusal::Shared { slot, with, title });
            return None;
        }
        self.remark_on_bare_titles(desired, &slot, &action);
        self.claimed.insert(title, slot);
        Some(Self::step(desired, field, action, replaces))
    }

    /// Finds the slot that holds or will hold the same namespace, where that must be a mistake.
    ///
    /// Sharing is intended if the title was given, or if sections of the file are about one Worker:
    /// then a binding has the same title in each.
    fn shares(
        &self,
        slot: &Slot,
        desired: &DesiredBinding,
        title: &str,
        found: Option<&NamespaceInfo>,
    ) -> Option<Slot> {
        if matches!(
            desired.title,
            DesiredTitle::Given(_) | DesiredTitle::Declared(_)
        ) {
            return None;
        }
        let bound = || found.and_then(|n| self.input.bound.get(&n.id));
        let other = self.claimed.get(title).or_else(bound)?;
        let same = other.binding == slot.binding && other.field == slot.field;
        (!same).then(|| other.clone())
    }

    fn remark_on_bare_titles(&mut self, desired: &DesiredBinding, slot: &Slot, action: &Action) {
        let (DesiredTitle::Conventional(titles), Action::Create { .. }, Field::Id) =
            (&desired.title, action, slot.field)
        else {
            return;
        };
        let others = titles.deploy_form.iter().chain(&titles.bare);
        let bare = others.into_iter().find_map(|title| {
            let same = |n: &&NamespaceInfo| n.title == title.as_str();
            self.input.existing.iter().find(same)
        });
        self.plan.remarks.extend(bare.map(|namespace| Remark::Bare {
            slot: slot.clone(),
            namespace: namespace.clone(),
        }));
    }
}
