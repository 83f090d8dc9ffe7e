//! `kvctl completions`: what its scripts ask for and what real shells make of that.
#![cfg(unix)]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use fs_err as fs;

use crate::{
    sandbox::{Sandbox, Seen, binary, mkfifo},
    wait::piped,
};

const WRANGLER: &str = r#"name = "app"
kv_namespaces = [{ binding = "SESSIONS" }, { binding = "CACHE" }]

[env."two words"]
kv_namespaces = [{ binding = "SESSIONS" }]
"#;

/// Keys of the local store, which may be anything, and what of them is offered.
const KEYS: [&str; 5] = [
    "user:1",
    "user:it's $(touch planted)",
    "user:*",
    "user:\u{1b}[2J",
    "other",
];

fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", WRANGLER);
    let pairs = KEYS.map(|key| serde_json::json!({ "key": key, "value": "v" }));
    sandbox.write(
        "keys.json",
        serde_json::Value::from(pairs.to_vec()).to_string(),
    );
    sandbox.expect(
        0,
        &["bulk", "put", "keys.json", "-b", "SESSIONS", "--local"],
    );
    sandbox.expect(0, &["namespace", "create", "my title", "--local"]);
    let bin = sandbox.app().join("../bin");
    fs::create_dir_all(&bin).unwrap();
    std::os::unix::fs::symlink(binary(), bin.join("kvctl")).unwrap();
    sandbox
}

/// The words that `shell` is offered for the last of `words`, or for a line of bash.
fn offered(sandbox: &Sandbox, shell: &str, words: &[&str]) -> Vec<String> {
    let mut command = sandbox.bare_command(&[&["--"], words].concat());
    command.env("KVCTL_COMPLETE", shell);
    let seen = Seen::of(command);
    assert_eq!((seen.code, seen.stderr.as_str()), (Some(0), ""), "{seen}");
    let lines = seen.stdout.lines();
    let words = lines.map(|line| line.split('\t').next().unwrap_or_default().to_owned());
    words.collect()
}

fn fish(sandbox: &Sandbox, line: &str) -> Vec<String> {
    offered(sandbox, "fish", &line.split(' ').collect::<Vec<_>>())
}

#[test]
fn values_are_those_of_the_project_that_the_line_selects() {
    let sandbox = project();
    sandbox.write(
        "other/w.toml",
        "name = \"b\"\nkv_namespaces = [{ binding = \"OTHER\" }]\n",
    );
    sandbox.write("../.config/.wrangler/config/work.toml", "");
    let cases: [(&str, &[&str]); 17] = [
        ("kvctl key get -b ", &["SESSIONS", "CACHE"]),
        ("kvctl key get --binding=S", &["--binding=SESSIONS"]),
        ("kvctl key get --cwd other -c w.toml -b ", &["OTHER"]),
        ("kvctl -c other/w.toml provision ", &["OTHER"]),
        ("kvctl rename-binding S", &["SESSIONS"]),
        ("kvctl verify --env ", &["two words"]),
        ("kvctl verify --only con", &["connection", "configuration"]),
        ("kvctl key list -n ", &["my title"]),
        ("kvctl namespace delete ", &["my title"]),
        (
            "kvctl copy binding:S",
            &["binding:SESSIONS", "binding:SESSIONS@two words"],
        ),
        ("kvctl copy --to id", &["id:"]),
        ("kvctl diff local:t", &["local:title:my title"]),
        ("kvctl namespace create x --jurisdiction e", &["eu"]),
        ("kvctl export --format n", &["ndjson"]),
        ("kvctl import x --format c", &["csv"]),
        ("kvctl doctor --profile ", &["work"]),
        ("kvctl key get -b SESSIONS --local o", &["other"]),
    ];
    for (line, expected) in cases {
        assert_eq!(fish(&sandbox, line), expected, "{line}");
    }
    // Keys of the local store are none of the service's.
    assert!(fish(&sandbox, "kvctl key get -b SESSIONS o").is_empty());
    let commands = fish(&sandbox, "kvctl ");
    assert!(commands.contains(&"provision".to_owned()) && commands.contains(&"key".to_owned()));
    assert!(
        !commands.iter().any(|it| it.starts_with('-')),
        "{commands:?}"
    );
    assert!(fish(&sandbox, "kvctl --per").contains(&"--persist-to".to_owned()));
    assert_eq!(sandbox.emulator.log().len(), 0);
}

