//! Many keys at once.

use serde_json::json;

use super::*;
use crate::{
    domain::AccountId,
    emulator::{Action, Fault, Grant, Keys, Token},
    wire::Account,
};

on_both_stores! {
    a_bulk_write_is_read_key_by_key
    one_bad_entry_refuses_all_and_no_refusal_shows_a_value
    a_refusal_names_key_and_field
    a_body_that_cannot_be_read_is_told_apart
    null_is_absence
    no_end_is_too_far_for_one_store_only
    so_many_keys_and_no_more
    both_bulk_deletions_delete_and_missing_keys_are_deleted_already
    a_bulk_read_gives_text_or_json_with_metadata_if_asked
    a_bulk_read_is_limited_in_all
    keys_may_fail_one_by_one_under_success
}

async fn put(service: &Service, id: &str, entries: &Value) -> Reply {
    send(
        service
            .namespaces("PUT", &format!("/{id}/bulk"))
            .json(entries),
    )
    .await
}

async fn get(service: &Service, id: &str, body: &Value) -> Reply {
    send(
        service
            .namespaces("POST", &format!("/{id}/bulk/get"))
            .json(body),
    )
    .await
}

async fn names(service: &Service, id: &str) -> Vec<String> {
    let listed = send(service.namespaces("GET", &format!("/{id}/keys"))).await;
    let keys = listed.body["result"].as_array().unwrap().clone();
    let name = |key: &Value| key["name"].as_str().unwrap().to_owned();
    keys.iter().map(name).collect()
}

async fn a_bulk_write_is_read_key_by_key(service: Service) {
    let id = service.create("a").await;
    let entries = r#"[
        {"key":"text","value":"é","unknown":1},
        {"key":"bytes","value":"AP8","base64":true,"expiration_ttl":60,"expiration":1},
        {"key":"a/b","value":"","expiration":1800000060,"metadata":{"b":1.0,"a":12345678901234567890123}},
        {"key":"text","value":"w6k=","base64":true,"metadata":null}
    ]"#;
    let request = service.namespaces("PUT", &format!("/{id}/bulk"));
    let reply = send(request.body(entries)).await;
    let expected = json!({ "successful_key_count": 3, "unsuccessful_keys": [] });
    assert_eq!((reply.status, &reply.body["result"]), (200, &expected));

    let get = |key| service.namespaces("GET", &value_path(&id, key)).send();
    let bytes = get("bytes").await.unwrap();
    assert_eq!(bytes.headers()["expiration"], (START + 60).to_string());
    assert_eq!(bytes.bytes().await.unwrap().as_ref(), [0, 255]);
    assert_eq!(get("text").await.unwrap().text().await.unwrap(), "é");
    let listed = service.namespaces("GET", &format!("/{id}/keys")).send();
    let listed = listed.await.unwrap().text().await.unwrap();
    let as_written = r#"{"b":1.0,"a":12345678901234567890123}"#;
    assert!(listed.contains(as_written), "{listed}");
    let metadata = service.namespaces("GET", &format!("/{id}/metadata/a%2Fb"));
    let metadata = metadata.send().await.unwrap().text().await.unwrap();
    assert!(metadata.contains(as_written), "{metadata}");
}

async fn one_bad_entry_refuses_all_and_no_refusal_shows_a_value(service: Service) {
    let id = service.create("a").await;
    let good = json!({ "key": "good", "value": "v" });
    for (bad, status, code) in [
        (json!({ "key": "", "value": "s3cret" }), 400, 10042),
        (json!({ "key": "..", "value": "s3cret" }), 400, 10042),
        (
            json!({ "key": "k".repeat(513), "value": "s3cret" }),
            414,
            10030,
        ),
        (
            json!({ "key": "k", "value": "s3cret", "expiration_ttl": 59 }),
            400,
            10034,
        ),
        (
            json!({ "key": "k", "value": "s3cret", "expiration": START + 59 }),
            400,
            10033,
        ),
        (
            json!({ "key": "k", "value": "s3cret", "metadata": "x".repeat(1023) }),
            413,
            10047,
        ),
        (
            json!({ "key": "k", "value": "s3cret!", "base64": true }),
            400,
            10012,
        ),
        (
            json!({ "key": "k", "value": "v", "base64": "s3cret" }),
            400,
            10012,
        ),
        (json!({ "key": "k" }), 400, 10012),
        (json!({ "key": "good", "value": "s3cret" }), 400, 10029),
        (
            json!({ "key": "good", "value": "v", "expiration_ttl": 60 }),
            400,
            10029,
        ),
        (json!("s3cret"), 400, 10012),
    ] {
        let reply = put(&service, &id, &json!([good, bad])).await;
        assert_eq!((reply.status, reply.code()), (status, code), "{bad}");
        assert!(!reply.body.to_string().contains("s3cret"), "{reply:?}");
    }
    assert_eq!(put(&service, &id, &good).await.code(), 10012);
    assert!(names(&service, &id).await.is_empty());
    assert_eq!(put(&service, &id, &json!([])).await.status, 200);
}

