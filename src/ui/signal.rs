//! Being asked to stop.

use std::{io, sync::atomic::Ordering};

use super::Ui;

/// How a process was asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// By Ctrl-C.
    Interrupt,
    /// By SIGTERM.
    Terminate,
}

impl Ui {
    /// Resolves when somebody presses Ctrl-C. While an editor or [`Self::stopped`] has it, Ctrl-C is
    /// theirs.
    pub async fn interrupted(&self) -> io::Result<()> {
        loop {
            tokio::signal::ctrl_c().await?;
            if !self.lent.load(Ordering::SeqCst) {
                return Ok(());
            }
        }
    }

    /// Resolves when the process is asked to stop, by Ctrl-C or by SIGTERM: for a command that runs
    /// until then and ends well. Ctrl-C once more is an interruption again.
    pub async fn stopped(&self) -> io::Result<Stop> {
        self.lent.store(true, Ordering::SeqCst);
        let asked = asked().await;
        // The one that was pressed just now must not be taken for a second.
        tokio::task::yield_now().await;
        self.lent.store(false, Ordering::SeqCst);
        asked
    }
}

/// Says something when it is dropped, unless it is told before that its time is over: for work that
/// Ctrl-C may end at any moment.
#[derive(Debug)]
#[must_use = "dropped at once, it speaks at once"]
pub struct Parting<'a> {
    ui: &'a Ui,
    words: Option<&'a str>,
}

impl Ui {
    /// Makes sure that `words` are said if what follows is dropped before its end.
    pub fn parting<'a>(&'a self, words: &'a str) -> Parting<'a> {
        Parting {
            ui: self,
            words: Some(words),
        }
    }
}

impl Parting<'_> {
    /// Tells that the end was reached, good or bad.
    pub fn over(mut self) {
        self.words = None;
    }
}

impl Drop for Parting<'_> {
    fn drop(&mut self) {
        if let Some(words) = self.words {
            self.ui.note(words);
        }
    }
}

#[cfg(unix)]
async fn asked() -> io::Result<Stop> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.map(|()| Stop::Interrupt),
        _ = terminate.recv() => Ok(Stop::Terminate),
    }
}

#[cfg(not(unix))]
async fn asked() -> io::Result<Stop> {
    tokio::signal::ctrl_c().await.map(|()| Stop::Interrupt)
}
