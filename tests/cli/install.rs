//! `packaging/install.sh` and the steps of the action, against a server that has a release, or has not
//! what it should have. The program of the release is a script, and the processor is always the same.

#![cfg(unix)]

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
    thread,
};

use fs_err as fs;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use yaml_rust2::YamlLoader;

use crate::{
    sandbox::Seen,
    wait::{Finish as _, piped},
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const NAME: &str = "kvctl-9.9.9-x86_64-unknown-linux-musl";
/// What the scripts call, but for the programs that download.
const TOOLS: &str = "awk bash cat dirname find git grep gzip head mkdir mktemp mv rm sed sh sha256sum \
                     shasum sort tail tar xargs";

/// Files by path: a status and a body.
type Files = BTreeMap<String, (u16, Vec<u8>)>;

/// A machine, and a server with releases.
struct Machine {
    home: TempDir,
    /// What the server answers.
    files: Arc<Mutex<Files>>,
    /// How much of each body it leaves out.
    left_out: usize,
}

impl Machine {
    /// A machine with curl, and a release for it.
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("bin")).unwrap();
        let machine = Self {
            home,
            files: Arc::default(),
            left_out: 0,
        };
        for tool in TOOLS.split_whitespace().chain(["curl"]) {
            machine.link(tool);
        }
        machine.script("bin/uname", "[ $1 = -s ] && echo Linux || echo x86_64");
        machine.release("echo kvctl 9.9.9");
        machine
    }

    /// Makes a tool of this machine one of that; returns whether it is here.
    fn link(&self, tool: &str) -> bool {
        let folders = ["/usr/bin", "/bin", "/opt/homebrew/bin", "/usr/local/bin"];
        let mut found = folders.iter().map(|folder| Path::new(folder).join(tool));
        let found = found.find(|path| path.exists());
        found.is_some_and(|path| symlink(path, self.path("bin").join(tool)).is_ok())
    }

    fn without(&self, tool: &str) {
        fs::remove_file(self.path("bin").join(tool)).ok();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let mut file = fs::File::create(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        self.write(name, &format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path
    }

    /// Makes a release of a program that is this script.
    fn release(&self, program: &str) {
        self.script(&format!("{NAME}/kvctl"), program);
        let archive = format!("{NAME}.tar.gz");
        let mut tar = self.command("tar");
        let packed = tar.args(["-czf", &archive, NAME]).finish();
        assert!(packed.status.success(), "{packed:?}");
        self.put(&archive, &fs::read(self.path(&archive)).unwrap());
        self.put("source-id", b"0123\n");
        self.sum();
    }

    fn put(&self, name: &str, body: &[u8]) {
        let path = format!("/releases/download/v9.9.9/{name}");
        self.files
            .lock()
            .unwrap()
            .insert(path, (200, body.to_vec()));
    }

    /// Writes the checksums of what there is.
    fn sum(&self) {
        let lines = self
            .files
            .lock()
            .unwrap()
            .iter()
            .fold(String::new(), |lines, (path, file)| {
                match path.rsplit('/').next().unwrap() {
                    "SHA256SUMS" => lines,
                    name => format!("{lines}{:x}  {name}\n", Sha256::digest(&file.1)),
                }
            });
        self.put("SHA256SUMS", lines.as_bytes());
    }

    /// Changes the archive, but not its checksum.
    fn change(&self, change: impl FnOnce(&mut (u16, Vec<u8>))) {
        let mut files = self.files.lock().unwrap();
        change(
            files
                .iter_mut()
                .find(|it| it.0.contains(".tar.gz"))
                .unwrap()
                .1,
        );
    }

    /// Starts the server, and returns its address.
    fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (files, left_out) = (Arc::clone(&self.files), self.left_out);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let Some(Ok(first)) = lines.next() else {
                    continue;
                };
                lines.find(|line| line.as_ref().is_ok_and(String::is_empty));
                let path = first.split(' ').nth(1).unwrap();
                let found = files.lock().unwrap().get(path).cloned();
                let (status, body) = found.unwrap_or((404, Vec::new()));
                let head = format!(
                    "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let sent = body.len().saturating_sub(left_out);
                // Whoever asks may be gone.
                stream.write_all(head.as_bytes()).ok();
                stream.write_all(&body[..sent]).ok();
            }
        });
        base
    }

    fn command(&self, program: &str) -> Command {
        let mut command = piped(self.path("bin").join(program));
        command
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("HOME", self.home.path())
            .current_dir(self.home.path());
        command
    }

    fn install(&self, base: &str, args: &[&str]) -> Seen {
        let mut sh = self.command("sh");
        sh.arg(Path::new(ROOT).join("packaging/install.sh"))
            .args(["--from", &format!("{base}/releases/download")])
            .args(["--version", "9.9.9"])
            .args(args);
        Seen::of(sh)
    }

    /// What is in the directory where programs go, by name.
    fn installed(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(".local/bin")) else {
            return Vec::new();
        };
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let names = entries.map(|entry| name(entry).into_string().unwrap());
        names.collect()
    }
}

