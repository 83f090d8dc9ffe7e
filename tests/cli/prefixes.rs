//! `--prefix` given several times: just the keys with one of them, in order, each once.

use kvctl::emulator::{Action, Answer, Fault};

use crate::sandbox::{Sandbox, Seen};

/// A service with the namespaces `one` and `two`; in `one`, so many keys with each of `a:` to `d:`, and
/// the key `e`.
fn sandbox(each: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    for title in ["one", "two"] {
        sandbox.expect(0, &["namespace", "create", title]);
    }
    let of = |letter: char| (0..each).map(move |n| format!("{letter}:{n:05}"));
    let keys = ('a'..='d').flat_map(of).chain(["e".to_owned()]);
    let lines = keys.map(|key| format!("{{\"key\":\"{key}\",\"value\":\"{key}\"}}\n"));
    sandbox.write("all.ndjson", lines.collect::<String>());
    sandbox.expect(0, &["import", "all.ndjson", "-n", "one"]);
    sandbox
}

fn keys(sandbox: &Sandbox, title: &str) -> String {
    let listed = sandbox.expect(0, &["key", "list", "-n", title]).stdout;
    listed.lines().collect::<Vec<_>>().join(" ")
}

/// Exports the keys of `one` with the prefixes `a:` and `c:` to `some.ndjson`.
fn export_two_prefixes(sandbox: &Sandbox) {
    let prefixes = ["--prefix", "c:", "--prefix", "a:"];
    let export = ["export", "some.ndjson", "-n", "one"];
    sandbox.expect(0, &[&export[..], &prefixes].concat());
}

/// The queries of the lists of keys that `work` asks for.
fn lists(sandbox: &Sandbox, work: impl FnOnce() -> Seen) -> (Seen, Vec<String>) {
    let before = sandbox.emulator.log().len();
    let seen = work();
    let log = sandbox.emulator.log();
    let queries = log[before..].iter().filter_map(|entry| {
        let (_, query) = entry.path.split_once("/keys?")?;
        Some(query.split("&cursor").next().unwrap().to_owned())
    });
    let mut queries: Vec<_> = queries.collect();
    queries.sort();
    (seen, queries)
}

#[test]
fn a_list_has_each_key_once_and_asks_for_no_prefix_within_another() {
    let sandbox = sandbox(2);
    let list = |args: &[&str]| {
        let (seen, asked) = lists(&sandbox, || {
            sandbox.expect(0, &[&["key", "list", "-n", "one"], args].concat())
        });
        let keys: Vec<_> = seen.stdout.lines().map(ToOwned::to_owned).collect();
        (keys.join(" "), asked.join(" "))
    };
    let (keys, asked) = list(&[
        "--prefix", "c:", "--prefix", "a:", "--prefix", "a:00001", "--prefix", "c:",
    ]);
    assert_eq!(keys, "a:00000 a:00001 c:00000 c:00001");
    assert_eq!(asked, "limit=1000&prefix=a%3A limit=1000&prefix=c%3A");
    let (keys, asked) = list(&["--prefix", "e", "--prefix", "", "--prefix", "x"]);
    assert_eq!(keys.split(' ').count(), 9);
    assert_eq!(asked, "limit=1000");
    // A limit is for all together, and no list is asked for that it does not reach.
    let (keys, asked) = list(&["--prefix", "d:", "--prefix", "b:", "--limit", "2"]);
    assert_eq!(keys, "b:00000 b:00001");
    assert_eq!(asked, "limit=10&prefix=b%3A");
    let (keys, _) = list(&["--prefix", "d:", "--prefix", "b:", "--limit", "3"]);
    assert_eq!(keys, "b:00000 b:00001 d:00000");
}