async fn a_refusal_names_key_and_field(service: Service) {
    let id = service.create("a").await;
    let with = |field: &str, value: Value| {
        let mut entry = json!({ "key": "b", "value": "v" });
        entry[field] = value;
        entry
    };
    for (bad, key, field) in [
        (
            with("expiration_ttl", json!(59)),
            "\"b\"",
            "`expiration_ttl`",
        ),
        (with("expiration", json!(1)), "\"b\"", "`expiration`"),
        (
            with("expiration", json!("soon")),
            "\"b\"",
            "`expiration` is not an integer",
        ),
        (
            with("base64", json!("yes")),
            "\"b\"",
            "`base64` is not true or false",
        ),
        (with("base64", json!(true)), "\"b\"", "`value`"),
        (with("value", json!(1)), "\"b\"", "`value` is not a string"),
        (with("value", Value::Null), "\"b\"", "`value` is missing"),
        (with("key", json!(1)), "entry 2", "`key` is not a string"),
        (with("key", Value::Null), "entry 2", "`key` is missing"),
        (
            with("metadata", json!("m".repeat(1023))),
            "\"b\"",
            "`metadata`",
        ),
        (with("key", json!("..")), "\"..\"", "`key`"),
        (json!([]), "entry 2", "not an object"),
    ] {
        let reply = put(&service, &id, &json!([{ "key": "a", "value": "" }, bad])).await;
        let text = message(&reply);
        assert!(text.contains(key) && text.contains(field), "{bad}: {text}");
        assert!(text.len() < 300, "{text}");
    }
}

fn message(reply: &Reply) -> &str {
    reply.body["errors"][0]["message"].as_str().unwrap()
}

async fn a_body_that_cannot_be_read_is_told_apart(service: Service) {
    let id = service.create("a").await;
    for (path, body, expected) in [
        ("bulk/delete", json!(["a", 1]), "entry 2 is not a string"),
        ("bulk/delete", json!({}), "not an array of keys"),
        ("bulk/get", json!({}), "`keys` is missing"),
        (
            "bulk/get",
            json!({ "keys": [1] }),
            "`keys` is not an array of strings",
        ),
        (
            "bulk/get",
            json!({ "keys": [], "type": "stream" }),
            "`type` is not `text` or `json`",
        ),
        (
            "bulk/get",
            json!({ "keys": [], "withMetadata": 1 }),
            "`withMetadata` is not",
        ),
        ("bulk/get", json!([]), "not an object"),
    ] {
        let request = service.namespaces("POST", &format!("/{id}/{path}"));
        let reply = send(request.json(&body)).await;
        assert_eq!((reply.status, reply.code()), (400, 10012));
        assert!(message(&reply).contains(expected), "{body}: {reply:?}");
    }
}

async fn null_is_absence(service: Service) {
    let id = service.create("a").await;
    let entries = json!([{
        "key": "k", "value": "dg==", "base64": null, "expiration": null, "expiration_ttl": null,
        "metadata": null,
    }]);
    assert_eq!(put(&service, &id, &entries).await.status, 200);
    let body = json!({ "keys": ["k"], "type": null, "withMetadata": null });
    let reply = get(&service, &id, &body).await;
    assert_eq!(
        reply.body["result"],
        json!({ "values": { "k": "dg==" } }),
        "{reply:?}"
    );
}

