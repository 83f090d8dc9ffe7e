//! The npm package's launcher under Node, and what `packaging/build pack` makes. A script stands for the
//! program.

use std::{
    os::unix::{fs::PermissionsExt, process::ExitStatusExt as _},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use fs_err as fs;
use tempfile::TempDir;

use crate::{
    harness::Test,
    tools::{NODE_22, SDK_PYTHON, installed},
    wait::{Finish as _, first_line, piped, send_signal},
};

pub(crate) const TESTS: &[Test] = &[
    Test::new("the_launcher_is_the_program", &[NODE_22], || {
        let newer = installed().join(NODE_22);
        // Node 22 puts the program in its place, and Node 20 starts it.
        for node in [newer.as_path(), Path::new("node")] {
            the_launcher_is_the_program(node);
        }
    }),
    Test::new("the_launcher_says_what_is_missing", &[NODE_22], || {
        the_launcher_says_what_is_missing(&installed().join(NODE_22));
    }),
    Test::new(
        "packages_are_the_same_each_time",
        &[SDK_PYTHON],
        packages_are_the_same,
    ),
];

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn write(path: &Path, text: &str) {
    let mut file = fs::File::create(path).unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
}

fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    write(path, &format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// What npm installs, with a script for a program; returns the launcher.
fn install(folder: &Path, platforms: &[&str]) -> PathBuf {
    let launcher = folder.join("node_modules/kvctl/bin/kvctl.js");
    fs::create_dir_all(launcher.parent().unwrap()).unwrap();
    fs::copy(Path::new(ROOT).join("packaging/npm/kvctl.js"), &launcher).unwrap();
    let all: Vec<String> = platforms
        .iter()
        .map(|it| format!("\"@kvctl/{it}\":\"1\""))
        .collect();
    let manifest = format!("{{\"optionalDependencies\":{{{}}}}}", all.join(","));
    write(&folder.join("node_modules/kvctl/package.json"), &manifest);
    launcher
}

/// The platform as Node names it.
fn platform() -> String {
    let system = if cfg!(target_os = "macos") {
        "darwin"
    } else {
        "linux"
    };
    let processor = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x64"
    };
    format!("{system}-{processor}")
}

fn the_launcher_is_the_program(node: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let here = platform();
    let launcher = install(folder.path(), &[&here]);
    let program = folder
        .path()
        .join(format!("node_modules/@kvctl/{here}/bin/kvctl"));
    let run = |args: &[&str]| {
        let mut command = piped(node);
        command.arg(&launcher).args(args);
        command
    };

    script(&program, "cat; echo \"$#:$1:$2\" >&2; exit 9");
    let mut command = run(&["a b", ""]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"in\n").unwrap();
    let output = child.finish();
    assert_eq!(output.status.code(), Some(9), "{output:?}");
    assert_eq!(
        (text(&output.stdout), text(&output.stderr)),
        ("in\n", "2:a b:\n")
    );

    // A signal to the launcher reaches the program, which may go on and end as it likes.
    for signal in ["INT", "TERM", "HUP"] {
        script(
            &program,
            &format!(
                "trap 'echo {signal}; kill $!; exit 7' {signal}; sleep 600 & echo ready; wait"
            ),
        );
        let mut child = run(&[]).spawn().unwrap();
        let (_, mut rest) = first_line(child.stdout.take().unwrap());
        assert!(send_signal(&child, &format!("-{signal}")));
        let output = child.finish();
        assert_eq!(
            output.status.code(),
            Some(7),
            "{} {signal}: {output:?}",
            node.display()
        );
        let mut said = String::new();
        std::io::Read::read_to_string(&mut rest, &mut said).unwrap();
        assert_eq!(said, format!("{signal}\n"));
    }

    // Whatever ends the program ends the launcher.
    script(&program, "kill -TERM $$");
    assert_eq!(run(&[]).finish().status.signal(), Some(15));
    script(&program, "kill -KILL $$");
    assert_eq!(run(&[]).finish().status.signal(), Some(9));
}

fn the_launcher_says_what_is_missing(node: &Path) {
    let run = |launcher: &Path| -> Output { piped(node).arg(launcher).finish() };
    let folder = tempfile::tempdir().unwrap();
    let here = platform();
    let output = run(&install(folder.path(), &["win32-x64", &here]));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = text(&output.stderr);
    assert!(
        said.contains(&format!("@kvctl/{here} is not installed")),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");

    let output = run(&install(folder.path(), &["win32-x64", "sunos-x64"]));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = text(&output.stderr);
    let why = format!("there is no program for {here}, only for win32-x64, sunos-x64;");
    assert!(said.contains(&why), "{said}");
}

/// Packs stand-ins for all platforms.
fn pack(args: &[&str], targets: &[&str]) -> (TempDir, Output) {
    let folder = tempfile::tempdir().unwrap();
    for target in targets {
        let name = if target.contains("windows") {
            "kvctl.exe"
        } else {
            "kvctl"
        };
        let program = folder.path().join("bin").join(target).join(name);
        let man = "man) echo page > \"$2/kvctl.1\" ;;";
        script(
            &program,
            &format!("case $1 in {man} *) echo \"$@\" ;; esac # {target}"),
        );
    }
    let mut build = Command::new(installed().join(SDK_PYTHON));
    build
        .arg(Path::new(ROOT).join("packaging/build"))
        .args(["pack", "--out"])
        .arg(folder.path())
        .args(args)
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = build.finish();
    (folder, output)
}

const TARGETS: [&str; 5] = [
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
];

fn packages_are_the_same() {
    let (folder, first) = pack(&[], &TARGETS);
    assert!(first.status.success(), "{first:?}");
    let (_other, second) = pack(&[], &TARGETS);
    assert_eq!(text(&first.stdout), text(&second.stdout));

    let release = folder.path().join("release");
    let version = env!("CARGO_PKG_VERSION");
    let formula = fs::read_to_string(release.join("kvctl.rb")).unwrap();
    let scoop = fs::read_to_string(release.join("kvctl.json")).unwrap();
    let sums = fs::read_to_string(release.join("SHA256SUMS")).unwrap();
    let scoop_has: serde_json::Value = serde_json::from_str(&scoop).unwrap();
    assert_eq!(scoop_has["version"].as_str(), Some(version));
    for target in TARGETS {
        let name = format!("kvctl-{version}-{target}.");
        let line = sums.lines().find(|line| line.contains(&name)).unwrap();
        let (sum, file) = line.split_once("  ").unwrap();
        let manifest = if target.contains("windows") {
            &scoop
        } else {
            &formula
        };
        assert!(
            manifest.contains(sum) && manifest.contains(&format!("/v{version}/{file}")),
            "{line}"
        );
    }
    let check = Command::new("sha256sum")
        .args(["-c", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(&release)
        .status();
    assert!(check.unwrap().success());
    let listed = piped("tar")
        .arg("-tzvf")
        .arg(release.join(format!("kvctl-{version}-{}.tar.gz", TARGETS[0])))
        .finish();
    let listed = text(&listed.stdout);
    for path in [
        "kvctl",
        "README.md",
        "LICENSE-MIT",
        "man/kvctl.1",
        "completions/_kvctl",
    ] {
        let line = listed
            .lines()
            .find(|line| line.ends_with(&format!("/{path}")))
            .unwrap();
        assert_eq!(line.starts_with("-rwxr-xr-x"), path == "kvctl", "{line}");
    }

    // Nothing is left out where everything is required.
    let (_, output) = pack(&["--require"], &TARGETS[..1]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let (_, output) = pack(&[], &TARGETS[..1]);
    assert!(output.status.success(), "{output:?}");
    let said = text(&output.stderr);
    for target in &TARGETS[1..] {
        assert!(said.contains(&format!("without {target}: ")), "{said}");
    }
}