/// Nothing is installed, and what was there stays.
#[track_caller]
fn refused(machine: &Machine, base: &str, args: &[&str], code: i32, why: &str) {
    let old = machine.script(".local/bin/kvctl", "echo old");
    let before = fs::read(&old).unwrap();
    let seen = machine.install(base, args);
    assert_eq!(seen.code, Some(code), "{seen}");
    seen.assert_stderr(why);
    assert_eq!(seen.stderr.matches("kvctl: ").count(), 1, "{seen}");
    assert_eq!(fs::read(&old).unwrap(), before, "{seen}");
    assert_eq!(machine.installed(), ["kvctl"], "{seen}");
}

#[test]
fn a_release_is_installed_by_whatever_downloads() {
    let machine = Machine::new();
    let base = machine.serve();
    for (tool, other) in [("curl", "wget"), ("wget", "curl")] {
        machine.without(other);
        if !machine.path("bin").join(tool).exists() && !machine.link(tool) {
            continue;
        }
        for _ in 0..2 {
            let seen = machine.install(&base, &["--source-id", "0123"]);
            assert_eq!(seen.code, Some(0), "{tool}: {seen}");
            seen.assert_stdout("installed kvctl 9.9.9 as ");
            seen.assert_stdout(".local/bin is not in PATH");
            assert_eq!(machine.installed(), ["kvctl"], "{seen}");
        }
        let absent = machine.install(&base, &["--version", "1.0.0"]);
        assert_eq!(absent.code, Some(3), "{tool}: {absent}");
    }
    let elsewhere = machine.path("a b");
    let seen = machine.install(&base, &["--to", elsewhere.to_str().unwrap()]);
    assert_eq!(seen.code, Some(0), "{seen}");
    let run = Seen::of(piped(elsewhere.join("kvctl")));
    assert_eq!(run.stdout, "kvctl 9.9.9\n");
}

#[test]
fn what_is_not_what_it_should_be_is_not_installed() {
    let machine = Machine::new();
    let base = machine.serve();
    machine.change(|(_, body)| body.push(0));
    refused(&machine, &base, &[], 1, "nothing was installed");
    machine.change(|(_, body)| body.truncate(50));
    refused(&machine, &base, &[], 1, "SHA256SUMS says");
    // Even with the right checksum.
    machine.sum();
    refused(&machine, &base, &[], 1, "cannot unpack");
    machine.change(|(status, _)| *status = 403);
    refused(&machine, &base, &[], 1, "HTTP status 403");
    machine.release("exit 1");
    refused(&machine, &base, &[], 1, "does not run");

    machine.release("echo kvctl 9.9.9");
    refused(
        &machine,
        &base,
        &["--source-id", "4567"],
        3,
        "other sources",
    );
    for tool in ["sha256sum", "shasum"] {
        machine.without(tool);
    }
    refused(&machine, &base, &[], 1, "not used unchecked");

    let mut machine = Machine::new();
    machine.left_out = 1;
    refused(&machine, &machine.serve(), &[], 1, "cannot download");
}

#[test]
fn what_is_not_there_is_named() {
    let machine = Machine::new();
    let base = machine.serve();
    refused(
        &machine,
        &base,
        &["--version", "1.0.0"],
        3,
        "there is no http",
    );
    refused(&machine, &base, &["--verbose"], 2, "--verbose");
    refused(&machine, &base, &["--verbose", "x"], 2, "--source-id");

    machine.script("bin/uname", "[ $1 = -s ] && echo Darwin || echo arm64");
    let why = "the release v9.9.9 has no kvctl-9.9.9-aarch64-apple-darwin";
    refused(&machine, &base, &[], 3, why);
    machine.script("bin/uname", "[ $1 = -s ] && echo Linux || echo riscv64");
    refused(
        &machine,
        &base,
        &[],
        3,
        "there is no release for Linux on riscv64, only for",
    );

    let machine = Machine::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let closed = format!("http://{}", closed.unwrap());
    refused(&machine, &closed, &[], 1, "cannot download http");
    machine.without("curl");
    refused(&machine, &base, &[], 1, "neither curl nor wget");
    if machine.link("wget") {
        refused(&machine, &closed, &[], 1, "cannot download http");
    }

    // In the repository it is of no release.
    let script = Path::new(ROOT).join("packaging/install.sh");
    let seen = Seen::of(machine.command("sh").arg(script));
    assert_eq!(seen.code, Some(2), "{seen}");
}

