//! The check `assertions`: what `kvctl.toml` asserts holds. No message shows a value.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Check, Finding, Subject, blocked::Blocked, context::CheckContext};
use crate::{
    api::{self, Namespace},
    config::{Assertion, Claim, Entry, Expectation, Scope},
    domain::{KeyName, Metadata, NamespaceId, Prefixes, Section, hex, quantity, thousands},
    ops::keys,
};

/// How many assertions are judged at once.
const AT_ONCE: usize = 4;

pub(super) async fn check(context: &CheckContext<'_>) -> Vec<Finding> {
    results(context).await.to_vec()
}

/// Returns the findings of every assertion; they are made once.
pub(super) async fn results<'f>(context: &'f CheckContext<'_>) -> &'f [Finding] {
    context.assertions.get_or_init(|| judge_all(context)).await
}

/// Judges every assertion, in each section that it is about.
async fn judge_all(context: &CheckContext<'_>) -> Vec<Finding> {
    let check = Check::Assertions;
    let asserts = context.options.manifest.map_or(&[][..], |m| &m.asserts[..]);
    if asserts.is_empty() {
        return vec![Finding::skip(check, "kvctl.toml has no assertions")];
    }
    let scopes = match context.scopes() {
        Ok(scopes) => scopes,
        Err(blocked) => return vec![blocked.finding(check)],
    };
    let cases = asserts
        .iter()
        .flat_map(|assertion| cases(assertion, &scopes));
    let judged = stream::iter(cases).map(|case| async move {
        let place = context
            .options
            .manifest
            .map(|m| m.place(case.assertion.position));
        let subject = case.subject();
        case.judge(context).await.about(subject).at(place)
    });
    judged.buffered(AT_ONCE).collect().await
}

/// Pairs an assertion with the sections it applies to, if any.
fn cases<'a>(assertion: &'a Assertion, scopes: &[&'a Scope]) -> Vec<Case<'a>> {
    let about = scopes.iter().filter(|scope| {
        let only = assertion.environment.as_ref();
        let section = &scope.section;
        only.is_none_or(|only| section.environment() == Some(only) && !section.is_previews())
    });
    let cases: Vec<Case<'a>> = about
        .map(|scope| Case {
            assertion,
            scope: Some(scope),
        })
        .collect();
    if cases.is_empty() {
        return vec![Case {
            assertion,
            scope: None,
        }];
    }
    cases
}

/// An assertion in one section.
#[derive(Clone, Copy)]
struct Case<'a> {
    assertion: &'a Assertion,
    scope: Option<&'a Scope>,
}

impl<'a> Case<'a> {
    fn subject(&self) -> Subject {
        let section = match self.scope {
            Some(scope) => scope.section.clone(),
            None => self.assertion.environment.clone().into(),
        };
        let detail = match &self.assertion.claim {
            Claim::Key(key, _) => key.to_string(),
            Claim::Count { prefix, .. } => format!("{prefix}*"),
        };
        Subject::binding(&section, &self.assertion.binding).with(detail)
    }

    fn entry(&self) -> Option<&'a Entry> {
        let mut entries = self.scope?.entries.iter();
        entries.find(|entry| entry.binding == self.assertion.binding)
    }

    async fn judge(&self, context: &CheckContext<'_>) -> Finding {
        let check = Check::Assertions;
        let Some(scope) = self.scope else {
            return Finding::skip(
                check,
                "this section was not selected; select it with `--env`",
            );
        };
        let Some(entry) = self.entry() else {
            return Finding::skip(check, "this section does not have the binding");
        };
        let id = match look_up(context, &scope.section, entry).await {
            Ok(Some(id)) => id,
            Ok(None) => return Finding::skip(check, "the binding has no namespace"),
            Err(blocked) => return blocked.finding(check),
        };
        let lookup = match context.namespace(&id) {
            Ok(namespace) => Lookup(namespace),
            Err(blocked) => return blocked.finding(check),
        };
        let problems = match &self.assertion.claim {
            Claim::Key(key, expected) => lookup.key(key, expected).await,
            Claim::Count { prefix, min, max } => lookup.count(prefix, *min, *max).await,
        };
        match problems {
            Ok(problems) if problems.is_empty() => Finding::pass(check, "holds"),
            Ok(problems) => Finding::fail(check, problems.join("; ")).hint(
                "fix the key or the assertion; changes of the last minute may not be visible \
                 everywhere yet",
            ),
            Err(error) => {
                let blocked = context.blame(&error, check).await;
                context.record(&blocked);
                blocked.finding(check)
            }
        }
    }
}

