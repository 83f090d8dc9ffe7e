//! `kvctl key put`.

use std::process::Stdio;

use super::{feed, id, put, requests, sandbox, value};
use crate::sandbox::Seen;
use crate::wait::Finish as _;

const SECRET: &str = "canary-value-0123456789";

#[test]
fn a_value_comes_from_an_argument_a_file_or_stdin() {
    let sandbox = sandbox();
    insta::assert_snapshot!(sandbox.run(&["key", "put", "-b", "SESSIONS", "k", SECRET]));
    assert_eq!(value(&sandbox, "k").unwrap(), SECRET.as_bytes());
    let seen = sandbox.run(&[
        "key", "put", "-b", "SESSIONS", "k", "", "--ttl", "24h", "--json",
    ]);
    insta::assert_snapshot!(seen);
    assert_eq!(value(&sandbox, "k").unwrap(), b"");
    sandbox.write("file", b"\x00\xff");
    sandbox.expect(0, &["key", "put", "-b", "SESSIONS", "k", "--file", "file"]);
    assert_eq!(value(&sandbox, "k").unwrap(), b"\x00\xff");
    for args in [
        &["key", "put", "-b", "SESSIONS", "k"][..],
        &["key", "put", "-b", "SESSIONS", "k", "-"],
        &["key", "put", "-b", "SESSIONS", "k", "--file", "-"],
        &["key", "put", "-b", "SESSIONS", "k", "--path", "-"],
    ] {
        let text = format!("{} words\n", args.len());
        let seen = feed(&sandbox, args, text.as_bytes());
        assert_eq!(seen.code, Some(0), "{seen}");
        assert_eq!(value(&sandbox, "k").unwrap(), text.as_bytes());
    }
    sandbox.expect(0, &["key", "put", "-b", "SESSIONS", "--", "-k", "-v"]);
    assert_eq!(value(&sandbox, "-k").unwrap(), b"-v");
}

#[test]
fn a_value_is_shown_nowhere() {
    let sandbox = sandbox();
    let calls: [&[&str]; 5] = [
        &["key", "put", "-b", "SESSIONS", "k", SECRET, "-vv"],
        &["key", "put", "-b", "SESSIONS", "k", SECRET, "--file", "x"],
        &["key", "put", "k", SECRET, "--json"],
        &["key", "put", "-b", "SESSIONS", "k", "more", SECRET],
        &["key", "put", "-b", "SESSIONS", "k", SECRET, "--ttl", "1"],
    ];
    for args in calls {
        let seen = sandbox.run(args);
        assert!(!seen.to_string().contains(SECRET), "{seen}");
    }
    let mut args = vec!["kvctl"];
    args.extend(calls[0]);
    let cli = <kvctl::cli::Cli as clap::Parser>::try_parse_from(args).unwrap();
    assert!(!format!("{cli:?}").contains(SECRET));
}

#[test]
fn what_is_wrong_is_said_before_anything_is_sent() {
    let sandbox = sandbox();
    let lengthy = format!("\"{}\"", "x".repeat(1023));
    let flags: [&[&str]; 11] = [
        &["--ttl", "59"],
        &["--ttl", "soon"],
        &["--expiration", "2020-01-01T00:00:00Z"],
        &["--expiration", "tomorrow"],
        &["--metadata", "{a:1}"],
        &["--metadata", &lengthy],
        &["--ttl", "1h", "--expiration", "4102444800"],
        &["--ttl", "1h", "--keep-ttl"],
        &["--metadata", "1", "--keep-metadata"],
        &["--file", "wrangler.toml"],
        &["extra"],
    ];
    let mut texts = String::new();
    for flags in flags {
        let args = ["key", "put", "-b", "SESSIONS", "k", "v"];
        let args: Vec<&str> = args.iter().chain(flags).copied().collect();
        let (seen, log) = requests(&sandbox, || sandbox.run(&args));
        assert_eq!(seen.code, Some(2), "{seen}");
        assert!(log.is_empty(), "{log:?}");
        // A line may show a metadata of a thousand characters.
        let lines = seen.stderr.lines().filter(|line| line.len() < 300);
        lines.for_each(|line| texts.extend([line, "\n"]));
    }
    insta::assert_snapshot!(texts);
    let soon = kvctl::env::now().as_second() + 30;
    let args = [
        "key",
        "put",
        "-b",
        "SESSIONS",
        "k",
        "v",
        "--expiration",
        &soon.to_string(),
    ];
    sandbox.expect(2, &args);
    let seen = sandbox.run(&["key", "put", "-b", "SESSIONS", "k", "--file", "nope"]);
    insta::assert_snapshot!(seen);
    let closed = sandbox.command(&["key", "put", "-b", "SESSIONS", "k", "--file", "."]);
    assert_eq!(closed.finish().status.code(), Some(2));
}

