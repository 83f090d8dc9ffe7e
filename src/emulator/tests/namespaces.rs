//! Creating, finding and losing namespaces.

use serde_json::json;

use super::*;

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
