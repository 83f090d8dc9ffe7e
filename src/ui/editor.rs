//! Lending the terminal to an editor.

use std::{
    io,
    path::Path,
    process::{Command, ExitStatus},
    sync::atomic::Ordering,
};

use super::Ui;

/// Why nothing came back from the editor.
#[derive(Debug, thiserror::Error)]
pub enum EditorError {
    /// It could not be started.
    #[error("could not start the editor `{editor}`")]
    Start {
        /// What was started.
        editor: String,
        /// What the system said.
        source: io::Error,
    },
    /// It says that it failed, or that the user gave up.
    #[error("the editor `{editor}` ended with {status}; nothing was changed")]
    Failed {
        /// What was started.
        editor: String,
        /// How it ended.
        status: ExitStatus,
    },
}

impl EditorError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        Some("set VISUAL or EDITOR to the command that starts your editor".to_owned())
    }
}

impl Ui {
    /// Opens `file` in `editor`, a command that may have arguments, and waits for its end.
    pub async fn edit(&self, editor: &str, file: &Path) -> Result<(), EditorError> {
        let mut command = command(editor, file);
        self.lent.store(true, Ordering::SeqCst);
        let ended = tokio::task::spawn_blocking(move || command.status()).await;
        self.lent.store(false, Ordering::SeqCst);
        let editor = editor.to_owned();
        match ended.map_err(io::Error::from).and_then(|status| status) {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(EditorError::Failed { editor, status }),
            Err(source) => Err(EditorError::Start { editor, source }),
        }
    }
}

/// Lets the shell take the command apart, as git does, so that quotes and arguments work.
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

#[cfg(not(unix))]
fn command(editor: &str, file: &Path) -> Command {
    let mut words = editor.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("notepad"));
    command.args(words).arg(file);
    command
}
