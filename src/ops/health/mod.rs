//! What `doctor` and `verify` both judge, by one rule and one threshold each: the clock, the token,
//! and why the namespaces may not be read.
//!
//! Also what `doctor` finds out: [`service`] asks the service, [`local`] looks at this machine.

mod identity;
pub mod local;
pub mod service;

use jiff::{SignedDuration, Timestamp};

pub use identity::{Access, Identity, Owner, identify};

use crate::{
    api::{self, Scheme},
    domain::{API_TOKENS_PAGE, AccountId, Hint, Permission, TTL_MIN_SECONDS, with_causes},
    wire::{Account, TokenStatus},
};

/// From how many seconds on clocks differ too much: the shortest TTL. An expiration that is computed
/// from this machine's clock would be refused, or be past, by the service's.
const CLOCK_DIFFERENCE_MAX_SECONDS: u64 = TTL_MIN_SECONDS.unsigned_abs();

/// How long before it expires a token should be replaced.
const TOKEN_EXPIRES_SOON: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The severity of a diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// No problem.
    Good,
    /// Information.
    Note,
    /// Works, but needs attention.
    Warning,
    /// Commands fail or act on the wrong thing because of it.
    Fault,
}

/// The result of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// Its severity.
    pub severity: Severity,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub hint: Option<Hint>,
}

impl Diagnosis {
    fn good(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Good,
            message: message.into(),
            hint: None,
        }
    }

    fn warning(message: impl Into<String>, hint: impl Into<Hint>) -> Self {
        Self {
            severity: Severity::Warning,
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    fn fault(message: impl Into<String>, hint: Option<Hint>) -> Self {
        Self {
            severity: Severity::Fault,
            message: message.into(),
            hint,
        }
    }
}

/// Judges a clock by how many seconds it is ahead of the service's.
pub fn clock(ahead_seconds: i64) -> Diagnosis {
    let by = ahead_seconds.unsigned_abs();
    let side = if ahead_seconds < 0 {
        "behind"
    } else {
        "ahead of"
    };
    let message = format!("this machine's clock is {by} s {side} the service's");
    match by {
        0 | 1 => Diagnosis::good("the clocks agree"),
        _ if by <= CLOCK_DIFFERENCE_MAX_SECONDS => {
            Diagnosis::good(format!("{message}, within the limit"))
        }
        _ => {
            let hint = "set the clock, for instance by enabling time synchronization";
            Diagnosis::fault(message, Some(hint.into()))
        }
    }
}

/// Judges a token by its status and when it expires.
pub fn token(token: &TokenStatus, owner: Owner, now: Timestamp) -> Diagnosis {
    let owner = owner.as_str();
    if !token.is_active() {
        let hint = format!("enable, roll or replace it on {API_TOKENS_PAGE}");
        return Diagnosis::fault(
            format!("the {owner} token is {}", token.status),
            Some(hint.into()),
        );
    }
    let Some(end) = &token.expires_on else {
        return Diagnosis::good(format!("the {owner} token is active"));
    };
    let left = end.parse::<Timestamp>().ok();
    let left = left.map(|at| at.duration_since(now));
    let message = match left.filter(|left| *left < TOKEN_EXPIRES_SOON) {
        None => {
            return Diagnosis::good(format!("the {owner} token is active and expires on {end}"));
        }
        Some(left) if left.is_negative() => {
            format!("the API calls the {owner} token active, although it expired on {end}")
        }
        Some(left) => match left.as_hours() / 24 {
            0 => format!("the {owner} token expires in less than a day, on {end}"),
            days => format!(
                "the {owner} token expires in less than {} days, on {end}",
                days + 1
            ),
        },
    };
    let hint = format!("create a new token in time on {API_TOKENS_PAGE}");
    Diagnosis::warning(message, hint)
}

/// Judges a token that opens something, although no endpoint knows it.
pub fn unverified_token(refusal: &api::Error) -> Diagnosis {
    let message = format!(
        "the API accepts the token, but not to verify it: {}",
        with_causes(refusal)
    );
    Diagnosis::warning(message, format!("check its status on {API_TOKENS_PAGE}"))
}

/// Judges credentials that open nothing.
pub fn credentials_rejected(scheme: Scheme, refusal: &api::Error) -> Diagnosis {
    let message = format!("the API rejects the credentials: {}", with_causes(refusal));
    let hint = match scheme {
        Scheme::Misplaced => return Diagnosis::fault(message, misplaced_key().hint),
        _ if let Some(command) = refusal.login_command() => {
            format!("renew the login with `{command}`")
        }
        _ => format!("copy the token again, or create a new one on {API_TOKENS_PAGE}"),
    };
    Diagnosis::fault(message, Some(hint.into()))
}

/// Judges a global API key that is given as a token.
pub fn misplaced_key() -> Diagnosis {
    let hint = "set CLOUDFLARE_API_KEY and CLOUDFLARE_EMAIL to use it, or better create a token";
    Diagnosis::fault("the token is a global API key", Some(hint.into()))
}

/// What a refusal to read the namespaces of an account is about.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The credentials do not reach the account.
    Account(Diagnosis),
    /// They lack the permission; this is what to do.
    Permission(String),
}

