//! `kvctl provision`.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, ValueEnum};

use super::ScopeArgs;
use crate::domain::{Binding, BindingError, NamespaceId, Title, TitleError};

/// Create or adopt the namespaces a project needs, and write their ids to its wrangler file
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are switches, independent of each other"
)]
#[command(after_help = "\
Without bindings, provisions the kv_namespaces in the wrangler file and the namespaces in \
kvctl.toml; if there are none, CONFIG_CACHE, SESSIONS and RATE_LIMIT.

A binding without an id gets the namespace that the deployed Worker binds; else the one that has \
its title; else a new one.")]
pub struct ProvisionArgs {
    /// Bindings to provision, with the namespace's title if it is not the default
    #[arg(value_name = "BINDING[=TITLE]")]
    pub wanted: Vec<WantedArg>,

    /// Which environments.
    #[command(flatten)]
    pub scope: ScopeArgs,

    /// Add the environment of `--env` if the file does not have it
    #[arg(long, conflicts_with_all = ["all_envs", "in_previews"])]
    pub add_env: bool,

    /// Namespace that `wrangler dev --remote` uses
    #[arg(long, value_name = "MODE", value_enum, default_value_t)]
    pub preview: PreviewMode,

    /// Show what would change without writing
    #[arg(long)]
    pub dry_run: bool,

    /// Show what would change and exit 8 if anything would
    #[arg(long)]
    pub check: bool,

    /// Write the changed file here and keep the original
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Create a minimal wrangler.toml if there is no wrangler file
    #[arg(long)]
    pub init: bool,

    /// Also run `kvctl scaffold`: generate TypeScript helpers and the Env type
    #[arg(long)]
    pub scaffold: bool,

    /// Id that may be replaced; other valid ids are kept
    #[arg(long, value_name = "OLD_ID")]
    pub replace_id: Vec<NamespaceId>,

    /// Replace every id that the account does not have, as in a fork
    #[arg(long)]
    pub replace_missing: bool,

    /// Assume that nothing is deployed where the token may not ask
    #[arg(long)]
    pub not_deployed: bool,
}

/// How to set `preview_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum PreviewMode {
    /// Leave preview_id as it is; fill an empty one or a placeholder
    #[default]
    None,
    /// The production namespace: remote previews write to production
    Same,
    /// A separate namespace
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
