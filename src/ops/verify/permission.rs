//! The check `permission`: the credentials may read, and write unless only reading is meant.

use super::{
    Check, Finding,
    facts::{Facts, Writing},
};
use crate::domain::Permission;

pub(super) async fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let check = Check::Permission;
    if facts.is_local() {
        return vec![Finding::skip(check, "the local store lets everybody in")];
    }
    if let Err(blocked) = facts.namespaces().await {
        return vec![blocked.finding(check)];
    }
    if facts.request.read_only {
        let message = "may read; writing was not tried (`--read-only`)";
        return vec![Finding::pass(check, message)];
    }
    let finding = match facts.writing().await {
        Writing::Allowed => Finding::pass(check, "may read and write"),
        // Without a wrangler file there are no bindings to try it with.
        Writing::Untried if let Err(blocked) = facts.document() => blocked.finding(check),
        Writing::Untried => Finding::warn(
            check,
            "may read; writing could not be tried: no binding leads to a namespace",
        )
        .hint("bind a namespace, or verify with `--read-only`"),
        Writing::Blocked(blocked) => blocked.finding(check),
        Writing::Refused(refusal) => {
            let failure = refusal.failure_of(check);
            let message = format!("may read, and not write: {}", failure.message);
            Finding { message, ..failure }.hint(format!(
                "give the token the permission {}, or verify with `--read-only`",
                Permission::KvWrite
            ))
        }
    };
    vec![finding]
}
