//! `--local`: the same commands, without an account.

use crate::{
    provision::BIO,
    sandbox::{Sandbox, Seen},
    wait::wait_until,
};

fn run(sandbox: &Sandbox, args: &[&str]) -> Seen {
    Seen::of(sandbox.bare_command(args))
}

#[test]
fn the_local_store_needs_no_account_and_remembers() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    insta::assert_snapshot!(run(&sandbox, &["provision", "--local"]));
    let again = run(&sandbox, &["provision", "--local", "--check"]);
    assert_eq!(again.code, Some(0), "{again}");
    insta::assert_snapshot!(run(&sandbox, &["namespace", "list", "--local"]));
    // Another directory is another store.
    let elsewhere = run(
        &sandbox,
        &["namespace", "list", "--local", "--persist-to", "elsewhere"],
    );
    assert_eq!(elsewhere.stdout, "", "{elsewhere}");
    assert_eq!(sandbox.emulator.log().len(), 0);
}

#[test]
fn local_ids_are_placeholders_to_the_remote_service() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    assert_eq!(
        run(&sandbox, &["provision", "SESSIONS", "--local"]).code,
        Some(0)
    );
    let local = sandbox.read("wrangler.toml");
    assert!(local.contains("10ca110c"), "{local}");
    sandbox.expect(0, &["provision"]);
    let remote = sandbox.read("wrangler.toml");
    assert!(!remote.contains("10ca110c"), "{remote}");
    // And remote ids are not touched by a local run: `wrangler dev` uses them as they are.
    let seen = run(&sandbox, &["provision", "--local"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(sandbox.read("wrangler.toml"), remote);
}

/// However it is named, and whatever it holds: the title that `namespace list` shows is the one to confirm.
#[test]
fn a_local_namespace_keeps_its_title_when_it_holds_data() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    let run = |code: i32, args: &[&str]| {
        let seen = run(&sandbox, &[args, &["--local"]].concat());
        assert_eq!(seen.code, Some(code), "{args:?}: {seen}");
        seen
    };
    run(0, &["provision", "SESSIONS"]);
    let file = sandbox.read("wrangler.toml");
    let id = &file[file.find("10ca110c").unwrap()..][..32];
    for put in [false, true] {
        if put {
            run(0, &["key", "put", "k", "v", "-b", "SESSIONS"]);
        }
        for named in [
            ["-b", "SESSIONS"],
            ["-n", "bio-SESSIONS"],
            ["--namespace-id", id],
        ] {
            let seen = run(0, &[&["namespace", "get", "--json"][..], &named].concat());
            seen.assert_stdout("\"title\": \"bio-SESSIONS\"");
            let delete = ["namespace", "delete", "--dry-run"];
            let seen = run(0, &[&delete[..], &named].concat());
            assert_eq!(
                seen.stdout,
                format!("dry run: would delete bio-SESSIONS {id}\n")
            );
        }
        let list = run(0, &["namespace", "list"]);
        assert_eq!(list.stdout, format!("{id}\tbio-SESSIONS\n"));
    }
    let delete = ["key", "delete", "--all", "-b", "SESSIONS", "--confirm"];
    run(0, &[&delete[..], &["bio-SESSIONS"]].concat());
    let seen = run(3, &["namespace", "get", "-n", "bio-SESSION"]);
    seen.assert_stderr("no namespace of the local store is titled `bio-SESSION`");
}

/// `wrangler dev` and `wrangler kv --local` refuse an `id` that is empty, and take one that is missing.
#[test]
fn an_empty_id_fails_the_local_verification_too() {
    let sandbox = Sandbox::new();
    let verify = ["verify", "--local", "--only", "configuration"];
    for (ids, code) in [("", 0), (", id = \"x\"", 0), (", id = \"\"", 8)] {
        let entry = format!("kv_namespaces = [{{ binding = \"KV\"{ids} }}]\n");
        sandbox.write("wrangler.toml", format!("name = \"bio\"\n{entry}"));
        let seen = run(&sandbox, &verify);
        assert_eq!(seen.code, Some(code), "{ids}: {seen}");
        if code == 8 {
            seen.assert_stdout("`id` is empty, which wrangler refuses");
            seen.assert_stdout("wrangler.toml:2:");
            seen.assert_stdout("run `kvctl provision KV --local` to fill in what is missing");
        }
    }
}

