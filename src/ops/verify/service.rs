//! The checks that send requests: to the service about the connection, the credentials and what they
//! may do, and to the Worker.

use url::Url;

use super::{
    Check, Class, Finding, Subject, assertions,
    blocked::Blocked,
    context::{CheckContext, TokenAnswer, Writing, no_account},
    deployed, probe,
};
use crate::{
    api::{Client, Scheme, VISIT_BYTES, is_loopback},
    config::{Entry, Field},
    domain::{DeclaredId, Permission, quantity, thousands, with_causes},
    ops::health,
};

/// The check `connection`: the service can be reached, and answers as it should.
pub(super) async fn connection(context: &CheckContext<'_>) -> Vec<Finding> {
    let check = Check::Connection;
    if context.is_local() {
        return vec![Finding::skip(check, "the local store is on this machine")];
    }
    let listed = context.namespaces().await;
    // Whatever is out of reach, the others notice.
    wait_for_all(context).await;
    if let Some(trouble) = context.recorded(check) {
        return vec![trouble.failure()];
    }
    let finding = match (context.client(), listed) {
        (Err(denied), _) if denied.by == Check::Configuration => {
            Finding::skip(check, denied.message)
        }
        (Err(_), _) => Finding::skip(check, "no credentials, so no request was sent"),
        (Ok(_), Ok(_)) => Finding::pass(check, "the API answers"),
        (Ok(_), Err(blocked)) if blocked.by == check => blocked.failure(),
        // An answer, though not the one that was hoped for.
        (Ok(_), Err(_)) if context.network().is_some() => Finding::pass(check, "the API answers"),
        (Ok(_), Err(blocked)) => blocked.finding(check),
    };
    vec![finding]
}

/// Waits until the other checks have sent their requests, so that every failure is recorded.
async fn wait_for_all(context: &CheckContext<'_>) {
    if context.is_selected(Check::Credentials) {
        context.token().await;
    }
    if context.is_selected(Check::Probe) {
        probe::probes(context).await;
    }
    if context.is_selected(Check::Permission) && !context.options.read_only {
        writing(context).await;
    }
    if context.is_selected(Check::Deployed) {
        deployed::check(context).await;
    }
    if [Check::Configuration, Check::Namespaces]
        .into_iter()
        .any(|check| context.is_selected(check))
    {
        context.bound().await.ok();
    }
    if context.is_selected(Check::Assertions) {
        assertions::results(context).await;
    }
}

/// The check `credentials`: they are there, and valid.
pub(super) async fn credentials(context: &CheckContext<'_>) -> Vec<Finding> {
    let check = Check::Credentials;
    if context.is_local() {
        return vec![Finding::skip(check, "the local store needs no credentials")];
    }
    let finding = match context.token().await {
        TokenAnswer::Known(status, owner) => Finding {
            class: Class::Denied,
            ..Finding::of(
                check,
                health::token(status, *owner, (context.options.now)()),
            )
        },
        TokenAnswer::Failed(blocked) => blocked.finding(check),
        // What no endpoint verifies is judged by whether it opens anything.
        answer @ (TokenAnswer::Unknown(..) | TokenAnswer::NotAsked) => {
            match (context.namespaces().await, answer) {
                (Ok(_), TokenAnswer::Unknown(_, error)) => {
                    Finding::of(check, health::unverified_token(error))
                }
                (Ok(_), _) => Finding::pass(check, accepted(context)),
                (Err(blocked), _) => blocked.finding(check),
            }
        }
    };
    vec![finding]
}

fn accepted(context: &CheckContext<'_>) -> &'static str {
    match context.client().map(Client::scheme) {
        Ok(Scheme::GlobalKey) => "the global API key is accepted",
        _ => "the token is accepted; the status of a login cannot be checked",
    }
}

/// The check `account`: file and environment agree on one, and the credentials reach it.
pub(super) async fn account(context: &CheckContext<'_>) -> Vec<Finding> {
    let check = Check::Account;
    if context.is_local() {
        return vec![Finding::skip(check, "the local store has a single account")];
    }
    let account = match context.account() {
        Ok(account) => account,
        Err(blocked) if blocked.by == check => {
            let first = blocked.finding(check);
            return wrong_accounts(context, first);
        }
        Err(blocked) => return vec![blocked.finding(check)],
    };
    let reached = || {
        Finding::pass(
            check,
            format!("the credentials can access account {account}"),
        )
    };
    let finding = match context.namespaces().await {
        Ok(_) => reached(),
        Err(blocked) => blocked.finding(check),
    };
    vec![finding]
}

/// Returns what is wrong with the account of each section that is meant, once for each place; `first` where
/// that is not about one.
fn wrong_accounts(context: &CheckContext<'_>, first: Finding) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for section in context.options.sections {
        let mut accounts = context.options.accounts.iter();
        let Some((_, Err(error))) = accounts.find(|(of, _)| of == section) else {
            continue;
        };
        let finding = no_account(error).finding(Check::Account);
        let finding = finding.about(Subject::section(section));
        match findings.iter_mut().find(|it| it.place == finding.place) {
            Some(known) => known.subject = known.subject.merged(&finding.subject),
            None => findings.push(finding),
        }
    }
    if findings.is_empty() {
        return vec![first];
    }
    findings
}

