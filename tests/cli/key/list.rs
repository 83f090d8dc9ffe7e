//! `kvctl key list`.

use kvctl::emulator::{Action, Answer, Fault};

use super::{fill, id, put, requests, sandbox};
use crate::sandbox::Seen;
use crate::wait::first_line;

#[test]
fn list_has_a_form_for_everybody() {
    let sandbox = sandbox();
    put(&sandbox, "b", b"1", &["--expiration", "4102444800"]);
    put(&sandbox, "a", b"1", &["--metadata", "{\"b\":1.0,\"a\":2}"]);
    insta::assert_snapshot!(sandbox.run(&["key", "list"]));
    insta::assert_snapshot!(sandbox.run(&["key", "list", "--json"]));
    insta::assert_snapshot!(sandbox.run(&["key", "list", "--ndjson"]));
    assert_eq!(sandbox.run(&["key", "list", "-0"]).stdout, "a\0b\0");
    assert_eq!(sandbox.run(&["key", "list", "--prefix", "b"]).stdout, "b\n");
    let empty = ["key", "list", "--prefix", "c"];
    assert_eq!(sandbox.run(&empty).stdout, "");
    let seen = sandbox.run(&[&empty[..], &["--json"]].concat());
    assert_eq!((seen.code, seen.stdout.as_str()), (Some(0), "[]\n"));
}

#[test]
fn a_name_that_would_be_taken_for_two_is_not_written_on_a_line() {
    let sandbox = sandbox();
    put(&sandbox, "a\nb", b"1", &[]);
    insta::assert_snapshot!(sandbox.run(&["key", "list"]));
    assert_eq!(sandbox.run(&["key", "list", "--null"]).stdout, "a\nb\0");
}

#[test]
fn no_more_is_asked_for_than_needed() {
    let sandbox = sandbox();
    fill(&sandbox, 2500);
    let asked = |flags: &[&str]| {
        let args: Vec<&str> = ["key", "list"].iter().chain(flags).copied().collect();
        let (seen, log) = requests(&sandbox, || sandbox.run(&args));
        assert_eq!(seen.code, Some(0), "{}", seen.stderr);
        let limits = log.iter().map(|line| {
            let (_, limit) = line.split_once("limit=").unwrap();
            limit.split('&').next().unwrap().parse().unwrap()
        });
        (seen.stdout.lines().count(), limits.collect::<Vec<usize>>())
    };
    assert_eq!(asked(&[]), (2500, vec![1000, 1000, 1000]));
    assert_eq!(asked(&["--limit", "3"]), (3, vec![10]));
    assert_eq!(asked(&["--limit", "1000"]), (1000, vec![1000]));
    assert_eq!(asked(&["--limit", "1500"]), (1500, vec![750, 750]));
    assert_eq!(asked(&["--prefix", "session:00000"]), (10, vec![1000]));
    sandbox.emulator.tombstones();
    assert_eq!(asked(&["--limit", "1500"]).0, 1500);
    assert_eq!(asked(&[]).0, 2500);
    sandbox.expect(2, &["key", "list", "--limit", "0"]);
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_stops_the_list() {
    let sandbox = sandbox();
    fill(&sandbox, 20_000);
    for form in ["--quiet", "--json", "--ndjson"] {
        let before = sandbox.emulator.log().len();
        let mut child = sandbox.command(&["key", "list", form]).spawn().unwrap();
        drop(first_line(child.stdout.take().unwrap()));
        let seen = Seen::of(child);
        assert_eq!(seen.code, Some(0), "{seen}");
        assert!(!seen.stderr.contains("error"), "{seen}");
        let asked = sandbox.emulator.log().len() - before;
        assert!(asked < 10, "{asked} pages were asked for");
    }
}

#[test]
fn a_list_that_breaks_off_is_a_failure() {
    let sandbox = sandbox();
    fill(&sandbox, 1500);
    let gone = Answer::new(
        400,
        "{\"success\":false,\"errors\":[{\"code\":1,\"message\":\"no\"}]}",
    );
    let fault = Fault::new("GET", "cursor=", Action::Answer(gone));
    sandbox.emulator.fault(fault);
    let seen = sandbox.run(&["key", "list"]);
    assert_eq!(seen.code, Some(1), "{}", seen.stderr);
    assert_eq!(seen.stdout.lines().count(), 1000);
    insta::assert_snapshot!(seen.stderr);
}

#[test]
fn the_end_of_a_list_is_said_in_three_ways() {
    let sandbox = sandbox();
    let id = id(&sandbox);
    for end in ["", ",\"cursor\":null", ",\"cursor\":\"\""] {
        let page = format!(
            "{{\"success\":true,\"errors\":[],\"messages\":[],\"result\":[{{\"name\":\"a\"}}],\
             \"result_info\":{{\"count\":1{end}}}}}"
        );
        let fault = Fault::new("GET", "/keys", Action::Answer(Answer::new(200, page)));
        sandbox.emulator.fault(fault);
        let (seen, log) = requests(&sandbox, || {
            sandbox.run(&["key", "list", "--namespace-id", &id])
        });
        assert_eq!((seen.code, seen.stdout.as_str()), (Some(0), "a\n"), "{end}");
        assert_eq!(log.len(), 1, "{end}");
    }
}

#[test]
fn a_list_that_goes_in_a_circle_ends() {
    let sandbox = sandbox();
    let page = "{\"success\":true,\"errors\":[],\"messages\":[],\"result\":[{\"name\":\"a\"}],\
                \"result_info\":{\"count\":1,\"cursor\":\"again\"}}";
    let fault = Fault::new("GET", "/keys", Action::Answer(Answer::new(200, page))).forever();
    sandbox.emulator.fault(fault);
    let (seen, log) = requests(&sandbox, || {
        sandbox.run(&["key", "list", "--namespace-id", &id(&sandbox)])
    });
    assert_eq!(seen.code, Some(1), "{seen}");
    assert_eq!(log.len(), 2);
}
