//! What commands say of the local store: which side of a report it is, names that it does not know, and
//! what provisioning leaves there.

use serde_json::{Value, json};

use crate::{
    provision::BIO,
    sandbox::{Sandbox, Seen},
};

const NAMED: &str = "name = \"bio\"\nmain = \"a.ts\"\nkv_namespaces = [{ binding = \"A\" }, \
                     { binding = \"T\", id = \"dev-cache\" }]\n";

fn local(sandbox: &Sandbox, args: &[&str]) -> Seen {
    Seen::of(sandbox.bare_command(&[args, &["--local"]].concat()))
}

#[track_caller]
fn expect(sandbox: &Sandbox, code: i32, args: &[&str]) -> Seen {
    let seen = local(sandbox, args);
    assert_eq!(seen.code, Some(code), "{args:?}: {seen}");
    seen
}

#[test]
fn a_report_tells_its_sides_apart() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    sandbox.expect(0, &["provision", "A"]);
    sandbox.expect(0, &["key", "put", "-b", "A", "k", "v"]);
    let copy = ["copy", "--from", "binding:A", "--to", "local:binding:A"];
    let seen = sandbox.expect(0, &[&copy[..], &["--json"]].concat());
    let report: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(report["from"]["local"], Value::Null, "{seen}");
    assert_eq!(report["to"]["local"], json!(true), "{seen}");
    let put = ["key", "put", "-b", "A", "k", "v", "--json"];
    let seen = expect(&sandbox, 0, &put);
    let report: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(report["namespace"]["local"], json!(true), "{seen}");
}

#[test]
fn reading_makes_no_local_namespace_and_writing_does() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", NAMED);
    sandbox.write("one.ndjson", "");
    expect(&sandbox, 0, &["key", "put", "-b", "A", "k", "v"]);
    for args in [
        &["key", "list", "-n", "TYPO"][..],
        &["key", "get", "-n", "TYPO", "k"],
        &["export", "-n", "TYPO", "out.ndjson"],
        &["audit", "-n", "TYPO"],
        &["diff", "binding:A", "title:TYPO"],
        &["copy", "--from", "title:TYPO", "--to", "binding:A"],
    ] {
        let seen = expect(&sandbox, 3, args);
        seen.assert_stderr("is titled `TYPO`");
    }
    let list = expect(&sandbox, 0, &["namespace", "list"]);
    assert!(!list.stdout.contains("TYPO"), "{list}");
    // The wrangler file knows one that was never used; writing makes any.
    expect(&sandbox, 0, &["key", "list", "-n", "dev-cache"]);
    expect(
        &sandbox,
        0,
        &["copy", "--from", "binding:A", "--to", "title:TYPO"],
    );
    expect(&sandbox, 0, &["key", "put", "-n", "new one", "k", "v"]);
    for title in ["TYPO", "new one"] {
        let seen = expect(&sandbox, 0, &["key", "get", "-n", title, "k"]);
        assert_eq!(seen.stdout, "v");
    }
    // What the store has without keys is there.
    expect(&sandbox, 0, &["key", "delete", "-n", "new one", "k"]);
    expect(&sandbox, 0, &["key", "list", "-n", "new one"]);
}

#[test]
fn a_title_for_a_local_entry_is_not_dropped_in_silence() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", NAMED);
    let seen = expect(&sandbox, 0, &["provision", "A=title"]);
    seen.assert_stdout("the title `title` is not used");
}

#[test]
fn a_local_namespace_with_the_bare_name_is_told_where_it_is_nobodys() {
    let sandbox = Sandbox::new();
    let bound =
        "name = \"bio\"\nmain = \"a.ts\"\nkv_namespaces = [{ binding = \"B\", id = \"M\" }]\n";
    sandbox.write("wrangler.toml", bound);
    expect(&sandbox, 0, &["key", "put", "-b", "B", "k", "v"]);
    let dry_run = ["provision", "M", "--dry-run"];
    let seen = expect(&sandbox, 0, &dry_run);
    assert!(!seen.stdout.contains("not adopted"), "{seen}");
    sandbox.write("wrangler.toml", BIO);
    expect(&sandbox, 0, &["namespace", "create", "M"]);
    let seen = expect(&sandbox, 0, &dry_run);
    seen.assert_stdout("as its `id`");
    assert!(!seen.stdout.contains("provision M=M"), "{seen}");
}

#[test]
fn a_dry_run_foresees_what_stays_in_the_local_store() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", NAMED);
    expect(&sandbox, 0, &["key", "put", "-b", "A", "k", "v"]);
    let note = "local data of `A` will stay under `A`";
    let dry_run = ["provision", "A", "--not-deployed", "--dry-run"];
    sandbox.expect(0, &dry_run).assert_stdout(note);
    let seen = sandbox.expect(0, &[&dry_run[..], &["--json"]].concat());
    seen.assert_stdout(note);
}

#[test]
fn what_is_empty_is_one_finding_and_is_filled_in_with_the_data_in_reach() {
    let sandbox = Sandbox::new();
    let file = "name = \"bio\"\nmain = \"a.ts\"\nkv_namespaces = [{ binding = \"A\", id = \"\" }, \
                { binding = \"B\", id = \"\", preview_id = \"\" }, { binding = \"T\", id = \"text\", preview_id = \"\" }]\n\
                [env.staging]\nkv_namespaces = [{ binding = \"A\", id = \"\" }]\n";
    sandbox.write("wrangler.toml", file);
    expect(&sandbox, 0, &["key", "put", "-b", "A", "k", "v"]);
    let verify = ["verify", "--all-envs", "--only", "configuration", "--json"];
    let seen = expect(&sandbox, 8, &verify);
    let report: Value = serde_json::from_str(&seen.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{seen}");
    assert_eq!(
        findings[0]["commands"],
        json!(["kvctl provision --all-envs --local"]),
        "{seen}"
    );
    let args = ["provision", "--all-envs"];
    let seen = expect(&sandbox, 0, &args);
    seen.assert_stdout("adopted  A");
    expect(&sandbox, 0, &verify);
    assert_eq!(
        expect(&sandbox, 0, &["key", "get", "-b", "A", "k"]).stdout,
        "v"
    );
    expect(&sandbox, 0, &["key", "put", "-b", "T", "k", "v"]);
    expect(&sandbox, 0, &[&args[..], &["--check"]].concat());
    let after = sandbox.read("wrangler.toml");
    assert!(
        after.contains("binding = \"A\", id = \"A\"")
            && after.contains("id = \"text\", preview_id = \"10ca110c"),
        "{after}"
    );
}

#[test]
fn remote_bindings_of_several_sections_are_one_finding() {
    let sandbox = Sandbox::new();
    let one = "kv_namespaces = [{ binding = \"A\", id = \"a\", remote = true }]\n";
    sandbox.write(
        "wrangler.toml",
        format!("name = \"bio\"\nmain = \"a.ts\"\n{one}[env.staging]\n{one}[env.prod]\n{one}"),
    );
    let seen = expect(
        &sandbox,
        0,
        &["verify", "--all-envs", "--only", "namespaces", "--json"],
    );
    let report: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(report["warned"], 1, "{seen}");
    assert_eq!(
        report["findings"][0]["sections"].as_array().unwrap().len(),
        3,
        "{seen}"
    );
}
