//! Pairs on disk: what is there, and who else may be at it.

use std::{path::PathBuf, time::Instant};

use rusqlite::Connection;
use serde_json::json;

use super::{
    super::{Action, Fault},
    *,
};

const NAMESPACE: &str = "0f2ac74b498b48028cb68387c421e279";

fn kv(service: &Service) -> PathBuf {
    service.state.as_ref().unwrap().path().join("v3/kv")
}

fn blobs(service: &Service) -> PathBuf {
    kv(service).join(NAMESPACE).join("blobs")
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs_err::read_dir(directory) else {
        return Vec::new();
    };
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Opens the one database there is, as another program would.
fn database(service: &Service) -> Connection {
    let mut files = files(&kv(service).join("miniflare-KVNamespaceObject"));
    files.retain(|file| file.extension().is_some_and(|it| it == "sqlite"));
    assert_eq!(files.len(), 1, "{files:?}");
    Connection::open(&files[0]).unwrap()
}

async fn put(service: &Service, key: &str, query: &str, value: &'static str) {
    let path = format!("{}{query}", value_path(NAMESPACE, key));
    let reply = send(service.namespaces("PUT", &path).body(value)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

async fn get(service: &Service, key: &str) -> Option<String> {
    let request = service.namespaces("GET", &value_path(NAMESPACE, key));
    let response = request.send().await.unwrap();
    match response.status().as_u16() {
        200 => Some(response.text().await.unwrap()),
        status => {
            assert_eq!(status, 404);
            None
        }
    }
}

async fn names(service: &Service) -> Value {
    let listed = send(service.namespaces("GET", &format!("/{NAMESPACE}/keys"))).await;
    let keys = listed.body["result"].as_array().unwrap();
    keys.iter().map(|key| key["name"].clone()).collect()
}

#[tokio::test]
async fn looking_leaves_no_trace() {
    let service = Service::disk();
    assert_eq!(get(&service, "k").await, None);
    assert_eq!(names(&service).await, json!([]));
    let delete = service.namespaces("DELETE", &value_path(NAMESPACE, "k"));
    assert_eq!(send(delete).await.status, 200);
    let bulk = service.namespaces("PUT", &format!("/{NAMESPACE}/bulk"));
    assert_eq!(send(bulk.json(&json!([]))).await.status, 200);
    assert_eq!(files(service.state.as_ref().unwrap().path()).len(), 0);
}

#[tokio::test]
async fn rows_and_files_are_as_wrangler_has_them() {
    let service = Service::disk();
    let bulk = service.namespaces("PUT", &format!("/{NAMESPACE}/bulk"));
    let entries = r#"[{"key":"k","value":"v","expiration_ttl":60,"metadata":{"b":1.0,"a":2}}]"#;
    assert_eq!(send(bulk.body(entries)).await.status, 200);
    let connection = database(&service);
    let sql = "SELECT key, blob_id, expiration, metadata FROM _mf_entries";
    let row = connection.query_row(sql, [], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    });
    let (key, blob, expiration, metadata): (String, String, i64, String) = row.unwrap();
    assert_eq!(
        (key.as_str(), metadata.as_str()),
        ("k", r#"{"b":1.0,"a":2}"#)
    );
    assert_eq!(expiration, (START + 60) * 1000);
    assert_eq!(blob.len(), 80);
    assert_eq!(blob[64..], format!("{:016x}", START * 1000));
    assert_eq!(fs_err::read(blobs(&service).join(blob)).unwrap(), b"v");
    let mode: String = connection
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
    let folder = kv(&service).join("miniflare-KVNamespaceObject");
    assert!(!folder.join("metadata.sqlite").exists());
}

#[tokio::test]
async fn values_that_are_of_no_use_go() {
    let service = Service::disk();
    for value in ["1", "2", "3"] {
        put(&service, "k", "", value).await;
    }
    put(&service, "short", "?expiration_ttl=60", "v").await;
    put(&service, "other", "?expiration_ttl=60", "v").await;
    assert_eq!(files(&blobs(&service)).len(), 3);
    service.pass(60);
    assert_eq!(get(&service, "short").await, None);
    assert_eq!(names(&service).await, json!(["k"]));
    assert_eq!(files(&blobs(&service)).len(), 1);
    let delete = service.namespaces("DELETE", &value_path(NAMESPACE, "k"));
    assert_eq!(send(delete).await.status, 200);
    assert_eq!(files(&blobs(&service)).len(), 0);
}

#[tokio::test]
async fn a_value_whose_file_is_lost_is_none_and_still_listed() {
    let service = Service::disk();
    put(&service, "k", "", "v").await;
    fs_err::remove_file(&files(&blobs(&service))[0]).unwrap();
    assert_eq!(get(&service, "k").await, None);
    assert_eq!(names(&service).await, json!(["k"]));
    put(&service, "k", "", "again").await;
    assert_eq!(get(&service, "k").await.unwrap(), "again");
}

#[tokio::test]
async fn pairs_outlive_the_emulator_and_two_share_them() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (Service::at(dir.path()), Service::at(dir.path()));
    put(&first, "k", "", "first").await;
    assert_eq!(get(&second, "k").await.unwrap(), "first");
    put(&second, "k", "", "second").await;
    assert_eq!(get(&first, "k").await.unwrap(), "second");
    drop((first, second));
    assert_eq!(get(&Service::at(dir.path()), "k").await.unwrap(), "second");
}

#[tokio::test]
async fn more_namespaces_than_stay_open() {
    let service = Service::disk();
    let path = |n| format!("/namespace-{n}/values/k");
    for n in 0..9 {
        let put = service.namespaces("PUT", &path(n)).body(n.to_string());
        assert_eq!(send(put).await.status, 200);
    }
    for n in 0..9 {
        let got = service.namespaces("GET", &path(n)).send().await.unwrap();
        assert_eq!(got.text().await.unwrap(), n.to_string());
    }
}

#[tokio::test]
async fn a_deleted_namespace_leaves_an_empty_database() {
    let service = Service::disk();
    let id = service.create("a").await;
    let path = format!("/{id}/values/k");
    assert_eq!(
        send(service.namespaces("PUT", &path).body("v"))
            .await
            .status,
        200
    );
    assert_eq!(
        send(service.namespaces("DELETE", &format!("/{id}")))
            .await
            .status,
        200
    );
    let count = |connection: &Connection| -> i64 {
        let sql = "SELECT count(*) FROM _mf_entries";
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(count(&database(&service)), 0);
    assert_eq!(files(&kv(&service).join(id).join("blobs")).len(), 0);
}

#[tokio::test]
async fn a_writer_elsewhere_is_waited_for() {
    let service = Service::disk();
    put(&service, "k", "", "1").await;
    put(&service, "short", "?expiration_ttl=60", "v").await;
    service.pass(60);
    let mut other = database(&service);
    let behaviour = rusqlite::TransactionBehavior::Immediate;
    let transaction = other.transaction_with_behavior(behaviour).unwrap();
    let start = Instant::now();
    assert_eq!(get(&service, "k").await.unwrap(), "1");
    assert_eq!(names(&service).await, json!(["k"]));
    assert!(start.elapsed().as_secs() < 2, "who reads does not wait");
    let writing = put(&service, "k", "", "2");
    tokio::pin!(writing);
    let patience = std::time::Duration::from_millis(200);
    assert!(tokio::time::timeout(patience, &mut writing).await.is_err());
    transaction.commit().unwrap();
    writing.await;
    assert_eq!(get(&service, "k").await.unwrap(), "2");
}

// Windows removes no file that is open.
#[cfg(unix)]
#[tokio::test]
async fn files_that_are_removed_meanwhile_are_made_again() {
    let service = Service::disk();
    put(&service, "k", "", "1").await;
    fs_err::remove_dir_all(kv(&service)).unwrap();
    assert_eq!(get(&service, "k").await, None);
    put(&service, "k", "", "2").await;
    assert_eq!(get(&service, "k").await.unwrap(), "2");
    // Another program recreates them.
    fs_err::remove_dir_all(kv(&service)).unwrap();
    let root = service.state.as_ref().unwrap().path();
    let other = Service::at(root);
    put(&other, "k", "", "3").await;
    assert_eq!(get(&service, "k").await.unwrap(), "3");
    put(&service, "k", "", "4").await;
    assert_eq!(get(&other, "k").await.unwrap(), "4");
}

#[tokio::test]
async fn many_who_begin_at_once_make_one_database() {
    let dir = tempfile::tempdir().unwrap();
    let services: Vec<_> = (0..8).map(|_| Service::at(dir.path())).collect();
    let puts = services.iter().enumerate().map(|(n, service)| async move {
        for round in 0..5 {
            put(service, &format!("{n}-{round}"), "", "v").await;
        }
    });
    futures_util::future::join_all(puts).await;
    assert_eq!(names(&services[0]).await.as_array().unwrap().len(), 40);
}

#[tokio::test]
async fn what_cannot_be_kept_is_an_error_of_the_service() {
    let service = Service::disk();
    let state = service.state.as_ref().unwrap().path();
    crate::fsx::create(&state.join("v3"), b"").unwrap();
    let put = service.namespaces("PUT", &value_path(NAMESPACE, "k"));
    let reply = send(put.body("s3cret")).await;
    assert_eq!((reply.status, reply.code()), (500, 1000));
    assert!(!reply.body.to_string().contains("s3cret"));
}

#[tokio::test]
async fn a_long_value_is_sent_as_it_was_when_it_was_asked_for() {
    let service = Service::disk();
    let path = value_path(NAMESPACE, "k");
    let long = vec![b'a'; 20 << 20];
    let request = service.namespaces("PUT", &path).body(long.clone());
    assert_eq!(send(request).await.status, 200);
    let begun = service.namespaces("GET", &path).send().await.unwrap();
    assert_eq!(begun.content_length(), Some(20 << 20));
    put(&service, "k", "", "other").await;
    assert_eq!(begun.bytes().await.unwrap(), long);
    assert_eq!(get(&service, "k").await.unwrap(), "other");
}

#[tokio::test]
async fn a_long_value_can_be_cut() {
    let service = Service::disk();
    let path = value_path(NAMESPACE, "k");
    let put = service.namespaces("PUT", &path).body(vec![1; 1 << 20]);
    assert_eq!(send(put).await.status, 200);
    service
        .emulator
        .fault(Fault::new("GET", "", Action::CutBody));
    let begun = service.namespaces("GET", &path).send().await.unwrap();
    assert_eq!(begun.content_length(), Some(1 << 20));
    assert!(begun.bytes().await.is_err());
}

#[tokio::test]
async fn a_write_that_fails_leaves_no_values_behind() {
    let service = Service::disk();
    put(&service, "k", "", "v").await;
    let drop_table = "DROP TABLE _mf_entries";
    database(&service).execute_batch(drop_table).unwrap();
    let put = service.namespaces("PUT", &value_path(NAMESPACE, "k"));
    assert_eq!(send(put.body("v")).await.status, 500);
    assert_eq!(files(&blobs(&service)).len(), 1);
}
