//! The documented answers of the service: kvctl reads them, and the emulator gives them.

use std::{path::Path, sync::Arc};

use fs_err as fs;
use kvctl::{
    emulator::{
        Action, Config, Emulator, Fault, Grant, Keys, Quota, Running, Token, TokenKind, spawn,
    },
    wire::{
        Account, BulkEntry, BulkGet, BulkResult, BulkValue, BulkValues, Envelope, KeyInfo,
        Membership, NamespaceInfo, TokenStatus,
        analytics::{
            GraphqlAnswer, GraphqlError, GraphqlRequest, OperationsSum, StorageGroup, Viewer,
        },
    },
};
use reqwest::{
    Client, RequestBuilder,
    multipart::{Form, Part},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

const ACCOUNT: &str = "023e105f4ecef8ad9ca31a8372d0c353";
/// The namespace of the fixtures that exists, in their words.
const NAMESPACE: &str = "0f2ac74b498b48028cb68387c421e279";
/// The time of the fixtures, well before what expires in them.
const NOW: i64 = 1_800_000_000;

/// A documented answer, and the request it answers.
#[derive(Debug, Deserialize)]
struct Fixture {
    #[serde(skip)]
    name: String,
    method: String,
    path: String,
    /// The body of the request, if the documentation shows one.
    send: Option<Value>,
    status: u16,
    body: Value,
}

/// An emulator for one fixture, and a client for all.
struct Service {
    running: Running,
    http: Client,
}

fn fixtures() -> Vec<Fixture> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/wire");
    let mut paths: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let mut fixture: Fixture = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        path.file_stem()
            .unwrap()
            .to_str()
            .unwrap()
            .clone_into(&mut fixture.name);
        fixture
    };
    paths.iter().map(read).collect()
}

#[test]
fn every_documented_answer_can_be_read() {
    for fixture in fixtures() {
        let name = fixture.name.as_str();
        match name {
            "namespace-list" | "namespace-list-past-the-end" => {
                decode::<Vec<NamespaceInfo>>(&fixture);
            }
            "token-verify" | "token-verify-account" => decode::<TokenStatus>(&fixture),
            "account-list" => decode::<Vec<Account>>(&fixture),
            "membership-list" => decode::<Vec<Membership>>(&fixture),
            "bulk-get-metadata" => decode::<BulkValues<BulkValue<String>>>(&fixture),
            _ if name.starts_with("graphql-") => analysed(&fixture),
            _ if name.starts_with("bulk-get") => decode::<BulkValues<String>>(&fixture),
            _ if name.starts_with("bulk-") => decode::<BulkResult>(&fixture),
            _ if name.starts_with("namespace-") => decode::<NamespaceInfo>(&fixture),
            _ if name.starts_with("keys-") => decode::<Vec<KeyInfo>>(&fixture),
            _ => decode::<Value>(&fixture),
        }
    }
}

