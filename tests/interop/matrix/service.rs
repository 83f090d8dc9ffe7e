//! The service of a row: five accounts, each with the namespaces, and what is deployed there.

use std::sync::Arc;

use kvctl::{
    emulator::{Config, Emulator, Running, Token, spawn},
    wire::Account,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    namespaces::{BINDING, Ids, Login, Namespace, Part},
    row::{Deployed, Kind, Row, Section},
    store::now,
};
use crate::wait::http;

/// The service, until this is dropped.
pub(super) struct Service {
    emulator: Emulator,
    running: Running,
    ids: Vec<(Login, Ids)>,
}

/// An account and a namespace that a program asked for.
pub(super) type Asked = (Login, Namespace);

impl Service {
    pub(super) fn start(row: &Row) -> Self {
        let emulator = Emulator::new(config());
        let running = spawn(emulator.clone()).unwrap();
        let http = Http::new(running.base_url());
        let create = |login: Login, namespace: Namespace| {
            let path = format!("/accounts/{}/storage/kv/namespaces", login.account());
            let body = json!({ "title": namespace.to_string() });
            let made = http.send(Method::POST, &path, login, Some(body));
            (namespace, made["result"]["id"].as_str().unwrap().to_owned())
        };
        let ids = Login::ALL.map(|login| {
            let made = Namespace::REMOTE.into_iter();
            (
                login,
                Ids(made.map(|namespace| create(login, namespace)).collect()),
            )
        });
        for (login, ids) in &ids {
            for namespace in &Namespace::REMOTE {
                let place = format!(
                    "/accounts/{}/storage/kv/namespaces/{}/values/at",
                    login.account(),
                    ids.text(namespace)
                );
                http.send(
                    Method::PUT,
                    &place,
                    *login,
                    Some(json!(namespace.to_string())),
                );
            }
        }
        let service = Self {
            emulator,
            running,
            ids: ids.into(),
        };
        for login in Login::ALL {
            service.deploy(row, login);
        }
        service
    }

    pub(super) fn base_url(&self) -> &str {
        self.running.base_url()
    }

    pub(super) fn ids(&self, login: Login) -> &Ids {
        let mut all = self.ids.iter();
        &all.find(|(of, _)| *of == login).unwrap().1
    }

    /// How many requests there were.
    pub(super) fn count(&self) -> usize {
        self.emulator.log().len()
    }

    /// The namespaces whose keys were asked for, each once, by all requests but the first ones.
    pub(super) fn asked_since(&self, count: usize) -> Vec<Asked> {
        let log = self.emulator.log();
        let mut asked: Vec<_> = log[count..]
            .iter()
            .filter_map(|entry| self.asked(&entry.path))
            .collect();
        asked.sort();
        asked.dedup();
        asked
    }

    fn asked(&self, path: &str) -> Option<Asked> {
        let (_, rest) = path.split_once("/accounts/")?;
        let (account, rest) = rest.split_once("/storage/kv/namespaces/")?;
        let (id, _) = rest.split_once('/')?;
        let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy();
        let login = Login::ALL
            .into_iter()
            .find(|login| login.account() == account)?;
        let own = self.ids(login).find(&id);
        let others = self.ids.iter().map(|(_, ids)| ids.find(&id));
        let known = |found: &Namespace| !matches!(found, Namespace::Unknown(_));
        Some((
            login,
            [own.clone()]
                .into_iter()
                .chain(others)
                .find(known)
                .unwrap_or(own),
        ))
    }

    /// Deploys the row's Workers or Pages project in an account.
    fn deploy(&self, row: &Row, login: Login) {
        let account = login.account().parse().unwrap();
        let id = |namespace: Namespace| self.ids(login).text(&namespace);
        match (row.deployed, row.kind) {
            (Deployed::No, _) => {}
            (_, Kind::Worker) => {
                for (worker, namespace) in workers(row) {
                    let bound = [(bound(row), &*id(namespace))];
                    self.emulator.deploy(&account, worker, &bound).unwrap();
                }
            }
            (_, Kind::Pages) => {
                let preview = if row.has_environment() {
                    Part::Env
                } else {
                    Part::Top
                };
                let [production, preview] =
                    [Part::Top, preview].map(|part| id(Namespace::Deployed(part)));
                let [production, preview] =
                    [&production, &preview].map(|id| [(bound(row), id.as_str())]);
                self.emulator
                    .create_project(&account, "shop", &production, &preview)
                    .unwrap();
            }
        }
    }
}

/// The binding of what is deployed.
fn bound(row: &Row) -> &'static str {
    match row.deployed {
        Deployed::With => BINDING,
        Deployed::Without | Deployed::No => "OTHER",
    }
}

/// The deployed Workers, the last of which is not the environment's.
fn workers(row: &Row) -> Vec<(&'static str, Namespace)> {
    let top = ("shop", Namespace::Deployed(Part::Top));
    match row.section {
        Section::Top => vec![top],
        Section::Env => vec![top, ("shop-staging", Namespace::Deployed(Part::Env))],
        Section::EnvWithName => vec![
            top,
            ("shop-live", Namespace::Deployed(Part::Env)),
            ("shop-staging", Namespace::Decoy),
        ],
    }
}

fn config() -> Config {
    let account = |login: Login| Account {
        id: login.account().parse().unwrap(),
        name: format!("{login:?}"),
    };
    let token = |login: Login| Token::new(&login.token(), [login.account().parse().unwrap()]);
    let accounts = Login::ALL.map(account).into();
    let tokens = Login::ALL.map(token).into();
    Config {
        quota: None,
        ..Config::remote(accounts, tokens, Arc::new(now))
    }
}

/// Sends requests as the owner of the accounts.
pub(super) struct Http {
    base_url: String,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Http {
    pub(super) fn new(base_url: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            client: http().build().unwrap(),
            runtime: tokio::runtime::Runtime::new().unwrap(),
        }
    }

    /// Sends a request, and returns the answer, which has to be JSON.
    pub(super) fn send(
        &self,
        method: Method,
        path: &str,
        login: Login,
        body: Option<Value>,
    ) -> Value {
        let url = format!("{}{path}", self.base_url);
        let mut request = self.client.request(method, &url).bearer_auth(login.token());
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.runtime.block_on(async {
            let answer = request.send().await.unwrap();
            let text = answer.text().await.unwrap();
            serde_json::from_str(&text).unwrap_or_else(|_| panic!("{url}: {text}"))
        })
    }
}
