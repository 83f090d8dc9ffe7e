//! What kvctl says of what it did and of what it found: no more than is so.

use std::{
    io::{BufRead as _, Read as _, Write as _},
    net::TcpListener,
    process::Command,
    thread,
};

use fs_err as fs;
use kvctl::emulator::{Action, Answer, Fault};
use serde_json::Value;

use crate::{
    audit,
    sandbox::{Sandbox, Seen},
    transfer::lines,
    wait::{Finish as _, first_line, piped, send_signal, within_patience},
};

/// A project with the bindings A and B in the local store.
fn local_project() -> Sandbox {
    let sandbox = Sandbox::new();
    let bindings = "name = \"bio\"\nkv_namespaces = [{ binding = \"A\" }, { binding = \"B\" }]\n";
    sandbox.write("wrangler.toml", bindings);
    sandbox
}

#[test]
fn only_files_that_may_be_cut_unnoticed_are_said_to_be() {
    let sandbox = local_project();
    sandbox.write("array.json", r#"[{"key":"a","value":"1"}]"#);
    sandbox.write("folder/b", "2");
    sandbox.write("list.csv", "key,value\nc,3\n");
    sandbox.write("list.ndjson", "{\"key\":\"d\",\"value\":\"4\"}\n");
    for (file, is_said) in [
        ("array.json", false),
        ("folder/", false),
        ("list.csv", true),
        ("list.ndjson", true),
    ] {
        let seen = sandbox.expect(0, &["import", file, "-b", "A", "--local"]);
        assert_eq!(
            seen.stderr.contains("truncation"),
            is_said,
            "{file}: {seen}"
        );
    }
    for (file, is_said) in [("out.json", false), ("out/", false), ("out.csv", true)] {
        let seen = sandbox.expect(0, &["export", file, "-b", "A", "--local"]);
        assert_eq!(seen.stderr.contains("checksum"), is_said, "{file}: {seen}");
    }
}

#[test]
fn an_import_that_was_refused_has_nothing_to_resume() {
    let sandbox = Sandbox::new();
    sandbox.create("one");
    sandbox.write("in.ndjson", lines(3));
    let refusal = Action::Answer(Answer::new(403, "{\"success\":false,\"errors\":[]}"));
    let fault = Fault::new("PUT", "/bulk", refusal).forever();
    sandbox.emulator.fault(fault);
    let seen = sandbox.expect(4, &["import", "in.ndjson", "-n", "one"]);
    seen.assert_stderr("the import is not complete; no record was confirmed\n");
    assert!(!seen.stderr.contains("--resume"), "{seen}");
    assert!(sandbox.journals().is_empty());
}

#[test]
fn a_value_that_the_local_store_lost_is_not_waited_for() {
    let sandbox = local_project();
    sandbox.expect(0, &["key", "put", "a", "1", "-b", "A", "--local"]);
    let blobs = sandbox.app().join(".wrangler/state/v3/kv/A/blobs");
    for blob in fs::read_dir(blobs).unwrap() {
        fs::remove_file(blob.unwrap().path()).unwrap();
    }
    let seen = sandbox.expect(6, &["export", "out.ndjson", "-b", "A", "--local"]);
    assert!(!seen.stderr.contains("retrying"), "{seen}");
    seen.assert_stdout("unreadable: 1 key (`a`)");
}

#[test]
fn a_wrangler_file_beside_the_one_in_use_is_not_nearer() {
    let sandbox = local_project();
    sandbox.write(
        "wrangler.json",
        r#"{ "kv_namespaces": [{ "binding": "A" }] }"#,
    );
    let seen = sandbox.expect(0, &["key", "list", "-b", "A", "--local"]);
    seen.assert_stderr("using wrangler.json, as wrangler does, and not wrangler.toml, beside it\n");
    fs::remove_file(sandbox.app().join("wrangler.json")).unwrap();
    sandbox.write("below/wrangler.toml", "name = \"below\"\n");
    sandbox.write(
        "wrangler.json",
        r#"{ "kv_namespaces": [{ "binding": "A" }] }"#,
    );
    let seen = sandbox.expect(0, &["key", "list", "-b", "A", "--local", "--cwd", "below"]);
    seen.assert_stderr("wrangler.toml, which is nearer\n");
}

#[test]
fn one_is_not_several_and_a_bulk_put_is_no_import() {
    let sandbox = local_project();
    sandbox.write("one.json", r#"[{"key":"a","value":"1"}]"#);
    let seen = sandbox.expect(0, &["bulk", "put", "one.json", "-b", "A", "--local"]);
    assert_eq!(seen.stdout, "wrote 1 record from one.json\n");
    assert!(!seen.stderr.contains("import"), "{seen}");
    let seen = sandbox.expect(0, &["export", "one.ndjson", "-b", "A", "--local"]);
    assert_eq!(
        seen.stdout,
        "exported 1 record, 1 byte of values, to one.ndjson\n"
    );
}

#[test]
fn an_audit_that_fixed_keys_counts_them_as_they_are_now() {
    let sandbox = audit::sandbox(audit::RULES);
    let keys = ["session:1", "session:2", "cart:1"];
    for key in keys {
        sandbox.expect(0, &["key", "put", key, "x", "-b", "SESSIONS"]);
    }
    let args = ["audit", "-b", "SESSIONS", "--fix", "-y", "--json"];
    let within = ["--expiring-within", "2d"];
    // The key with another prefix is not one for `--fix`.
    let seen = sandbox.expect(8, &[&args[..], &within].concat());
    let report: Value = serde_json::from_str(&seen.stdout).unwrap();
    let after = &report["namespaces"][0];
    for (field, count) in [
        ("keys", 3),
        ("violations", 1),
        ("never_expire", 1),
        ("expiring", 2),
    ] {
        assert_eq!(after[field], count, "{field}: {seen}");
    }
    assert_eq!(after["samples"]["violations"][0]["key"], "cart:1", "{seen}");
    let top = &after["prefixes"]["top"];
    assert_eq!(top[0]["prefix"], "session:");
    assert_eq!(top[0]["never_expire"], 0);
    // As an audit that looks again says.
    let again = sandbox.expect(
        8,
        &[&["audit", "-b", "SESSIONS", "--json"], &within[..]].concat(),
    );
    let again: Value = serde_json::from_str(&again.stdout).unwrap();
    for field in [
        "keys",
        "violations",
        "by_rule",
        "never_expire",
        "expiring",
        "prefixes",
    ] {
        assert_eq!(after[field], again["namespaces"][0][field], "{field}");
    }
}

#[test]
fn a_worker_without_a_word_is_not_quoted_and_a_local_one_has_no_tail() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let worker = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let asked = stream.read(&mut [0; 4096]).unwrap();
        assert!(asked > 0);
        let answer = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).unwrap();
    });
    let sandbox = local_project();
    let args = ["verify", "--local", "--only", "worker", "--worker", &url];
    let seen = sandbox.expect(8, &args);
    worker.join().unwrap();
    seen.assert_stdout("503 Service Unavailable, expected 2xx\n");
    seen.assert_stdout("check the output of `wrangler dev` for errors");
    assert!(
        !seen.stdout.contains("``") && !seen.stdout.contains("tail"),
        "{seen}"
    );
    // Nobody listens any more.
    let seen = sandbox.expect(8, &args);
    seen.assert_stdout("check the URL, and that `wrangler dev` runs\n");
}

