//! The check `connection`: the service can be reached, and answers as it should.

use super::{Check, Finding, facts::Facts};

pub(super) async fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let check = Check::Connection;
    if facts.is_local() {
        return vec![Finding::skip(check, "the local store is on this machine")];
    }
    let listed = facts.namespaces().await;
    // Whatever is out of reach, the others notice.
    facts.settled().await;
    if let Some(trouble) = facts.noted(check) {
        return vec![trouble.failure()];
    }
    let finding = match (facts.client(), listed) {
        (Err(_), _) => Finding::skip(check, "nothing was asked without credentials"),
        (Ok(_), Ok(_)) => Finding::pass(check, "the API answers"),
        (Ok(_), Err(blocked)) if blocked.by == check => blocked.failure(),
        // An answer, though not the one that was hoped for.
        (Ok(_), Err(_)) if facts.network().is_some() => Finding::pass(check, "the API answers"),
        (Ok(_), Err(blocked)) => blocked.finding(check),
    };
    vec![finding]
}
