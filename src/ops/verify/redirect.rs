//! What `wrangler deploy` takes in place of the wrangler file, where a build tool redirects it: its KV
//! bindings should be those of the file. Part of the check `deployed`.

use std::{path::Path, time::SystemTime};

use super::{Check, Finding, Subject, context::CheckContext};
use crate::{
    config::{Document, Entry, Field, Location, Position, Redirect, Scope},
    domain::{DeclaredId, Section, ShowPath as _},
};

const BUILD_AGAIN: &str = "build the project again before you deploy it";

/// Reports how what would be deployed differs; nothing, where no tool redirects.
pub(super) fn check(context: &CheckContext<'_>) -> Vec<Finding> {
    let (Ok(document), Some(start)) = (context.document(), context.options.redirect_from) else {
        return Vec::new();
    };
    if context.is_local() {
        return Vec::new();
    }
    let Some((path, redirect)) = Redirect::find(start, document.path()) else {
        return Vec::new();
    };
    match redirect {
        Ok(redirect) => compare(context, document, &redirect),
        Err(error) => {
            let message = format!("`wrangler deploy` is redirected by a file, and {error}");
            let position = Position { line: 1, column: 1 };
            let finding = Finding::warn(Check::Deployed, message);
            vec![
                finding
                    .at(Some(Location { path, position }))
                    .hint(format!("{BUILD_AGAIN}, or delete the file")),
            ]
        }
    }
}

fn compare(context: &CheckContext<'_>, document: &Document, redirect: &Redirect) -> Vec<Finding> {
    let check = Check::Deployed;
    let Redirect {
        document: built,
        section,
    } = redirect;
    let shown = shown(document, built);
    let own = document.project().scopes();
    let Some(scope) = own.into_iter().find(|scope| scope.section == *section) else {
        let message = format!(
            "{shown}, which `wrangler deploy` takes, was built for {section}, which the file does not have"
        );
        return vec![Finding::warn(check, message).hint(BUILD_AGAIN)];
    };
    let mut findings = differences(context, &shown, scope, built);
    let project = document.project();
    if let Ok(name) = built.project().deployed_name(&Section::TOP)
        && !project.is_pages
        && project.deployed_name(section).ok().as_ref() != Some(&name)
    {
        let message = format!(
            "{shown}, which `wrangler deploy` takes, deploys the Worker `{name}`, which is not the \
             file's name"
        );
        let hint = format!("{BUILD_AGAIN}, or set `name` to that of the Worker");
        findings.push(
            Finding::warn(check, message)
                .about(Subject::section(section))
                .hint(hint),
        );
    }
    if let (Some(source), Some(result)) = (changed(document.path()), changed(built.path()))
        && result < source
    {
        let message =
            format!("{shown}, which `wrangler deploy` takes, is older than the wrangler file");
        let finding = Finding::warn(check, message).about(Subject::section(section));
        findings.push(finding.hint(BUILD_AGAIN));
    }
    if findings.is_empty() {
        let message = format!("{shown}, which `wrangler deploy` takes, has the same KV bindings");
        findings.push(Finding::pass(check, message).about(Subject::section(section)));
    }
    findings
}

/// Returns the path of what is deployed as seen from the wrangler file.
fn shown(document: &Document, built: &Document) -> String {
    let directory = document.path().parent().unwrap_or(Path::new(""));
    let path = built.path().strip_prefix(directory);
    path.unwrap_or(built.path()).shown().into_owned()
}

fn differences(
    context: &CheckContext<'_>,
    shown: &str,
    scope: &Scope,
    built: &Document,
) -> Vec<Finding> {
    let others = &built.project().top.entries;
    let same = |a: &Entry, b: &Entry| a.binding == b.binding;
    let mut findings = Vec::new();
    for entry in &scope.entries {
        let message = match others.iter().find(|other| same(entry, other)) {
            None => format!("{shown}, which `wrangler deploy` takes, does not have the binding"),
            Some(other) if text(entry) == text(other) => continue,
            Some(other) => format!(
                "{shown}, which `wrangler deploy` takes, has {}, the file has {}",
                said(other),
                said(entry)
            ),
        };
        findings.push(
            Finding::warn(Check::Deployed, message)
                .about(Subject::binding(&scope.section, &entry.binding))
                .at(context.place(entry.position))
                .hint(BUILD_AGAIN),
        );
    }
    for other in others {
        if scope.entries.iter().any(|entry| same(entry, other)) {
            continue;
        }
        let path = built.path().to_owned();
        let position = other.position;
        let message = format!(
            "{shown}, which `wrangler deploy` takes, has the binding, and the file does not"
        );
        findings.push(
            Finding::warn(Check::Deployed, message)
                .about(Subject::binding(&scope.section, &other.binding))
                .at(Some(Location { path, position }))
                .hint(BUILD_AGAIN),
        );
    }
    findings
}

fn text(entry: &Entry) -> Option<&str> {
    entry.id.as_ref().map(|id| id.value.as_str())
}

fn said(entry: &Entry) -> String {
    match entry.declared(Field::Id) {
        DeclaredId::Valid(id) => id.to_string(),
        DeclaredId::Placeholder(_) => "a placeholder".to_owned(),
        DeclaredId::Absent => "no `id`".to_owned(),
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs_err::metadata(path).ok()?.modified().ok()
}
