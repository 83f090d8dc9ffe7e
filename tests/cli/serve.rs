//! `kvctl serve`.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command},
    thread,
};

use fs_err as fs;
use rusqlite::Connection;
use serde_json::Value;

use crate::sandbox::{Sandbox, Seen};

/// A server, and a client's environment.
struct Server<'s> {
    sandbox: &'s Sandbox,
    child: Child,
    base_url: String,
    account: String,
}

impl<'s> Server<'s> {
    fn start(sandbox: &'s Sandbox, flags: &[&str]) -> Self {
        let args = [&["serve", "--port", "0", "--json"], flags].concat();
        let mut child = sandbox.bare_command(&args).spawn().unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
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

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.bare_command(args);
        command
            .env("CLOUDFLARE_API_BASE_URL", &self.base_url)
            .env("CLOUDFLARE_ACCOUNT_ID", &self.account)
            .env("CLOUDFLARE_API_TOKEN", "any-token");
        command
    }

    fn run(&self, args: &[&str]) -> Seen {
        self.sandbox.see(self.command(args).output().unwrap())
    }

    fn ok(&self, args: &[&str]) -> String {
        let seen = self.run(args);
        assert_eq!(seen.code, Some(0), "{seen}");
        seen.stdout
    }

    /// Sends bytes, and returns all that comes back until the server closes.
    fn raw(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.host()).unwrap();
        stream.write_all(request).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn host(&self) -> &str {
        let rest = self.base_url.strip_prefix("http://").unwrap();
        rest.split('/').next().unwrap()
    }

