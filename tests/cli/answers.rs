//! Answers that are not what they seem: nothing is taken for a value, for a confirmation or for a
//! list that does not say so, and nothing of them is shown that may be a value.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
};

use kvctl::emulator::{Action, Answer, Fault};
use serde_json::{Value, json};

use crate::{
    sandbox::{Sandbox, Seen, TOKEN},
    transfer::{count, lines, sandbox},
};

const PAGE: &str =
    "\n<!DOCTYPE html>\n<html><body>Sign in to the network: canary_page</body></html>";

fn page() -> Answer {
    Answer::new(200, PAGE).header("content-type", "text/html")
}

fn refusal() -> Answer {
    let errors = json!([{ "code": 10001, "message": "broken" }]);
    let body = json!({ "success": false, "errors": errors, "result": null });
    Answer::new(200, body.to_string()).header("content-type", "application/json")
}

fn envelope(result: &Value) -> Answer {
    let body = json!({ "success": true, "errors": [], "messages": [], "result": result });
    Answer::new(200, body.to_string()).header("content-type", "application/json")
}

fn always(sandbox: &Sandbox, method: &str, path: &str, answer: &Answer) {
    let fault = Fault::new(method, path, Action::Answer(answer.clone()));
    sandbox.emulator.fault(fault.forever());
}

fn put(sandbox: &Sandbox, key: &str, value: &str) {
    sandbox.expect(0, &["key", "put", key, value, "-n", "one"]);
}

const RULES: &str =
    "[[namespace]]\nbinding = \"ONE\"\ntitle = \"one\"\nttl = { required = true, max = \"1h\" }\n";

#[test]
fn what_is_not_the_value_is_never_written_over_it() {
    let runs: [&[&str]; 7] = [
        &["key", "get", "k", "-n", "one"],
        &["key", "touch", "k", "-n", "one", "--ttl", "1h"],
        &["copy", "--from", "title:one", "--to", "title:two"],
        &["export", "out.ndjson", "-n", "one"],
        &[
            "namespace",
            "delete",
            "one",
            "--confirm",
            "one",
            "--backup",
            "b.ndjson",
        ],
        &["audit", "--fix", "-n", "one", "-y"],
        &["diff", "title:one", "title:two"],
    ];
    for answer in [page(), refusal(), envelope(&json!({ "a": 1 }))] {
        for args in runs {
            let sandbox = sandbox(&["one", "two"]);
            sandbox.write("kvctl.toml", RULES);
            put(&sandbox, "k", "the value");
            always(&sandbox, "GET", "/values/k", &answer);
            let before = count(&sandbox, "PUT", "");
            let seen = sandbox.run(args);
            assert_eq!(seen.code, Some(1), "{args:?} {seen}");
            assert_eq!(count(&sandbox, "PUT", ""), before, "{args:?} {seen}");
            assert_eq!(count(&sandbox, "DELETE", ""), 0, "{args:?} {seen}");
            assert!(!seen.stdout.contains("canary"), "{args:?} {seen}");
            for file in ["out.ndjson", "b.ndjson"] {
                assert!(!sandbox.app().join(file).exists(), "{args:?}");
            }
        }
    }
}

#[test]
fn what_looks_like_an_answer_is_a_value_where_it_was_stored() {
    let sandbox = sandbox(&["one"]);
    for value in [PAGE, r#"{"success":false,"errors":[]}"#] {
        put(&sandbox, "k", value);
        let seen = sandbox.run(&["key", "get", "k", "-n", "one"]);
        assert_eq!((seen.code, seen.stdout.as_str()), (Some(0), value));
    }
}

/// What commands that change something must not say of an answer that confirms nothing.
fn unclaimed(seen: &Seen, args: &[&str]) {
    assert_eq!(seen.code, Some(1), "{args:?} {seen}");
    assert_eq!(seen.stdout, "", "{args:?} {seen}");
    assert!(
        seen.stderr.contains("but not with a confirmation"),
        "{args:?} {seen}"
    );
}

