//! What the user can do about an error.

use std::time::Duration;

use super::{Error, Kind, Trouble, Wanted, graphql};
use crate::wire::code;

impl Error {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match &*self.kind {
            Kind::Refused {
                challenged: true, ..
            } => "a firewall in front of the API asked for a browser; try from another network",
            Kind::Malformed {
                wanted: Wanted::Confirmation,
                ..
            } => {
                "whether it was done is not known; see whether something other than the API answers, \
                 such as a proxy or a login page, then run the same command again"
            }
            Kind::Malformed { .. } | Kind::TooLong { .. } => {
                "a proxy or a login page may stand between you and the API; check HTTPS_PROXY and \
                 CLOUDFLARE_API_BASE_URL"
            }
            Kind::Unreachable(e) if is_certificate(e) => {
                "the server's certificate is not trusted; behind a proxy that inspects traffic, \
                 name its authority with `--ca-file FILE`, NODE_EXTRA_CA_CERTS or SSL_CERT_FILE"
            }
            Kind::Unreachable(e) if e.is_timeout() => {
                "the service took too long; allow more with `--timeout 60s`, or run the same \
                 command again"
            }
            Kind::Unreachable(_) => {
                "check the network, HTTPS_PROXY and CLOUDFLARE_API_BASE_URL, then run the same \
                 command again"
            }
            Kind::Unanswered { errors, .. } => return graphql::hint(errors).map(str::to_owned),
            Kind::Circular | Kind::Inconsistent(_) => {
                "this is the service's mistake; run the same command again"
            }
            Kind::Refused { .. } => return self.hint_for_refusal(),
        };
        Some(hint.to_owned())
    }

    fn hint_for_refusal(&self) -> Option<String> {
        if self.has_code(code::TITLE_TAKEN) {
            let hint = "titles are unique within an account; choose another one";
            return Some(hint.to_owned());
        }
        if self.has_code(code::NO_ROUTE) {
            return Some(
                "the account id is probably wrong; see `--account-id`, CLOUDFLARE_ACCOUNT_ID and \
                 `account_id` in the wrangler file"
                    .to_owned(),
            );
        }
        let hint = match self.trouble() {
            Trouble::Denied if self.request.path == "graphql" => graphql::PERMISSION,
            Trouble::Denied => {
                "check that the token is valid, belongs to this account and has the permission \
                 `Workers KV Storage Write`"
            }
            Trouble::NotFound => "run `kvctl namespace list` to see the namespaces of this account",
            Trouble::QuotaSpent => {
                let wait = match &*self.kind {
                    Kind::Refused {
                        renewed_in: Some(wait),
                        ..
                    } => format!(", in {}", hours(*wait)),
                    _ => String::new(),
                };
                return Some(format!(
                    "the free plan's quota of the day is spent; it is renewed at 00:00 UTC{wait}"
                ));
            }
            Trouble::Temporary if self.is_throttled() => {
                "the account's 1,200 requests per five minutes are used up; wait a few minutes, \
                 then run the same command again"
            }
            Trouble::Temporary => "the service is in trouble; run the same command again later",
            Trouble::Failed => return None,
        };
        Some(hint.to_owned())
    }
}

/// Returns a time of up to a day in hours and minutes, rounded up.
fn hours(time: Duration) -> String {
    let minutes = time.as_secs().div_ceil(60);
    format!("{} h {} min", minutes / 60, minutes % 60)
}

/// Whether the connection failed because of a certificate, which no retry heals.
fn is_certificate(error: &reqwest::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(e) = cause {
        if e.to_string().contains("certificate") {
            return true;
        }
        cause = e.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_hours_and_minutes() {
        let told = |seconds| hours(Duration::from_secs(seconds));
        assert_eq!(
            [1, 3600, 5399, 86_400].map(told),
            ["0 h 1 min", "1 h 0 min", "1 h 30 min", "24 h 0 min"]
        );
    }
}
