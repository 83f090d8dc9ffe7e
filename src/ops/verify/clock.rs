//! The check `clock`: this machine and the service agree on the time. Expiry is set in absolute
//! seconds, and tokens have a validity, so a clock that is off breaks both.

use super::{Check, Finding, facts::Facts};
use crate::{domain::TTL_MIN_SECONDS, ops::way::clock_is_off};

/// How far off is too far, in seconds: as long as the shortest time to live.
const TOO_FAR: u64 = TTL_MIN_SECONDS.unsigned_abs();

pub(super) async fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let check = Check::Clock;
    if facts.is_local() {
        return vec![Finding::skip(check, "the local store has the same clock")];
    }
    let listed = facts.namespaces().await.map(drop);
    let ahead = facts.way().and_then(|way| way.ahead_seconds);
    let finding = match (ahead, listed) {
        (Some(seconds), _) => judge(seconds),
        (None, Err(blocked)) => blocked.finding(check),
        (None, Ok(())) => Finding::skip(check, "no answer had a date"),
    };
    vec![finding]
}

fn judge(ahead_seconds: i64) -> Finding {
    let message = clock_is_off(ahead_seconds);
    match ahead_seconds.unsigned_abs() {
        by if by > TOO_FAR => Finding::fail(Check::Clock, message)
            .hint("set the clock, for instance by switching time synchronisation on"),
        0 | 1 => Finding::pass(Check::Clock, "the clock is right"),
        _ => Finding::pass(Check::Clock, format!("{message}, which does no harm")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::verify::Status;

    #[test]
    fn a_minute_is_tolerated_in_both_directions() {
        for (seconds, status) in [
            (0, Status::Pass),
            (60, Status::Pass),
            (-60, Status::Pass),
            (61, Status::Fail),
            (-600, Status::Fail),
        ] {
            let judged = judge(seconds);
            assert_eq!(judged.status, status, "{seconds}");
        }
    }
}
