//! A client that is ready to send, and the account it works in.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::oneshot;
use url::Url;

mod local;
mod narrator;
mod trust;

use super::{
    Context, CredentialsError, ForeignBaseUrl, FoundCredentials, NamedRegion, SettingError,
    UnknownRegion, credentials,
};
use crate::{
    api::{
        BaseUrl, Client, Credentials, ExtraHeaders, Namespace, Observer, Settings, Visitor,
        is_loopback,
    },
    config::{self, Document, Located, Project, read_env_files},
    domain::{AccountId, ErrorClass, NamespaceId, Section, ShowPath as _},
    emulator::Emulator,
    env::{self, Var},
    error::{ClassExt as _, Failure, Result, ResultExt as _},
    ops::{
        account::{AccountSources, ChosenAccount, Error as AccountError},
        latency::LatencyMeter,
        target::Resolver,
        verify::{Check, Class, Denial},
    },
    ui::{Choice, Verbosity},
    wire::Account,
};
pub use local::local_names;
use narrator::{Both, Narrator};
pub use trust::replaced_authorities;

/// Where namespaces live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backend {
    /// At Cloudflare, or wherever the base URL leads.
    Remote,
    /// In this directory.
    Local(PathBuf),
}

impl Backend {
    /// Describes where namespaces live, as the end of a sentence.
    fn describe(&self, account: &AccountId) -> String {
        match self {
            Self::Remote => format!("remote, account {account}"),
            Self::Local(directory) => format!("local, {}", directory.shown()),
        }
    }
}

/// A client that is ready to send, and the account it works in.
#[derive(Debug)]
pub struct Session {
    /// The client.
    pub client: Client,
    /// The account.
    pub account: AccountId,
    /// Where namespaces live.
    pub place: Backend,
    /// Stops the local store's server when dropped.
    server: Option<oneshot::Sender<()>>,
    /// The local store.
    store: Option<Emulator>,
}

/// As much of a session as could be had.
#[derive(Debug)]
pub struct Attempt {
    /// The client.
    pub client: Client,
    /// The account, or why there is none.
    pub account: Result<AccountId, AccountError>,
    /// What listens to the client.
    pub meter: Arc<LatencyMeter>,
    /// Where namespaces live.
    pub place: Backend,
    /// Stops the local store's server when dropped.
    _server: Option<oneshot::Sender<()>>,
}

/// Who is asked, and what every request shows.
struct Recipient {
    base: BaseUrl,
    credentials: Credentials,
    headers: ExtraHeaders,
}

impl Session {
    /// Returns the handle of one of its namespaces.
    pub fn namespace<'a>(&'a self, id: &'a NamespaceId) -> Namespace<'a> {
        Namespace {
            client: &self.client,
            account: &self.account,
            id,
        }
    }

    /// Returns what finds its namespaces.
    pub fn resolver<'a>(&'a self, document: Option<&'a Document>) -> Resolver<'a> {
        Resolver::new(&self.client, &self.account, document, self.is_local())
    }

    /// Returns how many namespaces of the local store cannot be listed.
    pub fn unlisted(&self) -> Result<usize> {
        let store = self.store.as_ref();
        let unlisted = store.map_or(Ok(0), Emulator::unlisted);
        unlisted.context("could not use the local store")
    }

    /// Whether the local store is used.
    pub fn is_local(&self) -> bool {
        matches!(self.place, Backend::Local(_))
    }

    /// Returns how long to ask again for a key that is listed and cannot be read: the local store
    /// knows at once.
    pub fn consistency_timeout(&self, asked: Duration) -> Duration {
        if self.is_local() {
            Duration::ZERO
        } else {
            asked
        }
    }

    /// Describes where changes go, as the end of a sentence.
    pub fn describe(&self) -> String {
        self.place.describe(&self.account)
    }
}

impl Context {
    /// The wait before the first retry.
    const BACKOFF: Duration = Duration::from_millis(500);

    /// Prepares a client for the account named by flags, file and environment, using the section
    /// that `--env` names. Reads `document` if it is needed and was not given.
    pub async fn connect(&self, document: Option<&Document>) -> Result<Session> {
        self.connect_for(document, &[self.section()?]).await
    }

