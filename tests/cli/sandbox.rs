//! A home directory, an empty environment, a service of one's own, and the binary.

use std::{
    fmt,
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::Arc,
};

use fs_err as fs;
use kvctl::{
    domain::AccountId,
    emulator::{Config, Emulator, Running, Token, spawn},
    wire::Account,
};
use tempfile::TempDir;

pub(crate) const ACCOUNT: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
pub(crate) const TOKEN: &str = "canary_token_0123456789";

/// A project directory, and the service that `kvctl` finds when it is run there.
pub(crate) struct Sandbox {
    home: TempDir,
    pub(crate) emulator: Emulator,
    running: Running,
}

/// How a run ended.
#[must_use = "either snapshot the output or assert on it"]
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Sends a signal, such as `-TERM`.
#[cfg(unix)]
pub(crate) fn kill(child: &std::process::Child, signal: &str) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
    assert!(sent.success());
}

/// Makes a pipe with a name.
#[cfg(unix)]
pub(crate) fn mkfifo(path: &std::path::Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Waits until `done`, and fails instead of waiting for ever.
pub(crate) fn until(mut done: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !done() {
        let waited = begun.elapsed();
        assert!(waited < std::time::Duration::from_mins(1), "in vain");
        std::thread::yield_now();
    }
}

impl Sandbox {
    /// A service with one account and one token.
    pub(crate) fn new() -> Self {
        Self::with(config())
    }

    /// The same, for runs of more requests than a service takes in five minutes.
    pub(crate) fn unlimited() -> Self {
        Self::with(Config {
            quota: None,
            ..config()
        })
    }

    /// A service of any kind.
    pub(crate) fn with(config: Config) -> Self {
        let emulator = Emulator::new(config);
        let running = spawn(emulator.clone()).unwrap();
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("app")).unwrap();
        Self {
            home,
            emulator,
            running,
        }
    }

    /// Where the service is.
    pub(crate) fn base_url(&self) -> &str {
        self.running.base_url()
    }

    /// Another project of the same user on the same account.
    pub(crate) fn other_checkout(&self, name: &str) -> PathBuf {
        let path = self.home.path().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// The project directory, where `kvctl` runs.
    pub(crate) fn app(&self) -> PathBuf {
        self.home.path().join("app")
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.app().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::io::Write::write_all(&mut fs::File::create(path).unwrap(), text.as_ref()).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.app().join(name)).unwrap()
    }

    /// The journals of runs that are at work or were interrupted.
    pub(crate) fn journals(&self) -> Vec<PathBuf> {
        let directory = self.home.path().join(".local/state/kvctl/journals");
        let Ok(entries) = fs::read_dir(directory) else {
            return Vec::new();
        };
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// How many lines the only journal has behind its first.
    pub(crate) fn confirmed(&self) -> Option<usize> {
        let text = fs::read_to_string(self.journals().first()?).ok()?;
        // The journal is there, empty, before its first line is.
        text.matches('\n').count().checked_sub(1)
    }

    /// The binary, with the credentials of the service.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.bare_command(args);
        command
            .env("CLOUDFLARE_API_TOKEN", TOKEN)
            .env("CLOUDFLARE_ACCOUNT_ID", ACCOUNT);
        command
    }

    /// The binary, without credentials.
    pub(crate) fn bare_command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(args)
            .env_clear()
            .env("HOME", self.home.path())
            .env("CLOUDFLARE_API_BASE_URL", self.running.base_url())
            .current_dir(self.app())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs `kvctl` with the credentials of the service.
    pub(crate) fn run(&self, args: &[&str]) -> Seen {
        self.see(self.command(args).output().unwrap())
    }

    /// Turns what came out into something that is the same every time.
    pub(crate) fn see(&self, output: Output) -> Seen {
        let text = |bytes| self.steady(&String::from_utf8(bytes).unwrap());
        Seen {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Turns a text into one that is the same every time.
    pub(crate) fn steady(&self, text: &str) -> String {
        let host = self.running.base_url().trim_end_matches("/client/v4");
        let text = text
            .replace(&self.home.path().display().to_string(), "[HOME]")
            .replace(host, "[HOST]")
            .replace(ACCOUNT, "[ACCOUNT]");
        let text = replace_words(&text, is_id, "[ID]");
        cut_waits(&cut_rays(&text))
    }
}

pub(crate) fn config() -> Config {
    let id: AccountId = ACCOUNT.parse().unwrap();
    let account = Account {
        id: id.clone(),
        name: "Bio".to_owned(),
    };
    Config::remote(vec![account], vec![Token::new(TOKEN, [id])], clock())
}

pub(crate) fn clock() -> Arc<dyn Fn() -> i64 + Send + Sync> {
    Arc::new(|| kvctl::env::now().as_second())
}

/// The binary under test: the one built with the tests, or the one that `KVCTL_BINARY` names, such
/// as a release build.
#[expect(
    clippy::disallowed_methods,
    reason = "tests choose the binary they run"
)]
fn binary() -> PathBuf {
    std::env::var_os("KVCTL_BINARY").map_or_else(
        || assert_cmd::cargo::cargo_bin!("kvctl").to_owned(),
        PathBuf::from,
    )
}

/// Ids of the remote kind differ with the order of creation; local ones never do.
fn is_id(word: &str) -> bool {
    word.len() == 32
        && !word.starts_with("10ca110c")
        && word.bytes().all(|b| b.is_ascii_hexdigit())
        && word.bytes().any(|b| b != word.as_bytes()[0])
}

fn replace_words(text: &str, matches: fn(&str) -> bool, with: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        out.push_str(if matches(word) { with } else { word });
        let next = tail.chars().next().map_or(0, char::len_utf8);
        out.push_str(&tail[..next]);
        rest = &tail[next..];
    }
    out
}

fn cut_rays(text: &str) -> String {
    let mut parts = text.split("cf-ray ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .unwrap_or(part.len());
        out.push_str("cf-ray [RAY]");
        out.push_str(&part[end..]);
    }
    out
}

/// How long it is until midnight differs with the time of day.
fn cut_waits(text: &str) -> String {
    let mut parts = text.split("00:00 UTC, in ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once(" min").unwrap();
        out.push_str("00:00 UTC, in [WAIT]");
        out.push_str(rest);
    }
    out
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self
            .code
            .map_or_else(|| "killed".to_owned(), |code| code.to_string());
        writeln!(f, "exit: {code}")?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                write!(f, "--- {name}\n{text}")?;
            }
        }
        Ok(())
    }
}
