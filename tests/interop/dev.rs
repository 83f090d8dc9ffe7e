//! A Worker in the real runtime, on the store that kvctl writes to at the same time.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    os::unix::process::CommandExt as _,
    process::{Child, Command},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use fs_err as fs;
use rusqlite::Connection;

use crate::{
    harness::Test,
    tools::{Home, NODE_22, WRANGLER_4_86, WRANGLER_4_155, WRANGLER_4_164, Wrangler, ok},
    wait::http,
};

const WORKER: &str = r#"
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const key = decodeURIComponent(url.pathname.slice(1));
    try {
      if (request.method === "PUT") {
        await env.KV.put(key, request.body);
        return new Response("stored");
      }
      const value = await env.KV.get(key, "arrayBuffer");
      return value === null ? new Response("absent", { status: 404 }) : new Response(value);
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  },
};
"#;

const CONFIG: &str = r#"name = "interop"
main = "worker.js"
compatibility_date = "2026-01-01"
[[kv_namespaces]]
binding = "KV"
id = "0f2ac74b498b48028cb68387c421e279"
"#;

/// How long wrangler may take to start, and the Worker to answer. Both take seconds; more than this
/// is a standstill, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// `wrangler dev`, until this is dropped.
pub(crate) struct Dev {
    child: Child,
    address: String,
    /// What it said before it was ready.
    pub(crate) banner: String,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Dev {
    fn start(home: &Home, version: Wrangler) -> Self {
        home.write("worker.js", WORKER);
        home.write("wrangler.toml", CONFIG);
        Self::launch(home, version, &["dev"])
    }

    /// Starts one of wrangler's commands that serve, on a port of the system's choosing.
    pub(crate) fn launch(home: &Home, version: Wrangler, command: &[&str]) -> Self {
        Self::wait_for(&mut home.wrangler(version, command))
    }

    /// The same for a command in an environment of its own.
    pub(crate) fn wait_for(command: &mut Command) -> Self {
        let mut child = command
            .args(["--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0"])
            // With workerd, which it starts.
            .process_group(0)
            .spawn()
            .unwrap();
        // Both are read to their ends: it must not stop because nobody reads what it says.
        let mut stderr = child.stderr.take().unwrap();
        let complaints = thread::spawn(move || {
            let mut said = Vec::new();
            stderr.read_to_end(&mut said).ok();
            said
        });
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            let lines = stdout.lines().map_while(Result::ok);
            lines.for_each(|line| drop(sender.send(line)));
        });
        let deadline = Instant::now() + PATIENCE;
        let mut seen = String::new();
        let address = loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = match lines.recv_timeout(left) {
                Ok(line) => line,
                Err(why) => {
                    kill(&mut child);
                    let said = complaints.join().unwrap();
                    let said = String::from_utf8_lossy(&said);
                    panic!("wrangler {command:?} did not start: {why}\n{seen}\n{said}");
                }
            };
            if let Some((_, address)) = line.split_once("Ready on http://") {
                break address.trim().to_owned();
            }
            seen.push_str(&line);
            seen.push('\n');
        };
        Self {
            child,
            address,
            banner: seen,
            http: http().build().unwrap(),
            runtime: tokio::runtime::Runtime::new().unwrap(),
        }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Sends a request of any kind.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        with: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> (u16, reqwest::header::HeaderMap, String) {
        let url = format!("http://{}/{path}", self.address);
        let request = with(self.http.request(method.parse().unwrap(), url));
        self.runtime.block_on(async {
            let answer = request.send().await.unwrap();
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            (status, headers, answer.text().await.unwrap())
        })
    }

    /// Sends a request to the Worker, and returns status and body.
    pub(crate) fn ask(&self, method: &str, key: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let url = format!("http://{}/{key}", self.address);
        let request = self.http.request(method.parse().unwrap(), url);
        self.runtime.block_on(async {
            let answer = request.body(body.to_vec()).send().await.unwrap();
            let status = answer.status().as_u16();
            (status, answer.bytes().await.unwrap().to_vec())
        })
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        kill(&mut self.child);
    }
}

/// Ends a process that leads a group, with its group.
fn kill(child: &mut Child) {
    let group = format!("-{}", child.id());
    Command::new("kill")
        .args(["-KILL", "--", &group])
        .status()
        .ok();
    child.wait().ok();
}

fn kvctl(home: &Home, args: &[&str]) -> Vec<u8> {
    ok(&mut home.kvctl(&[args, &["--local", "--binding", "KV"]].concat()))
}

pub(crate) const TESTS: &[Test] = &[
    Test::new(
        "a_worker_of_4_86_and_kvctl_see_each_other_at_once",
        &[WRANGLER_4_86],
        || see_each_other(Wrangler::V4_86),
    ),
    Test::new(
        "a_worker_of_4_155_and_kvctl_see_each_other_at_once",
        &[WRANGLER_4_155],
        || see_each_other(Wrangler::V4_155),
    ),
    Test::new(
        "a_worker_of_4_164_and_kvctl_see_each_other_at_once",
        &[WRANGLER_4_164, NODE_22],
        || see_each_other(Wrangler::V4_164),
    ),
    Test::new(
        "a_busy_worker_and_an_import_lose_nothing",
        &[WRANGLER_4_86],
        a_busy_worker_and_an_import_lose_nothing,
    )
    .slow("imports 20,000 keys while a Worker writes"),
    Test::new(
        "a_busy_worker_and_single_puts_lose_nothing",
        &[WRANGLER_4_86],
        a_busy_worker_and_single_puts_lose_nothing,
    )
    .slow("puts 200 keys one by one while a Worker writes"),
];

