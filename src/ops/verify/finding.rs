//! What a check has to say, and about what.

use serde::Serialize;

use super::{Check, Subject, subject::in_short};
use crate::{
    config::Location,
    domain::Hint,
    ops::health::{Diagnosis, Severity},
};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It was not made; the message says why.
    Skip,
    /// All is well.
    Pass,
    /// It works, and deserves attention.
    Warn,
    /// It does not work.
    Fail,
}

impl Status {
    /// Returns its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What kind of trouble a failure is, from which a script learns whether to run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Throttled, over quota, or unreachable: running again may work.
    Temporary,
    /// No credentials, or not enough of them.
    Denied,
    /// The check failed.
    Check,
}

/// What a check has to say about one thing.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// What it is about.
    pub subject: Subject,
    /// How it ended.
    pub status: Status,
    /// What was found, in a sentence; for a skipped check why.
    pub message: String,
    /// What `message` is made of.
    pub(super) said: Vec<Said>,
    /// What joins it with others, though they say something else or are about another field.
    pub(super) cause: Option<Cause>,
    /// Whether `message` names what it is said of: the subject does not tell all of it.
    pub(super) is_named: bool,
    /// What to do next.
    pub hint: Option<Hint>,
    /// Where in which file.
    pub place: Option<Location>,
    /// What kind of trouble a failure is.
    pub class: Class,
    /// Why a check was skipped, if another one is to blame.
    pub(super) blame: Option<Box<Blame>>,
}

/// What a command is for that writes the ids which are not filled in yet.
pub(super) const FILL_IN: &str = " to fill in what is missing";

/// A cause of findings that differ in what they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// An id is missing, empty or a placeholder.
    NotFilledIn,
    /// The account does not have an id.
    NotInAccount,
    /// A namespace has a title that is not expected.
    Title,
    /// Something was measured: each has its own, even if the numbers happen to be the same.
    Measured,
}

impl Cause {
    /// Whether it is one, whatever is said of it.
    fn is_told_apart(self) -> bool {
        matches!(self, Self::NotFilledIn | Self::NotInAccount)
    }
}

/// What is said of some of the bindings of a finding.
#[derive(Debug, Clone)]
pub(super) struct Said {
    message: String,
    /// The same of several bindings, where the message has details of one.
    general: Option<String>,
    /// The bindings.
    of: Vec<String>,
}

impl Said {
    /// Returns what is said of the bindings of both.
    fn merged(&self, other: &Self) -> Option<Self> {
        let message = if self.message == other.message {
            &self.message
        } else if self.general == other.general {
            self.general.as_ref()?
        } else {
            return None;
        };
        let new = other.of.iter().filter(|it| !self.of.contains(it));
        Some(Self {
            message: message.clone(),
            general: self.general.clone(),
            of: self.of.iter().chain(new).cloned().collect(),
        })
    }
}

/// Why a check was skipped.
#[derive(Debug, Clone)]
pub(super) struct Blame {
    /// The check that is to blame.
    by: Check,
    /// What is said if that one did not fail.
    otherwise: Finding,
}

