//! `kvctl key delete`.

use kvctl::emulator::{Action, Answer, Fault, Keys};

use super::{feed, fill, id, put, requests, sandbox, value};
use crate::sandbox::Sandbox;

const DELETE: [&str; 4] = ["key", "delete", "-b", "SESSIONS"];

fn count(sandbox: &Sandbox) -> usize {
    let listed = sandbox.expect(0, &["key", "list", "--namespace-id", &id(sandbox)]);
    listed.stdout.lines().count()
}

fn with<'a>(flags: &[&'a str]) -> Vec<&'a str> {
    DELETE.iter().chain(flags).copied().collect()
}

#[test]
fn one_key_is_deleted_without_listing_or_asking() {
    let sandbox = sandbox();
    fill(&sandbox, 3);
    let (seen, log) = requests(&sandbox, || sandbox.run(&with(&["session:000001"])));
    insta::assert_snapshot!(seen);
    assert_eq!(log, ["DELETE /ID/values/session%3A000001"]);
    assert_eq!(value(&sandbox, "session:000001"), None);
    assert_eq!(count(&sandbox), 2);
    // That it is not there is no failure.
    sandbox.expect(0, &with(&["session:000001"]));
}

#[test]
fn several_keys_are_asked_about_and_go_in_one_request() {
    let sandbox = sandbox();
    fill(&sandbox, 3);
    let keys = ["session:000000", "session:000002", "session:000000"];
    let (seen, log) = requests(&sandbox, || sandbox.run(&with(&keys)));
    insta::assert_snapshot!(seen);
    assert!(log.is_empty());
    let (seen, log) = requests(&sandbox, || {
        sandbox.run(&with(&[&keys[..], &["--yes", "--json"]].concat()))
    });
    insta::assert_snapshot!(seen);
    assert_eq!(log, ["POST /ID/bulk/delete"]);
    assert_eq!(count(&sandbox), 1);
}

#[test]
fn the_local_store_says_which_keys_were_there() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "wrangler.toml",
        "name = \"app\"\nkv_namespaces = [{ binding = \"KV\", id = \"a\" }]\n",
    );
    let run = |args: &[&str]| sandbox.expect(0, &[args, &["-b", "KV", "--local"]].concat());
    let put = |keys: &[&str]| {
        for key in keys {
            run(&["key", "put", key, "v"]);
        }
    };
    let said = |args: &[&str]| run(args).stdout.split(" `KV`").next().unwrap().to_owned();
    assert_eq!(said(&["key", "delete", "a"]), "there was no such key in");
    assert_eq!(
        said(&["key", "delete", "a", "b", "-y"]),
        "none of the 2 keys was in"
    );
    put(&["a", "b", "c"]);
    assert_eq!(said(&["key", "delete", "a"]), "deleted 1 key from");
    let seen = run(&["key", "delete", "a", "b", "-y"]);
    seen.assert_stdout("deleted 1 key from `KV`");
    seen.assert_stdout("; 1 was not there\n");
    let deleted = |args: &[&str]| {
        let seen = run(&[args, &["--json"]].concat());
        let report: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap();
        (report["requested"].clone(), report["deleted"].clone())
    };
    let many: Vec<String> = (0..80).map(|i| format!("k{i}")).collect();
    sandbox.write("many.json", serde_json::to_string(&many).unwrap());
    put(&["k1", "k2"]);
    assert_eq!(
        deleted(&["bulk", "delete", "many.json", "-y"]),
        (80.into(), 2.into())
    );
    assert_eq!(
        deleted(&["key", "delete", "--prefix", "c", "-y"]),
        (1.into(), 1.into())
    );
    assert_eq!(deleted(&["key", "delete", "c"]), (1.into(), 0.into()));
}

#[test]
fn all_bad_names_on_stdin_are_named_up_to_a_dozen() {
    let sandbox = sandbox();
    let names = format!("fine\n..\n\n.\n{}", "..\n".repeat(12));
    let seen = feed(&sandbox, &with(&["--stdin", "-y"]), names.as_bytes());
    assert_eq!(seen.code, Some(2), "{seen}");
    seen.assert_stderr("error: stdin is not a list of keys; nothing was deleted");
    seen.assert_stderr("name 2, key `..`: ");
    seen.assert_stderr("name 4, key `.`: ");
    seen.assert_stderr("and 2 more");
    assert_eq!(seen.stderr.matches(", key `").count(), 12, "{seen}");
}

