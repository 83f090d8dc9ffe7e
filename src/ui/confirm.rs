//! Confirmation prompts.

use std::io::{self, BufRead as _, Write as _};

use super::{Ui, page::line};

/// Why an action was not confirmed.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// There is no terminal to prompt on.
    #[error("{what} requires confirmation, and there is no terminal to prompt on")]
    NoTerminal {
        /// The action.
        what: String,
        /// The flag that confirms without a prompt.
        flag: String,
    },
    /// The answer was no.
    #[error("{what} was not confirmed; nothing was changed")]
    Declined {
        /// The action.
        what: String,
    },
    /// The terminal failed.
    #[error("could not prompt for confirmation")]
    Io(#[from] io::Error),
}

/// Something to confirm.
#[derive(Debug, Clone)]
pub struct Question {
    /// The action, as the subject of a sentence: "replacing the id of SESSIONS".
    pub what: String,
    /// The exact text to type; `y` or `yes` if there is none.
    pub expect: Option<String>,
    /// The flag that confirms without a prompt.
    pub flag: String,
}

impl Ui {
    /// Prompts on the terminal. Anything but the expected answer is a no.
    ///
    /// The answer is read on a thread of its own, so that Ctrl-C is heard meanwhile.
    pub async fn confirm(&self, question: Question) -> Result<(), ConfirmError> {
        let Question { what, expect, flag } = question;
        if self.options.yes && expect.is_none() {
            return Ok(());
        }
        if !self.options.terminals.interactive {
            return Err(ConfirmError::NoTerminal { what, flag });
        }
        let prompt = match &expect {
            Some(text) => line(&format!("{what}: type `{text}` to confirm: ")),
            None => line(&format!("{what}: continue? [y/N] ")),
        };
        self.with(|s| {
            s.err
                .write_all(prompt.as_bytes())
                .and_then(|()| s.err.flush())
        })?;
        let answer = tokio::task::spawn_blocking(|| {
            let mut answer = String::new();
            io::stdin().lock().read_line(&mut answer).map(|_| answer)
        });
        let answer = answer.await.map_err(io::Error::other)??;
        let answer = answer.trim();
        let yes = match &expect {
            Some(text) => answer == text,
            None => matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"),
        };
        if yes {
            Ok(())
        } else {
            Err(ConfirmError::Declined { what })
        }
    }
}
