//! Being asked to stop.

use std::{io, sync::atomic::Ordering, thread, time::Duration};

use tokio::sync::{mpsc, oneshot};

use super::Ui;

/// How a process was asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// By Ctrl-C.
    Interrupt,
    /// By SIGTERM; on Windows by Ctrl-Break.
    Terminate,
    /// By SIGHUP; on Windows by a session that ends: its terminal was closed.
    HangUp,
}

/// How long a process that was asked to stop may stay busy before it is ended.
const GRACE: Duration = Duration::from_secs(3);

/// Ends the process with the code that `end` gives if it is asked to stop while the calling thread
/// is too busy to notice. Must be called on that thread, within its runtime.
pub fn exit_if_unresponsive(end: fn(Stop) -> i32) -> io::Result<()> {
    let (ping, mut pings) = mpsc::unbounded_channel::<oneshot::Sender<()>>();
    tokio::spawn(async move {
        while let Some(answer) = pings.recv().await {
            answer.send(()).ok();
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let watch = async move {
        // Should it be impossible to listen, the process can be killed, as ever.
        let Ok(mut signals) = Signals::listen() else {
            return;
        };
        while let Ok(stop) = signals.next().await {
            let (answer, answered) = oneshot::channel();
            ping.send(answer).ok();
            if tokio::time::timeout(GRACE, answered).await.is_err() {
                end_now(end(stop));
            }
        }
    };
    let thread = thread::Builder::new().name("signals".to_owned());
    thread.spawn(move || runtime.block_on(watch)).map(drop)
}

#[expect(clippy::exit, reason = "nothing else ends a thread that computes")]
fn end_now(code: i32) -> ! {
    std::process::exit(code)
}

impl Ui {
    /// Resolves when the process is asked to stop. Ctrl-C is ignored while an editor has the terminal,
    /// and every request while [`Self::wait_for_stop`] handles it.
    ///
    /// Listens from the call on, not from the first poll: a request in between would be lost once any
    /// other listener has replaced the default action of its signal.
    pub fn stop_requested(&self) -> impl Future<Output = io::Result<Stop>> + '_ {
        let signals = Signals::listen();
        async move {
            let mut signals = signals?;
            loop {
                let stop = signals.next().await?;
                let terminal_borrowed =
                    stop == Stop::Interrupt && self.terminal_borrowed.load(Ordering::SeqCst);
                if !terminal_borrowed && !self.stop_awaited.load(Ordering::SeqCst) {
                    return Ok(stop);
                }
            }
        }
    }

    /// Waits for a request to stop, for commands that run until then and end successfully. A second
    /// request interrupts the command.
    pub async fn wait_for_stop(&self) -> io::Result<Stop> {
        let mut signals = Signals::listen()?;
        self.stop_awaited.store(true, Ordering::SeqCst);
        let asked = signals.next().await;
        // The signal just received must not count as a second one.
        tokio::task::yield_now().await;
        self.stop_awaited.store(false, Ordering::SeqCst);
        asked
    }
}

/// Prints a note when it is dropped before [`InterruptNote::disarm`]: for work that Ctrl-C may end
/// at any moment.
#[derive(Debug)]
#[must_use = "dropped at once, it prints its note at once"]
pub struct InterruptNote<'a> {
    ui: &'a Ui,
    words: Option<&'a str>,
}

impl Ui {
    /// Returns a guard that prints `words` unless it is disarmed.
    pub fn note_on_interrupt<'a>(&'a self, words: &'a str) -> InterruptNote<'a> {
        InterruptNote {
            ui: self,
            words: Some(words),
        }
    }
}

impl InterruptNote<'_> {
    /// Drops the note: the work ended, successfully or not.
    pub fn disarm(mut self) {
        self.words = None;
    }
}

impl Drop for InterruptNote<'_> {
    fn drop(&mut self) {
        if let Some(words) = self.words {
            self.ui.note(words);
        }
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// `None`: it is ignored, as `nohup` asks for.
    hang_up: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let ignored = hang_up_is_ignored();
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: (!ignored)
                .then(|| signal(SignalKind::hangup()))
                .transpose()?,
        })
    }

    async fn next(&mut self) -> io::Result<Stop> {
        let Self {
            interrupt,
            terminate,
            hang_up,
        } = self;
        let hung_up = async {
            match hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        Ok(tokio::select! {
            biased;
            _ = interrupt.recv() => Stop::Interrupt,
            _ = terminate.recv() => Stop::Terminate,
            _ = hung_up => Stop::HangUp,
        })
    }
}

/// Whether SIGHUP is ignored, as under `nohup`. Installing a handler hides that, so it is checked only
/// once.
#[cfg(unix)]
fn hang_up_is_ignored() -> bool {
    static IGNORED: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *IGNORED.get_or_init(|| {
        let Ok(status) = fs_err::read_to_string("/proc/self/status") else {
            // Without /proc: `nohup` leaves no stream on a terminal.
            let terminals = super::Terminals::of_process();
            return !(terminals.stdout || terminals.stdin || terminals.stderr);
        };
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        // SIGHUP is number 1, the lowest bit.
        mask.is_some_and(|mask| mask & 1 == 1)
    })
}

#[cfg(windows)]
struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
    interrupt_hard: tokio::signal::windows::CtrlBreak,
    close: tokio::signal::windows::CtrlClose,
    log_off: tokio::signal::windows::CtrlLogoff,
    shut_down: tokio::signal::windows::CtrlShutdown,
}

#[cfg(windows)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};
        Ok(Self {
            interrupt: ctrl_c()?,
            interrupt_hard: ctrl_break()?,
            close: ctrl_close()?,
            log_off: ctrl_logoff()?,
            shut_down: ctrl_shutdown()?,
        })
    }

    async fn next(&mut self) -> io::Result<Stop> {
        Ok(tokio::select! {
            biased;
            _ = self.interrupt.recv() => Stop::Interrupt,
            _ = self.interrupt_hard.recv() => Stop::Terminate,
            _ = self.close.recv() => Stop::HangUp,
            _ = self.log_off.recv() => Stop::HangUp,
            _ = self.shut_down.recv() => Stop::HangUp,
        })
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::ui::{Format, Options, Terminals, Verbosity};

    #[tokio::test]
    async fn a_request_before_the_first_poll_is_not_lost() {
        let ui = Ui::standard(Options {
            format: Format::Human,
            verbosity: Verbosity::Quiet,
            yes: false,
            terminals: Terminals::default(),
        });
        let stop = ui.stop_requested();
        let this = rustix::process::getpid();
        rustix::process::kill_process(this, rustix::process::Signal::TERM).unwrap();
        let stop = tokio::time::timeout(Duration::from_mins(1), stop).await;
        assert_eq!(stop.unwrap().unwrap(), Stop::Terminate);
    }
}
