//! The forms of the report: JSON, `JUnit` XML, and what GitHub Actions is told.

use serde_json::Value;

use super::{MANIFEST, PROBE_KEYS, junit, project, setup};
use crate::sandbox::{ACCOUNT, Sandbox, Seen, assert_filtered};

/// A project with one thing of each kind: a failure, a warning, a skipped check, and all is well.
fn mixed() -> Sandbox {
    let sandbox = project();
    setup(
        &sandbox,
        &["namespace", "rename", "the-sessions", "--to", "a|<b>&"],
    );
    let text = sandbox.read("wrangler.toml");
    let mut lines: Vec<&str> = text.lines().collect();
    let preview = lines.iter().position(|line| line.starts_with("preview_id"));
    lines.remove(preview.unwrap());
    sandbox.write("wrangler.toml", lines.join("\n"));
    let assertion = "\n[[assert]]\nbinding = \"CACHE\"\nkey = \"50%: a,b\"\nexists = true\n";
    sandbox.write("kvctl.toml", format!("{MANIFEST}{assertion}"));
    sandbox
}

#[test]
fn json_has_a_version_and_the_same_members_every_time() {
    let sandbox = mixed();
    let seen = super::run(&sandbox, &["--json"]);
    assert_eq!(seen.code, Some(8), "{seen}");
    let report: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(report["schema"], 2);
    assert_filtered!(PROBE_KEYS, seen.stdout);
}

#[test]
fn a_warning_fails_only_where_that_is_asked_for() {
    let sandbox = project();
    let text = sandbox.read("wrangler.toml");
    let lines = text.lines().filter(|line| !line.starts_with("preview_id"));
    sandbox.write("wrangler.toml", lines.collect::<Vec<_>>().join("\n"));
    let only = ["--only", "preview,configuration"];
    assert_eq!(super::run(&sandbox, &only).code, Some(0));
    let seen = super::run(&sandbox, &[&only[..], &["--fail-on", "warn"]].concat());
    insta::assert_snapshot!(seen);
}

#[test]
fn several_sections_are_verified_at_once() {
    let sandbox = project();
    let text = sandbox.read("wrangler.toml");
    sandbox.write(
        "wrangler.toml",
        format!("{text}\n[env.staging]\nvars = {{ A = \"1\" }}\n"),
    );
    setup(
        &sandbox,
        &["provision", "--env", "staging", "--preview", "separate"],
    );
    let seen = super::run(&sandbox, &["--all-envs"]);
    assert_filtered!(PROBE_KEYS, seen);
}

#[test]
fn junit_is_written_in_the_dialect_that_others_read() {
    let sandbox = mixed();
    let seen = super::run(&sandbox, &["--junit", "out/report.xml"]);
    assert_eq!(seen.code, Some(8), "{seen}");
    seen.assert_stderr(format!(
        "warning: could not write `{}`",
        sandbox.shown("app/out/report.xml")
    ));
    let seen = super::run(&sandbox, &["--junit", "report.xml"]);
    assert_eq!(seen.code, Some(8), "{seen}");
    let xml = sandbox.read("report.xml");
    junit::check(&xml);
    assert_filtered!(PROBE_KEYS, xml);
    let healthy = project();
    assert_eq!(
        super::run(&healthy, &["--junit", "report.xml"]).code,
        Some(0)
    );
    junit::check(&healthy.read("report.xml"));
}

#[cfg(unix)]
#[test]
fn a_junit_file_is_not_written_through_a_link() {
    let sandbox = project();
    sandbox.write("precious", "text");
    std::os::unix::fs::symlink("precious", sandbox.app().join("report.xml")).unwrap();
    let seen = super::run(&sandbox, &["--junit", "report.xml"]);
    assert_eq!(seen.code, Some(1), "{seen}");
    assert!(
        seen.stderr.contains("app/report.xml` is a symbolic link")
            && seen.stderr.contains("remove it"),
        "{seen}"
    );
    assert_eq!(sandbox.read("precious"), "text");
}

#[test]
fn a_junit_file_that_cannot_be_written_is_a_failure() {
    let sandbox = project();
    let seen = super::run(&sandbox, &["--junit", "no/such/report.xml"]);
    assert_eq!(seen.code, Some(1), "{seen}");
    seen.assert_stderr("could not write");
}

fn under_actions(sandbox: &Sandbox, args: &[&str]) -> Seen {
    let root = sandbox.app().parent().unwrap().to_owned();
    for name in ["summary.md", "output"] {
        sandbox.write(name, "");
    }
    let mut command = sandbox.command(&[&["verify", "--retries", "0"], args].concat());
    command
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_WORKSPACE", root)
        .env("GITHUB_STEP_SUMMARY", sandbox.app().join("summary.md"))
        .env("GITHUB_OUTPUT", sandbox.app().join("output"));
    Seen::of(command)
}

#[test]
fn a_workflow_is_told_where_what_is_wrong() {
    let sandbox = mixed();
    let seen = under_actions(&sandbox, &[]);
    assert_eq!(seen.code, Some(8), "{seen}");
    let mask = format!("::add-mask::{ACCOUNT}\n");
    assert!(seen.stdout.starts_with(&mask), "{seen}");
    let commands: Vec<&str> = seen
        .stdout
        .lines()
        .filter(|l| l.starts_with("::"))
        .collect();
    insta::assert_snapshot!("annotations", commands.join("\n"));
    assert_filtered!(PROBE_KEYS, "summary", sandbox.read("summary.md"));
    insta::assert_snapshot!("outputs", sandbox.read("output"));
}

#[test]
fn a_workflow_is_told_where_kvctl_toml_cannot_be_used() {
    let sandbox = mixed();
    for (text, said) in [
        ("[[assert]\n", "line=1,col=10,title=kvctl verify::"),
        (
            "[[assert]]\nbinding = \"NONE\"\nkey = \"k\"\nexists = true\n",
            "line=1,col=1,title=kvctl verify::",
        ),
    ] {
        sandbox.write("kvctl.toml", text);
        let seen = under_actions(&sandbox, &[]);
        assert_eq!(seen.code, Some(5), "{seen}");
        let expected = format!("::error file=app/kvctl.toml,{said}");
        assert!(seen.stdout.starts_with(&expected), "{seen}");
    }
}

#[test]
fn json_stays_one_document_under_actions() {
    let sandbox = mixed();
    let seen = under_actions(&sandbox, &["--json", "--quiet"]);
    serde_json::from_str::<Value>(&seen.stdout).unwrap();
    let mask = format!("::add-mask::{ACCOUNT}\n");
    assert!(seen.stderr.starts_with(&mask), "{seen}");
    seen.assert_stderr("\n::error file=app/kvctl.toml,line=");
}

#[test]
fn nothing_is_told_where_there_is_no_workflow() {
    let sandbox = mixed();
    let seen = super::run(&sandbox, &[]);
    assert!(!seen.stdout.contains("::"), "{seen}");
}
