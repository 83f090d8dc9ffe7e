//! The service that all programs use: `kvctl serve`, and what speaks TLS before it.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use fs_err as fs;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::tls_end::{Authority, GOOD};

/// Any token is accepted.
pub(crate) const TOKEN: &str = "bench";

pub(crate) struct Service {
    child: Child,
    log: PathBuf,
    /// Where the programs run.
    pub(crate) directory: PathBuf,
    /// The URL that the programs get.
    pub(crate) base: String,
    /// The URL of the service itself, in clear.
    direct: String,
    pub(crate) account: String,
    /// The file with the authority that the programs have to trust.
    pub(crate) authority: PathBuf,
    client: Client,
    runtime: Runtime,
}

impl Service {
    pub(crate) fn start(kvctl: &Path, directory: &Path, tls: bool, latency: Duration) -> Self {
        // Only reqwest asks for it; who set it before does not matter.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let log = directory.join("log");
        let mut child = Command::new(kvctl)
            .args(["serve", "--memory", "--port", "0", "--json", "--latency"])
            .arg(format!("{}ms", latency.as_millis()))
            .arg("--log")
            .arg(&log)
            .env_clear()
            .env("HOME", directory)
            .current_dir(directory)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let started: Value = serde_json::from_str(&line).unwrap();
        let direct = started["base_url"].as_str().unwrap().to_owned();
        let authority = directory.join("authority.pem");
        let trusted = Authority::new();
        fs::write(&authority, trusted.pem()).unwrap();
        let base = if tls {
            trusted.serve(&GOOD, &direct)
        } else {
            direct.clone()
        };
        Self {
            child,
            log,
            directory: directory.to_owned(),
            account: started["account_id"].as_str().unwrap().to_owned(),
            base,
            direct,
            authority,
            // The service closes a connection that is idle for the time that a long run takes.
            client: Client::builder()
                .no_proxy()
                .pool_max_idle_per_host(0)
                .build()
                .unwrap(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
        }
    }

    /// How many requests there have been.
    pub(crate) fn requests(&self) -> usize {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        text.lines().count()
    }

    /// The part of a URL behind the base that names a namespace, or all of them.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/accounts/{}/storage/kv/namespaces{rest}", self.account)
    }

    /// Sends a request to the service itself, which has to succeed.
    fn send(&self, method: Method, path: &str, body: Vec<u8>) -> Vec<u8> {
        let request = self
            .client
            .request(method, format!("{}{path}", self.direct));
        let request = request
            .bearer_auth(TOKEN)
            .header("content-type", "application/json")
            .body(body);
        self.runtime.block_on(async {
            let answer = request.send().await.unwrap().error_for_status().unwrap();
            answer.bytes().await.unwrap().to_vec()
        })
    }

    /// Makes a namespace and returns its id.
    pub(crate) fn create(&self, title: &str) -> String {
        let body = json!({ "title": title }).to_string();
        let answer = self.send(Method::POST, &self.path(""), body.into());
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        answer["result"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn delete(&self, id: &str) {
        self.send(Method::DELETE, &self.path(&format!("/{id}")), Vec::new());
    }

    /// Writes records from files, each the body of a request.
    pub(crate) fn fill(&self, id: &str, bodies: impl Iterator<Item = PathBuf>) {
        for body in bodies {
            self.send(
                Method::PUT,
                &self.path(&format!("/{id}/bulk")),
                fs::read(body).unwrap(),
            );
        }
    }

    pub(crate) fn value(&self, id: &str, key: &str) -> String {
        let value = self.send(
            Method::GET,
            &self.path(&format!("/{id}/values/{key}")),
            Vec::new(),
        );
        String::from_utf8(value).unwrap()
    }

    /// How many namespaces there are.
    pub(crate) fn namespaces(&self) -> u64 {
        let answer = self.send(Method::GET, &self.path("?per_page=5"), Vec::new());
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        answer["result_info"]["total_count"].as_u64().unwrap()
    }

    /// How many keys a namespace has.
    pub(crate) fn keys(&self, id: &str) -> u64 {
        let query = "query($account: string, $id: string) { viewer { accounts(filter: {accountTag: $account}) {
            kvStorageAdaptiveGroups(limit: 1, filter: {namespaceId: $id}) { max { keyCount } } } } }";
        let variables = json!({ "account": self.account, "id": id });
        let body = json!({ "query": query, "variables": variables }).to_string();
        let answer = self.send(Method::POST, "/graphql", body.into());
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert!(answer["errors"].is_null(), "{answer}");
        let rows = &answer["data"]["viewer"]["accounts"][0]["kvStorageAdaptiveGroups"];
        rows[0]["max"]["keyCount"].as_u64().unwrap_or(0)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
