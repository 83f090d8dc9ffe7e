//! The emulator over HTTP, as any client would meet it.

/// Runs tests twice: against a service that keeps its pairs in memory, and one that keeps them on
/// disk.
macro_rules! on_both_stores {
    ($($test:ident)*) => {
        mod in_memory {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::Service::local()).await;
            })*
        }
        mod on_disk {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::Service::disk()).await;
            })*
        }
    };
}

mod access;
mod analytics;
mod bulk;
mod disk;
mod failures;
mod model;
mod namespaces;
mod projects;
mod values;
mod workers;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use reqwest::{Client, RequestBuilder, Response, header::AUTHORIZATION};
use serde_json::Value;

use super::{Clock, Config, Emulator, Running, spawn};
use crate::domain::KeyName;

/// What opens the service behind `--local`.
const TOKEN: &str = "local-token";

/// When every test begins.
const START: i64 = 1_800_000_000;

/// A running emulator with a clock that tests can move, and a client for it.
struct Service {
    emulator: Emulator,
    running: Running,
    clock: Arc<AtomicI64>,
    http: Client,
    /// Where the pairs are, if they are on disk.
    state: Option<tempfile::TempDir>,
}

/// What came back.
#[derive(Debug)]
struct Reply {
    status: u16,
    body: Value,
}

impl Reply {
    fn code(&self) -> i64 {
        self.body["errors"][0]["code"].as_i64().unwrap()
    }
}

/// A client that could speak TLS, as the library demands.
fn http() -> reqwest::ClientBuilder {
    // Another test may have been first.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    Client::builder()
}

impl Service {
    /// The service behind `--local`.
    fn local() -> Self {
        Self::new(|clock| Config::local(TOKEN, clock)).authorized()
    }

    /// The same, with its pairs on disk.
    fn disk() -> Self {
        let state = tempfile::tempdir().unwrap();
        let root = state.path().to_owned();
        Self {
            state: Some(state),
            ..Self::at(&root)
        }
    }

    /// The service behind `--local --persist-to <root>`.
    fn at(root: &Path) -> Self {
        Self::new(|clock| Config {
            state: Some(root.to_owned()),
            ..Config::local(TOKEN, clock)
        })
        .authorized()
    }

    /// The same, whose client sends the token of the service behind `--local`.
    fn authorized(mut self) -> Self {
        let headers = [(AUTHORIZATION, format!("Bearer {TOKEN}").parse().unwrap())];
        let builder = http().default_headers(headers.into_iter().collect());
        self.http = builder.build().unwrap();
        self
    }

    fn new(config: impl FnOnce(Clock) -> Config) -> Self {
        let clock = Arc::new(AtomicI64::new(START));
        let hands = Arc::clone(&clock);
        let emulator = Emulator::new(config(Arc::new(move || hands.load(Ordering::SeqCst))));
        Self {
            running: spawn(emulator.clone()).unwrap(),
            emulator,
            clock,
            http: http().build().unwrap(),
            state: None,
        }
    }

    fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.running.base_url());
        self.http.request(method.parse().unwrap(), url)
    }

    /// A path among the namespaces of the local account.
    fn namespaces(&self, method: &str, rest: &str) -> RequestBuilder {
        let account = "10ca110c000000000000000000000000";
        self.request(
            method,
            &format!("/accounts/{account}/storage/kv/namespaces{rest}"),
        )
    }

    /// Creates a namespace and returns its id.
    async fn create(&self, title: &str) -> String {
        let body = serde_json::json!({ "title": title });
        let reply = send(self.namespaces("POST", "").json(&body)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body["result"]["id"].as_str().unwrap().to_owned()
    }
}

async fn send(request: RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    check_headers(&response);
    Reply {
        status: response.status().as_u16(),
        body: response.json().await.unwrap(),
    }
}

/// What every answer carries.
fn check_headers(response: &Response) {
    let ray = response.headers().get("cf-ray").unwrap();
    assert!(ray.to_str().unwrap().ends_with("-LOC"));
}

/// The path of a key below its namespace.
fn value_path(id: &str, key: &str) -> String {
    let key: KeyName = key.parse().unwrap();
    format!("/{id}/values/{}", key.to_segment())
}
