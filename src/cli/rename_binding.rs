//! `kvctl rename-binding`.

use clap::Args;

use super::ScopeArgs;
use crate::domain::Binding;

/// Rename a binding in the wrangler file, keeping its namespace
#[derive(Debug, Args)]
#[command(override_usage = "kvctl rename-binding [OPTIONS] <OLD> <NEW>")]
pub struct RenameBindingArgs {
    /// Current binding name
    pub old: Binding,

    /// New binding name
    #[arg(value_name = "NEW", required_unless_present = "to")]
    pub new: Option<Binding>,

    /// New binding name
    #[arg(
        long,
        alias = "new-name",
        value_name = "NEW",
        conflicts_with = "new",
        hide = true
    )]
    pub to: Option<Binding>,

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

impl RenameBindingArgs {
    /// Returns the new name. The grammar requires one.
    pub fn new_name(&self) -> &Binding {
        self.new.as_ref().or(self.to.as_ref()).unwrap_or(&self.old)
    }
}
