//! A client that does nothing but send requests, with the same libraries: the least that the work can take.

use std::{env::Args, fs, sync::Arc};

use reqwest::{Client, Url};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use serde_json::Value;

/// The first argument that makes this process such a client.
pub(crate) const COMMAND: &str = "floor";

/// Requests under way at once.
const WORKERS: usize = 4;

/// Runs `floor AUTHORITY VERB URL [FILE]`.
pub(crate) fn run(mut args: Args) {
    let authority = args.next().unwrap();
    let verb = args.next().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let url = args.next().map(|url| url.parse().unwrap());
        match (verb.as_str(), url) {
            ("nothing", _) => {}
            ("get", Some(url)) => drop(get(&client(&authority), url).await),
            ("put", Some(url)) => put(&client(&authority), url, "value".into()).await,
            ("list", Some(url)) => list(&client(&authority), url).await,
            ("bulk-put", Some(url)) => {
                bulk_put(&client(&authority), url, &args.next().unwrap()).await;
            }
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

async fn get(client: &Client, url: Url) -> Vec<u8> {
    let answer = client
        .get(url)
        .bearer_auth(crate::service::TOKEN)
        .send()
        .await
        .unwrap();
    answer
        .error_for_status()
        .unwrap()
        .bytes()
        .await
        .unwrap()
        .to_vec()
}

async fn put(client: &Client, url: Url, body: Vec<u8>) {
    let request = client
        .put(url)
        .bearer_auth(crate::service::TOKEN)
        .body(body);
    let answer = request
        .header("content-type", "application/json")
        .send()
        .await
        .unwrap();
    answer.error_for_status().unwrap().bytes().await.unwrap();
}

async fn list(client: &Client, url: Url) {
    let mut cursor = String::new();
    loop {
        let mut page = url.clone();
        if !cursor.is_empty() {
            page.query_pairs_mut().append_pair("cursor", &cursor);
        }
        let page: Value = serde_json::from_slice(&get(client, page).await).unwrap();
        page["result_info"]["cursor"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut cursor);
        if cursor.is_empty() {
            return;
        }
    }
}

/// Sends the batches that were made before, which are files named `FILE.0`, `FILE.1` and so on.
async fn bulk_put(client: &Client, url: Url, file: &str) {
    let batches = (0..).map_while(|n| fs::read(format!("{file}.{n}")).ok());
    let mut batches = batches.collect::<Vec<_>>().into_iter();
    let mut under_way = tokio::task::JoinSet::new();
    loop {
        while under_way.len() < WORKERS {
            let Some(batch) = batches.next() else { break };
            let (client, url) = (client.clone(), url.clone());
            under_way.spawn(async move { put(&client, url, batch).await });
        }
        match under_way.join_next().await {
            Some(done) => done.unwrap(),
            None => return,
        }
    }
}
