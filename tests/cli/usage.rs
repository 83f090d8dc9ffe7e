//! `usage`: what the emulator counted is what is shown.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use kvctl::{
    emulator::{Action, Answer, Config, Fault, Token},
    wire::Account,
};
use serde_json::{Value, json};

use crate::sandbox::{ACCOUNT, Sandbox, Seen, TOKEN, assert_filtered};

const DAY: i64 = 86_400;

/// A service whose clock the test can set back.
struct Past {
    sandbox: Sandbox,
    /// How many seconds ago it is there.
    ago: Arc<AtomicI64>,
}

impl Past {
    fn new(token: Token) -> Self {
        let ago = Arc::new(AtomicI64::new(0));
        let hands = Arc::clone(&ago);
        let account = Account {
            id: ACCOUNT.parse().unwrap(),
            name: "Bio".to_owned(),
        };
        let now = || kvctl::env::now().as_second();
        let clock = Arc::new(move || now() - hands.load(Ordering::SeqCst));
        let config = Config::remote(vec![account], vec![token], clock);
        Self {
            sandbox: Sandbox::with(config),
            ago,
        }
    }

    fn days_ago(&self, days: i64) {
        self.ago.store(days * DAY, Ordering::SeqCst);
    }

    /// Runs a command that must succeed.
    fn done(&self, args: &[&str]) {
        let seen = self.see(args);
        assert_eq!(seen.code, Some(0), "{args:?}: {seen}");
    }

    fn see(&self, args: &[&str]) -> Seen {
        self.sandbox.run(args)
    }
}

fn token() -> Token {
    Token::new(TOKEN, [ACCOUNT.parse().unwrap()])
}

fn day(ago: i64) -> String {
    let then = kvctl::env::now().as_second() - ago * DAY;
    jiff::Timestamp::from_second(then)
        .unwrap()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
        .to_string()
}

/// Does it again if midnight came in between, when today became another day.
fn within_a_day<T>(work: impl Fn() -> T) -> T {
    loop {
        let before = day(0);
        let outcome = work();
        if day(0) == before {
            return outcome;
        }
    }
}

/// A namespace with three keys, written two days ago, and some use today.
fn used() -> Past {
    let past = Past::new(token());
    past.sandbox.write(
        "wrangler.toml",
        "name = \"bio\"\nkv_namespaces = [{ binding = \"SESSIONS\" }]\n",
    );
    past.sandbox.write(
        "three.json",
        r#"[{"key":"a","value":"12345"},{"key":"b","value":"1"},{"key":"c","value":"1"}]"#,
    );
    past.days_ago(2);
    past.done(&["provision"]);
    past.done(&["namespace", "create", "other"]);
    past.done(&["bulk", "put", "three.json", "-b", "SESSIONS"]);
    past.days_ago(0);
    past.done(&["key", "get", "a", "-b", "SESSIONS"]);
    assert_eq!(
        past.sandbox
            .run(&["key", "get", "none", "-b", "SESSIONS"])
            .code,
        Some(3)
    );
    past.done(&["key", "delete", "c", "-b", "SESSIONS"]);
    past.done(&["key", "list", "-b", "SESSIONS"]);
    past
}

#[test]
fn what_was_done_is_counted_by_key_kind_and_day() {
    let (past, seen) = within_a_day(|| {
        let past = used();
        let seen = past.see(&["usage", "--json", "--days", "3"]);
        (past, seen)
    });
    let report: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(report["from"], day(2));
    assert_eq!(report["to"], day(0));
    let [sessions, other] = report["namespaces"].as_array().unwrap().as_slice() else {
        panic!("{report}");
    };
    assert_eq!(sessions["title"], "bio-SESSIONS");
    let binding = json!({
        "id": sessions["id"], "binding": "SESSIONS", "environment": null, "source": "file",
    });
    assert_eq!(sessions["bindings"], json!([binding]));
    let sum = json!({ "read": 2, "write": 3, "delete": 1, "list": 1 });
    assert_eq!(sessions["operations"], sum);
    // Names and values of `a` and `b`.
    let stored = json!({ "date": day(0), "keys": 2, "bytes": 8 });
    assert_eq!(sessions["stored"], stored);
    let days = sessions["days"].as_array().unwrap();
    let writes: Vec<_> = days
        .iter()
        .map(|day| day["write"].as_u64().unwrap())
        .collect();
    assert_eq!(writes, [3, 0, 0]);
    assert_eq!(other["operations"]["read"], 0);
    assert_eq!(report["total"]["operations"], sum);
    assert_eq!(report["quotas"][0]["includes"], 100_000);
    assert_eq!(report["quotas"][1]["most_on"], day(2));
    assert_eq!(report["paid_cents"], 0);

    let log = past.sandbox.emulator.log();
    let last: Vec<_> = log[log.len() - 2..]
        .iter()
        .map(|it| it.method.clone())
        .collect();
    assert!(last.contains(&"POST".to_owned()) && last.contains(&"GET".to_owned()));
}

#[test]
fn it_costs_two_requests_and_a_third_to_find_the_account() {
    let past = used();
    let requests = |command: &mut std::process::Command| {
        let before = past.sandbox.emulator.log().len();
        let seen = Seen::of(command);
        assert_eq!(seen.code, Some(0), "{seen}");
        past.sandbox.emulator.log().len() - before
    };
    let args = ["usage", "--days", "31"];
    assert_eq!(requests(&mut past.sandbox.command(&args)), 2);
    let mut unnamed = past.sandbox.bare_command(&args);
    assert_eq!(requests(unnamed.env("CLOUDFLARE_API_TOKEN", TOKEN)), 3);
}

