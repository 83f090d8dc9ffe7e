//! The check `configuration`: the wrangler file can be read, and every binding has an id.
//!
//! Shapes and duplicates are refused when the file is read, each with its place.

use super::{Check, Finding, Subject, facts::Facts};
use crate::{
    config::{Entry, Field, Scope},
    domain::{Binding, DeclaredId, EnvName},
};

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let check = Check::Configuration;
    let scopes = match facts.scopes() {
        Ok(scopes) => scopes,
        Err(blocked) => return vec![blocked.finding(check)],
    };
    let mut findings = Vec::new();
    for scope in &scopes {
        findings.extend(scope.entries.iter().filter_map(|e| entry(facts, scope, e)));
        findings.extend(declared_only(facts, scope));
        if scope.entries.is_empty() && findings.is_empty() {
            findings.push(empty(scope));
        }
    }
    if findings.is_empty() {
        let count: usize = scopes.iter().map(|scope| scope.entries.len()).sum();
        let message = match count {
            1 => "the one binding has an id".to_owned(),
            _ => format!("all {count} bindings have ids"),
        };
        let local = "readable; the local store needs no ids";
        let message = if facts.is_local() { local } else { &message };
        findings.push(Finding::pass(check, message));
    }
    findings
}

/// Judges the ids of one binding; `None` is that all is well.
fn entry(facts: &Facts<'_>, scope: &Scope, entry: &Entry) -> Option<Finding> {
    if facts.is_local() {
        return None;
    }
    let near = facts
        .client()
        .is_ok_and(crate::api::Client::is_on_this_machine);
    let environment = scope.environment.as_ref();
    let subject = Subject::binding(environment, &entry.binding);
    let command = provision(environment, &entry.binding);
    for field in [Field::Id, Field::PreviewId] {
        let message = match entry.declared(field) {
            DeclaredId::Absent if field == Field::Id => "the binding has no `id`".to_owned(),
            DeclaredId::Placeholder(text) => {
                format!("`{field}` is the placeholder `{text}`, not an id")
            }
            DeclaredId::Valid(id) if id.is_local() && !near => {
                format!(
                    "`{field}` is {id}, an id of the local store, which the service cannot know"
                )
            }
            DeclaredId::Absent | DeclaredId::Valid(_) => continue,
        };
        let position = entry.field(field).map_or(entry.position, |at| at.position);
        let finding = Finding::fail(Check::Configuration, message).about(subject);
        let finding = finding.at(facts.place(position));
        return Some(finding.hint(format!("run `{command}` to write one")));
    }
    None
}

/// Finds bindings that `kvctl.toml` declares and the section does not have.
fn declared_only(facts: &Facts<'_>, scope: &Scope) -> Vec<Finding> {
    let declared = facts.request.manifest.iter().flat_map(|m| &m.namespaces);
    let missing = declared.filter(|n| scope.entries.iter().all(|e| e.binding != n.binding));
    let finding = |binding: &Binding| {
        let environment = scope.environment.as_ref();
        let command = provision(environment, binding);
        Finding::fail(
            Check::Configuration,
            "kvctl.toml declares the binding, and the wrangler file has none",
        )
        .about(Subject::binding(environment, binding))
        .hint(format!("run `{command}` to add it"))
    };
    missing.map(|n| finding(&n.binding)).collect()
}

fn empty(scope: &Scope) -> Finding {
    Finding::warn(Check::Configuration, "no KV namespace is bound here")
        .about(Subject::section(scope.environment.as_ref()))
        .hint("run `kvctl provision`, or name a section that has bindings with `--env NAME`")
}

/// Returns the command that gives a binding its id.
pub(super) fn provision(environment: Option<&EnvName>, binding: &Binding) -> String {
    match environment {
        None => format!("kvctl provision {binding}"),
        Some(environment) => format!("kvctl provision {binding} --env {environment}"),
    }
}
