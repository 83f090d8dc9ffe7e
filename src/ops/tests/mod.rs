//! The rules against a service: the emulator, in this process, and no command line.

mod account;
mod bulk;
mod bulk_runs;
mod deployed;
mod drift;
mod lists;
mod namespaces;
mod previews;
mod protect;
mod provision;
mod rename_binding;
mod target;
mod verify;

use std::{sync::Arc, time::Duration};

use crate::{
    api::{Client, CreateNamespace, Credentials, ExtraHeaders, Namespace, Settings, Trust},
    config::Document,
    domain::{AccountId, Binding, NamespaceId, Section},
    emulator::{Config, Emulator, Running, Token, spawn},
    wire::{Account, NamespaceInfo},
};

const ACCOUNT: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
const TOKEN: &str = "token-0123456789";

/// A service with one account, and a client for it.
struct Service {
    emulator: Emulator,
    running: Running,
    client: Client,
    account: AccountId,
}

impl Service {
    fn new() -> Self {
        Self::with(|config| config)
    }

    /// A service that is set up by `adjust`.
    fn with(adjust: impl FnOnce(Config) -> Config) -> Self {
        let account: AccountId = ACCOUNT.parse().unwrap();
        let clock = Arc::new(|| crate::env::now().as_second());
        let accounts = vec![named_account(ACCOUNT, "Bio")];
        let tokens = vec![Token::new(TOKEN, [account.clone()])];
        let config = adjust(Config::remote(accounts, tokens, clock));
        let emulator = Emulator::new(config);
        let running = spawn(emulator.clone()).unwrap();
        let client = client(running.base_url(), TOKEN);
        Self {
            emulator,
            running,
            client,
            account,
        }
    }

    /// The same, asked again so often.
    fn retrying(self, retries: usize) -> Self {
        let client = client_trying(self.running.base_url(), TOKEN, retries);
        Self { client, ..self }
    }

    async fn create(&self, title: &str) -> NamespaceId {
        let title = title.parse().unwrap();
        let create = CreateNamespace {
            account: &self.account,
            title: &title,
            jurisdiction: None,
        };
        self.client.send(&create).await.unwrap().id
    }

    async fn titles(&self) -> Vec<String> {
        let all = self.all().await;
        all.into_iter().map(|namespace| namespace.title).collect()
    }

    async fn all(&self) -> Vec<NamespaceInfo> {
        self.client.namespaces(&self.account).await.unwrap()
    }

    fn namespace<'a>(&'a self, id: &'a NamespaceId) -> Namespace<'a> {
        Namespace {
            client: &self.client,
            account: &self.account,
            id,
        }
    }

    /// How many requests with this method and this part of the path came.
    fn count(&self, method: &str, part: &str) -> usize {
        let log = self.emulator.log();
        let asked = log
            .iter()
            .filter(|e| e.method == method && e.path.contains(part));
        asked.count()
    }
}

fn named_account(id: &str, name: &str) -> Account {
    Account {
        id: id.parse().unwrap(),
        name: name.to_owned(),
    }
}

/// A client that does not retry, so that faults surface.
fn client(base: &str, token: &str) -> Client {
    client_trying(base, token, 0)
}

fn client_trying(base: &str, token: &str, retries: usize) -> Client {
    let settings = Settings {
        base: base.parse().unwrap(),
        credentials: Credentials::Token(Credentials::secret(token).unwrap()),
        headers: ExtraHeaders::default(),
        timeout: Duration::from_secs(20),
        retries,
        backoff: Duration::from_millis(1),
        trust: Trust::default(),
        now: crate::env::now,
        proxied: false,
    };
    Client::new(settings, Arc::new(())).unwrap()
}

fn document(text: &str) -> Document {
    Document::parse("wrangler.toml".into(), text.as_bytes().to_vec()).unwrap()
}

fn binding(name: &str) -> Binding {
    name.parse().unwrap()
}

fn section(name: &str) -> Section {
    Section::from(Some(name.parse().unwrap()))
}
