//! The check `credentials`: they are there, and valid.

use jiff::{SignedDuration, Timestamp};

use super::{
    Check, Class, Finding,
    facts::{Facts, TokenAnswer},
};
use crate::{
    api::{Client, Scheme},
    ops::identity::Owner,
    wire::TokenStatus,
};

/// How long before its end a token deserves attention.
const NEAR_END: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What is known of a token that opens something, and that no endpoint knows.
const UNSAID: &str = "the API accepts the token for KV, but refuses to say whether it is active";

const LOOK: &str = "see its status and its end on the API Tokens page of the Cloudflare dashboard";

pub(super) async fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let check = Check::Credentials;
    if facts.is_local() {
        return vec![Finding::skip(check, "the local store needs none")];
    }
    let finding = match facts.token().await {
        TokenAnswer::Known(status, owner) => judge(status, *owner, (facts.request.now)()),
        TokenAnswer::Trouble(blocked) => blocked.finding(check),
        // What no endpoint verifies is judged by whether it opens anything.
        answer @ (TokenAnswer::Unknown(_) | TokenAnswer::NotAsked) => {
            match (facts.namespaces().await, answer) {
                (Ok(_), TokenAnswer::Unknown(_)) => Finding::warn(check, UNSAID).hint(LOOK),
                (Ok(_), _) => Finding::pass(check, accepted(facts)),
                (Err(blocked), _) => blocked.finding(check),
            }
        }
    };
    vec![finding]
}

fn accepted(facts: &Facts<'_>) -> &'static str {
    match facts.client().map(Client::scheme) {
        Ok(Scheme::GlobalKey) => "the global API key is accepted",
        _ => "the token is accepted; no endpoint tells more about a login",
    }
}

fn judge(status: &TokenStatus, owner: Owner, now: Timestamp) -> Finding {
    let whose = match owner {
        Owner::Account => "the account's token",
        Owner::User => "the user's token",
    };
    if !status.is_active() {
        let finding = Finding::fail(Check::Credentials, format!("{whose} is {}", status.status));
        let hint = "roll or enable it on the API Tokens page of the Cloudflare dashboard";
        return Finding {
            class: Class::Denied,
            ..finding.hint(hint)
        };
    }
    let Some(end) = &status.expires_on else {
        return Finding::pass(Check::Credentials, format!("{whose} is active"));
    };
    let message = format!("{whose} is active, and expires on {end}");
    let near = end
        .parse::<Timestamp>()
        .is_ok_and(|end| end.duration_since(now) < NEAR_END);
    if near {
        let hint = "make a new token in time, on the API Tokens page of the Cloudflare dashboard";
        return Finding::warn(Check::Credentials, message).hint(hint);
    }
    Finding::pass(Check::Credentials, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::verify::Status;

    #[test]
    fn a_token_is_judged_by_its_status_and_its_end() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let judged = |status: &str, end: Option<&str>| {
            let status = TokenStatus {
                id: "id".to_owned(),
                status: status.to_owned(),
                expires_on: end.map(str::to_owned),
            };
            let finding = judge(&status, Owner::User, now);
            (finding.status, finding.class)
        };
        assert_eq!(judged("active", None), (Status::Pass, Class::Check));
        assert_eq!(
            judged("active", Some("2027-01-01T00:00:00Z")).0,
            Status::Pass
        );
        assert_eq!(
            judged("active", Some("2026-01-05T00:00:00Z")).0,
            Status::Warn
        );
        assert_eq!(judged("disabled", None), (Status::Fail, Class::Denied));
        assert_eq!(judged("expired", None), (Status::Fail, Class::Denied));
    }
}