#[test]
fn a_value_beyond_the_limit_is_not_even_read_to_its_end() {
    let sandbox = sandbox();
    let limit = 25 * 1024 * 1024;
    let (seen, log) = requests(&sandbox, || {
        feed(
            &sandbox,
            &["key", "put", "-b", "SESSIONS", "k"],
            &vec![0; limit + 1],
        )
    });
    insta::assert_snapshot!(seen);
    assert!(log.is_empty());
    sandbox.write("large", vec![0; limit + 1]);
    let args = ["key", "put", "-b", "SESSIONS", "k", "--file", "large"];
    let (seen, log) = requests(&sandbox, || sandbox.run(&args));
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(log.is_empty());
    // Endless.
    let mut command = sandbox.command(&["key", "put", "-b", "SESSIONS", "k"]);
    command.stdin(fs_err::File::open("/dev/zero").unwrap().into_parts().0);
    let seen = Seen::of(command);
    assert_eq!(seen.code, Some(2), "{seen}");
}

#[test]
fn expiry_and_metadata_stay_only_on_request() {
    let sandbox = sandbox();
    let old = ["--metadata", "{\"v\":1}", "--expiration", "4102444800"];
    let seen = |flags: &[&str]| {
        put(&sandbox, "k", b"old", &old);
        let ((), log) = requests(&sandbox, || put(&sandbox, "k", b"new", flags));
        let shown = sandbox.run(&["key", "get", "k", "--json"]).stdout;
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(shown["value"], "new");
        let both = [
            shown["expiration"].to_string(),
            shown["metadata"].to_string(),
        ];
        (both, log.len())
    };
    let [never, none] = ["null", "null"].map(str::to_owned);
    let [until, one] = ["4102444800", "{\"v\":1}"].map(str::to_owned);
    assert_eq!(seen(&[]), ([never.clone(), none.clone()], 1));
    assert_eq!(seen(&["--keep-metadata"]), ([never, one.clone()], 2));
    assert_eq!(seen(&["--keep-ttl"]), ([until.clone(), none], 3));
    assert_eq!(seen(&["--keep-ttl", "--keep-metadata"]), ([until, one], 3));
    // A key that is not there has nothing to keep.
    put(&sandbox, "fresh", b"1", &["--keep-ttl", "--keep-metadata"]);
    assert_eq!(value(&sandbox, "fresh").unwrap(), b"1");
}

#[test]
fn a_value_that_is_not_there_is_not_an_empty_one() {
    let sandbox = sandbox();
    put(&sandbox, "k", b"live", &[]);
    let id = id(&sandbox);
    let args = ["key", "put", "k", "--namespace-id", &id];
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(writer);
        Stdio::from(reader)
    };
    let mut texts = Vec::new();
    for stdin in [Stdio::null(), closed()] {
        let (seen, log) = requests(&sandbox, || {
            let mut command = sandbox.command(&args);
            Seen::of(command.stdin(stdin))
        });
        assert_eq!(seen.code, Some(2), "{seen}");
        assert!(log.is_empty(), "{log:?}");
        texts.push(seen.to_string());
    }
    assert_eq!(texts[0], texts[1]);
    insta::assert_snapshot!(texts[0], @r"
    exit: 2
    --- stderr
    error: there is no value: stdin is empty; nothing was sent
    hint: give the value as an argument, with `--file FILE`, or on stdin; to store an empty one, give '' as the argument, or `--stdin`
    ");
    assert_eq!(value(&sandbox, "k").unwrap(), b"live");
}

#[test]
fn an_empty_value_that_is_meant_is_written_and_said() {
    let sandbox = sandbox();
    sandbox.write("empty", "");
    let id = id(&sandbox);
    for meant in [
        &[""][..],
        &["-"],
        &["--stdin"],
        &["--file", "empty"],
        &["--file", "-"],
    ] {
        put(&sandbox, "k", b"live", &[]);
        let args = [&["key", "put", "k", "--namespace-id", &id], meant].concat();
        let seen = sandbox.run(&args);
        assert_eq!(seen.code, Some(0), "{meant:?} {seen}");
        assert_eq!(seen.stdout, "wrote k (an empty value), never expires\n");
        assert_eq!(value(&sandbox, "k").unwrap(), b"");
    }
    let seen = feed(
        &sandbox,
        &["key", "put", "k", "--stdin", "--namespace-id", &id],
        b"new",
    );
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(value(&sandbox, "k").unwrap(), b"new");
}
