//! Progress on a terminal; silence elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Format, Ui, Verbosity, printable};

/// A bar that counts finished items; removed when dropped.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Ui {
    /// Starts a bar of `total` items, or a counter if that is 0. Only visible on a terminal and in the
    /// human format.
    pub fn progress(&self, total: usize, what: &str) -> Progress {
        let visible = self.options.terminals.stderr
            && self.options.format == Format::Human
            && self.options.verbosity == Verbosity::Normal;
        let target = if visible {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(total as u64), target);
        let template = match total {
            0 => "{spinner} {msg} {human_pos} ({per_sec})",
            1..100 => "{spinner} {msg} {bar:24} {pos}/{len}",
            _ => "{spinner} {msg} {bar:24} {human_pos}/{human_len} ({per_sec}, {eta} left)",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(printable(what).into_owned());
        bar.tick();
        Progress(bar)
    }
}

impl Progress {
    /// Counts more finished items.
    pub fn advance(&self, items: usize) {
        self.0.inc(items as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
