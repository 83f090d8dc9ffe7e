//! A client that does nothing but send the requests, with the same libraries: the least that the work can take.

use std::{
    io::{Write as _, stdout},
    sync::Arc,
};

use fs_err as fs;

use reqwest::{Client, Method, RequestBuilder, Url};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::service::TOKEN;

/// The first argument that makes this process such a client.
pub(crate) const COMMAND: &str = "floor";

/// Writes under way at once, as in kvctl.
const WRITES: usize = 4;

/// Reads under way at once, as in kvctl.
const READS: usize = 12;

/// Keys in one request for values.
pub(crate) const READ_KEYS: usize = 100;

/// Runs `floor AUTHORITY VERB [URL] [ARG]`.
pub(crate) fn run(mut args: impl Iterator<Item = String>) {
    let authority = args.next().unwrap();
    let verb = args.next().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (url, arg) = (args.next(), args.next().unwrap_or_default());
    runtime.block_on(async {
        let Some(url) = url else { return };
        let url: Url = url.parse().unwrap();
        let client = client(&authority);
        match verb.as_str() {
            "get" => print(&send(client.get(url)).await),
            "put" => drop(send(client.put(url).body(arg)).await),
            "list" => list(&client, &url, async |page, _| print(page)).await,
            "bulk-put" => bulk(&client, &Method::PUT, &url, &arg, WRITES).await,
            "bulk-delete" => bulk(&client, &Method::POST, &url, &arg, WRITES).await,
            "bulk-get" => bulk(&client, &Method::POST, &url, &arg, READS).await,
            "export" => export(&client, &url).await,
            _ => panic!("{verb}"),
        }
    });
}

fn client(authority: &str) -> Client {
    let mut roots = RootCertStore::empty();
    for found in CertificateDer::pem_file_iter(authority).unwrap() {
        roots.add(found.unwrap()).unwrap();
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .no_proxy()
        .tls_backend_preconfigured(tls)
        .build()
        .unwrap()
}

fn print(bytes: &[u8]) {
    stdout().write_all(bytes).unwrap();
}

async fn send(request: RequestBuilder) -> Vec<u8> {
    let request = request
        .bearer_auth(TOKEN)
        .header("content-type", "application/json");
    let answer = request.send().await.unwrap().error_for_status().unwrap();
    answer.bytes().await.unwrap().to_vec()
}

/// Asks for page after page.
async fn list(client: &Client, url: &Url, mut each: impl AsyncFnMut(&[u8], &Value)) {
    let mut cursor = String::new();
    loop {
        let mut page = url.clone();
        if !cursor.is_empty() {
            page.query_pairs_mut().append_pair("cursor", &cursor);
        }
        let text = send(client.get(page)).await;
        let page: Value = serde_json::from_slice(&text).unwrap();
        each(&text, &page).await;
        let next = page["result_info"]["cursor"].as_str();
        next.unwrap_or_default().clone_into(&mut cursor);
        if cursor.is_empty() {
            return;
        }
    }
}

/// Sends the bodies that were made before, which are files named `FILE.0`, `FILE.1` and so on, and prints the answers.
async fn bulk(client: &Client, method: &Method, url: &Url, file: &str, at_once: usize) {
    let mut under_way: JoinSet<Vec<u8>> = JoinSet::new();
    for body in (0..).map_while(|n| fs::read(format!("{file}.{n}")).ok()) {
        if under_way.len() == at_once {
            print(&under_way.join_next().await.unwrap().unwrap());
        }
        under_way.spawn(send(client.request(method.clone(), url.clone()).body(body)));
    }
    while let Some(answer) = under_way.join_next().await {
        print(&answer.unwrap());
    }
}

/// Lists the keys of the namespace at `url`, asks for the values of each page meanwhile, and prints them.
async fn export(client: &Client, url: &Url) {
    let at = |rest: &str| -> Url { format!("{url}{rest}").parse().unwrap() };
    let mut under_way: JoinSet<Vec<u8>> = JoinSet::new();
    list(client, &at("/keys"), async |_, page| {
        let keys: Vec<&Value> = page["result"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| &key["name"])
            .collect();
        for keys in keys.chunks(READ_KEYS) {
            if under_way.len() == READS {
                print(&under_way.join_next().await.unwrap().unwrap());
            }
            let body = json!({ "keys": keys }).to_string();
            under_way.spawn(send(client.post(at("/bulk/get")).body(body)));
        }
    })
    .await;
    while let Some(answer) = under_way.join_next().await {
        print(&answer.unwrap());
    }
}