#[test]
fn a_file_in_no_folder_is_refused_before_anything_else() {
    let sandbox = local_project();
    sandbox.write("file", "");
    for (path, said) in [
        ("file/out.ndjson", "error: `file` is a file, not a folder\n"),
        (
            "none/out.ndjson",
            "error: the folder `none` does not exist\n",
        ),
    ] {
        let seen = sandbox.expect(2, &["export", path, "-b", "A", "--local"]);
        assert!(seen.stderr.starts_with(said), "{seen}");
        assert!(!seen.stderr.contains("--resume"), "{seen}");
    }
}

#[test]
fn the_lines_of_a_server_are_for_the_shell_of_the_system() {
    let sandbox = Sandbox::new();
    let mut serve = sandbox.bare_command(&["serve", "--port", "0", "--memory"]);
    let mut child = serve.spawn().unwrap();
    let (line, _) = first_line(child.stdout.take().unwrap());
    assert!(send_signal(&child, "-KILL"));
    child.finish();
    let start = if cfg!(windows) {
        "$env:CLOUDFLARE_API_BASE_URL = 'http://127.0.0.1:"
    } else {
        "export CLOUDFLARE_API_BASE_URL=http://127.0.0.1:"
    };
    assert!(line.starts_with(start), "{line}");
}

/// Starts a server with the words that follow `serve`, and returns its lines, and what a shell that
/// takes them says to a script.
#[cfg(unix)]
fn in_a_shell_with_its_lines(sandbox: &Sandbox, args: &[&str], script: &str) -> (String, Seen) {
    let args = [&["serve", "--port", "0", "--memory"], args].concat();
    let mut child = sandbox.bare_command(&args).spawn().unwrap();
    let (first, rest) = first_line(child.stdout.take().unwrap());
    let more: Vec<String> = within_patience("lines", || {
        let lines = rest.lines().take(2);
        lines.map(|line| line.unwrap() + "\n").collect()
    });
    let lines = first + &more.concat();
    let kvctl = sandbox.bare_command(&[]).get_program().to_owned();
    let mut shell: Command = piped("sh");
    shell
        .arg("-c")
        .arg(format!("{lines}{script}"))
        .env_clear()
        .env("KVCTL", kvctl)
        .env("HOME", sandbox.home().to_string())
        .current_dir(sandbox.app());
    let seen = Seen::of(shell);
    assert!(send_signal(&child, "-TERM"));
    child.finish();
    (lines, seen)
}

