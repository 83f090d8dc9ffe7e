//! `kvctl provision`.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, ValueEnum};

use super::ScopeArgs;
use crate::domain::{Binding, BindingError, NamespaceId, Title, TitleError};

/// Create or adopt the namespaces a project needs, and write their ids into its wrangler file
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are switches, independent of each other"
)]
#[command(after_help = "\
What is wanted: the bindings given; else the namespaces of kvctl.toml; else the kv_namespaces of \
the wrangler file; else CONFIG_CACHE, SESSIONS and RATE_LIMIT.")]
pub struct ProvisionArgs {
    /// Bindings to provision, each with the title of its namespace if that is not the usual one
    #[arg(value_name = "BINDING[=TITLE]")]
    pub wanted: Vec<WantedArg>,

    /// Which environments.
    #[command(flatten)]
    pub scope: ScopeArgs,

    /// What `wrangler dev --remote` is to use
    #[arg(long, value_name = "MODE", value_enum, default_value_t)]
    pub preview: PreviewMode,

    /// Show what would be done, and stop
    #[arg(long)]
    pub dry_run: bool,

    /// Show what would be done, and exit with 8 if that is anything
    #[arg(long)]
    pub check: bool,

    /// Write the changed file here and leave the original as it is
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Make a minimal wrangler.toml if there is no wrangler file
    #[arg(long)]
    pub init: bool,

    /// Also do what `kvctl scaffold` does: TypeScript helpers, and the bindings in Env
    #[arg(long)]
    pub scaffold: bool,

    /// Id that may be replaced by another; nothing else with a valid id is re-pointed
    #[arg(long, value_name = "OLD_ID")]
    pub replace_id: Vec<NamespaceId>,
}

/// What becomes of `preview_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum PreviewMode {
    /// Leave preview_id as it is
    #[default]
    None,
    /// The production namespace: remote previews write to production
    Same,
    /// A namespace of its own
    Separate,
}

/// A binding, and the title of its namespace if that is not the usual one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedArg {
    /// The binding.
    pub binding: Binding,
    /// The title, verbatim.
    pub title: Option<Title>,
}

/// Why a string is not a [`WantedArg`].
#[derive(Debug, thiserror::Error)]
pub enum WantedArgError {
    /// The part before `=`.
    #[error(transparent)]
    Binding(#[from] BindingError),
    /// The part after `=`.
    #[error(transparent)]
    Title(#[from] TitleError),
}

impl FromStr for WantedArg {
    type Err = WantedArgError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Ok(match s.split_once('=') {
            None => Self {
                binding: s.parse()?,
                title: None,
            },
            Some((binding, title)) => Self {
                binding: binding.parse()?,
                title: Some(title.parse()?),
            },
        })
    }
}
