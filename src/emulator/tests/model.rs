//! The emulator against a map, over HTTP.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// One step of a random history.
#[derive(Clone, Debug)]
enum Step {
    Put {
        key: String,
        value: Vec<u8>,
        ttl: Option<i64>,
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

fn step() -> impl Strategy<Value = Step> {
    let prefix = prop_oneof![Just(String::new()), key()];
    let value = proptest::collection::vec(any::<u8>(), 0..8);
    let ttl = proptest::option::of(60_i64..200);
    prop_oneof![
        8 => (key(), value, ttl).prop_map(|(key, value, ttl)| Step::Put { key, value, ttl }),
        2 => key().prop_map(|key| Step::Delete { key }),
        3 => key().prop_map(|key| Step::Get { key }),
        2 => (prefix, 10_usize..20).prop_map(|(prefix, limit)| Step::List { prefix, limit }),
        2 => (1_i64..80).prop_map(|seconds| Step::Pass { seconds }),
    ]
}

/// What the service should hold: value and expiration by key.
struct Model {
    pairs: BTreeMap<Vec<u8>, (Vec<u8>, Option<i64>)>,
    now: i64,
}

impl Model {
    fn alive(&self) -> impl Iterator<Item = (&Vec<u8>, &(Vec<u8>, Option<i64>))> {
        let now = self.now;
        let pairs = self.pairs.iter();
        pairs.filter(move |(_, (_, expiration))| expiration.is_none_or(|at| at > now))
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
            Step::Put { key, value, ttl } => {
                let mut request = service.namespaces("PUT", &value_path(id, &key));
                if let Some(ttl) = ttl {
                    request = request.query(&[("expiration_ttl", ttl)]);
                }
                assert_eq!(send(request.body(value.clone())).await.status, 200);
                let expiration = ttl.map(|ttl| model.now + ttl);
                model.pairs.insert(key.into_bytes(), (value, expiration));
            }
            Step::Delete { key } => {
                let reply = send(service.namespaces("DELETE", &value_path(id, &key))).await;
                assert_eq!(reply.status, 200);
                model.pairs.remove(key.as_bytes());
            }
            Step::Get { key } => get(service, id, &key, &model).await,
            Step::List { prefix, limit } => list(service, id, &prefix, limit, &model).await,
            Step::Pass { seconds } => {
                service.pass(seconds);
                model.now += seconds;
            }
        }
    }
    list(service, id, "", 10, &model).await;
}

async fn get(service: &Service, id: &str, key: &str, model: &Model) {
    let request = service.namespaces("GET", &value_path(id, key));
    let response = request.send().await.unwrap();
    let mut alive = model.alive();
    let Some((_, (value, expiration))) = alive.find(|(known, _)| *known == key.as_bytes()) else {
        assert_eq!(response.status(), 404, "{key:?}");
        return;
    };
    let header = response.headers().get("expiration");
    let header = header.map(|header| header.to_str().unwrap().parse::<i64>().unwrap());
    assert_eq!(header, *expiration);
    assert_eq!(response.bytes().await.unwrap(), value.as_slice());
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
            (name, key.get("expiration").and_then(Value::as_i64))
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
        .map(|(key, (_, expiration))| (key.clone(), *expiration))
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
