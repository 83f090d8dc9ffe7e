//! Files that kvctl makes beside others or for itself: whose they are, who may read them, and what
//! becomes of what stands in their place.
#![cfg(unix)]

use std::{
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::Child,
    time::Duration,
};

use fs_err as fs;
use kvctl::emulator::{Action, Fault};
use sha2::{Digest as _, Sha256};

use crate::{
    sandbox::{Sandbox, Seen},
    transfer::{lines, sandbox},
    wait::{Finish as _, wait_until},
};

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

fn ok(seen: &Seen) {
    assert_eq!(seen.code, Some(0), "{seen}");
}

/// A namespace of 3,000 keys, and an export of it that stands still before its third page.
fn exporting(sandbox: &Sandbox, args: &[&str]) -> Child {
    sandbox.write("in.ndjson", lines(3000));
    ok(&sandbox.run(&["import", "in.ndjson", "-n", "one"]));
    let wait = Action::Delay(Duration::from_secs(3));
    let before = pages(sandbox);
    sandbox
        .emulator
        .fault(Fault::new("GET", "/keys", wait).after(2));
    let child = sandbox.command(args).spawn().unwrap();
    wait_until("the third page is asked for", || {
        pages(sandbox) >= before + 3
    });
    child
}

fn pages(sandbox: &Sandbox) -> usize {
    let log = sandbox.emulator.log();
    let listing = |path: &str| path.contains("/keys");
    log.iter().filter(|entry| listing(&entry.path)).count()
}

#[test]
fn an_import_touches_nothing_beside_its_file() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(10));
    sandbox.write("precious", "precious\n");
    let beside = sandbox.app().join("in.ndjson.kvctl-journal");
    for put in ["link", "dangling", "hard link", "file", "directory"] {
        match put {
            "link" => symlink(sandbox.app().join("precious"), &beside).unwrap(),
            "dangling" => symlink(sandbox.app().join("nothing"), &beside).unwrap(),
            "hard link" => fs::hard_link(sandbox.app().join("precious"), &beside).unwrap(),
            "file" => sandbox.write("in.ndjson.kvctl-journal", "precious\n"),
            _ => fs::create_dir(&beside).unwrap(),
        }
        for more in ["-y", "--resume", "--restart"] {
            let seen = sandbox.run(&["import", "in.ndjson", "-n", "one", more]);
            ok(&seen);
            seen.assert_stderr("in.ndjson.kvctl-journal");
            assert!(fs::symlink_metadata(&beside).is_ok(), "{put} {more}");
            assert_eq!(sandbox.read("precious"), "precious\n", "{put} {more}");
            assert!(!sandbox.app().join("nothing").exists());
        }
        if put == "directory" {
            fs::remove_dir(&beside).unwrap();
        } else {
            fs::remove_file(&beside).unwrap();
        }
    }
}

#[test]
fn a_journal_of_an_older_kvctl_is_found_beside_the_file() {
    let sandbox = sandbox(&["one"]);
    let listed = sandbox.command(&["namespace", "list"]).finish();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let id = listed.split('\t').next().unwrap();
    let text = lines(100);
    sandbox.write("in.ndjson", &text);
    let sum = Sha256::digest(&text).iter().fold(String::new(), |all, b| {
        use std::fmt::Write as _;
        let mut all = all;
        write!(all, "{b:02x}").unwrap();
        all
    });
    let first = format!("kvctl import 1 remote, whatever the words {id} 100 {sum}");
    sandbox.write("in.ndjson.kvctl-journal", format!("{first}\n[0,59,60]\n"));
    let seen = sandbox.expect(9, &["import", "in.ndjson", "-n", "one"]);
    seen.assert_stderr("in.ndjson.kvctl-journal");
    let seen = sandbox.run(&["import", "in.ndjson", "-n", "one", "--resume"]);
    ok(&seen);
    seen.assert_stdout("imported 40 records");
    assert!(!sandbox.app().join("in.ndjson.kvctl-journal").exists());
    assert!(sandbox.journals().is_empty());
}

#[test]
fn a_journal_is_in_the_state_directory_for_its_user_alone() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(20_000));
    let wait = Action::Delay(Duration::from_mins(5));
    sandbox
        .emulator
        .fault(Fault::new("PUT", "/bulk", wait).after(1));
    let mut child = sandbox
        .command(&["import", "in.ndjson", "-n", "one"])
        .spawn()
        .unwrap();
    wait_until("a batch is confirmed", || sandbox.confirmed() >= Some(1));
    let again = sandbox.expect(1, &["import", "in.ndjson", "-n", "one", "--restart"]);
    again.assert_stderr("another run");
    child.kill().unwrap();
    child.wait().unwrap();
    let journal = sandbox.journals().remove(0);
    assert_eq!(mode(&journal), 0o600);
    assert_eq!(mode(journal.parent().unwrap()), 0o700);
    let names: Vec<_> = fs::read_dir(sandbox.app()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    // The same file by another way.
    symlink(sandbox.app(), sandbox.app().join("../other")).unwrap();
    let seen = sandbox.run(&["import", "../other/in.ndjson", "-n", "one", "--resume"]);
    ok(&seen);
    seen.assert_stderr("10,000 records confirmed before");
}