/// Runs the step of the action that has this name.
fn step(machine: &Machine, name: &str, variables: &[(&str, &str)]) -> Seen {
    let text = fs::read_to_string(Path::new(ROOT).join("action.yml")).unwrap();
    let action = &YamlLoader::load_from_str(&text).unwrap()[0];
    let mut steps = action["runs"]["steps"].as_vec().unwrap().iter();
    let step = steps.find(|step| step["name"].as_str().unwrap().starts_with(name));
    let step = step.unwrap();
    assert_eq!(step["shell"].as_str(), Some("bash"));
    let mut bash = machine.command("bash");
    bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c"])
        .arg(step["run"].as_str().unwrap());
    for known in step["env"].as_hash().unwrap().keys() {
        bash.env(known.as_str().unwrap(), "");
    }
    for variable in ["GITHUB_OUTPUT", "GITHUB_PATH"] {
        bash.env(variable, machine.path(variable));
    }
    Seen::of(bash.envs(variables.iter().copied()))
}

/// What later steps know of this one.
fn left(machine: &Machine, file: &str) -> String {
    fs::read_to_string(machine.path(file)).unwrap()
}

#[test]
fn the_action_takes_the_release_of_its_sources_and_compiles_others() {
    let machine = Machine::new();
    let base = machine.serve();
    machine.script("bin/cargo", "echo cargo \"$@\"");
    for folder in ["action/packaging", "action/src"] {
        fs::create_dir_all(machine.path(folder)).unwrap();
    }
    let manifest = format!("version = \"9.9.9\"\nrepository = \"{base}\"\n");
    for (name, text) in [
        ("Cargo.toml", &*manifest),
        ("Cargo.lock", ""),
        ("src/main.rs", ""),
    ] {
        machine.write(&format!("action/{name}"), text);
    }
    for name in ["packaging/install.sh", "packaging/source-id"] {
        fs::copy(
            Path::new(ROOT).join(name),
            machine.path("action").join(name),
        )
        .unwrap();
    }
    let action = machine.path("action").display().to_string();
    let root = machine.path("temp/kvctl").display().to_string();
    let found = step(&machine, "Find out", &[("ACTION", &action)]);
    assert_eq!(found.code, Some(0), "{found}");
    let id = left(&machine, "GITHUB_OUTPUT");
    let id = id.strip_prefix("id=").unwrap().trim();
    assert_eq!(id.len(), 40);
    let download = || {
        let variables = [("ACTION", &*action), ("ROOT", &root), ("SOURCE_ID", id)];
        step(&machine, "Download", &variables)
    };

    let compiled = format!("cargo install --path {action} --locked --root {root}\n");
    let seen = download();
    assert_eq!(seen.code, Some(0), "{seen}");
    seen.assert_stdout("::notice ");
    seen.assert_stdout(&compiled);
    machine.put("source-id", format!("{id}\n").as_bytes());
    machine.sum();
    let seen = download();
    assert_eq!(seen.code, Some(0), "{seen}");
    seen.assert_stdout("installed kvctl 9.9.9");
    assert!(!seen.stdout.contains("cargo"), "{seen}");
    machine.change(|(_, body)| body.push(0));
    let seen = download();
    assert_eq!(seen.code, Some(1), "{seen}");
    seen.assert_stdout("::error ");
    assert!(!seen.stdout.contains("cargo"), "{seen}");
}

#[test]
fn the_action_runs_the_checks_that_are_named() {
    let machine = Machine::new();
    let program = "echo \"$@\" with $CLOUDFLARE_API_TOKEN; [ $1 != provision ] || exit 8";
    let program = machine.script("kvctl/kvctl", program);
    let bin = program.parent().unwrap().to_str().unwrap();
    let check = |checks: &str| {
        let variables = [
            ("KVCTL", program.to_str().unwrap()),
            ("INPUT_CHECKS", checks),
            ("INPUT_ENVIRONMENT", "-x; exit"),
            ("INPUT_ARGS", "--skip\npreview  -q"),
            ("INPUT_JUNIT", "a b.xml"),
            ("INPUT_API_TOKEN", "t"),
        ];
        step(&machine, "Check", &variables)
    };
    let seen = check("verify");
    assert_eq!(seen.code, Some(0), "{seen}");
    let verify = "verify --env=-x; exit --junit=a b.xml --skip preview -q with t\n";
    assert_eq!(seen.stdout, verify);
    assert_eq!(left(&machine, "GITHUB_PATH"), format!("{bin}\n"));
    let seen = check("provision\nscaffold verify");
    assert_eq!(seen.code, Some(8), "{seen}");
    let others =
        "provision --env=-x; exit --check with t\nscaffold --env=-x; exit --check with t\n";
    assert_eq!(seen.stdout, format!("{others}{verify}"));
    let seen = check("");
    assert_eq!((seen.code, &*seen.stdout), (Some(0), ""), "{seen}");
    let seen = check("verfy");
    assert_eq!(seen.code, Some(2), "{seen}");
    seen.assert_stdout("no check `verfy`");
}