/// Finds the namespace of a binding; `None` if it has none, which other checks report.
async fn look_up(
    context: &CheckContext<'_>,
    section: &Section,
    entry: &Entry,
) -> Result<Option<NamespaceId>, Blocked> {
    let mut all = context.bound().await?.iter();
    match all.find(|bound| bound.is(section, entry)) {
        Some(bound) => context.existing(bound).await,
        None => Ok(None),
    }
}

/// A namespace that is looked into.
struct Lookup<'a>(Namespace<'a>);

impl Lookup<'_> {
    /// Returns what of `expected` does not hold of `key`.
    async fn key(
        &self,
        key: &KeyName,
        expected: &[Expectation],
    ) -> Result<Vec<String>, api::Error> {
        let wants_metadata = expected
            .iter()
            .any(|e| matches!(e, Expectation::Metadata(_)));
        let found = if wants_metadata {
            self.0.record(key).await
        } else {
            self.0.value(key).await.map(|value| (value, None))
        };
        let (value, metadata) = match found {
            Err(error) if keys::is_absent(&error) => {
                let missing = !matches!(expected, [Expectation::Absent]);
                let problem = missing.then(|| "the key does not exist".to_owned());
                return Ok(problem.into_iter().collect());
            }
            other => other?,
        };
        let now = self.0.client.service_now();
        let found = StoredKey {
            value: &value.bytes,
            lives: value.expiration.map(|at| at.unix_seconds() - now),
            metadata: metadata.as_ref(),
        };
        Ok(expected.iter().flat_map(|e| found.problems(e)).collect())
    }

    async fn count(
        &self,
        prefix: &str,
        min: usize,
        max: Option<usize>,
    ) -> Result<Vec<String>, api::Error> {
        let prefix = Prefixes::one(prefix);
        let mut pages = std::pin::pin!(self.0.keys(&prefix));
        let mut count = 0;
        // Stop listing once the outcome is known.
        while let Some(keys) = pages.try_next().await? {
            count += keys.len();
            if max.map_or(count >= min, |max| count > max) {
                break;
            }
        }
        Ok(if count < min {
            vec![format!(
                "expected at least {min} keys with this prefix, found {count}"
            )]
        } else if max.is_some_and(|max| count > max) {
            let max = max.unwrap_or_default();
            vec![format!(
                "expected at most {max} keys with this prefix, found more"
            )]
        } else {
            Vec::new()
        })
    }
}

/// A key that is there.
struct StoredKey<'a> {
    value: &'a [u8],
    /// The seconds until it expires; `None` if it never does.
    lives: Option<i64>,
    metadata: Option<&'a Metadata>,
}

impl StoredKey<'_> {
    fn problems(&self, expected: &Expectation) -> Vec<String> {
        let problem = match expected {
            Expectation::Exists => None,
            Expectation::Absent => Some("the key exists but should not".to_owned()),
            Expectation::Equals(text) => (self.value != text.as_bytes()).then(|| {
                let (has, wanted) = (self.value.len(), text.len());
                format!(
                    "the value differs: it has {}, expected {}",
                    quantity(has, "byte"),
                    thousands(wanted)
                )
            }),
            Expectation::Sha256(digest) => {
                (hex(&Sha256::digest(self.value)) != *digest).then(|| {
                    format!(
                        "the SHA-256 of the value ({}) differs",
                        quantity(self.value.len(), "byte")
                    )
                })
            }
            Expectation::Json(values) => {
                let Ok(json) = serde_json::from_slice::<Value>(self.value) else {
                    return vec!["the value is not JSON".to_owned()];
                };
                let differs = |(pointer, wanted): (&String, &Value)| match json.pointer(pointer) {
                    None => Some(format!("the value has nothing at `{pointer}`")),
                    Some(found) if found != wanted => {
                        Some(format!("the value differs at `{pointer}`"))
                    }
                    Some(_) => None,
                };
                return values.iter().filter_map(differs).collect();
            }
            Expectation::TtlAtLeast(ttl) => {
                let wanted = i64::from(ttl.seconds());
                let short = self.lives.filter(|lives| *lives < wanted);
                short.map(|lives| {
                    format!("the key expires in {lives} s, expected at least {wanted} s")
                })
            }
            Expectation::Metadata(wanted) => {
                let found = self.metadata.map(Metadata::as_json);
                let found = found.and_then(|json| serde_json::from_str::<Value>(json).ok());
                match found {
                    None => Some("the key has no metadata".to_owned()),
                    Some(found) if found != *wanted => Some("the metadata differs".to_owned()),
                    Some(_) => None,
                }
            }
        };
        problem.into_iter().collect()
    }
}