#[test]
fn two_local_runs_at_once_share_one_registry() {
    let sandbox = Sandbox::new();
    let args = ["--persist-to", "../store", "--local"];
    let children: Vec<_> = (0..8)
        .map(|i| {
            let title = format!("n{i}");
            let args = ["namespace", "create", &title]
                .into_iter()
                .chain(args)
                .collect::<Vec<_>>();
            sandbox.bare_command(&args).spawn().unwrap()
        })
        .collect();
    for child in children {
        let seen = Seen::of(child);
        assert_eq!(seen.code, Some(0), "{seen}");
    }
    let listed = run(
        &sandbox,
        &["namespace", "list", "--local", "--persist-to", "../store"],
    );
    assert_eq!(listed.stdout.lines().count(), 8, "{listed}");
}

/// The ports that a process listens on.
#[cfg(target_os = "linux")]
fn ports_of(pid: u32) -> Vec<u16> {
    let Ok(files) = fs_err::read_dir(format!("/proc/{pid}/fd")) else {
        return Vec::new();
    };
    let sockets: Vec<String> = files
        .filter_map(|file| {
            let link = fs_err::read_link(file.ok()?.path()).ok()?;
            let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
            Some(inode.to_owned())
        })
        .collect();
    let table = fs_err::read_to_string("/proc/net/tcp").unwrap();
    let lines = table.lines().map(|line| line.split_whitespace().collect());
    lines
        .filter_map(|fields: Vec<&str>| {
            let [_, address, _, state, _, _, _, _, _, inode, ..] = fields[..] else {
                return None;
            };
            let is_own = state == "0A" && sockets.iter().any(|socket| socket == inode);
            let port = address.split_once(':').filter(|_| is_own)?.1;
            u16::from_str_radix(port, 16).ok()
        })
        .collect()
}

#[cfg(target_os = "linux")]
#[test]
fn while_a_local_run_waits_its_port_lets_nobody_else_in() {
    let sandbox = Sandbox::new();
    let id = "0f2ac74b498b48028cb68387c421e279";
    let put = ["--local", "key", "put", "--namespace-id", id, "k", "s3cret"];
    let seen = run(&sandbox, &put);
    assert_eq!(seen.code, Some(0), "{seen}");
    // It waits for the service, and has the local store open meanwhile.
    sandbox.emulator.latency(std::time::Duration::from_mins(10));
    let from = format!("local:id:{id}");
    let copy = [
        "copy",
        "--from",
        &from,
        "--to",
        "title:other",
        "-vv",
        "--yes",
    ];
    let mut child = sandbox.command(&copy).spawn().unwrap();
    wait_until("it listens", || !ports_of(child.id()).is_empty());
    let port = ports_of(child.id())[0];
    let value =
        format!("accounts/10ca110c000000000000000000000000/storage/kv/namespaces/{id}/values/k");
    for authorization in [
        "",
        "authorization: Bearer any\r\n",
        "x-auth-key: a\r\nx-auth-email: a\r\n",
    ] {
        for method in ["GET", "PUT"] {
            let request = format!(
                "{method} /client/v4/{value} HTTP/1.1\r\nhost: 127.0.0.1\r\n{authorization}\
                 content-length: 0\r\nconnection: close\r\n\r\n"
            );
            let answer = crate::serve::ask(("127.0.0.1", port), request.as_bytes()).unwrap();
            let status = answer.split(' ').nth(1).unwrap();
            assert!(["400", "401", "403"].contains(&status), "{answer}");
            assert!(!answer.contains("s3cret"), "{answer}");
        }
    }
    child.kill().unwrap();
    let seen = Seen::of(child);
    // No token of any kind is told, not even one that is of no use any more.
    let long = |word: &str| word.len() > 40 && !word.contains('/');
    let told = seen.stderr.split_whitespace().find(|word| long(word));
    assert_eq!(told, None, "{seen}");
    let get = ["--local", "key", "get", "--namespace-id", id, "k"];
    assert_eq!(run(&sandbox, &get).stdout, "s3cret");
}

#[test]
fn a_list_of_namespaces_that_cannot_be_written_is_tried_once() {
    let sandbox = Sandbox::new();
    let lock = sandbox.app().join(".wrangler/state/kvctl/namespaces.lock");
    fs_err::create_dir_all(lock).unwrap();
    let seen = run(&sandbox, &["namespace", "create", "T", "--local", "-vv"]);
    assert_eq!(seen.code, Some(1), "{seen}");
    let sent = seen.stderr.lines().filter(|line| line.starts_with("POST "));
    assert_eq!(sent.count(), 1, "{seen}");
    seen.assert_stderr("namespaces.lock");
    // Nothing is damaged.
    assert!(!seen.stderr.contains("--check"), "{seen}");
}

