//! Decides the action for each slot.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Action, Error, Pages, Plan, PlanInput, Preview, Refusal, Remark, Slot, Step,
    deployed::Deployed,
    deployed_refusal::{DeployedRefusal, Obstacle},
};
use crate::{
    config::{Entry, Field, Position},
    domain::{DeclaredId, NamespaceId, Title, is_mistyped_id},
    ops::{
        provision::{
            desired::{DesiredBinding, DesiredTitle},
            titles,
        },
        target::{Deployable, local_name},
    },
    wire::NamespaceInfo,
};

/// Decides what must happen.
pub fn plan(input: PlanInput<'_>) -> Result<Plan, Error> {
    let mut planner = Planner {
        input,
        plan: Plan::default(),
        refusals: Vec::new(),
        replaced: BTreeSet::new(),
        claimed: BTreeMap::new(),
    };
    for desired in input.desired {
        match &desired.entry {
            Some(entry) if input.local => planner.local_entry(desired, entry)?,
            _ => planner.binding(desired)?,
        }
    }
    if !planner.refusals.is_empty() {
        return Err(Error::Refused(planner.refusals));
    }
    for id in input
        .replace
        .ids
        .iter()
        .filter(|id| !planner.replaced.contains(id))
    {
        if input.bound.contains_key(id) {
            return Err(Error::NothingToReplace(id.clone()));
        }
        planner.plan.remarks.push(Remark::Replaced(id.clone()));
    }
    Ok(planner.plan)
}

struct Planner<'a> {
    input: PlanInput<'a>,
    plan: Plan,
    refusals: Vec<Refusal>,
    replaced: BTreeSet<NamespaceId>,
    /// Titles that a slot of this plan will hold.
    claimed: BTreeMap<String, Slot>,
}

/// The value of a slot in the file, classified.
enum Declared<'a> {
    /// Nothing that counts.
    Open,
    /// A valid id that may be replaced if need be.
    Live(&'a NamespaceId, Option<&'a NamespaceInfo>),
}

impl<'a> Planner<'a> {
    /// Keeps an entry as it is: the local store goes by its text, and another one would hide the
    /// data that is there.
    fn local_entry(&mut self, desired: &DesiredBinding, entry: &Entry) -> Result<(), Error> {
        let named = local_name(entry).map_err(|error| Error::LocalId {
            slot: Self::slot(desired, error.field),
            position: error.position,
            source: error.source,
        });
        let (id, field) = named?;
        let field = if field == Field::PreviewId {
            field
        } else {
            Field::Id
        };
        let title = self.existing(&id).map(|n| n.title.clone());
        let action = Action::Keep { id, title };
        self.plan
            .steps
            .push(Self::step(desired, field, action, None));
        Ok(())
    }

    fn binding(&mut self, desired: &'a DesiredBinding) -> Result<(), Error> {
        let id = self.id_step(desired)?;
        let known = match &id {
            Some(Step {
                action: Action::Keep { id, .. } | Action::Adopt { id, .. },
                ..
            }) => Some(id.clone()),
            Some(_) | None => None,
        };
        self.plan.steps.extend(id);
        self.preview(desired, known.as_ref())
    }

    fn slot(desired: &DesiredBinding, field: Field) -> Slot {
        Slot {
            section: desired.section.clone(),
            binding: desired.binding.clone(),
            field,
        }
    }

    fn step(
        desired: &DesiredBinding,
        field: Field,
        action: Action,
        replaces: Option<NamespaceId>,
    ) -> Step {
        Step {
            slot: Self::slot(desired, field),
            action,
            replaces,
            has_entry: desired.entry.is_some(),
        }
    }

