//! Progress on a terminal; silence elsewhere.

use std::fmt::Write;

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

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
            0 => "{spinner} {msg} {human_pos} ({rate})",
            1..100 => "{spinner} {msg} {bar:24} {pos}/{len}",
            _ => "{spinner} {msg} {bar:24} {human_pos}/{human_len} ({rate}, {eta} left)",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key("rate", rate));
        }
        bar.set_message(printable(what).into_owned());
        bar.tick();
        Progress(bar)
    }
}

/// Writes how many items are done in a second, rounded.
fn rate(state: &ProgressState, out: &mut dyn Write) {
    // Drawing cannot fail.
    write!(out, "{}/s", rounded(state.per_sec())).ok();
}

/// Returns a rate without digits that say nothing.
fn rounded(rate: f64) -> String {
    if rate > 0.05 && rate < 10.0 {
        return format!("{rate:.1}");
    }
    let whole = format!("{rate:.0}");
    whole.parse().map_or(whole, |it| HumanCount(it).to_string())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_no_more_digits_than_it_is_worth() {
        for (rate, text) in [
            (0.0, "0"),
            (1.2345, "1.2"),
            (12.6, "13"),
            (1_040.354_6, "1,040"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(rounded(rate), text);
        }
    }
}
