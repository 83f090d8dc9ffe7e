//! What the errors of the analytics mean. They have texts, and seldom a code.
//!
//! The texts are those that Cloudflare's documentation of the GraphQL Analytics API lists.

use crate::{
    domain::{ErrorClass, Permission},
    wire::analytics::GraphqlError,
};

/// Returns what to do about a token that may not read the analytics.
pub(super) fn permission_hint() -> String {
    format!("{}, for this account", Permission::AnalyticsRead.grant())
}

const DENIALS: &[&str] = &["not authorized", "unauthorized", "does not have access"];

const FOR_THE_MOMENT: &[&str] = &[
    "try again later",
    "rate limit",
    "budget depleted",
    "too many queries",
    "internal server error",
];

const TOO_FAR: &[&str] = &["cannot request data older than", "time range"];

/// Returns what the errors mean: the worst of them counts.
pub(super) fn class(errors: &[GraphqlError]) -> ErrorClass {
    let is_denial = |error: &GraphqlError| {
        let code = error.extensions.as_ref().and_then(|it| it.code.as_deref());
        matches!(code, Some("authz" | "authn")) || mentions(error, DENIALS)
    };
    if errors.iter().any(is_denial) {
        ErrorClass::Denied
    } else if !errors.is_empty() && errors.iter().all(|error| mentions(error, FOR_THE_MOMENT)) {
        ErrorClass::Temporary
    } else {
        ErrorClass::Failed
    }
}

/// Returns what the user can do about them.
pub(super) fn hint(errors: &[GraphqlError]) -> Option<String> {
    let hint = match class(errors) {
        ErrorClass::Denied => return Some(permission_hint()),
        ErrorClass::Temporary => {
            "the analytics allow about 300 queries in five minutes; run it again later"
        }
        _ if errors.iter().any(|error| mentions(error, TOO_FAR)) => {
            "the plan of the account allows less; ask for fewer days with `--days N`"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

fn mentions(error: &GraphqlError, texts: &[&str]) -> bool {
    let message = error.message.to_lowercase();
    texts.iter().any(|text| message.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_codes_tell_what_may_be_tried_again() {
        let error = |message: &str, code: Option<&str>| GraphqlError {
            message: message.to_owned(),
            path: None,
            extensions: Some(crate::wire::analytics::GraphqlExtensions {
                code: code.map(str::to_owned),
                timestamp: None,
            }),
        };
        for (message, code, expected) in [
            (
                "not authorized for that account",
                Some("authz"),
                ErrorClass::Denied,
            ),
            (
                "account x does not have access to the path",
                None,
                ErrorClass::Denied,
            ),
            ("no", Some("authn"), ErrorClass::Denied),
            (
                "rate limiter budget depleted, try again after 5 minutes",
                None,
                ErrorClass::Temporary,
            ),
            (
                "unable to execute query, please try again later",
                None,
                ErrorClass::Temporary,
            ),
            (
                "cannot request data older than 2678400s",
                None,
                ErrorClass::Failed,
            ),
            ("unknown field \"x\"", None, ErrorClass::Failed),
        ] {
            assert_eq!(class(&[error(message, code)]), expected, "{message}");
        }
        let mixed = [
            error("please try again later", None),
            error("unknown field", None),
        ];
        assert_eq!(class(&mixed), ErrorClass::Failed);
        assert!(
            hint(&[error("cannot request data older than 1s", None)])
                .is_some_and(|it| it.contains("--days"))
        );
    }
}
