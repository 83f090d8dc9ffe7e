//! Who the service says we are, what we may do, and how the way there is.

use std::sync::Arc;

use super::{
    report::{DoctorReport, Network, Right, State, Who},
    said,
    settings::Found,
};
use crate::{
    api::{Client, Credentials, Error, Scheme, VerifyToken},
    context::Context,
    domain::AccountId,
    env,
    ops::{
        account::{Choice, only},
        identity::{Identity, Owner, Permission, identify, may_analyse, may_read},
        way::{Meter, clock_is_off},
    },
    wire::{Account, code},
};

/// From how many seconds on a clock deserves a word.
const SKEW_MAX_SECONDS: u64 = 30;

/// How many days before a token expires somebody should be told.
const EXPIRY_DAYS: i64 = 7;

const READ: &str = "Workers KV Storage Read";
const WRITE: &str = "Workers KV Storage Write";
const ANALYTICS: &str = "Account Analytics: Read";

pub(super) async fn look(context: &Context, found: Found, report: &mut DoctorReport) {
    let Some(base) = found.base else {
        return;
    };
    let meter = Arc::new(Meter::new(env::now));
    let credentials = found.credentials.unwrap_or(Credentials::Anonymous);
    let scheme = credentials.scheme();
    let observer = Arc::clone(&meter);
    let client = match context.probing_client(base, credentials, observer) {
        Ok(client) => client,
        Err(error) => {
            let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
            report.broken_by(causes.join(": "), None);
            return;
        }
    };
    let mut examined = Examination { client, report };
    // Where it breaks off, the way there broke off.
    if let Err(error) = examined.examine(scheme, found.account).await {
        let hint = error.hint();
        examined.report.broken_by(said(&error), hint);
    }
    network(&meter, report);
}

struct Examination<'a> {
    client: Client,
    report: &'a mut DoctorReport,
}

