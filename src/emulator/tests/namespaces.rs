//! Creating, finding and losing namespaces.

use serde_json::json;

use super::*;
use crate::{domain::NamespaceId, emulator::Namespaces};

#[tokio::test]
async fn a_namespace_lives_from_creation_to_deletion() {
    let service = Service::local();
    let id = service.create("bio-SESSIONS").await;
    assert_eq!(id, "10ca110c2ab167c823b7649da152dc95");

    let path = format!("/{id}");
    let got = send(service.namespaces("GET", &path)).await;
    let expected = json!({ "id": id, "title": "bio-SESSIONS", "supports_url_encoding": true });
    assert_eq!(got.body["result"], expected);

    let renamed = send(
        service
            .namespaces("PUT", &path)
            .json(&json!({ "title": "b" })),
    )
    .await;
    assert_eq!(renamed.body["result"]["title"], "b");

    let deleted = send(service.namespaces("DELETE", &path)).await;
    assert_eq!(
        (deleted.status, &deleted.body["result"]),
        (200, &Value::Null)
    );
    for method in ["GET", "DELETE"] {
        let reply = send(service.namespaces(method, &path)).await;
        assert_eq!((reply.status, reply.code()), (404, 10013));
    }
}

#[tokio::test]
async fn a_deleted_namespace_takes_its_pairs_along() {
    let service = Service::local();
    let id = service.create("a").await;
    let put = service.namespaces("PUT", &value_path(&id, "k")).body("v");
    assert_eq!(send(put).await.status, 200);
    send(service.namespaces("DELETE", &format!("/{id}"))).await;
    assert_eq!(service.create("a").await, id);
    let reply = send(service.namespaces("GET", &value_path(&id, "k"))).await;
    assert_eq!((reply.status, reply.code()), (404, 10009));
}

#[tokio::test]
async fn titles_that_cannot_be_given_are_refused() {
    let service = Service::local();
    let a = service.create("a").await;
    let b = service.create("b").await;
    for (body, status, code) in [
        (json!({ "title": "a" }), 400, 10014),
        (json!({}), 400, 10019),
        (json!({ "title": "" }), 400, 10019),
        (json!({ "title": "x".repeat(513) }), 400, 10029),
        (json!("title"), 400, 10012),
    ] {
        for request in [
            service.namespaces("POST", ""),
            service.namespaces("PUT", &format!("/{b}")),
        ] {
            let reply = send(request.json(&body)).await;
            assert_eq!((reply.status, reply.code()), (status, code), "{body}");
        }
    }
    let own = service.namespaces("PUT", &format!("/{a}"));
    assert_eq!(send(own.json(&json!({ "title": "a" }))).await.status, 200);
}

#[tokio::test]
async fn lists_come_in_pages_and_in_order() {
    let service = Service::local();
    for n in 0..25 {
        service.create(&format!("title-{n:02}")).await;
    }
    let list = async |query: &str| {
        let reply = send(service.namespaces("GET", query)).await;
        assert_eq!(reply.status, 200);
        let items = reply.body["result"].as_array().unwrap().clone();
        (items, reply.body["result_info"].clone())
    };
    let (items, info) = list("").await;
    assert_eq!(items.len(), 20);
    let expected = json!({ "page": 1, "per_page": 20, "count": 20, "total_count": 25 });
    assert_eq!(info, expected);
    assert!(items.is_sorted_by_key(|item| item["id"].as_str().unwrap()));

    let (items, info) = list("?page=2&per_page=20&order=title&direction=desc").await;
    assert_eq!(items.len(), 5);
    assert_eq!(
        (items[0]["title"].as_str(), &info["count"]),
        (Some("title-04"), &json!(5))
    );

    let (items, info) = list("?page=3&per_page=20").await;
    assert_eq!((items.len(), &info["total_count"]), (0, &json!(25)));
    assert_eq!(list("?per_page=1000").await.0.len(), 25);

    for bad in ["?per_page=1001", "?per_page=0", "?page=0", "?order=age"] {
        assert_eq!(
            send(service.namespaces("GET", bad)).await.status,
            400,
            "{bad}"
        );
    }
}

#[tokio::test]
async fn paths_that_lead_nowhere_say_so() {
    let service = Service::local();
    let id = service.create("a").await;
    for (method, path, status, code) in [
        ("GET", "/title".to_owned(), 400, 10011),
        ("GET", format!("/{}", "0".repeat(32)), 404, 10013),
        ("GET", "//keys".to_owned(), 400, 10011),
        ("GET", format!("/{id}/bulk"), 405, 7001),
        ("GET", format!("/{id}/bulk/get"), 405, 7001),
        ("PATCH", String::new(), 405, 7001),
        ("POST", format!("/{id}"), 405, 7001),
        ("GET", format!("/{id}/nothing"), 400, 7000),
        ("PUT", format!("/{id}/values//twitter"), 400, 7000),
        ("DELETE", format!("/{id}/values/"), 405, 10405),
        ("DELETE", "/".to_owned(), 405, 10405),
    ] {
        let reply = send(service.namespaces(method, &path)).await;
        assert_eq!(
            (reply.status, reply.code()),
            (status, code),
            "{method} {path}"
        );
    }
    let reply = send(service.namespaces("GET", &format!("/{id}/values/"))).await;
    assert_eq!((reply.status, &reply.body["errors"]), (404, &json!([])));
    let reply = send(service.request("GET", "/zones")).await;
    assert_eq!((reply.status, reply.code()), (400, 7000));
}

