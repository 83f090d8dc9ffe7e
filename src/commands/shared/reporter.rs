//! What a run over many keys tells, on the terminal.

use std::time::Duration;

use super::missed::named;
use crate::{
    ops::bulk::reporter::{Reporter, RunProgress},
    ui::{InterruptNote, Progress, Ui, Verbosity},
};

impl Reporter for Ui {
    fn status(&self, message: &str) {
        Self::status(self, message);
    }

    fn note(&self, message: &str) {
        Self::note(self, message);
    }

    /// Says it also under `--quiet`.
    fn waiting(&self, keys: &[&str], timeout: Duration) {
        self.detail(
            Verbosity::Quiet,
            &format!(
                "listed, but not readable yet: {}; retrying for up to {} s",
                named(keys),
                timeout.as_secs_f64().ceil()
            ),
        );
    }

    fn start<'a>(
        &'a self,
        total: usize,
        doing: &'static str,
        interrupted: &'a str,
    ) -> Box<dyn RunProgress + 'a> {
        Box::new(Shown {
            note: self.note_on_interrupt(interrupted),
            bar: self.progress(total, doing),
        })
    }
}

/// A progress bar, and what is said if it is dropped before the end of its run.
struct Shown<'a> {
    note: InterruptNote<'a>,
    bar: Progress,
}

impl RunProgress for Shown<'_> {
    fn advance(&self, items: usize) {
        self.bar.advance(items);
    }

    fn end(self: Box<Self>) {
        self.note.disarm();
    }
}
