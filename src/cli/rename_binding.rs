//! `kvctl rename-binding`.

use clap::Args;

use super::ScopeArgs;
use crate::domain::Binding;

/// Rename a binding in the wrangler file, keeping its id and so its data
#[derive(Debug, Args)]
pub struct RenameBindingArgs {
    /// Binding as it is
    pub old: Binding,

    /// Binding as it is to be
    pub new: Binding,

    /// Which environments.
    #[command(flatten)]
    pub scope: ScopeArgs,

    /// Also give the namespace the title that belongs to the new binding
    #[arg(long)]
    pub title: bool,

    /// Show what would be done, and stop
    #[arg(long)]
    pub dry_run: bool,
}