/// Tells apart what the service words alike: an account that the credentials do not reach, and a
/// permission that they lack in it. `reached` are the accounts they reach, if they may say so.
///
/// `login_command` renews the credentials, if they are a login.
pub fn refused_to_read(
    account: &AccountId,
    reached: Option<&[Account]>,
    login_command: Option<&str>,
) -> Refusal {
    let (read, write) = (Permission::KvRead, Permission::KvWrite);
    let known = reached.unwrap_or_default();
    if known.is_empty() || known.iter().any(|it| it.id == *account) {
        if let Some(command) = login_command {
            return Refusal::Permission(format!(
                "renew the login with all of wrangler's scopes by `{command}`, or use a token with the \
                 permission {write} for account {account}"
            ));
        }
        return Refusal::Permission(format!(
            "give the token the permission {write} for account {account}, or {read} to read only, \
             on {API_TOKENS_PAGE}"
        ));
    }
    let names = known.iter().map(|it| format!("{} ({})", it.id, it.name));
    let names: Vec<String> = names.collect();
    let message = format!(
        "the credentials cannot access account {account}; they can access {}",
        names.join(", ")
    );
    let hint = "select the right account with `--account-id ID`, CLOUDFLARE_ACCOUNT_ID or \
                `account_id` in the wrangler file, or use a token of this account";
    Refusal::Account(Diagnosis::fault(message, Some(hint.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_may_differ_by_a_minute_in_both_directions() {
        for (seconds, severity) in [
            (0, Severity::Good),
            (45, Severity::Good),
            (60, Severity::Good),
            (-60, Severity::Good),
            (61, Severity::Fault),
            (-61, Severity::Fault),
            (i64::MIN, Severity::Fault),
        ] {
            assert_eq!(clock(seconds).severity, severity, "{seconds}");
        }
        let said = [1, -45, 600].map(|seconds| clock(seconds).message);
        insta::assert_snapshot!(said.join("\n"), @r"
        the clocks agree
        this machine's clock is 45 s behind the service's, within the limit
        this machine's clock is 600 s ahead of the service's
        ");
    }

    #[test]
    fn a_token_should_be_replaced_in_its_last_week() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let judged = |status: &str, end: Option<&str>| {
            let status = TokenStatus {
                id: "id".to_owned(),
                status: status.to_owned(),
                expires_on: end.map(str::to_owned),
            };
            token(&status, Owner::User, now)
        };
        let cases = [
            ("active", None),
            ("active", Some("2026-01-08T00:00:00Z")),
            ("active", Some("2026-01-07T23:59:59Z")),
            ("active", Some("2026-01-01T01:00:00Z")),
            ("active", Some("2025-12-31T00:00:00Z")),
            ("active", Some("never")),
            ("disabled", Some("2026-01-08T00:00:00Z")),
            ("expired", None),
        ];
        let said = cases.map(|(status, end)| {
            let Diagnosis {
                severity, message, ..
            } = judged(status, end);
            format!("{severity:?}: {message}")
        });
        insta::assert_snapshot!(said.join("\n"), @r"
        Good: the user token is active
        Good: the user token is active and expires on 2026-01-08T00:00:00Z
        Warning: the user token expires in less than 7 days, on 2026-01-07T23:59:59Z
        Warning: the user token expires in less than a day, on 2026-01-01T01:00:00Z
        Warning: the API calls the user token active, although it expired on 2025-12-31T00:00:00Z
        Good: the user token is active and expires on never
        Fault: the user token is disabled
        Fault: the user token is expired
        ");
    }

    #[test]
    fn an_account_out_of_reach_is_told_from_a_permission_that_is_missing() {
        let id: AccountId = "0a1b2c3d4e5f60718293a4b5c6d7e8f9".parse().unwrap();
        let other = Account {
            id: "ffffffffffffffffffffffffffffff00".parse().unwrap(),
            name: "Other".to_owned(),
        };
        let own = Account {
            id: id.clone(),
            name: "Own".to_owned(),
        };
        let permission = |reached: Option<&[Account]>| {
            matches!(refused_to_read(&id, reached, None), Refusal::Permission(_))
        };
        assert!(permission(None) && permission(Some(&[])));
        assert!(permission(Some(&[other.clone(), own])));
        let Refusal::Account(diagnosis) = refused_to_read(&id, Some(&[other]), None) else {
            panic!("the account is out of reach");
        };
        insta::assert_snapshot!(diagnosis.message, @"the credentials cannot access account 0a1b2c3d4e5f60718293a4b5c6d7e8f9; they can access ffffffffffffffffffffffffffffff00 (Other)");
    }
}
