//! The check `account`: file and environment agree on one, and the credentials reach it.

use super::{Check, Finding, facts::Facts};

pub(super) async fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let check = Check::Account;
    if facts.is_local() {
        return vec![Finding::skip(check, "the local store has one only")];
    }
    let account = match facts.account() {
        Ok(account) => account,
        Err(blocked) => return vec![blocked.finding(check)],
    };
    let reached = || Finding::pass(check, format!("the credentials reach account {account}"));
    let finding = match facts.namespaces().await {
        Ok(_) => reached(),
        Err(blocked) => blocked.finding(check),
    };
    vec![finding]
}
