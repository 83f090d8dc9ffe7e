//! Decides about ids that the file does not give.

use super::{
    Action, Error, Holder, NearTitles, Pages, Refusal, Remark, Slot, Step,
    deployed::Deployed,
    deployed_refusal::{DeployedRefusal, Obstacle},
    planner::Planner,
};
use crate::{
    config::Field,
    domain::{NamespaceId, Title},
    ops::{
        provision::desired::{DesiredBinding, DesiredTitle},
        target::{Deployable, Side},
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
        if let Some(answer) = self.input.deployed.answers.get(&key)
            && self.is_production_for_previews(desired, answer)
        {
            let title = self.title(desired)?;
            return Ok(self.find_or_create(desired, field, title, replaces));
        }
        match self.input.deployed.answers.get(&key) {
            None | Some(Deployed::Nothing) => {}
            Some(Deployed::Binds(deployable, id)) => {
                return Ok(self.adopt_deployed(desired, deployable, id, replaces));
            }
            Some(Deployed::BindsInProduction(deployable, id)) => {
                let slot = Self::slot(desired, field);
                self.plan.remarks.push(Remark::PagesWillShare(slot));
                return Ok(self.adopt_deployed(desired, deployable, id, replaces));
            }
            Some(answer) => {
                if let Some((deployable, why)) = self.obstacle(desired, answer) {
                    self.refusals.push(Refusal::Deployed(DeployedRefusal {
                        slot: Self::slot(desired, field),
                        deployable: deployable.clone(),
                        why,
                    }));
                    return Ok(None);
                }
            }
        }
        if let Some(found) = self.of_same_worker(desired) {
            self.remark_on_differences(desired, Some(found));
            self.remark_on_jurisdiction(desired, Some(found));
            let (id, title) = (found.id.clone(), found.title.clone());
            let slot = Self::slot(desired, field);
            self.claimed.insert(title.clone(), slot);
            let action = Action::Adopt {
                id,
                title,
                deployed: None,
            };
            return Ok(Some(Self::step(desired, field, action, replaces)));
        }
        let title = self.title(desired)?;
        Ok(self.find_or_create(desired, field, title, replaces))
    }

    /// Returns what stands against a namespace that may be deployed, or must not be adopted.
    fn obstacle<'d>(
        &mut self,
        desired: &DesiredBinding,
        answer: &'d Deployed,
    ) -> Option<(&'d Deployable, Obstacle)> {
        match answer {
            Deployed::Nothing | Deployed::Binds(..) | Deployed::BindsInProduction(..) => None,
            Deployed::Differs {
                deployable,
                production,
                preview,
                wanted,
            } => Some((
                deployable,
                Obstacle::Differs {
                    production: production.clone(),
                    preview: preview.clone(),
                    wanted: wanted.clone(),
                },
            )),
            Deployed::Disagrees {
                deployable,
                id,
                with,
                other,
            } => {
                let (id, with, other) = (id.clone(), with.clone(), other.clone());
                Some((deployable, Obstacle::Disagrees { id, with, other }))
            }
            Deployed::Denied(deployable, said) => {
                let why = self.not_asked(desired, deployable, said)?;
                Some((deployable, why))
            }
        }
    }

    /// Whether the section is for the previews of a Pages project, and they have used production's
    /// namespace so far: the section is there to end that.
    fn is_production_for_previews(&self, desired: &DesiredBinding, answer: &Deployed) -> bool {
        let Deployed::Binds(_, id) = answer else {
            return false;
        };
        let holders = self.input.deployed.holders.get(id);
        let in_production = |it: &Holder| it.side == Side::Production;
        is_side(self.input.pages, desired, "preview")
            && holders.is_some_and(|all| all.iter().any(in_production))
    }

    /// Returns the namespace that another section of the same Worker has for the binding: whichever is
    /// deployed last decides what the Worker uses.
    fn of_same_worker(&self, desired: &DesiredBinding) -> Option<&'a NamespaceInfo> {
        if matches!(desired.title, DesiredTitle::Given(_)) {
            return None;
        }
        let ids = desired.of_worker.iter();
        let mut ids = ids.filter(|id| !self.input.replace.ids.contains(id));
        ids.find_map(|id| self.existing(id))
    }

    /// Whether the section is for the production of a Pages project, and the binding is new there: without
    /// it, production uses what the top level has.
    fn is_of_top_level_so_far(&self, desired: &DesiredBinding) -> bool {
        let mut bound = self.input.bound.values();
        is_side(self.input.pages, desired, "production")
            && desired.entry.is_none()
            && bound.any(|slot| {
                slot.section.is_top() && slot.field == Field::Id && slot.binding == desired.binding
            })
    }

    /// Decides what it means that what is deployed could not be asked for: a binding that may be deployed
    /// is refused, others go by title.
    fn not_asked(
        &mut self,
        desired: &DesiredBinding,
        deployable: &Deployable,
        said: &str,
    ) -> Option<Obstacle> {
        let entry = desired.entry.as_ref();
        let may_be_deployed = match entry {
            Some(entry) => !entry.has_id_key(),
            None => self.is_of_top_level_so_far(desired),
        };
        if may_be_deployed && !self.input.not_deployed {
            let (position, said) = (entry.map(|it| it.position), said.to_owned());
            return Some(Obstacle::NotAsked { position, said });
        }
        self.remark_once(Remark::NotAsked {
            permission: deployable.permission(),
            deployable: deployable.clone(),
        });
        None
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
                if let Some(with) = self.also_has(&slot, deployable, &id, &title) {
                    let slot = slot.clone();
                    self.plan
                        .remarks
                        .push(Remark::SharesDeployed { slot, with });
                }
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

    /// Finds another binding of the file, or one that is deployed, that has the namespace which is
    /// deployed for `slot`.
    fn also_has(
        &self,
        slot: &Slot,
        deployable: &Deployable,
        id: &NamespaceId,
        title: &str,
    ) -> Option<String> {
        let in_file = [self.input.bound.get(id), self.claimed.get(title)];
        let mut in_file = in_file.into_iter().flatten();
        let other = in_file.find(|other| other.binding != slot.binding);
        let other = other.map(|other| format!("the {other}"));
        other.or_else(|| self.holder(id, Some((deployable, &slot.binding))))
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
        let found = match self.titled(&slot, title) {
            Ok(found) => found,
            Err(refusal) => {
                self.refusals.push(*refusal);
                return None;
            }
        };
        if let (Some(wanted), Some(found)) = (desired.jurisdiction, found)
            && let Some(has) = self.jurisdiction(found).other_than(wanted)
        {
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
        if matches!(action, Action::Create { .. })
            && let Some(refusal) = self.near_titles(desired, &slot, replaces.as_ref())
        {
            self.refusals.push(refusal);
            return None;
        }
        self.claimed.insert(title, slot);
        Some(Self::step(desired, field, action, replaces))
    }

    /// Finds the namespace that has a title.
    fn titled(
        &self,
        slot: &Slot,
        title: &Title,
    ) -> Result<Option<&'a NamespaceInfo>, Box<Refusal>> {
        let existing = self.input.existing.iter();
        let same: Vec<_> = existing.filter(|n| n.title == title.as_str()).collect();
        let (slot, title) = (slot.clone(), title.to_string());
        match same[..] {
            [] => Ok(None),
            [one] if self.input.local || one.id.is_of_service() => Ok(Some(one)),
            [one] => Err(Box::new(Refusal::InvalidId {
                slot,
                title,
                id: one.id.clone(),
            })),
            _ => Err(Box::new(Refusal::SeveralTitled {
                slot,
                title,
                ids: same.iter().map(|n| n.id.clone()).collect(),
            })),
        }
    }

    /// Finds what has the same namespace or will have it, in the file or deployed, where that must be a
    /// mistake.
    ///
    /// Sharing is intended if the title was given, if `kvctl.toml` gives both bindings that title, or if
    /// sections of the file are about one Worker: then a binding has the same title in each.
    fn shares(
        &self,
        slot: &Slot,
        desired: &DesiredBinding,
        title: &str,
        found: Option<&NamespaceInfo>,
    ) -> Option<String> {
        if matches!(desired.title, DesiredTitle::Given(_)) && slot.field == Field::Id {
            return None;
        }
        let is_declared = matches!(desired.title, DesiredTitle::Declared(_));
        let is_other = |other: &&Slot| {
            let same = (&other.binding, other.field, other.section.is_previews())
                == (&slot.binding, slot.field, slot.section.is_previews());
            let intended = is_declared && self.declares_alike(slot, other, title);
            !(same || intended)
        };
        let in_file = found.and_then(|n| self.input.bound.get(&n.id));
        let mut slots = self.claimed.get(title).into_iter().chain(in_file);
        let other = slots.find(is_other).map(|other| format!("the {other}"));
        if is_declared {
            return other;
        }
        // What binds the namespace under this very name would have been adopted before.
        other.or_else(|| self.holder(&found?.id, None))
    }

    /// Whether `kvctl.toml` gives another binding of the section the same title, in its words.
    fn declares_alike(&self, slot: &Slot, other: &Slot, title: &str) -> bool {
        let is_same = |it: &DesiredBinding| {
            let declared = matches!(&it.title, DesiredTitle::Declared(t) if t.as_str() == title);
            declared && it.section == other.section && it.binding == other.binding
        };
        slot.section == other.section
            && (slot.field, other.field) == (Field::Id, Field::Id)
            && self.input.desired.iter().any(is_same)
    }

    /// Refuses to create a namespace beside those that may be meant, though they have other titles: an
    /// empty one would hide their data. In the local store, where an entry goes by its text, this is a
    /// remark.
    fn near_titles(
        &mut self,
        desired: &DesiredBinding,
        slot: &Slot,
        replaces: Option<&NamespaceId>,
    ) -> Option<Refusal> {
        let (DesiredTitle::Conventional(titles), Field::Id) = (&desired.title, slot.field) else {
            return None;
        };
        let existing = self.input.existing.iter();
        let near = existing.filter(|n| titles.is_near(&n.title));
        if self.input.local {
            // The local store lists what the file names by its text, which is no title.
            let mut near = near.filter(|n| n.id.as_str() != n.title);
            self.plan.remarks.extend(near.next().map(|n| Remark::Bare {
                slot: slot.clone(),
                namespace: n.clone(),
            }));
            return None;
        }
        // What something else has, or will have, is not meant.
        let is_titled = |it: &DesiredBinding, title: &str| {
            let wanted = it.title.title().ok();
            wanted.is_some_and(|wanted| wanted.as_str() == title)
        };
        let is_free = |n: &&NamespaceInfo| {
            n.id.is_of_service()
                && !self.input.bound.contains_key(&n.id)
                && !self.claimed.contains_key(&n.title)
                && !self.input.desired.iter().any(|it| is_titled(it, &n.title))
                && self.holder(&n.id, None).is_none()
        };
        let found: Vec<NamespaceInfo> = near.filter(is_free).cloned().collect();
        let here = self.input.desired.iter();
        let absent = here.filter(|it| it.section == slot.section && it.entry.is_none());
        (!found.is_empty()).then(|| {
            Refusal::Near(NearTitles {
                slot: slot.clone(),
                found,
                wanted: titles.wanted.clone(),
                replaces: replaces.cloned(),
                absent: absent.map(DesiredBinding::named).collect(),
            })
        })
    }
}

/// Whether the section is for this side of a Pages project.
fn is_side(pages: Pages, desired: &DesiredBinding, side: &str) -> bool {
    let environment = desired.section.environment();
    pages != Pages::No && environment.is_some_and(|name| name.as_str() == side)
}
