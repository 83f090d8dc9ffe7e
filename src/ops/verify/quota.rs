//! The check `quota`: requests of the account are left, and no answer said that a quota is spent.

use super::{Check, Class, Finding, facts::Facts};

/// What of the budget should be left, in percent: below, kvctl and others who use the same account
/// begin to hold back.
const ENOUGH: u64 = 10;

pub(super) async fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let check = Check::Quota;
    if facts.is_local() {
        return vec![Finding::skip(check, "the local store has no limit")];
    }
    let listed = facts.namespaces().await.map(drop);
    // Whatever is spent, the others notice.
    facts.settled().await;
    if let Some(spent) = facts.noted(check) {
        return vec![spent.failure()];
    }
    let client = match (listed, facts.client()) {
        (Err(blocked), _) | (_, Err(blocked)) => return vec![blocked.finding(check)],
        (Ok(()), Ok(client)) => client,
    };
    let Some(budget) = client.budget() else {
        return vec![Finding::skip(check, "no rate-limit headers")];
    };
    let (left, quota) = (budget.remaining, budget.quota);
    let message = format!("{left} of {quota} requests are left in these five minutes");
    if left * 100 < quota * ENOUGH {
        let finding = Finding::warn(check, message);
        let hint = "run fewer jobs at once, or wait a few minutes: whoever asks for more is locked \
                    out for five";
        return vec![Finding {
            class: Class::Temporary,
            ..finding.hint(hint)
        }];
    }
    vec![Finding::pass(check, message)]
}
