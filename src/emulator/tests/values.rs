//! Values, expirations and metadata of single keys.

use reqwest::multipart::{Form, Part};
use serde_json::json;

use super::*;

on_both_stores! {
    what_is_put_is_got_byte_for_byte
    a_write_replaces_value_expiration_and_metadata
    a_form_may_hold_the_value_alone
    words_of_headers_may_be_in_any_case
    limits_are_kept
    an_expired_key_is_gone_and_a_missing_one_can_be_deleted
    list_parameters_are_checked
    pages_may_be_empty_before_the_end
    what_is_written_between_pages_appears_if_it_lies_ahead
    any_text_names_a_namespace_of_its_own
}

async fn what_is_put_is_got_byte_for_byte(service: Service) {
    let id = service.create("a").await;
    for (key, value) in [
        ("plain", b"text".as_slice()),
        ("/ ? # % + & = ^", b"\0\xff\r\n"),
        ("%2F", b""),
        ("/leading//and/../dots", b"{}"),
        ("...", b"."),
        ("\u{1f}\n🦀", b"crab"),
    ] {
        let path = value_path(&id, key);
        let put = service.namespaces("PUT", &path).body(value.to_vec());
        assert_eq!(send(put).await.status, 200, "{key:?}");
        let got = service.namespaces("GET", &path).send().await.unwrap();
        check_headers(&got);
        assert_eq!(got.headers()["content-type"], "application/octet-stream");
        assert!(got.headers().get("expiration").is_none());
        assert_eq!(got.bytes().await.unwrap(), value, "{key:?}");
    }
    let listed = send(service.namespaces("GET", &format!("/{id}/keys"))).await;
    assert_eq!(
        listed.body["result_info"],
        json!({ "count": 6, "cursor": "" })
    );
}