#[test]
fn keys_may_come_from_stdin() {
    let sandbox = sandbox();
    put(&sandbox, "a\nb", b"1", &[]);
    fill(&sandbox, 3);
    let lines = feed(
        &sandbox,
        &with(&["--stdin", "-y"]),
        b"session:000000\r\n\nsession:000001\n",
    );
    assert_eq!(lines.code, Some(0), "{lines}");
    assert_eq!(
        sandbox.run(&["key", "list", "-0"]).stdout,
        "a\nb\0session:000002\0"
    );
    let names = feed(
        &sandbox,
        &with(&["--stdin", "-0", "-y"]),
        b"a\nb\0session:000002\0",
    );
    assert_eq!(names.code, Some(0), "{names}");
    assert_eq!(count(&sandbox), 0);
    let (nothing, log) = requests(&sandbox, || feed(&sandbox, &with(&["--stdin", "-y"]), b""));
    insta::assert_snapshot!(nothing);
    assert!(log.is_empty());
}

#[test]
fn a_hundred_thousand_keys_cost_a_hundred_and_ten_requests() {
    let sandbox = sandbox();
    put(&sandbox, "other", b"1", &[]);
    fill(&sandbox, 100_000);
    let (seen, log) = requests(&sandbox, || {
        sandbox.run(&with(&["--prefix", "session:", "--yes"]))
    });
    insta::assert_snapshot!(seen);
    let lists = log
        .iter()
        .filter(|line| line.starts_with("GET /ID/keys"))
        .count();
    let deletes = log
        .iter()
        .filter(|line| *line == "POST /ID/bulk/delete")
        .count();
    assert_eq!((lists, deletes, log.len()), (100, 10, 110));
    assert_eq!(sandbox.run(&["key", "list"]).stdout, "other\n");
}

#[test]
fn all_must_be_said_and_too_many_is_too_many() {
    let sandbox = sandbox();
    fill(&sandbox, 11);
    let (seen, log) = requests(&sandbox, || sandbox.run(&with(&["--prefix", "", "-y"])));
    insta::assert_snapshot!(seen);
    assert!(log.is_empty());
    let contradictions = [
        &["--all", "--prefix", "session:"][..],
        &[],
        &["k", "--all"],
        &["k", "--stdin"],
        &["--stdin", "--prefix", "a"],
        &["k", "-0"],
    ];
    for flags in contradictions {
        let (seen, log) = requests(&sandbox, || sandbox.run(&with(flags)));
        assert_eq!(seen.code, Some(2), "{seen}");
        assert!(log.is_empty());
    }
    insta::assert_snapshot!(sandbox.run(&with(&["--all", "-y", "--max-delete", "10"])));
    assert_eq!(count(&sandbox), 11);
    insta::assert_snapshot!(sandbox.run(&with(&["--all", "--max-delete", "11"])));
    insta::assert_snapshot!(sandbox.run(&with(&["--prefix", "session:00000", "--dry-run"])));
    assert_eq!(count(&sandbox), 11);
    sandbox.expect(0, &with(&["--all", "-y", "--max-delete", "11"]));
    assert_eq!(count(&sandbox), 0);
    insta::assert_snapshot!(sandbox.run(&with(&["--all", "--json"])));
}

#[test]
fn a_protected_namespace_wants_its_title() {
    let sandbox = sandbox();
    fill(&sandbox, 3);
    sandbox.write(
        "kvctl.toml",
        "[[namespace]]\nbinding = \"SESSIONS\"\nprotect = true\n",
    );
    insta::assert_snapshot!(sandbox.run(&with(&["--all", "--yes"])));
    // Neither an id nor another directory's file is a way around.
    let id = id(&sandbox);
    let by_id = ["key", "delete", "--all", "--yes", "--namespace-id", &id];
    sandbox.expect(9, &by_id);
    let lines = feed(&sandbox, &with(&["--stdin", "-y"]), b"session:000000\n");
    assert_eq!(lines.code, Some(9), "{lines}");
    sandbox.expect(9, &with(&["--all", "--yes", "--confirm", "SESSIONS"]));
    assert_eq!(count(&sandbox), 3);
    // Keys that are named are no mass.
    sandbox.expect(0, &with(&["session:000000"]));
    sandbox.expect(0, &with(&["--all", "--confirm", "bio-SESSIONS"]));
    assert_eq!(count(&sandbox), 0);
}

