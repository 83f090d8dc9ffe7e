//! `kvctl serve` and `--local` on stores that are not as they should be.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use fs_err as fs;
use rusqlite::Connection;
use serde_json::Value;

use crate::{
    sandbox::{Sandbox, Seen},
    serve::{Server, refused},
    wait::{Finish, piped},
};

/// The store's database of a namespace that has one.
fn database(sandbox: &Sandbox) -> std::path::PathBuf {
    let folder = sandbox
        .app()
        .join(".wrangler/state/v3/kv/miniflare-KVNamespaceObject");
    let mut files = fs::read_dir(folder).unwrap().map(|f| f.unwrap().path());
    files
        .find(|path| path.extension().is_some_and(|end| end == "sqlite"))
        .unwrap()
}

/// A local namespace, with one key.
fn stored() -> Sandbox {
    let sandbox = Sandbox::new();
    let put = ["--local", "key", "put", "--namespace-id"];
    let put = [&put[..], &["0f2ac74b498b48028cb68387c421e279", "k", "v"]].concat();
    let seen = Seen::of(sandbox.bare_command(&put));
    assert_eq!(seen.code, Some(0), "{seen}");
    sandbox
}

/// What reading and writing it says, and what serving it says.
fn said(sandbox: &Sandbox) -> String {
    let id = "0f2ac74b498b48028cb68387c421e279";
    let get = ["--local", "key", "get", "--namespace-id", id, "k"];
    let put = ["--local", "key", "put", "--namespace-id", id, "k", "other"];
    let run = |args: &[&str]| Seen::of(sandbox.bare_command(args));
    format!("{}\n{}\n{}", run(&get), run(&put), refused(sandbox, &[]))
}

#[test]
fn a_store_of_something_else_is_left_as_it_is() {
    let sandbox = stored();
    let path = database(&sandbox);
    fs::remove_file(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("CREATE TABLE bookmarks (url TEXT)")
        .unwrap();
    drop(other);
    let before = fs::read(&path).unwrap();
    insta::assert_snapshot!("a_foreign_database", said(&sandbox));
    assert_eq!(fs::read(&path).unwrap(), before);

    let noise: Vec<u8> = (0..9000_u32).map(|n| (n * 31 % 251) as u8).collect();
    sandbox.write(".wrangler/noise", &noise);
    fs::copy(sandbox.app().join(".wrangler/noise"), &path).unwrap();
    insta::assert_snapshot!("a_damaged_database", said(&sandbox));
    assert_eq!(fs::read(&path).unwrap(), noise);
}

#[test]
fn a_store_of_before_2023_is_left_for_wrangler_to_move() {
    let sandbox = Sandbox::new();
    let old = ".wrangler/state/v3/kv/0f2ac74b498b48028cb68387c421e279/db.sqlite";
    sandbox.write(old, "any");
    insta::assert_snapshot!(said(&sandbox));
    assert_eq!(sandbox.read(old), "any");
    assert!(!sandbox.app().join(".wrangler/state/kvctl").exists());
    assert!(
        !sandbox
            .app()
            .join(".wrangler/state/v3/kv/miniflare-KVNamespaceObject")
            .exists()
    );
}

/// What `serve --check` says.
fn checked(sandbox: &Sandbox) -> Seen {
    let check = sandbox.bare_command(&["serve", "--check"]);
    Seen::of(check)
}

const MINUTE: Duration = Duration::from_mins(1);
const MONTH: Duration = Duration::from_hours(24 * 30);

/// Makes a file look as if it had been written so long ago.
fn age(sandbox: &Sandbox, name: &str, age: Duration) {
    let file = fs::File::options();
    let file = { file }.write(true).open(sandbox.app().join(name)).unwrap();
    let then = SystemTime::from(kvctl::env::now()) - age;
    file.file().set_modified(then).unwrap();
}

#[test]
fn a_check_finds_what_is_lost_and_what_is_of_no_use() {
    let sandbox = Sandbox::new();
    let nothing = checked(&sandbox);
    assert_eq!(nothing.code, Some(0), "{nothing}");
    assert_eq!(fs::read_dir(sandbox.app()).unwrap().count(), 0);

    let sandbox = stored();
    let sound = checked(&sandbox);
    assert_eq!(sound.code, Some(0), "{sound}");
    let folder = ".wrangler/state/v3/kv/0f2ac74b498b48028cb68387c421e279/blobs";
    let value = fs::read_dir(sandbox.app().join(folder)).unwrap().next();
    fs::remove_file(value.unwrap().unwrap().path()).unwrap();
    let names = ["0a".repeat(40), "0b".repeat(40)];
    for name in &names {
        sandbox.write(&format!("{folder}/{name}"), "orphan");
    }
    // The other one may be that of a row to come.
    age(&sandbox, &format!("{folder}/{}", names[0]), MONTH);
    insta::assert_snapshot!(checked(&sandbox));
    let json = sandbox.bare_command(&["serve", "--check", "--json"]);
    let json = Seen::of(json);
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(report["lost"][0]["key"], "k");
    assert_eq!(report["orphans"].as_array().unwrap().len(), 1);
    for name in &names {
        assert_eq!(sandbox.read(&format!("{folder}/{name}")), "orphan");
    }
}

#[test]
fn a_check_finds_damage_and_stores_of_others() {
    let sandbox = stored();
    let path = database(&sandbox);
    // An index that does not have the key it should have.
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "DROP INDEX _mf_entries_expiration_idx;
             CREATE INDEX _mf_entries_expiration_idx ON _mf_entries(expiration) WHERE key = 'x';
             PRAGMA writable_schema = ON;
             UPDATE sqlite_master SET sql = replace(sql, ' WHERE key = ''x''', '')
             WHERE name = '_mf_entries_expiration_idx';",
        )
        .unwrap();
    drop(connection);
    let noise: Vec<u8> = (0..9000_u32).map(|n| (n * 31 % 251) as u8).collect();
    let folder = ".wrangler/state/v3/kv";
    sandbox.write(
        &format!("{folder}/miniflare-KVNamespaceObject/noise.sqlite"),
        noise,
    );
    sandbox.write(&format!("{folder}/old/db.sqlite"), "any");
    insta::assert_snapshot!(checked(&sandbox));
}

