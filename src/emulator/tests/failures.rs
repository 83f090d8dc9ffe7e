//! Failures on demand, panics, and the log.

use std::time::{Duration, Instant};

use super::*;
use crate::emulator::{Action, Answer, Error, Fault, serve};

/// Sends one request that meets `action`, and says what came back and whether a key was written.
async fn put_meets(action: Action) -> (Result<reqwest::StatusCode, reqwest::Error>, bool) {
    let service = Service::local();
    let id = service.create("a").await;
    let path = value_path(&id, "k");
    service
        .emulator
        .fault(Fault::new("PUT", "/values/k", action));
    let sent = service.namespaces("PUT", &path).body("v").send().await;
    let status = match sent {
        Ok(response) => {
            let status = response.status();
            response.bytes().await.map(|_| status)
        }
        Err(error) => Err(error),
    };
    let written = service.namespaces("GET", &path).send().await.unwrap();
    (status, written.status() == 200)
}

#[tokio::test]
async fn an_answer_can_replace_or_hide_what_happened() {
    let answer = Answer::new(503, "<html>").header("retry-after", "1");
    let (status, written) = put_meets(Action::Answer(answer.clone())).await;
    assert_eq!((status.unwrap().as_u16(), written), (503, false));
    let (status, written) = put_meets(Action::AnswerAfter(answer)).await;
    assert_eq!((status.unwrap().as_u16(), written), (503, true));
}

#[tokio::test]
async fn a_connection_can_be_cut_before_after_and_within() {
    let (status, written) = put_meets(Action::CutBefore).await;
    assert!(status.is_err() && !written);
    let (status, written) = put_meets(Action::CutAfter).await;
    assert!(status.is_err() && written);
    let (status, written) = put_meets(Action::CutBody).await;
    assert!(status.unwrap_err().is_decode() && written);
}

#[tokio::test]
async fn a_cut_body_begins_like_the_whole_one() {
    let service = Service::local();
    let id = service.create("a").await;
    let path = value_path(&id, "k");
    for value in ["0123456789", ""] {
        send(service.namespaces("PUT", &path).body(value)).await;
        service
            .emulator
            .fault(Fault::new("GET", "/values/k", Action::CutBody));
        let mut response = service.namespaces("GET", &path).send().await.unwrap();
        assert_eq!(response.status(), 200);
        if !value.is_empty() {
            assert_eq!(response.chunk().await.unwrap().unwrap(), "01234");
        }
        assert!(response.chunk().await.is_err());
    }
}

#[tokio::test]
async fn delays_take_their_time() {
    let delay = Duration::from_millis(60);
    for action in [Action::Delay(delay), Action::DelayAfter(delay)] {
        let start = Instant::now();
        let (status, written) = put_meets(action).await;
        assert!(status.is_ok() && written);
        assert!(start.elapsed() >= delay);
    }
}

#[tokio::test]
async fn the_log_shows_what_overlapped() {
    let service = Service::local();
    service.emulator.latency(Duration::from_millis(50));
    let ask = |page: &str| service.request("GET", &format!("/accounts?page={page}"));
    let url = format!("{}/accounts?page=1", service.running.base_url());
    let nobody = http().build().unwrap().get(url);
    let (first, second) = tokio::join!(send(nobody), send(ask("2")));
    assert_eq!((first.status, second.status), (400, 200));
    let log = service.emulator.log();
    assert_eq!(service.emulator.requests("GET"), 2);
    assert_eq!(service.emulator.requests("POST"), 0);
    assert!(log[1].start < log[0].end.unwrap());
    let second = log
        .iter()
        .find(|entry| entry.path.ends_with("?page=2"))
        .unwrap();
    assert_eq!(second.path, "/client/v4/accounts?page=2");
    assert!(second.authorized && second.status == Some(200));
    assert_eq!(log.iter().filter(|entry| entry.authorized).count(), 1);
}

#[tokio::test]
async fn a_cut_request_has_no_status_in_the_log() {
    let service = Service::local();
    service
        .emulator
        .fault(Fault::new("GET", "/accounts", Action::CutBefore));
    assert!(service.request("GET", "/accounts").send().await.is_err());
    let log = service.emulator.log();
    assert_eq!((log.len(), log[0].status), (1, None));
}

