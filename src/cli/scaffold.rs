//! `kvctl scaffold`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Write the Worker's side: helpers in TypeScript for cache, sessions and rate limits, and the
/// bindings in `Env`
#[derive(Debug, Args)]
#[command(after_help = "\
The bindings are those of the wrangler file: of all its sections, or of the one that --env names. \
Defaults of the helpers (prefixes, TTLs, thresholds) come from [scaffold] in kvctl.toml. A helper \
that was edited by hand is not overwritten without --force. Env is only ever added to.")]
pub struct ScaffoldArgs {
    /// Project [default: the directory of the wrangler file, else this one]
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,

    /// Which files [default: all]
    #[arg(long, value_name = "FILES", value_enum, value_delimiter = ',')]
    pub only: Vec<PartArg>,

    /// Folder of the helpers, relative to the project [default: src/lib/kv]
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,

    /// File that declares Env, relative to the project [default: src/lib/types.ts]
    #[arg(long, value_name = "FILE")]
    pub types: Option<PathBuf>,

    /// Show what would be done, and stop
    #[arg(long)]
    pub dry_run: bool,

    /// Show what would be done, and exit with 8 if that is anything
    #[arg(long)]
    pub check: bool,

    /// Also replace helpers that were edited by hand; each is kept as FILE.bak
    #[arg(long)]
    pub force: bool,
}

/// One of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PartArg {
    /// ConfigCache
    Cache,
    /// SessionManager
    Sessions,
    /// RateLimiter
    RateLimit,
    /// Env
    Types,
}
