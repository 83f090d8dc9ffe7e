//! The check `preview`.

use super::{
    Check, Finding, Subject,
    bound::Bound,
    context::CheckContext,
    sharing::{self, separation},
};
use crate::{
    config::{Entry, Field, Project, Scope},
    domain::{DeclaredId, Hint, Section, Suggestion, is_mistyped_id},
};

/// The check `preview`: nothing but production writes to production.
///
/// Without a `preview_id`, or with one equal to `id`, `wrangler dev --remote` does, and says nothing; with
/// `remote`, plain `wrangler dev` does. Preview deployments of a Pages project do, where they share ids.
pub(super) async fn preview(context: &CheckContext<'_>) -> Vec<Finding> {
    let check = Check::Preview;
    if context.is_local() {
        let reason = "the local store holds nothing of production";
        return vec![Finding::skip(check, reason)];
    }
    let (scopes, document) = match (context.scopes_with_previews(), context.document()) {
        (Ok(scopes), Ok(document)) => (scopes, document),
        (Err(blocked), _) | (_, Err(blocked)) => return vec![blocked.finding(check)],
    };
    let (previews, scopes): (Vec<&Scope>, Vec<&Scope>) =
        scopes.into_iter().partition(|it| it.section.is_previews());
    let project = document.project();
    if project.is_pages {
        return pages_preview(context, project, &scopes);
    }
    let all = || scopes.iter().chain(&previews).flat_map(|it| &it.entries);
    if all().next().is_none() {
        return vec![Finding::skip(check, "no KV namespaces are bound")];
    }
    let has_no_id = |entry: &Entry| entry.declared(Field::Id) == DeclaredId::Absent;
    // Where nothing needs to be asked, nothing is.
    let bound = if all().any(has_no_id) {
        context.bound().await.unwrap_or_default()
    } else {
        &[]
    };
    let mut findings = Vec::new();
    let mut broken = None;
    for scope in &scopes {
        for entry in &scope.entries {
            let other = sharing::previewed(project, bound, &scope.section, entry);
            let remote = used_remotely(context, scope, entry, other.as_deref());
            let shared = || shared_preview(context, bound, scope, entry, other.as_deref());
            let finding = remote.or_else(shared);
            let finding = finding.filter(|_| !entry.binding.is_placeholder());
            let Some(by) = broken_by(context, entry).await else {
                findings.extend(finding);
                continue;
            };
            broken.get_or_insert_with(|| {
                let unknown = || Finding::skip(check, "its ids are to be corrected first");
                Finding::skip_because_of(by, finding.unwrap_or_else(unknown))
                    .about(Subject::binding(&scope.section, &entry.binding))
            });
        }
    }
    findings.extend(sharing::in_previews(context, project, bound, &previews).await);
    if findings.is_empty() {
        findings.extend(broken);
    }
    if findings.is_empty() {
        findings.push(all_separate(&scopes));
    }
    findings
}

/// What is said if every binding is well.
fn all_separate(scopes: &[&Scope]) -> Finding {
    let mut entries = scopes.iter().flat_map(|it| &it.entries);
    let is_without = |entry: &Entry| entry.declared(Field::PreviewId) == DeclaredId::Absent;
    let message = match (entries.any(is_without), scopes.is_empty()) {
        (false, false) => "every binding has a preview namespace",
        (true, false) => "every binding that has a namespace has a preview namespace",
        (_, true) => "`previews` have namespaces of their own",
    };
    Finding::pass(Check::Preview, message)
}

