//! The grammar of `kvctl doctor`.

use clap::Args;

const AFTER_HELP: &str = "\
Read-only, and shows no secrets. Continues after every problem, so it needs no wrangler file,
credentials or network. With --local, checks the local store.

Exits 8 if there is a problem, 0 if there are only warnings. Each request is retried at most once,
to reveal intermittent failures.";

/// Arguments of `kvctl doctor`.
#[derive(Debug, Clone, Args)]
#[command(after_help = AFTER_HELP)]
pub struct DoctorArgs {}