#[test]
fn names_are_put_into_a_line_as_one_word_or_not_at_all() {
    let sandbox = project();
    let breaks = " \t\n\"'><=;|&(:";
    let bash = |line: &str| offered(&sandbox, "bash", &[line, breaks]);
    let get = "kvctl key get -b SESSIONS --local";
    assert_eq!(
        bash(&format!("{get} user:")),
        [r"\*", "1", r"it\'s\ \$\(touch\ planted\)"]
    );
    assert_eq!(bash(&format!("{get} 'user:")), ["user:*", "user:1"]);
    assert_eq!(
        bash("kvctl copy binding:S"),
        ["SESSIONS", r"SESSIONS@two\ words"]
    );
    let powershell = offered(&sandbox, "powershell", &["kvctl", "key", "list", "-n", ""]);
    assert!(powershell.is_empty(), "{powershell:?}");
    let mut words: Vec<&str> = get.split(' ').collect();
    words.push("user:");
    assert_eq!(offered(&sandbox, "elvish", &words), ["user:1"]);
}

/// All files below, with their times.
fn tree(root: &Path) -> BTreeMap<PathBuf, std::time::SystemTime> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            found.insert(path.clone(), metadata.modified().unwrap());
            if metadata.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}

#[test]
fn whatever_the_files_are_nothing_is_said_written_or_waited_for() {
    let sandbox = project();
    let config = sandbox.app().join("wrangler.toml");
    let lines = [
        "kvctl key get -b ",
        "kvctl copy b",
        "kvctl verify -e ",
        "kvctl key get --local -b SESSIONS ",
        "kvctl key get --persist-to /proc/self --local -b SESSIONS ",
        "kvctl key get -c /dev/zero -b ",
        "kvctl key get --cwd nowhere -b ",
    ];
    let before = tree(&sandbox.app());
    for line in lines {
        fish(&sandbox, line);
    }
    assert_eq!(tree(&sandbox.app()), before);
    let broken: [&[u8]; 4] = [
        b"name = ",
        b"\xff\xfe",
        &b"[".repeat(200_000),
        &b"# comment\n".repeat(2 << 20),
    ];
    for text in broken {
        sandbox.write("wrangler.toml", text);
        for line in lines {
            assert!(
                fish(&sandbox, line)
                    .iter()
                    .all(|it| !it.contains("SESSIONS")),
                "{line}"
            );
        }
    }
    fs::remove_file(&config).unwrap();
    mkfifo(&config);
    mkfifo(&sandbox.app().join(".env"));
    for line in lines {
        fish(&sandbox, line);
    }
    for line in [
        "",
        "kvctl",
        "kvctl --json= --env",
        "kvctl -- ",
        "kvctl key get -b \u{1b}",
    ] {
        fish(&sandbox, line);
    }
    assert_eq!(sandbox.emulator.log().len(), 0);
}

/// Where shells are, besides the usual places.
const PLACES: &str = "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin";

/// A shell in the project; `None`, with a word about it, if it is not installed.
#[expect(
    clippy::print_stderr,
    reason = "the only way to say that a test was skipped"
)]
fn shell(sandbox: &Sandbox, name: &str, args: &[&str]) -> Option<Command> {
    let is_there = PLACES
        .split(':')
        .any(|place| Path::new(place).join(name).exists());
    if !is_there {
        eprintln!("skipped: {name} is not installed; tests/interop/install.sh installs it");
        return None;
    }
    let mut command = piped(name);
    let path = format!("{}:{PLACES}", sandbox.app().join("../bin").display());
    command
        .args(args)
        .env_clear()
        .env("PATH", path)
        .env("HOME", sandbox.home().to_string())
        .env("TERM", "xterm")
        .env("LC_ALL", "C.UTF-8")
        .current_dir(sandbox.app());
    Some(command)
}

