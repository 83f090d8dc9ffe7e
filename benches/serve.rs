//! How many requests `kvctl serve` answers in a second, on disk and in memory.
//!
//! Method: sixteen threads, each with one connection that stays open, send one request after the
//! other for five seconds and read every answer. Values are 100 bytes. Every put has a key of its
//! own; gets go through the keys that were put. Clients and server share the machine's processors.
//! `TMPDIR` says which disk. For five minutes after many files were deleted in a place, as at the
//! end of this bench, ext4 needs about a millisecond for each new one there.
//!
//! `cargo bench --bench serve`
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints, and stops where it cannot go on"
)]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

const CONNECTIONS: usize = 16;
const TIME: Duration = Duration::from_secs(5);

/// How long a single answer may take.
const PATIENCE: Duration = Duration::from_mins(1);

fn main() {
    let dir = tempfile::tempdir().unwrap();
    for (place, flags) in [
        ("disk", &["--persist-to", dir.path().to_str().unwrap()][..]),
        ("memory", &["--memory"]),
    ] {
        let (mut server, host, base) = start(flags);
        let put = |key: usize| {
            let value = format!("{key:0100}");
            format!(
                "PUT {base}/values/k{key} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer t\r\n\
                 content-length: 100\r\n\r\n{value}"
            )
        };
        let puts = run(&host, put);
        let known = puts.max(1);
        let get = |key: usize| {
            let key = key % known;
            format!(
                "GET {base}/values/k{key} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer t\r\n\r\n"
            )
        };
        let gets = run(&host, get);
        let rate = |count: usize| count as u64 / TIME.as_secs();
        println!("{place}: {} puts/s, {} gets/s", rate(puts), rate(gets));
        server.kill().unwrap();
        server.wait().unwrap();
    }
}

fn start(flags: &[&str]) -> (Child, String, String) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_kvctl"))
        .args(["serve", "--port", "0", "--json"])
        .args(flags)
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(server.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let started: serde_json::Value = serde_json::from_str(&line).unwrap();
    let url = started["base_url"].as_str().unwrap();
    let account = started["account_id"].as_str().unwrap();
    let (host, path) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let namespaces = format!("/{path}/accounts/{account}/storage/kv/namespaces");
    let create = format!(
        "POST {namespaces} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer t\r\n\
         content-length: 17\r\n\r\n{{\"title\":\"bench\"}}"
    );
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(create.as_bytes()).unwrap();
    let answer = read_answer(&mut BufReader::new(stream));
    let created: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    let id = created["result"]["id"].as_str().unwrap();
    (server, host.to_owned(), format!("{namespaces}/{id}"))
}

/// Sends requests on all connections until the time is over, and returns how many were answered.
fn run(host: &str, request: impl Fn(usize) -> String + Sync) -> usize {
    let next = AtomicUsize::new(0);
    let end = Instant::now() + TIME;
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                scope.spawn(|| {
                    let stream = TcpStream::connect(host).unwrap();
                    stream.set_nodelay(true).unwrap();
                    stream.set_read_timeout(Some(PATIENCE)).unwrap();
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    let mut writer = stream;
                    let mut answered = 0;
                    while Instant::now() < end {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        writer.write_all(request(number).as_bytes()).unwrap();
                        read_answer(&mut reader);
                        answered += 1;
                    }
                    answered
                })
            })
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .sum()
    })
}

fn read_answer(reader: &mut BufReader<TcpStream>) -> Vec<u8> {
    let mut length = 0;
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(line.contains(" 200 "), "{line}");
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(text) = line.strip_prefix("content-length: ") {
            length = text.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    body
}
