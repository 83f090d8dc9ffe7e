//! Every command and flag, one line each: a change to the surface shows in review as a diff.

use clap::{Command, CommandFactory as _};

use crate::sandbox::{Sandbox, Seen};

#[test]
fn surface() {
    let mut command = kvctl::cli::Cli::command();
    command.build();
    command.clone().debug_assert();
    insta::assert_snapshot!(lines(&command, "").join("\n"));
}

#[test]
fn help_texts() {
    let sandbox = Sandbox::new();
    let helps: [&[&str]; 20] = [
        &["--help"],
        &["provision", "--help"],
        &["namespace", "--help"],
        &["namespace", "list", "-h"],
        &["namespace", "create", "-h"],
        &["namespace", "get", "-h"],
        &["namespace", "rename", "-h"],
        &["namespace", "delete", "-h"],
        &["rename-binding", "--help"],
        &["key", "--help"],
        &["key", "get", "-h"],
        &["key", "put", "-h"],
        &["key", "delete", "-h"],
        &["key", "list", "-h"],
        &["key", "edit", "-h"],
        &["key", "touch", "-h"],
        &["usage", "--help"],
        &["doctor", "-h"],
        &["audit", "--help"],
        &["verify", "--help"],
    ];
    let texts = helps.map(|args| format!("$ kvctl {}\n{}", args.join(" "), sandbox.run(args)));
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn help_and_version_need_nothing() {
    let sandbox = Sandbox::new();
    for args in [["--version"], ["--help"]] {
        let mut command = sandbox.bare_command(&args);
        // A home, a directory and a service that are not there.
        command.env_clear().current_dir("/");
        let seen = Seen::of(command);
        assert_eq!(seen.code, Some(0), "{seen}");
    }
    assert_eq!(sandbox.emulator.log().len(), 0);
}

fn lines(command: &Command, above: &str) -> Vec<String> {
    let name = format!("{above} {}", command.get_name());
    let own = |a: &&clap::Arg| a.get_id() != "help" && !a.is_hide_set();
    let global = |a: &&clap::Arg| above.is_empty() || !a.is_global_set();
    let flags = command.get_arguments().filter(own).filter(global).map(|a| {
        let short = a
            .get_short()
            .map(|short| format!("-{short}/"))
            .unwrap_or_default();
        a.get_long().map_or_else(
            || format!(" <{}>", a.get_id()),
            |long| format!(" {short}--{long}"),
        )
    });
    let mut flags: Vec<_> = flags.collect();
    flags.sort();
    let below = command.get_subcommands().filter(|c| c.get_name() != "help");
    std::iter::once(format!("{name}{}", flags.concat()).trim().to_owned())
        .chain(below.flat_map(|c| lines(c, &name)))
        .collect()
}

#[test]
fn what_wrangler_refuses_is_refused_here_as_well() {
    let sandbox = Sandbox::new();
    let id = "0f2ac74b498b48028cb68387c421e279";
    for (args, code) in [
        (&["namespace", "create"][..], 2),
        (&["namespace", "rename"], 2),
        (&["namespace", "rename", "old"], 2),
        (&["namespace", "delete"], 2),
        (&["namespace", "delete", "absent", "-y"], 3),
        (&["namespace", "delete", "t", "--namespace-id", id], 2),
        (&["namespace", "delete", "t", "-b", "A"], 2),
        (&["namespace", "delete", "-b", "A"], 5),
        (&["namespace", "rename", "absent", "--to", "t"], 3),
        (
            &["namespace", "rename", "--to", "t", "--namespace-id", id],
            3,
        ),
        (&["key", "put"], 2),
        (&["key", "put", "k", "v"], 9),
        (
            &["key", "put", "-b", "A", "--namespace-id", id, "k", "v"],
            2,
        ),
        (
            &["key", "put", "--namespace-id", id, "k", "v", "--path", "f"],
            2,
        ),
        (
            &[
                "key",
                "put",
                "--namespace-id",
                id,
                "k",
                "v",
                "--metadata",
                "{bad",
            ],
            2,
        ),
        (&["key", "get"], 2),
        (&["key", "get", "--local", "--remote", "k"], 2),
        (&["key", "get", "-b", "UNKNOWN", "k"], 5),
        (&["key", "list", "-b", "UNKNOWN"], 5),
        (&["key", "delete", "-b", "UNKNOWN", "k"], 5),
        (&["bulk", "put", "absent.json", "-b", "UNKNOWN"], 2),
    ] {
        let seen = sandbox.run(args);
        assert_eq!(seen.code, Some(code), "{args:?}: {seen}");
        let writes = ["PUT", "POST", "DELETE"].map(|method| sandbox.emulator.requests(method));
        assert_eq!(writes, [0; 3], "{args:?}");
    }
}
