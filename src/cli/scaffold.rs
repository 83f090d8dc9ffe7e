//! `kvctl scaffold`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Generate TypeScript helpers for cache, sessions and rate limits, and the `Env` type
#[derive(Debug, Args)]
#[command(after_help = "\
Bindings come from all sections of the wrangler file, or from the one that --env names. Defaults of \
the helpers (prefixes, TTLs, thresholds) come from [scaffold] in kvctl.toml. Helpers that were \
edited by hand are only overwritten with --force. Fields are added to Env, never removed.")]
pub struct ScaffoldArgs {
    /// Project directory [default: that of the wrangler file, else the current one]
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,

    /// Files to generate [default: all]
    #[arg(long, value_name = "FILES", value_enum, value_delimiter = ',')]
    pub only: Vec<PartArg>,

    /// Directory for the helpers, relative to the project [default: src/lib/kv]
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,

    /// File that declares Env, relative to the project [default: the one that the project uses, else
    /// src/lib/types.ts]
    #[arg(long, value_name = "FILE")]
    pub types: Option<PathBuf>,

    /// Show what would change without writing
    #[arg(long)]
    pub dry_run: bool,

    /// Show what would change and exit 8 if anything would
    #[arg(long)]
    pub check: bool,

    /// Overwrite helpers that were edited by hand, keeping each as FILE.bak
    #[arg(long)]
    pub force: bool,
}

/// A file to generate.
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
