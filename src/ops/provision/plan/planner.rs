//! Decides the action for each slot.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Error, Plan, PlanInput, Preview, Refusal, Remark, Slot, Step};
use crate::{
    config::{Field, Position},
    domain::{DeclaredId, NamespaceId, Title},
    ops::provision::{
        desired::{DesiredBinding, DesiredTitle},
        titles,
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
        planner.binding(desired)?;
    }
    if !planner.refusals.is_empty() {
        return Err(Error::Refused(planner.refusals));
    }
    for id in input
        .replace
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
    fn binding(&mut self, desired: &'a DesiredBinding) -> Result<(), Error> {
        let id = self.id_step(desired);
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

    fn declared(&self, declared: &'a DeclaredId) -> Declared<'a> {
        let find = |id: &NamespaceId| self.input.existing.iter().find(|n| n.id == *id);
        match declared.valid_where(|id| self.input.local || find(id).is_some()) {
            None => Declared::Open,
            Some(id) => Declared::Live(id, find(id)),
        }
    }

    fn may_replace(&mut self, id: &NamespaceId) -> bool {
        let allowed = self.input.replace.contains(id);
        if allowed {
            self.replaced.insert(id.clone());
        }
        allowed
    }

    /// Decides about the `id` of a want; `None` if it is refused.
    fn id_step(&mut self, desired: &'a DesiredBinding) -> Option<Step> {
        let field = Field::Id;
        let declared = desired.declared(field);
        let Declared::Live(id, found) = self.declared(&declared) else {
            return self.find_or_create(desired, field, desired.title.title(), None);
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
            // The local store accepts any id, even a remote one.
            (None, _) if !self.input.local => Refusal::Unknown {
                slot: Self::slot(desired, field),
                id: id.clone(),
                position: desired.position(field),
            },
            (Some(_) | None, _) => {
                if let (Some(has), DesiredTitle::Declared(wanted)) = (&title, &desired.title)
                    && has != wanted.as_str()
                {
                    let (has, wanted) = (has.clone(), wanted.clone());
                    let slot = Self::slot(desired, field);
                    self.plan
                        .remarks
                        .push(Remark::OtherTitle { slot, has, wanted });
                }
                return Some(Self::step(desired, field, Action::Keep { id, title }, None));
            }
        };
        if self.may_replace(&id) {
            return self.find_or_create(desired, field, desired.title.title(), Some(id));
        }
        self.refusals.push(refusal);
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
        let deploy_form = match &desired.title {
            DesiredTitle::Conventional(titles) if field == Field::Id => titles.deploy_form.as_ref(),
            DesiredTitle::Conventional(_) | DesiredTitle::Given(_) | DesiredTitle::Declared(_) => {
                None
            }
        };
        let found = match (with_title(title), deploy_form.and_then(with_title)) {
            (Some(a), Some(b)) => {
                let titles = [a.title.clone(), b.title.clone()];
                self.refusals.push(Refusal::Ambiguous { slot, titles });
                return None;
            }
            (Some(one), None) | (None, Some(one)) => Some(one),
            (None, None) => None,
        };
        let action = match found {
            Some(n) => Action::Adopt {
                id: n.id.clone(),
                title: n.title.clone(),
            },
            None => Action::Create {
                title: title.clone(),
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
        let bare = titles.bare.iter().find_map(|title| {
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
        let field = Field::PreviewId;
        let declared = desired.declared(field);
        let slot = Self::slot(desired, field);
        let live = match self.declared(&declared) {
            Declared::Open => None,
            Declared::Live(preview, found) => Some((preview.clone(), found)),
        };
        let Some((preview, found)) = live else {
            return self.open_preview(desired, slot, None);
        };
        let production = Some(&preview) == id;
        let unknown = found.is_none() && !self.input.local;
        let asked = self.input.preview;
        // A conflicting id is replaced only if it is named.
        let in_the_way = match asked {
            Preview::Untouched => false,
            Preview::Same => !production,
            Preview::Separate => production || unknown,
        };
        if in_the_way && self.may_replace(&preview) {
            return self.open_preview(desired, slot, Some(preview));
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

    fn open_preview(
        &mut self,
        desired: &DesiredBinding,
        slot: Slot,
        replaces: Option<NamespaceId>,
    ) -> Result<(), Error> {
        let field = Field::PreviewId;
        match self.input.preview {
            Preview::Untouched => self.remark(Remark::NoPreview(slot)),
            Preview::Same => {
                self.remark(Remark::PreviewIsProduction(slot));
                self.plan
                    .steps
                    .push(Self::step(desired, field, Action::Share, replaces));
            }
            Preview::Separate => {
                let title = titles::preview(desired.title.title())?;
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