    /// Asks the server to end, as `kill` and service managers do, and waits until it has.
    #[cfg(unix)]
    fn stop(mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().to_string();
        Command::new("kill").args([signal, &id]).status().unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn refused(sandbox: &Sandbox, flags: &[&str]) -> Seen {
    let args = [&["serve", "--port", "0"], flags].concat();
    sandbox.see(sandbox.bare_command(&args).output().unwrap())
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
    assert!(again.contains("keep"), "{again}");
    assert_eq!(sandbox.read("wrangler.toml"), provisioned);
    server.ok(&["key", "put", "-b", "SESSIONS", "a", "1"]);
    assert_eq!(server.ok(&["key", "get", "-b", "SESSIONS", "a"]), "1");
    assert_eq!(server.stop("-TERM"), Some(0));

    // The same store, without a server.
    let local = sandbox.bare_command(&["--local", "key", "get", "-b", "SESSIONS", "a"]);
    let local = sandbox.see({ local }.output().unwrap());
    assert_eq!(local.stdout, "1");
    let listed = sandbox.bare_command(&["--local", "namespace", "list"]);
    let listed = sandbox.see({ listed }.output().unwrap());
    assert_eq!(listed.stdout.lines().count(), 2);
    // The real service knows none of these ids.
    let remote = sandbox.run(&["key", "get", "-b", "SESSIONS", "a"]);
    assert_eq!(remote.code, Some(3), "{remote}");
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
    let nobody = strict.sandbox.see(
        strict
            .command(&["namespace", "list"])
            .env("CLOUDFLARE_API_TOKEN", "")
            .output()
            .unwrap(),
    );
    assert_eq!(nobody.code, Some(4), "{nobody}");

    let lenient = Server::start(&sandbox, &["--memory", "--lenient", "--token", "right"]);
    assert_eq!(lenient.run(&put).code, Some(4));
    let mut put = lenient.command(&put);
    let put = put.env("CLOUDFLARE_API_TOKEN", "right").output().unwrap();
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
    assert_eq!(ask("host: evil.example\r\n"), "403");
    assert_eq!(
        ask("host: localhost\r\norigin: https://evil.example\r\n"),
        "403"
    );
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
    let spent = server.run(&put);
    assert_eq!(spent.code, Some(7), "{spent}");
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
    let taken = sandbox.see(sandbox.bare_command(&args).output().unwrap());
    let text = taken.to_string().replace(&port, "[PORT]");
    insta::assert_snapshot!(text);
}

/// The store's database of a namespace that has one.
fn database(sandbox: &Sandbox) -> std::path::PathBuf {
    let folder = sandbox
        .app()
        .join(".wrangler/state/v3/kv/miniflare-KVNamespaceObject");
    let mut files = fs::read_dir(folder).unwrap().map(|f| f.unwrap().path());
    files
        .find(|path| path.extension().is_some_and(|end| end == "sqlite"))
        .unwrap()
}

/// A local namespace, with one key.
fn stored() -> Sandbox {
    let sandbox = Sandbox::new();
    let put = ["--local", "key", "put", "--namespace-id"];
    let put = [&put[..], &["0f2ac74b498b48028cb68387c421e279", "k", "v"]].concat();
    let seen = sandbox.see(sandbox.bare_command(&put).output().unwrap());
    assert_eq!(seen.code, Some(0), "{seen}");
    sandbox
}

/// What reading and writing it says, and what serving it says.
fn said(sandbox: &Sandbox) -> String {
    let id = "0f2ac74b498b48028cb68387c421e279";
    let get = ["--local", "key", "get", "--namespace-id", id, "k"];
    let put = ["--local", "key", "put", "--namespace-id", id, "k", "other"];
    let run = |args: &[&str]| sandbox.see(sandbox.bare_command(args).output().unwrap());
    format!("{}\n{}\n{}", run(&get), run(&put), refused(sandbox, &[]))
}

#[test]
fn a_store_of_something_else_is_left_as_it_is() {
    let sandbox = stored();
    let path = database(&sandbox);
    fs::remove_file(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("CREATE TABLE bookmarks (url TEXT)")
        .unwrap();
    drop(other);
    let before = fs::read(&path).unwrap();
    insta::assert_snapshot!("a_foreign_database", said(&sandbox));
    assert_eq!(fs::read(&path).unwrap(), before);

    let noise: Vec<u8> = (0..9000_u32).map(|n| (n * 31 % 251) as u8).collect();
    sandbox.write(".wrangler/noise", &noise);
    fs::copy(sandbox.app().join(".wrangler/noise"), &path).unwrap();
    insta::assert_snapshot!("a_damaged_database", said(&sandbox));
    assert_eq!(fs::read(&path).unwrap(), noise);
}

#[test]
fn a_store_of_before_2023_is_left_for_wrangler_to_move() {
    let sandbox = Sandbox::new();
    let old = ".wrangler/state/v3/kv/0f2ac74b498b48028cb68387c421e279/db.sqlite";
    sandbox.write(old, "any");
    insta::assert_snapshot!(said(&sandbox));
    assert_eq!(sandbox.read(old), "any");
    assert!(
        !sandbox
            .app()
            .join(".wrangler/state/v3/kv/miniflare-KVNamespaceObject")
            .exists()
    );
}

/// What `serve --check` says.
fn checked(sandbox: &Sandbox) -> Seen {
    let check = sandbox.bare_command(&["serve", "--check"]);
    sandbox.see({ check }.output().unwrap())
}

#[test]
fn a_check_finds_what_is_lost_and_what_is_of_no_use() {
    let sandbox = Sandbox::new();
    let nothing = checked(&sandbox);
    assert_eq!(nothing.code, Some(0), "{nothing}");
    assert_eq!(fs::read_dir(sandbox.app()).unwrap().count(), 0);

    let sandbox = stored();
    let sound = checked(&sandbox);
    assert_eq!(sound.code, Some(0), "{sound}");
    let folder = ".wrangler/state/v3/kv/0f2ac74b498b48028cb68387c421e279/blobs";
    let value = fs::read_dir(sandbox.app().join(folder)).unwrap().next();
    fs::remove_file(value.unwrap().unwrap().path()).unwrap();
    let names = ["0a".repeat(40), "0b".repeat(40)];
    for name in &names {
        sandbox.write(&format!("{folder}/{name}"), "orphan");
    }
    // The other one may be that of a row to come.
    let old = sandbox.app().join(folder).join(&names[0]);
    let old = fs::File::options().write(true).open(old).unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    old.file().set_modified(long_ago).unwrap();
    insta::assert_snapshot!(checked(&sandbox));
    let json = sandbox.bare_command(&["serve", "--check", "--json"]);
    let json = sandbox.see({ json }.output().unwrap());
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(report["lost"][0]["key"], "k");
    assert_eq!(report["orphans"].as_array().unwrap().len(), 1);
    for name in &names {
        assert_eq!(sandbox.read(&format!("{folder}/{name}")), "orphan");
    }
}

#[test]
fn a_check_finds_damage_and_stores_of_others() {
    let sandbox = stored();
    let path = database(&sandbox);
    // An index that does not have the key it should have.
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "DROP INDEX _mf_entries_expiration_idx;
             CREATE INDEX _mf_entries_expiration_idx ON _mf_entries(expiration) WHERE key = 'x';
             PRAGMA writable_schema = ON;
             UPDATE sqlite_master SET sql = replace(sql, ' WHERE key = ''x''', '')
             WHERE name = '_mf_entries_expiration_idx';",
        )
        .unwrap();
    drop(connection);
    let noise: Vec<u8> = (0..9000_u32).map(|n| (n * 31 % 251) as u8).collect();
    let folder = ".wrangler/state/v3/kv";
    sandbox.write(
        &format!("{folder}/miniflare-KVNamespaceObject/noise.sqlite"),
        noise,
    );
    sandbox.write(&format!("{folder}/old/db.sqlite"), "any");
    insta::assert_snapshot!(checked(&sandbox));
}

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
