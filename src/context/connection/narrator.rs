//! Prints what the client does, according to the verbosity.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    api::{Event, Observer},
    ui::{Ui, Verbosity},
};

/// Listens to a client and talks through a [`Ui`].
pub(super) struct Narrator {
    ui: Ui,
    paced: Quiet,
}

impl Narrator {
    pub(super) fn new(ui: Ui) -> Self {
        Self {
            ui,
            paced: Quiet::default(),
        }
    }
}

/// A pause of at least this long is reported even with `--quiet`.
const LONG: Duration = Duration::from_secs(5);

/// Until when it need not be said again that requests are held back.
#[derive(Default)]
struct Quiet(Mutex<Option<Instant>>);

impl Quiet {
    /// Every request of a long run waits; so often it is said.
    const SPAN: Duration = Duration::from_mins(1);

    /// Whether a wait is worth a line, which the next ones then are not for a while.
    fn breaks_for(&self, wait: Duration) -> bool {
        let mut until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let breaks = wait >= Duration::from_secs(1) && until.is_none_or(|until| until <= now);
        if breaks {
            *until = now.checked_add(Self::SPAN);
        }
        breaks
    }
}

impl Observer for Narrator {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Answered {
                method,
                path,
                status,
                took,
                ray,
                ..
            } => {
                let ray = ray.map(|ray| format!(" cf-ray {ray}")).unwrap_or_default();
                let status = status.as_u16();
                let line = format!("{method} /{path} {status} {} ms{ray}", took.as_millis());
                self.ui.detail(Verbosity::Requests, &line);
            }
            Event::Lost { method, path, took } => {
                let line = format!("{method} /{path} no answer {} ms", took.as_millis());
                self.ui.detail(Verbosity::Requests, &line);
            }
            Event::Retry { error, wait } if *wait >= LONG && self.paced.breaks_for(*wait) => {
                let seconds = wait.as_secs_f64();
                self.ui.detail(
                    Verbosity::Quiet,
                    &format!("{error}; retrying in {seconds:.0} s"),
                );
            }
            Event::Retry { error, wait } => {
                let line = format!("{error}; retrying in {:.1} s", wait.as_secs_f64());
                self.ui.detail(Verbosity::Everything, &line);
            }
            Event::Paced { wait } if self.paced.breaks_for(*wait) => {
                let least = if *wait >= LONG {
                    Verbosity::Quiet
                } else {
                    Verbosity::Normal
                };
                let seconds = wait.as_secs_f64();
                self.ui.detail(
                    least,
                    &format!(
                        "note: waiting {seconds:.0} s to stay within the account's rate limit"
                    ),
                );
            }
            Event::Paced { wait } => {
                let line = format!(
                    "waiting {} ms: the rate limit is nearly used up",
                    wait.as_millis()
                );
                self.ui.detail(Verbosity::Everything, &line);
            }
        }
    }
}

/// Two observers.
pub(super) struct Both(pub(super) Narrator, pub(super) Arc<dyn Observer>);

impl Observer for Both {
    fn event(&self, event: &Event<'_>) {
        self.0.event(event);
        self.1.event(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_waits_the_first_is_told() {
        let quiet = Quiet::default();
        let told = [0, 2, 5, 60].map(|s| quiet.breaks_for(Duration::from_secs(s)));
        assert_eq!(told, [false, true, false, false]);
    }
}