    /// Prepares a client for the account of `section`, for the local store or the service,
    /// regardless of the global options.
    pub async fn connect_at(
        &self,
        document: Option<&Document>,
        section: Section,
        local: bool,
    ) -> Result<Session> {
        if local {
            return self.connect_locally(document).await;
        }
        self.connect_remotely(document, &[section]).await
    }

    /// Prepares a client for the one account that all of `sections` belong to.
    pub async fn connect_for(
        &self,
        document: Option<&Document>,
        sections: &[Section],
    ) -> Result<Session> {
        if self.is_local() {
            return self.connect_locally(document).await;
        }
        self.connect_remotely(document, sections).await
    }

    /// Describes where the commands for a section work, as [`Session::describe`] does. The service is
    /// asked only if nothing names the account.
    pub async fn describe_place(&self, document: &Document, section: &Section) -> Result<String> {
        if self.is_local() {
            let directory = self.files.local_directory(Some(document));
            return Ok(Backend::Local(directory).describe(&AccountId::local()));
        }
        let named = self.named_account(Some(document), section.clone())?;
        match named {
            Some(account) => Ok(Backend::Remote.describe(&account.id)),
            None => Ok(self.connect(Some(document)).await?.describe()),
        }
    }

    async fn connect_remotely(
        &self,
        document: Option<&Document>,
        sections: &[Section],
    ) -> Result<Session> {
        let read;
        let document = if document.is_some() || !self.needs_file() {
            document
        } else {
            read = self.files.document_if_any()?;
            read.as_ref()
        };
        let client = self.remote_client(document, sections, self.narrator())?;
        let sources = self.account_sources(document, sections);
        let account = match sources.resolve(&client).await {
            Err(AccountError::Several(accounts)) => self.choose_account(accounts).await?,
            resolved => self.note_choice(resolved?).id,
        };
        Ok(Session {
            client,
            account,
            place: Backend::Remote,
            server: None,
            store: None,
        })
    }

    /// Whether the wrangler file may say which account and which host is asked.
    fn needs_file(&self) -> bool {
        let base = self.variables.first([Var::BaseUrl, Var::LegacyBaseUrl]);
        self.globals.account_id.is_none() || base.is_none()
    }

    /// Prepares a client with the user's credentials.
    fn remote_client(
        &self,
        document: Option<&Document>,
        sections: &[Section],
        observer: Arc<dyn Observer>,
    ) -> Result<Client> {
        let found = self.credentials()?;
        for note in &found.notes {
            self.ui.note(note);
        }
        let profile = found.profile.as_ref();
        let chosen = profile.and_then(|profile| profile.chosen_by.as_ref());
        let chosen = chosen.map_or_else(String::new, |by| format!(", chosen by {by}"));
        self.ui.detail(
            Verbosity::Everything,
            &format!("credentials: {}{chosen}", found.source),
        );
        self.variables.may_send(&found)?;
        let base = self.base_url(document, sections)?;
        if let Some(NamedRegion { region, by }) = &base.region {
            let line = format!("compliance region: {region}, {by}");
            self.ui.detail(Verbosity::Everything, &line);
        }
        match base.variable {
            None => self.warn_of_unread_base_url(&base.url),
            Some(variable) if self.variables.place(variable).is_some() => {
                let by = self.variables.origin(variable);
                self.ui.note(&format!("requests go to {}: {by}", base.url));
            }
            Some(_) => {}
        }
        let source = found.described();
        let recipient = Recipient {
            base: base.url,
            credentials: found.credentials,
            headers: self.variables.extra_headers()?,
        };
        let client = self.client_with(recipient, self.globals.retries.into(), observer)?;
        Ok(client.with_credentials_from(source))
    }

