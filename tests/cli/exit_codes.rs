//! What scripts learn of inputs that are not there, and of flags that turn out to be wrong late.

use crate::sandbox::{Sandbox, Seen};

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.expect(0, &["namespace", "create", "one"]);
    sandbox.write("data.txt", "text");
    sandbox
}

/// Runs each line of arguments and asserts how it ends, and that nothing was written or deleted.
fn assert_ends(code: i32, lines: &[&str]) {
    let sandbox = sandbox();
    let before = sandbox.emulator.log().len();
    for line in lines {
        let args: Vec<&str> = line.split(' ').collect();
        let seen = sandbox.run(&args);
        assert_eq!(seen.code, Some(code), "{line}: {seen}");
        assert!(seen.stderr.starts_with("error: "), "{line}: {seen}");
    }
    let log = sandbox.emulator.log();
    let after = &log[before..];
    assert!(after.iter().all(|it| it.method == "GET"), "{after:?}");
}

#[test]
fn an_input_that_is_not_there_is_a_wrong_value() {
    assert_ends(
        2,
        &[
            "import none.ndjson -n one",
            "import none/ -n one",
            "import . --format ndjson -n one",
            "sync none -n one",
            "sync data.txt -n one",
            "diff none.ndjson title:one",
            "diff title:one none.csv",
            "key put k --file none -n one",
            "key put k --file . -n one",
            "bulk put none.json -n one",
            "bulk get none.json -n one",
            "bulk delete none.json --force -n one",
            "bulk delete . --force -n one",
            "serve --memory --port 0 --fault none.toml",
            "--ca-file none namespace list",
            "--cwd none namespace list",
            "scaffold none",
            "man data.txt",
        ],
    );
}

#[test]
fn a_format_that_no_ending_tells_is_a_wrong_value() {
    assert_ends(
        2,
        &[
            "import data.txt -n one",
            "export out.txt -n one",
            "diff data.txt title:one",
        ],
    );
}

#[test]
fn an_output_that_cannot_be_is_a_wrong_value() {
    assert_ends(
        2,
        &[
            "export none/out.ndjson -n one",
            "key get k -o . -n one",
            "key get k -o . -n one --yes",
        ],
    );
    let sandbox = sandbox();
    sandbox.write("wrangler.toml", "name = \"w\"\n");
    sandbox.expect(2, &["provision", "KV", "--out", "wrangler.toml"]);
    for backup in ["b.txt", "none/b.ndjson"] {
        let delete = ["namespace", "delete", "one", "--confirm", "one", "--backup"];
        sandbox.expect(2, &[&delete[..], &[backup]].concat());
    }
    assert_eq!(sandbox.emulator.requests("DELETE"), 0);
}

#[test]
fn a_token_file_that_is_not_there_is_a_lack_of_credentials() {
    assert_ends(
        4,
        &[
            "--token-file none namespace list",
            "serve --memory --port 0 --token-file none",
        ],
    );
}

#[test]
fn a_wrangler_file_that_is_not_there_is_a_matter_of_configuration() {
    assert_ends(
        5,
        &[
            "-c none.toml key list --binding KV",
            "-c none.toml provision",
        ],
    );
}

#[test]
fn credentials_that_no_header_can_carry_are_a_lack_of_credentials() {
    let sandbox = sandbox();
    let mut command = sandbox.bare_command(&["namespace", "list"]);
    command.env(
        "CLOUDFLARE_API_KEY",
        "0123456789abcdef0123456789abcdef01234",
    );
    command.env("CLOUDFLARE_EMAIL", "a\u{1}b@example.com");
    let seen = Seen::of(command);
    assert_eq!(seen.code, Some(4), "{seen}");
}

#[test]
fn what_an_interrupted_export_left_is_not_overwritten_unasked() {
    let sandbox = sandbox();
    sandbox.write("out.ndjson.part", "{\"kvctl\":");
    let seen = sandbox.expect(9, &["export", "out.ndjson", "-n", "one"]);
    seen.assert_stderr("hint: pass `--resume`");
    sandbox.write("out.ndjson.part", "text\n");
    sandbox.expect(9, &["export", "out.ndjson", "-n", "one", "--resume"]);
    assert_eq!(sandbox.read("out.ndjson.part"), "text\n");
}

#[test]
fn a_name_without_a_file_is_not_called_a_file() {
    let sandbox = sandbox();
    let seen = sandbox.run(&["copy", "--from", "none", "--to", "title:one"]);
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(
        seen.stderr.contains("`none` does not name a namespace"),
        "{seen}"
    );
    let seen = sandbox.run(&["copy", "--from", "data.txt", "--to", "title:one"]);
    assert!(seen.stderr.contains("`data.txt` is a file"), "{seen}");
}
