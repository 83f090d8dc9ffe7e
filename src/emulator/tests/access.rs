//! Credentials, permissions and quotas.

use std::time::Duration;

use super::*;
use crate::{
    domain::AccountId,
    emulator::{Grant, Quota, Token, TokenKind},
    wire::Account,
};

const MINE: &str = "0123456789abcdef0123456789abcdef";
const OTHER: &str = "fedcba9876543210fedcba9876543210";

fn id(text: &str) -> AccountId {
    text.parse().unwrap()
}

fn service() -> Service {
    let account = |text, name: &str| Account {
        id: id(text),
        name: name.to_owned(),
    };
    let accounts = vec![account(MINE, "Mine"), account(OTHER, "Other")];
    let token = |text| Token::new(text, [id(MINE)]);
    let email = "a@example.com".to_owned();
    let tokens = vec![
        token("writer"),
        token("reader").grant(Grant::Read),
        token("nobody").grant(Grant::None),
        token("account").kind(TokenKind::AccountOwned),
        token("global").kind(TokenKind::GlobalKey { email }),
    ];
    Service::new(|clock| Config::remote(accounts, tokens, clock))
}

fn list(service: &Service, account: &str) -> RequestBuilder {
    service.request("GET", &format!("/accounts/{account}/storage/kv/namespaces"))
}

#[tokio::test]
async fn credentials_are_told_apart() {
    let service = service();
    let none = send(list(&service, MINE)).await;
    assert_eq!((none.status, none.code()), (400, 9106));
    for (token, account, status, code) in [
        ("unknown", MINE, 401, 10000),
        ("global", MINE, 401, 10000),
        ("nobody", MINE, 403, 10000),
        ("writer", OTHER, 403, 10000),
        ("writer", "0123456789abcdef0123456789abcde0", 403, 10000),
        ("writer", "me", 404, 7003),
        ("a b", MINE, 400, 6003),
    ] {
        let reply = send(list(&service, account).bearer_auth(token)).await;
        assert_eq!(
            (reply.status, reply.code()),
            (status, code),
            "{token} {account}"
        );
    }
    for token in ["writer", "reader", "account"] {
        let reply = send(list(&service, MINE).bearer_auth(token)).await;
        assert_eq!(reply.status, 200, "{token}");
    }
    for (authorization, status) in [
        ("bearer writer", 200),
        ("BEARER   writer", 200),
        ("Bearer Writer", 401),
        ("Bearerwriter", 400),
        ("Bearer ", 400),
        ("Bearer Bearer writer", 400),
        ("Basic writer", 400),
    ] {
        let request = list(&service, MINE).header("authorization", authorization);
        assert_eq!(send(request).await.status, status, "{authorization}");
    }
}