    fn existing(&self, id: &NamespaceId) -> Option<&'a NamespaceInfo> {
        self.input.existing.iter().find(|n| n.id == *id)
    }

    fn declared<'d>(&self, declared: &'d DeclaredId) -> Declared<'d>
    where
        'a: 'd,
    {
        match declared.valid_where(|id| self.existing(id).is_some()) {
            None => Declared::Open,
            Some(id) => Declared::Live(id, self.existing(id)),
        }
    }

    fn may_replace(&mut self, id: &NamespaceId) -> bool {
        let missing = self.input.replace.missing && self.existing(id).is_none();
        let allowed = missing || self.input.replace.ids.contains(id);
        if allowed {
            self.replaced.insert(id.clone());
        }
        allowed
    }

    /// Decides about the `id` of a want; `None` if it is refused.
    fn id_step(&mut self, desired: &'a DesiredBinding) -> Result<Option<Step>, Error> {
        let field = Field::Id;
        let declared = desired.declared(field);
        let Declared::Live(id, found) = self.declared(&declared) else {
            let text = desired.entry.as_ref().and_then(|entry| entry.id.as_ref());
            if let Some(text) = text.filter(|text| is_mistyped_id(&text.value)) {
                self.refusals.push(Refusal::Mistyped {
                    slot: Self::slot(desired, field),
                    text: text.value.clone(),
                    position: text.position,
                });
                return Ok(None);
            }
            return self.open_id(desired, None);
        };
        let id = id.clone();
        let title = found.map(|n| n.title.clone());
        let refusal = match (&title, &desired.title) {
            (Some(has), DesiredTitle::Given(wanted)) if has != wanted.as_str() => {
                Refusal::OtherTitle {
                    slot: Self::slot(desired, field),
                    id: id.clone(),
                    has: has.clone(),
                    wanted: wanted.clone(),
                }
            }
            (None, _) => Refusal::Unknown {
                slot: Self::slot(desired, field),
                id: id.clone(),
                position: desired.position(field),
            },
            (Some(_), _) => {
                self.remark_on_differences(desired, found);
                let action = Action::Keep { id, title };
                return Ok(Some(Self::step(desired, field, action, None)));
            }
        };
        if self.may_replace(&id) {
            return self.open_id(desired, Some(id));
        }
        self.refusals.push(refusal);
        Ok(None)
    }

    /// Remarks on an adopted namespace whose jurisdiction the account does not tell.
    fn remark_on_jurisdiction(&mut self, desired: &DesiredBinding, found: Option<&NamespaceInfo>) {
        let untold = found.is_some_and(|found| found.jurisdiction.is_none());
        if let Some(wanted) = desired.jurisdiction.filter(|_| untold) {
            let slot = Self::slot(desired, Field::Id);
            self.plan
                .remarks
                .push(Remark::UnknownJurisdiction { slot, wanted });
        }
    }

    /// Remarks on what `kvctl.toml` says and a namespace that stays does not have.
    fn remark_on_differences(&mut self, desired: &DesiredBinding, found: Option<&NamespaceInfo>) {
        let Some(found) = found else { return };
        let slot = Self::slot(desired, Field::Id);
        if let DesiredTitle::Declared(wanted) = &desired.title
            && found.title != wanted.as_str()
        {
            let (has, wanted, slot) = (found.title.clone(), wanted.clone(), slot.clone());
            self.plan
                .remarks
                .push(Remark::OtherTitle { slot, has, wanted });
        }
        if let (Some(wanted), Some(has)) = (desired.jurisdiction, &found.jurisdiction)
            && *has != wanted.to_string()
        {
            let has = has.clone();
            self.plan
                .remarks
                .push(Remark::OtherJurisdiction { slot, has, wanted });
        }
    }

    /// Decides about an `id` that the file does not give: what is deployed comes first, then a
    /// namespace with the title, then a new one.
    fn open_id(
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

    /// Returns the title that a new namespace gets.
    fn title<'d>(&self, desired: &'d DesiredBinding) -> Result<&'d Title, Error> {
        match desired.title.title() {
            Ok(title) => Ok(title),
            // In the local store two projects do not meet.
            Err(nameless) if self.input.local => Ok(&nameless.fallback),
            Err(nameless) => Err(nameless.clone().into()),
        }
    }

    fn remark_once(&mut self, remark: Remark) {
        if !self.plan.remarks.contains(&remark) {
            self.plan.remarks.push(remark);
        }
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
    fn find_or_create(
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

    /// Remarks on what `wrangler dev --remote` would reach. What is local reaches nothing.
    fn remark(&mut self, remark: Remark) {
        if !self.input.local {
            self.plan.remarks.push(remark);
        }
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

    /// Decides about `preview_id`; `id` is what the binding's `id` will be, if that is known.
    fn preview(
        &mut self,
        desired: &'a DesiredBinding,
        id: Option<&NamespaceId>,
    ) -> Result<(), Error> {
        // `wrangler preview` ignores a `preview_id`.
        if desired.section.is_previews() {
            return Ok(());
        }
        let field = Field::PreviewId;
        let declared = desired.declared(field);
        let slot = Self::slot(desired, field);
        if self.input.pages != Pages::No {
            return self.pages_preview(desired, slot);
        }
        let live = match self.declared(&declared) {
            Declared::Open => None,
            Declared::Live(preview, found) => Some((preview.clone(), found)),
        };
        let Some((preview, found)) = live else {
            return self.open_preview(desired, slot, self.input.preview, None);
        };
        let production = Some(&preview) == id;
        let unknown = found.is_none() && !self.input.local;
        let asked = self.input.preview;
        if unknown && asked == Preview::Untouched && self.may_replace(&preview) {
            // What was the production id becomes that again.
            let mode = if desired.declared(Field::Id) == declared {
                Preview::Same
            } else {
                Preview::Separate
            };
            return self.open_preview(desired, slot, mode, Some(preview));
        }
        // A conflicting id is replaced only if it is named.
        let in_the_way = match asked {
            Preview::Untouched => false,
            Preview::Same => !production,
            Preview::Separate => production || unknown,
        };
        if in_the_way && self.may_replace(&preview) {
            return self.open_preview(desired, slot, asked, Some(preview));
        }
        let id = preview.clone();
        match asked {
            Preview::Untouched if unknown => self.remark(Remark::UnknownPreview { slot, id }),
            Preview::Untouched if production => self.remark(Remark::PreviewIsProduction(slot)),
            Preview::Same | Preview::Separate if unknown => {
                let position = desired.position(field);
                self.refusals.push(Refusal::Unknown { slot, id, position });
                return Ok(());
            }
            Preview::Same if !production => self.remark(Remark::NotShared { slot, id }),
            Preview::Same => self.remark(Remark::PreviewIsProduction(slot)),
            Preview::Separate if production => self.remark(Remark::NotSeparated { slot, id }),
            Preview::Untouched | Preview::Separate => {}
        }
        if asked != Preview::Untouched {
            let title = found.map(|n| n.title.clone());
            let action = Action::Keep { id: preview, title };
            self.plan
                .steps
                .push(Self::step(desired, field, action, None));
        }
        Ok(())
    }

    /// Decides about the previews of a Pages project, which `preview_id` does not reach.
    fn pages_preview(&mut self, desired: &DesiredBinding, slot: Slot) -> Result<(), Error> {
        if self.input.preview == Preview::Separate {
            return Err(Error::PagesPreview(desired.binding.clone()));
        }
        if desired.section.is_top() && self.input.pages == Pages::Shared {
            self.remark(Remark::PagesShare(slot));
        }
        Ok(())
    }

    fn open_preview(
        &mut self,
        desired: &DesiredBinding,
        slot: Slot,
        mode: Preview,
        replaces: Option<NamespaceId>,
    ) -> Result<(), Error> {
        let field = Field::PreviewId;
        match mode {
            Preview::Untouched => self.remark(Remark::NoPreview(slot)),
            Preview::Same => {
                self.remark(Remark::PreviewIsProduction(slot));
                self.plan
                    .steps
                    .push(Self::step(desired, field, Action::Share, replaces));
            }
            Preview::Separate => {
                let title = titles::preview(self.title(desired)?)?;
                let step = self.find_or_create(desired, field, &title, replaces);
                self.plan.steps.extend(step);
            }
        }
        Ok(())
    }
}

impl DesiredBinding {
    /// Returns the value of a field in the file.
    pub fn declared(&self, field: Field) -> DeclaredId {
        self.entry
            .as_ref()
            .map_or(DeclaredId::Absent, |entry| entry.declared(field))
    }

    fn position(&self, field: Field) -> Option<Position> {
        let located = self.entry.as_ref()?.field(field)?;
        Some(located.position)
    }
}
