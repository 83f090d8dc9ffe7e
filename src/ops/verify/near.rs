//! Commands that `provision` would refuse, since a namespace may be meant for a binding or belongs to another
//! one: the user decides first, so they are shown only.

use super::{Check, Finding, context::CheckContext, obstacles::requested};
use crate::{
    config::Project,
    domain::{Hint, NamespaceId, Suggestion, listed},
    ops::provision::{
        desired::{DesiredBinding, DesiredTitle, desired_bindings},
        plan::{self, LookUp, NearTitles, Pages, PlanInput, Preview, Refusal, Replaceable},
    },
    wire::NamespaceInfo,
};

/// What is to be decided before a command works.
#[derive(Default)]
struct Undecided {
    /// Namespaces that may be meant.
    near: Vec<NearTitles>,
    /// Bindings that would share a namespace.
    shared: Vec<Refusal>,
}

/// Returns a finding with commands that are shown only, where something is to be decided before they work.
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
        let undecided = undecided(context, project, command).await;
        choices.push(undecided.unwrap_or_default());
    }
    let near: Vec<NearTitles> = choices.iter().flat_map(|it| it.near.clone()).collect();
    let shared = choices.iter().flat_map(|it| &it.shared);
    let shared: Vec<String> = shared.map(ToString::to_string).collect();
    let mut choices = choices.into_iter();
    let named = |command| with_titles(command, &choices.next().unwrap_or_default());
    let hint = finding
        .hint
        .map(|hint| not_shared(others(hint.map_each(named), &near), &shared));
    Finding { hint, ..finding }
}

/// Whether a namespace may be meant for a binding, or one of `bound` has its title.
fn is_doubtful(it: &DesiredBinding, existing: &[NamespaceInfo], bound: &[&NamespaceInfo]) -> bool {
    let is_near = match &it.title {
        DesiredTitle::Conventional(titles) => existing.iter().any(|n| titles.is_near(&n.title)),
        _ => false,
    };
    let title = it.title.title();
    is_near || title.is_ok_and(|title| bound.iter().any(|n| title.as_str() == n.title))
}

/// Returns what is to be decided before a command works.
async fn undecided(
    context: &CheckContext<'_>,
    project: &Project,
    command: &Suggestion,
) -> Option<Undecided> {
    let section = command
        .section()
        .filter(|_| command.verb() == "provision")?;
    let scopes = [project.scope(section)?];
    let wanted = requested(command.operands());
    let desired = desired_bindings(project, &scopes, &wanted, context.options.manifest).ok()?;
    let existing = context.namespaces().await.ok()?;
    let known = |id: &NamespaceId| existing.iter().any(|n| n.id == *id);
    let bound = plan::bound(project, known);
    let has_it = |n: &&NamespaceInfo| bound.contains_key(&n.id);
    let others: Vec<&NamespaceInfo> = existing.iter().filter(has_it).collect();
    if !desired.iter().any(|it| is_doubtful(it, existing, &others)) {
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
    let plan = plan::plan(PlanInput {
        desired: &desired,
        existing,
        bound: &bound,
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
    let mut undecided = Undecided::default();
    for refusal in refusals {
        match refusal {
            Refusal::Near(near) => undecided.near.push(near),
            Refusal::Shared { .. } => undecided.shared.push(refusal),
            _ => {}
        }
    }
    Some(undecided)
}

/// Returns the command that adopts the first of the namespaces that may be meant, or gives a binding a title
/// of its own; to be shown only, since which it is, the user decides.
fn with_titles(command: Suggestion, undecided: &Undecided) -> Suggestion {
    let Undecided { near, shared } = undecided;
    if near.is_empty() && shared.is_empty() {
        return command;
    }
    let would_share = |operand: &str| {
        let mut slots = shared.iter().filter_map(Refusal::shared);
        slots.any(|slot| slot.binding.as_str() == operand)
    };
    let named = |operand: &String| {
        let near = near.iter().find(|it| it.slot.binding.as_str() == operand);
        let found = near.and_then(|it| it.found.first());
        match found {
            Some(namespace) => format!("{operand}={}", namespace.title),
            None if would_share(operand) => format!("{operand}=TITLE"),
            None => operand.clone(),
        }
    };
    let operands: Vec<String> = command.operands().iter().map(named).collect();
    command.without_args().args(operands).as_example()
}

/// Says why a title is to be given.
fn not_shared(hint: Hint, shared: &[String]) -> Hint {
    if shared.is_empty() {
        return hint;
    }
    let reason = format!("give it a title of its own, since {}: ", listed(shared));
    Hint::from(reason).and(hint)
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
    let adopted = near
        .iter()
        .filter_map(|it| Some((it, it.found.first()?.title.as_str())));
    let adopted: Vec<String> = adopted
        .map(|(it, title)| format!("`{title}` is meant for `{}`", it.slot.binding))
        .collect();
    let first = format!("first see that {}; then ", listed(&adopted));
    Hint::from(first).and(hint).text(format!(
        "; or name {} for a new namespace",
        choices.join(", or ")
    ))
}