#[tokio::test]
async fn a_global_key_needs_its_email() {
    let service = service();
    for (email, key, status, code) in [
        (Some("a@example.com"), Some("global"), 200, None),
        (Some("b@example.com"), Some("global"), 403, Some(9103)),
        (Some("a@example.com"), Some("writer"), 403, Some(9103)),
        (None, Some("global"), 403, Some(9106)),
        (Some("a@example.com"), None, 403, Some(9106)),
    ] {
        let mut request = list(&service, MINE);
        for (name, value) in [("X-Auth-Email", email), ("X-Auth-Key", key)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let reply = send(request).await;
        assert_eq!(reply.status, status, "{email:?} {key:?}");
        assert_eq!(code, (status != 200).then(|| reply.code()));
    }
}

#[tokio::test]
async fn a_reader_reads_and_does_not_write() {
    let service = service();
    let create = |token: &str| {
        let path = format!("/accounts/{MINE}/storage/kv/namespaces");
        let request = service.request("POST", &path).bearer_auth(token);
        send(request.json(&serde_json::json!({ "title": "a" })))
    };
    let refused = create("reader").await;
    assert_eq!((refused.status, refused.code()), (403, 10000));
    let created = create("writer").await;
    let namespace = created.body["result"]["id"].as_str().unwrap();
    assert!(!namespace.starts_with("10ca110c"));
    let path = format!("/accounts/{MINE}/storage/kv/namespaces/{namespace}/keys");
    let read = send(service.request("GET", &path).bearer_auth("reader")).await;
    assert_eq!(read.status, 200);
}

#[tokio::test]
async fn tokens_accounts_and_memberships_are_shown_to_whom_they_belong() {
    let service = service();
    let own = format!("/accounts/{MINE}/tokens/verify");
    for (path, token, status) in [
        ("/user/tokens/verify", "writer", 200),
        ("/user/tokens/verify", "account", 401),
        ("/user/tokens/verify", "unknown", 401),
        (&own, "account", 200),
        (&own, "writer", 401),
        ("/accounts", "writer", 200),
        ("/user", "writer", 200),
        ("/user", "account", 403),
        ("/user", "unknown", 401),
        (&format!("/accounts/{MINE}"), "writer", 200),
        (&format!("/accounts/{MINE}"), "account", 200),
        (&format!("/accounts/{OTHER}"), "writer", 403),
        ("/accounts/me", "writer", 404),
        ("/memberships", "writer", 200),
        ("/memberships", "account", 400),
    ] {
        let reply = send(service.request("GET", path).bearer_auth(token)).await;
        assert_eq!(reply.status, status, "{path} {token}");
    }
    let accounts = send(service.request("GET", "/accounts").bearer_auth("writer")).await;
    assert_eq!(accounts.body["result"].as_array().unwrap().len(), 1);
    assert_eq!(accounts.body["result"][0]["name"], "Mine");
    let verified = send(
        service
            .request("GET", "/user/tokens/verify")
            .bearer_auth("writer"),
    )
    .await;
    assert_eq!(verified.body["result"]["id"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn who_asks_too_much_must_wait() {
    let service = Service::new(|clock| Config {
        quota: Some(Quota {
            requests: 2,
            window: Duration::from_mins(5),
        }),
        ..Config::local(TOKEN, clock)
    })
    .authorized();
    let first = service.request("GET", "/accounts").send().await.unwrap();
    assert_eq!(first.headers()["ratelimit-policy"], "\"default\";q=2;w=300");
    assert!(
        first.headers()["ratelimit"]
            .to_str()
            .unwrap()
            .starts_with("\"default\";r=1;t=")
    );
    assert!(first.headers().get("retry-after").is_none());
    service.request("GET", "/accounts").send().await.unwrap();
    let third = service.request("GET", "/accounts").send().await.unwrap();
    assert_eq!(third.headers()["retry-after"], "300");
    assert_eq!(third.status(), 429);
    let body: Value = third.json().await.unwrap();
    assert_eq!(body["errors"][0]["code"], 971);
}

#[tokio::test]
async fn the_local_service_is_for_whoever_holds_its_token() {
    let service = Service::local();
    let id = service.create("a").await;
    let value = value_path(&id, "k");
    let put = service.namespaces("PUT", &value).body("secret");
    assert_eq!(send(put).await.status, 200);
    let nobody = http().build().unwrap();
    let url = |path: &str| format!("{}{path}", service.running.base_url());
    let local = "/accounts/10ca110c000000000000000000000000";
    let value = format!("{local}/storage/kv/namespaces{value}");
    let list = format!("{local}/storage/kv/namespaces");
    for path in [
        value.as_str(),
        &list,
        "/accounts",
        "/memberships",
        "/graphql",
        "/user/tokens/verify",
    ] {
        for method in ["GET", "PUT", "POST", "DELETE"] {
            let ask = || {
                nobody
                    .request(method.parse().unwrap(), url(path))
                    .body("[]")
            };
            for (request, statuses) in [
                (ask(), [400, 405]),
                (ask().bearer_auth("local-toke"), [401, 405]),
                (ask().bearer_auth("local-token2"), [401, 405]),
                (
                    ask()
                        .header("x-auth-email", "a")
                        .header("x-auth-key", TOKEN),
                    [403, 405],
                ),
            ] {
                let reply = send(request).await;
                assert!(
                    statuses.contains(&reply.status),
                    "{method} {path}: {reply:?}"
                );
                assert!(!reply.body.to_string().contains("secret"));
            }
        }
    }
    let got = service
        .namespaces("GET", &value_path(&id, "k"))
        .send()
        .await
        .unwrap();
    assert_eq!(got.text().await.unwrap(), "secret");
}
