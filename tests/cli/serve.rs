//! `kvctl serve`.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpStream, ToSocketAddrs},
    process::{Child, Command},
};

use fs_err as fs;
use serde_json::Value;

use crate::{
    sandbox::{Sandbox, Seen, assert_filtered},
    wait::{Finish as _, PATIENCE, first_line, send_signal, wait_until},
};

/// A server, and a client's environment.
pub(crate) struct Server<'s> {
    sandbox: &'s Sandbox,
    child: Child,
    base_url: String,
    pub(crate) account: String,
}

impl<'s> Server<'s> {
    pub(crate) fn start(sandbox: &'s Sandbox, flags: &[&str]) -> Self {
        let args = [&["serve", "--port", "0", "--json"], flags].concat();
        let mut child = sandbox.bare_command(&args).spawn().unwrap();
        let (line, _) = first_line(child.stdout.take().unwrap());
        let started: Value = serde_json::from_str(&line).unwrap_or_else(|error| {
            let mut said = String::new();
            let mut stderr = child.stderr.take().unwrap();
            stderr.read_to_string(&mut said).unwrap();
            panic!("{error}: {line}{said}")
        });
        let text = |name: &str| started[name].as_str().unwrap().to_owned();
        Self {
            sandbox,
            child,
            base_url: text("base_url"),
            account: text("account_id"),
        }
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.bare_command(args);
        command
            .env("CLOUDFLARE_API_BASE_URL", &self.base_url)
            .env("CLOUDFLARE_ACCOUNT_ID", &self.account)
            .env("CLOUDFLARE_API_TOKEN", "any-token");
        command
    }

    fn run(&self, args: &[&str]) -> Seen {
        Seen::of(self.command(args))
    }

    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let seen = self.run(args);
        assert_eq!(seen.code, Some(0), "{seen}");
        seen.stdout
    }

    /// Sends bytes, and returns all that comes back until the server closes.
    pub(crate) fn raw(&self, request: &[u8]) -> String {
        self.try_raw(request).unwrap()
    }

    pub(crate) fn try_raw(&self, request: &[u8]) -> io::Result<String> {
        ask(self.host(), request)
    }

    /// The same, for a request that ends when the client closes its side.
    pub(crate) fn raw_and_shut(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.host()).unwrap();
        stream.write_all(request).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        read_all(stream).unwrap()
    }

    /// Ends the server on the spot.
    pub(crate) fn kill(&self) {
        assert!(send_signal(&self.child, "-KILL"));
    }

    /// Returns the most memory it has had so far, in MiB.
    #[cfg(target_os = "linux")]
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib: u64 = peak
            .unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap();
        kib / 1024
    }

    pub(crate) fn host(&self) -> &str {
        let rest = self.base_url.strip_prefix("http://").unwrap();
        rest.split('/').next().unwrap()
    }

    /// Asks the server to end, as `kill` and service managers do, and waits until it has.
    #[cfg(unix)]
    fn stop(mut self, signal: &str) -> Option<i32> {
        assert!(send_signal(&self.child, signal));
        wait_until("the server ends", || {
            self.child.try_wait().unwrap().is_some()
        });
        self.child.wait().unwrap().code()
    }
}

/// Sends bytes, and returns all that comes back until the server closes.
pub(crate) fn ask(address: impl ToSocketAddrs, request: &[u8]) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(request)?;
    read_all(stream)
}

fn read_all(mut stream: TcpStream) -> io::Result<String> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub(crate) fn refused(sandbox: &Sandbox, flags: &[&str]) -> Seen {
    let args = [&["serve", "--port", "0"], flags].concat();
    Seen::of(sandbox.bare_command(&args))
}

