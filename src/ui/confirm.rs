//! Questions, and what happens when nobody is there to answer.

use std::io::{self, BufRead as _, Write as _};

use super::{Ui, page::line};

/// Why there is no yes.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// Nobody can be asked.
    #[error("{what} needs a confirmation, and there is no terminal to ask on")]
    NoTerminal {
        /// What was to be done.
        what: String,
        /// The flag that answers beforehand.
        flag: String,
    },
    /// The answer was no.
    #[error("{what} was not confirmed; nothing was changed")]
    Declined {
        /// What was to be done.
        what: String,
    },
    /// The terminal failed.
    #[error("could not ask for a confirmation")]
    Io(#[from] io::Error),
}

impl ConfirmError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoTerminal { flag, .. } => Some(format!("give `{flag}` to confirm beforehand")),
            Self::Declined { .. } | Self::Io(_) => None,
        }
    }
}

/// Something to confirm.
#[derive(Debug, Clone)]
pub struct Question {
    /// What is to be done, as the subject of a sentence: "replacing the id of SESSIONS".
    pub what: String,
    /// The exact text to type; `y` or `yes` if there is none.
    pub expect: Option<String>,
    /// The flag that would have answered.
    pub flag: String,
}

impl Ui {
    /// Asks on the terminal. Anything but the expected answer is a no.
    ///
    /// The answer is read on a thread of its own, so that Ctrl-C is heard meanwhile.
    pub async fn confirm(&self, question: Question) -> Result<(), ConfirmError> {
        let Question { what, expect, flag } = question;
        if self.options.yes && expect.is_none() {
            return Ok(());
        }
        if !self.options.audience.answers {
            return Err(ConfirmError::NoTerminal { what, flag });
        }
        let prompt = match &expect {
            Some(text) => line(&format!("{what}: type `{text}` to go on: ")),
            None => line(&format!("{what}: go on? [y/N] ")),
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