fn see_each_other(version: Wrangler) {
    let home = Home::new();
    let dev = Dev::start(&home, version);
    let bytes: Vec<u8> = (0..=255).cycle().take(50_000).collect();
    home.write("bytes", &bytes);
    for round in 0..3 {
        let (ours, theirs) = (format!("ours{round}"), format!("theirs{round}"));
        kvctl(&home, &["key", "put", &ours, "--file", "bytes"]);
        assert_eq!(dev.ask("GET", &ours, b""), (200, bytes.clone()));
        kvctl(&home, &["key", "put", &ours, "another value"]);
        assert_eq!(dev.ask("GET", &ours, b""), (200, b"another value".to_vec()));
        assert_eq!(dev.ask("PUT", &theirs, &bytes).0, 200);
        assert_eq!(kvctl(&home, &["key", "get", &theirs]), bytes);
        kvctl(&home, &["key", "delete", &theirs]);
        assert_eq!(dev.ask("GET", &theirs, b"").0, 404);
    }
}

/// How often a second the Worker writes.
const RATE: u32 = 20;

/// How often the keys are imported: often enough for some hundred puts.
const IMPORTS: u32 = 2;

fn a_busy_worker_and_an_import_lose_nothing() {
    let home = Home::new();
    let dev = Dev::start(&home, Wrangler::V4_86);
    dev.ask("PUT", "first", b"warm");
    let lines = (0..10_000).map(|n| format!("{{\"key\":\"import:{n:05}\",\"value\":\"v{n}\"}}\n"));
    home.write("in.ndjson", lines.collect::<String>());
    let is_over = AtomicBool::new(false);
    let (outcomes, took) = thread::scope(|scope| {
        let worker = scope.spawn(|| write_steadily(&dev, &is_over));
        let start = Instant::now();
        for _ in 0..IMPORTS {
            kvctl(&home, &["import", "in.ndjson"]);
        }
        let took = start.elapsed() / IMPORTS;
        is_over.store(true, Ordering::SeqCst);
        (worker.join().unwrap(), took)
    });
    let failed = outcomes.iter().filter(|stored| !**stored).count();
    assert!(
        failed * 50 < outcomes.len(),
        "{failed} of {} puts of the Worker failed while 10,000 keys were imported, {IMPORTS} times, \
         each in {took:.1?}",
        outcomes.len()
    );
    for (number, stored) in outcomes.iter().enumerate() {
        if *stored {
            let (status, value) = dev.ask("GET", &format!("worker:{number}"), b"");
            assert_eq!((status, value), (200, number.to_string().into_bytes()));
        }
    }
    let listed = kvctl(&home, &["key", "list", "--prefix", "import:"]);
    assert_eq!(listed.split(|b| *b == b'\n').count(), 10_001);
    drop(dev);
    check_integrity(&home);
}

/// How many keys are put one by one: each is a process, and a transaction, of its own.
const PUTS: usize = 200;

fn a_busy_worker_and_single_puts_lose_nothing() {
    let home = Home::new();
    let dev = Dev::start(&home, Wrangler::V4_86);
    dev.ask("PUT", "first", b"warm");
    let is_over = AtomicBool::new(false);
    let outcomes = thread::scope(|scope| {
        let worker = scope.spawn(|| write_steadily(&dev, &is_over));
        for number in 0..PUTS {
            kvctl(&home, &["key", "put", &format!("ours:{number:03}"), "v"]);
        }
        is_over.store(true, Ordering::SeqCst);
        worker.join().unwrap()
    });
    let failed = outcomes.iter().filter(|stored| !**stored).count();
    // No lock of kvctl's is long; what fails is a Worker's write that another one overtakes.
    assert!(
        failed * 10 < outcomes.len().max(50),
        "{failed} of {} puts of the Worker failed while {PUTS} keys were put one by one",
        outcomes.len()
    );
    for (number, stored) in outcomes.iter().enumerate() {
        if *stored {
            let (status, value) = dev.ask("GET", &format!("worker:{number}"), b"");
            assert_eq!((status, value), (200, number.to_string().into_bytes()));
        }
    }
    let listed = kvctl(&home, &["key", "list", "--prefix", "ours:"]);
    assert_eq!(listed.split(|b| *b == b'\n').count(), PUTS + 1);
    drop(dev);
    check_integrity(&home);
}

/// Writes until it is told that it is over; at least for a second.
fn write_steadily(dev: &Dev, is_over: &AtomicBool) -> Vec<bool> {
    let start = Instant::now();
    let mut outcomes = Vec::new();
    while !is_over.load(Ordering::SeqCst) || outcomes.len() < RATE as usize {
        let number = outcomes.len();
        let body = number.to_string();
        let (status, _) = dev.ask("PUT", &format!("worker:{number}"), body.as_bytes());
        outcomes.push(status == 200);
        // A steady rate is what is tested.
        let due = Duration::from_secs(1) / RATE * u32::try_from(outcomes.len()).unwrap();
        thread::sleep(due.saturating_sub(start.elapsed()));
    }
    outcomes
}

fn check_integrity(home: &Home) {
    let folder = home
        .app()
        .join(".wrangler/state/v3/kv/miniflare-KVNamespaceObject");
    let mut checked = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|end| end == "sqlite") {
            let database = Connection::open(path).unwrap();
            let result: String = database
                .query_row("PRAGMA integrity_check", [], |row| row.get(0))
                .unwrap();
            assert_eq!(result, "ok");
            checked += 1;
        }
    }
    assert!(checked > 0);
}