#[cfg(unix)]
#[test]
fn a_project_is_provisioned_and_used_as_with_the_service() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    let server = Server::start(&sandbox, &[]);
    insta::assert_snapshot!(server.run(&["provision", "SESSIONS", "CACHE"]));
    let provisioned = sandbox.read("wrangler.toml");
    let again = server.ok(&["provision"]);
    assert!(again.contains("kept"), "{again}");
    assert_eq!(sandbox.read("wrangler.toml"), provisioned);
    server.ok(&["key", "put", "-b", "SESSIONS", "a", "1"]);
    assert_eq!(server.ok(&["key", "get", "-b", "SESSIONS", "a"]), "1");
    assert_eq!(server.stop("-TERM"), Some(0));

    // The same store, without a server.
    let local = sandbox.bare_command(&["--local", "key", "get", "-b", "SESSIONS", "a"]);
    assert_eq!(Seen::of(local).stdout, "1");
    let listed = sandbox.bare_command(&["--local", "namespace", "list"]);
    assert_eq!(Seen::of(listed).stdout.lines().count(), 2);
    // The real service knows none of these ids.
    sandbox.expect(3, &["key", "get", "-b", "SESSIONS", "a"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_well_and_memory_forgets() {
    let sandbox = Sandbox::new();
    let server = Server::start(&sandbox, &["--memory"]);
    server.ok(&["namespace", "create", "a"]);
    assert_eq!(server.stop("-INT"), Some(0));
    assert_eq!(fs::read_dir(sandbox.app()).unwrap().count(), 0);
}

#[test]
fn credentials_and_namespaces_are_as_strict_as_asked() {
    let sandbox = Sandbox::new();
    let id = "0f2ac74b498b48028cb68387c421e279";
    let put = ["key", "put", "--namespace-id", id, "k", "v"];
    let strict = Server::start(&sandbox, &["--memory"]);
    insta::assert_snapshot!(strict.run(&put));
    let nobody = Seen::of(
        strict
            .command(&["namespace", "list"])
            .env("CLOUDFLARE_API_TOKEN", "")
            .finish(),
    );
    assert_eq!(nobody.code, Some(4), "{nobody}");

    let lenient = Server::start(&sandbox, &["--memory", "--lenient", "--token", "right"]);
    assert_eq!(lenient.run(&put).code, Some(4));
    let mut put = lenient.command(&put);
    let put = put.env("CLOUDFLARE_API_TOKEN", "right").finish();
    assert_eq!(put.status.code(), Some(0));
}

#[test]
fn pages_of_other_sites_are_turned_away() {
    let sandbox = Sandbox::new();
    let server = Server::start(&sandbox, &["--memory", "--allow-host", "kv.test"]);
    let ask = |headers: &str| {
        let end = "authorization: Bearer t\r\nconnection: close\r\n\r\n";
        let request = format!("GET /client/v4/accounts HTTP/1.1\r\n{headers}{end}");
        let answer = server.raw(request.as_bytes());
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(ask("host: localhost\r\n"), "200");
    assert_eq!(ask("host: kv.test\r\n"), "200");
    assert_eq!(ask("Host: LOCALHOST\r\n"), "200");
    assert_eq!(ask("host: KV.Test\r\n"), "200");
    assert_eq!(ask("host: evil.example\r\n"), "403");
    let answer = server.raw(b"GET / HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n");
    assert!(answer.contains("kvctl serve --allow-host NAME"), "{answer}");
    assert_eq!(
        ask("host: localhost\r\norigin: https://evil.example\r\n"),
        "403"
    );
}

#[test]
fn words_of_http_may_be_in_any_case() {
    let sandbox = Sandbox::new();
    let server = Server::start(&sandbox, &["--memory", "--lenient"]);
    let value = format!(
        "/client/v4/accounts/{}/storage/kv/namespaces/a/values/k HTTP/1.1\r\nHOST: LocalHost\r\n\
         AUTHORIZATION: bEARER t\r\nCONNECTION: Close\r\n",
        server.account
    );
    let put = format!(
        "PUT {value}TRANSFER-ENCODING: Chunked\r\nEXPECT: 100-Continue\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    );
    let answer = server.raw(put.as_bytes());
    assert!(answer.contains("HTTP/1.1 200"), "{answer}");
    let answer = server.raw(format!("GET {value}\r\n").as_bytes());
    assert!(answer.ends_with("\r\n\r\nok"), "{answer}");
}

#[test]
fn every_answer_has_the_headers_of_the_service() {
    let sandbox = Sandbox::new();
    for (flags, policy) in [
        (&["--memory"][..], "\"default\";q=1000000000;w=300"),
        (
            &["--memory", "--rate-limit", "3/60"],
            "\"default\";q=3;w=60",
        ),
    ] {
        let server = Server::start(&sandbox, flags);
        for (path, status) in [
            ("accounts", "200"),
            ("nowhere", "400"),
            ("memberships", "200"),
        ] {
            let request = format!(
                "GET /client/v4/{path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer t\r\n\
                 connection: close\r\n\r\n"
            );
            let answer = server.raw(request.as_bytes());
            assert_eq!(answer.split(' ').nth(1), Some(status), "{answer}");
            let header = |name: &str| {
                let mut lines = answer.lines().filter_map(|line| line.split_once(": "));
                lines.find_map(|(known, value)| (known == name).then_some(value))
            };
            assert_eq!(header("ratelimit-policy"), Some(policy), "{answer}");
            assert!(header("ratelimit").unwrap().starts_with("\"default\";r="));
            assert!(header("cf-ray").is_some());
        }
    }
}

#[test]
fn failures_are_staged_and_requests_are_logged() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "faults.toml",
        "[[fault]]\nmethod = \"PUT\"\nstatus = 429\ncode = 10048\nmessage = \"spent\"\n",
    );
    let flags = [
        "--memory",
        "--fault",
        "faults.toml",
        "--log",
        "log/requests",
    ];
    let server = Server::start(&sandbox, &flags);
    server.ok(&["namespace", "create", "a"]);
    let put = ["key", "put", "-n", "a", "odd/key", "canary-value"];
    assert_eq!(server.run(&put).code, Some(7));
    server.ok(&put);
    let log = sandbox.read("log/requests");
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let seen: Vec<_> = lines
        .iter()
        .map(|line| (line["method"].as_str().unwrap(), line["status"].as_u64()))
        .collect();
    let expected = [
        ("GET", 200),
        ("POST", 200),
        ("GET", 200),
        ("PUT", 429),
        ("GET", 200),
        ("PUT", 200),
    ];
    assert_eq!(
        seen,
        expected.map(|(method, status)| (method, Some(status)))
    );
    assert!(
        lines[5]["path"]
            .as_str()
            .unwrap()
            .ends_with("/values/odd%2Fkey")
    );
    assert_eq!(lines[5]["received_bytes"], 12);
    assert!(!log.contains("any-token") && !log.contains("canary-value"));
}

#[test]
fn what_cannot_be_served_is_said_at_once() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.toml", "[[fault]]\ncut = \"later\"\n");
    sandbox.write("file", "");
    insta::assert_snapshot!(refused(&sandbox, &["--fault", "bad.toml"]));
    insta::assert_snapshot!(refused(&sandbox, &["--fault", "nope.toml"]));
    insta::assert_snapshot!(refused(&sandbox, &["--persist-to", "file/state"]));
    let first = Server::start(&sandbox, &["--memory"]);
    let port = first.host().split(':').nth(1).unwrap().to_owned();
    let taken = refused(&sandbox, &["--memory", "--port", &port]);
    assert_eq!(taken.code, Some(2), "a flag twice");
    let args = ["serve", "--memory", "--port", &port];
    let taken = Seen::of(sandbox.bare_command(&args));
    assert_filtered!([(port.as_str(), "[PORT]")], taken);
}
