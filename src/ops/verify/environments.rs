//! The check `environments`: none misses a binding that others have. Wrangler does not hand the
//! bindings of the top level down, so the Worker would find `env.NAME` undefined.

use std::collections::BTreeSet;

use super::{Check, Finding, Subject, configuration::provision, facts::Facts};
use crate::{
    config::{Project, Scope},
    domain::Binding,
    ops::target::place,
};

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let check = Check::Environments;
    let project = match facts.document() {
        Ok(document) => document.project(),
        Err(blocked) => return vec![blocked.finding(check)],
    };
    if project.environments.is_empty() {
        return vec![Finding::skip(check, "the file has no environments")];
    }
    let findings: Vec<Finding> = missing(project)
        .into_iter()
        .map(|(scope, binding, other)| {
            let environment = scope.environment.as_ref();
            let message = format!(
                "`{binding}` is bound {} and not {}; bindings are not inherited",
                place(other.environment.as_ref()),
                place(environment)
            );
            let has_it = other.entries.iter().find(|e| e.binding == *binding);
            let command = provision(environment, binding);
            Finding::fail(check, message)
                .about(Subject::binding(environment, binding))
                .at(has_it.and_then(|entry| facts.place(entry.position)))
                .hint(format!(
                    "run `{command}`, or `--skip environments` if that is meant"
                ))
        })
        .collect();
    if findings.is_empty() {
        let message = "every section has the bindings of the others";
        return vec![Finding::pass(check, message)];
    }
    findings
}

/// Finds what sections miss, and a section that has it. A top level without any bindings is none
/// that is deployed.
fn missing(project: &Project) -> Vec<(&Scope, &Binding, &Scope)> {
    let counts = |scope: &&Scope| scope.environment.is_some() || !scope.entries.is_empty();
    let sections: Vec<&Scope> = project.scopes().filter(counts).collect();
    let mut missing = Vec::new();
    for scope in &sections {
        let mut seen: BTreeSet<&Binding> = scope.entries.iter().map(|e| &e.binding).collect();
        for other in &sections {
            for entry in &other.entries {
                if seen.insert(&entry.binding) {
                    missing.push((*scope, &entry.binding, *other));
                }
            }
        }
    }
    missing
}
