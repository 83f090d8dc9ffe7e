//! Progress reports of a run over many keys.

use std::time::Duration;

use super::cost::Cost;

/// Receives the progress of a run.
pub trait Reporter {
    /// Reports progress.
    fn status(&self, message: &str);

    /// Says what the user should know.
    fn note(&self, message: &str);

    /// Says that keys are listed and cannot be read yet, and are retried until `timeout`.
    fn waiting(&self, keys: &[&str], timeout: Duration);

    /// Shows the progress of a run with `total` items, 0 if that is not known. Notes `interrupted` if
    /// what it returns is dropped before the end of the run.
    fn start<'a>(
        &'a self,
        total: usize,
        doing: &'static str,
        interrupted: &'a str,
    ) -> Box<dyn RunProgress + 'a>;
}

/// The progress of one run.
pub trait RunProgress {
    /// Counts more finished items.
    fn advance(&self, items: usize);

    /// Tells that the run has ended, well or not.
    fn end(self: Box<Self>);
}

impl dyn Reporter + '_ {
    /// Notes what a run costs, if that is much.
    pub fn cost(&self, cost: Cost) {
        if let Some(remark) = cost.remark() {
            self.note(&remark);
        }
    }
}
