//! What several checks need to know, asked for once, by whichever comes first.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use tokio::sync::{Mutex, OnceCell};

use super::{Check, Class, Finding, blocked::Blocked, bound::Bound, options::Options};
use crate::{
    api::{self, Client, Namespace},
    config::{Document, Location, Position, Scope},
    domain::{AccountId, Classify as _, DeclaredId, ErrorClass, NamespaceId, is_mistyped_id},
    ops::{
        account,
        health::{self, Identity, Owner, Refusal, identify},
        latency::NetworkStats,
        target::{Deployable, Deployment, Resolver},
    },
    wire::{NamespaceInfo, TokenStatus},
};

/// What the endpoints that verify tokens say.
#[derive(Debug)]
pub(super) enum TokenAnswer {
    /// The token, and whether an account owns it.
    Known(TokenStatus, Owner),
    /// None of them knows it, and why; and what to report if it is not accepted either.
    Unknown(Blocked, api::Error),
    /// There is none that could.
    NotAsked,
    /// They could not be asked.
    Failed(Blocked),
}

/// Whether writing is allowed.
#[derive(Debug, Clone)]
pub(super) enum Writing {
    Allowed,
    Refused(Blocked),
    /// It could not be tried, because of this.
    Blocked(Blocked),
    /// It was not tried: no binding leads to a namespace.
    Untried,
}

/// What a probe found in one namespace.
#[derive(Debug)]
pub(super) struct Probed {
    pub(super) finding: Finding,
    /// Whether the key was written.
    pub(super) wrote: bool,
    /// What kept the probe from completing.
    pub(super) blocked: Option<Blocked>,
}

/// What is known so far.
pub(super) struct CheckContext<'a> {
    pub(super) options: &'a Options<'a>,
    token: OnceCell<TokenAnswer>,
    list: OnceCell<Result<Vec<NamespaceInfo>, Blocked>>,
    pub(super) probes: OnceCell<Vec<Probed>>,
    pub(super) writing: OnceCell<Writing>,
    pub(super) assertions: OnceCell<Vec<Finding>>,
    /// What finds namespaces, where there is a service.
    resolver: Option<Resolver<'a>>,
    deployments: Mutex<BTreeMap<Deployable, Result<Arc<Deployment>, Blocked>>>,
    pub(super) bound: OnceCell<Result<Vec<Bound>, Blocked>>,
    /// What came up on the way that is another check's business.
    failures: RefCell<Vec<Blocked>>,
}

/// Says why no account could be chosen.
pub(super) fn no_account(error: &account::Error) -> Blocked {
    if let account::Error::Api(cause) = error {
        let mut blocked = Blocked::of(cause, Check::Connection);
        // What was asked for is the list of accounts.
        if blocked.by == Check::Permission {
            blocked.by = Check::Account;
        }
        return blocked;
    }
    let class = if matches!(error, account::Error::Nothing) {
        Class::Denied
    } else {
        Class::Check
    };
    let (place, message) = error.parts();
    Blocked {
        place,
        hint: error.hint(),
        ..Blocked::new(Check::Account, class, message)
    }
}

impl<'a> CheckContext<'a> {
    pub(super) fn new(options: &'a Options<'a>) -> Self {
        let service = options.service.as_ref().ok();
        let resolver = service.and_then(|service| {
            let account = service.account.as_ref().ok()?;
            let document = options.file.ok();
            Some(Resolver::new(
                service.client,
                account,
                document,
                service.local,
            ))
        });
        Self {
            options,
            token: OnceCell::new(),
            list: OnceCell::new(),
            probes: OnceCell::new(),
            writing: OnceCell::new(),
            assertions: OnceCell::new(),
            resolver,
            deployments: Mutex::default(),
            bound: OnceCell::new(),
            failures: RefCell::default(),
        }
    }

    pub(super) fn is_selected(&self, check: Check) -> bool {
        self.options.selection.has(check)
    }

    pub(super) fn is_local(&self) -> bool {
        self.options.service.as_ref().is_ok_and(|s| s.local)
    }

