//! `kvctl provision` against a service and a network in trouble.

use std::time::Duration;

use fs_err as fs;
use kvctl::emulator::{Action, Answer, Fault};

use crate::{
    provision::BIO,
    sandbox::{Sandbox, Seen},
    wait::wait_until,
};

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    sandbox
}

fn refusal(status: u16, code: u32, message: &str) -> Answer {
    let body = serde_json::json!({
        "result": null,
        "success": false,
        "errors": [{ "code": code, "message": message }],
        "messages": [],
    });
    Answer::new(status, body.to_string()).header("content-type", "application/json")
}

fn html(status: u16) -> Answer {
    let body = "<html>\n<head><title>502 Bad Gateway</title></head>\n</html>";
    Answer::new(status, body).header("content-type", "text/html")
}

fn namespaces(sandbox: &Sandbox) -> usize {
    let listed = sandbox.expect(0, &["namespace", "list"]);
    listed.stdout.lines().count()
}

#[test]
fn retry_after_is_obeyed() {
    let sandbox = sandbox();
    let busy = refusal(
        429,
        971,
        "Please wait and consider throttling your request speed",
    );
    let busy = busy.header("retry-after", "2");
    sandbox
        .emulator
        .fault(Fault::new("GET", "namespaces", Action::Answer(busy)));
    sandbox.expect(0, &["provision"]);
    let log = sandbox.emulator.log();
    let first = log[0].end.unwrap();
    assert!(log[1].start - first >= Duration::from_secs(2));
    // The list twice, what is deployed, and three namespaces.
    assert_eq!(log.len(), 2 + 1 + 3);
}

#[test]
fn a_wait_that_is_too_long_ends_the_run() {
    let sandbox = sandbox();
    let busy = refusal(
        429,
        971,
        "Please wait and consider throttling your request speed",
    );
    let busy = busy.header("retry-after", "300");
    sandbox
        .emulator
        .fault(Fault::new("GET", "namespaces", Action::Answer(busy)).forever());
    let seen = sandbox.expect(7, &["provision"]);
    assert_eq!(sandbox.emulator.log().len(), 1);
    insta::assert_snapshot!(seen);
}

#[test]
fn an_html_answer_is_retried_and_then_reported() {
    let sandbox = sandbox();
    sandbox
        .emulator
        .fault(Fault::new("GET", "namespaces", Action::Answer(html(502))));
    sandbox.expect(0, &["provision"]);

    let sandbox = self::sandbox();
    sandbox
        .emulator
        .fault(Fault::new("GET", "namespaces", Action::Answer(html(502))).forever());
    let seen = sandbox.expect(7, &["provision", "--retries", "1"]);
    assert_eq!(sandbox.emulator.log().len(), 2);
    insta::assert_snapshot!(seen);
    assert_eq!(sandbox.read("wrangler.toml"), BIO);
}

#[test]
fn html_under_success_is_not_believed() {
    let sandbox = sandbox();
    sandbox
        .emulator
        .fault(Fault::new("GET", "namespaces", Action::Answer(html(200))));
    let seen = sandbox.expect(1, &["provision"]);
    insta::assert_snapshot!(seen);
}

#[test]
fn a_refusal_under_http_200_is_a_refusal() {
    let sandbox = sandbox();
    let answer = refusal(200, 10000, "Authentication error");
    sandbox
        .emulator
        .fault(Fault::new("GET", "namespaces", Action::Answer(answer)));
    let seen = sandbox.expect(4, &["provision"]);
    insta::assert_snapshot!(seen);
}

#[test]
fn an_authentication_error_is_not_retried() {
    let sandbox = sandbox();
    let answer = refusal(403, 10000, "Authentication error");
    sandbox
        .emulator
        .fault(Fault::new("POST", "namespaces", Action::Answer(answer)).forever());
    let seen = sandbox.expect(4, &["provision"]);
    assert_eq!(sandbox.emulator.requests("POST"), 3);
    seen.assert_stderr("`Workers KV Storage: Edit`");
    assert_eq!(sandbox.read("wrangler.toml"), BIO);
}

#[test]
fn a_spent_quota_ends_the_run_at_once() {
    let sandbox = sandbox();
    let text = "your account has reached the free usage limit for this operation for today";
    let answer = refusal(429, 10048, text);
    sandbox
        .emulator
        .fault(Fault::new("POST", "namespaces", Action::Answer(answer)).forever());
    let seen = sandbox.expect(7, &["provision", "SESSIONS"]);
    assert_eq!(sandbox.emulator.requests("POST"), 1);
    insta::assert_snapshot!(seen);
}

#[test]
fn the_code_of_a_limit_is_no_denial() {
    let sandbox = sandbox();
    let answer = refusal(403, 10018, "create namespace: 'too many namespaces'");
    sandbox
        .emulator
        .fault(Fault::new("POST", "namespaces", Action::Answer(answer)).forever());
    let seen = sandbox.expect(1, &["provision", "SESSIONS"]);
    seen.assert_stderr(
        "hint: a limit of the account is reached; an account has at most 1,000 namespaces",
    );
}

