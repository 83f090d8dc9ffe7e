//! What `protect = true` holds off: every way of deleting or overwriting more than one key, or a whole
//! namespace, at the service and in the local store.

use std::{io::Write as _, process::Stdio};

use clap::{Command, CommandFactory as _};

use crate::sandbox::{Sandbox, Seen, at_once};

/// All ways, with what each reads from stdin.
const WAYS: &[(&str, &str)] = &[
    ("key delete a b -b ONE", ""),
    ("key delete a b -n app-ONE", ""),
    ("key delete a absent -b ONE", ""),
    ("key delete a b -b ONE --must-exist", ""),
    ("key delete --stdin -b ONE", "a\n"),
    ("key delete --prefix a -b ONE", ""),
    ("key delete --prefix a -b ONE --resume", ""),
    ("key delete --all -b ONE", ""),
    ("bulk delete keys.json -b ONE", ""),
    ("bulk put put.json -b ONE", ""),
    ("import put.json -b ONE", ""),
    ("copy binding:TWO binding:ONE", ""),
    ("sync tree -b ONE", ""),
    ("sync empty -b ONE --delete --allow-empty", ""),
    ("audit -b ONE --fix --ttl 1d", ""),
    ("namespace delete -b ONE", ""),
    ("namespace delete app-ONE", ""),
];

const RULES: &str = "[[namespace]]\nbinding = \"ONE\"\nttl = { required = true }\nprotect = true\n";

/// A project of which `ONE` is protected and has two keys.
fn setting(place: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"app\"\nmain = \"index.ts\"\n");
    sandbox.write("kvctl.toml", RULES);
    sandbox.write("keys.json", "[\"a\"]");
    sandbox.write("put.json", "[{\"key\":\"a\",\"value\":\"new\"}]");
    sandbox.write("tree/a", "new");
    fs_err::create_dir(sandbox.app().join("empty")).unwrap();
    let run = |args: &[&str]| drop(sandbox.expect(0, &[args, place].concat()));
    run(&["provision", "ONE", "TWO"]);
    for key in ["a", "b"] {
        run(&["key", "put", key, "old", "-b", "ONE"]);
    }
    run(&["key", "put", "a", "new", "-b", "TWO"]);
    sandbox
}

fn attempt(sandbox: &Sandbox, way: (&str, &str), more: &[&str]) -> Seen {
    let words: Vec<&str> = way.0.split(' ').collect();
    let mut command = sandbox.command(&[&words, more].concat());
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(way.1.as_bytes()).ok();
    drop(pipe);
    Seen::of(child)
}

/// The keys and values of `ONE`, as an export has them.
fn content(sandbox: &Sandbox, place: &[&str]) -> String {
    let args = ["export", "-", "-b", "ONE", "--format", "csv"];
    sandbox.expect(0, &[&args, place].concat()).stdout
}

fn every_way_is_guarded(place: &'static [&'static str]) {
    at_once(WAYS, |way| {
        let sandbox = setting(place);
        let before = content(&sandbox, place);
        let attempt = |more: &[&str]| attempt(&sandbox, *way, &[more, place].concat());
        let seen = attempt(&["--yes"]);
        assert_eq!(seen.code, Some(9), "{way:?}: {seen}");
        seen.assert_stderr("kvctl.toml protects `app-ONE`; nothing was ");
        seen.assert_stderr("--confirm app-ONE");
        let seen = attempt(&["--yes", "--confirm", "ONE"]);
        assert_eq!(seen.code, Some(9), "{way:?}: {seen}");
        seen.assert_stderr("does not match the title `app-ONE`");
        // Rules that cannot be read may protect it.
        sandbox.write("kvctl.toml", RULES.replace("true\n", "\n"));
        let seen = attempt(&["--yes"]);
        assert_eq!(seen.code, Some(5), "{way:?}: {seen}");
        seen.assert_stderr("kvctl.toml:4:");
        sandbox.write("kvctl.toml", RULES);
        assert_eq!(content(&sandbox, place), before, "{way:?}");
        let seen = attempt(&["--confirm", "app-ONE"]);
        assert_eq!(seen.code, Some(0), "{way:?}: {seen}");
    });
}

#[test]
fn nothing_protected_goes_at_the_service_without_its_title() {
    every_way_is_guarded(&[]);
}

#[test]
fn nothing_protected_goes_in_the_local_store_without_its_title() {
    every_way_is_guarded(&["--local"]);
}

/// One key that is named is no mass, however often it is named.
#[test]
fn a_key_that_is_named_alone_needs_no_title() {
    for place in [&[][..], &["--local"]] {
        let sandbox = setting(place);
        let one = ["key", "delete", "a", "a", "-b", "ONE"];
        sandbox.expect(0, &[&one, place].concat());
        assert!(!content(&sandbox, place).contains("a,"));
    }
}

#[test]
fn no_command_that_takes_a_title_is_left_out() {
    fn below(command: &Command, above: &str, found: &mut Vec<String>) {
        let name = format!("{above}{} ", command.get_name());
        if command.get_arguments().any(|it| it.get_id() == "confirm") {
            found.push(name.clone());
        }
        for one in command.get_subcommands() {
            below(one, &name, found);
        }
    }
    let mut found = Vec::new();
    below(&kvctl::cli::Cli::command(), "", &mut found);
    assert!(found.len() > 5, "{found:?}");
    for name in found {
        let name = name.trim_start_matches("kvctl ");
        assert!(WAYS.iter().any(|(way, _)| way.starts_with(name)), "{name}");
    }
}
