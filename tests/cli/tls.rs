//! HTTPS: whose certificates are trusted, and what is said of the others.

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

#[cfg(target_os = "linux")]
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