/// What `serve --check --fix` says.
fn fixed(sandbox: &Sandbox) -> Seen {
    let fix = sandbox.bare_command(&["serve", "--check", "--fix"]);
    Seen::of(fix)
}

const FOLDER: &str = ".wrangler/state/v3/kv/0f2ac74b498b48028cb68387c421e279/blobs";

fn value_of(sandbox: &Sandbox, key: &str) -> String {
    let id = "0f2ac74b498b48028cb68387c421e279";
    let get = sandbox.bare_command(&["--local", "key", "get", "--namespace-id", id, key]);
    Seen::of(get).stdout
}

#[test]
fn orphans_are_removed_when_asked_and_older_than_an_hour() {
    let sandbox = stored();
    let orphan = |digit: &str, folder: &str| format!("{folder}/{}", digit.repeat(80));
    let elsewhere = ".wrangler/state/v3/kv/moved-away/blobs";
    let names = [
        ".wrangler/state/kvctl/.kvctl-a1B2c3".to_owned(),
        orphan("0", FOLDER),
        orphan("1", FOLDER),
        orphan("2", FOLDER),
        orphan("3", elsewhere),
        format!("{FOLDER}/notes.txt"),
    ];
    let ages = [
        MONTH,
        61 * MINUTE,
        59 * MINUTE,
        Duration::ZERO,
        MONTH,
        MONTH,
    ];
    for (name, past) in names.iter().zip(ages) {
        sandbox.write(name, "orphan");
        age(&sandbox, name, past);
    }
    let there = || {
        names
            .each_ref()
            .map(|name| sandbox.app().join(name).exists())
    };
    // Neither a look nor a run removes anything.
    let seen = checked(&sandbox);
    assert_eq!(seen.code, Some(8), "{seen}");
    assert_eq!(value_of(&sandbox, "k"), "v");
    assert_eq!(there(), [true; 6]);

    insta::assert_snapshot!(fixed(&sandbox));
    assert_eq!(there(), [false, false, true, true, true, true]);
    for name in &names[2..4] {
        age(&sandbox, name, 2 * 60 * MINUTE);
    }
    for name in &names[4..] {
        fs::remove_file(sandbox.app().join(name)).unwrap();
    }
    let json = sandbox.bare_command(&["serve", "--check", "--fix", "--json"]);
    let json = Seen::of(json);
    assert_eq!(json.code, Some(0), "{json}");
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    let count = |kind: &str| report[kind].as_array().unwrap().len();
    assert_eq!((count("removed"), count("orphans")), (2, 0), "{report}");
    assert_eq!(there(), [false; 6]);
    assert_eq!(fixed(&sandbox).code, Some(0));
    assert_eq!(value_of(&sandbox, "k"), "v");

    let alone = sandbox.bare_command(&["serve", "--fix"]);
    assert_eq!(Seen::of(alone).code, Some(2));
}

