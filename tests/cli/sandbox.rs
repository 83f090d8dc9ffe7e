//! A home directory, an empty environment, a service of one's own, and the binary.

use std::{
    fmt,
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
};

use fs_err as fs;
use kvctl::{
    domain::{AccountId, ShowPath as _},
    emulator::{Config, Emulator, Running, Token, spawn},
    wire::Account,
};
use tempfile::TempDir;

use crate::{
    hints,
    wait::{Finish, http},
};

pub(crate) const ACCOUNT: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
pub(crate) const TOKEN: &str = "canary_token_0123456789";

/// What differs from run to run, and what snapshots have instead.
const FILTERS: [(&str, &str); 10] = [
    (r"(?:/[^/\s`]+?)*?/\.tmp[0-9A-Za-z]{6}", "[HOME]"),
    (r"http://127\.0\.0\.1:[0-9]{4,5}", "[HOST]"),
    (ACCOUNT, "[ACCOUNT]"),
    // Ids of the remote kind differ with the order of creation; local ones never do, and are kept.
    (r"\b10ca110c([0-9a-f]{24})\b", "local_$1"),
    (r"\b[0-9a-f]{32}\b", "[ID]"),
    (r"\blocal_([0-9a-f]{24})\b", "10ca110c$1"),
    (r"cf-ray [0-9A-Za-z-]+", "cf-ray [RAY]"),
    (r#""cf_ray":"[^"]+"#, r#""cf_ray":"[RAY]""#),
    // How long it is until midnight.
    (r"00:00 UTC, in .*? min", "00:00 UTC, in [WAIT]"),
    (r"\r\n", "\n"),
];

/// What snapshots have instead of absolute paths as Windows writes them, up to eight folders deep, and
/// of other texts of Windows.
const WINDOWS_FILTERS: [(&str, &str); 11] = [
    (r"[A-Z]:[^\s`:]*?\.tmp[0-9A-Za-z]{6}", "[HOME]"),
    (PATH, "$1/"),
    (PATH, "$1/"),
    (PATH, "$1/"),
    (PATH, "$1/"),
    (PATH, "$1/"),
    (PATH, "$1/"),
    (PATH, "$1/"),
    (PATH, "$1/"),
    // The system's texts, and wine's.
    (
        r"[A-Z][^\n:]*? \(os error 2\)",
        "No such file or directory (os error 2)",
    ),
    (
        r"[A-Z][^\n:]*? \(os error 10061\)",
        "Connection refused (os error 111)",
    ),
];

/// The beginning of a path, up to a backslash, which JSON doubles.
const PATH: &str = r"(\[HOME\][^\s`:\\]*)\\+";

/// Has snapshots of this test filtered.
fn filter_snapshots() {
    thread_local! {
        static FILTERED: () = {
            let mut settings = insta::Settings::clone_current();
            if cfg!(windows) {
                for (pattern, instead) in WINDOWS_FILTERS {
                    settings.add_filter(pattern, instead);
                }
            }
            for (pattern, instead) in FILTERS {
                settings.add_filter(pattern, instead);
            }
            // To the end of the test, which has a thread of its own.
            std::mem::forget(settings.bind_to_scope());
        };
    }
    FILTERED.with(|()| ());
}

/// Compares with a snapshot in which more is filtered than in others.
macro_rules! assert_filtered {
    ($filters:expr, $($snapshot:tt)*) => {{
        let mut settings = insta::Settings::clone_current();
        for (pattern, instead) in $filters {
            settings.add_filter(pattern, instead);
        }
        settings.bind(|| insta::assert_snapshot!($($snapshot)*));
    }};
}
pub(crate) use assert_filtered;

/// A project directory, and the service that `kvctl` finds when it is run there.
pub(crate) struct Sandbox {
    home: TempDir,
    pub(crate) emulator: Emulator,
    running: Running,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Makes a pipe with a name.
#[cfg(unix)]
pub(crate) fn mkfifo(path: &std::path::Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Tests all cases at once: those that wait for something wait together.
pub(crate) fn at_once<T: Sync>(cases: &[T], test: impl Fn(&T) + Sync) {
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(|| test(case));
        }
    });
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
        filter_snapshots();
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

    /// The address of the service.
    pub(crate) fn base_url(&self) -> &str {
        self.running.base_url()
    }

    /// What the service answers to GET at a path below its namespaces, asked without `kvctl`.
    pub(crate) fn ask(&self, path: &str) -> Vec<u8> {
        thread_local! {
            static HTTP: (tokio::runtime::Runtime, reqwest::Client) = (
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
                http().build().unwrap(),
            );
        }
        let base = self.base_url();
        let url = format!("{base}/accounts/{ACCOUNT}/storage/kv/namespaces{path}");
        HTTP.with(|(runtime, client)| {
            runtime.block_on(async {
                let answer = client.get(&url).bearer_auth(TOKEN).send().await.unwrap();
                assert!(answer.status().is_success(), "{url}: {answer:?}");
                answer.bytes().await.unwrap().to_vec()
            })
        })
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
            .envs(self.windows_variables())
            .env("CLOUDFLARE_API_BASE_URL", self.running.base_url())
            .current_dir(self.app())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// What a program on Windows does not start without, and the folders of the user that other
    /// systems have by default.
    fn windows_variables(&self) -> Vec<(&'static str, PathBuf)> {
        if cfg!(unix) {
            return Vec::new();
        }
        let home = self.home.path();
        vec![
            ("SystemRoot", "C:\\windows".into()),
            ("USERPROFILE", home.to_owned()),
            ("XDG_CONFIG_HOME", home.join(".config")),
            ("LOCALAPPDATA", home.join(".local/state")),
        ]
    }

    /// Runs `kvctl` with the credentials of the service, to an end with this exit code.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, args: &[&str]) -> Seen {
        let seen = self.run(args);
        assert_eq!(seen.code, Some(code), "{args:?}: {seen}");
        seen
    }

    /// Creates a namespace, and returns its id.
    #[track_caller]
    pub(crate) fn create(&self, title: &str) -> String {
        let seen = self.expect(0, &["namespace", "create", title, "--json"]);
        let made: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap();
        made["id"].as_str().unwrap().to_owned()
    }

    /// Runs `kvctl` with the credentials of the service.
    #[must_use = "either snapshot the output or assert on it"]
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Seen {
        let seen = Seen::of(self.command(args));
        hints::check(args, &seen);
        seen
    }

    /// Where the user's files are.
    pub(crate) fn home(&self) -> std::path::Display<'_> {
        self.home.path().display()
    }

    /// A path below the user's files, as it is shown.
    pub(crate) fn shown(&self, below: &str) -> String {
        self.home.path().join(below).shown().into_owned()
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
pub(crate) fn binary() -> PathBuf {
    std::env::var_os("KVCTL_BINARY").map_or_else(
        || assert_cmd::cargo::cargo_bin!("kvctl").to_owned(),
        PathBuf::from,
    )
}

impl Seen {
    /// Waits for the end of a run.
    #[must_use = "either snapshot the output or assert on it"]
    #[track_caller]
    pub(crate) fn of(run: impl Finish) -> Self {
        let output = run.finish();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Seen {
    /// Checks that stdout contains `text`.
    #[track_caller]
    pub(crate) fn assert_stdout(&self, text: impl AsRef<str>) {
        assert!(self.stdout.contains(text.as_ref()), "{self}");
    }

    /// Checks that stderr contains `text`.
    #[track_caller]
    pub(crate) fn assert_stderr(&self, text: impl AsRef<str>) {
        assert!(self.stderr.contains(text.as_ref()), "{self}");
    }
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
