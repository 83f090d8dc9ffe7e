//! Decides the action for each slot.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Error, Holder, Pages, Plan, PlanInput, Refusal, Remark, Slot, Step};
use crate::{
    config::{Entry, Field, Position},
    domain::{Binding, DeclaredId, NamespaceId, Title, is_mistyped_id},
    ops::{
        namespaces::{Told, told_jurisdiction},
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
            Some(entry) if input.local => {
                if !planner.fill_in_locally(desired, entry)? {
                    planner.keep_locally(desired, entry)?;
                }
            }
            _ => planner.binding(desired)?,
        }
    }
    if !planner.refusals.is_empty() {
        return Err(Error::Refused(planner.refusals));
    }
    let unused = input.replace.ids.iter();
    let unused = unused.filter(|id| !planner.replaced.contains(id)).cloned();
    let (bound, gone): (Vec<_>, Vec<_>) = unused.partition(|id| input.bound.contains_key(id));
    if !bound.is_empty() {
        return Err(Error::NothingToReplace(bound));
    }
    let gone = gone.into_iter().map(Remark::Replaced);
    planner.plan.remarks.extend(gone);
    planner.plan.jurisdictions = jurisdictions(input.existing);
    Ok(planner.plan)
}

fn jurisdictions(existing: &[NamespaceInfo]) -> BTreeMap<NamespaceId, String> {
    let told = existing
        .iter()
        .filter_map(|n| Some((n.id.clone(), n.jurisdiction.clone()?)));
    told.collect()
}

pub(super) struct Planner<'a> {
    pub(super) input: PlanInput<'a>,
    pub(super) plan: Plan,
    pub(super) refusals: Vec<Refusal>,
    pub(super) replaced: BTreeSet<NamespaceId>,
    /// Titles that a slot of this plan will hold.
    pub(super) claimed: BTreeMap<String, Slot>,
}

/// The value of a slot in the file, classified.
pub(super) enum Declared<'a> {
    /// Nothing that counts.
    Open,
    /// A valid id that may be replaced if need be.
    Live(&'a NamespaceId, Option<&'a NamespaceInfo>),
}

impl<'a> Planner<'a> {
    /// Fills in what wrangler refuses, or loses data for: a field without text. An `id` gets the name that the
    /// local store goes by without it, so that the data stay in reach. Returns whether there was such a field.
    fn fill_in_locally(
        &mut self,
        desired: &'a DesiredBinding,
        entry: &Entry,
    ) -> Result<bool, Error> {
        let is_empty = |field| desired.text(field) == Some("");
        // Pages ignores a `preview_id`.
        let is_preview_empty = is_empty(Field::PreviewId) && self.input.pages == Pages::No;
        if is_empty(Field::Id) {
            let step = match &desired.title {
                DesiredTitle::Given(title) => self.find_or_create(desired, Field::Id, title, None),
                _ => Some(self.named_by_binding(desired, entry)?),
            };
            self.plan.steps.extend(step);
        } else if is_preview_empty && entry.id.is_some() {
            let entry = Entry {
                preview_id: None,
                ..entry.clone()
            };
            self.keep_locally(desired, &entry)?;
        }
        if is_preview_empty {
            let title = titles::preview(self.title(desired)?)?;
            let step = self.find_or_create(desired, Field::PreviewId, &title, None);
            self.plan.steps.extend(step);
        }
        Ok(is_empty(Field::Id) || is_preview_empty)
    }

    /// Writes the name that the local store goes by where there is no id.
    fn named_by_binding(&self, desired: &DesiredBinding, entry: &Entry) -> Result<Step, Error> {
        let entry = Entry {
            id: None,
            preview_id: None,
            ..entry.clone()
        };
        let (id, _) = Self::local_name(desired, &entry)?;
        let title = self.existing(&id).map(|n| n.title.clone());
        let action = Action::Adopt {
            title: title.unwrap_or_else(|| id.to_string()),
            id,
            deployed: None,
        };
        Ok(Self::step(desired, Field::Id, action, None))
    }

    fn local_name(desired: &DesiredBinding, entry: &Entry) -> Result<(NamespaceId, Field), Error> {
        local_name(entry).map_err(|error| Error::LocalId {
            slot: Self::slot(desired, error.field),
            position: error.position,
            source: error.source,
        })
    }

    /// Keeps an entry as it is: the local store goes by its text, and another one would hide the
    /// data that is there.
    fn keep_locally(&mut self, desired: &DesiredBinding, entry: &Entry) -> Result<(), Error> {
        let (id, field) = Self::local_name(desired, entry)?;
        let field = if field == Field::PreviewId {
            field
        } else {
            Field::Id
        };
        let title = self.existing(&id).map(|n| n.title.clone());
        if let DesiredTitle::Given(wanted) = &desired.title
            && title.as_deref() != Some(wanted.as_str())
        {
            self.plan.remarks.push(Remark::LocalTitle {
                slot: Self::slot(desired, field),
                title: wanted.clone(),
            });
        }
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

    pub(super) fn slot(desired: &DesiredBinding, field: Field) -> Slot {
        Slot {
            section: desired.section.clone(),
            binding: desired.binding.clone(),
            field,
        }
    }

    pub(super) fn step(
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

    pub(super) fn existing(&self, id: &NamespaceId) -> Option<&'a NamespaceInfo> {
        self.input.existing.iter().find(|n| n.id == *id)
    }

    pub(super) fn declared<'d>(&self, declared: &'d DeclaredId) -> Declared<'d>
    where
        'a: 'd,
    {
        match declared.valid_where(|id| self.existing(id).is_some()) {
            None => Declared::Open,
            Some(id) => Declared::Live(id, self.existing(id)),
        }
    }

