//! The emulator against a map, over HTTP.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use proptest::prelude::*;
use reqwest::multipart::Form;
use serde_json::json;

use super::*;

/// A stored value.
#[derive(Clone, Debug, PartialEq)]
struct Pair {
    value: Vec<u8>,
    /// In seconds from when it is put; once it is there, since 1970.
    expiration: Option<i64>,
    metadata: Option<Value>,
}

/// One step of a random history.
#[derive(Clone, Debug)]
enum Step {
    Put {
        key: String,
        pair: Pair,
    },
    BulkPut {
        pairs: Vec<(String, Pair)>,
    },
    BulkDelete {
        keys: Vec<String>,
        /// By the route that is deprecated.
        is_old: bool,
    },
    BulkGet {
        keys: Vec<String>,
    },
    Delete {
        key: String,
    },
    Get {
        key: String,
    },
    List {
        prefix: String,
        limit: usize,
    },
    Pass {
        seconds: i64,
    },
}

/// Keys that differ from each other in what URLs, lists and encoders get wrong.
fn key() -> impl Strategy<Value = String> {
    let odd = [
        "/", "/a", "a/b", "a//b", "a/../b", "...", "..a", "?", "#", "%", "%2F", "%252F", "+",
        "a+b", "a b", " ", "&", "=", "^", "a&b=c", "\0", "\u{1f}", "\u{7f}", "\n", "é", "ﬀ", "🦀",
        "\u{ffff}", "~", "a", "aa", "ab",
    ];
    let odd = proptest::sample::select(odd.to_vec()).prop_map(str::to_owned);
    let long = Just("k".repeat(512));
    let any = "(?s).{1,6}".prop_filter("a key", |key| key.parse::<KeyName>().is_ok());
    prop_oneof![12 => odd, 1 => long, 4 => any]
}