    /// Warns if an env file beside the wrangler file sets the base URL but is not read, since the
    /// command works in another directory: it would change the real service instead of a stand-in.
    fn warn_of_unread_base_url(&self, base: &BaseUrl) {
        let cwd = self.files.directory();
        let found = self.files.discover(cwd).ok();
        let directory = found.as_ref().and_then(|found| found.path.parent());
        let Some(directory) = directory.filter(|directory| *directory != cwd) else {
            return;
        };
        let files = read_env_files(
            directory,
            self.globals.environment.as_deref(),
            &env::of_library,
        );
        let names = [Var::BaseUrl.name(), Var::LegacyBaseUrl.name()];
        for file in files.map(|files| files.read).unwrap_or_default() {
            let set = file.assignments.iter().rev();
            let mut set = set.filter(|it| names.contains(&&*it.name) && !it.value.is_empty());
            if let Some(set) = set.next() {
                self.ui.warn(&format!(
                    "{}:{} sets {}, and is not read: env files are read in the current directory only; \
                     requests go to {base}",
                    self.files.display(&file.path),
                    set.line,
                    set.name,
                ));
                return;
            }
        }
    }

    /// Prepares as much of a session as can be had, for a command that reports on what cannot. No
    /// file is read: `file` is what came of it.
    pub async fn attempt(
        &self,
        file: Result<&Document, &config::Error>,
        sections: &[Section],
    ) -> Result<Result<Attempt, Denial>> {
        let document = file.ok();
        let meter = Arc::new(LatencyMeter::new(self.clock));
        if self.is_local() {
            let session = self.connect_locally(document).await?;
            return Ok(Ok(Attempt {
                client: session.client,
                account: Ok(session.account),
                meter,
                place: session.place,
                _server: session.server,
            }));
        }
        if let Err(error) = self.check_region_is_known(file.err()) {
            return denial(error.into()).map(Err);
        }
        let observer = self.narrator_and(Arc::clone(&meter) as Arc<dyn Observer>);
        let client = match self.remote_client(document, sections, observer) {
            Ok(client) => client,
            Err(error) => return denial(error).map(Err),
        };
        let sources = self.account_sources(document, sections);
        let account = sources.resolve(&client).await;
        let account = account.map(|choice| self.note_choice(choice).id);
        Ok(Ok(Attempt {
            client,
            account,
            meter,
            place: Backend::Remote,
            _server: None,
        }))
    }

    /// Has the user choose an account, where that is possible.
    async fn choose_account(&self, accounts: Vec<Account>) -> Result<AccountId> {
        if let Some(chosen) = self.chosen_account.get() {
            return Ok(chosen.clone());
        }
        let names = accounts.iter().map(|it| format!("{}  {}", it.id, it.name));
        let names: Vec<String> = names.collect();
        let choice = Choice {
            what: "accounts of these credentials: remote",
            among: &names,
            ask: "Which account?",
        };
        let chosen = self.ui.choose(choice).await;
        let chosen = chosen.class(ErrorClass::Failed)?;
        match chosen.and_then(|at| accounts.get(at)) {
            Some(account) => Ok(self
                .chosen_account
                .get_or_init(|| account.id.clone())
                .clone()),
            None => Err(AccountError::Several(accounts).into()),
        }
    }

    /// Prints what there is to say about the choice of the account.
    fn note_choice(&self, choice: ChosenAccount) -> ChosenAccount {
        for note in &choice.notes {
            self.ui.note(note);
        }
        choice
    }

    /// Returns the account that is named for a section, and by whom, without asking the service.
    pub fn named_account(
        &self,
        document: Option<&Document>,
        section: Section,
    ) -> Result<Option<ChosenAccount>, AccountError> {
        self.account_sources(document, &[section]).named()
    }