    /// Whether `provision` fills in an `id` that says this, with nothing to be allowed.
    pub(super) fn is_filled_in(&self, id: &DeclaredId) -> bool {
        match id {
            DeclaredId::Valid(id) => {
                id.is_local() && !self.client().is_ok_and(Client::is_on_this_machine)
            }
            DeclaredId::Absent => true,
            DeclaredId::Placeholder(text) => !is_mistyped_id(text),
        }
    }

    /// Whether the wrangler file is that of a Pages project.
    pub(super) fn is_pages(&self) -> bool {
        self.options.file.is_ok_and(|it| it.project().is_pages)
    }

    /// Blames an error of the API on the check that is about it; `otherwise` on that which asked.
    ///
    /// The service answers 401 also where it means 403. Of a token that it calls active, such a refusal
    /// is about what the token may do.
    pub(super) async fn blame(&self, error: &api::Error, otherwise: Check) -> Blocked {
        let blocked = Blocked::of(error, otherwise);
        if blocked.by == Check::Credentials
            && let TokenAnswer::Known(status, _) = self.token().await
            && status.is_active()
        {
            return Blocked {
                by: Check::Permission,
                ..blocked
            };
        }
        blocked
    }

    /// Remembers what is another check's business.
    pub(super) fn record(&self, blocked: &Blocked) {
        self.failures.borrow_mut().push(blocked.clone());
    }

    /// Returns what came up that is the business of `check`.
    pub(super) fn recorded(&self, check: Check) -> Option<Blocked> {
        let failures = self.failures.borrow();
        failures.iter().find(|blocked| blocked.by == check).cloned()
    }

