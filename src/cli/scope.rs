//! Which environments of the wrangler file a command works on.

use clap::Args;

/// `--all-envs`, beside the global `--env`.
#[derive(Debug, Clone, Copy, Args)]
pub struct ScopeArgs {
    /// Work on the top level and on every environment
    #[arg(long, conflicts_with = "environment")]
    pub all_envs: bool,
}
