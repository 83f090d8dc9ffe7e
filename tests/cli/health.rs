//! What `doctor` and `verify` both judge, they judge alike: on both sides of each threshold.

use std::sync::Arc;

use kvctl::emulator::{Action, Answer, Config, Fault};
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, config};

const DAY: i64 = 86_400;

fn now() -> i64 {
    kvctl::env::now().as_second()
}

/// What a command says about one thing: how bad it is, what it is, and what to do.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    level: &'static str,
    message: String,
    hint: String,
}

fn report(sandbox: &Sandbox, args: &[&str]) -> Value {
    let seen = sandbox.run(args);
    serde_json::from_str(&seen.stdout).unwrap_or_else(|e| panic!("{e}: {seen}"))
}

/// The text, up to the ray, which each request has of its own.
fn text(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    text.split("cf-ray").next().unwrap_or_default().to_owned()
}

/// What `doctor` says about what has `about` in it; that all is well if it says nothing.
fn doctor(sandbox: &Sandbox, about: &str) -> Verdict {
    let report = report(sandbox, &["doctor", "--json"]);
    let findings = report["findings"].as_array().unwrap();
    let mut findings = findings
        .iter()
        .filter(|it| text(&it["what"]).contains(about));
    let Some(finding) = findings.next() else {
        return Verdict {
            level: "good",
            message: String::new(),
            hint: String::new(),
        };
    };
    assert_eq!(findings.next(), None, "one thing is said once");
    Verdict {
        level: match finding["level"].as_str() {
            Some("broken") => "fault",
            Some("warning") => "warning",
            _ => "note",
        },
        message: text(&finding["what"]),
        hint: text(&finding["hint"]),
    }
}

/// What `verify` says in one check; only how bad it is where all is well.
fn verify(sandbox: &Sandbox, check: &str) -> Verdict {
    let report = report(sandbox, &["verify", "--json", "--only", check]);
    let finding = &report["findings"][0];
    let level = match finding["status"].as_str() {
        Some("fail") => "fault",
        Some("warn") => "warning",
        Some("pass") => "good",
        other => panic!("{other:?} {report}"),
    };
    let said = |name: &str| match level {
        "good" => String::new(),
        _ => text(&finding[name]),
    };
    Verdict {
        level,
        message: said("message"),
        hint: said("hint"),
    }
}

#[test]
fn clocks_are_judged_alike() {
    // Tests are slow at times, so not to the second.
    for (ahead, expected) in [
        (0, "good"),
        (45, "good"),
        (-45, "good"),
        (75, "fault"),
        (-75, "fault"),
        (3600, "fault"),
    ] {
        let sandbox = Sandbox::with(Config {
            clock: Arc::new(move || now() + ahead),
            ..config()
        });
        let (doctor, verify) = (doctor(&sandbox, "clock"), verify(&sandbox, "clock"));
        assert_eq!(doctor.level, expected, "{ahead} {doctor:?} {verify:?}");
        assert_eq!(verify.level, expected, "{ahead} {doctor:?} {verify:?}");
        assert_eq!(doctor.hint, verify.hint);
    }
}

#[test]
fn tokens_are_judged_alike() {
    let sandbox = Sandbox::new();
    let at = |seconds: i64| {
        let at = jiff::Timestamp::from_second(now() + seconds).unwrap();
        Some(at.to_string())
    };
    for (status, expires_on, expected) in [
        ("active", None, "good"),
        ("active", at(8 * DAY), "good"),
        ("active", at(7 * DAY + 600), "good"),
        ("active", at(7 * DAY - 600), "warning"),
        ("active", at(3600), "warning"),
        // The service is right about what it accepts; that the end is past deserves a word.
        ("active", at(-3600), "warning"),
        ("disabled", at(8 * DAY), "fault"),
        ("expired", at(-8 * DAY), "fault"),
    ] {
        let result = json!({ "id": "x", "status": status, "expires_on": expires_on });
        let body = json!({ "result": result, "success": true, "errors": [], "messages": [] });
        let answer = Answer::new(200, body.to_string()).header("content-type", "application/json");
        sandbox
            .emulator
            .fault(Fault::new("GET", "tokens/verify", Action::Answer(answer)).times(2));
        let (doctor, verify) = (doctor(&sandbox, "token"), verify(&sandbox, "credentials"));
        assert_eq!(doctor.level, expected, "{status} {expires_on:?} {doctor:?}");
        assert_eq!(doctor, verify, "{status} {expires_on:?}");
    }
}

#[test]
fn a_token_that_nothing_verifies_is_judged_alike() {
    let sandbox = Sandbox::new();
    let refused = json!({
        "result": null, "success": false, "messages": [],
        "errors": [{ "code": 9109, "message": "Valid user-level authentication not found" }],
    });
    let answer = Answer::new(403, refused.to_string()).header("content-type", "application/json");
    let fault = Fault::new("GET", "tokens/verify", Action::Answer(answer));
    sandbox.emulator.fault(fault.forever());
    let (doctor, verify) = (doctor(&sandbox, "token"), verify(&sandbox, "credentials"));
    assert_eq!(doctor.level, "warning");
    assert_eq!(doctor, verify);
}

#[test]
fn credentials_that_are_refused_are_judged_alike() {
    let sandbox = Sandbox::new();
    for token in ["cfut_canary_other", "cfk_canary_other"] {
        sandbox.write("token", token);
        let run = |args: &[&str]| report(&sandbox, &[args, &["--token-file", "token"]].concat());
        let verify = run(&["verify", "--json", "--only", "credentials"]);
        let doctor = run(&["doctor", "--json"]);
        let finding = &verify["findings"][0];
        let found = doctor["findings"].as_array().unwrap();
        let same = found
            .iter()
            .find(|it| text(&it["what"]) == text(&finding["message"]));
        let same = same.unwrap_or_else(|| panic!("{doctor:#} {finding:#}"));
        assert_eq!(finding["status"], "fail");
        assert_eq!(same["level"], "broken");
        assert_eq!(same["hint"], finding["hint"]);
    }
}