/// A store from elsewhere, as a repository may hold it.
#[cfg(unix)]
#[test]
fn no_store_leads_to_files_outside_of_it() {
    let sandbox = stored();
    sandbox.write("../precious", "precious");
    sandbox.write("../rc", "export A=1\n");
    let id = "0f2ac74b498b48028cb68387c421e279";
    let outside = "../".repeat(7) + "precious";
    let connection = Connection::open(database(&sandbox)).unwrap();
    let sql = "INSERT INTO _mf_entries VALUES (?1, ?2, ?3, NULL)";
    let absolute = sandbox.app().join("../precious");
    let link = "a".repeat(80);
    let add = |key: &str, value: &str, expiration: Option<i64>| {
        connection
            .execute(sql, rusqlite::params![key, value, expiration])
            .unwrap();
    };
    add("read", &outside, None);
    add("absolute", absolute.to_str().unwrap(), None);
    add("link", &link, None);
    add("expired", &outside, Some(1000));
    add("written over", &outside, None);
    add("deleted", absolute.to_str().unwrap(), None);
    let own = sandbox
        .app()
        .join(".wrangler/state/kvctl/operations.ndjson");
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    fs::remove_file(&own).ok();
    std::os::unix::fs::symlink(sandbox.app().join("../rc"), own).unwrap();
    let value = sandbox.app().join(FOLDER).join(link);
    std::os::unix::fs::symlink(sandbox.app().join("../precious"), value).unwrap();

    for key in ["read", "absolute", "link"] {
        assert_eq!(value_of(&sandbox, key), "", "{key}");
    }
    let run = |args: &[&str]| {
        let args = [&["--local", "--yes", "key"], args, &["--namespace-id", id]].concat();
        Seen::of(sandbox.bare_command(&args))
    };
    for args in [
        &["list"][..],
        &["put", "written over", "v"],
        &["delete", "deleted"],
        &["delete", "--all"],
    ] {
        let seen = run(args);
        assert_eq!(seen.code, Some(0), "{seen}");
        assert_eq!(sandbox.read("../precious"), "precious", "{seen}");
        assert_eq!(sandbox.read("../rc"), "export A=1\n", "{seen}");
    }
}

#[test]
fn nothing_is_removed_from_a_store_that_is_damaged() {
    let orphan = format!("{FOLDER}/{}", "0".repeat(80));
    let with_orphan = || {
        let sandbox = stored();
        sandbox.write(&orphan, "orphan");
        age(&sandbox, &orphan, MONTH);
        sandbox
    };
    // The value of a key may look like an orphan where its database cannot be read.
    let unreadable = with_orphan();
    let path = database(&unreadable);
    fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(100)
        .unwrap();
    for end in ["-wal", "-shm"] {
        let mut beside = path.clone().into_os_string();
        beside.push(end);
        fs::remove_file(Path::new(&beside)).ok();
    }
    let values = fs::read_dir(unreadable.app().join(FOLDER)).unwrap();
    let before = values.count();
    let seen = fixed(&unreadable);
    assert_eq!(seen.code, Some(8), "{seen}");
    let values = fs::read_dir(unreadable.app().join(FOLDER)).unwrap();
    assert_eq!(values.count(), before, "{seen}");

    let registry = with_orphan();
    registry.write(".wrangler/state/kvctl/namespaces.json", "{");
    insta::assert_snapshot!(fixed(&registry));
    assert_eq!(registry.read(&orphan), "orphan");

    // A database that is gone may be found again.
    let gone = with_orphan();
    fs::remove_dir_all(database(&gone).parent().unwrap()).unwrap();
    let seen = fixed(&gone);
    assert_eq!(seen.code, Some(8), "{seen}");
    assert_eq!(gone.read(&orphan), "orphan");
}

#[cfg(unix)]
#[test]
fn values_behind_a_link_and_those_that_were_moved_are_kept() {
    const OTHER: &str = "0f2ac74b498b48028cb68387c421e27a";
    let sandbox = stored();
    let name = "0".repeat(80);
    sandbox.write(&format!("precious/{name}"), "orphan");
    age(&sandbox, &format!("precious/{name}"), MONTH);
    let link = sandbox.app().join(".wrangler/state/v3/kv/linked");
    fs::create_dir(&link).unwrap();
    let precious = sandbox.app().join("precious");
    std::os::unix::fs::symlink(&precious, link.join("blobs")).unwrap();
    // The value of the one key, in the folder of another namespace.
    let value = fs::read_dir(sandbox.app().join(FOLDER)).unwrap().next();
    let value = value.unwrap().unwrap();
    let value = value.file_name().into_string().unwrap();
    let put = ["--local", "key", "put", "--namespace-id", OTHER, "k", "v"];
    let put = sandbox.bare_command(&put);
    assert_eq!(Seen::of(put).code, Some(0));
    let moved = format!(".wrangler/state/v3/kv/{OTHER}/blobs/{value}");
    let from = sandbox.app().join(FOLDER).join(&value);
    fs::hard_link(&from, sandbox.app().join(&moved)).unwrap();
    fs::remove_file(from).unwrap();
    age(&sandbox, &moved, MONTH);

    let seen = fixed(&sandbox);
    assert_eq!(seen.code, Some(8), "{seen}");
    seen.assert_stdout("its folder is a symbolic link");
    seen.assert_stdout("a key of another namespace");
    assert!(!seen.stdout.contains("removed"), "{seen}");
    assert_eq!(sandbox.read(&moved), "v");
    assert!(precious.join(name).exists());
}