fn pair() -> impl Strategy<Value = Pair> {
    let bytes = proptest::collection::vec(any::<u8>(), 0..8);
    let value = prop_oneof![bytes, "(?s).{0,4}".prop_map(String::into_bytes)];
    let values = [
        json!({"a": [1, "🦀"]}),
        json!("text"),
        json!(0),
        json!(false),
    ];
    let metadata = proptest::option::of(proptest::sample::select(values.to_vec()));
    let ttl = proptest::option::of(60_i64..200);
    (value, ttl, metadata).prop_map(|(value, expiration, metadata)| Pair {
        value,
        expiration,
        metadata,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let prefix = prop_oneof![Just(String::new()), key()];
    let pairs = proptest::collection::vec((key(), pair()), 0..12);
    let keys = || proptest::collection::vec(key(), 1..12);
    prop_oneof![
        8 => (key(), pair()).prop_map(|(key, pair)| Step::Put { key, pair }),
        2 => key().prop_map(|key| Step::Delete { key }),
        3 => key().prop_map(|key| Step::Get { key }),
        2 => pairs.prop_map(|pairs| Step::BulkPut { pairs }),
        1 => (keys(), any::<bool>()).prop_map(|(keys, is_old)| Step::BulkDelete { keys, is_old }),
        1 => keys().prop_map(|keys| Step::BulkGet { keys }),
        2 => (prefix, 10_usize..20).prop_map(|(prefix, limit)| Step::List { prefix, limit }),
        2 => (1_i64..80).prop_map(|seconds| Step::Pass { seconds }),
    ]
}

/// What the service should hold: pairs by the bytes of their keys.
struct Model {
    pairs: BTreeMap<Vec<u8>, Pair>,
    now: i64,
}

impl Model {
    fn put(&mut self, key: String, pair: Pair) {
        let expiration = pair.expiration.map(|ttl| self.now + ttl);
        let pair = Pair { expiration, ..pair };
        self.pairs.insert(key.into_bytes(), pair);
    }

    fn get(&self, key: &str) -> Option<&Pair> {
        let pair = self.pairs.get(key.as_bytes())?;
        let is_alive = pair.expiration.is_none_or(|at| at > self.now);
        is_alive.then_some(pair)
    }

    fn alive(&self) -> impl Iterator<Item = (&Vec<u8>, &Pair)> {
        let now = self.now;
        let pairs = self.pairs.iter();
        pairs.filter(move |(_, pair)| pair.expiration.is_none_or(|at| at > now))
    }
}

async fn run(service: &Service, id: &str, steps: Vec<Step>) {
    let mut model = Model {
        pairs: BTreeMap::new(),
        now: START,
    };
    service.clock.store(START, Ordering::SeqCst);
    for step in steps {
        match step {
            Step::Put { key, pair } => put(service, id, key, pair, &mut model).await,
            Step::Delete { key } => {
                let reply = send(service.namespaces("DELETE", &value_path(id, &key))).await;
                assert_eq!(reply.status, 200);
                model.pairs.remove(key.as_bytes());
            }
            Step::Get { key } => get(service, id, &key, &model).await,
            Step::BulkPut { pairs } => bulk_put(service, id, pairs, &mut model).await,
            Step::BulkDelete { keys, is_old } => {
                let delete = if is_old {
                    service.namespaces("DELETE", &format!("/{id}/bulk"))
                } else {
                    service.namespaces("POST", &format!("/{id}/bulk/delete"))
                };
                let reply = send(delete.json(&keys)).await;
                let count = &reply.body["result"]["successful_key_count"];
                assert_eq!((reply.status, count), (200, &json!(keys.len())));
                for key in keys {
                    model.pairs.remove(key.as_bytes());
                }
            }
            Step::BulkGet { keys } => bulk_get(service, id, &keys, &model).await,
            Step::List { prefix, limit } => list(service, id, &prefix, limit, &model).await,
            Step::Pass { seconds } => {
                service.pass(seconds);
                model.now += seconds;
            }
        }
    }
    list(service, id, "", 10, &model).await;
}

async fn put(service: &Service, id: &str, key: String, pair: Pair, model: &mut Model) {
    let mut request = service.namespaces("PUT", &value_path(id, &key));
    if let Some(ttl) = pair.expiration {
        request = request.query(&[("expiration_ttl", ttl)]);
    }
    let request = match &pair.metadata {
        Some(metadata) => {
            let value = reqwest::multipart::Part::bytes(pair.value.clone());
            let form = Form::new().part("value", value);
            request.multipart(form.text("metadata", metadata.to_string()))
        }
        None => request.body(pair.value.clone()),
    };
    assert_eq!(send(request).await.status, 200);
    model.put(key, pair);
}

/// Two of a key that differ are refused, and then nothing happens.
async fn bulk_put(service: &Service, id: &str, pairs: Vec<(String, Pair)>, model: &mut Model) {
    let entries: Vec<Value> = pairs
        .iter()
        .map(|(key, pair)| {
            let value = BASE64_STANDARD.encode(&pair.value);
            let mut entry = json!({ "key": key, "value": value, "base64": true });
            if let Some(ttl) = pair.expiration {
                entry["expiration_ttl"] = json!(ttl);
            }
            if let Some(metadata) = &pair.metadata {
                entry["metadata"] = metadata.clone();
            }
            entry
        })
        .collect();
    let request = service.namespaces("PUT", &format!("/{id}/bulk"));
    let reply = send(request.json(&entries)).await;
    let mut known: BTreeMap<&String, &Pair> = BTreeMap::new();
    let is_fine = pairs
        .iter()
        .all(|(key, pair)| *known.entry(key).or_insert(pair) == pair);
    assert_eq!(reply.status, if is_fine { 200 } else { 400 });
    if is_fine {
        let count = &reply.body["result"]["successful_key_count"];
        assert_eq!(count, &json!(known.len()));
        for (key, pair) in pairs {
            model.put(key, pair);
        }
    }
}

async fn bulk_get(service: &Service, id: &str, keys: &[String], model: &Model) {
    let request = service.namespaces("POST", &format!("/{id}/bulk/get"));
    let body = json!({ "keys": keys, "withMetadata": true });
    let reply = send(request.json(&body)).await;
    let mut expected = json!({});
    for key in keys {
        let Some(pair) = model.get(key) else {
            expected[key] = Value::Null;
            continue;
        };
        let Ok(text) = std::str::from_utf8(&pair.value) else {
            assert_eq!((reply.status, reply.code()), (400, 10029));
            return;
        };
        expected[key] = json!({ "value": text, "metadata": pair.metadata });
        if let Some(expiration) = pair.expiration {
            expected[key]["expiration"] = json!(expiration);
        }
    }
    assert_eq!(
        (reply.status, &reply.body["result"]["values"]),
        (200, &expected)
    );
}

async fn get(service: &Service, id: &str, key: &str, model: &Model) {
    let request = service.namespaces("GET", &value_path(id, key));
    let response = request.send().await.unwrap();
    let metadata = service.namespaces(
        "GET",
        &value_path(id, key).replace("/values/", "/metadata/"),
    );
    let metadata = send(metadata).await;
    let Some(pair) = model.get(key) else {
        assert_eq!(
            (response.status().as_u16(), metadata.status),
            (404, 404),
            "{key:?}"
        );
        return;
    };
    let header = response.headers().get("expiration");
    let header = header.map(|header| header.to_str().unwrap().parse::<i64>().unwrap());
    assert_eq!(header, pair.expiration);
    assert_eq!(response.bytes().await.unwrap(), pair.value.as_slice());
    assert_eq!(metadata.body["result"], json!(pair.metadata));
}

async fn list(service: &Service, id: &str, prefix: &str, limit: usize, model: &Model) {
    let mut listed = Vec::new();
    let mut cursor = String::new();
    loop {
        let request = service.namespaces("GET", &format!("/{id}/keys"));
        let limit_text = limit.to_string();
        let query = [
            ("prefix", prefix),
            ("limit", &limit_text),
            ("cursor", &cursor),
        ];
        let reply = send(request.query(&query)).await;
        let keys = reply.body["result"].as_array().unwrap();
        listed.extend(keys.iter().map(|key| {
            let name = key["name"].as_str().unwrap().as_bytes().to_vec();
            let expiration = key.get("expiration").and_then(Value::as_i64);
            (name, expiration, key.get("metadata").cloned())
        }));
        cursor = reply.body["result_info"]["cursor"]
            .as_str()
            .unwrap()
            .to_owned();
        if cursor.is_empty() {
            break;
        }
        assert_eq!(keys.len(), limit, "only the last page is short");
    }
    let expected: Vec<_> = model
        .alive()
        .filter(|(key, _)| key.starts_with(prefix.as_bytes()))
        .map(|(key, pair)| (key.clone(), pair.expiration, pair.metadata.clone()))
        .collect();
    assert_eq!(listed, expected);
}

fn any_history(service: &Service, cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let case = std::cell::Cell::new(0);
    let steps = proptest::collection::vec(step(), 1..60);
    proptest!(ProptestConfig::with_cases(cases), |(steps in steps)| {
        case.set(case.get() + 1);
        runtime.block_on(async {
            let id = service.create(&format!("case-{}", case.get())).await;
            run(service, &id, steps).await;
        });
    });
}

#[test]
fn any_history_in_memory_ends_as_a_map_says() {
    any_history(&Service::local(), 48);
}

#[test]
fn any_history_on_disk_ends_as_a_map_says() {
    any_history(&Service::disk(), 24);
}
