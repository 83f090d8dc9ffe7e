//! `kvctl serve` and `--local` on stores that are not as they should be.

use fs_err as fs;
use rusqlite::Connection;
use serde_json::Value;

use crate::{
    sandbox::{Sandbox, Seen},
    serve::refused,
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
    let seen = sandbox.see(sandbox.bare_command(&put).output().unwrap());
    assert_eq!(seen.code, Some(0), "{seen}");
    sandbox
}

/// What reading and writing it says, and what serving it says.
fn said(sandbox: &Sandbox) -> String {
    let id = "0f2ac74b498b48028cb68387c421e279";
    let get = ["--local", "key", "get", "--namespace-id", id, "k"];
    let put = ["--local", "key", "put", "--namespace-id", id, "k", "other"];
    let run = |args: &[&str]| sandbox.see(sandbox.bare_command(args).output().unwrap());
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
    sandbox.see({ check }.output().unwrap())
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
    let old = sandbox.app().join(folder).join(&names[0]);
    let old = fs::File::options().write(true).open(old).unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    old.file().set_modified(long_ago).unwrap();
    insta::assert_snapshot!(checked(&sandbox));
    let json = sandbox.bare_command(&["serve", "--check", "--json"]);
    let json = sandbox.see({ json }.output().unwrap());
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
