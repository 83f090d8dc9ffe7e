//! What `doctor` asks the service: whose credentials they are, which accounts they reach and what
//! they may do there. Continues after refusals, and stops if the service cannot be reached.

use jiff::Timestamp;

use super::{
    Access, Diagnosis, Identity, Owner, Refusal, Severity, credentials_rejected, identify,
    identity::{may_read, may_read_analytics},
    misplaced_key, refused_to_read, token, unverified_token,
};
use crate::{
    api::{Client, Error, Scheme, VerifyToken},
    domain::{AccountId, Classify as _, Permission, with_causes},
    ops::account::{ChosenAccount, only},
    wire::{Account, TokenStatus, code},
};

/// The account to examine.
#[derive(Debug)]
pub enum NamedAccount {
    /// This one.
    Named(ChosenAccount),
    /// None is named: the only one, if there is only one.
    Unnamed,
    /// What names it is wrong, so none.
    Wrong,
}

/// What was found out.
#[derive(Debug, Default)]
pub struct ServiceHealth {
    /// The token, where an endpoint knows it.
    pub token: Option<(Owner, TokenStatus)>,
    /// Whether the token works, and no endpoint knows it.
    pub is_unverified: bool,
    /// The accounts that the credentials reach.
    pub accounts: Vec<Account>,
    /// The account that was chosen because it is the only one.
    pub chosen: Option<ChosenAccount>,
    /// What the credentials may do.
    pub permissions: Vec<PermissionState>,
    /// The diagnoses.
    pub diagnoses: Vec<Diagnosis>,
}

/// Whether a permission is granted.
#[derive(Debug, Clone, Copy)]
pub struct PermissionState {
    /// The permission.
    pub permission: Permission,
    /// Whether it is granted.
    pub access: Access,
}

/// Asks the service, at `now`. All requests read.
pub async fn examine(client: &Client, account: NamedAccount, now: Timestamp) -> ServiceHealth {
    let mut examination = Examination {
        client,
        now,
        health: ServiceHealth::default(),
    };
    if let Err(error) = examination.run(account).await {
        examination.fault(&error);
    }
    examination.health
}

struct Examination<'a> {
    client: &'a Client,
    now: Timestamp,
    health: ServiceHealth,
}

impl Examination<'_> {
    async fn run(&mut self, account: NamedAccount) -> Result<(), Error> {
        let scheme = self.client.scheme();
        if scheme == Scheme::Anonymous {
            // It is refused, and its response tells of network and clock all the same.
            let asked = self.client.send(&VerifyToken { account: None }).await;
            return asked.map(drop).or_else(ignore_denial);
        }
        if scheme == Scheme::Misplaced {
            self.health.diagnoses.push(misplaced_key());
        }
        match self.client.accounts().await {
            Ok(accounts) => self.health.accounts = accounts,
            Err(error) => ignore_denial(error)?,
        }
        let mut ids: Vec<AccountId> = self
            .health
            .accounts
            .iter()
            .map(|it| it.id.clone())
            .collect();
        if let NamedAccount::Named(choice) = &account
            && !ids.contains(&choice.id)
        {
            ids.insert(0, choice.id.clone());
        }
        let identity = identify(self.client, scheme, &ids).await?;
        if !self.is_usable(identity) {
            return Ok(());
        }
        let account = match account {
            NamedAccount::Named(choice) => Some(choice.id),
            NamedAccount::Unnamed => self.only_account(),
            NamedAccount::Wrong => None,
        };
        if let Some(account) = account {
            self.kv_permissions(&account).await;
            self.analytics_permission(&account).await;
        }
        Ok(())
    }

    /// Notes whose credentials they are. Returns whether they are good for anything.
    fn is_usable(&mut self, identity: Identity) -> bool {
        let scheme = self.client.scheme();
        match identity {
            Identity::Known(owner, status) => {
                self.health.diagnoses.push(token(&status, owner, self.now));
                let is_active = status.is_active();
                self.health.token = Some((owner, status));
                is_active
            }
            // A token that lists accounts works, also if no endpoint knows it.
            Identity::Refused(error) if !self.health.accounts.is_empty() => {
                self.health.is_unverified = true;
                self.health.diagnoses.push(unverified_token(&error));
                true
            }
            Identity::Refused(error) => {
                let rejected = credentials_rejected(scheme, &error);
                self.health.diagnoses.push(rejected);
                false
            }
            Identity::Unverifiable => true,
        }
    }

    fn only_account(&mut self) -> Option<AccountId> {
        match only(self.health.accounts.clone()) {
            Ok(choice) => {
                let id = choice.id.clone();
                self.health.chosen = Some(choice);
                Some(id)
            }
            Err(error) => {
                let diagnosis = Diagnosis::fault(with_causes(&error), error.hint());
                self.health.diagnoses.push(diagnosis);
                None
            }
        }
    }

    async fn kv_permissions(&mut self, account: &AccountId) {
        let read = may_read(self.client, account).await;
        match &read {
            Ok(()) => {}
            Err(error) if error.is_denial() && !error.has_code(code::NO_ROUTE) => {
                let reached = Some(&*self.health.accounts);
                let diagnosis = match refused_to_read(account, reached, error.login_command()) {
                    Refusal::Account(diagnosis) => diagnosis,
                    Refusal::Permission(hint) => {
                        Diagnosis::fault(with_causes(error), Some(hint.into()))
                    }
                };
                self.health.diagnoses.push(diagnosis);
            }
            Err(error) => self.fault(error),
        }
        let read = Access::of(&read);
        self.permission(Permission::KvRead, read);
        // Write permission implies read; whether a reader may write shows only when writing.
        let write = match read {
            Access::Granted => Access::Unknown,
            Access::Denied | Access::Unknown => read,
        };
        self.permission(Permission::KvWrite, write);
    }

    async fn analytics_permission(&mut self, account: &AccountId) {
        let permission = Permission::AnalyticsRead;
        let read = may_read_analytics(self.client, account, self.now).await;
        let access = Access::of(&read);
        match read {
            Ok(()) => {}
            Err(_) if access == Access::Denied => self.health.diagnoses.push(Diagnosis {
                severity: Severity::Note,
                message: format!("`usage` needs the permission {permission}, which is missing"),
                hint: None,
            }),
            Err(error) => self.fault(&error),
        }
        self.permission(permission, access);
    }

    fn permission(&mut self, permission: Permission, access: Access) {
        let state = PermissionState { permission, access };
        self.health.permissions.push(state);
    }

    fn fault(&mut self, error: &Error) {
        let diagnosis = Diagnosis::fault(with_causes(error), error.hint());
        self.health.diagnoses.push(diagnosis);
    }
}

/// Ignores that the service denied what was asked: it was reached, and that it denies is reported
/// elsewhere.
fn ignore_denial(error: Error) -> Result<(), Error> {
    if error.is_denial() {
        return Ok(());
    }
    Err(error)
}