#[test]
fn a_broken_list_of_namespaces_is_said_at_once() {
    let sandbox = stored();
    sandbox.write(".wrangler/state/kvctl/namespaces.json", "{");
    insta::assert_snapshot!(format!("{}\n{}", said(&sandbox), checked(&sandbox)));
    // While it was sound at the start, a server that runs says the same.
    sandbox.write(
        ".wrangler/state/kvctl/namespaces.json",
        r#"{"given":0,"accounts":{}}"#,
    );
    let server = Server::start(&sandbox, &[]);
    server.ok(&["namespace", "list"]);
    sandbox.write(".wrangler/state/kvctl/namespaces.json", "[");
    let listed = Seen::of(server.command(&["namespace", "list"]));
    assert_eq!(listed.code, Some(1), "{listed}");
    listed.assert_stderr("namespaces.json");
    listed.assert_stderr("kvctl serve --check");
    assert!(!listed.stderr.contains("attempts"), "{listed}");
}

/// A file system of its own that is full, if the system lets the user make one.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_at_once() {
    let sandbox = stored();
    let unshared = |script: &str| {
        let mut command = piped("unshare");
        command
            .args(["--user", "--map-root-user", "--mount", "sh", "-ec", script])
            .current_dir(sandbox.app())
            .env("HOME", sandbox.app());
        command.spawn().map(Finish::finish)
    };
    let mount = "mkdir -p full && mount -t tmpfs -o size=400k none full && cp -r .wrangler full/";
    if !unshared(mount).is_ok_and(|output| output.status.success()) {
        println!("not run: no file system can be mounted here");
        return;
    }
    let kvctl = sandbox.bare_command(&[]).get_program().to_owned();
    let kvctl = kvctl.to_str().unwrap();
    let id = "0f2ac74b498b48028cb68387c421e279";
    let put = format!("{kvctl} --local key put --namespace-id {id}");
    let fill = "cd full; head -c 1000000 /dev/zero > rest || true";
    for value in [
        "big v",
        "big --metadata '{\"a\":1}' v",
        "big --file wrangler.bin",
    ] {
        let script =
            format!("{mount}; head -c 9000 /dev/zero > full/wrangler.bin; {fill}; {put} {value}");
        let seen = Seen::of(unshared(&script).unwrap());
        assert_eq!(seen.code, Some(1), "{seen}");
        seen.assert_stderr("No space left on device");
        seen.assert_stderr(".wrangler/state");
        assert!(!seen.stderr.contains("attempts"), "{seen}");
        assert!(!seen.stderr.contains("again later"), "{seen}");
    }
}

#[cfg(unix)]
#[test]
fn no_link_within_a_store_is_followed() {
    let id = "0f2ac74b498b48028cb68387c421e279";
    let parts = |sandbox: &Sandbox| {
        let kv = sandbox.app().join(".wrangler/state/v3/kv");
        let own = kv.join(id);
        [own.join("blobs"), own, database(sandbox), kv]
    };
    for n in 0..4 {
        let sandbox = stored();
        let part = &parts(&sandbox)[n];
        let outside = sandbox.app().parent().unwrap().join("outside");
        fs::rename(part, &outside).unwrap();
        fs::os::unix::fs::symlink(&outside, part).unwrap();
        let get = ["--local", "key", "get", "--namespace-id", id, "k"];
        let put = ["--local", "key", "put", "--namespace-id", id, "k", "other"];
        let run = |args: &[&str]| Seen::of(sandbox.bare_command(args));
        let name = part.file_name().unwrap().to_str().unwrap();
        for seen in [run(&get), run(&put), refused(&sandbox, &[])] {
            assert_eq!(seen.code, Some(1), "{seen}");
            let said = format!("{name}` is a symbolic link");
            assert!(seen.stderr.contains(&said), "{said}: {seen}");
        }
        fs::remove_file(part).unwrap();
        fs::rename(&outside, part).unwrap();
        assert_eq!(run(&get).stdout, "v");
    }
}