impl Finding {
    fn new(check: Check, status: Status, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            check,
            subject: Subject::default(),
            status,
            said: vec![Said {
                message: message.clone(),
                general: None,
                of: Vec::new(),
            }],
            message,
            cause: None,
            is_named: false,
            hint: None,
            place: None,
            class: Class::Check,
            blame: None,
        }
    }

    /// What a rule says that `doctor` follows as well.
    pub(super) fn of(check: Check, diagnosis: Diagnosis) -> Self {
        let status = match diagnosis.severity {
            Severity::Good | Severity::Note => Status::Pass,
            Severity::Warning => Status::Warn,
            Severity::Fault => Status::Fail,
        };
        Self {
            hint: diagnosis.hint,
            ..Self::new(check, status, diagnosis.message)
        }
    }

    /// All is well.
    pub fn pass(check: Check, message: impl Into<String>) -> Self {
        Self::new(check, Status::Pass, message)
    }

    /// Something deserves attention.
    pub fn warn(check: Check, message: impl Into<String>) -> Self {
        Self::new(check, Status::Warn, message)
    }

    /// Something is wrong.
    pub fn fail(check: Check, message: impl Into<String>) -> Self {
        Self::new(check, Status::Fail, message)
    }

    /// The check was not made.
    pub fn skip(check: Check, reason: impl Into<String>) -> Self {
        Self::new(check, Status::Skip, reason)
    }

    /// The check was skipped because `by` failed. If `by` did not fail, falls back to `otherwise`:
    /// a check must not be skipped silently.
    pub(super) fn skip_because_of(by: Check, otherwise: Self) -> Self {
        let skipped = Self::skip(otherwise.check, format!("the check `{by}` failed"));
        Self {
            blame: Some(Box::new(Blame { by, otherwise })),
            ..skipped
        }
    }

    /// The same, with what is said of several bindings at once.
    #[must_use]
    pub(super) fn in_general(mut self, message: impl Into<String>) -> Self {
        let message = message.into();
        for said in &mut self.said {
            said.general = Some(message.clone());
        }
        self
    }

    /// The same, which says something else as well, in `general` of several bindings.
    #[must_use]
    pub(super) fn also(mut self, message: impl Into<String>, general: impl Into<String>) -> Self {
        self.said.push(Said {
            message: message.into(),
            general: Some(general.into()),
            of: vec![self.subject.name()],
        });
        let message = self.told();
        Self { message, ..self }
    }

    /// The same, which is one with others of this cause.
    #[must_use]
    pub(super) fn because(self, cause: Cause) -> Self {
        let cause = Some(cause);
        Self { cause, ..self }
    }

    /// The same, about `subject`.
    #[must_use]
    pub fn about(mut self, subject: Subject) -> Self {
        for said in &mut self.said {
            said.of = vec![subject.name()];
        }
        Self { subject, ..self }
    }

    /// The same, with what to do next.
    #[must_use]
    pub fn hint(self, hint: impl Into<Hint>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// The same, with what `change` makes of its hint, and of that which it has if nothing else fails.
    #[must_use]
    pub(super) fn map_hint(self, change: &impl Fn(Hint) -> Hint) -> Self {
        let blame = self.blame.map(|blame| {
            let Blame { by, otherwise } = *blame;
            let otherwise = otherwise.map_hint(change);
            Box::new(Blame { by, otherwise })
        });
        let hint = self.hint.map(change);
        Self {
            hint,
            blame,
            ..self
        }
    }

    /// The same, at a place of a file.
    #[must_use]
    pub fn at(self, place: Option<Location>) -> Self {
        Self { place, ..self }
    }
}

impl Finding {
    /// Returns one finding for both, where other bindings have the same trouble.
    fn merged(&self, other: &Self) -> Option<Self> {
        let of = |it: &Self| (it.check, it.status, it.class, it.cause);
        let has_bindings = [self, other].iter().all(|it| it.subject.has_bindings());
        let is_one_detail = self.subject.detail == other.subject.detail;
        let is_measured = self.cause == Some(Cause::Measured);
        let is_alike = of(self) == of(other) && (is_one_detail || self.cause.is_some());
        if !has_bindings || !is_alike || is_measured {
            return None;
        }
        let both = Self {
            hint: Some(self.hint.as_ref()?.merged(other.hint.as_ref()?)?),
            subject: self.subject.merged(&other.subject),
            said: self.said_by_both(other)?,
            is_named: self.is_named || other.is_named || !is_one_detail,
            ..self.clone()
        };
        let message = both.told();
        Some(Self { message, ..both })
    }

    /// Returns what is said, each once, and of which bindings, where it is not said of all.
    fn told(&self) -> String {
        let is_named = self.is_named || self.said.iter().any(|it| it.of != self.said[0].of);
        let told = self.said.iter().map(|said| {
            let Said { message, of, .. } = said;
            if is_named {
                format!("{message} ({})", in_short(of))
            } else {
                message.clone()
            }
        });
        told.collect::<Vec<_>>().join("; ")
    }

