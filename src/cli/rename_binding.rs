//! `kvctl rename-binding`.

use clap::Args;

use super::ScopeArgs;
use crate::domain::Binding;

/// Rename a binding in the wrangler file, keeping its namespace
#[derive(Debug, Args)]
pub struct RenameBindingArgs {
    /// Current binding name
    pub old: Binding,

    /// New binding name
    pub new: Binding,

    /// Which environments.
    #[command(flatten)]
    pub scope: ScopeArgs,

    /// Also rename the namespace to the title of the new binding
    #[arg(long)]
    pub title: bool,

    /// Assume that nothing is deployed where the token may not ask
    #[arg(long)]
    pub not_deployed: bool,

    /// Show what would change without writing
    #[arg(long)]
    pub dry_run: bool,
}
