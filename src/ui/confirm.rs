//! Confirmation prompts.

use std::io::{self, BufRead as _, Write as _};

use super::{
    Ui,
    page::{line, wrapped},
};

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
    /// The question, short: what it is about was said before.
    pub ask: String,
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
        let Question {
            what,
            ask,
            expect,
            flag,
        } = question;
        if self.options.yes && expect.is_none() {
            return Ok(());
        }
        if !self.options.terminals.interactive {
            return Err(ConfirmError::NoTerminal { what, flag });
        }
        let prompt = match &expect {
            Some(text) => format!("{ask} Type `{text}` to confirm: "),
            None => format!("{ask} [y/N] "),
        };
        let answer = self.answer(&prompt).await?;
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

    /// Writes a prompt, and returns the line that is typed; an empty one at the end of the input.
    pub(super) async fn answer(&self, prompt: &str) -> io::Result<String> {
        let lines = wrapped(prompt.trim_end(), self.options.terminals.stderr_width, 2);
        let lines: Vec<String> = lines.iter().map(|text| line(text)).collect();
        let prompt = lines.join("\n") + " ";
        self.with(|s| {
            s.err
                .write_all(prompt.as_bytes())
                .and_then(|()| s.err.flush())
        })?;
        let mut unanswered = Unanswered(Some(self));
        let answer = tokio::task::spawn_blocking(|| {
            let mut answer = String::new();
            io::stdin().lock().read_line(&mut answer).map(|_| answer)
        });
        let answer = answer.await.map_err(io::Error::other)??;
        if answer.ends_with('\n') {
            unanswered.0 = None;
        }
        Ok(answer)
    }
}

/// Ends the line of a prompt that is not answered, also when it is interrupted.
struct Unanswered<'a>(Option<&'a Ui>);

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(ui) = self.0 {
            // Errors on stderr cannot be reported.
            ui.with(|s| writeln!(s.err).ok());
        }
    }
}
