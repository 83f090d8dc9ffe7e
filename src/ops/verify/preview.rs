//! The check `preview`: `wrangler dev --remote` has a namespace of its own. Without a `preview_id`,
//! or with one equal to `id`, it writes to production, and says nothing.

use super::{Check, Finding, Subject, facts::Facts};
use crate::{
    config::{Entry, Field, Scope},
    domain::DeclaredId,
};

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let check = Check::Preview;
    let scopes = match facts.scopes() {
        Ok(scopes) => scopes,
        Err(blocked) => return vec![blocked.finding(check)],
    };
    let entries = |scope: &&'_ Scope| scope.entries.len();
    if scopes.iter().map(entries).sum::<usize>() == 0 {
        return vec![Finding::skip(check, "no KV namespace is bound")];
    }
    let mut findings = Vec::new();
    for scope in &scopes {
        findings.extend(scope.entries.iter().filter_map(|e| entry(facts, scope, e)));
    }
    if findings.is_empty() {
        findings.push(Finding::pass(
            check,
            "every binding has a preview namespace",
        ));
    }
    findings
}

fn entry(facts: &Facts<'_>, scope: &Scope, entry: &Entry) -> Option<Finding> {
    let preview = entry.declared(Field::PreviewId);
    let same = preview == entry.declared(Field::Id);
    let (message, position) = match preview {
        DeclaredId::Absent if same => return None,
        DeclaredId::Absent => (
            "there is no `preview_id`: `wrangler dev --remote` writes to production",
            entry.position,
        ),
        _ if same => (
            "`preview_id` is the production id: `wrangler dev --remote` writes to production",
            entry.field(Field::PreviewId)?.position,
        ),
        DeclaredId::Placeholder(_) | DeclaredId::Valid(_) => return None,
    };
    let finding = Finding::warn(Check::Preview, message)
        .about(Subject::binding(scope.environment.as_ref(), &entry.binding))
        .at(facts.place(position))
        .hint("run `kvctl provision --preview separate`, or `--skip preview` if that is meant");
    Some(finding)
}