#[test]
fn the_error_of_one_prefix_ends_the_list_and_names_it() {
    let sandbox = sandbox(2);
    let no = "{\"success\":false,\"errors\":[{\"code\":1,\"message\":\"no\"}]}";
    let fault = Fault::new("GET", "prefix=b", Action::Answer(Answer::new(400, no))).forever();
    sandbox.emulator.fault(fault);
    let list = [
        "key", "list", "-n", "one", "--prefix", "a:", "--prefix", "b:",
    ];
    let seen = sandbox.expect(1, &list);
    assert!(seen.stderr.contains("for the prefix `b:`"), "{seen}");
    // Nothing is deleted of what was listed.
    let delete = [
        "key", "delete", "-n", "one", "--prefix", "a:", "--prefix", "b:", "-y",
    ];
    let seen = sandbox.expect(1, &delete);
    assert!(seen.stderr.contains("for the prefix `b:`"), "{seen}");
    sandbox.emulator.clear_faults();
    assert_eq!(keys(&sandbox, "one").split(' ').count(), 9);
}

#[test]
fn a_deletion_names_all_prefixes_and_takes_nothing_else() {
    let sandbox = sandbox(2);
    let delete = |args: &[&str]| sandbox.run(&[&["key", "delete", "-n", "one"], args].concat());
    let both = ["--prefix", "d:", "--prefix", "b:"];
    let seen = delete(&both);
    assert_eq!(seen.code, Some(9), "{seen}");
    let which = "4 keys with the prefix `b:` or `d:`";
    assert_eq!(seen.stderr.matches(which).count(), 2, "{seen}");
    // An empty prefix is that of all keys, also among others.
    for args in [
        &["--prefix", "b:", "--prefix", ""][..],
        &["--prefix", "b:", "--all"],
    ] {
        let seen = delete(&[args, &["-y"]].concat());
        assert!(matches!(seen.code, Some(2 | 9)), "{seen}");
    }
    assert_eq!(
        delete(&[&both[..], &["-y", "--max-delete", "3"]].concat()).code,
        Some(9)
    );
    assert_eq!(keys(&sandbox, "one").split(' ').count(), 9);
    let dry = delete(&[&both[..], &["--dry-run"]].concat());
    assert!(
        dry.stdout
            .starts_with("b:00000\nb:00001\nd:00000\nd:00001\n"),
        "{dry}"
    );
    assert_eq!(delete(&[&both[..], &["-y"]].concat()).code, Some(0));
    assert_eq!(keys(&sandbox, "one"), "a:00000 a:00001 c:00000 c:00001 e");
}

#[test]
fn an_export_says_what_it_holds() {
    let sandbox = sandbox(2);
    export_two_prefixes(&sandbox);
    let text = sandbox.read("some.ndjson");
    let header = "{\"kvctl\":1,\"kind\":\"records\",\"prefix\":[\"a:\",\"c:\"]}\n";
    assert!(text.starts_with(header), "{text}");
    assert_eq!(text.lines().count(), 6);
    let all = sandbox.expect(0, &["export", "-", "-n", "one"]).stdout;
    assert!(
        all.starts_with("{\"kvctl\":1,\"kind\":\"records\"}\n"),
        "{all}"
    );
    let one = sandbox
        .expect(0, &["export", "-", "-n", "one", "--prefix", "a:"])
        .stdout;
    assert!(
        one.starts_with("{\"kvctl\":1,\"kind\":\"records\",\"prefix\":\"a:\"}\n"),
        "{one}"
    );

    // An import writes what it holds, and deletes nothing.
    sandbox.expect(0, &["key", "put", "b:0", "old", "-n", "two"]);
    sandbox.expect(0, &["import", "some.ndjson", "-n", "two"]);
    assert_eq!(keys(&sandbox, "two"), "a:00000 a:00001 b:0 c:00000 c:00001");
    let wrong = text.replace("[\"a:\",\"c:\"]", "\"c:\"");
    sandbox.write("wrong.ndjson", wrong);
    let seen = sandbox.expect(1, &["import", "wrong.ndjson", "-n", "two"]);
    assert!(
        seen.stderr
            .contains("the header says that all keys begin with `c:`"),
        "{seen}"
    );
}

