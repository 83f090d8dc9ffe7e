//! `kvctl serve` with clients that break off, send nonsense, or come all at once.

use std::{
    io::Write as _,
    net::TcpStream,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use serde_json::{Value, json};

use crate::{
    sandbox::{Sandbox, Seen},
    serve::Server,
    wait::wait_until,
};

#[test]
fn bodies_that_are_too_long_or_no_bodies_at_all_are_answered() {
    let sandbox = Sandbox::new();
    let server = Server::start(&sandbox, &["--memory", "--lenient"]);
    let put = |path: &str, head: &str, body: &[u8]| {
        let account = &server.account;
        let head = format!(
            "PUT /client/v4/accounts/{account}/storage/kv/namespaces/n/{path} HTTP/1.1\r\n\
             host: localhost\r\nauthorization: Bearer t\r\nconnection: close\r\n{head}\r\n\r\n"
        );
        let answer = server.raw(&[head.as_bytes(), body].concat());
        answer.split_once(' ').unwrap().1.to_owned()
    };
    let long = vec![b'x'; 27 * 1024 * 1024];
    let length = format!("content-length: {}", long.len());
    let answer = put("values/k", &length, &long);
    assert!(answer.starts_with("413"), "{answer}");
    assert!(answer.contains("Value length of 28311552 exceeds limit of 26214400."));
    let form = "content-type: multipart/form-data; boundary=b\r\ncontent-length: 7";
    assert!(put("values/k", form, b"--b\r\n\r\n").starts_with("400"));
    let chunked = "transfer-encoding: chunked";
    assert!(put("values/k", chunked, b"xyz\r\n").starts_with("400"));
    assert!(put("values/%FF", "content-length: 0", b"").starts_with("400"));
    assert!(put("bulk", "content-length: 4", b"[{]}").starts_with("400"));
    server.ok(&["namespace", "list"]);
}

#[test]
fn many_clients_at_once_lose_nothing() {
    let sandbox = Sandbox::new();
    let server = Server::start(&sandbox, &["--lenient"]);
    let id = "0f2ac74b498b48028cb68387c421e279";
    thread::scope(|scope| {
        for client in 0..4 {
            let server = &server;
            scope.spawn(move || {
                let key = format!("k{client}");
                server.ok(&["key", "put", "--namespace-id", id, &key, &key]);
            });
        }
    });
    let listed = server.ok(&["key", "list", "--namespace-id", id]);
    assert_eq!(listed, "k0\nk1\nk2\nk3\n");
}

/// The head of a request that asks for the connection to be closed.
fn head(server: &Server<'_>, method: &str, rest: &str, headers: &str) -> String {
    let account = &server.account;
    format!(
        "{method} /client/v4/accounts/{account}/storage/kv/namespaces/n/{rest} HTTP/1.1\r\n\
         host: localhost\r\nauthorization: Bearer t\r\nconnection: close\r\n{headers}\r\n"
    )
}

/// Method, path, headers and body of a request, and the status and code that answer it.
type Nonsense = (&'static str, String, &'static str, String, &'static str);

fn nonsense() -> Vec<Nonsense> {
    const FORM: &str = "content-type: multipart/form-data; boundary=b\r\n";
    const NO_FORM: &str = "content-type: multipart/form-data\r\n";
    const CHUNKED: &str = "transfer-encoding: chunked\r\n";
    const PART: &str = "--b\r\ncontent-disposition: form-data; name=\"value\"\r\n\r\nvalue";
    let deep = "[".repeat(100_000);
    let many = format!("[{}1]", "\"\",".repeat(300_000));
    let long = format!("values/{}", "k".repeat(513));
    let requests = [
        ("PUT", "values/k", "content-length: 9\r\n", "cut", "400"),
        ("PUT", "values/k", "content-length: -1\r\n", "", "400"),
        ("PUT", "values/k", CHUNKED, "ff\r\ncut", "400"),
        ("PUT", "values/k", CHUNKED, "no\r\n", "400"),
        ("PUT", "values/k", FORM, PART, "400 10029"),
        ("PUT", "values/k", NO_FORM, PART, "400 10029"),
        ("PUT", "values/%FF", "", "v", "400 10029"),
        ("PUT", "values/%ZZ", "", "v", "400 10029"),
        ("GET", "values/100%", "", "", "400 10029"),
        ("PUT", &long, "", "v", "414 10030"),
        ("PUT", "values/k?expiration_ttl=1e9", "", "v", "400 10034"),
        ("GET", "keys?limit=9", "", "", "400 10028"),
        ("GET", "keys?cursor=made-up", "", "", "400 10041"),
        ("PUT", "bulk", "", "[{\"key\":\"a\",\"va", "400 10012"),
        ("PUT", "bulk", "", &deep, "400 10012"),
        ("POST", "bulk/get", "", "{\"keys\":\"a\"}", "400 10012"),
        ("POST", "bulk/delete", "", &many, "400 10012"),
        ("PATCH", "bulk", "", "[]", "405 7001"),
    ];
    let owned = requests.map(|(method, rest, headers, body, expected)| {
        (method, rest.to_owned(), headers, body.to_owned(), expected)
    });
    owned.into()
}

#[test]
fn nonsense_is_answered_and_the_server_stays_well() {
    let sandbox = Sandbox::new();
    let server = Server::start(&sandbox, &["--memory", "--lenient"]);
    // Clients that begin, and never end.
    let unfinished: Vec<_> = (0..20)
        .map(|n| {
            let mut stream = TcpStream::connect(server.host()).unwrap();
            let long = head(&server, "PUT", "values/k", "content-length: 20000000\r\n");
            let begun = if n % 2 == 0 { &long } else { "GET /" };
            stream.write_all(begun.as_bytes()).unwrap();
            stream
        })
        .collect();
    for (method, rest, headers, body, expected) in nonsense() {
        let length = format!("content-length: {}\r\n", body.len());
        let is_framed = headers.contains("content-length") || headers.contains("chunked");
        let headers = [headers, if is_framed { "" } else { &length }].concat();
        let request = [&head(&server, method, &rest, &headers), body.as_str()].concat();
        let answer = server.raw_and_shut(request.as_bytes());
        let status = answer.split(' ').nth(1).unwrap_or_default();
        let code = answer.split_once("\"code\":").map(|(_, rest)| {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap();
            format!(" {}", &rest[..end])
        });
        let seen = [status, &code.unwrap_or_default()].concat();
        assert_eq!(seen, expected, "{method} {rest} {headers}: {answer}");
    }
    let id = "0f2ac74b498b48028cb68387c421e279";
    server.ok(&["key", "put", "--namespace-id", id, "k", "v"]);
    drop(unfinished);
    #[cfg(target_os = "linux")]
    {
        let peak = server.peak_memory();
        assert!(peak < 256, "{peak} MiB");
    }
}

#[test]
fn a_put_that_was_acknowledged_outlives_a_kill() {
    const NAMES: usize = 20;
    const CLIENTS: usize = 4;
    let sandbox = Sandbox::new();
    // Long enough that half a value would show.
    let value = |client: usize, n: usize| format!("{client}-{n};").repeat(2000);
    for round in 0..3 {
        let name = |client: usize, n: usize| format!("values/k{round}-{client}-{}", n % NAMES);
        let server = Server::start(&sandbox, &["--lenient"]);
        let acknowledged = AtomicUsize::new(0);
        let counts: Vec<usize> = thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    let (server, acknowledged) = (&server, &acknowledged);
                    let put = move |n: &usize| {
                        let value = value(client, *n);
                        let length = format!("content-length: {}\r\n", value.len());
                        let head = head(server, "PUT", &name(client, *n), &length);
                        let answer = server.try_raw([head, value].concat().as_bytes());
                        let is_done = answer.is_ok_and(|it| it.starts_with("HTTP/1.1 200"));
                        acknowledged.fetch_add(is_done.into(), Ordering::SeqCst);
                        is_done
                    };
                    // Until the server is gone.
                    scope.spawn(move || (0..usize::MAX).take_while(put).count())
                })
                .collect();
            wait_until("enough puts are acknowledged", || {
                acknowledged.load(Ordering::SeqCst) >= 50 + 40 * round
            });
            server.kill();
            clients.into_iter().map(|c| c.join().unwrap()).collect()
        });
        let check = sandbox.bare_command(&["serve", "--check", "--json"]);
        let check = Seen::of(check);
        let found: Value = serde_json::from_str(&check.stdout).unwrap();
        for kind in ["unusable", "damaged", "lost"] {
            assert_eq!(found[kind], json!([]), "{check}");
        }
        let server = Server::start(&sandbox, &["--lenient"]);
        for (client, count) in counts.into_iter().enumerate() {
            for n in count.saturating_sub(NAMES)..count {
                let got = server.raw(head(&server, "GET", &name(client, n), "").as_bytes());
                let got = got.split_once("\r\n\r\n").unwrap().1;
                // The one that was under way may have been stored, or not.
                let is_newer = count % NAMES == n % NAMES && got == value(client, count);
                assert!(got == value(client, n) || is_newer, "{client} {n} {count}");
            }
        }
    }
}