#[tokio::test]
async fn a_panic_ends_one_request_only() {
    let service = Service::new(|clock| {
        let broken = move || match clock() {
            START => START,
            _ => panic!("the clock stands still"),
        };
        Config::local(TOKEN, Arc::new(broken))
    })
    .authorized();
    let id = service.create("a").await;
    let keys = format!("/{id}/keys");
    service.pass(1);
    assert_eq!(send(service.namespaces("GET", &keys)).await.status, 500);
    service.pass(-1);
    assert_eq!(send(service.namespaces("GET", &keys)).await.status, 200);
}

#[tokio::test]
async fn stopping_lets_a_request_under_way_finish() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let url = format!(
        "http://{}/client/v4/accounts",
        listener.local_addr().unwrap()
    );
    let emulator = Emulator::new(Config::local(TOKEN, Arc::new(|| START)));
    emulator.latency(Duration::from_millis(100));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopped = async { stopped.await.unwrap_or_default() };
    let server = tokio::spawn(serve(listener, emulator.clone(), stopped));
    let request = http().build().unwrap().get(url).bearer_auth(TOKEN);
    let request = tokio::spawn(request.send());
    let patience = Duration::from_mins(1);
    let arrived = async {
        while emulator.log().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let arrived = tokio::time::timeout(patience, arrived).await;
    arrived.expect("the request never arrived");
    stop.send(()).unwrap();
    let ended = tokio::time::timeout(patience, server).await;
    ended.expect("the server never ended").unwrap().unwrap();
    assert_eq!(request.await.unwrap().unwrap().status(), 200);
}

#[test]
fn a_broken_state_is_found_before_the_first_request() {
    let dir = tempfile::tempdir().unwrap();
    fs_err::create_dir(dir.path().join("kvctl")).unwrap();
    crate::fsx::create(&dir.path().join("kvctl/namespaces.json"), b"{").unwrap();
    let config = Config {
        state: Some(dir.path().to_owned()),
        ..Config::local(TOKEN, Arc::new(|| START))
    };
    assert!(matches!(spawn(Emulator::new(config)), Err(Error::State(_))));
}

#[tokio::test]
async fn writes_are_seen_after_the_lag_and_not_before() {
    for service in [Service::local(), Service::disk()] {
        let id = service.create("a").await;
        let put = async |key: &str, value: &'static str| {
            let reply = send(service.namespaces("PUT", &value_path(&id, key)).body(value)).await;
            assert_eq!(reply.status, 200);
        };
        let keys = async || {
            let reply = send(service.namespaces("GET", &format!("/{id}/keys"))).await;
            let keys = reply.body["result"].as_array().unwrap().clone();
            let names = keys.iter().map(|key| key["name"].as_str().unwrap());
            names.collect::<Vec<_>>().join(" ")
        };
        let get = async |key: &str| {
            let reply = send(service.namespaces("GET", &value_path(&id, key))).await;
            (reply.status == 200).then(|| reply.body.to_string())
        };
        let seen = |value: &str| Some(value.to_owned());
        put("old", "1").await;
        put("gone", "1").await;
        service.emulator.lag(Duration::from_hours(1));
        put("old", "2").await;
        put("old", "3").await;
        put("new", "1").await;
        let gone = send(service.namespaces("DELETE", &value_path(&id, "gone"))).await;
        assert_eq!(gone.status, 200);
        assert_eq!(get("old").await, seen("1"));
        assert_eq!(get("new").await, None);
        assert_eq!(get("gone").await, seen("1"));
        assert_eq!(keys().await, "gone old");

        service.emulator.lag(Duration::ZERO);
        put("late", "1").await;
        assert_eq!(get("late").await, seen("1"));
        assert_eq!(keys().await, "gone late old");
    }
}

#[tokio::test]
async fn the_date_of_an_answer_is_that_of_the_clock() {
    let service = Service::local();
    let response = service.request("GET", "/accounts").send().await.unwrap();
    assert_eq!(
        response
            .headers()
            .get_all("date")
            .iter()
            .collect::<Vec<_>>(),
        ["Fri, 15 Jan 2027 08:00:00 GMT"]
    );
}