/// Returns the check that refuses the name or an id of an entry, which comes first.
async fn broken_by(context: &CheckContext<'_>, entry: &Entry) -> Option<Check> {
    let preview = entry.declared(Field::PreviewId);
    let id = entry.declared(Field::Id);
    let is_open = entry.preview_id.is_some() && !matches!(preview, DeclaredId::Valid(_));
    let is_open = is_open || id != DeclaredId::Absent && context.is_filled_in(&id);
    let is_mistyped = matches!(&id, DeclaredId::Placeholder(text) if is_mistyped_id(text));
    if entry.binding.is_placeholder()
        || is_mistyped
        || is_open && context.is_selected(Check::Configuration)
    {
        return Some(Check::Configuration);
    }
    let ids = [id, preview];
    let is_valid = |it: &DeclaredId| matches!(it, DeclaredId::Valid(_));
    if !context.is_selected(Check::Namespaces) || !ids.iter().any(is_valid) {
        return None;
    }
    let all = match context.namespaces().await {
        Ok(all) => all,
        // Which account has them is to be settled first.
        Err(blocked) if blocked.by == Check::Account => return Some(Check::Account),
        Err(_) => return None,
    };
    let is_unknown = |it: &DeclaredId| match it {
        DeclaredId::Valid(id) => all.iter().all(|known| known.id != *id),
        DeclaredId::Absent | DeclaredId::Placeholder(_) => false,
    };
    ids.iter().any(is_unknown).then_some(Check::Namespaces)
}

fn shared_preview(
    context: &CheckContext<'_>,
    bound: &[Bound],
    scope: &Scope,
    entry: &Entry,
    other: Option<&str>,
) -> Option<Finding> {
    let preview = entry.declared(Field::PreviewId);
    let same = preview == entry.declared(Field::Id);
    let is_deployed = || {
        let bound = bound.iter().find(|it| it.is(&scope.section, entry));
        bound.is_some_and(|it| it.target.is_ok())
    };
    let (message, position) = match preview {
        DeclaredId::Absent if same && !is_deployed() => return None,
        DeclaredId::Absent => (
            "no `preview_id`: `wrangler dev --remote` writes to production".to_owned(),
            entry.position,
        ),
        _ if same => (
            "`preview_id` is the production id: `wrangler dev --remote` writes to production"
                .to_owned(),
            entry.field(Field::PreviewId)?.position,
        ),
        DeclaredId::Placeholder(_) | DeclaredId::Valid(_) => (
            format!(
                "`preview_id` is the production id of {}: `wrangler dev --remote` writes to it",
                other?
            ),
            entry.field(Field::PreviewId)?.position,
        ),
    };
    let finding = Finding::warn(Check::Preview, message)
        .about(Subject::binding(&scope.section, &entry.binding))
        .at(context.place(position))
        .hint(intended(Hint::run(preview_command(&scope.section, entry))));
    Some(with_id(context, entry, finding))
}

/// Returns the command that gives a binding a preview namespace of its own.
fn preview_command(section: &Section, entry: &Entry) -> Suggestion {
    let command = Suggestion::provision(&entry.binding, section);
    let command = command.option("--preview", "separate");
    match entry.declared(Field::PreviewId) {
        DeclaredId::Valid(id) => command.replacing(id),
        DeclaredId::Absent | DeclaredId::Placeholder(_) => command,
    }
}

fn intended(hint: Hint) -> Hint {
    hint.text(", or pass `--skip preview` if this is intended")
}

/// Reports a binding for which plain `wrangler dev` uses production.
fn used_remotely(
    context: &CheckContext<'_>,
    scope: &Scope,
    entry: &Entry,
    other: Option<&str>,
) -> Option<Finding> {
    if !entry.remote {
        return None;
    }
    let (preview, id) = (entry.declared(Field::PreviewId), entry.declared(Field::Id));
    let command = Suggestion::provision(&entry.binding, &scope.section);
    let command = command.option("--preview", "separate");
    let command = match &preview {
        DeclaredId::Valid(preview_id) if preview == id || other.is_some() => {
            command.replacing(preview_id)
        }
        _ => command,
    };
    let message = match preview {
        DeclaredId::Absent => {
            "`remote` is true and there is no `preview_id`: plain `wrangler dev` writes to production"
                .to_owned()
        }
        _ if preview == id => "`remote` is true and `preview_id` is the production id: plain \
                               `wrangler dev` writes to production"
            .to_owned(),
        // A namespace of its own is what `remote` is for.
        DeclaredId::Placeholder(_) | DeclaredId::Valid(_) => format!(
            "`remote` is true and `preview_id` is the production id of {}: plain `wrangler dev` writes \
             to it",
            other?
        ),
    };
    let hint = Hint::run(command).text(", or remove `remote` to use the local store");
    let finding = warning(context, scope, entry, message).hint(hint);
    Some(with_id(context, entry, finding))
}