    fn account_sources<'a>(
        &'a self,
        document: Option<&'a Document>,
        sections: &[Section],
    ) -> AccountSources<'a> {
        let mut sources = AccountSources {
            flag: self.globals.account_id.clone(),
            ..AccountSources::default()
        };
        if let Some(document) = document {
            let project = document.project();
            let named = |section: &Section| account_in(project, section);
            sources.file = sections.iter().map(named).collect();
            document.path().clone_into(&mut sources.path);
        }
        let set = self.variables.first([Var::AccountId, Var::LegacyAccountId]);
        sources.variable = set.map(|(var, value)| (self.variables.origin(var), value));
        sources
    }

    /// Finds the credentials, and where they came from.
    pub fn credentials(&self) -> Result<FoundCredentials, CredentialsError> {
        let file = self.globals.token_file.as_ref();
        let file = file.map(|file| self.files.token_file(file));
        let sources = credentials::Sources {
            token_file: file,
            variables: &self.variables,
            profile: self.globals.profile.as_ref(),
            directory: self.files.login_directory(),
            now: self.now(),
        };
        sources.find()
    }

    fn client(&self, base: BaseUrl, credentials: Credentials) -> Result<Client> {
        let recipient = Recipient {
            base,
            credentials,
            headers: ExtraHeaders::default(),
        };
        self.client_with(recipient, self.globals.retries.into(), self.narrator())
    }

    /// Prepares a client that hides nothing by trying again for long, and is listened to by
    /// `observer` as well. Without credentials it sends none.
    pub fn probing_client(
        &self,
        base: BaseUrl,
        found: Option<FoundCredentials>,
        observer: Arc<dyn Observer>,
    ) -> Result<Client> {
        let both = self.narrator_and(observer);
        let source = found.as_ref().map(FoundCredentials::described);
        let recipient = Recipient {
            base,
            credentials: found.map_or(Credentials::Anonymous, |found| found.credentials),
            headers: self.variables.extra_headers()?,
        };
        let client = self.client_with(recipient, self.globals.retries.min(1).into(), both)?;
        Ok(match source {
            Some(source) => client.with_credentials_from(source),
            None => client,
        })
    }

    fn narrator(&self) -> Arc<dyn Observer> {
        Arc::new(Narrator::new(self.ui.clone()))
    }

    fn narrator_and(&self, other: Arc<dyn Observer>) -> Arc<dyn Observer> {
        Arc::new(Both(Narrator::new(self.ui.clone()), other))
    }

    fn client_with(
        &self,
        recipient: Recipient,
        retries: usize,
        observer: Arc<dyn Observer>,
    ) -> Result<Client> {
        let Recipient {
            base,
            credentials,
            headers,
        } = recipient;
        let proxy = if base.is_loopback() {
            None
        } else {
            env::usable_proxy(&base.to_string()).map_err(SettingError::Proxy)?
        };
        let trust = self.trust(base.is_clear())?;
        let settings = Settings {
            proxied: proxy.is_some(),
            base,
            credentials,
            headers,
            timeout: self.globals.timeout,
            retries,
            backoff: Self::BACKOFF,
            trust,
            now: self.clock,
        };
        Ok(Client::new(settings, observer)?)
    }

    /// Returns a client that can check the Worker at `url`.
    pub fn visitor(&self, url: &Url) -> Result<Visitor> {
        let timeout = self.globals.timeout;
        if !is_loopback(url) {
            env::usable_proxy(url.as_str()).map_err(SettingError::Proxy)?;
        }
        let trust = self.trust(url.scheme() != "https")?;
        Ok(Visitor::new(url, &trust, timeout)?)
    }
}

/// Turns what keeps requests from being sent into something to report, if it is about credentials.
fn denial(failure: Failure) -> Result<Denial> {
    let class = match () {
        () if failure.find::<UnknownRegion>().is_some() => {
            return Ok(Denial {
                check: Check::Configuration,
                class: Class::Check,
                hint: failure.hint().cloned(),
                message: failure.to_string(),
            });
        }
        () if failure.find::<ForeignBaseUrl>().is_some() => Class::Check,
        () if failure.find::<CredentialsError>().is_some() => Class::Denied,
        () => return Err(failure),
    };
    Ok(Denial {
        check: Check::Credentials,
        class,
        hint: failure.hint().cloned(),
        message: failure.to_string(),
    })
}

/// Returns the account that the file names for a section: its own, else that of the top level.
pub fn account_in<'p>(project: &'p Project, section: &Section) -> Option<&'p Located<String>> {
    let own = project.scope(&section.deployed());
    own.and_then(|scope| scope.account_id.as_ref())
        .or(project.top.account_id.as_ref())
}