#[test]
fn only_a_confirmation_confirms() {
    let none = Answer::new(204, "");
    let runs: [(&[&str], &str, &str); 7] = [
        (&["key", "put", "k", "v", "-n", "one"], "PUT", "/values/k"),
        (
            &["key", "touch", "k", "--ttl", "1h", "-n", "one"],
            "PUT",
            "/values/k",
        ),
        (&["key", "delete", "k", "-n", "one"], "DELETE", "/values/k"),
        (
            &["key", "delete", "k", "l", "-y", "-n", "one"],
            "POST",
            "/bulk/delete",
        ),
        (&["import", "in.ndjson", "-n", "one"], "PUT", "/bulk"),
        (
            &["namespace", "rename", "one", "--to", "three"],
            "PUT",
            "/namespaces/",
        ),
        (
            &["namespace", "delete", "one", "--confirm", "one"],
            "DELETE",
            "/namespaces/",
        ),
    ];
    for answer in [Answer::new(200, ""), none, page(), Answer::new(200, "OK")] {
        for (args, method, path) in runs {
            let sandbox = sandbox(&["one"]);
            sandbox.write("in.ndjson", lines(3));
            put(&sandbox, "k", "v");
            always(&sandbox, method, path, &answer);
            unclaimed(&sandbox.run(&[args, &["--retries", "0"]].concat()), args);
        }
    }
    // It is asked for again, which is safe.
    let sandbox = sandbox(&["one"]);
    let fault = Fault::new("PUT", "/values/k", Action::Answer(page()));
    sandbox.emulator.fault(fault);
    put(&sandbox, "k", "v");
    assert_eq!(count(&sandbox, "PUT", "/values/k"), 2);
}

#[test]
fn what_a_bulk_write_does_not_account_for_is_sent_again_and_then_named() {
    for result in [
        json!({ "successful_key_count": 0, "unsuccessful_keys": [] }),
        json!({ "successful_key_count": 2 }),
        json!({ "unsuccessful_keys": ["key%3A0000000"] }),
    ] {
        let sandbox = sandbox(&["one"]);
        sandbox.write("in.ndjson", lines(3));
        let short = envelope(&result);
        let fault = Fault::new("PUT", "/bulk", Action::Answer(short.clone()));
        sandbox.emulator.fault(fault);
        sandbox.expect(0, &["import", "in.ndjson", "-n", "one"]);
        assert_eq!(count(&sandbox, "PUT", "/bulk"), 2);
        sandbox.expect(0, &["diff", "in.ndjson", "title:one"]);

        always(&sandbox, "PUT", "/bulk", &short);
        let seen = sandbox.expect(6, &["import", "in.ndjson", "-n", "one", "--retries", "0"]);
        seen.assert_stdout("not written: `key:0000002`");
        seen.assert_stdout("imported 0 records");
    }
    // Older services say nothing of keys.
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(3));
    always(&sandbox, "PUT", "/bulk", &envelope(&Value::Null));
    let seen = sandbox.run(&["import", "in.ndjson", "-n", "one"]);
    assert_eq!(seen.stdout, "imported 3 records from in.ndjson\n", "{seen}");
}

#[test]
fn a_batch_that_is_always_refused_costs_forty_requests_more() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(400));
    let refused = json!({ "success": false, "errors": [{ "code": 10012, "message": "no" }] });
    always(
        &sandbox,
        "PUT",
        "/bulk",
        &Answer::new(400, refused.to_string()),
    );
    let seen = sandbox.expect(6, &["import", "in.ndjson", "-n", "one", "--json"]);
    assert_eq!(count(&sandbox, "PUT", "/bulk"), 41);
    let report: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(report["failed"].as_array().unwrap().len(), 400);
    seen.assert_stdout("not sent: the service refused");
}

