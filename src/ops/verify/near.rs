//! Namespaces that may be meant for a binding: `provision` would ask which, so the command that is recommended
//! names one.

use super::{Check, Finding, context::CheckContext, obstacles::requested};
use crate::{
    config::Project,
    domain::{Hint, NamespaceId, Suggestion},
    ops::provision::{
        desired::{DesiredBinding, DesiredTitle, desired_bindings},
        plan::{self, LookUp, NearTitles, Pages, PlanInput, Preview, Refusal, Replaceable},
    },
};

/// Returns a finding with commands that name the namespaces they adopt, where that is to be decided.
pub(super) async fn decided(context: &CheckContext<'_>, finding: Finding) -> Finding {
    // Where nothing needs to be asked, nothing is.
    if context.is_local() || !context.is_selected(Check::Namespaces) {
        return finding;
    }
    let (Some(hint), Ok(document)) = (&finding.hint, context.document()) else {
        return finding;
    };
    let project = document.project();
    let mut choices = Vec::new();
    for command in hint.suggestions() {
        choices.push(near(context, project, command).await.unwrap_or_default());
    }
    let all: Vec<NearTitles> = choices.iter().flatten().cloned().collect();
    let mut choices = choices.into_iter();
    let named = |command| with_titles(command, &choices.next().unwrap_or_default());
    let hint = finding.hint.map(|hint| others(hint.map_each(named), &all));
    Finding { hint, ..finding }
}

/// Returns what is to be decided before a command works.
async fn near(
    context: &CheckContext<'_>,
    project: &Project,
    command: &Suggestion,
) -> Option<Vec<NearTitles>> {
    let section = command
        .section()
        .filter(|_| command.verb() == "provision")?;
    let scopes = [project.scope(section)?];
    let wanted = requested(command.operands());
    let desired = desired_bindings(project, &scopes, &wanted, context.options.manifest).ok()?;
    let existing = context.namespaces().await.ok()?;
    let may_be_near = |it: &DesiredBinding| match &it.title {
        DesiredTitle::Conventional(titles) => existing.iter().any(|n| titles.is_near(&n.title)),
        _ => false,
    };
    if !desired.iter().any(may_be_near) {
        return None;
    }
    let ids = command.replaced().iter();
    let ids: Vec<NamespaceId> = ids.filter_map(|id| id.parse().ok()).collect();
    // What the account does not have is replaced where it is in the way.
    let replace = Replaceable {
        ids: &ids,
        missing: true,
    };
    let look_up = LookUp {
        project,
        desired: &desired,
        existing,
        replace,
    };
    let deployed = look_up.ask(context.client().ok()?, context.account().ok()?);
    let deployed = deployed.await.ok()?;
    let known = |id: &NamespaceId| existing.iter().any(|n| n.id == *id);
    let plan = plan::plan(PlanInput {
        desired: &desired,
        existing,
        bound: &plan::bound(project, known),
        preview: Preview::Untouched,
        replace,
        deployed: &deployed,
        not_deployed: false,
        pages: Pages::of(project),
        local: false,
    });
    let Err(plan::Error::Refused(refusals)) = plan else {
        return None;
    };
    let near = refusals.into_iter().filter_map(|refusal| match refusal {
        Refusal::Near(near) => Some(near),
        _ => None,
    });
    Some(near.collect())
}

/// Returns the command that adopts the first of the namespaces that may be meant.
fn with_titles(command: Suggestion, near: &[NearTitles]) -> Suggestion {
    let named = |operand: &String| {
        let near = near.iter().find(|it| it.slot.binding.as_str() == operand);
        let title = near.and_then(|it| it.found.first());
        title.map_or_else(|| operand.clone(), |n| format!("{operand}={}", n.title))
    };
    let operands: Vec<String> = command.operands().iter().map(named).collect();
    command.without_args().args(operands)
}

/// Says what to name instead.
fn others(hint: Hint, near: &[NearTitles]) -> Hint {
    let named = |it: &NearTitles, title: &str| format!("`{}={title}`", it.slot.binding);
    let new: Vec<String> = near
        .iter()
        .map(|it| named(it, it.wanted.as_str()))
        .collect();
    if new.is_empty() {
        return hint;
    }
    let found = near
        .iter()
        .flat_map(|it| it.found.iter().skip(1).map(|n| named(it, &n.title)));
    let choices: Vec<String> = found.chain([new.join(" ")]).collect();
    hint.text(format!(
        "; or name {} for a new namespace",
        choices.join(", or ")
    ))
}