/// Says that the command writes the `id` too, where that is missing.
fn with_id(context: &CheckContext<'_>, entry: &Entry, finding: Finding) -> Finding {
    let is_filled_in = context.is_filled_in(&entry.declared(Field::Id));
    let also = |hint: Hint| hint.text("; `provision` also writes the `id`");
    if is_filled_in {
        finding.map_hint(&also)
    } else {
        finding
    }
}

fn warning(
    context: &CheckContext<'_>,
    scope: &Scope,
    entry: &Entry,
    message: impl Into<String>,
) -> Finding {
    Finding::warn(Check::Preview, message)
        .about(Subject::binding(&scope.section, &entry.binding))
        .at(context.place(entry.position))
}

/// The check of a Pages project. Its preview deployments have the bindings of `env.preview`, or, where
/// there is no such section, those of the top level.
fn pages_preview(
    context: &CheckContext<'_>,
    project: &Project,
    selected: &[&Scope],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (scope, entry) in selected
        .iter()
        .flat_map(|s| s.entries.iter().map(move |e| (s, e)))
    {
        if entry.remote {
            let message = "`remote` is true: `wrangler pages dev` uses the namespace of the account, not \
                           the local store";
            let finding = warning(context, scope, entry, message);
            findings.push(finding.hint(
                "remove `remote` to use the local store, or pass `--skip preview` if this is intended",
            ));
        }
    }
    let of = |name: &str| {
        let named = |scope: &&Scope| {
            scope
                .section
                .environment()
                .is_some_and(|n| n.as_str() == name)
        };
        project
            .environments
            .iter()
            .find(named)
            .unwrap_or(&project.top)
    };
    let (production, preview) = (of("production"), of("preview"));
    if production.section == preview.section {
        findings.extend(no_preview_section(context, preview));
    } else {
        let shared = preview.entries.iter();
        findings.extend(
            shared.filter_map(|e| shares_production(context, project, production, preview, e)),
        );
    }
    if findings.is_empty() && preview.entries.is_empty() {
        let reason = "no KV namespaces are bound for preview deployments";
        findings.push(Finding::skip(Check::Preview, reason));
    } else if findings.is_empty() {
        let message = "preview deployments have namespaces of their own";
        findings.push(Finding::pass(Check::Preview, message));
    }
    findings
}

fn no_preview_section(context: &CheckContext<'_>, shared: &Scope) -> Option<Finding> {
    let first = shared.entries.first()?;
    if shared.entries.iter().any(|it| it.binding.is_placeholder()) {
        return None;
    }
    let message = "there is no section `env.preview`: preview deployments write to the namespaces of \
                   production";
    let finding = Finding::warn(Check::Preview, message).at(context.place(first.position));
    let command = Suggestion::provision_previews([""; 0]);
    Some(finding.hint(intended(Hint::run(command))))
}

fn shares_production(
    context: &CheckContext<'_>,
    project: &Project,
    production: &Scope,
    preview: &Scope,
    entry: &Entry,
) -> Option<Finding> {
    let DeclaredId::Valid(id) = entry.declared(Field::Id) else {
        return None;
    };
    let is_same = |other: &&Entry| other.declared(Field::Id) == DeclaredId::Valid(id.clone());
    let other = production.entries.iter().find(is_same)?;
    let name = |scope: &Scope| match scope.section.environment() {
        Some(name) => format!("`env.{name}`"),
        None => "the top level".to_owned(),
    };
    let message = format!(
        "{} has the id that `{}` has in {}: preview deployments write to production",
        name(preview),
        other.binding,
        name(production)
    );
    let command = if preview.section.is_top() {
        Suggestion::provision_previews([""; 0])
    } else {
        separation(context, project, &preview.section, &entry.binding, &id)
    };
    let general = format!(
        "{} has ids of {}: preview deployments write to production",
        name(preview),
        name(production)
    );
    let hint = intended(Hint::run(command));
    let place = entry
        .field(Field::Id)
        .map_or(entry.position, |at| at.position);
    let finding = warning(context, preview, entry, message).hint(hint);
    Some(finding.in_general(general).at(context.place(place)))
}