#[cfg(unix)]
#[test]
fn a_store_that_a_link_leads_out_of_the_project_is_used_and_noted() {
    for link in [".wrangler", ".wrangler/state"] {
        let sandbox = Sandbox::new();
        let outside = sandbox.app().parent().unwrap().join("outside");
        fs_err::create_dir(&outside).unwrap();
        let link = sandbox.app().join(link);
        fs_err::create_dir_all(link.parent().unwrap()).unwrap();
        fs_err::os::unix::fs::symlink(&outside, &link).unwrap();
        let create = ["namespace", "create", "T", "--local"];
        let seen = run(&sandbox, &create);
        assert_eq!(seen.code, Some(0), "{seen}");
        let said = seen.stderr.matches("is a link out of the project");
        assert_eq!(said.count(), 1, "{seen}");
        seen.assert_stderr("/outside");

        // What is named is meant.
        let state = sandbox.app().join(".wrangler/state");
        let named = [
            "namespace",
            "list",
            "--local",
            "--persist-to",
            state.to_str().unwrap(),
        ];
        let seen = run(&sandbox, &named);
        assert_eq!(seen.code, Some(0), "{seen}");
        assert!(
            seen.stdout.contains('T') && !seen.stderr.contains("link"),
            "{seen}"
        );
    }
}

#[test]
fn a_local_store_that_would_not_be_used_is_refused() {
    let sandbox = Sandbox::new();
    let put = [
        "key",
        "put",
        "k",
        "v",
        "--namespace-id",
        "x",
        "--persist-to",
        "st",
    ];
    let seen = sandbox.expect(2, &put);
    seen.assert_stderr("hint: add `--local` to use that store, or leave out `--persist-to`");
    let seen = sandbox.expect(2, &[put.as_slice(), &["--remote"]].concat());
    seen.assert_stderr("hint: give `--local` in place of `--remote`");
    assert_eq!(sandbox.emulator.log().len(), 0);
    for more in ["--local", "--remote=false"] {
        sandbox.expect(0, &[put.as_slice(), &[more]].concat());
    }
    let from_store = ["copy", "local:id:x", "local:id:y", "--persistTo", "st"];
    sandbox.expect(0, &from_store);
}

#[test]
fn a_path_is_said_without_needless_parts() {
    let sandbox = Sandbox::new();
    let create = [
        "namespace",
        "create",
        "a",
        "--local",
        "--persist-to",
        "./st/./x",
    ];
    let seen = sandbox.expect(0, &create);
    seen.assert_stderr(format!("local, {}\n", sandbox.shown("app/st/x")));
    // A folder stays one: no file of that name is written.
    sandbox.expect(0, &["key", "put", "k", "v", "-n", "a", "--local"]);
    sandbox.expect(
        1,
        &["key", "get", "k", "-n", "a", "--local", "-o", "./none/"],
    );
    assert!(!sandbox.app().join("none").exists());
}

#[test]
fn refusals_of_the_local_store_speak_of_no_account() {
    let sandbox = Sandbox::new();
    let id = "0f2ac74b498b48028cb68387c421e279";
    let rename = ["namespace", "rename", "--namespace-id", id, "--to", "x"];
    let seen = run(&sandbox, &[&rename[..], &["--local"]].concat());
    insta::assert_snapshot!(seen.stderr, @"
    error: could not look up the namespace
      because: the local store refused the request: get namespace: 'namespace not found' [code 10013]
    hint: run `kvctl namespace list --local` to see the namespaces of the local store
    ");
    let seen = run(&sandbox, &[&rename[..], &["--local", "--json"]].concat());
    let last = seen.stderr.lines().last().unwrap();
    let error: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!(error["cf_ray"], serde_json::Value::Null, "{error}");
    sandbox.write(
        "wrangler.toml",
        "name = \"bio\"\n[[kv_namespaces]]\nbinding = \"A\"\n",
    );
    let title = ["rename-binding", "A", "B", "--title", "--local"];
    insta::assert_snapshot!(run(&sandbox, &title).stderr, @"
    error: A, the id of `A` at the top level, is not in the local store
    hint: omit `--title`: nothing was stored under that name yet
    ");
}