#[test]
fn a_comparison_with_an_export_takes_just_what_it_holds() {
    let sandbox = sandbox(2);
    export_two_prefixes(&sandbox);
    // What it does not hold is not missing from it.
    let seen = sandbox.expect(0, &["diff", "some.ndjson", "title:one"]);
    assert_eq!(seen.stdout, "identical: 4 keys\n");
    let note =
        "`some.ndjson` is an export of keys with the prefix `a:` or `c:`; others are not compared";
    assert!(seen.stderr.contains(note), "{seen}");
    let seen = sandbox.expect(
        0,
        &[
            "diff",
            "title:one",
            "some.ndjson",
            "--prefix",
            "a:00001",
            "--prefix",
            "d:",
        ],
    );
    assert_eq!(seen.stdout, "identical: 1 key\n");
    let seen = sandbox.expect(2, &["diff", "some.ndjson", "title:one", "--prefix", "d:"]);
    assert!(
        seen.stderr.contains("has none with the prefix `d:`"),
        "{seen}"
    );
    sandbox.expect(0, &["key", "put", "c:1", "new", "-n", "one"]);
    let seen = sandbox.expect(8, &["diff", "some.ndjson", "title:one"]);
    assert!(seen.stdout.starts_with("only in `one` ("), "{seen}");
    assert!(seen.stdout.contains("): `c:1`\n"), "{seen}");
}

#[test]
fn an_export_is_resumed_with_the_same_prefixes_only() {
    let sandbox = sandbox(600);
    let export = |args: &[&str]| {
        let export = ["export", "out.ndjson", "-n", "one", "--retries", "0"];
        sandbox.run(&[&export[..], args].concat())
    };
    let cut = Fault::new("POST", "/bulk/get", Action::Answer(Answer::new(500, ""))).forever();
    sandbox.emulator.fault(cut.after(3));
    assert_eq!(export(&["--prefix", "d:", "--prefix", "b:"]).code, Some(7));
    sandbox.emulator.clear_faults();
    let part = sandbox.read("out.ndjson.part");
    for other in [
        &[][..],
        &["--prefix", "b:"],
        &["--prefix", "b:", "--prefix", "c:"],
    ] {
        let seen = export(&[&["--resume"], other].concat());
        assert_eq!(seen.code, Some(9), "{seen}");
        assert!(
            seen.stderr
                .contains("export of keys with the prefix `b:` or `d:`"),
            "{seen}"
        );
        assert_eq!(sandbox.read("out.ndjson.part"), part);
    }
    let seen = export(&[
        "--resume", "--prefix", "b:", "--prefix", "d:", "--prefix", "d:0",
    ]);
    assert_eq!(seen.code, Some(0), "{seen}");
    sandbox.expect(0, &["diff", "out.ndjson", "title:one"]);
    assert_eq!(sandbox.read("out.ndjson").lines().count(), 1202);
}

