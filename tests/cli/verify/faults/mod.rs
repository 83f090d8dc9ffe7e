//! What can be wrong with a project or a service, one thing at a time: each makes exactly its own
//! check fail, with a message that says what to do.

mod access;
mod assertions;
mod files;
mod scaffold;
mod service;

use std::{sync::Arc, time::Duration};

use kvctl::emulator::{Access, Answer, Config, Fault, Grant};
use serde_json::Value;

use super::{MANIFEST, PROBE_KEYS, project, project_with, setup};
use crate::sandbox::{Sandbox, Seen, TOKEN, assert_filtered, clock};

/// One thing that is wrong.
struct Case {
    what: &'static str,
    check: &'static str,
    code: i32,
    sandbox: Sandbox,
    args: Vec<&'static str>,
    variables: Vec<(&'static str, String)>,
}

impl Case {
    fn new(what: &'static str, check: &'static str, sandbox: Sandbox) -> Self {
        Self {
            what,
            check,
            code: 8,
            sandbox,
            args: Vec::new(),
            variables: Vec::new(),
        }
    }

    fn code(self, code: i32) -> Self {
        Self { code, ..self }
    }

    fn args(self, args: &[&'static str]) -> Self {
        Self {
            args: args.to_vec(),
            ..self
        }
    }

    fn variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Verifies, checks that just the one check fails, and returns what it says.
    fn verify(&self) -> String {
        let what = self.what;
        let args = [
            &["verify", "--json", "--retries", "0", "--quiet"],
            &self.args[..],
        ]
        .concat();
        let mut command = self.sandbox.command(&args);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let seen = Seen::of(command);
        assert_eq!(seen.code, Some(self.code), "{what}: {seen}");
        let report: Value = serde_json::from_str(&seen.stdout).unwrap();
        let findings = report["findings"].as_array().unwrap();
        let bad = |f: &&Value| f["status"] == "fail" || f["status"] == "warn";
        let bad: Vec<&Value> = findings.iter().filter(bad).collect();
        assert!(!bad.is_empty(), "{what}: {seen}");
        for finding in &bad {
            assert_eq!(finding["check"], self.check, "{what}: {seen}");
        }
        let skipped = findings.iter().filter(|f| f["status"] == "skip");
        for reason in skipped.map(|f| f["message"].as_str().unwrap()) {
            assert!(!reason.is_empty());
        }
        let shown: Vec<String> = bad.iter().map(|finding| show(finding)).collect();
        format!("{what}: exit {}\n{}", self.code, shown.join(""))
    }
}

fn show(finding: &Value) -> String {
    let text = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let bindings = finding["bindings"].as_array().unwrap().iter();
    let bindings: Vec<&str> = bindings.map(|it| it.as_str().unwrap()).collect();
    let subject = [text("environment"), bindings.join(", "), text("detail")];
    let subject: Vec<String> = subject
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    let place = match finding["line"].as_u64() {
        Some(line) => format!(" ({}:{line}:{})", text("file"), finding["column"]),
        None => String::new(),
    };
    format!(
        "  {} {} [{}]{place}\n    {}\n    {}\n",
        text("status"),
        text("check"),
        subject.join(" "),
        text("message"),
        text("hint")
    )
}

/// Durations differ from run to run.
const DURATIONS: [(&str, &str); 1] = [(r"\b(after|is|in) [0-9.]+ (?:ms|s)\b", "$1 [TIME]")];

fn with_grant(grant: Grant) -> Sandbox {
    project_with(|config| {
        let Access::Tokens(mut tokens) = config.access else {
            panic!("a service without tokens");
        };
        for token in tokens.iter_mut().filter(|token| is_ours(token)) {
            token.permissions.kv = grant;
        }
        Config {
            access: Access::Tokens(tokens),
            ..config
        }
    })
}

fn is_ours(token: &kvctl::emulator::Token) -> bool {
    use secrecy::ExposeSecret as _;
    token.text.expose_secret() == TOKEN
}

fn with_clock(offset: i64) -> Sandbox {
    project_with(|config| {
        let clock = clock();
        Config {
            clock: Arc::new(move || clock() + offset),
            ..config
        }
    })
}

fn with_fault(fault: Fault) -> Sandbox {
    let sandbox = project();
    sandbox.emulator.fault(fault);
    sandbox
}

fn with_lag(lag: Duration) -> Sandbox {
    let sandbox = project();
    sandbox.emulator.lag(lag);
    sandbox
}

/// Changes the wrangler file of a healthy project.
fn with_file(change: impl FnOnce(String) -> String) -> Sandbox {
    let sandbox = project();
    let text = sandbox.read("wrangler.toml");
    let changed = change(text.clone());
    assert_ne!(text, changed);
    sandbox.write("wrangler.toml", changed);
    sandbox
}

/// Puts a key, and adds an assertion.
fn with_assertion(put: &[&str], assertion: &str) -> Sandbox {
    let sandbox = project();
    if !put.is_empty() {
        setup(&sandbox, &[&["key", "put", "-b", "CACHE"], put].concat());
    }
    let table = format!("\n[[assert]]\nbinding = \"CACHE\"\n{assertion}\n");
    sandbox.write("kvctl.toml", format!("{MANIFEST}{table}"));
    sandbox
}

fn envelope(result: &str) -> Answer {
    let text = format!(
        "{{\"result\":{result},\"success\":true,\"errors\":[],\"messages\":[],\
         \"result_info\":{{\"count\":0,\"cursor\":\"\"}}}}"
    );
    Answer::new(200, text).header("content-type", "application/json")
}

fn error(status: u16, code: u32, message: &str) -> Answer {
    let text = format!(
        "{{\"result\":null,\"success\":false,\"messages\":[],\
         \"errors\":[{{\"code\":{code},\"message\":\"{message}\"}}]}}"
    );
    Answer::new(status, text).header("content-type", "application/json")
}

fn first_id(text: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix("id = \""));
    line.unwrap().trim_end_matches('"').to_owned()
}

fn first_preview(text: &str) -> String {
    let mut lines = text.lines();
    lines
        .find(|line| line.starts_with("preview_id"))
        .unwrap()
        .to_owned()
}

fn snapshot(name: &str, cases: &[Case]) {
    let texts: Vec<String> = cases.iter().map(Case::verify).collect();
    assert_filtered!(
        DURATIONS.iter().chain(&PROBE_KEYS).copied(),
        name,
        texts.join("\n")
    );
    for case in cases
        .iter()
        .filter(|case| case.what != "deletions that fail")
    {
        assert_eq!(
            super::probes_left(&case.sandbox),
            Vec::<String>::new(),
            "{}",
            case.what
        );
    }
}