/// Types a line into an interactive shell on a terminal, and waits until it shows `expected`.
fn typed(sandbox: &Sandbox, shell_command: &str, load: &str, line: &str, expected: &str) {
    const DRIVER: &str = r#"
        zmodload zsh/zpty
        zpty shell $=1
        zpty -w shell $2
        zpty -r shell out '*LOADED*'
        zpty -w -n shell $3
        zpty -r shell out "*$4*"
        print -r -- $out
    "#;
    let load = format!("{load}; echo LOA''DED");
    let args = [
        "-f",
        "-c",
        DRIVER,
        "zsh",
        shell_command,
        &load,
        line,
        expected,
    ];
    let Some(driver) = shell(sandbox, "zsh", &args) else {
        return;
    };
    let seen = Seen::of(driver);
    assert!(
        seen.stdout.contains(expected),
        "{shell_command}: {line:?}: {seen}"
    );
}

#[test]
fn bash_shows_the_bindings_of_a_project() {
    let sandbox = project();
    let ask = "source <(kvctl completions bash)\n\
        line='kvctl key get -b '; COMP_LINE=$line COMP_POINT=${#line}\n\
        _kvctl kvctl '' -b; printf '%s\\n' \"${COMPREPLY[@]}\"; complete -p kvctl";
    let bash = shell(&sandbox, "bash", &["--norc", "--noprofile", "-c", ask]);
    let seen = Seen::of(bash.expect("bash"));
    assert!(
        seen.stdout.starts_with("SESSIONS\nCACHE\ncomplete "),
        "{seen}"
    );
    assert_eq!(seen.stderr, "");
    let bash = "bash --norc --noprofile -i";
    let load = "source <(kvctl completions bash)";
    typed(&sandbox, bash, load, "kvctl key get -b \t\t", "CACHE");
    // What is completed is one word, and is run as one.
    typed(
        &sandbox,
        bash,
        load,
        "kvctl copy binding:C\t--nothing\n",
        "unexpected argument",
    );
    typed(
        &sandbox,
        bash,
        load,
        "kvctl key get -b SESSIONS --local user:i\t\t; echo DO''NE\n",
        "DONE",
    );
    assert!(!sandbox.app().join("planted").exists());
}

#[test]
fn zsh_shows_the_bindings_of_a_project() {
    let sandbox = project();
    let zsh = "zsh -f -i";
    let load = "autoload -Uz compinit; compinit -u -D; source <(kvctl completions zsh)";
    typed(&sandbox, zsh, load, "kvctl key get -b \t", "CACHE");
    typed(
        &sandbox,
        zsh,
        load,
        "kvctl copy binding:C\t",
        "binding:CACHE",
    );
    typed(&sandbox, zsh, load, "kvctl key get --bi\tC\t", "CACHE");
    // In a directory of $fpath, the first use completes already.
    let script = sandbox.run(&["completions", "zsh"]).stdout;
    sandbox.write("functions/_kvctl", script);
    let load = "fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -u -D";
    typed(&sandbox, zsh, load, "kvctl key get -b \t", "CACHE");
    let line = "kvctl key get -b SESSIONS --local user:i\t; echo DO''NE\n";
    typed(&sandbox, zsh, load, line, "DONE");
    assert!(!sandbox.app().join("planted").exists());
}

#[test]
fn fish_shows_the_bindings_of_a_project() {
    let sandbox = project();
    let ask = "kvctl completions fish | source\n\
        complete -C 'kvctl key get -b '\n\
        complete -C 'kvctl copy binding:C'";
    let Some(fish) = shell(&sandbox, "fish", &["--no-config", "-c", ask]) else {
        return;
    };
    let seen = Seen::of(fish);
    assert_eq!(seen.stdout, "SESSIONS\nCACHE\nbinding:CACHE\n", "{seen}");
    assert_eq!(seen.stderr, "");
}

#[test]
fn every_shell_gets_a_script() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let seen = sandbox.expect(0, &["completions", shell]);
        seen.assert_stdout("KVCTL_COMPLETE");
    }
    let seen = sandbox.expect(0, &["completions", "nushell"]);
    seen.assert_stdout("export extern \"kvctl key get\"");
    insta::assert_snapshot!(sandbox.run(&["completions", "tcsh"]));
    assert_eq!(sandbox.emulator.log().len(), 0);
}
