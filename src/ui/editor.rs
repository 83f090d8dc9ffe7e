//! Running the user's editor in the terminal.

use std::{
    io,
    path::Path,
    process::{Command, ExitStatus},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use tokio::process::Child;

use super::Ui;

/// Why nothing came back from the editor.
#[derive(Debug, thiserror::Error)]
pub enum EditorError {
    /// It could not be started.
    #[error("could not start editor `{editor}`")]
    Start {
        /// The command that was run.
        editor: String,
        /// What the system said.
        source: io::Error,
    },
    /// It failed, or the user aborted it.
    #[error("editor `{editor}` failed: {status}; nothing was changed")]
    Failed {
        /// The command that was run.
        editor: String,
        /// How it ended.
        status: ExitStatus,
    },
}

impl Ui {
    /// Opens `file` in `editor`, a command that may have arguments, and waits for its end.
    pub async fn edit(&self, editor: &str, file: &Path) -> Result<(), EditorError> {
        let command = command(editor, file);
        let ended = match Editing::start(command, &self.terminal_borrowed) {
            Ok(mut editing) => editing.child.wait().await,
            Err(e) => Err(e),
        };
        let editor = editor.to_owned();
        match ended {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(EditorError::Failed { editor, status }),
            Err(source) => Err(EditorError::Start { editor, source }),
        }
    }
}

/// A running editor. It is terminated on drop, since its output would be lost.
struct Editing<'a> {
    child: Child,
    terminal_borrowed: &'a AtomicBool,
}

impl<'a> Editing<'a> {
    /// How long the editor has to save and exit.
    const EXIT_TIMEOUT: Duration = Duration::from_secs(2);

    fn start(command: Command, terminal_borrowed: &'a AtomicBool) -> io::Result<Self> {
        terminal_borrowed.store(true, Ordering::SeqCst);
        match tokio::process::Command::from(command).spawn() {
            Ok(child) => Ok(Self {
                child,
                terminal_borrowed,
            }),
            Err(e) => {
                terminal_borrowed.store(false, Ordering::SeqCst);
                Err(e)
            }
        }
    }

    fn runs_after(&mut self, timeout: Duration) -> bool {
        const STEP: Duration = Duration::from_millis(10);
        let mut waited = Duration::ZERO;
        while matches!(self.child.try_wait(), Ok(None)) {
            if waited >= timeout {
                return true;
            }
            thread::sleep(STEP);
            waited += STEP;
        }
        false
    }
}

impl Drop for Editing<'_> {
    fn drop(&mut self) {
        self.terminal_borrowed.store(false, Ordering::SeqCst);
        if !self.runs_after(Duration::ZERO) {
            return;
        }
        terminate(&self.child);
        if self.runs_after(Self::EXIT_TIMEOUT) {
            self.child.start_kill().ok();
            self.runs_after(Self::EXIT_TIMEOUT);
        }
    }
}

/// Asks the process to end, so that an editor leaves the terminal as it found it.
#[cfg(unix)]
fn terminate(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(pid) = pid.and_then(Pid::from_raw) {
        // It may have ended by now.
        kill_process(pid, Signal::TERM).ok();
    }
}

/// There is nothing to ask with.
#[cfg(windows)]
fn terminate(_: &Child) {}

/// Runs the command in a shell, as git does, so that quotes and arguments work.
#[cfg(unix)]
fn command(editor: &str, file: &Path) -> Command {
    // In the shell's place where that can be: it would die of the Ctrl-C that the editor gets.
    let exec = if editor.contains(['=', ';', '&', '|', '(']) {
        ""
    } else {
        "exec "
    };
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("{exec}{editor} \"$@\""))
        .arg(editor)
        .arg(file);
    command
}

/// Runs the command in a shell, which finds scripts such as `code.cmd` as well, and knows quotes.
#[cfg(windows)]
fn command(editor: &str, file: &Path) -> Command {
    use std::os::windows::process::CommandExt as _;
    // A path with spaces is often set without quotes.
    let editor = if Path::new(editor).is_file() {
        format!("\"{editor}\"")
    } else {
        editor.to_owned()
    };
    let mut command = Command::new("cmd");
    // The shell takes off the outer quotes, and reads the rest by its own rules. No path has quotes.
    let line = format!("\"{editor} \"{}\"\"", file.to_string_lossy());
    command.args(["/D", "/S", "/C"]).raw_arg(line);
    command
}