async fn no_end_is_too_far_for_one_store_only(service: Service) {
    let id = service.create("a").await;
    let last = 9_007_199_254_740_i64;
    for (field, most, code) in [
        ("expiration", last, 10033),
        ("expiration_ttl", last - START, 10034),
    ] {
        for (number, status) in [
            (most, 200),
            (most + 1, 400),
            (i64::MAX / 1000, 400),
            (i64::MAX - 1, 400),
            (i64::MAX, 400),
        ] {
            let entry = json!({ "key": "k", "value": "v", field: number });
            let reply = put(&service, &id, &json!([entry])).await;
            assert_eq!(reply.status, status, "{field} {number}: {reply:?}");
            let path = format!("{}?{field}={number}", value_path(&id, "k"));
            let alone = send(service.namespaces("PUT", &path).body("v")).await;
            assert_eq!(alone.status, status, "{field} {number}: {alone:?}");
            if status == 400 {
                assert_eq!((reply.code(), alone.code()), (code, code));
            }
            let listed = send(service.namespaces("GET", &format!("/{id}/keys"))).await;
            assert_eq!(listed.body["result"][0]["expiration"], last);
        }
    }
}

async fn so_many_keys_and_no_more(service: Service) {
    let id = service.create("a").await;
    let entries = |n| (0..n).map(|n| json!({ "key": n.to_string(), "value": "" }));
    let most: Value = entries(10_000).collect();
    let reply = put(&service, &id, &most).await;
    assert_eq!(reply.body["result"]["successful_key_count"], 10_000);
    let more: Value = entries(10_001).collect();
    let refused = put(&service, &id, &more).await;
    assert_eq!((refused.status, refused.code()), (400, 10012));
    let keys: Vec<String> = (0..10_001).map(|n| n.to_string()).collect();
    let delete = |keys: &[String]| {
        let path = format!("/{id}/bulk/delete");
        send(service.namespaces("POST", &path).json(keys))
    };
    assert_eq!(delete(&keys).await.status, 400);
    let reply = delete(&keys[1..]).await;
    assert_eq!(reply.body["result"]["successful_key_count"], 10_000);
    assert_eq!(names(&service, &id).await, ["0"]);
}

#[tokio::test]
async fn so_many_bytes_and_no_more() {
    let service = Service::local();
    let id = service.create("a").await;
    let large = json!([{ "key": "k", "value": "v".repeat((25 << 20) + 1) }]);
    assert_eq!(put(&service, &id, &large).await.status, 413);

    // Blanks, so that it is the length alone that is refused.
    for (length, status) in [(99_999_999, 200), (100_000_000, 413)] {
        let mut body = vec![b' '; length];
        body[0] = b'[';
        body[1] = b']';
        let request = service.namespaces("PUT", &format!("/{id}/bulk")).body(body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status);
        let envelope = response.json::<Value>().await.is_ok();
        assert_eq!(envelope, status == 200, "the gateway knows no envelope");
    }
}

async fn both_bulk_deletions_delete_and_missing_keys_are_deleted_already(service: Service) {
    let id = service.create("a").await;
    let entries: Value = ["x", "y", "z"]
        .iter()
        .map(|key| json!({ "key": key, "value": "" }))
        .collect();
    assert_eq!(put(&service, &id, &entries).await.status, 200);
    for (method, path, key) in [("DELETE", "bulk", "x"), ("POST", "bulk/delete", "y")] {
        let request = service.namespaces(method, &format!("/{id}/{path}"));
        let reply = send(request.json(&[key, "missing"])).await;
        let expected = json!({ "successful_key_count": 2, "unsuccessful_keys": [] });
        assert_eq!((reply.status, &reply.body["result"]), (200, &expected));
        for bad in [json!({}), json!([1]), json!([".."]), Value::Null] {
            let request = service.namespaces(method, &format!("/{id}/{path}"));
            assert_eq!(send(request.json(&bad)).await.status, 400, "{bad}");
        }
    }
    assert_eq!(names(&service, &id).await, ["z"]);
}

