//! The check `clock`: this machine and the service agree on the time. Expiry is set in absolute
//! seconds, and tokens have a validity, so a clock that is off breaks both.

use jiff::SignedDuration;

use super::{Check, Finding, facts::Facts};

/// How far off is too far: as long as the shortest time to live.
const TOO_FAR: SignedDuration = SignedDuration::from_mins(1);

pub(super) async fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let check = Check::Clock;
    if facts.is_local() {
        return vec![Finding::skip(check, "the local store has the same clock")];
    }
    let listed = facts.namespaces().await.map(drop);
    let skew = facts.client().ok().and_then(crate::api::Client::skew);
    let finding = match (skew, listed) {
        (Some(skew), _) => judge(skew),
        (None, Err(blocked)) => facts.blocked(check, &blocked),
        (None, Ok(())) => Finding::skip(check, "no answer had a date"),
    };
    vec![finding]
}

fn judge(skew: SignedDuration) -> Finding {
    let seconds = skew.as_secs();
    let by = seconds.unsigned_abs();
    let side = if seconds < 0 { "behind" } else { "ahead of" };
    if skew.abs() > TOO_FAR {
        let message = format!("this machine's clock is {by} s {side} the service's");
        return Finding::fail(Check::Clock, message)
            .hint("set the clock, for instance by switching time synchronisation on");
    }
    let message = if by <= 1 {
        "the clock is right".to_owned()
    } else {
        format!("the clock is {by} s {side} the service's, which does no harm")
    };
    Finding::pass(Check::Clock, message)
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
            let judged = judge(SignedDuration::from_secs(seconds));
            assert_eq!(judged.status, status, "{seconds}");
        }
    }
}