async fn a_write_replaces_value_expiration_and_metadata(service: Service) {
    let id = service.create("a").await;
    let path = value_path(&id, "k");
    let metadata = format!("/{id}/metadata/k");

    let form = Form::new()
        .text("metadata", r#"{"b":[1,null]}"#)
        .text("unknown", "ignored")
        .part("value", Part::bytes(vec![0, 255]));
    let put = service.namespaces("PUT", &format!("{path}?expiration_ttl=60&expiration=1"));
    assert_eq!(send(put.multipart(form)).await.status, 200);
    let got = service.namespaces("GET", &path).send().await.unwrap();
    assert_eq!(got.headers()["expiration"], (START + 60).to_string());
    assert_eq!(got.bytes().await.unwrap().as_ref(), [0, 255]);
    let got = send(service.namespaces("GET", &metadata)).await;
    assert_eq!(got.body["result"], json!({ "b": [1, null] }));

    let put = service
        .namespaces("PUT", &path)
        .json(&json!({ "value": 1 }));
    assert_eq!(send(put).await.status, 200);
    service.pass(100);
    let got = service.namespaces("GET", &path).send().await.unwrap();
    assert_eq!(got.text().await.unwrap(), r#"{"value":1}"#);
    let got = send(service.namespaces("GET", &metadata)).await;
    assert_eq!((got.status, &got.body["result"]), (200, &Value::Null));
}

async fn words_of_headers_may_be_in_any_case(service: Service) {
    let id = service.create("a").await;
    let path = value_path(&id, "k");
    let body = |disposition: &str| {
        format!(
            "--aB\r\n{disposition}\r\n\r\nvalue\r\n--aB\r\ncontent-disposition: form-data; \
             name=\"metadata\"\r\n\r\n{{\"a\":1}}\r\n--aB--\r\n"
        )
    };
    let usual = "Content-Disposition: form-data; name=\"value\"";
    for (kind, disposition) in [
        ("multipart/form-data; boundary=aB", usual),
        ("Multipart/Form-Data; boundary=aB", usual),
        ("MULTIPART/FORM-DATA ;charset=utf-8; BOUNDARY=\"aB\"", usual),
        (
            "multipart/form-data \t; Boundary=aB ; x=y",
            "CONTENT-DISPOSITION: Form-Data ; NAME=value",
        ),
        (
            "multipart/form-data;boundary=aB",
            "content-disposition: form-data;filename=\"name=x\";Name=\"value\"",
        ),
    ] {
        let put = service
            .namespaces("PUT", &path)
            .header("content-type", kind);
        let reply = send(put.body(body(disposition))).await;
        assert_eq!(reply.status, 200, "{kind}: {reply:?}");
        let got = service.namespaces("GET", &path).send().await.unwrap();
        assert_eq!(got.text().await.unwrap(), "value", "{kind} {disposition}");
    }
    for kind in [
        "multipart/form-datax; boundary=aB",
        "multipart/mixed; boundary=aB",
        "x; y=multipart/form-data",
    ] {
        let put = service
            .namespaces("PUT", &path)
            .header("content-type", kind);
        assert_eq!(send(put.body(body(usual))).await.status, 200, "{kind}");
        let got = service.namespaces("GET", &path).send().await.unwrap();
        assert_eq!(got.text().await.unwrap(), body(usual), "{kind}");
    }
}

async fn a_form_may_hold_the_value_alone(service: Service) {
    let id = service.create("a").await;
    let path = value_path(&id, "k");
    let put = |form| send(service.namespaces("PUT", &path).multipart(form));
    assert_eq!(put(Form::new().text("value", "v")).await.status, 200);
    let big = vec![7; 5 << 20];
    assert_eq!(
        put(Form::new().part("value", Part::bytes(big)))
            .await
            .status,
        200
    );
    let null = Form::new().text("value", "v").text("metadata", "null");
    assert_eq!(put(null).await.status, 200);
    let no_value = put(Form::new().text("metadata", "1")).await;
    assert_eq!((no_value.status, no_value.code()), (400, 10047));
    let no_json = put(Form::new().text("value", "v").text("metadata", "{")).await;
    assert_eq!((no_json.status, no_json.code()), (400, 10147));
    let large = format!("\"{}\"", "x".repeat(1023));
    let large = put(Form::new().text("value", "v").text("metadata", large)).await;
    assert_eq!(large.status, 413);
}

async fn limits_are_kept(service: Service) {
    let id = service.create("a").await;
    let soon = START + 59;
    for (query, code) in [
        ("expiration_ttl=59".to_owned(), 10034),
        ("expiration_ttl=0".to_owned(), 10034),
        ("expiration_ttl=1h".to_owned(), 10034),
        (format!("expiration={soon}"), 10033),
        (format!("expiration={START}"), 10033),
        ("expiration=1.5".to_owned(), 10033),
    ] {
        let path = format!("{}?{query}", value_path(&id, "k"));
        let reply = send(service.namespaces("PUT", &path).body("v")).await;
        assert_eq!((reply.status, reply.code()), (400, code), "{query}");
    }
    let long = format!("/{id}/values/{}", "k".repeat(513));
    assert_eq!(send(service.namespaces("PUT", &long)).await.status, 414);
    let longest = format!("/{id}/values/{}", "k".repeat(512));
    assert_eq!(send(service.namespaces("PUT", &longest)).await.status, 200);
    let most = vec![0; 25 << 20];
    let mut more = most.clone();
    more.push(0);
    let path = value_path(&id, "k");
    assert_eq!(
        send(service.namespaces("PUT", &path).body(more))
            .await
            .status,
        413
    );
    assert_eq!(
        send(service.namespaces("PUT", &path).body(most))
            .await
            .status,
        200
    );
}

async fn an_expired_key_is_gone_and_a_missing_one_can_be_deleted(service: Service) {
    let id = service.create("a").await;
    let path = value_path(&id, "k");
    let put = service.namespaces("PUT", &format!("{path}?expiration={}", START + 60));
    assert_eq!(send(put.body("v")).await.status, 200);
    service.pass(59);
    assert_eq!(
        service
            .namespaces("GET", &path)
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    service.pass(1);
    let gone = send(service.namespaces("GET", &path)).await;
    assert_eq!((gone.status, gone.code()), (404, 10009));
    assert_eq!(gone.body["errors"][0]["message"], "get: 'key not found'");
    let gone = send(service.namespaces("GET", &format!("/{id}/metadata/k"))).await;
    assert_eq!(
        gone.body["errors"][0]["message"],
        "metadata: 'key not found'"
    );
    assert_eq!(send(service.namespaces("DELETE", &path)).await.status, 200);
}

async fn list_parameters_are_checked(service: Service) {
    let id = service.create("a").await;
    for bad in ["limit=9", "limit=1001", "limit=x", "cursor=made-up"] {
        let reply = send(service.namespaces("GET", &format!("/{id}/keys?{bad}"))).await;
        assert_eq!(reply.status, 400, "{bad}");
    }
    let none = send(service.namespaces("GET", &format!("/{id}/keys?limit=10&cursor="))).await;
    assert_eq!((none.status, &none.body["result"]), (200, &json!([])));
}

async fn pages_may_be_empty_before_the_end(service: Service) {
    let id = service.create("a").await;
    for n in 0..11 {
        let put = service.namespaces("PUT", &value_path(&id, &format!("k{n:02}")));
        assert_eq!(send(put.body("v")).await.status, 200);
    }
    service.emulator.tombstones();
    let (mut counts, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/{id}/keys?limit=10&prefix=k&cursor={cursor}");
        let reply = send(service.namespaces("GET", &path)).await;
        counts.push(reply.body["result"].as_array().unwrap().len());
        cursor = reply.body["result_info"]["cursor"]
            .as_str()
            .unwrap()
            .to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(counts, [0, 10, 0, 1]);
}

async fn what_is_written_between_pages_appears_if_it_lies_ahead(service: Service) {
    let id = service.create("a").await;
    let put = async |key: &str| {
        let put = service.namespaces("PUT", &value_path(&id, key));
        assert_eq!(send(put.body("v")).await.status, 200);
    };
    // A longer page may follow a shorter one.
    let page = async |limit: usize, cursor: &str| {
        let path = format!("/{id}/keys?limit={limit}&prefix=k&cursor={cursor}");
        let reply = send(service.namespaces("GET", &path)).await;
        let keys = reply.body["result"].as_array().unwrap().clone();
        let names = keys.iter().map(|key| key["name"].as_str().unwrap().into());
        let cursor = reply.body["result_info"]["cursor"].as_str().unwrap();
        (names.collect::<Vec<String>>(), cursor.to_owned())
    };
    for n in 0..12 {
        put(&format!("k{n:02}")).await;
    }
    put("K00").await;
    let (first, cursor) = page(10, "").await;
    assert_eq!(first.last().unwrap(), "k09");
    put("k095").await;
    put("k085").await;
    let (second, cursor) = page(20, &cursor).await;
    assert_eq!(second, ["k095", "k10", "k11"]);
    assert_eq!(cursor, "");
}

async fn any_text_names_a_namespace_of_its_own(service: Service) {
    let unknown = "0f2ac74b498b48028cb68387c421e279";
    let names = ["SESSIONS", "...", "a%2Fb", "%C3%A9", "0F2A", unknown];
    for name in names {
        let path = format!("/{name}/values/k");
        let put = service.namespaces("PUT", &path);
        assert_eq!(send(put.body(name)).await.status, 200, "{name}");
    }
    for name in names {
        let path = format!("/{name}/values/k");
        let got = service.namespaces("GET", &path).send().await.unwrap();
        assert_eq!(got.text().await.unwrap(), name);
    }
    // What was written to is there, and no list has it.
    let reply = send(service.namespaces("GET", &format!("/{unknown}"))).await;
    assert_eq!(reply.body["result"]["id"], unknown);
    let never = "1f2ac74b498b48028cb68387c421e279";
    let reply = send(service.namespaces("GET", &format!("/{never}"))).await;
    assert_eq!((reply.status, reply.code()), (404, 10013));
    assert_eq!(
        send(service.namespaces("GET", "")).await.body["result"],
        json!([])
    );
}