async fn a_bulk_read_gives_text_or_json_with_metadata_if_asked(service: Service) {
    let id = service.create("a").await;
    let entries = json!([
        { "key": "json", "value": "{\"n\": [1, null]}", "metadata": 0, "expiration_ttl": 60 },
        { "key": "text", "value": "null and void" },
        { "key": "null", "value": "null" },
        { "key": "bytes", "value": "/w==", "base64": true },
    ]);
    assert_eq!(put(&service, &id, &entries).await.status, 200);
    let values = async |body: Value| {
        let reply = get(&service, &id, &body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body["result"]["values"].clone()
    };
    let text = values(json!({ "keys": ["json", "text", "none", "text"] })).await;
    let expected = json!({ "json": "{\"n\": [1, null]}", "text": "null and void", "none": null });
    assert_eq!(text, expected);
    let body = json!({ "keys": ["json", "null", "none"], "type": "json", "withMetadata": true });
    let expected = json!({
        "json": { "value": { "n": [1, null] }, "metadata": 0, "expiration": START + 60 },
        "null": { "value": null, "metadata": null },
        "none": null,
    });
    assert_eq!(values(body).await, expected);
    service.pass(60);
    assert_eq!(
        values(json!({ "keys": ["json"] })).await,
        json!({ "json": null })
    );

    let many: Vec<_> = (0..101).map(|n| n.to_string()).collect();
    for (body, status, code) in [
        (json!({ "keys": ["text", "bytes"] }), 400, 10029),
        (json!({ "keys": ["text"], "type": "json" }), 400, 10029),
        (json!({ "keys": [] }), 400, 10029),
        (json!({ "keys": many }), 400, 10029),
        (json!({ "keys": ["."] }), 400, 10042),
        (json!({ "keys": ["text"], "type": "stream" }), 400, 10012),
        (json!(["text"]), 400, 10012),
    ] {
        let reply = get(&service, &id, &body).await;
        assert_eq!((reply.status, reply.code()), (status, code), "{body}");
    }
}

async fn a_bulk_read_is_limited_in_all(service: Service) {
    let id = service.create("a").await;
    for (key, length) in [("half", 13 << 20), ("rest", 12 << 20), ("more", 1)] {
        let put = service.namespaces("PUT", &value_path(&id, key));
        assert_eq!(send(put.body("x".repeat(length))).await.status, 200);
    }
    let body = json!({ "keys": ["half", "rest"] });
    assert_eq!(get(&service, &id, &body).await.status, 200);
    let body = json!({ "keys": ["half", "rest", "more"] });
    assert_eq!(get(&service, &id, &body).await.status, 413);
}

async fn keys_may_fail_one_by_one_under_success(service: Service) {
    let id = service.create("a").await;
    let faulty = |method, keys| {
        let fault = Fault::new(method, "/bulk", Action::Unsuccessful(keys));
        service.emulator.fault(fault);
    };
    let entries: Value = (0..6)
        .map(|n| json!({ "key": n.to_string(), "value": "" }))
        .collect();
    faulty("PUT", Keys::Every(3));
    let reply = put(&service, &id, &entries).await;
    let expected = json!({ "successful_key_count": 4, "unsuccessful_keys": ["2", "5"] });
    assert_eq!((reply.status, &reply.body["result"]), (200, &expected));
    assert_eq!(names(&service, &id).await, ["0", "1", "3", "4"]);
    let reply = put(&service, &id, &entries).await;
    assert_eq!(reply.body["result"]["successful_key_count"], 6);

    faulty("POST", Keys::Named(vec!["3".to_owned()]));
    let request = service.namespaces("POST", &format!("/{id}/bulk/delete"));
    let reply = send(request.json(&["0", "3"])).await;
    let expected = json!({ "successful_key_count": 1, "unsuccessful_keys": ["3"] });
    assert_eq!((reply.status, &reply.body["result"]), (200, &expected));
    assert_eq!(names(&service, &id).await, ["1", "2", "3", "4", "5"]);
}

#[tokio::test]
async fn a_reader_may_read_in_bulk_only() {
    let id = AccountId::local();
    let account = Account {
        id: id.clone(),
        name: String::new(),
    };
    let tokens = vec![
        Token::new("writer", [id.clone()]),
        Token::new("reader", [id]).grant(Grant::Read),
    ];
    let service = Service::new(|clock| Config::remote(vec![account], tokens, clock));
    let create = service.namespaces("POST", "").bearer_auth("writer");
    let created = send(create.json(&json!({ "title": "a" }))).await;
    let id = created.body["result"]["id"].as_str().unwrap();
    for (method, path, body, status) in [
        ("POST", "bulk/get", json!({ "keys": ["a"] }), 200),
        ("POST", "bulk/delete", json!([]), 403),
        ("DELETE", "bulk", json!([]), 403),
        ("PUT", "bulk", json!([]), 403),
    ] {
        let ask = |id: &str, token| {
            let request = service.namespaces(method, &format!("/{id}/{path}"));
            send(request.bearer_auth(token).json(&body))
        };
        assert_eq!(ask(id, "reader").await.status, status, "{method} {path}");
        assert_eq!(ask(id, "writer").await.status, 200, "{method} {path}");
        let unknown = ask(&"0".repeat(32), "writer").await;
        assert_eq!((unknown.status, unknown.code()), (404, 10013));
        let malformed = ask("SESSIONS", "writer").await;
        assert_eq!((malformed.status, malformed.code()), (400, 10011));
    }
}
