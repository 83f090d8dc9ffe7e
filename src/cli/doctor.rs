//! The grammar of `kvctl doctor`.

use clap::Args;

const AFTER_HELP: &str = "\
Only reads, and shows no secrets. Continues after every problem: it needs no wrangler file, no
credentials and no network. With --local it checks the local store.

Exits 8 if there is a problem, 0 if there are only warnings. Each request is retried once at most, so
that intermittent failures show.";

/// Arguments of `kvctl doctor`.
#[derive(Debug, Clone, Args)]
#[command(after_help = AFTER_HELP)]
pub struct DoctorArgs {}
