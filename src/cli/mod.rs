//! The command line, parsed into domain types.
//!
//! Owns the grammar: names, flags, help texts. What gets past this module is valid in itself;
//! whether it fits the files and the account is decided later. Imports `domain` and the formats
//! of `ui`.
#![expect(
    clippy::doc_markdown,
    reason = "doc comments here are help texts, shown on a terminal as they are"
)]

pub mod audit;
pub mod bulk;
pub mod doctor;
mod documents;
mod duration;
pub mod key;
mod namespace;
mod provision;
mod rename_binding;
mod scaffold;
pub mod serve;
pub mod transfer;
pub mod usage;
mod verify;

use std::{path::PathBuf, time::Duration};

use clap::{ArgAction, Args, Parser, Subcommand};

pub use documents::{CompletionsArgs, ManArgs, completion_script, manual};
pub use duration::DurationError;
pub use namespace::{
    CreateArgs, DeleteArgs, GetArgs, ListArgs, NamespaceCommand, RenameArgs, SelectorArgs,
};
pub use provision::{PreviewMode, ProvisionArgs, WantedArg, WantedArgError};
pub use rename_binding::RenameBindingArgs;
pub use scaffold::{PartArg, ScaffoldArgs};
pub use verify::{FailOn, VerifyArgs};

use crate::{
    domain::AccountId,
    ui::{Color, Format, Verbosity},
};

/// Provision and operate Cloudflare Workers KV
#[derive(Debug, Parser)]
#[command(
    name = "kvctl",
    version,
    max_term_width = 100,
    propagate_version = false,
    disable_help_subcommand = true,
    after_help = AFTER_HELP
)]
pub struct Cli {
    /// Options that every command takes.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Exit codes:
  0 done, or already so    1 failed                2 wrong flag or value    3 not there
  4 no credentials         5 configuration file    6 partly done            7 temporary: run again
  8 a check failed         9 refused: say more     129 hung up              130 interrupted
  143 terminated";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create or adopt the namespaces a project needs, and write their ids into its wrangler file
    Provision(ProvisionArgs),
    /// List, create, look up, rename and delete namespaces
    #[command(subcommand, visible_alias = "ns")]
    Namespace(NamespaceCommand),
    /// Read, write, list and delete keys
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Make a namespace, or the keys with a prefix, hold what a directory holds
    Sync(transfer::SyncArgs),
    /// Write, read and delete the keys of wrangler's bulk files
    #[command(subcommand)]
    Bulk(bulk::BulkCommand),
    /// Rename a binding in the wrangler file, keeping its id and so its data
    RenameBinding(RenameBindingArgs),
    /// Write the Worker's side: TypeScript helpers, and the bindings in Env
    Scaffold(ScaffoldArgs),
    /// Write all records of a namespace to a file
    Export(transfer::ExportArgs),
    /// Write the records of a file into a namespace
    Import(transfer::ImportArgs),
    /// Copy all records of a namespace into another
    Copy(transfer::CopyArgs),
    /// Compare two namespaces or exports; exit with 8 if they differ
    Diff(transfer::DiffArgs),
    /// Show operations, keys and storage of each namespace, day by day, beside the plan's quotas
    Usage(usage::UsageArgs),
    /// Find out what is wrong: credentials, account, permissions, settings, network, clock
    Doctor(doctor::DoctorArgs),
    /// Report keys that break the rules of kvctl.toml, and what keys begin with; exit with 8 if any do
    Audit(audit::AuditArgs),
    /// Check that a project's KV works: credentials, file, namespaces, a probe, assertions
    Verify(VerifyArgs),
    /// Serve the local store as the REST API of Workers KV, for tests and for other tools
    Serve(serve::ServeArgs),
    /// Write a script that completes command lines to stdout
    Completions(CompletionsArgs),
    /// Write the manual pages to a directory
    Man(ManArgs),
}

impl Command {
    /// Whether it is there to find out what is wrong, and so must not fail because of it.
    pub fn looks_into_trouble(&self) -> bool {
        matches!(self, Self::Doctor(_))
    }
}

/// Which environments of the wrangler file a command works on: `--all-envs`, beside `--env`.
#[derive(Debug, Clone, Copy, Args)]
pub struct ScopeArgs {
    /// Work on the top level and on every environment
    #[arg(long, conflicts_with = "environment")]
    pub all_envs: bool,
}

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are switches, independent of each other"
)]
pub struct Globals {
    /// Wrangler file to use [default: the one that wrangler would take]
    #[arg(short, long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Run as if started in this directory
    #[arg(long, global = true, value_name = "DIR")]
    pub cwd: Option<PathBuf>,

    /// Environment section of the wrangler file; '' is the top level [env: CLOUDFLARE_ENV]
    #[arg(short, long = "env", global = true, value_name = "NAME")]
    pub environment: Option<String>,

    /// Account to work in [env: CLOUDFLARE_ACCOUNT_ID]
    #[arg(long, global = true, value_name = "ID")]
    pub account_id: Option<AccountId>,

    /// File that holds an API token
    #[arg(long, global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// Use the local store instead of the remote service [env: KVCTL_LOCAL]
    #[arg(long, global = true)]
    pub local: bool,

    /// Directory of the local store [default: .wrangler/state beside the wrangler file]
    #[arg(long, global = true, value_name = "DIR")]
    pub persist_to: Option<PathBuf>,

    /// Write the result as one JSON document
    #[arg(long, global = true)]
    pub json: bool,

    /// Write the result as one JSON document a line
    #[arg(long, global = true, conflicts_with = "json")]
    pub ndjson: bool,

    /// Say nothing but the result and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say more: -v one line a request, -vv also waits and sources [env: KVCTL_LOG]
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// When to colour [env: NO_COLOR, CLICOLOR_FORCE]
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub color: Color,

    /// Answer yes to every question
    #[arg(short, long, global = true)]
    pub yes: bool,

    /// How long one request may take: seconds, or a duration such as 90s or 2m
    #[arg(long, global = true, value_name = "DURATION", default_value = "30s",
          value_parser = duration::request_timeout)]
    pub timeout: Duration,

    /// How often a request that failed for the moment is sent again
    #[arg(long, global = true, value_name = "N", default_value_t = 5)]
    pub retries: u8,

    /// File of further certificate authorities, PEM [env: NODE_EXTRA_CA_CERTS]
    #[arg(long, global = true, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

impl Globals {
    /// Returns the format of the result.
    pub fn format(&self) -> Format {
        if self.json {
            Format::Json
        } else if self.ndjson {
            Format::Ndjson
        } else {
            Format::Human
        }
    }

    /// Returns how much to say: the flags, else `variable`, the value of `KVCTL_LOG`.
    pub fn verbosity(&self, variable: Option<&str>) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 1) => Verbosity::Requests,
            (false, 2..) => Verbosity::Everything,
            (false, 0) => match variable.unwrap_or_default() {
                "quiet" | "error" => Verbosity::Quiet,
                "v" | "1" | "debug" => Verbosity::Requests,
                "vv" | "2" | "trace" => Verbosity::Everything,
                _ => Verbosity::Normal,
            },
        }
    }
}
