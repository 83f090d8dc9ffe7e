//! `kvctl doctor`: what is known, what is decided by whom, and what is broken. Goes on whatever it
//! finds.

mod local;
mod remote;
mod report;
mod settings;
mod versions;

use std::error::Error as StdError;

use report::DoctorReport;

use crate::{commands::CheckFailed, context::Context, ui::quantity};

pub(super) async fn run(context: &Context) -> anyhow::Result<()> {
    let mut report = DoctorReport::new(versions::look(context));
    let found = settings::look(context, &mut report);
    if context.is_local() {
        local::look(context, found.document.as_ref(), &mut report).await;
    } else {
        remote::look(context, found, &mut report).await;
    }
    let verdict = match report.broken() {
        0 => Ok(()),
        broken => Err(CheckFailed::new(format!("{} found", quantity(broken, "fault"))).into()),
    };
    context.ui.conclude(&report, verdict)
}

/// Returns an error with its causes, in one line.
fn said(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
