//! Namespaces that are gone or renamed, and a service that does not do what it should.

use std::time::Duration;

use kvctl::emulator::{Action, Answer, Config, Fault};

use super::{
    Case, envelope, error, first_id, project, project_with, setup, snapshot, with_clock,
    with_fault, with_lag,
};
use crate::sandbox::Sandbox;

#[test]
fn namespaces() {
    let cache_id = |sandbox: &Sandbox| first_id(&sandbox.read("wrangler.toml"));
    let deleted = project();
    let id = cache_id(&deleted);
    setup(
        &deleted,
        &[
            "namespace",
            "delete",
            "--namespace-id",
            &id,
            "--confirm",
            "the-cache",
        ],
    );
    let renamed = project();
    setup(
        &renamed,
        &["namespace", "rename", "the-cache", "--to", "another"],
    );
    snapshot(
        "namespaces",
        &[
            Case::new("deleted namespace", "namespaces", deleted),
            Case::new("renamed namespace", "namespaces", renamed),
        ],
    );
}

#[test]
fn probes() {
    let metadata = Action::Answer(envelope("null"));
    let list = Action::Answer(envelope("[]"));
    let value = Action::Answer(Answer::new(200, "other").header("expiration", "4000000000"));
    let fault = |method: &str, path: &str, action: &Action| {
        with_fault(Fault::new(method, path, action.clone()).forever())
    };
    let broken = Action::Answer(error(503, 10_001, "out of order"));
    let soon = ["--consistency-timeout", "50ms"];
    snapshot(
        "probes",
        &[
            Case::new(
                "stale reads for longer",
                "probe",
                with_lag(Duration::from_mins(1)),
            )
            .args(&soon),
            Case::new(
                "stale reads for ever",
                "probe",
                with_lag(Duration::from_hours(24)),
            )
            .args(&["--consistency-timeout", "0"]),
            Case::new(
                "another value",
                "probe",
                fault("GET", "/values/kvctl", &value),
            )
            .args(&soon),
            Case::new(
                "metadata lost",
                "probe",
                fault("GET", "/metadata/", &metadata),
            )
            .args(&soon),
            Case::new(
                "list without the key",
                "probe",
                fault("GET", "/keys?", &list),
            )
            .args(&soon),
            Case::new(
                "writes that fail",
                "probe",
                fault("PUT", "/values/", &broken),
            )
            .code(7),
            Case::new(
                "deletions that fail",
                "probe",
                fault("DELETE", "/values/", &broken),
            )
            .code(7),
        ],
    );
}

#[test]
fn services() {
    let throttled = Action::Answer(error(429, 971, "Please wait"));
    let spent = Action::Answer(error(429, 10_048, "daily limit exceeded"));
    let broken = Action::Answer(error(503, 10_001, "out of order"));
    let page = Action::Answer(
        Answer::new(200, "<html>sign in</html>").header("content-type", "text/html"),
    );
    let fault =
        |path: &str, action: &Action| with_fault(Fault::new("", path, action.clone()).forever());
    let low = project_with(|config| Config {
        quota: Some(kvctl::emulator::Quota {
            requests: 10,
            window: Duration::from_mins(5),
        }),
        ..config
    });
    for _ in 0..9 {
        low.expect(0, &["namespace", "list"]);
    }
    snapshot(
        "services",
        &[
            Case::new(
                "429s",
                "quota",
                fault("/storage/kv/namespaces?", &throttled),
            )
            .code(7),
            Case::new("quota spent", "quota", fault("/values/kvctl", &spent)).code(7),
            Case::new("little left", "quota", low).args(&[
                "--fail-on",
                "warn",
                "--read-only",
                "--only",
                "quota",
            ]),
            Case::new(
                "service out of order",
                "connection",
                fault("/storage/", &broken),
            )
            .code(7),
            Case::new(
                "login page in between",
                "connection",
                fault("/storage/", &page),
            ),
            Case::new("clock 10 minutes behind", "clock", with_clock(600)),
            Case::new("clock 10 minutes ahead", "clock", with_clock(-600)),
        ],
    );
}

#[test]
fn no_network() {
    let nowhere = "http://127.0.0.1:9/client/v4";
    let case = Case::new("nobody listens", "connection", project())
        .variable("CLOUDFLARE_API_BASE_URL", nowhere)
        .code(7);
    let text = case.verify();
    assert!(text.contains("could not connect"), "{text}");
    assert!(
        text.contains("check the network and CLOUDFLARE_API_BASE_URL"),
        "{text}"
    );
}

#[test]
fn what_comes_up_on_the_way_is_the_fault_of_the_check_that_is_about_it() {
    let spent = || Action::Answer(error(429, 10_048, "daily limit exceeded"));
    let fault = |method: &str, path: &str, action: Action| {
        with_fault(Fault::new(method, path, action).forever())
    };
    let deletion = ["--only", "permission,quota"];
    for case in [
        Case::new("a token that cannot be verified now", "quota", {
            fault("GET", "/tokens/verify", spent())
        }),
        Case::new("a token that cannot be verified", "connection", {
            fault("GET", "/tokens/verify", Action::CutBefore)
        }),
        Case::new(
            "a deletion of nothing",
            "quota",
            fault("DELETE", "", spent()),
        )
        .args(&deletion),
        Case::new("the same alone", "permission", fault("DELETE", "", spent()))
            .args(&["--only", "permission"]),
        Case::new(
            "a list alone",
            "namespaces",
            fault("GET", "/namespaces?", spent()),
        )
        .args(&["--only", "namespaces"]),
    ] {
        case.code(7).verify();
    }
}