    fn said_by_both(&self, other: &Self) -> Option<Vec<Said>> {
        let mut all = self.said.clone();
        for said in &other.said {
            match all.iter_mut().find_map(|it| Some((it.merged(said)?, it))) {
                Some((both, earlier)) => *earlier = both,
                None if self.cause.is_some_and(Cause::is_told_apart) => all.push(said.clone()),
                None => return None,
            }
        }
        Some(all)
    }
}

/// What the checks have to say, in their order.
///
/// By construction no skip blames a check that did not fail: what could not be found out is a failure
/// of its own then.
#[derive(Debug)]
pub struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn new(findings: Vec<Finding>) -> Self {
        let failed = findings.iter().filter(|it| it.status == Status::Fail);
        let failed: Vec<Check> = failed.map(|it| it.check).collect();
        let settle = |finding: Finding| match finding.blame {
            Some(blame) if !failed.contains(&blame.by) => Finding {
                subject: finding.subject,
                place: finding.place.or(blame.otherwise.place),
                ..blame.otherwise
            },
            _ => finding,
        };
        let mut settled: Vec<Finding> = Vec::with_capacity(findings.len());
        for finding in findings.into_iter().map(settle) {
            let merged = settled
                .iter_mut()
                .find_map(|it| Some((it.merged(&finding)?, it)));
            match merged {
                Some((both, earlier)) => *earlier = both,
                None => settled.push(finding),
            }
        }
        Self(settled)
    }

    /// Changes each of them.
    pub(super) fn map(self, change: impl FnMut(Finding) -> Finding) -> Self {
        Self(self.0.into_iter().map(change).collect())
    }

    /// Returns the worst of them. If no check was made, nothing is known to be well.
    pub fn outcome(&self) -> Status {
        let worst = self.0.iter().map(|it| it.status).max();
        worst
            .filter(|it| *it != Status::Skip)
            .unwrap_or(Status::Fail)
    }
}

impl std::ops::Deref for Findings {
    type Target = [Finding];

    fn deref(&self) -> &[Finding] {
        &self.0
    }
}

impl IntoIterator for Findings {
    type Item = Finding;
    type IntoIter = std::vec::IntoIter<Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_check() -> impl Strategy<Value = Check> {
        proptest::sample::select(Check::ALL)
    }

    fn any_finding() -> impl Strategy<Value = Finding> {
        (any_check(), any_check(), 0..5).prop_map(|(check, by, kind)| match kind {
            0 => Finding::pass(check, "well"),
            1 => Finding::warn(check, "odd"),
            2 => Finding::skip(check, "not asked for"),
            3 => Finding::fail(check, "broken"),
            _ => Finding::skip_because_of(by, Finding::fail(check, "the cause")),
        })
    }

    proptest! {
        #[test]
        fn a_skip_blames_only_what_failed(
            findings in proptest::collection::vec(any_finding(), 0..12)
        ) {
            let settled = Findings::new(findings.clone());
            let failed = |check| settled.iter().any(|it| it.check == check && it.status == Status::Fail);
            prop_assert_eq!(settled.len(), findings.len());
            for (before, after) in findings.iter().zip(settled.iter()) {
                prop_assert_eq!(before.check, after.check);
                match (&before.blame, after.status) {
                    (Some(blame), Status::Skip) => prop_assert!(failed(blame.by)),
                    (Some(_), status) => {
                        prop_assert_eq!(status, Status::Fail);
                        prop_assert_eq!(&after.message, "the cause");
                    }
                    (None, status) => prop_assert_eq!(status, before.status),
                }
            }
        }
    }

    #[test]
    fn where_nothing_was_checked_nothing_is_well() {
        let outcome = |findings: &[Finding]| Findings::new(findings.to_vec()).outcome();
        let skip = || Finding::skip(Check::Worker, "`--worker` was not given");
        assert_eq!(outcome(&[]), Status::Fail);
        assert_eq!(outcome(&[skip()]), Status::Fail);
        assert_eq!(
            outcome(&[skip(), Finding::pass(Check::Quota, "")]),
            Status::Pass
        );
        assert_eq!(
            outcome(&[skip(), Finding::warn(Check::Quota, "")]),
            Status::Warn
        );
    }
}
