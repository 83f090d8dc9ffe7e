//! HTTPS: whose certificates are trusted, and what is said of the others.

#[cfg(target_os = "linux")]
use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    sandbox::{Sandbox, Seen},
    tls_end::{Authority, GOOD, Leaf},
};

/// Flags and variables.
type Named<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)]);

/// Lists the namespaces of the service at `url`.
fn list(sandbox: &Sandbox, url: &str, args: &[&str], vars: &[(&str, &str)]) -> Seen {
    let mut command = sandbox.command(&[&["namespace", "list", "-v"], args].concat());
    command.env("CLOUDFLARE_API_BASE_URL", url);
    Seen::of(command.envs(vars.iter().copied()))
}

#[test]
fn whoever_is_named_is_trusted() {
    let sandbox = Sandbox::new();
    let (ours, other) = (Authority::new(), Authority::new());
    sandbox.write("ours.pem", ours.pem());
    sandbox.write("other.pem", other.pem());
    sandbox.write("both.pem", other.pem() + &ours.pem());
    sandbox.write("certs/ours.pem", ours.pem());
    let url = ours.serve(&GOOD, sandbox.base_url());
    let named: [Named<'_>; 6] = [
        (&["--ca-file", "ours.pem"], &[]),
        (&["--ca-file", "both.pem"], &[]),
        (&[], &[("NODE_EXTRA_CA_CERTS", "ours.pem")]),
        (&[], &[("SSL_CERT_FILE", "ours.pem")]),
        (&[], &[("SSL_CERT_DIR", "certs")]),
        // Adding to what replaces the system's.
        (
            &["--ca-file", "ours.pem"],
            &[("SSL_CERT_FILE", "other.pem")],
        ),
    ];
    for (args, vars) in named {
        let seen = list(&sandbox, &url, args, vars);
        assert_eq!(seen.code, Some(0), "{args:?} {vars:?}: {seen}");
    }
    let others: [Named<'_>; 3] = [
        (&[], &[]),
        (&["--ca-file", "other.pem"], &[]),
        (&[], &[("SSL_CERT_FILE", "other.pem")]),
    ];
    for (args, vars) in others {
        let seen = list(&sandbox, &url, args, vars);
        assert_eq!(seen.code, Some(1), "{args:?} {vars:?}: {seen}");
        seen.assert_stderr("not trusted");
        seen.assert_stderr("--ca-file");
    }
}

#[test]
fn a_certificate_that_is_not_right_is_refused() {
    let sandbox = Sandbox::new();
    let authority = Authority::new();
    sandbox.write("ours.pem", authority.pem());
    let cases = [
        (
            Leaf {
                until: 2001,
                ..GOOD
            },
            "expired, or this machine's clock is wrong",
        ),
        (
            Leaf {
                host: "example.com",
                ..GOOD
            },
            "is for another host",
        ),
    ];
    for (leaf, said) in cases {
        let url = authority.serve(&leaf, sandbox.base_url());
        let seen = list(&sandbox, &url, &["--ca-file", "ours.pem"], &[]);
        assert_eq!(seen.code, Some(1), "{seen}");
        seen.assert_stderr(said);
    }
    assert_eq!(sandbox.emulator.log().len(), 0);
}

/// Has a command find these files where the system's certificate authorities are. `None` if file systems cannot
/// be mounted here.
#[cfg(target_os = "linux")]
fn with_system_store(command: &Command, store: &Path) -> Option<Command> {
    let mut unshare = Command::new("unshare");
    let mount = "mount --bind \"$0\" /etc/ssl/certs && exec \"$@\"";
    unshare
        .args(["--user", "--map-root-user", "--mount", "sh", "-ec", mount])
        .arg(store)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut nothing = Command::new(unshare.get_program());
    nothing
        .args(unshare.get_args())
        .arg("true")
        .stderr(Stdio::null());
    if !nothing.status().is_ok_and(|status| status.success()) {
        return None;
    }
    let vars = command
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    unshare
        .arg(command.get_program())
        .args(command.get_args())
        .envs(vars)
        .current_dir(command.get_current_dir()?);
    Some(unshare)
}