impl Examination<'_> {
    async fn examine(
        &mut self,
        scheme: Scheme,
        named: Result<Option<Choice>, ()>,
    ) -> Result<(), Error> {
        if scheme == Scheme::Anonymous {
            // It will be refused, and tells of the way all the same.
            let asked = self.client.send(&VerifyToken { account: None }).await;
            return asked.map(drop).or_else(pass);
        }
        let listed = self.client.accounts().await;
        let accounts = match listed {
            Ok(accounts) => accounts,
            Err(error) => {
                pass(error)?;
                Vec::new()
            }
        };
        let mut ids: Vec<AccountId> = accounts.iter().map(|it| it.id.clone()).collect();
        let choice = named.as_ref().ok().cloned().flatten();
        if let Some(choice) = &choice
            && !ids.contains(&choice.id)
        {
            ids.insert(0, choice.id.clone());
        }
        let identity = identify(&self.client, scheme, &ids).await?;
        let is_valid = self.identity(identity, accounts.is_empty());
        self.report.accounts.clone_from(&accounts);
        if !is_valid {
            return Ok(());
        }
        let account = match (named, choice) {
            (Err(()), _) => None,
            (Ok(_), Some(choice)) => {
                if !accounts.is_empty() && !accounts.iter().any(|it| it.id == choice.id) {
                    let what = format!("the credentials do not reach account {}", choice.id);
                    let hint = "see `--account-id`, CLOUDFLARE_ACCOUNT_ID and `account_id` in the \
                                wrangler file";
                    self.report.warn(what, Some(hint.to_owned()));
                }
                Some(choice)
            }
            (Ok(_), None) => self.only(accounts),
        };
        if let Some(Choice { id, .. }) = account {
            self.permissions(&id).await;
        }
        Ok(())
    }

    /// Takes down who we are. Returns whether the credentials are good for anything.
    fn identity(&mut self, identity: Identity, reaches_nothing: bool) -> bool {
        match identity {
            Identity::Known(owner, status) => {
                let is_active = status.status == "active";
                if !is_active {
                    let what = format!("the token is {}", status.status);
                    let hint = "make a new one on the API Tokens page of the Cloudflare dashboard";
                    self.report.broken_by(what, Some(hint.to_owned()));
                }
                let expires = status.expires_on.as_deref();
                let expires = expires.and_then(|time| time.parse::<jiff::Timestamp>().ok());
                let left = expires.map(|at| (at.as_second() - env::now().as_second()) / 86_400);
                if let Some(days) = left.filter(|days| is_active && (0..EXPIRY_DAYS).contains(days))
                {
                    let what = format!("the token expires in less than {} days", days + 1);
                    self.report.warn(what, None);
                }
                self.report.identity = Some(Who {
                    owner: match owner {
                        Owner::User => "user",
                        Owner::Account => "account",
                    },
                    status: status.status,
                    expires_on: status.expires_on,
                });
                is_active
            }
            // A token that lists accounts is one, also if no endpoint knows it.
            Identity::Refused(error) if !reaches_nothing => {
                self.report.identity_unknown = true;
                let what = format!(
                    "the token is accepted, but whether it is active could not be found out: {}",
                    said(&error)
                );
                let hint = "see its status on the API Tokens page of the Cloudflare dashboard";
                self.report.warn(what, Some(hint.to_owned()));
                true
            }
            Identity::Refused(error) => {
                self.report.broken_by(
                    format!(
                        "the service does not take the credentials: {}",
                        said(&error)
                    ),
                    Some(
                        "copy the token again, or make a new one on the API Tokens page of the \
                         Cloudflare dashboard"
                            .to_owned(),
                    ),
                );
                false
            }
            Identity::Unverifiable => true,
        }
    }

    fn only(&mut self, accounts: Vec<Account>) -> Option<Choice> {
        match only(accounts) {
            Ok(choice) => {
                self.report.account_found(&choice);
                Some(choice)
            }
            Err(error) => {
                self.report.broken_by(said(&error), error.hint());
                None
            }
        }
    }

    async fn permissions(&mut self, account: &AccountId) {
        let read = may_read(&self.client, account).await;
        let is_readable = matches!(read, Permission::Granted);
        if let Permission::Missing(error) | Permission::Unknown(error) = &read {
            let accounts = &self.report.accounts;
            let is_elsewhere = !accounts.is_empty() && accounts.iter().all(|it| it.id != *account);
            let hint = match &read {
                // The service tells nobody whether the accounts of others exist.
                Permission::Missing(_) if is_elsewhere => Some(
                    "the account id is probably wrong, or the token is another account's"
                        .to_owned(),
                ),
                Permission::Missing(_) if !error.has_code(code::NO_ROUTE) => Some(format!(
                    "the token needs `{WRITE}` for account {account}, or `{READ}` to read only"
                )),
                _ => error.hint(),
            };
            self.report.broken_by(said(error), hint);
        }
        self.right(READ, &read, "everything");
        // Who may write may read.
        let (state, needed_for) = if is_readable {
            (
                State::Unknown,
                "writing; it shows only when something is written",
            )
        } else {
            (State::of(&read), "writing")
        };
        self.report.permissions.push(Right {
            name: WRITE,
            state,
            needed_for,
        });
        let analyse = may_analyse(&self.client, account, env::now()).await;
        match &analyse {
            Permission::Granted => {}
            Permission::Missing(_) => self.report.note(&format!(
                "without the permission `{ANALYTICS}`, `kvctl usage` does not work"
            )),
            Permission::Unknown(error) => self.report.broken_by(said(error), error.hint()),
        }
        self.right(ANALYTICS, &analyse, "`kvctl usage` only");
    }

    fn right(&mut self, name: &'static str, permission: &Permission, needed_for: &'static str) {
        self.report.permissions.push(Right {
            name,
            state: State::of(permission),
            needed_for,
        });
    }
}

/// Lets pass what the service denied to whoever asks: it was reached, and that is told elsewhere.
fn pass(error: Error) -> Result<(), Error> {
    if error.is_denial() {
        return Ok(());
    }
    Err(error)
}

fn network(meter: &Meter, report: &mut DoctorReport) {
    let Some(way) = meter.way() else {
        return;
    };
    if let Some(seconds) = way.ahead_seconds
        && seconds.unsigned_abs() > SKEW_MAX_SECONDS
    {
        report.warn(
            clock_is_off(seconds),
            Some(
                "set the clock; expiry times that are reckoned here are off by as much".to_owned(),
            ),
        );
    }
    report.network = Some(Network {
        answers: way.answers,
        round_trip_ms: u64::try_from(way.round_trip.as_millis()).unwrap_or(u64::MAX),
        clock_ahead_seconds: way.ahead_seconds,
    });
}