#[test]
fn lines_are_for_programs() {
    let (plain, lines, dates) = within_a_day(|| {
        let past = used();
        let plain = past.see(&["usage"]);
        (plain, past.see(&["usage", "--ndjson"]), [day(0), day(2)])
    });
    let dates = [(dates[0].as_str(), "[TODAY]"), (&dates[1], "[BEFORE]")];
    assert_filtered!(dates, plain);
    assert_filtered!(dates, lines);
}

#[test]
fn the_permission_that_is_missing_is_named() {
    let past = Past::new(token().without_analytics());
    let seen = past.sandbox.run(&["usage"]);
    assert_eq!(seen.code, Some(4), "{seen}");
    insta::assert_snapshot!(seen);
}

#[test]
fn days_beyond_the_retention_are_refused_before_anything_is_sent() {
    let past = Past::new(token());
    let seen = past.sandbox.run(&["usage", "--days", "32"]);
    assert_eq!(seen.code, Some(2), "{seen}");
    insta::assert_snapshot!(seen);
    assert_eq!(past.sandbox.emulator.log().len(), 0);
}

fn analytics(body: &Value) -> Fault {
    let answer = Answer::new(200, body.to_string()).header("content-type", "application/json");
    Fault::new("POST", "graphql", Action::Answer(answer))
}

fn errors(message: &str) -> Fault {
    analytics(&json!({ "data": null, "errors": [{ "message": message }] }))
}

#[test]
fn what_fails_for_the_moment_is_asked_again_though_it_came_under_200() {
    let past = Past::new(token());
    past.sandbox
        .emulator
        .fault(errors("unable to execute query, please try again later"));
    past.done(&["usage"]);
    assert_eq!(past.sandbox.emulator.requests("POST"), 2);
    // It only reads, though by POST: what may have been carried out is asked for again as well.
    for action in [Action::CutAfter, Action::Answer(Answer::new(503, "<html>"))] {
        past.sandbox
            .emulator
            .fault(Fault::new("POST", "graphql", action));
        past.done(&["usage"]);
    }
    assert_eq!(past.sandbox.emulator.requests("POST"), 6);
    // What stays so is temporary, what is wrong is not asked twice.
    for (message, code) in [
        ("too many queries in progress, please try again later", 7),
        ("unknown field \"x\"", 1),
    ] {
        past.sandbox.emulator.fault(errors(message));
        let seen = past.sandbox.run(&["usage", "--retries", "0"]);
        assert_eq!(seen.code, Some(code), "{seen}");
        seen.assert_stderr(message);
    }
}

#[test]
fn as_many_rows_as_there_can_be_are_said_to_be_incomplete() {
    let past = Past::new(token());
    let row = json!({
        "dimensions": { "date": day(1), "actionType": "read", "namespaceId": "a" },
        "sum": { "requests": 1 },
    });
    let account = json!({ "operations": vec![row; 10_000], "storage": [] });
    past.sandbox.emulator.fault(analytics(
        &json!({ "data": { "viewer": { "accounts": [account] } }, "errors": null }),
    ));
    let yesterday = day(1);
    let seen = past.see(&["usage"]);
    assert_filtered!([(yesterday.as_str(), "[YESTERDAY]")], seen.stderr, @"warning: the analytics give 10,000 rows at most, so figures up to [YESTERDAY] are missing; ask for fewer days with `--days N`");
}

#[test]
fn somebody_near_a_quota_is_told() {
    let past = Past::new(token());
    past.done(&["namespace", "create", "a"]);
    let entries: Vec<Value> = (0..850)
        .map(|at| json!({ "key": format!("k{at}"), "value": "" }))
        .collect();
    past.sandbox.write("many.json", json!(entries).to_string());
    let seen = within_a_day(|| {
        past.done(&["bulk", "put", "many.json", "-n", "a"]);
        past.see(&["usage"])
    });
    seen.assert_stderr("% of the free plan's 1,000 writes of today");
    let paid = past.see(&["usage", "--plan", "paid"]);
    assert_eq!(paid.stderr, "");
}

#[test]
fn the_local_store_counts_too() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "wrangler.toml",
        "kv_namespaces = [{ binding = \"CACHE\" }]\n",
    );
    let run = |args: &[&str]| Seen::of(sandbox.bare_command(args));
    let done = |args: &[&str]| {
        let seen = run(args);
        assert_eq!(seen.code, Some(0), "{args:?}: {seen}");
    };
    // Nothing was used yet, and looking leaves no trace.
    assert_eq!(run(&["usage", "--local"]).stdout, "");
    assert!(!sandbox.app().join(".wrangler").exists());
    done(&["provision", "--local"]);
    for key in ["a", "b"] {
        done(&["key", "put", key, "12345", "--local", "-b", "CACHE"]);
    }
    done(&["key", "get", "a", "--local", "-b", "CACHE"]);
    insta::assert_snapshot!(run(&["usage", "--local"]));
    assert_eq!(sandbox.emulator.log().len(), 0);
}