#[cfg(target_os = "linux")]
#[test]
fn an_authority_of_the_company_is_trusted_where_the_system_does() {
    let sandbox = Sandbox::new();
    let (company, other) = (Authority::new(), Authority::new());
    sandbox.write("store/ca-certificates.crt", company.pem());
    sandbox.write("other.pem", other.pem());
    let store = sandbox.app().join("store");
    let run = |url: &str, args: &[&str], vars: &[(&str, &str)]| {
        let mut command = sandbox.command(args);
        command.env("CLOUDFLARE_API_BASE_URL", url);
        let mut command = with_system_store(command.envs(vars.iter().copied()), &store)?;
        Some(Seen::of(&mut command))
    };
    let url = company.serve(&GOOD, sandbox.base_url());
    let Some(seen) = run(&url, &["namespace", "list"], &[]) else {
        println!("not run: no file system can be mounted here");
        return;
    };
    assert_eq!(seen.code, Some(0), "{seen}");
    let seen = run(&url, &["doctor", "--json"], &[]).unwrap();
    let report: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap();
    let mut settings = report["settings"].as_array().unwrap().iter();
    let authorities = settings.find(|it| it["name"] == "authorities").unwrap();
    assert_eq!(authorities["value"], "system", "{seen}");

    // Variables replace the system's store, flags add to it.
    let list = ["namespace", "list"];
    let refused = [
        run(&url, &list, &[("SSL_CERT_FILE", "other.pem")]),
        run(&other.serve(&GOOD, sandbox.base_url()), &list, &[]),
    ];
    for seen in refused {
        let seen = seen.unwrap();
        assert_eq!(seen.code, Some(1), "{seen}");
        seen.assert_stderr("the server's certificate is not trusted");
    }
    let seen = run(&url, &["namespace", "list", "--ca-file", "other.pem"], &[]).unwrap();
    assert_eq!(seen.code, Some(0), "{seen}");

    let expired = Leaf {
        until: 2001,
        ..GOOD
    };
    let seen = run(&company.serve(&expired, sandbox.base_url()), &list, &[]).unwrap();
    assert_eq!(seen.code, Some(1), "{seen}");
    seen.assert_stderr("expired, or this machine's clock is wrong");
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_store_of_the_system_the_message_is_the_same() {
    let sandbox = Sandbox::new();
    let authority = Authority::new();
    sandbox.write("ours.pem", authority.pem());
    fs_err::create_dir(sandbox.app().join("empty")).unwrap();
    let url = authority.serve(&GOOD, sandbox.base_url());
    for (args, code) in [
        (&["namespace", "list"][..], 1),
        (&["namespace", "list", "--ca-file", "ours.pem"], 0),
    ] {
        let mut command = sandbox.command(args);
        command.env("CLOUDFLARE_API_BASE_URL", &url);
        let Some(mut command) = with_system_store(&command, &sandbox.app().join("empty")) else {
            println!("not run: no file system can be mounted here");
            return;
        };
        let seen = Seen::of(&mut command);
        assert_eq!(seen.code, Some(code), "{seen}");
        if code == 1 {
            seen.assert_stderr("the server's certificate is not trusted");
            seen.assert_stderr("--ca-file FILE");
        }
    }
}

#[test]
fn a_wrong_host_is_cured_as_the_hint_says() {
    let sandbox = Sandbox::new();
    let authority = Authority::new();
    sandbox.write("ours.pem", authority.pem());
    let url = authority.serve(&GOOD, sandbox.base_url());
    let wrong = url.replace("localhost", "127.0.0.1");
    let seen = list(&sandbox, &wrong, &["--ca-file", "ours.pem"], &[]);
    assert_eq!(seen.code, Some(1), "{seen}");
    seen.assert_stderr("the server's certificate is for another host; check ");
    seen.assert_stderr("CLOUDFLARE_API_BASE_URL");
    let seen = list(&sandbox, &url, &["--ca-file", "ours.pem"], &[]);
    assert_eq!(seen.code, Some(0), "{seen}");
}