#[test]
fn what_was_created_is_told_when_something_else_was_not() {
    let sandbox = sandbox();
    let answer = refusal(400, 10099, "something new");
    sandbox
        .emulator
        .fault(Fault::new("POST", "namespaces", Action::Answer(answer)).after(2));
    let seen = sandbox.expect(6, &["provision"]);
    seen.assert_stderr("created, and adopted by the next run: `bio-");
    assert_eq!(sandbox.read("wrangler.toml"), BIO);
    sandbox.expect(0, &["provision"]);
    assert_eq!(namespaces(&sandbox), 3);
}

#[test]
fn a_title_that_somebody_else_took_meanwhile_is_adopted() {
    let sandbox = sandbox();
    // Applied on behalf of somebody else, and refused to us: the race as we see it.
    let taken = refusal(
        400,
        10014,
        "a namespace with this account ID and title already exists",
    );
    sandbox
        .emulator
        .fault(Fault::new("POST", "namespaces", Action::AnswerAfter(taken)));
    let seen = sandbox.expect(0, &["provision", "SESSIONS", "--json"]);
    seen.assert_stdout("\"action\": \"adopt\"");
    assert_eq!(sandbox.emulator.requests("POST"), 1);
}

#[test]
fn a_file_that_somebody_else_changes_meanwhile_is_left_alone() {
    let sandbox = sandbox();
    let wait = Action::DelayAfter(Duration::from_millis(300));
    sandbox
        .emulator
        .fault(Fault::new("POST", "namespaces", wait));
    let child = sandbox.command(&["provision"]).spawn().unwrap();
    wait_until("it creates a namespace", || {
        sandbox.emulator.requests("POST") > 0
    });
    let theirs = format!("{BIO}# theirs\n");
    sandbox.write("wrangler.toml", &theirs);
    let seen = Seen::of(child);
    assert_eq!(seen.code, Some(1), "{seen}");
    assert_eq!(sandbox.read("wrangler.toml"), theirs);
    insta::assert_snapshot!(seen.stderr);
    sandbox.expect(0, &["provision"]);
    assert_eq!(sandbox.emulator.requests("POST"), 3);
    assert!(sandbox.read("wrangler.toml").starts_with(&theirs));
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_written_is_found_out_before_anything_is_created() {
    use std::os::unix::fs::PermissionsExt as _;

    let sandbox = sandbox();
    let file = sandbox.app().join("wrangler.toml");
    fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).unwrap();
    let seen = sandbox.expect(1, &["provision"]);
    assert_eq!(sandbox.emulator.requests("POST"), 0);
    insta::assert_snapshot!(seen.stderr);
}

#[test]
fn no_network_is_temporary() {
    let sandbox = sandbox();
    let mut command = sandbox.command(&["provision", "--retries", "0"]);
    // Port 1 of loopback: nobody listens there.
    command.env("CLOUDFLARE_API_BASE_URL", "http://127.0.0.1:1/client/v4");
    let seen = Seen::of(command);
    assert_eq!(seen.code, Some(7), "{seen}");
    insta::assert_snapshot!(seen);
}

#[test]
fn a_proxy_does_not_come_between_kvctl_and_this_machine() {
    let sandbox = sandbox();
    let mut command = sandbox.command(&["provision"]);
    command
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .env("HTTPS_PROXY", "http://127.0.0.1:1");
    let seen = Seen::of(command);
    assert_eq!(seen.code, Some(0), "{seen}");
}

#[test]
fn time_runs_out_for_a_service_that_never_answers() {
    let sandbox = sandbox();
    let wait = Action::Delay(Duration::from_mins(1));
    sandbox
        .emulator
        .fault(Fault::new("GET", "namespaces", wait).forever());
    let seen = sandbox.expect(7, &["provision", "--timeout", "200ms", "--retries", "1"]);
    insta::assert_snapshot!(seen);
}

#[test]
fn a_namespace_that_was_there_is_never_said_to_be_created() {
    for action in [
        Action::CutBefore,
        Action::CutAfter,
        Action::Answer(html(502)),
    ] {
        let sandbox = sandbox();
        sandbox.expect(0, &["namespace", "create", "foo"]);
        sandbox
            .emulator
            .fault(Fault::new("POST", "namespaces", action));
        sandbox.expect(9, &["namespace", "create", "foo"]);
    }
}

#[test]
fn nothing_is_created_for_a_place_that_cannot_be_written() {
    let sandbox = sandbox();
    let runs: [(&[&str], i32); 4] = [
        (&["provision", "--out", "no/such/x.toml"], 2),
        (&["provision", "--out", "wrangler.toml"], 2),
        (&["provision", "--init", "-c", "no/such/w.toml"], 1),
        (&["provision", "--out", "."], 1),
    ];
    for (args, code) in runs {
        let seen = sandbox.run(args);
        assert_eq!(seen.code, Some(code), "{args:?} {seen}");
    }
    assert_eq!(sandbox.emulator.requests("POST"), 0);
    assert_eq!(sandbox.read("wrangler.toml"), BIO);
}

#[test]
fn a_failed_check_fails_whether_or_not_somebody_reads_on() {
    let sandbox = sandbox();
    let mut child = sandbox.command(&["provision", "--check"]).spawn().unwrap();
    drop(child.stdout.take());
    let seen = Seen::of(child);
    assert_eq!(seen.code, Some(8), "{seen}");
}

#[test]
fn a_directory_called_env_is_no_env_file() {
    let sandbox = sandbox();
    fs::create_dir(sandbox.app().join(".env")).unwrap();
    sandbox.expect(0, &["provision", "--dry-run"]);
}
