//! The grammar of `kvctl doctor`.

use clap::Args;

const AFTER_HELP: &str = "\
Only reads, and shows no secret. What is broken is reported, and the rest is looked at all the same:
it needs no wrangler file, no credentials and no network. With --local it looks at the local store.

Exits with 8 if something is broken, with 0 if there are warnings only. At most one retry is made
for each request, so that trouble shows.";

/// Arguments of `kvctl doctor`.
#[derive(Debug, Clone, Args)]
#[command(after_help = AFTER_HELP)]
pub struct DoctorArgs {}
