//! Maps an API error to a check, so that one cause fails one check.

use std::time::Duration;

use super::{Check, Class, Finding};
use crate::{
    api,
    config::Location,
    domain::{Classify as _, ErrorClass, Hint, with_causes},
    ops::health::Diagnosis,
    wire::code,
};

/// Why something cannot be checked: another check fails, and this is what it says.
#[derive(Debug, Clone)]
pub(super) struct Blocked {
    /// The check that fails.
    pub(super) by: Check,
    pub(super) class: Class,
    pub(super) message: String,
    pub(super) hint: Option<Hint>,
    pub(super) place: Option<Location>,
}

impl Blocked {
    pub(super) fn new(by: Check, class: Class, message: impl Into<String>) -> Self {
        Self {
            by,
            class,
            message: message.into(),
            hint: None,
            place: None,
        }
    }

    /// What a rule says that `doctor` follows as well.
    pub(super) fn by(check: Check, class: Class, diagnosis: Diagnosis) -> Self {
        Self {
            hint: diagnosis.hint,
            ..Self::new(check, class, diagnosis.message)
        }
    }

    pub(super) fn hint(self, hint: impl Into<Hint>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// Blames an error of the API on the check that is about it; `otherwise` on that which asked.
    pub(super) fn of(error: &api::Error, otherwise: Check) -> Self {
        let (by, class) = match error.class() {
            ErrorClass::Temporary if error.is_quota_spent() || error.is_throttled() => {
                (Check::Quota, Class::Temporary)
            }
            ErrorClass::Temporary => (otherwise, Class::Temporary),
            ErrorClass::Denied if error.is_page() => (otherwise, Class::Check),
            ErrorClass::Denied if error.has_code(code::NO_ROUTE) => (Check::Account, Class::Denied),
            ErrorClass::Denied if is_about_credentials(error) => {
                (Check::Credentials, Class::Denied)
            }
            ErrorClass::Denied => (Check::Permission, Class::Denied),
            _ => (otherwise, Class::Check),
        };
        Self {
            by,
            class,
            message: with_causes(error),
            hint: error.hint(),
            place: None,
        }
    }

    /// Returns the finding of the check that is to blame.
    pub(super) fn failure(&self) -> Finding {
        self.failure_of(self.by)
    }

    /// Returns the failure as if it were `check`'s.
    pub(super) fn failure_of(&self, check: Check) -> Finding {
        Finding {
            hint: self.hint.clone(),
            class: self.class,
            place: self.place.clone(),
            ..Finding::fail(check, &self.message)
        }
    }

    /// Returns what `check` says: it is skipped where the check to blame fails and says the rest.
    pub(super) fn finding(&self, check: Check) -> Finding {
        let failure = self.failure_of(check);
        if self.by == check {
            return failure;
        }
        Finding::skip_because_of(self.by, failure)
    }
}

fn is_about_credentials(error: &api::Error) -> bool {
    const CODES: &[u32] = &[
        1000,
        code::UNKNOWN_KEY_OR_EMAIL,
        code::INVALID_HEADERS,
        code::NO_CREDENTIALS,
    ];
    error.status().is_some_and(|status| status.as_u16() == 401)
        || error.codes().any(|code| CODES.contains(&code))
}

/// Returns a span of time as people say it: `350 ms`, `5.2 s`.
pub(super) fn said(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        return format!("{} ms", duration.as_millis());
    }
    format!("{:.1} s", duration.as_secs_f64())
}