#[test]
fn a_copy_takes_just_the_prefixes_and_is_resumed_with_the_same() {
    let sandbox = sandbox(5500);
    let copy = |args: &[&str]| {
        let copy = ["copy", "title:one", "title:two", "--retries", "0"];
        sandbox.run(&[&copy[..], args].concat())
    };
    let both = ["--prefix", "d:", "--prefix", "b:"];
    let seen = copy(&[&both[..], &["--dry-run"]].concat());
    assert!(seen.stdout.starts_with("dry run: 11,000 records"), "{seen}");
    // The second request for ten thousand records at most.
    let cut = Fault::new("PUT", "/bulk", Action::Answer(Answer::new(500, ""))).forever();
    sandbox.emulator.fault(cut.after(1));
    assert_ne!(copy(&both).code, Some(0));
    sandbox.emulator.clear_faults();
    let seen = copy(&["--prefix", "b:", "--prefix", "d:", "--resume"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    let rest = "copied 1,000 records; 10,000 records of an earlier run not read again\n";
    assert_eq!(seen.stdout, rest, "{seen}");
    let seen = sandbox.expect(
        0,
        &[&["diff", "title:one", "title:two"], &both[..]].concat(),
    );
    assert_eq!(seen.stdout, "identical: 11,000 keys\n");
    assert_eq!(keys(&sandbox, "two").split(' ').count(), 11_000);
}

#[test]
fn a_mirror_of_an_export_deletes_nothing_that_was_not_exported() {
    let sandbox = sandbox(2);
    sandbox.expect(
        0,
        &[
            "export", "site/", "-n", "one", "--prefix", "a:", "--prefix", "c:",
        ],
    );
    let index = "{\"kvctl\":1,\"kind\":\"index\",\"prefix\":[\"a:\",\"c:\"]}\n";
    assert_eq!(sandbox.read("site/.kvctl.ndjson"), index);
    sandbox.expect(0, &["key", "put", "a:new", "x", "-n", "one"]);
    // A file that was added is written, though its key has another prefix.
    sandbox.write("site/f", "f");
    let sync = ["sync", "site", "-n", "one", "--delete", "-y"];
    let seen = sandbox.expect(0, &sync);
    let end =
        "1 written, 1 deleted, 4 unchanged; 5 keys with prefixes that were not exported kept\n";
    assert!(seen.stdout.ends_with(end), "{seen}");
    assert_eq!(keys(&sandbox, "one").split(' ').count(), 10);
    assert!(!keys(&sandbox, "one").contains("a:new"));

    // Below a prefix of its own, the names are those that count.
    sandbox.expect(0, &["key", "put", "web/a:gone", "x", "-n", "two"]);
    sandbox.expect(0, &["key", "put", "web/b:0", "x", "-n", "two"]);
    sandbox.expect(0, &["key", "put", "c:0", "x", "-n", "two"]);
    let sync = [
        "sync", "site", "-n", "two", "--prefix", "web/", "--delete", "-y",
    ];
    sandbox.expect(0, &sync);
    let kept = "c:0 web/a:00000 web/a:00001 web/b:0 web/c:00000 web/c:00001 web/f";
    assert_eq!(keys(&sandbox, "two"), kept);
}

#[test]
fn an_audit_may_list_just_the_known_prefixes() {
    let sandbox = sandbox(2);
    sandbox.write(
        "wrangler.toml",
        "name = \"bio\"\n\n[[kv_namespaces]]\nbinding = \"ONE\"\n",
    );
    sandbox.expect(0, &["provision", "ONE=bio-ONE"]);
    sandbox.expect(0, &["import", "all.ndjson", "-b", "ONE"]);
    let rule = |prefix: &str| {
        let table = format!("[[namespace]]\nbinding = \"ONE\"\n{prefix}\n");
        sandbox.write("kvctl.toml", table);
    };
    rule("prefix = [\"c:\", \"a:\", \"a:0\"]");
    let (seen, asked) = lists(&sandbox, || sandbox.run(&["audit"]));
    assert_eq!((seen.code, asked.len()), (Some(8), 1), "{seen}");
    assert!(seen.stdout.contains("rules: prefix `a:` or `c:`"), "{seen}");
    assert!(seen.stdout.contains("9 keys\n"), "{seen}");
    let (seen, asked) = lists(&sandbox, || sandbox.run(&["audit", "--known-prefixes"]));
    assert_eq!((seen.code, asked.len()), (Some(0), 2), "{seen}");
    assert!(
        seen.stdout
            .contains("4 keys with the prefix `a:` or `c:`\n"),
        "{seen}"
    );
    let seen = sandbox.expect(0, &["audit", "--known-prefixes", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(
        json["namespaces"][0]["listed_prefix"],
        serde_json::json!(["a:", "c:"])
    );
    rule("ttl = { max = \"1h\" }");
    let seen = sandbox.expect(2, &["audit", "--known-prefixes"]);
    assert!(seen.stderr.contains("needs a prefix"), "{seen}");
    rule("prefix = []");
    let seen = sandbox.expect(5, &["audit"]);
    assert!(
        seen.stderr
            .contains("kvctl.toml:3:10: expected at least one prefix"),
        "{seen}"
    );
    rule("prefix = 1");
    let seen = sandbox.expect(5, &["audit"]);
    assert!(
        seen.stderr
            .contains("expected a string or an array of strings"),
        "{seen}"
    );
}