/// Reads the answer into the types of kvctl, and compares what they hold with what it says.
fn decode<T: DeserializeOwned>(fixture: &Fixture) {
    let Fixture {
        name, status, body, ..
    } = fixture;
    let envelope: Envelope<T> =
        serde_json::from_value(body.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(envelope.success, *status == 200, "{name}");
    assert_eq!(
        envelope.result.is_some(),
        !body["result"].is_null(),
        "{name}"
    );
    let errors = serde_json::to_value(&envelope.errors).unwrap();
    assert_eq!(errors, body["errors"], "{name}");
    let info = envelope
        .result_info
        .map(|info| serde_json::to_value(info).unwrap());
    assert_eq!(info.as_ref(), body.get("result_info"), "{name}");
}

/// Reads an answer of the analytics, which has no envelope.
fn analysed(fixture: &Fixture) {
    let Fixture { name, body, .. } = fixture;
    let read: GraphqlAnswer<Viewer<Value>> = serde_json::from_value(body.clone()).unwrap();
    let rows = |dataset: &str| {
        let data = read.data.as_ref().unwrap();
        data.viewer.accounts[0][dataset][0].clone()
    };
    match name.as_str() {
        "graphql-operations" => {
            let row = rows("kvOperationsAdaptiveGroups");
            let sum: OperationsSum = serde_json::from_value(row["sum"].clone()).unwrap();
            assert_eq!(sum.requests, 12);
        }
        "graphql-storage" => {
            let row = rows("kvStorageAdaptiveGroups");
            let group: StorageGroup = serde_json::from_value(row.clone()).unwrap();
            assert_eq!(serde_json::to_value(group).unwrap(), row);
        }
        _ => {
            let errors: Vec<GraphqlError> = read.errors.unwrap();
            let written = serde_json::to_value(errors).unwrap();
            assert_eq!(written, body["errors"], "{name}");
        }
    }
}

#[test]
fn every_documented_body_can_be_read_and_written() {
    let bodies = fixtures().into_iter();
    for (name, sent) in bodies.filter_map(|fixture| Some((fixture.name, fixture.send?))) {
        match name.as_str() {
            _ if name.starts_with("graphql-") => there_and_back::<GraphqlRequest>(&name, &sent),
            _ if name.starts_with("bulk-put") => there_and_back::<Vec<BulkEntry>>(&name, &sent),
            _ if name.starts_with("bulk-get") => there_and_back::<BulkGet>(&name, &sent),
            _ => there_and_back::<Vec<String>>(&name, &sent),
        }
    }
}

/// Reads a body into the type that sends it; what that sends says no less.
fn there_and_back<T: DeserializeOwned + Serialize>(name: &str, sent: &Value) {
    let read: T = serde_json::from_value(sent.clone()).unwrap();
    let written = serde_json::to_value(read).unwrap();
    if let (Value::Object(sent), Value::Object(written)) = (sent, &written) {
        let kept = sent.iter().all(|(key, value)| written[key] == *value);
        assert!(kept, "{name}: {written:?}");
    } else {
        assert_eq!(written, *sent, "{name}");
    }
}

#[tokio::test]
async fn the_emulator_answers_as_documented() {
    let mut wrong = Vec::new();
    // Another test may have been first.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let http = Client::new();
    for fixture in fixtures() {
        let service = Service {
            running: spawn(emulator(&fixture.name)).unwrap(),
            http: http.clone(),
        };
        let id = prepare(&service).await;
        let path = fixture.path.replace(NAMESPACE, &id);
        let send = fixture.send.as_ref().map(|body| named(body, &id));
        let mut request = request(&service, &fixture.method, &path);
        for (name, value) in credentials(&fixture.name) {
            request = request.header(*name, *value);
        }
        request = match &send {
            Some(body) => request.json(body),
            None => with_body(request, &fixture.name),
        };
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let body: Value = response.json().await.unwrap();
        let same_errors = body["errors"] == fixture.body["errors"];
        if status != fixture.status || !same_errors || shape(&body) != shape(&fixture.body) {
            wrong.push(format!("{}: {status} {body:#}", fixture.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Replaces the namespace of the fixtures by the one that exists.
fn named(body: &Value, id: &str) -> Value {
    serde_json::from_str(&body.to_string().replace(NAMESPACE, id)).unwrap()
}

/// Replaces each scalar by the name of its type.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("bool"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("string"),
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), shape(value)))
            .collect(),
    }
}

fn emulator(fixture: &str) -> Emulator {
    let account = Account {
        id: ACCOUNT.parse().unwrap(),
        name: "Ada's Account".to_owned(),
    };
    let token = |text| Token::new(text, [account.id.clone()]);
    let email = "ada@example.com".to_owned();
    let tokens = vec![
        token("setup"),
        token("user"),
        token("reader").grant(Grant::Read),
        token("account").kind(TokenKind::AccountOwned),
        token("key").kind(TokenKind::GlobalKey { email }),
    ];
    let mut config = Config::remote(vec![account], tokens, Arc::new(|| NOW));
    if fixture == "throttled" {
        let requests = 0;
        config.quota = Some(Quota {
            requests,
            ..Quota::default()
        });
    }
    let emulator = Emulator::new(config);
    let unlucky = |key: &str| Action::Unsuccessful(Keys::Named(vec![key.to_owned()]));
    match fixture {
        "bulk-put-partial" => emulator.fault(Fault::new("PUT", "/bulk", unlucky("user:21"))),
        "bulk-delete-partial" => emulator.fault(Fault::new("POST", "/bulk", unlucky("user:02"))),
        _ => {}
    }
    emulator
}

fn request(service: &Service, method: &str, path: &str) -> RequestBuilder {
    let url = format!("{}{path}", service.running.base_url());
    service.http.request(method.parse().unwrap(), url)
}

/// Makes the service hold what the fixtures speak of, and returns the id of their namespace.
async fn prepare(service: &Service) -> String {
    let namespaces = format!("/accounts/{ACCOUNT}/storage/kv/namespaces");
    let mut id = NAMESPACE.to_owned();
    for title in ["bio-CACHE", "bio-SESSIONS"] {
        let create = request(service, "POST", &namespaces).json(&json!({ "title": title }));
        let body: Value = create
            .bearer_auth("setup")
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        if let Some(created) = body["result"]["id"].as_str() {
            created.clone_into(&mut id);
        }
    }
    for n in 0..12 {
        let mut form = Form::new().text("value", "v");
        let mut path = format!("{namespaces}/{id}/values/user%3A{n:02}");
        match n {
            0 => {
                path.push_str("?expiration=1893456000");
                form = form.text("metadata", r#"{"plan":"free"}"#);
            }
            // No text.
            5 => form = Form::new().part("value", Part::bytes(vec![255])),
            11 => form = form.text("metadata", r#""text""#),
            _ => {}
        }
        let put = request(service, "PUT", &path).multipart(form);
        put.bearer_auth("setup").send().await.unwrap();
    }
    id
}

fn credentials(fixture: &str) -> &'static [(&'static str, &'static str)] {
    match fixture {
        "no-credentials" => &[],
        "half-credentials" => &[("X-Auth-Key", "key")],
        "unknown-global-key" => &[("X-Auth-Key", "other"), ("X-Auth-Email", "ada@example.com")],
        "malformed-token" => &[("Authorization", "Bearer Bearer user")],
        "unknown-token" | "token-verify-invalid" => &[("Authorization", "Bearer unknown")],
        "no-permission" => &[("Authorization", "Bearer reader")],
        "token-verify-account" | "membership-list-account-token" => {
            &[("Authorization", "Bearer account")]
        }
        _ => &[("Authorization", "Bearer user")],
    }
}

fn with_body(request: RequestBuilder, fixture: &str) -> RequestBuilder {
    let title = match fixture {
        "namespace-create" => "bio-NEW",
        "namespace-create-taken" => "bio-SESSIONS",
        "namespace-rename-taken" => "bio-CACHE",
        "namespace-rename" | "namespace-rename-unknown" => "bio-LOGINS",
        "namespace-create-untitled" => "",
        "value-put-bad-metadata" => {
            let form = Form::new().text("value", "v");
            return request.multipart(form.text("metadata", "{plan"));
        }
        _ => return request,
    };
    request.json(&json!({ "title": title }))
}
