//! Waiting, with a deadline: a test that waits in vain fails and says for what.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use fs_err as fs;

/// How long anything may take, on a busy machine as well.
pub(crate) const PATIENCE: Duration = Duration::from_mins(3);

/// How long a look at the state of things is worth.
const STEP: Duration = Duration::from_millis(1);

/// A client for a service on this machine.
pub(crate) fn http() -> reqwest::ClientBuilder {
    // Another test may have been first.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    reqwest::Client::builder().no_proxy().timeout(PATIENCE)
}

/// Waits until `done`.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(
            Instant::now() < deadline,
            "waited {PATIENCE:?} in vain until {what}"
        );
        thread::park_timeout(STEP);
    }
}

/// Does work that waits for something else, such as reading from a pipe.
#[track_caller]
pub(crate) fn within_patience<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(work()).ok());
    receiver
        .recv_timeout(PATIENCE)
        .unwrap_or_else(|why| panic!("waited for {what}: {why}"))
}

/// Reads a line of what a process says, and returns the rest with it.
#[track_caller]
pub(crate) fn first_line(stdout: ChildStdout) -> (String, BufReader<ChildStdout>) {
    within_patience("a line", || {
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        (line, stdout)
    })
}

/// Writes into a pipe with a name, once somebody reads from it.
#[track_caller]
pub(crate) fn write_to_pipe(path: PathBuf, bytes: &[u8]) {
    let bytes = bytes.to_vec();
    within_patience("a reader of the pipe", move || {
        let opened = fs::OpenOptions::new().write(true).open(path);
        opened.unwrap().write_all(&bytes).unwrap();
    });
}

/// A program whose output is read.
pub(crate) fn piped(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What ends by itself, and what it leaves.
pub(crate) trait Finish {
    /// Waits for the end. A process that does not come to it is killed, and shown.
    fn finish(self) -> Output;
}

impl Finish for Output {
    fn finish(self) -> Output {
        self
    }
}

impl Finish for &mut Command {
    #[track_caller]
    fn finish(self) -> Output {
        self.spawn().unwrap().finish()
    }
}

impl Finish for Command {
    #[track_caller]
    fn finish(mut self) -> Output {
        self.spawn().unwrap().finish()
    }
}

impl Finish for Child {
    #[track_caller]
    fn finish(self) -> Output {
        let pid = self.id().to_string();
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || sender.send(self.wait_with_output()).ok());
        if let Ok(output) = receiver.recv_timeout(PATIENCE) {
            return output.unwrap();
        }
        Command::new("kill").args(["-KILL", &pid]).status().ok();
        let output = receiver.recv_timeout(PATIENCE);
        panic!("process {pid} had not ended after {PATIENCE:?}: {output:?}");
    }
}

/// Sends a signal, such as `-TERM`. The process may have ended by itself meanwhile; returns whether
/// it has not.
#[cfg(unix)]
pub(crate) fn send_signal(child: &Child, signal: &str) -> bool {
    let pid = child.id().to_string();
    let kill = piped("kill").args([signal, &pid]).finish();
    kill.status.success()
}

/// Ends the process at once, as the only signal that a program can send to one other on Windows.
#[cfg(windows)]
pub(crate) fn send_signal(child: &Child, signal: &str) -> bool {
    assert_eq!(signal, "-KILL");
    let pid = child.id().to_string();
    let kill = piped("taskkill").args(["/F", "/PID", &pid]).finish();
    kill.status.success()
}

/// Sends a signal at that moment, unless the process ends before it. Returns whether it was sent.
pub(crate) fn signal_at(child: &mut Child, signal: &str, moment: Instant) -> bool {
    while child.try_wait().unwrap().is_none() {
        let left = moment.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return send_signal(child, signal);
        }
        thread::park_timeout(left.min(STEP));
    }
    false
}