#[test]
fn no_error_shows_what_may_be_a_value() {
    let odd = [
        envelope(&json!({ "values": "canary_value" })),
        envelope(&json!({ "values": { "k": { "canary_value": 1 }, "l": "x" } })),
        Answer::new(
            200,
            r#"{"success":true,"result":{"values":{"k":"canary_value","l":"#,
        ),
        Answer::new(200, "canary_value"),
        Answer::new(500, "the request was: canary_value"),
    ];
    let runs: [&[&str]; 8] = [
        &["export", "-n", "one"],
        &["copy", "--from", "title:one", "--to", "title:two"],
        &["diff", "in.ndjson", "title:one"],
        &["bulk", "get", "keys.json", "-n", "one"],
        &["sync", "dir", "-n", "one"],
        &["key", "put", "k", "canary_value", "-n", "one"],
        &["key", "list", "-n", "one"],
        &["import", "in.ndjson", "-n", "one"],
    ];
    for answer in odd {
        for args in runs {
            let sandbox = sandbox(&["one", "two"]);
            sandbox.write("in.ndjson", lines(2));
            sandbox.write("keys.json", r#"["k", "l"]"#);
            sandbox.write("dir/k", "x");
            put(&sandbox, "k", "v");
            put(&sandbox, "l", "v");
            let method = match args[..] {
                ["key", "put", ..] | ["import", ..] => "PUT",
                ["key", "list", ..] => "GET",
                _ => "POST",
            };
            let path = if method == "GET" { "/keys" } else { "/" };
            always(&sandbox, method, path, &answer);
            let seen = sandbox.run(&[args, &["--retries", "0", "-vv"]].concat());
            // A change may be confirmed by what is no list of values.
            let failed = matches!(seen.code, Some(1 | 7)) || method == "PUT";
            assert!(failed, "{args:?} {seen}");
            assert!(!seen.stderr.contains("canary_value"), "{args:?} {seen}");
        }
    }
}

#[test]
fn no_error_shows_the_token_that_an_answer_repeats() {
    let told = format!("no such token: {TOKEN}");
    let refused = json!({ "success": false, "errors": [{ "code": 1000, "message": told }] });
    let echo = Answer::new(200, format!("Authorization: Bearer {TOKEN}"));
    for answer in [Answer::new(403, refused.to_string()), echo] {
        let sandbox = sandbox(&["one"]);
        always(&sandbox, "GET", "/namespaces", &answer);
        let seen = sandbox.run(&["namespace", "list", "-vv"]);
        assert!(matches!(seen.code, Some(1 | 4)), "{seen}");
        assert!(!seen.stderr.contains(TOKEN), "{seen}");
    }
}

#[test]
fn a_list_that_is_not_one_is_not_taken_for_an_empty_one() {
    let other = json!({ "success": true, "errors": [], "result": [{ "name": "x" }] });
    let disorder = json!({ "success": true, "result": [{ "name": "b" }, { "name": "a" }] });
    let runs: [&[&str]; 4] = [
        &["export", "out.ndjson", "-n", "one"],
        &["key", "delete", "--prefix", "k", "-y", "-n", "one"],
        &["namespace", "delete", "one", "--confirm", "one"],
        &["copy", "--from", "title:one", "--to", "title:two"],
    ];
    let answers = [
        Answer::new(200, r#"{"success":true}"#),
        Answer::new(200, r#"{"success":true,"result":null}"#),
        Answer::new(200, disorder.to_string()),
        Answer::new(200, other.to_string()),
        page(),
        Answer::new(200, ""),
    ];
    for (at, answer) in answers.iter().enumerate() {
        for args in runs {
            // A list of other keys matters where a prefix was asked for.
            if at == 3 && !args.contains(&"--prefix") {
                continue;
            }
            let sandbox = sandbox(&["one", "two"]);
            put(&sandbox, "k", "v");
            always(&sandbox, "GET", "/keys", answer);
            let seen = sandbox.run(args);
            assert_eq!(seen.code, Some(1), "{at} {args:?} {seen}");
            assert_eq!(count(&sandbox, "DELETE", ""), 0, "{at} {args:?}");
            assert_eq!(count(&sandbox, "POST", "/bulk"), 0, "{at} {args:?}");
        }
    }
}

/// A server that answers everything with `head` and then `part` without end.
fn endless(head: &'static str, part: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || flood(&stream, head, part));
        }
    });
    format!("http://{address}")
}

fn flood(mut stream: &TcpStream, head: &str, part: &[u8]) {
    let request = BufReader::new(stream).lines().map_while(Result::ok);
    request.take_while(|line| !line.is_empty()).for_each(drop);
    let mut sent = stream.write_all(head.as_bytes());
    while sent.is_ok() {
        sent = stream.write_all(part);
    }
}