#[cfg(unix)]
#[test]
fn the_lines_of_a_server_suffice_for_a_client() {
    let sandbox = Sandbox::new();
    sandbox.write("my token", "from-a-file\n");
    let script = "\"$KVCTL\" namespace create one --json && \"$KVCTL\" namespace list";
    for args in [
        &[][..],
        &["--token", "$mine*"],
        &["--token-file", "my token"],
    ] {
        let (lines, seen) = in_a_shell_with_its_lines(&sandbox, args, script);
        assert_eq!(seen.code, Some(0), "{args:?}: {seen}");
        seen.assert_stdout("one");
        // A token in a file stays there.
        assert!(!lines.contains("from-a-file"), "{lines}");
    }
}

#[test]
fn a_binding_where_a_file_is_taken_is_written_as_one() {
    let sandbox = local_project();
    let seen = sandbox.expect(2, &["diff", "A", "B", "--prefix", "p:", "--local"]);
    seen.assert_stderr("error: there is no file `A`\n");
    let command = "diff binding:A binding:B --prefix p: --local";
    seen.assert_stderr(format!("run `kvctl {command}`"));
    sandbox.expect(0, &command.split(' ').collect::<Vec<_>>());
    let seen = sandbox.expect(2, &["diff", "A", "B@staging", "--local"]);
    seen.assert_stderr("run `kvctl diff binding:A binding:B@staging --local`");
    sandbox.write("a.ndjson", "");
    let seen = sandbox.expect(2, &["diff", "a.ndjson", "A", "--local"]);
    seen.assert_stderr("run `kvctl diff a.ndjson binding:A --local`");
    let line = "diff A b.ndjson --format ndjson --hidden --local";
    let seen = sandbox.expect(2, &line.split(' ').collect::<Vec<_>>());
    seen.assert_stderr("run `kvctl diff binding:A b.ndjson --format ndjson --hidden --local`");
    for (line, command) in [
        (
            "copy --from A --to binding:B --local",
            "copy --from binding:A --to binding:B --local",
        ),
        (
            "copy A B --prefix p: --local",
            "copy binding:A binding:B --prefix p: --local",
        ),
    ] {
        let seen = sandbox.expect(2, &line.split(' ').collect::<Vec<_>>());
        seen.assert_stderr(format!("hint: run `kvctl {command}`\n"));
        sandbox.expect(0, &command.split(' ').collect::<Vec<_>>());
    }
    let seen = sandbox.expect(2, &["copy", "A", "a.ndjson", "--local", "--json"]);
    seen.assert_stderr("`a.ndjson` is a file, not a namespace");
    seen.assert_stderr("\"commands\":[]");
}

#[test]
fn a_refusal_about_many_ids_names_all_of_them() {
    let sandbox = Sandbox::new();
    let bindings = "name = \"bio\"\nkv_namespaces = [{ binding = \"A\" }, { binding = \"B\" }]\n";
    sandbox.write("wrangler.toml", bindings);
    sandbox.expect(0, &["provision"]);
    let seen = sandbox.expect(9, &["provision", "A=other-a", "B=other-b"]);
    let file = sandbox.read("wrangler.toml");
    let ids: Vec<&str> = file.split('"').filter(|text| text.len() == 32).collect();
    let hint = seen.stderr.lines().last().unwrap();
    let command = crate::hints::commands(hint).next().unwrap();
    for id in &ids {
        assert!(command.contains(&format!("--replace-id {id}")), "{seen}");
    }
    let words: Vec<&str> = command.split(' ').skip(1).chain(["-y"]).collect();
    sandbox.expect(0, &words);
    let file = sandbox.read("wrangler.toml");
    let ids: Vec<&str> = file.split('"').filter(|text| text.len() == 32).collect();
    let seen = sandbox.expect(
        9,
        &[
            "provision",
            "A",
            "--replace-id",
            ids[0],
            "--replace-id",
            ids[1],
        ],
    );
    seen.assert_stderr(format!("{}, {}", ids[0], ids[1]));
}

#[test]
fn a_permission_is_named_as_on_the_page_that_gives_it() {
    let sandbox = Sandbox::new();
    let seen = Seen::of(sandbox.bare_command(&["namespace", "list"]));
    seen.assert_stderr(
        "`Workers KV Storage: Edit` on https://dash.cloudflare.com/profile/api-tokens",
    );
}
