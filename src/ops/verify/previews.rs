//! The check `preview`.

use super::{Check, Finding, Subject, context::CheckContext, finding::provision_command};
use crate::{
    config::{Entry, Field, Project, Scope},
    domain::{DeclaredId, Section, shell_quoted},
    ops::provision::desired,
};

/// The check `preview`: nothing but production writes to production.
///
/// Without a `preview_id`, or with one equal to `id`, `wrangler dev --remote` does, and says nothing; with
/// `remote`, plain `wrangler dev` does. Preview deployments of a Pages project do, where they share ids.
pub(super) fn preview(context: &CheckContext<'_>) -> Vec<Finding> {
    let check = Check::Preview;
    let scopes = match context.scopes() {
        Ok(scopes) => scopes,
        Err(blocked) => return vec![blocked.finding(check)],
    };
    let deployed = |scope: &&Scope| !scope.section.is_previews();
    let scopes: Vec<&Scope> = scopes.into_iter().filter(deployed).collect();
    if let Ok(document) = context.document()
        && document.project().is_pages
    {
        return pages_preview(context, document.project(), &scopes);
    }
    if scopes.iter().all(|scope| scope.entries.is_empty()) {
        return vec![Finding::skip(check, "no KV namespaces are bound")];
    }
    let mut findings = Vec::new();
    for scope in &scopes {
        for entry in &scope.entries {
            let remote = used_remotely(context, scope, entry);
            findings.extend(remote.or_else(|| shared_preview(context, scope, entry)));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::pass(
            check,
            "every binding has a preview namespace",
        ));
    }
    findings
}

fn shared_preview(context: &CheckContext<'_>, scope: &Scope, entry: &Entry) -> Option<Finding> {
    let preview = entry.declared(Field::PreviewId);
    let same = preview == entry.declared(Field::Id);
    let (message, position) = match preview {
        DeclaredId::Absent if same => return None,
        DeclaredId::Absent => (
            "no `preview_id`: `wrangler dev --remote` writes to production",
            entry.position,
        ),
        _ if same => (
            "`preview_id` is the production id: `wrangler dev --remote` writes to production",
            entry.field(Field::PreviewId)?.position,
        ),
        DeclaredId::Placeholder(_) | DeclaredId::Valid(_) => return None,
    };
    let finding = Finding::warn(Check::Preview, message)
        .about(Subject::binding(&scope.section, &entry.binding))
        .at(context.place(position))
        .hint(format!(
            "run `{}`, or pass `--skip preview` if this is intended",
            separation(&scope.section, entry)
        ));
    Some(finding)
}

/// Returns the command that gives the section's bindings preview namespaces of their own.
fn separation(section: &Section, entry: &Entry) -> String {
    let mut command = vec!["kvctl provision".to_owned()];
    let arguments = section.arguments().into_iter();
    command.extend(arguments.map(|it| shell_quoted(&it).into_owned()));
    command.push("--preview separate".to_owned());
    if let DeclaredId::Valid(id) = entry.declared(Field::PreviewId) {
        command.push(format!("--replace-id {id}"));
    }
    command.join(" ")
}

/// Reports a binding for which plain `wrangler dev` uses the account.
fn used_remotely(context: &CheckContext<'_>, scope: &Scope, entry: &Entry) -> Option<Finding> {
    if !entry.remote || context.is_local() {
        return None;
    }
    let (preview, id) = (entry.declared(Field::PreviewId), entry.declared(Field::Id));
    let command = provision_command(&scope.section, &entry.binding);
    let replace = match &id {
        DeclaredId::Valid(id) if preview == DeclaredId::Valid(id.clone()) => {
            format!(" --replace-id {id}")
        }
        _ => String::new(),
    };
    let separate = format!(
        "run `{command} --preview separate{replace}`, or remove `remote` to use the local store"
    );
    let local =
        "remove `remote` to use the local store, or pass `--skip preview` if this is intended";
    let (message, hint) = match preview {
        DeclaredId::Absent => (
            "`remote` is true and there is no `preview_id`: plain `wrangler dev` writes to production",
            separate,
        ),
        _ if preview == id => (
            "`remote` is true and `preview_id` is the production id: plain `wrangler dev` writes to \
             production",
            separate,
        ),
        DeclaredId::Placeholder(_) | DeclaredId::Valid(_) => (
            "`remote` is true: plain `wrangler dev` uses the namespace that `preview_id` names in the \
             account, not the local store",
            local.to_owned(),
        ),
    };
    Some(warning(context, scope, entry, message).hint(hint))
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
        if entry.remote && !context.is_local() {
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
    let message = "there is no section `env.preview`: preview deployments write to the namespaces of \
                   production";
    let finding = Finding::warn(Check::Preview, message).at(context.place(first.position));
    Some(finding.hint(
        "run `kvctl provision --env preview --add-env`, or pass `--skip preview` if this is intended",
    ))
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
    let hint = if preview.section.is_top() {
        "run `kvctl provision --env preview --add-env`".to_owned()
    } else {
        let titles = desired::conventional_titles(project, preview, &entry.binding);
        let title = titles.map_or_else(|_| "TITLE".to_owned(), |titles| titles.wanted.to_string());
        let arguments = [format!("{}={title}", entry.binding)];
        let arguments = arguments.into_iter().chain(preview.section.arguments());
        let arguments: Vec<_> = arguments.map(|it| shell_quoted(&it).into_owned()).collect();
        format!(
            "run `kvctl provision {} --replace-id {id}`",
            arguments.join(" ")
        )
    };
    let hint = format!("{hint}, or pass `--skip preview` if this is intended");
    let place = entry
        .field(Field::Id)
        .map_or(entry.position, |at| at.position);
    let finding = warning(context, preview, entry, message).hint(hint);
    Some(finding.at(context.place(place)))
}