    /// Returns what the account says of the jurisdiction of one of its namespaces.
    pub(super) fn jurisdiction<'n>(&self, found: &'n NamespaceInfo) -> Told<'n> {
        told_jurisdiction(self.input.existing, found)
    }

    /// Finds what deployed binding has a namespace, but for `own`.
    pub(super) fn holder(
        &self,
        id: &NamespaceId,
        own: Option<(&Deployable, &Binding)>,
    ) -> Option<String> {
        let is_own = |holder: &&Holder| {
            own.is_some_and(|(deployable, binding)| {
                holder.deployable == *deployable && holder.binding == binding.as_str()
            })
        };
        let mut others = self.input.deployed.holders.get(id)?.iter();
        let other = others.find(|holder| !is_own(holder))?;
        Some(other.to_string())
    }

    /// Finds what of production has the namespace that an entry of `previews` names.
    fn production(
        &self,
        desired: &DesiredBinding,
        id: &NamespaceId,
        title: &str,
    ) -> Option<String> {
        if !desired.section.is_previews() {
            return None;
        }
        let slots = [self.input.bound.get(id), self.claimed.get(title)];
        let mut slots = slots.into_iter().flatten();
        let slot = slots.find(|slot| !slot.section.is_previews());
        slot.map(|slot| format!("the {slot}"))
            .or_else(|| self.holder(id, None))
    }

    pub(super) fn may_replace(&mut self, id: &NamespaceId) -> bool {
        let missing = self.input.replace.missing && self.existing(id).is_none();
        let allowed = missing || self.input.replace.ids.contains(id);
        if allowed {
            self.replaced.insert(id.clone());
        }
        allowed
    }

    /// Refuses to replace what must be a damaged id. Returns whether it is one.
    pub(super) fn refuses_mistyped(&mut self, desired: &DesiredBinding, field: Field) -> bool {
        let text = desired.entry.as_ref().and_then(|entry| entry.field(field));
        let Some(text) = text.filter(|text| is_mistyped_id(&text.value)) else {
            return false;
        };
        self.refusals.push(Refusal::Mistyped {
            slot: Self::slot(desired, field),
            text: text.value.clone(),
            position: text.position,
        });
        true
    }

    /// Decides about the `id` of a want; `None` if it is refused.
    fn id_step(&mut self, desired: &'a DesiredBinding) -> Result<Option<Step>, Error> {
        let field = Field::Id;
        let declared = desired.declared(field);
        let Declared::Live(id, found) = self.declared(&declared) else {
            if self.refuses_mistyped(desired, field) {
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
            (Some(title), _) => {
                if let Some(with) = self.production(desired, &id, title) {
                    if self.may_replace(&id) {
                        return self.open_id(desired, Some(id));
                    }
                    self.plan.remarks.push(Remark::PreviewsUseProduction {
                        slot: Self::slot(desired, field),
                        id: id.clone(),
                        with,
                    });
                }
                let is_declared_otherwise = matches!(&desired.title, DesiredTitle::Declared(wanted)
                    if title != wanted.as_str());
                if is_declared_otherwise && self.may_replace(&id) {
                    return self.open_id(desired, Some(id));
                }
                let title = Some(title.clone());
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
    pub(super) fn remark_on_jurisdiction(
        &mut self,
        desired: &DesiredBinding,
        found: Option<&NamespaceInfo>,
    ) {
        let untold = found.is_some_and(|found| self.jurisdiction(found) == Told::Unknown);
        if let Some(wanted) = desired.jurisdiction.filter(|_| untold) {
            let slot = Self::slot(desired, Field::Id);
            self.plan
                .remarks
                .push(Remark::UnknownJurisdiction { slot, wanted });
        }
    }

    /// Remarks on what `kvctl.toml` says and a namespace that stays does not have.
    pub(super) fn remark_on_differences(
        &mut self,
        desired: &DesiredBinding,
        found: Option<&NamespaceInfo>,
    ) {
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
        if let Some(wanted) = desired.jurisdiction
            && let Some(has) = self.jurisdiction(found).other_than(wanted)
        {
            self.plan
                .remarks
                .push(Remark::OtherJurisdiction { slot, has, wanted });
        }
    }

    /// Returns the title that a new namespace gets.
    pub(super) fn title<'d>(&self, desired: &'d DesiredBinding) -> Result<&'d Title, Error> {
        match desired.title.title() {
            Ok(title) => Ok(title),
            // In the local store two projects do not meet.
            Err(nameless) if self.input.local => Ok(&nameless.fallback),
            Err(nameless) => Err(Error::Nameless(Box::new(nameless.clone()))),
        }
    }

    pub(super) fn remark_once(&mut self, remark: Remark) {
        if !self.plan.remarks.contains(&remark) {
            self.plan.remarks.push(remark);
        }
    }
}

impl DesiredBinding {
    /// Returns the value of a field in the file.
    pub fn declared(&self, field: Field) -> DeclaredId {
        self.entry
            .as_ref()
            .map_or(DeclaredId::Absent, |entry| entry.declared(field))
    }

    /// Returns the text of a field in the file.
    pub(super) fn text(&self, field: Field) -> Option<&str> {
        Some(self.entry.as_ref()?.field(field)?.value.as_str())
    }

    pub(super) fn position(&self, field: Field) -> Option<Position> {
        let located = self.entry.as_ref()?.field(field)?;
        Some(located.position)
    }
}