    /// Returns the wrangler file; without it, the check `configuration` fails.
    pub(super) fn document(&self) -> Result<&'a Document, Blocked> {
        self.options.file.map_err(|error| {
            let (place, message) = error.parts();
            Blocked {
                place: place.cloned(),
                hint: error.hint(),
                ..Blocked::new(Check::Configuration, Class::Check, message)
            }
        })
    }

    /// Returns the sections that are meant.
    pub(super) fn scopes(&self) -> Result<Vec<&'a Scope>, Blocked> {
        let project = self.document()?.project();
        let sections = self.options.sections.iter();
        Ok(sections
            .filter_map(|section| project.scope(section))
            .collect())
    }

    /// Returns the sections that are meant, and their `previews`.
    pub(super) fn scopes_with_previews(&self) -> Result<Vec<&'a Scope>, Blocked> {
        let scopes = self.scopes()?;
        Ok(self.document()?.project().with_previews(&scopes))
    }

    /// Returns a place of the wrangler file.
    pub(super) fn place(&self, position: Position) -> Option<Location> {
        let path = self.options.file.ok()?.path().to_owned();
        Some(Location { path, position })
    }

    pub(super) fn client(&self) -> Result<&'a Client, Blocked> {
        match &self.options.service {
            Ok(service) => Ok(service.client),
            Err(denial) => {
                let blocked = Blocked::new(denial.check, denial.class, denial.message.clone());
                Err(Blocked {
                    hint: denial.hint.clone(),
                    ..blocked
                })
            }
        }
    }

    /// Returns what the responses so far told; nothing without a response.
    pub(super) fn network(&self) -> Option<NetworkStats> {
        self.options.service.as_ref().ok()?.meter.stats()
    }

    /// Returns the account to use.
    pub(super) fn account(&self) -> Result<&'a AccountId, Blocked> {
        self.client()?;
        let Ok(service) = &self.options.service else {
            return Err(Blocked::new(Check::Account, Class::Check, "no service"));
        };
        service.account.as_ref().map_err(no_account)
    }

    /// Returns the handle of a namespace.
    pub(super) fn namespace<'n>(&self, id: &'n NamespaceId) -> Result<Namespace<'n>, Blocked>
    where
        'a: 'n,
    {
        Ok(Namespace {
            client: self.client()?,
            account: self.account()?,
            id,
        })
    }

    /// Asks the endpoints that verify tokens: one request where the token's form tells which.
    pub(super) async fn token(&self) -> &TokenAnswer {
        let asked = async {
            let answer = self.verify_token().await;
            if let TokenAnswer::Failed(blocked) = &answer {
                self.record(blocked);
            }
            answer
        };
        self.token.get_or_init(|| asked).await
    }

    async fn verify_token(&self) -> TokenAnswer {
        let client = match self.client() {
            Ok(client) => client,
            Err(blocked) => return TokenAnswer::Failed(blocked),
        };
        let accounts: Vec<AccountId> = self.account().ok().cloned().into_iter().collect();
        match identify(client, client.scheme(), &accounts).await {
            Ok(Identity::Known(owner, status)) => TokenAnswer::Known(status, owner),
            Ok(Identity::Unverifiable) => TokenAnswer::NotAsked,
            Ok(Identity::Refused(error)) => {
                let rejected = health::credentials_rejected(client.scheme(), &error);
                TokenAnswer::Unknown(
                    Blocked::by(Check::Credentials, Class::Denied, rejected),
                    error,
                )
            }
            Err(error) => TokenAnswer::Failed(Blocked::of(&error, Check::Connection)),
        }
    }

    /// Lists the namespaces of the account.
    pub(super) async fn namespaces(&self) -> Result<&[NamespaceInfo], Blocked> {
        let list = self.list.get_or_init(|| self.list_namespaces()).await;
        list.as_deref().map_err(Clone::clone)
    }

    async fn list_namespaces(&self) -> Result<Vec<NamespaceInfo>, Blocked> {
        let client = self.client()?;
        let account = self.account()?;
        let error = match client.namespaces(account).await {
            Ok(all) => return Ok(all),
            Err(error) => error,
        };
        let blocked = self.blame(&error, Check::Connection).await;
        if blocked.class != Class::Denied {
            return Err(blocked);
        }
        if let TokenAnswer::Unknown(unknown, _) = self.token().await {
            return Err(unknown.clone());
        }
        if blocked.by != Check::Permission {
            return Err(blocked);
        }
        let command = error.login_command();
        Err(self.tell_apart(client, account, blocked, command).await)
    }

    /// Finds out whether a refusal is about the account or about a permission in it: the service
    /// words both alike.
    async fn tell_apart(
        &self,
        client: &Client,
        account: &AccountId,
        refusal: Blocked,
        login_command: Option<&str>,
    ) -> Blocked {
        let reached = client.accounts().await.ok();
        match health::refused_to_read(account, reached.as_deref(), login_command) {
            Refusal::Account(diagnosis) => Blocked::by(Check::Account, Class::Denied, diagnosis),
            Refusal::Permission(hint) => refusal.hint(hint),
        }
    }

    /// Returns what finds namespaces.
    pub(super) fn resolver(&self) -> Result<&Resolver<'a>, Blocked> {
        self.account()?;
        let resolver = self.resolver.as_ref();
        resolver.ok_or_else(|| Blocked::new(Check::Account, Class::Check, "no service"))
    }

    /// Asks what is deployed: one request for each Worker, or for the Pages project.
    pub(super) async fn deployment(&self, what: &Deployable) -> Result<Arc<Deployment>, Blocked> {
        let mut asked = self.deployments.lock().await;
        if let Some(answer) = asked.get(what) {
            return answer.clone();
        }
        let answer = match self.resolver()?.deployments().look_up(what).await {
            Ok(deployment) => Ok(deployment),
            Err(error) => {
                let unreachable =
                    error.status().is_none() && error.class() == ErrorClass::Temporary;
                let otherwise = if unreachable {
                    Check::Connection
                } else {
                    Check::Deployed
                };
                let blocked = self.blame(&error, otherwise).await;
                let message = format!("asking for the {what} failed: {}", blocked.message);
                // That what is asked for is not found says nothing of namespaces.
                let hint = blocked
                    .hint
                    .filter(|_| error.class() != ErrorClass::NotFound);
                let blocked = Blocked {
                    message,
                    hint,
                    ..blocked
                };
                self.record(&blocked);
                Err(blocked)
            }
        };
        asked.insert(what.clone(), answer.clone());
        answer
    }
}
