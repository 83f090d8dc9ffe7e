//! Which answers are asked for again. The lists are snapshots: changing them is a decision.

use std::{sync::Arc, time::Duration};

use kvctl::{
    api::{self, Client, CreateNamespace, Credentials, ExtraHeaders, Namespace, Settings},
    domain::{AccountId, NamespaceId, Title},
};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

const STATUSES: &[u16] = &[
    301, 400, 401, 403, 404, 405, 408, 409, 413, 425, 429, 500, 501, 502, 503, 504, 520, 522, 524,
];

fn client(server: &MockServer) -> Client {
    let settings = Settings {
        base: server.uri().parse().unwrap(),
        credentials: Credentials::Anonymous,
        headers: ExtraHeaders::default(),
        timeout: Duration::from_secs(5),
        retries: 2,
        backoff: Duration::ZERO,
        trust: kvctl::api::Trust::default(),
        now: kvctl::env::now,
        proxied: false,
    };
    Client::new(settings, Arc::new(())).unwrap()
}

async fn retried<T>(send: impl AsyncFn(&Client) -> Result<T, api::Error>) -> Vec<u16> {
    let mut retried = Vec::new();
    for status in STATUSES {
        let server = MockServer::start().await;
        let template = ResponseTemplate::new(*status).insert_header("location", server.uri());
        Mock::given(any())
            .respond_with(template)
            .mount(&server)
            .await;
        assert!(send(&client(&server)).await.is_err(), "{status}");
        match server.received_requests().await.unwrap().len() {
            1 => {}
            3 => retried.push(*status),
            other => panic!("{status} was asked for {other} times"),
        }
    }
    retried
}

#[tokio::test]
async fn what_is_idempotent_is_retried_when_the_service_is_in_trouble() {
    let account = AccountId::local();
    let id: NamespaceId = "0f2ac74b498b48028cb68387c421e279".parse().unwrap();
    let statuses = retried(async |client| {
        let namespace = Namespace {
            client,
            account: &account,
            id: &id,
        };
        namespace.delete().await
    })
    .await;
    insta::assert_snapshot!(format!("{statuses:?}"), @"[408, 429, 500, 501, 502, 503, 504, 520, 522, 524]");
}

#[tokio::test]
async fn a_create_is_retried_only_when_it_certainly_had_no_effect() {
    let account = AccountId::local();
    let title: Title = "t".parse().unwrap();
    let create = CreateNamespace {
        account: &account,
        title: &title,
        jurisdiction: None,
    };
    let statuses = retried(async |client| client.send(&create).await).await;
    insta::assert_snapshot!(format!("{statuses:?}"), @"[429]");
}
