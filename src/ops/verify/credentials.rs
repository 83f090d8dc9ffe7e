//! The check `credentials`: they are there, and valid.

use super::{
    Check, Class, Finding,
    facts::{Facts, TokenAnswer},
};
use crate::{
    api::{Client, Scheme},
    ops::health,
};

pub(super) async fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let check = Check::Credentials;
    if facts.is_local() {
        return vec![Finding::skip(check, "the local store needs none")];
    }
    let finding = match facts.token().await {
        TokenAnswer::Known(status, owner) => Finding {
            class: Class::Denied,
            ..Finding::of(check, health::token(status, *owner, (facts.request.now)()))
        },
        TokenAnswer::Trouble(blocked) => blocked.finding(check),
        // What no endpoint verifies is judged by whether it opens anything.
        answer @ (TokenAnswer::Unknown(..) | TokenAnswer::NotAsked) => {
            match (facts.namespaces().await, answer) {
                (Ok(_), TokenAnswer::Unknown(_, error)) => {
                    Finding::of(check, health::unverified_token(error))
                }
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
