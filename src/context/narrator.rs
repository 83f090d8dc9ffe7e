//! Tells the user what the client does, as far as they asked to know.

use crate::{
    api::{Event, Observer},
    ui::{Ui, Verbosity},
};

/// Listens to a client and talks through a [`Ui`].
pub(super) struct Narrator(pub(super) Ui);

impl Observer for Narrator {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Answered {
                method,
                path,
                status,
                took,
                ray,
            } => {
                let ray = ray.map(|ray| format!(" cf-ray {ray}")).unwrap_or_default();
                let status = status.as_u16();
                let line = format!("{method} /{path} {status} {} ms{ray}", took.as_millis());
                self.0.detail(Verbosity::Requests, &line);
            }
            Event::Lost { method, path, took } => {
                let line = format!("{method} /{path} no answer {} ms", took.as_millis());
                self.0.detail(Verbosity::Requests, &line);
            }
            Event::Retry { error, wait } => {
                let line = format!("{error}; trying again in {:.1} s", wait.as_secs_f64());
                self.0.detail(Verbosity::Everything, &line);
            }
            Event::Paced { wait } if wait.as_secs() >= 1 => {
                let seconds = wait.as_secs_f64();
                self.0.note(&format!(
                    "waiting {seconds:.0} s, to stay within the account's budget of requests"
                ));
            }
            Event::Paced { wait } => {
                let line = format!(
                    "waiting {} ms: little of the budget is left",
                    wait.as_millis()
                );
                self.0.detail(Verbosity::Everything, &line);
            }
        }
    }
}
