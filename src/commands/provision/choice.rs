//! Lists of namespaces that may be meant, for who has a terminal.

use crate::{
    context::{Context, Session},
    domain::{ErrorClass, Title},
    error::{ClassExt as _, Result},
    ops::provision::{
        desired::{DesiredBinding, DesiredTitle},
        plan::{self, NearTitles, Plan, Refusal},
    },
    ui::Choice,
};

/// Where a plan is refused only because namespaces are there that may be meant, has the user choose among them
/// and a new one. Returns whether that was done, so that there is another plan to make.
pub(super) async fn settled(
    context: &Context,
    session: &Session,
    plan: &Result<Plan>,
    desired: &mut [DesiredBinding],
) -> Result<bool> {
    let Some(all) = open_choices(plan).filter(|_| context.ui.can_choose()) else {
        return Ok(false);
    };
    for near in all {
        let Some(title) = choose(context, session, near).await? else {
            return Ok(false);
        };
        let slot = &near.slot;
        let is_meant =
            |it: &&mut DesiredBinding| it.section == slot.section && it.binding == slot.binding;
        if let Some(desired) = desired.iter_mut().find(is_meant) {
            desired.title = DesiredTitle::Given(title);
        }
    }
    Ok(true)
}

/// Returns what is to be chosen, if nothing else is in the way.
fn open_choices(plan: &Result<Plan>) -> Option<Vec<&NearTitles>> {
    let plan::Error::Refused(refusals) = plan.as_ref().err()?.find()? else {
        return None;
    };
    let near = refusals.iter().map(|refusal| match refusal {
        Refusal::Near(near) => Some(near),
        _ => None,
    });
    near.collect()
}

/// Returns the title that is chosen; nothing where there is no answer.
async fn choose(context: &Context, session: &Session, near: &NearTitles) -> Result<Option<Title>> {
    let NearTitles {
        slot,
        found,
        wanted,
        ..
    } = near;
    let titles: Vec<Title> = found.iter().filter_map(|n| n.title.parse().ok()).collect();
    let names = titles.iter().map(|title| format!("adopt `{title}`"));
    let names: Vec<String> = names.chain([format!("create `{wanted}`")]).collect();
    let choice = Choice {
        what: &format!(
            "namespaces for `{}` {}: {}",
            slot.binding,
            slot.section.place(),
            session.describe()
        ),
        among: &names,
        ask: "Which?",
    };
    let chosen = context.ui.choose(choice).await.class(ErrorClass::Failed)?;
    Ok(chosen.map(|at| titles.get(at).unwrap_or(wanted).clone()))
}