#[test]
fn keys_that_remain_are_tried_again_and_then_named() {
    let sandbox = sandbox();
    fill(&sandbox, 10_000);
    let three = ["session:000003", "session:000777", "session:009999"];
    let three = || Keys::Named(three.map(str::to_owned).into());
    let fault = Fault::new("POST", "bulk/delete", Action::Unsuccessful(three()));
    sandbox.emulator.fault(fault);
    let (seen, log) = requests(&sandbox, || sandbox.run(&with(&["--all", "-y"])));
    assert_eq!(seen.code, Some(0), "{seen}");
    let deletes = log.iter().filter(|line| line.starts_with("POST"));
    assert_eq!(deletes.count(), 2);
    assert_eq!(count(&sandbox), 0);

    fill(&sandbox, 10_000);
    let fault = Fault::new("POST", "bulk/delete", Action::Unsuccessful(three()));
    sandbox.emulator.fault(fault.forever());
    let args = with(&["--all", "-y", "--retries", "1"]);
    insta::assert_snapshot!(sandbox.run(&args));
    insta::assert_snapshot!(sandbox.run(&[&args[..], &["--json"]].concat()));
    assert_eq!(count(&sandbox), 3);
}

#[test]
fn a_deletion_that_stops_midway_says_how_far_it_came() {
    let sandbox = sandbox();
    fill(&sandbox, 50_000);
    let body = "{\"success\":false,\"errors\":[{\"code\":10048,\"message\":\"spent\"}]}";
    let spent = Action::Answer(Answer::new(429, body));
    let fault = Fault::new("POST", "bulk/delete", spent).after(4);
    sandbox.emulator.fault(fault);
    let seen = sandbox.expect(7, &with(&["--all", "-y"]));
    assert!(seen.stderr.contains("; 40,000 keys confirmed"), "{seen}");
    seen.assert_stderr("`--resume`");
    seen.assert_stderr("00:00 UTC");
    assert_eq!(seen.stdout, "");
    assert_eq!(count(&sandbox), 10_000);

    // What a list still shows of what is gone costs nothing a second time.
    put(&sandbox, "session:000000", b"stale", &[]);
    let (seen, log) = requests(&sandbox, || {
        sandbox.run(&with(&["--all", "-y", "--resume", "--json"]))
    });
    assert_eq!(seen.code, Some(0), "{seen}");
    seen.assert_stdout("\"passed_over\": 1");
    seen.assert_stdout("\"requested\": 10000");
    assert_eq!(log.iter().filter(|l| l.starts_with("POST")).count(), 1);
    assert_eq!(count(&sandbox), 1);
    let journals = sandbox.app().join("../.local/state/kvctl/journals");
    assert_eq!(std::fs::read_dir(journals).unwrap().count(), 0);
}

#[test]
fn an_answer_that_was_lost_changes_nothing() {
    for action in [Action::CutBefore, Action::CutAfter, Action::CutBody] {
        let sandbox = sandbox();
        fill(&sandbox, 20);
        sandbox
            .emulator
            .fault(Fault::new("POST", "bulk/delete", action));
        sandbox.expect(0, &with(&["--all", "-y"]));
        assert_eq!(count(&sandbox), 0);
    }
}

#[test]
fn a_deletion_that_is_too_much_goes_in_halves() {
    for status in [413, 504, 524] {
        let sandbox = sandbox();
        fill(&sandbox, 2500);
        let much = Action::Answer(Answer::new(status, "<html>too much</html>"));
        let fault = Fault::new("POST", "bulk/delete", much).times(2);
        sandbox.emulator.fault(fault);
        let (seen, log) = requests(&sandbox, || sandbox.run(&with(&["--all", "-y"])));
        assert_eq!(seen.code, Some(0), "{status}: {seen}");
        let deletes = log.iter().filter(|line| line.starts_with("POST")).count();
        // 2500 and 1250 are refused; two quarters and the other half are not.
        assert_eq!(deletes, 5, "{status}");
        assert_eq!(count(&sandbox), 0);
    }
}
