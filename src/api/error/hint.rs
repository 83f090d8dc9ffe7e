//! What the user can do about an error.

use std::time::Duration;

use reqwest::StatusCode;

use super::{
    Error, ErrorKind, Expected, graphql,
    tls::{self, TlsFault},
};
use crate::{
    domain::{
        API_TOKENS_PAGE, AnswerId, Classification, Classify, ErrorClass, Hint, Permission,
        Suggestion,
    },
    wire::code,
};

impl Classify for Error {
    fn classify(&self) -> Classification {
        Classification {
            class: self.class(),
            hint: self.remedy(),
            answer: AnswerId {
                api_codes: self.codes().collect(),
                cf_ray: self.ray().filter(|_| !self.local).map(str::to_owned),
            },
        }
    }
}

impl Error {
    fn remedy(&self) -> Option<Hint> {
        let hint = match &*self.kind {
            ErrorKind::Refused {
                challenged: true, ..
            } => "a firewall in front of the API asked for a browser; try from another network",
            ErrorKind::Malformed {
                expected: Expected::Confirmation,
                ..
            } => {
                "the outcome is unknown; check whether a proxy or a login page answers instead of the API, \
                 then run the same command again"
            }
            ErrorKind::Malformed { .. } | ErrorKind::TooLong { .. } => {
                return Some(self.hint_for_foreign_answer().into());
            }
            ErrorKind::Refused { .. } if self.is_page() && self.class() == ErrorClass::Denied => {
                return Some(self.hint_for_foreign_answer().into());
            }
            ErrorKind::Refused {
                status,
                received: Some(_),
                ..
            } if *status == StatusCode::NOT_FOUND => {
                return Some(self.hint_for_foreign_answer().into());
            }
            ErrorKind::Unreachable(e) if tls::fault(e).is_some() => {
                return Some(self.hint_for_tls(e).into());
            }
            ErrorKind::Silent => {
                "the service took too long; allow more with `--timeout 60s`, or run the same \
                 command again"
            }
            ErrorKind::Unreachable(e) if e.is_timeout() => {
                "the service took too long; allow more with `--timeout 60s`, or run the same \
                 command again"
            }
            ErrorKind::Unreachable(_) => {
                let hint = format!("check {}, then run the same command again", self.route());
                return Some(hint.into());
            }
            ErrorKind::Unanswered { errors, .. } => return graphql::hint(errors).map(Hint::from),
            ErrorKind::PaginationLoop | ErrorKind::Inconsistent(_) => {
                "this is an error of the service; run the same command again"
            }
            ErrorKind::Refused { .. } => return self.hint_for_refusal(),
        };
        Some(hint.into())
    }

    fn hint_for_foreign_answer(&self) -> String {
        format!(
            "something other than the API responded, such as a proxy or a login page; check {}",
            self.route()
        )
    }

    /// Names what requests pass through. A proxy variable only where a proxy is in use.
    fn route(&self) -> String {
        let proxy = if self.proxied {
            ", the proxy (HTTPS_PROXY or ALL_PROXY)"
        } else {
            ""
        };
        format!("the network{proxy} and CLOUDFLARE_API_BASE_URL")
    }

    fn hint_for_tls(&self, error: &reqwest::Error) -> String {
        match tls::fault(error) {
            Some(TlsFault::Time) => {
                "the server's certificate has expired, or this machine's clock is wrong".to_owned()
            }
            Some(TlsFault::Host) => format!(
                "the server's certificate is for another host; check {}",
                self.route()
            ),
            Some(TlsFault::Certificate) => {
                "the server's certificate is not trusted; behind a proxy that inspects traffic, \
                 name its authority with `--ca-file FILE`, NODE_EXTRA_CA_CERTS or SSL_CERT_FILE"
                    .to_owned()
            }
            Some(TlsFault::Plain | TlsFault::Incompatible) | None => format!(
                "the server does not speak HTTPS, or only an unsupported version; check {}",
                self.route()
            ),
        }
    }

    fn hint_for_refusal(&self) -> Option<Hint> {
        if self.has_code(code::TITLE_TAKEN) {
            return Some("titles are unique; choose another one".into());
        }
        if self.has_code(code::NO_ROUTE) {
            let hint = "the account id is probably wrong; see `--account-id`, CLOUDFLARE_ACCOUNT_ID \
                        and `account_id` in the wrangler file";
            return Some(hint.into());
        }
        if self.is_quota_spent() {
            return Some(self.hint_for_quota().into());
        }
        if self.is_at_limit() {
            return Some(
                "a limit of the account is reached; an account has at most 1,000 namespaces: delete those \
                 that nothing uses, or have the limit raised"
                    .into(),
            );
        }
        Some(match self.class() {
            ErrorClass::Denied if self.request.path == "graphql" => {
                graphql::permission_hint().into()
            }
            ErrorClass::Denied => self.hint_for_denial().into(),
            ErrorClass::NotFound => Hint::run(Suggestion::new("namespace list").sectionless())
                .text(if self.local {
                    " to see the namespaces of the local store"
                } else {
                    " to see the namespaces of this account"
                }),
            ErrorClass::Temporary if self.is_throttled() => {
                "the account's 1,200 requests per five minutes are used up; wait a few minutes, \
                 then run the same command again"
                    .into()
            }
            ErrorClass::Temporary => {
                "the service has problems; run the same command again later".into()
            }
            _ => return None,
        })
    }

    fn hint_for_denial(&self) -> String {
        let permission = Permission::KvWrite;
        match self.login_command() {
            Some(command) => format!(
                "check that the login may use this account, or renew it with `{command}`; a token needs \
                 the permission {permission}, see {API_TOKENS_PAGE}"
            ),
            None if self.source.as_ref().is_some_and(|source| source.is_key) => {
                "check that the key and the email belong together, and that this user is a member of the \
                 account"
                    .to_owned()
            }
            None => format!(
                "check on {API_TOKENS_PAGE} that the token is valid, belongs to this account and has the \
                 permission {permission}"
            ),
        }
    }

    fn hint_for_quota(&self) -> String {
        let wait = match &*self.kind {
            ErrorKind::Refused {
                renewed_in: Some(wait),
                ..
            } => format!(", in {}", hours_and_minutes(*wait)),
            _ => String::new(),
        };
        format!("the free plan's daily quota is used up; it resets at 00:00 UTC{wait}")
    }
}

/// Returns a time of up to a day in hours and minutes, rounded up.
fn hours_and_minutes(time: Duration) -> String {
    let minutes = time.as_secs().div_ceil(60);
    format!("{} h {} min", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_hours_and_minutes() {
        let told = |seconds| hours_and_minutes(Duration::from_secs(seconds));
        assert_eq!(
            [1, 3600, 5399, 86_400].map(told),
            ["0 h 1 min", "1 h 0 min", "1 h 30 min", "24 h 0 min"]
        );
    }
}