#[test]
fn an_answer_without_end_is_not_read_to_its_end() {
    let sandbox = Sandbox::new();
    let id = "0f2ac74b498b48028cb68387c421e279";
    let runs: [(&[&str], &str); 6] = [
        (&["key", "get", "k"], "more than 26,214,400 bytes"),
        (&["key", "list"], "more than 8,388,608 bytes"),
        (&["key", "put", "k", "v"], "more than 8,388,608 bytes"),
        (&["bulk", "get", "keys.json"], "more than 26,214,400 bytes"),
        (&["import", "in.ndjson"], "more than 3"),
        (&["export"], "more than 8,388,608 bytes"),
    ];
    sandbox.write("keys.json", r#"["k"]"#);
    sandbox.write("in.ndjson", lines(2));
    let base = endless("HTTP/1.1 200 OK\r\n\r\n", &[b'x'; 16 * 1024]);
    for (args, said) in runs {
        let args = [args, &["--namespace-id", id]].concat();
        let mut command = sandbox.command(&args);
        command.env("CLOUDFLARE_API_BASE_URL", &base);
        let seen = Seen::of(command);
        assert_eq!(seen.code, Some(1), "{args:?} {seen}");
        assert!(seen.stderr.contains(said), "{args:?} {seen}");
    }
    // A refusal keeps its meaning; headers have a bound as well.
    let base = endless("HTTP/1.1 503 Busy\r\n\r\n", &[b'x'; 16 * 1024]);
    let headers = endless(
        "HTTP/1.1 200 OK\r\n",
        b"x-more: 0123456789abcdef0123456789abcdef\r\n",
    );
    for base in [base, headers] {
        let args = ["key", "get", "k", "--namespace-id", id, "--retries", "0"];
        let mut command = sandbox.command(&args);
        command.env("CLOUDFLARE_API_BASE_URL", &base);
        let seen = Seen::of(command);
        assert_eq!(seen.code, Some(7), "{seen}");
    }
}

#[test]
fn the_page_of_a_proxy_says_of_no_key_that_it_is_not_there() {
    let sandbox = sandbox(&["one"]);
    put(&sandbox, "k", "the value");
    let absent = Answer::new(404, PAGE).header("content-type", "text/html");
    always(&sandbox, "", "", &absent);
    let runs: [&[&str]; 4] = [
        &["key", "get", "k", "-n", "one"],
        &["key", "list", "-n", "one"],
        &["namespace", "list"],
        &["namespace", "get", "one"],
    ];
    for args in runs {
        let seen = sandbox.run(args);
        assert_eq!(seen.code, Some(1), "{args:?} {seen}");
        assert!(
            seen.stderr.contains("something other than the API"),
            "{args:?} {seen}"
        );
    }
}

#[test]
fn a_service_that_is_silent_is_not_waited_for_longer_than_asked() {
    let sandbox = sandbox(&["one"]);
    put(&sandbox, "k", "the value");
    let never = Action::Delay(std::time::Duration::from_mins(1));
    sandbox
        .emulator
        .fault(Fault::new("GET", "/values/k", never));
    let args = [
        "key",
        "get",
        "k",
        "-n",
        "one",
        "--timeout",
        "1s",
        "--retries",
        "0",
    ];
    let begun = std::time::Instant::now();
    let seen = sandbox.expect(7, &args);
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(30),
        "{seen}"
    );
}

/// Titles are unique, but for a fault of the service.
#[test]
fn of_two_namespaces_with_one_title_none_is_chosen() {
    let ids = ["1", "2", "3"].map(|digit| format!("0f2ac74b498b48028cb68387c421e27{digit}"));
    let sandbox = Sandbox::new();
    sandbox.write(
        "wrangler.toml",
        format!(
            "name = \"app\"\nkv_namespaces = [{{ binding = \"OLD\", id = \"{}\" }}]\n",
            ids[2]
        ),
    );
    let listed = json!([
        { "id": ids[0], "title": "app-NEW" },
        { "id": ids[1], "title": "app-NEW" },
        { "id": ids[2], "title": "app-OLD" },
    ]);
    always(&sandbox, "GET", "/namespaces?", &envelope(&listed));
    let runs: [&[&str]; 4] = [
        &["namespace", "create", "app-NEW"],
        &["namespace", "create", "app-NEW", "--adopt"],
        &["rename-binding", "OLD", "NEW", "--title"],
        &["key", "list", "-n", "app-NEW"],
    ];
    for args in runs {
        let seen = sandbox.expect(9, args);
        seen.assert_stderr(format!("{}, {}", ids[0], ids[1]));
    }
    let writes = ["PUT", "POST", "DELETE"].map(|method| sandbox.emulator.requests(method));
    assert_eq!(writes, [0; 3]);
    let seen = sandbox.expect(3, &["key", "list", "-n", "app-OLDE"]);
    seen.assert_stderr("hint: did you mean `app-OLD`");
    let seen = sandbox.expect(3, &["key", "list", "-n", "unlike"]);
    seen.assert_stderr("hint: run `kvctl namespace list`");
}
