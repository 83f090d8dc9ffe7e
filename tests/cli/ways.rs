//! The way to the service: HTTPS that cannot be had, proxies and certificates that cannot be used.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::sandbox::{Sandbox, Seen};

const ID: &str = "0f2ac74b498b48028cb68387c421e279";

fn get(sandbox: &Sandbox, args: &[&str], vars: &[(&str, &str)]) -> Seen {
    let args = [&["key", "get", "k", "--namespace-id", ID], args].concat();
    let mut command = sandbox.command(&args);
    Seen::of(command.envs(vars.iter().copied()))
}

#[test]
fn what_does_not_speak_https_is_not_asked_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://{}/client/v4", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            // The first byte of a handshake is enough to know it is none of plain HTTP.
            stream.read_exact(&mut [0]).ok();
            let answered = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            answered.ok();
        }
    });
    let sandbox = Sandbox::new();
    let seen = get(&sandbox, &[], &[("CLOUDFLARE_API_BASE_URL", &base)]);
    assert_eq!(seen.code, Some(1), "{seen}");
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    seen.assert_stderr("does not speak HTTPS");
    assert!(!seen.stderr.contains("HTTPS_PROXY"), "{seen}");
}

#[test]
fn a_proxy_that_cannot_be_used_is_an_error_and_not_passed_by() {
    let sandbox = Sandbox::new();
    let base = ("CLOUDFLARE_API_BASE_URL", "https://kvctl.invalid/client/v4");
    for (variable, value) in [
        ("HTTPS_PROXY", "ftp://user:canary@proxy:1"),
        ("https_proxy", "socks5://proxy:1080"),
        ("ALL_PROXY", "http://"),
        ("HTTPS_PROXY", "not a url"),
    ] {
        let seen = get(&sandbox, &[], &[base, (variable, value)]);
        assert_eq!(seen.code, Some(2), "{value} {seen}");
        seen.assert_stderr(format!("error: {variable} is not a usable"));
        assert!(!seen.stderr.contains("canary"), "{seen}");
        // Where no proxy is to be used, it does no harm.
        let vars = [base, (variable, value), ("NO_PROXY", "kvctl.invalid")];
        let seen = get(&sandbox, &["--retries", "0"], &vars);
        assert_eq!(seen.code, Some(7), "{value} {seen}");
        assert!(!seen.stderr.contains("_PROXY"), "{seen}");
    }
    let refused = ("HTTPS_PROXY", "http://127.0.0.1:1");
    let seen = get(&sandbox, &["--retries", "0"], &[base, refused]);
    assert_eq!(seen.code, Some(7), "{seen}");
    seen.assert_stderr("check the network, the proxy (HTTPS_PROXY");
}

#[test]
fn a_file_of_authorities_without_certificates_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox.write("empty.pem", "no certificate\n");
    let seen = get(&sandbox, &["--ca-file", "empty.pem"], &[]);
    assert_eq!(seen.code, Some(2), "{seen}");
    seen.assert_stderr("--ca-file");
    let seen = get(&sandbox, &[], &[("NODE_EXTRA_CA_CERTS", "empty.pem")]);
    assert_eq!(seen.code, Some(2), "{seen}");
    seen.assert_stderr("NODE_EXTRA_CA_CERTS");
    let block = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    sandbox.write("bad.pem", block);
    let seen = get(&sandbox, &["--ca-file", "bad.pem"], &[]);
    assert_eq!(seen.code, Some(2), "{seen}");
    let said = "bad.pem has a certificate that cannot be decoded";
    seen.assert_stderr(said);
}

#[test]
fn a_variable_that_leaves_nobody_to_trust_is_an_error_where_https_is_used() {
    let sandbox = Sandbox::new();
    sandbox.write("empty.pem", "");
    sandbox.write("text.pem", "no certificate\n");
    fs_err::create_dir(sandbox.app().join("certs")).unwrap();
    let base = ("CLOUDFLARE_API_BASE_URL", "https://127.0.0.1:1/client/v4");
    let both = std::env::join_paths(["/nonexistent", "certs"]).unwrap();
    for (variable, value) in [
        ("SSL_CERT_FILE", "/nonexistent.pem"),
        ("SSL_CERT_FILE", "empty.pem"),
        ("SSL_CERT_FILE", "text.pem"),
        ("SSL_CERT_FILE", "certs"),
        ("SSL_CERT_FILE", ""),
        ("SSL_CERT_DIR", "certs"),
        ("SSL_CERT_DIR", both.to_str().unwrap()),
    ] {
        let seen = get(&sandbox, &["--retries", "0"], &[base, (variable, value)]);
        assert_eq!(seen.code, Some(2), "{value}: {seen}");
        assert!(seen.stderr.contains(variable), "{value}: {seen}");
        // Plain HTTP to this machine trusts nobody anyway: the key is asked for.
        let seen = get(&sandbox, &[], &[(variable, value)]);
        assert_ne!(seen.code, Some(2), "{value}: {seen}");
    }
}
