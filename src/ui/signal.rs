//! Being asked to stop.

use std::{io, sync::atomic::Ordering, thread, time::Duration};

use tokio::sync::{mpsc, oneshot};

use super::Ui;

/// How a process was asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// By Ctrl-C.
    Interrupt,
    /// By SIGTERM.
    Terminate,
    /// By SIGHUP: its terminal is gone.
    HangUp,
}

/// How long a process that was asked to stop may compute on before it is ended.
const GRACE: Duration = Duration::from_secs(3);

/// Ends the process, with the code that `end` gives, if it is asked to stop while the thread that
/// listens computes and goes on computing. To be called on that thread, within its runtime.
pub fn end_if_deaf(end: fn(Stop) -> i32) -> io::Result<()> {
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
    /// Resolves when the process is asked to stop. While an editor has the terminal, Ctrl-C is the
    /// editor's, and while [`Self::stopped`] waits, all of it is its business.
    pub async fn asked_to_stop(&self) -> io::Result<Stop> {
        let mut signals = Signals::listen()?;
        loop {
            let stop = signals.next().await?;
            let lent = stop == Stop::Interrupt && self.lent.load(Ordering::SeqCst);
            if !lent && !self.awaited.load(Ordering::SeqCst) {
                return Ok(stop);
            }
        }
    }

    /// Resolves when the process is asked to stop, too: for a command that runs until then and ends
    /// well. To be asked once more is an interruption again.
    pub async fn stopped(&self) -> io::Result<Stop> {
        let mut signals = Signals::listen()?;
        self.awaited.store(true, Ordering::SeqCst);
        let asked = signals.next().await;
        // The one that came just now must not be taken for a second.
        tokio::task::yield_now().await;
        self.awaited.store(false, Ordering::SeqCst);
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

/// Whether whoever started the process wants it to outlive its terminal. Once somebody listens,
/// that is no longer known, so it is asked only once.
#[cfg(unix)]
fn hang_up_is_ignored() -> bool {
    static IGNORED: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *IGNORED.get_or_init(|| {
        let Ok(status) = fs_err::read_to_string("/proc/self/status") else {
            // Where it cannot be asked: `nohup` leaves no stream at the terminal.
            let audience = super::Audience::of_process();
            return !(audience.reads || audience.answers || audience.types || audience.watches);
        };
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        // SIGHUP is number 1, the lowest bit.
        mask.is_some_and(|mask| mask & 1 == 1)
    })
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> io::Result<Stop> {
        tokio::signal::ctrl_c().await.map(|()| Stop::Interrupt)
    }
}
