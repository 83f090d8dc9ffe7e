//! A stdout that nobody reads, or that cannot be written: no failure is turned into a success by it.

use std::process::Stdio;

use fs_err as fs;
use kvctl::emulator::{Action, Fault, Keys};

use crate::{
    sandbox::{Sandbox, Seen},
    transfer::sandbox,
    wait::Finish as _,
};

/// Where stdout leads.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Broken {
    /// To a pipe whose reader went away.
    Closed,
    /// To a disk that is full.
    #[cfg(target_os = "linux")]
    Full,
}

impl Broken {
    const ALL: &[Self] = &[
        Self::Closed,
        #[cfg(target_os = "linux")]
        Self::Full,
    ];

    fn stdout(self) -> Stdio {
        match self {
            Self::Closed => {
                let (reader, writer) = std::io::pipe().unwrap();
                drop(reader);
                writer.into()
            }
            #[cfg(target_os = "linux")]
            Self::Full => {
                let full = fs::OpenOptions::new().write(true).open("/dev/full");
                full.unwrap().into_parts().0.into()
            }
        }
    }

    /// How a command ends that did what it was asked to.
    fn code(self) -> i32 {
        match self {
            Self::Closed => 0,
            #[cfg(target_os = "linux")]
            Self::Full => 1,
        }
    }
}

fn code(sandbox: &Sandbox, args: &[&str], stdout: Broken, variables: &[(&str, &str)]) -> i32 {
    let mut command = sandbox.command(args);
    command
        .envs(variables.iter().copied())
        .stdout(stdout.stdout());
    let seen = Seen::of(command);
    seen.code.unwrap_or_else(|| panic!("{args:?} {seen}"))
}

/// Two keys in the namespace `one`, a folder and a file of other ones, and a project.
fn prepared() -> Sandbox {
    let sandbox = sandbox(&["one", "two"]);
    sandbox.write(
        "in.json",
        r#"[{"key":"a","value":"1"},{"key":"b","value":"2"}]"#,
    );
    sandbox.write("keys.json", r#"["a","b"]"#);
    sandbox.write("folder/a", "other");
    sandbox.write(
        "wrangler.toml",
        "name = \"bio\"\n[[kv_namespaces]]\nbinding = \"A\"\n",
    );
    sandbox.write(
        "rules/kvctl.toml",
        "[[namespace]]\nbinding = \"A\"\ntitle = \"one\"\nttl = { required = true }\n",
    );
    sandbox.write("rules/wrangler.toml", {
        let listed = sandbox.command(&["namespace", "list"]).finish();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let line = listed.lines().find(|line| line.ends_with("\tone"));
        let (id, _) = line.and_then(|line| line.split_once('\t')).unwrap();
        format!("name = \"bio\"\n[[kv_namespaces]]\nbinding = \"A\"\nid = \"{id}\"\n")
    });
    sandbox.expect(0, &["bulk", "put", "in.json", "-n", "one"]);
    sandbox
}

/// A command, what the service does wrong, variables, and how it ends.
type Failure<'a> = (&'a [&'a str], Option<Fault>, &'a [(&'a str, &'a str)], i32);

#[test]
fn a_failure_stays_one() {
    let fails = |method: &str, path: &str| {
        let keys = Keys::Named(vec!["a".to_owned()]);
        Fault::new(method, path, Action::Unsuccessful(keys)).forever()
    };
    let write = || Some(fails("PUT", "/bulk"));
    let delete = || Some(fails("POST", "/bulk/delete"));
    let actions: &[(&str, &str)] = &[("GITHUB_ACTIONS", "true")];
    let cases: &[Failure] = &[
        (&["import", "in.json", "-n", "two"], write(), &[], 6),
        (&["bulk", "put", "in.json", "-n", "two"], write(), &[], 6),
        (&["sync", "folder", "-n", "one"], write(), &[], 6),
        (
            &["copy", "--from", "title:one", "--to", "title:two"],
            write(),
            &[],
            6,
        ),
        (
            &["key", "delete", "--prefix", "a", "-n", "one", "-y"],
            delete(),
            &[],
            6,
        ),
        (
            &["key", "delete", "a", "b", "-n", "one", "-y"],
            delete(),
            &[],
            6,
        ),
        (
            &["bulk", "delete", "keys.json", "-n", "one", "-y"],
            delete(),
            &[],
            6,
        ),
        (&["diff", "in.json", "title:two"], None, &[], 8),
        (&["audit", "--cwd", "rules"], None, &[], 8),
        (&["audit", "--cwd", "rules", "--ndjson"], None, &[], 8),
        (&["audit", "--cwd", "rules", "--json"], None, &[], 8),
        (&["provision", "--check"], None, &[], 8),
        (&["scaffold", "--check"], None, &[], 8),
        (&["verify"], None, &[], 8),
        (&["verify"], None, actions, 8),
        (&["verify", "--json"], None, actions, 8),
        (&["doctor", "--ca-file", "none.pem"], None, &[], 8),
        (&["namespace", "get", "none"], None, &[], 3),
    ];
    for (args, fault, variables, expected) in cases {
        for stdout in Broken::ALL {
            let sandbox = prepared();
            if let Some(fault) = fault {
                sandbox.emulator.fault(fault.clone());
            }
            let args = [args, &["--retries", "0"][..]].concat();
            let code = code(&sandbox, &args, *stdout, variables);
            assert_eq!(code, *expected, "{args:?} {stdout:?}");
        }
    }
}

#[test]
fn a_result_that_could_not_be_written_is_an_error_unless_nobody_wanted_it() {
    let cases: &[&[&str]] = &[
        &["namespace", "list"],
        &["namespace", "list", "--json"],
        &["namespace", "get", "one"],
        &["key", "list", "-n", "one"],
        &["key", "list", "-n", "one", "--json"],
        &["key", "list", "-n", "one", "--ndjson"],
        &["key", "get", "a", "-n", "one"],
        &["key", "get", "a", "-n", "one", "--json"],
        &["key", "put", "c", "3", "-n", "one"],
        &["key", "delete", "none", "-n", "one"],
        &["bulk", "get", "keys.json", "-n", "one"],
        &["export", "-", "-n", "one"],
        &["export", "out.csv", "-n", "one"],
        &["import", "in.json", "-n", "one"],
        &["diff", "in.json", "in.json"],
        &["audit", "-n", "one"],
        &["audit", "-n", "one", "--ndjson"],
        &["provision", "--dry-run"],
        &["doctor"],
        &["completions", "bash"],
    ];
    let sandbox = prepared();
    for args in cases {
        for stdout in Broken::ALL {
            fs::remove_file(sandbox.app().join("out.csv")).ok();
            let code = code(&sandbox, args, *stdout, &[]);
            assert_eq!(code, stdout.code(), "{args:?} {stdout:?}");
        }
    }
}
