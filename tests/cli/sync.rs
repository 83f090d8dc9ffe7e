//! `kvctl sync`.

use fs_err as fs;

use crate::{
    sandbox::{Sandbox, Seen},
    wait::Finish as _,
};

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.expect(0, &["namespace", "create", "one"]);
    sandbox
}

fn sync(sandbox: &Sandbox, args: &[&str]) -> Seen {
    sandbox.run(&[&["sync", "site", "-n", "one"], args].concat())
}

/// The writing requests of a run.
fn writes(sandbox: &Sandbox, run: impl FnOnce() -> Seen) -> (Seen, usize) {
    let before = sandbox.emulator.log().len();
    let seen = run();
    let log = sandbox.emulator.log();
    let is_write = |method: &str, path: &str| method != "GET" && !path.ends_with("/bulk/get");
    let new = log[before..].iter();
    let count = new.filter(|e| is_write(&e.method, &e.path)).count();
    (seen, count)
}

fn put(sandbox: &Sandbox, key: &str, value: &str) {
    sandbox.expect(0, &["key", "put", key, value, "-n", "one"]);
}

#[test]
fn only_what_changed_is_sent_and_nothing_is_deleted_unasked() {
    let sandbox = sandbox();
    sandbox.write("site/a.txt", "1");
    sandbox.write("site/b/c.bin", b"\xff\x00");
    sandbox.write("site/%25", "percent");
    put(&sandbox, "web/a.txt", "1");
    put(&sandbox, "web/old", "x");
    put(&sandbox, "other", "x");
    let args = ["--prefix", "web/"];
    let (seen, count) = writes(&sandbox, || {
        sync(&sandbox, &[&args[..], &["--dry-run", "--delete"]].concat())
    });
    insta::assert_snapshot!(seen);
    assert_eq!(count, 0);
    insta::assert_snapshot!(sync(&sandbox, &args));
    let (seen, count) = writes(&sandbox, || sync(&sandbox, &args));
    insta::assert_snapshot!(seen);
    assert_eq!(count, 0);
    let binary = sandbox.command(&["key", "get", "web/b/c.bin", "-n", "one"]);
    assert_eq!(binary.finish().stdout, b"\xff\x00");

    sandbox.write("site/a.txt", "2");
    let (seen, count) = writes(&sandbox, || {
        sync(
            &sandbox,
            &[&args[..], &["--delete", "-y", "--json"]].concat(),
        )
    });
    assert_eq!(seen.code, Some(0), "{seen}");
    insta::assert_snapshot!(seen.stdout);
    assert_eq!(count, 2, "one for all writes, one for all deletions");
    let left = sandbox.run(&["key", "list", "-n", "one"]).stdout;
    assert_eq!(left, "other\nweb/%\nweb/a.txt\nweb/b/c.bin\n");
}

#[test]
fn an_export_goes_back_with_expiry_and_metadata() {
    let sandbox = sandbox();
    let later = (kvctl::env::now().as_second() + 86_400).to_string();
    for (key, metadata) in [("a", "{\"n\":1}"), ("a/b", "[2]")] {
        let put = ["key", "put", key, "v", "-n", "one", "--expiration", &later];
        sandbox.expect(0, &[&put[..], &["--metadata", metadata]].concat());
    }
    sandbox.expect(0, &["export", "site/", "-n", "one"]);
    let (seen, count) = writes(&sandbox, || sync(&sandbox, &[]));
    assert_eq!(seen.stdout, "nothing to do: 2 keys unchanged\n");
    assert_eq!(count, 0);
    // Another expiry is a change.
    put(&sandbox, "a/b", "v");
    let seen = sync(&sandbox, &[]);
    assert_eq!(
        seen.stdout,
        "changed  `a/b`\n1 written, 0 deleted, 1 unchanged\n"
    );
    sandbox.expect(0, &["diff", "site/", "title:one"]);
}

#[test]
fn deletions_are_guarded() {
    let sandbox = sandbox();
    fs::create_dir(sandbox.app().join("site")).unwrap();
    for n in 0..3 {
        put(&sandbox, &format!("k{n}"), "x");
    }
    let (seen, count) = writes(&sandbox, || sync(&sandbox, &["--delete", "-y"]));
    insta::assert_snapshot!(seen);
    assert_eq!(count, 0);
    sandbox.write("site/k0", "changed");
    for (args, code) in [
        (&["--delete", "-y", "--max-delete", "1"][..], 9),
        (&["--delete"], 9),
        (&["--max-delete", "1"], 2),
    ] {
        let (seen, count) = writes(&sandbox, || sync(&sandbox, args));
        assert_eq!((seen.code, count), (Some(code), 0), "{seen}");
    }
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    let manifest = "[[namespace]]\nbinding = \"ONE\"\ntitle = \"one\"\nprotect = true\n";
    sandbox.write("kvctl.toml", manifest);
    assert_eq!(sync(&sandbox, &["--delete", "-y"]).code, Some(9));
    let seen = sync(&sandbox, &["--delete", "--confirm", "one"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(sandbox.run(&["key", "list", "-n", "one"]).stdout, "k0\n");
}

#[test]
fn a_key_that_the_prefix_makes_too_long_is_named_before_anything_is_sent() {
    let sandbox = sandbox();
    sandbox.write("site/a", "1");
    let prefix = "p".repeat(512);
    let (seen, count) = writes(&sandbox, || sync(&sandbox, &["--prefix", &prefix]));
    assert_eq!((seen.code, count), (Some(1), 0), "{seen}");
    assert!(
        seen.stderr.contains("513 bytes long; the limit is 512"),
        "{seen}"
    );
    sandbox.expect(2, &["sync", "nowhere", "-n", "one"]);
}
