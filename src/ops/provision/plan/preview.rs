//! Decides about a `preview_id`, and about the previews of a Pages project.

use super::{
    Action, Error, Pages, Preview, Refusal, Remark, Slot,
    planner::{Declared, Planner},
};
use crate::{
    config::Field,
    domain::{NamespaceId, is_mistyped_id},
    ops::provision::{desired::DesiredBinding, titles},
};

/// What a valid `preview_id` leads to.
struct Findings {
    /// The namespace that will be the binding's `id`.
    production: bool,
    /// A namespace of production, of this or of another binding.
    separable: bool,
    /// No namespace of the account.
    unknown: bool,
}

impl<'a> Planner<'a> {
    /// Remarks on what `wrangler dev --remote` would reach. What is local reaches nothing.
    fn remark(&mut self, remark: Remark) {
        if !self.input.local {
            self.plan.remarks.push(remark);
        }
    }

    /// Decides about `preview_id`; `id` is what the binding's `id` will be, if that is known.
    pub(super) fn preview(
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
            let asked = self.input.preview;
            if asked != Preview::Untouched && self.refuses_mistyped(desired, field) {
                return Ok(());
            }
            // Nothing works with a placeholder, so one that is there is to be filled.
            let is_placeholder = desired.text(field).is_some_and(|it| !is_mistyped_id(it));
            let mode = match asked {
                Preview::Untouched if is_placeholder => Preview::Separate,
                asked => asked,
            };
            return self.open_preview(desired, slot, mode, None);
        };
        // The `id` may be replaced in this run.
        let was_production = desired.declared(Field::Id) == declared;
        let other = self.other_production(&slot, &preview);
        let is = Findings {
            production: Some(&preview) == id,
            separable: Some(&preview) == id || was_production || other.is_some(),
            unknown: found.is_none() && !self.input.local,
        };
        let asked = self.input.preview;
        if is.unknown && asked == Preview::Untouched && self.may_replace(&preview) {
            // What was the production id becomes that again.
            let mode = if was_production {
                Preview::Same
            } else {
                Preview::Separate
            };
            return self.open_preview(desired, slot, mode, Some(preview));
        }
        // A conflicting id is replaced only if it is named.
        let in_the_way = match asked {
            Preview::Untouched => false,
            Preview::Same => !is.production,
            Preview::Separate => is.separable || is.unknown,
        };
        if in_the_way && self.may_replace(&preview) {
            return self.open_preview(desired, slot, asked, Some(preview));
        }
        if !self.keeps_preview(desired, &preview, &is, other) {
            return Ok(());
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

    /// Says what the user should know of a `preview_id` that is kept. Returns whether it may be.
    fn keeps_preview(
        &mut self,
        desired: &DesiredBinding,
        preview: &NamespaceId,
        is: &Findings,
        other: Option<Slot>,
    ) -> bool {
        let field = Field::PreviewId;
        let (slot, id) = (Self::slot(desired, field), preview.clone());
        let asked = self.input.preview;
        match asked {
            Preview::Untouched if is.unknown => self.remark(Remark::UnknownPreview { slot, id }),
            Preview::Untouched if is.production => self.remark(Remark::PreviewIsProduction(slot)),
            Preview::Untouched => {
                if let Some(with) = other {
                    self.remark(Remark::PreviewIsOthers { slot, id, with });
                }
            }
            Preview::Same | Preview::Separate if is.unknown => {
                let position = desired.position(field);
                self.refusals.push(Refusal::Unknown { slot, id, position });
                return false;
            }
            Preview::Same if !is.production => self.remark(Remark::NotShared { slot, id }),
            Preview::Same => self.remark(Remark::PreviewIsProduction(slot)),
            Preview::Separate if is.separable => self.remark(Remark::NotSeparated { slot, id }),
            Preview::Separate => {}
        }
        true
    }

    /// Finds another slot of production that has the namespace in the file.
    fn other_production(&self, slot: &Slot, id: &NamespaceId) -> Option<Slot> {
        let other = self.input.bound.get(id)?;
        let is_own = other.section == slot.section && other.binding == slot.binding;
        let counts = other.field == Field::Id && !other.section.is_previews();
        (counts && !is_own && !self.input.local).then(|| other.clone())
    }

    /// Decides about the previews of a Pages project, which `preview_id` does not reach.
    fn pages_preview(&mut self, desired: &DesiredBinding, slot: Slot) -> Result<(), Error> {
        if self.input.preview == Preview::Separate {
            return Err(Error::PagesPreview);
        }
        let will = Remark::PagesWillShare(Self::slot(desired, Field::Id));
        let said = self.plan.remarks.contains(&will);
        if desired.section.is_top() && self.input.pages == Pages::Shared && !said {
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
            Preview::Untouched => self.remark(match desired.text(field) {
                Some(text) => Remark::MistypedPreview {
                    slot,
                    text: text.to_owned(),
                },
                None => Remark::NoPreview(slot),
            }),
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