#[tokio::test]
async fn titles_and_ids_survive_in_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let start = || {
        Service::new(|clock| Config {
            state: Some(dir.path().join("kv")),
            ..Config::local(TOKEN, clock)
        })
        .authorized()
    };
    let (first, second) = (start(), start());
    let id = first.create("a").await;
    let again = second.namespaces("POST", "").json(&json!({ "title": "a" }));
    assert_eq!(send(again).await.code(), 10014);
    drop(first);
    let got = send(start().namespaces("GET", &format!("/{id}"))).await;
    assert_eq!(got.body["result"]["title"], "a");
}

/// The service of `kvctl serve` on a store, with these names in the wrangler file.
fn strict_at(root: &Path, names: &[&str]) -> Service {
    let names = names
        .iter()
        .map(|name| NamespaceId::verbatim(name).unwrap());
    let names = names.collect();
    Service::new(|clock| Config {
        state: Some(root.to_owned()),
        namespaces: Namespaces::Known,
        names,
        ..Config::local(TOKEN, clock)
    })
    .authorized()
}

#[tokio::test]
async fn a_namespace_is_known_by_the_text_in_the_wrangler_file() {
    let texts = [
        "dev-cache",
        "<id>",
        "CACHE",
        "0F2AC74B498B48028CB68387C421E279",
        "a/b c%",
    ];
    let state = tempfile::tempdir().unwrap();
    let dev = Service::at(state.path());
    let path = |text: &str| format!("/{}", crate::domain::url_segment(text));
    let value = |text: &str| format!("{}/values/k", path(text));
    for text in texts.iter().chain(&["unknown"]) {
        let put = dev.namespaces("PUT", &value(text)).body((*text).to_owned());
        assert_eq!(send(put).await.status, 200, "{text}");
    }
    let titled = dev.create("titled").await;
    let service = strict_at(state.path(), &[&texts[..], &["empty"]].concat());
    let listed = send(service.namespaces("GET", "?order=title")).await;
    let listed = listed.body["result"].as_array().unwrap();
    let mut ids: Vec<_> = listed.iter().map(|it| it["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    let mut expected = [&texts[..], &[&titled]].concat();
    expected.sort_unstable();
    assert_eq!(ids, expected);
    assert_eq!(service.emulator.unlisted().unwrap(), 1);
    for text in texts {
        let got = service.namespaces("GET", &value(text)).send().await;
        assert_eq!(got.unwrap().text().await.unwrap(), text);
        let info = send(service.namespaces("GET", &path(text))).await;
        assert_eq!(info.body["result"]["title"], text);
    }
    for (text, code) in [("unknown", 10011), ("dev-Cache", 10011), ("empty", 10011)] {
        let refused = send(service.namespaces("GET", &value(text))).await;
        assert_eq!((refused.status, refused.code()), (400, code), "{text}");
    }
    let deleted = send(service.namespaces("DELETE", &path("dev-cache"))).await;
    assert_eq!(deleted.status, 200);
    let gone = send(dev.namespaces("GET", &value("dev-cache"))).await;
    assert_eq!(gone.status, 404);
}

/// The service folds ids, and so do its clients.
#[tokio::test]
async fn an_upper_case_id_of_the_wrangler_file_is_found_in_any_case() {
    let text = "0F2AC74B498B48028CB68387C421E279";
    let state = tempfile::tempdir().unwrap();
    let dev = Service::at(state.path());
    let put = dev.namespaces("PUT", &value_path(text, "k")).body("v");
    assert_eq!(send(put).await.status, 200);
    let service = strict_at(state.path(), &[text]);
    for id in [text, &text.to_lowercase()] {
        let got = service.namespaces("GET", &value_path(id, "k")).send().await;
        assert_eq!(got.unwrap().text().await.unwrap(), "v", "{id}");
        let info = send(service.namespaces("GET", &format!("/{id}"))).await;
        assert_eq!(info.body["result"]["id"], text, "{id}");
    }
    let other = service.namespaces("GET", &format!("/{}", "0".repeat(32)));
    assert_eq!(send(other).await.code(), 10013);
}

#[tokio::test]
async fn a_deleted_namespace_does_not_come_back_by_its_id_in_the_file() {
    let state = tempfile::tempdir().unwrap();
    let dev = Service::at(state.path());
    let id = dev.create("a").await;
    let service = strict_at(state.path(), &[&id]);
    let put = service.namespaces("PUT", &value_path(&id, "k")).body("v");
    assert_eq!(send(put).await.status, 200);
    let delete = service.namespaces("DELETE", &format!("/{id}"));
    assert_eq!(send(delete).await.status, 200);
    let listed = send(service.namespaces("GET", "")).await;
    assert_eq!(listed.body["result"], json!([]));
    let put = service.namespaces("PUT", &value_path(&id, "k")).body("v");
    assert_eq!(send(put).await.code(), 10013);
}