/// The check `permission`: the credentials may read, and write unless the check is read-only.
pub(super) async fn permission(context: &CheckContext<'_>) -> Vec<Finding> {
    let check = Check::Permission;
    if context.is_local() {
        return vec![Finding::skip(check, "the local store has no permissions")];
    }
    if let Err(blocked) = context.namespaces().await {
        return vec![blocked.finding(check)];
    }
    if context.options.read_only {
        let message = "can read; writing was not tested (`--read-only`)";
        return vec![Finding::pass(check, message)];
    }
    let finding = match writing(context).await {
        Writing::Allowed => Finding::pass(check, "can read and write"),
        // Without a wrangler file, there is no binding to try it with.
        Writing::Untried if let Err(blocked) = context.document() => blocked.finding(check),
        Writing::Untried if is_nothing_bound(context) => {
            let message = "can read; writing was not tested because no KV namespaces are bound";
            Finding::pass(check, message)
        }
        Writing::Untried => {
            let message = "can read; writing was not tested because no binding has a namespace";
            let finding = Finding::warn(check, message)
                .hint("give a binding a namespace, or pass `--read-only`");
            let scopes = context.scopes().unwrap_or_default();
            let mut entries = scopes.iter().flat_map(|scope| &scope.entries);
            let has_id = |entry: &Entry| matches!(entry.declared(Field::Id), DeclaredId::Valid(_));
            // Whichever fails because there is none.
            let by = if entries.all(has_id) {
                Check::Namespaces
            } else {
                Check::Configuration
            };
            Finding::skip_because_of(by, finding)
        }
        Writing::Blocked(blocked) => blocked.finding(check),
        Writing::Refused(refusal) => {
            let failure = refusal.failure_of(check);
            let message = format!("can read but not write: {}", failure.message);
            Finding { message, ..failure }.hint(format!(
                "{}, or pass `--read-only`",
                Permission::KvWrite.grant()
            ))
        }
    };
    vec![finding]
}

/// Whether nothing is bound, and another check says so.
fn is_nothing_bound(context: &CheckContext<'_>) -> bool {
    let scopes = context.scopes().unwrap_or_default();
    context.is_selected(Check::Configuration) && scopes.iter().all(|it| it.entries.is_empty())
}

/// Finds out whether writing is allowed: from the probes, or by deleting what is not there.
async fn writing<'f>(context: &'f CheckContext<'_>) -> &'f Writing {
    context.writing.get_or_init(|| try_writing(context)).await
}

async fn try_writing(context: &CheckContext<'_>) -> Writing {
    if context.is_selected(Check::Probe) {
        let probes = probe::probes(context).await;
        let wrote = probes.iter().any(|probed| probed.wrote);
        return match context.recorded(Check::Permission) {
            Some(refusal) if wrote => Writing::Blocked(refusal),
            Some(refusal) => Writing::Refused(refusal),
            None if wrote => Writing::Allowed,
            None => {
                let blocked = probes.iter().find_map(|probed| probed.blocked.clone());
                blocked.map_or(Writing::Untried, Writing::Blocked)
            }
        };
    }
    match delete_nothing(context).await {
        Ok(true) => Writing::Allowed,
        Ok(false) => Writing::Untried,
        Err(blocked) if blocked.by == Check::Permission => Writing::Refused(blocked),
        Err(blocked) => {
            context.record(&blocked);
            Writing::Blocked(blocked)
        }
    }
}

async fn delete_nothing(context: &CheckContext<'_>) -> Result<bool, Blocked> {
    let targets = context.targets().await?;
    let (Some(target), Ok(key)) = (targets.first(), probe::random_key()) else {
        return Ok(false);
    };
    match context.namespace(&target.id)?.delete_key(&key).await {
        Ok(()) => Ok(true),
        Err(error) => Err(context.blame(&error, Check::Connection).await),
    }
}