#[test]
fn what_is_exported_is_for_its_user_alone() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(3));
    ok(&sandbox.run(&["import", "in.ndjson", "-n", "one"]));
    for name in ["new.ndjson", "new.json", "new.csv"] {
        ok(&sandbox.run(&["export", name, "-n", "one"]));
        let path = sandbox.app().join(name);
        assert_eq!(mode(&path), 0o600, "{name}");
        fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        ok(&sandbox.run(&["export", name, "-n", "one", "-y"]));
        assert_eq!(mode(&path), 0o644, "{name}");
    }
    ok(&sandbox.run(&["export", "dir/", "-n", "one"]));
    assert_eq!(mode(&sandbox.app().join("dir")), 0o700);
    for entry in fs::read_dir(sandbox.app().join("dir")).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
    let args = ["namespace", "delete", "one", "--confirm", "one"];
    ok(&sandbox.run(&[&args[..], &["--backup", "backup.ndjson"]].concat()));
    assert_eq!(mode(&sandbox.app().join("backup.ndjson")), 0o600);
}

#[test]
fn an_export_follows_no_link_and_removes_no_file_of_others() {
    let sandbox = sandbox(&["one"]);
    sandbox.write("in.ndjson", lines(3));
    ok(&sandbox.run(&["import", "in.ndjson", "-n", "one"]));
    let header = "{\"kvctl\":1,\"kind\":\"records\"}\n";
    let precious = format!("{header}{{\"key\":\"a\",\"value\":\"precious\"}}\n");
    sandbox.write("precious", &precious);
    let part = sandbox.app().join("out.ndjson.part");
    symlink(sandbox.app().join("precious"), &part).unwrap();
    for more in ["-y", "--resume", "--restart"] {
        let seen = sandbox.expect(1, &["export", "out.ndjson", "-n", "one", more]);
        seen.assert_stderr("is a symbolic link");
        assert_eq!(sandbox.read("precious"), precious);
    }
    fs::remove_file(&part).unwrap();
    sandbox.write("out.ndjson.part", "precious");
    sandbox.expect(9, &["export", "out.ndjson", "-n", "one", "--restart"]);
    assert_eq!(sandbox.read("out.ndjson.part"), "precious");
    sandbox.expect(
        1,
        &[
            "export",
            "/dev/null",
            "--format",
            "ndjson",
            "-n",
            "one",
            "-y",
        ],
    );
}

#[test]
fn of_two_exports_into_one_file_one_is_refused() {
    let sandbox = sandbox(&["one"]);
    let first = exporting(&sandbox, &["export", "out.ndjson", "-n", "one"]);
    for more in ["-y", "--resume", "--restart"] {
        let seen = sandbox.run(&["export", "out.ndjson", "-n", "one", more]);
        assert!(matches!(seen.code, Some(1 | 9)), "{seen}");
        let said = [
            "is in use by another run",
            "out.ndjson.part` already exists",
        ];
        assert!(said.iter().any(|said| seen.stderr.contains(said)), "{seen}");
    }
    let first = Seen::of(first);
    ok(&first);
    first.assert_stdout("exported 3,000 records");
    ok(&sandbox.run(&["diff", "out.ndjson", "title:one"]));
}

#[test]
fn of_two_exports_into_one_directory_one_is_refused() {
    let sandbox = sandbox(&["one"]);
    let first = exporting(&sandbox, &["export", "out/", "-n", "one"]);
    let seen = sandbox.expect(1, &["export", "out/", "-n", "one"]);
    seen.assert_stderr("is in use by another run");
    let first = Seen::of(first);
    ok(&first);
    ok(&sandbox.run(&["diff", "out/", "title:one"]));
}

/// It neither claims nor removes what another put there.
#[test]
fn an_export_that_lost_its_directory_fails() {
    let sandbox = sandbox(&["one"]);
    let first = exporting(&sandbox, &["export", "two/", "-n", "one"]);
    fs::rename(sandbox.app().join("two.part"), sandbox.app().join("aside")).unwrap();
    // The run may have made it again by now, for its next file.
    fs::create_dir_all(sandbox.app().join("two.part")).unwrap();
    sandbox.write("two.part/precious", "");
    assert_eq!(first.finish().status.code(), Some(1));
    assert!(sandbox.app().join("two.part/precious").exists());
}

#[test]
fn the_local_store_follows_no_link_of_a_project() {
    let sandbox = sandbox(&[]);
    sandbox.write("precious", "precious\n");
    let state = sandbox.app().join(".wrangler/state/v3");
    fs::create_dir_all(state.join("kv")).unwrap();
    ok(&sandbox.run(&["namespace", "create", "one", "--local"]));
    let put = |key: &str| sandbox.run(&["key", "put", key, "v", "-n", "one", "--local"]);
    ok(&put("a"));
    let kept: Vec<_> = walk(&sandbox.app().join(".wrangler"));
    let ours = |name: &str| kept.iter().any(|path| path.ends_with(name));
    assert!(ours("namespaces.lock"), "{kept:?}");
    for path in kept
        .iter()
        .filter(|path| path.parent().unwrap().ends_with("kvctl"))
    {
        fs::remove_file(path).unwrap();
        symlink(sandbox.app().join("precious"), path).unwrap();
    }
    let seen = sandbox.run(&["namespace", "create", "two", "--local"]);
    assert_ne!(seen.code, Some(0), "{seen}");
    let seen = put("b");
    assert!(seen.code.is_some(), "{seen}");
    assert_eq!(sandbox.read("precious"), "precious\n");
}

fn walk(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else {
            found.push(path);
        }
    }
    found
}
