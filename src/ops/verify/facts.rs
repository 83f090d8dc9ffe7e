//! What several checks need to know, asked for once, by whichever comes first.

use std::cell::RefCell;

use tokio::sync::OnceCell;

use super::{
    Check, Class, Finding,
    blame::Blocked,
    probe::{self, Probed},
    request::Request,
    targets::{self, Target},
};
use crate::{
    api::{self, Client, Namespace},
    config::{Document, Location, Position, Scope},
    domain::{AccountId, NamespaceId},
    ops::{
        account,
        health::{self, Identity, Owner, Refusal, identify},
        latency::NetworkStats,
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
    Trouble(Blocked),
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

/// What is known so far.
pub(super) struct Facts<'a> {
    pub(super) request: &'a Request<'a>,
    token: OnceCell<TokenAnswer>,
    list: OnceCell<Result<Vec<NamespaceInfo>, Blocked>>,
    probes: OnceCell<Vec<Probed>>,
    writing: OnceCell<Writing>,
    assertions: OnceCell<Vec<Finding>>,
    /// What came up on the way that is another check's business.
    aside: RefCell<Vec<Blocked>>,
}

/// Says why no account could be chosen.
fn no_account(error: &account::Error) -> Blocked {
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

impl<'a> Facts<'a> {
    pub(super) fn new(request: &'a Request<'a>) -> Self {
        Self {
            request,
            token: OnceCell::new(),
            list: OnceCell::new(),
            probes: OnceCell::new(),
            writing: OnceCell::new(),
            assertions: OnceCell::new(),
            aside: RefCell::default(),
        }
    }

    pub(super) fn makes(&self, check: Check) -> bool {
        self.request.selection.has(check)
    }

    pub(super) fn is_local(&self) -> bool {
        self.request.service.as_ref().is_ok_and(|s| s.local)
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
    pub(super) fn note(&self, blocked: &Blocked) {
        self.aside.borrow_mut().push(blocked.clone());
    }

    /// Returns what came up that is the business of `check`.
    pub(super) fn noted(&self, check: Check) -> Option<Blocked> {
        let aside = self.aside.borrow();
        aside.iter().find(|blocked| blocked.by == check).cloned()
    }

    /// Returns the wrangler file; without it, the check `configuration` fails.
    pub(super) fn document(&self) -> Result<&'a Document, Blocked> {
        self.request.file.map_err(|error| {
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
        let sections = self.request.sections.iter();
        Ok(sections
            .filter_map(|section| project.scope(section.as_ref()))
            .collect())
    }

    /// Returns a place of the wrangler file.
    pub(super) fn place(&self, position: Position) -> Option<Location> {
        let path = self.request.file.ok()?.path().to_owned();
        Some(Location { path, position })
    }

    pub(super) fn client(&self) -> Result<&'a Client, Blocked> {
        match &self.request.service {
            Ok(service) => Ok(service.client),
            Err(denial) => {
                let blocked =
                    Blocked::new(Check::Credentials, denial.class, denial.message.clone());
                Err(Blocked {
                    hint: denial.hint.clone(),
                    ..blocked
                })
            }
        }
    }

    /// Returns what the responses so far told; nothing without a response.
    pub(super) fn network(&self) -> Option<NetworkStats> {
        self.request.service.as_ref().ok()?.meter.stats()
    }

    /// Returns the account that is meant.
    pub(super) fn account(&self) -> Result<&'a AccountId, Blocked> {
        self.client()?;
        let Ok(service) = &self.request.service else {
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
            if let TokenAnswer::Trouble(blocked) = &answer {
                self.note(blocked);
            }
            answer
        };
        self.token.get_or_init(|| asked).await
    }

    /// Waits until all was asked that other checks ask, so that whatever came up on the way is noted.
    pub(super) async fn settled(&self) {
        if self.makes(Check::Credentials) {
            self.token().await;
        }
        if self.makes(Check::Probe) {
            self.probes().await;
        }
        if self.makes(Check::Permission) && !self.request.read_only {
            self.writing().await;
        }
        if self.makes(Check::Assertions) {
            self.assertions().await;
        }
    }

    async fn verify_token(&self) -> TokenAnswer {
        let client = match self.client() {
            Ok(client) => client,
            Err(blocked) => return TokenAnswer::Trouble(blocked),
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
            Err(error) => TokenAnswer::Trouble(Blocked::of(&error, Check::Connection)),
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
        Err(self.tell_apart(client, account, blocked).await)
    }

    /// Finds out whether a refusal is about the account or about a permission in it: the service
    /// words both alike.
    async fn tell_apart(&self, client: &Client, account: &AccountId, refusal: Blocked) -> Blocked {
        let reached = client.accounts().await.ok();
        match health::refused_to_read(account, reached.as_deref()) {
            Refusal::Account(diagnosis) => Blocked::by(Check::Account, Class::Denied, diagnosis),
            Refusal::Permission(hint) => refusal.hint(hint),
        }
    }

    /// Returns the namespaces that bindings lead to, and that exist.
    pub(super) async fn targets(&self) -> Result<Vec<Target>, Blocked> {
        let scopes = self.scopes()?;
        if self.is_local() {
            return Ok(targets::local(&scopes));
        }
        let near = self.client()?.is_on_this_machine();
        let all = self.namespaces().await?;
        let exists = |id: &NamespaceId| all.iter().any(|known| known.id == *id);
        Ok(targets::remote(&scopes, near, exists))
    }

    /// Probes every namespace.
    pub(super) async fn probes(&self) -> &[Probed] {
        self.probes.get_or_init(|| probe::all(self)).await
    }

    /// Returns what the assertions say.
    pub(super) async fn assertions(&self) -> &[Finding] {
        let judged = self.assertions.get_or_init(|| super::assertions::all(self));
        judged.await
    }

    /// Finds out whether writing is allowed: from the probes, or by deleting what is not there.
    pub(super) async fn writing(&self) -> &Writing {
        self.writing.get_or_init(|| self.try_writing()).await
    }

    async fn try_writing(&self) -> Writing {
        if self.makes(Check::Probe) {
            let probes = self.probes().await;
            let wrote = probes.iter().any(|probed| probed.wrote);
            return match self.noted(Check::Permission) {
                Some(refusal) if wrote => Writing::Blocked(refusal),
                Some(refusal) => Writing::Refused(refusal),
                None if wrote => Writing::Allowed,
                None => {
                    let blocked = probes.iter().find_map(|probed| probed.blocked.clone());
                    blocked.map_or(Writing::Untried, Writing::Blocked)
                }
            };
        }
        match self.delete_nothing().await {
            Ok(true) => Writing::Allowed,
            Ok(false) => Writing::Untried,
            Err(blocked) if blocked.by == Check::Permission => Writing::Refused(blocked),
            Err(blocked) => {
                self.note(&blocked);
                Writing::Blocked(blocked)
            }
        }
    }

    async fn delete_nothing(&self) -> Result<bool, Blocked> {
        let targets = self.targets().await?;
        let (Some(target), Ok(key)) = (targets.first(), probe::key()) else {
            return Ok(false);
        };
        match self.namespace(&target.id)?.delete_key(&key).await {
            Ok(()) => Ok(true),
            Err(error) => Err(self.blame(&error, Check::Connection).await),
        }
    }
}