/// What of the budget should be left, in percent: below, kvctl and others who use the same account
/// begin to hold back.
const QUOTA_ENOUGH_PERCENT: u64 = 10;

/// The check `quota`: requests of the account are left, and no response said that a quota is spent.
pub(super) async fn quota(context: &CheckContext<'_>) -> Vec<Finding> {
    let check = Check::Quota;
    if context.is_local() {
        return vec![Finding::skip(check, "the local store has no rate limit")];
    }
    let listed = context.namespaces().await.map(drop);
    // Whatever is spent, the others notice.
    wait_for_all(context).await;
    if let Some(spent) = context.recorded(check) {
        return vec![spent.failure()];
    }
    let client = match (listed, context.client()) {
        (Err(blocked), _) | (_, Err(blocked)) => return vec![blocked.finding(check)],
        (Ok(()), Ok(client)) => client,
    };
    let Some(budget) = client.budget() else {
        return vec![Finding::skip(check, "no rate-limit headers")];
    };
    let (left, quota) = (budget.remaining, budget.quota);
    let message = format!(
        "{} of {} remain in this 5-minute window",
        thousands(left),
        quantity(quota, "request")
    );
    if left * 100 < quota * QUOTA_ENOUGH_PERCENT {
        let finding = Finding::warn(check, message);
        let hint = "run fewer jobs at once, or wait a few minutes; exceeding the limit blocks the \
                    account for five minutes";
        return vec![Finding {
            class: Class::Temporary,
            ..finding.hint(hint)
        }];
    }
    vec![Finding::pass(check, message)]
}

/// The check `clock`: this machine and the service agree on the time.
pub(super) async fn clock(context: &CheckContext<'_>) -> Vec<Finding> {
    let check = Check::Clock;
    if context.is_local() {
        return vec![Finding::skip(
            check,
            "the local store uses this machine's clock",
        )];
    }
    let listed = context.namespaces().await.map(drop);
    let ahead = context
        .network()
        .and_then(|stats| stats.clock_ahead_seconds);
    let finding = match (ahead, listed) {
        (Some(seconds), _) => Finding::of(check, health::clock(seconds)),
        (None, Err(blocked)) => blocked.finding(check),
        (None, Ok(())) => Finding::skip(check, "no response had a date"),
    };
    vec![finding]
}

/// The check `worker`: the Worker answers a GET, as it should.
pub(super) async fn worker(context: &CheckContext<'_>) -> Vec<Finding> {
    let check = Check::Worker;
    let Some(route) = &context.options.worker else {
        return vec![Finding::skip(check, "`--worker` was not given")];
    };
    let url = shown(&route.url);
    let finding = match route.visitor.get(&route.url).await {
        Err(error) => Finding::fail(
            check,
            format!("{url} did not respond: {}", with_causes(&error)),
        )
        .hint(if is_loopback(&route.url) {
            "check the URL, and that `wrangler dev` runs"
        } else {
            "check the URL, and that the Worker is deployed"
        }),
        Ok(visit) => {
            let status = visit.status;
            let right = match route.status {
                Some(wanted) => status.as_u16() == wanted,
                None => status.is_success(),
            };
            if right {
                let rest = if visit.whole {
                    String::new()
                } else {
                    let kib = VISIT_BYTES / 1024;
                    format!("; only the first {kib} KiB of the body were read")
                };
                Finding::pass(check, format!("{url} responded with {status}{rest}"))
            } else {
                let wanted = match route.status {
                    Some(wanted) => wanted.to_string(),
                    None => "2xx".to_owned(),
                };
                let body = match visit.excerpt.as_str() {
                    "" => String::new(),
                    excerpt => format!(": `{excerpt}`"),
                };
                let message = format!("{url} responded with {status}, expected {wanted}{body}");
                let log = if is_loopback(&route.url) {
                    "the output of `wrangler dev`"
                } else {
                    "`wrangler tail`"
                };
                Finding::fail(check, message).hint(format!(
                    "check {log} for errors; `--worker-status CODE` changes the expected status"
                ))
            }
        }
    };
    vec![finding]
}

/// Returns the address without what may be secret in it.
fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}"));
    let (scheme, port, path) = (url.scheme(), port.unwrap_or_default(), url.path());
    format!("{scheme}://{host}{port}{path}")
}
