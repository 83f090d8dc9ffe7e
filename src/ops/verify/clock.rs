//! The check `clock`: this machine and the service agree on the time.

use super::{Check, Finding, facts::Facts};
use crate::ops::health;

pub(super) async fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let check = Check::Clock;
    if facts.is_local() {
        return vec![Finding::skip(check, "the local store has the same clock")];
    }
    let listed = facts.namespaces().await.map(drop);
    let ahead = facts.network().and_then(|stats| stats.clock_ahead_seconds);
    let finding = match (ahead, listed) {
        (Some(seconds), _) => Finding::of(check, health::clock(seconds)),
        (None, Err(blocked)) => blocked.finding(check),
        (None, Ok(())) => Finding::skip(check, "no response had a date"),
    };
    vec![finding]
}
