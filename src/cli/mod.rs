//! The command line, parsed into domain types.
//!
//! Owns names, flags and help texts. Parsed values are valid by themselves; whether they fit the files
//! and the account is checked later. Imports `domain`, `formats` and `ui`.
#![expect(
    clippy::doc_markdown,
    reason = "doc comments here are help texts, shown on a terminal as they are"
)]

pub mod audit;
pub mod bulk;
pub mod completions;
pub mod doctor;
mod documents;
mod duration;
mod elsewhere;
pub mod examples;
mod help;
pub mod key;
mod namespace;
mod provision;
mod rejected;
mod rename_binding;
mod scaffold;
pub mod serve;
pub mod side;
mod slips;
mod switches;
mod tips;
pub mod transfer;
mod typed;
pub mod usage;
mod verify;

use std::{ffi::OsString, path::PathBuf, sync::LazyLock, time::Duration};

use clap::{ArgAction, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub use documents::{ManArgs, manual};
pub use duration::DurationError;
pub use elsewhere::{Elsewhere, meant};
pub use namespace::{
    CreateArgs, DeleteArgs, GetArgs, ListArgs, NamespaceCommand, RenameArgs, SelectorArgs,
};
pub use provision::{PreviewMode, ProvisionArgs, WantedArg, WantedArgError};
pub use rejected::{Rejected, format_asked_for};
pub use rename_binding::RenameBindingArgs;
pub use scaffold::{PartArg, ScaffoldArgs};
pub use typed::{again_with_operands, again_without};
pub use verify::{FailOn, VerifyArgs};

use crate::{
    domain::{AccountId, ProfileName},
    ui::{Color, Format, Verbosity},
};

/// Provision and operate Cloudflare Workers KV
#[derive(Debug, Parser)]
#[command(
    name = "kvctl",
    bin_name = "kvctl",
    version,
    long_version = long_version(),
    max_term_width = 100,
    propagate_version = false,
    after_help = AFTER_HELP
)]
pub struct Cli {
    /// Global options.
    #[command(flatten)]
    pub globals: Globals,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Parses a command line, which begins with the name of the program.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let words = switches::without_values(words);
    parse_once(&words).map_err(|error| {
        // Help is text, whatever format is asked for.
        let plain = help::without_formats(&words, &error);
        let again = plain.and_then(|words| Some((Cli::try_parse_from(&words).err()?, words)));
        match again {
            Some((error, words)) => help::instead(error, &words),
            None => tips::without_misleading(help::instead(error, &words), &words),
        }
    })
}

fn parse_once(words: &[OsString]) -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    let parsed = command
        .try_get_matches_from_mut(words)
        .and_then(|mut matches| {
            Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
        });
    // To free it would take as long as to build it, and the process is short.
    std::mem::forget(command);
    parsed
}

/// Returns what `--version` prints.
pub fn version() -> String {
    Cli::command().render_long_version()
}

/// The commit of a released program, and its date. `packaging/build` sets them; other builds do not look
/// for them, since each commit would compile everything anew.
pub const COMMIT: Option<(&str, &str)> = match (
    option_env!("KVCTL_COMMIT"),
    option_env!("KVCTL_COMMIT_DATE"),
) {
    (Some(commit), Some(date)) => Some((commit, date)),
    _ => None,
};

fn long_version() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let version = env!("CARGO_PKG_VERSION");
        COMMIT.map_or_else(
            || version.to_owned(),
            |(commit, date)| format!("{version}\ncommit {commit} of {date}"),
        )
    });
    &TEXT
}

const AFTER_HELP: &str = "\
Exit codes:
  0  success          4  credentials              8    check failed
  1  failure          5  configuration file       9    refused
  2  usage error      6  partly done              129  hung up
  3  not found        7  temporary; run again     130  interrupted
                                                  143  terminated";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create or adopt a project's namespaces, and write their ids
    Provision(ProvisionArgs),
    /// List, create, look up, rename and delete namespaces
    #[command(subcommand, visible_alias = "ns")]
    Namespace(NamespaceCommand),
    /// Read, write, list and delete keys
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Mirror a directory into a namespace
    Sync(transfer::SyncArgs),
    /// Read, write and delete keys listed in wrangler bulk files
    #[command(subcommand)]
    Bulk(bulk::BulkCommand),
    /// Rename a binding in the wrangler file, keeping its namespace
    RenameBinding(RenameBindingArgs),
    /// Generate TypeScript helpers and the Env type
    Scaffold(ScaffoldArgs),
    /// Export all records of a namespace to a file
    Export(transfer::ExportArgs),
    /// Import the records of a file into a namespace
    Import(transfer::ImportArgs),
    /// Copy all records of a namespace to another
    Copy(transfer::CopyArgs),
    /// Compare two namespaces or exports; exit 8 if they differ
    Diff(transfer::DiffArgs),
    /// Show operations, keys and storage per day, and quotas
    Usage(usage::UsageArgs),
    /// Diagnose credentials, permissions, settings, network and clock
    Doctor(doctor::DoctorArgs),
    /// Check keys against the rules in kvctl.toml, and count prefixes
    Audit(audit::AuditArgs),
    /// Check that a project's KV setup works
    Verify(VerifyArgs),
    /// Serve the local store as the Workers KV REST API
    Serve(serve::ServeArgs),
    /// Print a shell completion script
    Completions(completions::CompletionsArgs),
    /// Write man pages to a directory
    Man(ManArgs),
    /// Print the version, as --version does
    Version,
}

impl Command {
    /// Whether it must run even if the configuration is broken, to report what is wrong.
    pub fn tolerates_config_errors(&self) -> bool {
        matches!(self, Self::Doctor(_) | Self::Version)
    }

    /// Whether the local store is of use to it without `--local`, or no store is.
    pub fn has_use_for_store(&self) -> bool {
        let is_local = |side: &Option<side::SideArg>| {
            let side = side.as_ref();
            side.is_some_and(|it| matches!(it, side::SideArg::Namespace { local: true, .. }))
        };
        match self {
            Self::Serve(_)
            | Self::Scaffold(_)
            | Self::Doctor(_)
            | Self::Completions(_)
            | Self::Man(_)
            | Self::Version => true,
            Self::Copy(args) => {
                let sides = [&args.from, &args.to, &args.from_option, &args.to_option];
                sides.into_iter().any(is_local)
            }
            Self::Diff(args) => {
                let sides = [&args.a, &args.b, &args.from_option, &args.to_option];
                sides.into_iter().any(is_local)
            }
            _ => false,
        }
    }

    /// Whether its own `--force` says yes beforehand.
    pub fn is_forced(&self) -> bool {
        match self {
            Self::Bulk(bulk::BulkCommand::Delete(args)) => args.force,
            Self::Export(args) => args.force,
            Self::Key(key::KeyCommand::Delete(args)) => args.force,
            Self::Key(key::KeyCommand::Get(args)) => args.force,
            Self::Namespace(NamespaceCommand::Delete(args)) => args.force,
            _ => false,
        }
    }

    /// Whether it is up to the command to say that the file of `--config` is missing: it creates
    /// the file, or reports what is missing.
    pub fn handles_missing_config(&self) -> bool {
        match self {
            Self::Doctor(_) | Self::Verify(_) | Self::Version => true,
            Self::Provision(args) => args.init,
            _ => false,
        }
    }
}

/// Which environments of the wrangler file a command works on: `--all-envs`, beside `--env`.
#[derive(Debug, Clone, Copy, Args)]
pub struct ScopeArgs {
    /// Work on the top level and on every environment
    #[arg(long, conflicts_with = "environment")]
    pub all_envs: bool,
}

/// Global options.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
#[expect(clippy::struct_excessive_bools, reason = "independent flags")]
pub struct Globals {
    /// Wrangler file [default: found as wrangler does]
    #[arg(short, long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Run as if started in this directory
    #[arg(long, global = true, value_name = "DIR")]
    pub cwd: Option<PathBuf>,

    /// Environment; '': top level [env: CLOUDFLARE_ENV]
    #[arg(short, long = "env", global = true, value_name = "NAME")]
    pub environment: Option<String>,

    /// Use the section's `previews` (`wrangler preview`)
    #[arg(long, global = true)]
    pub in_previews: bool,

    /// Env file to read instead of .env files; repeatable
    #[arg(long, global = true, value_name = "FILE")]
    pub env_file: Vec<PathBuf>,

    /// Account id [env: CLOUDFLARE_ACCOUNT_ID]
    #[arg(long, global = true, value_name = "ID")]
    pub account_id: Option<AccountId>,

    /// File containing an API token
    #[arg(long, global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// wrangler login to use [env: CLOUDFLARE_AUTH_PROFILE]
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        conflicts_with = "token_file"
    )]
    pub profile: Option<ProfileName>,

    /// Use the local store [env: KVCTL_LOCAL]
    #[arg(long, global = true, conflicts_with = "remote")]
    pub local: bool,

    /// Use the remote service, as by default
    #[arg(long, global = true)]
    pub remote: bool,

    /// Local store [default: .wrangler/state by the file]
    // As wrangler takes it too.
    #[arg(long, alias = "persistTo", global = true, value_name = "DIR")]
    pub persist_to: Option<PathBuf>,

    /// Output JSON
    #[arg(long, global = true)]
    pub json: bool,

    /// Output newline-delimited JSON
    #[arg(long, global = true, conflicts_with = "json")]
    pub ndjson: bool,

    /// Print only results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Log requests; -vv logs more [env: KVCTL_LOG]
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// Color: auto, always or never [env: NO_COLOR]
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub color: Color,

    /// Skip confirmation prompts
    #[arg(short, long, alias = "skip-confirmation", global = true)]
    pub yes: bool,

    /// Timeout of one request, such as 90s
    #[arg(long, global = true, value_name = "DURATION", default_value = "30s",
          value_parser = duration::request_timeout)]
    pub timeout: Duration,

    /// Maximum retries of a request
    #[arg(long, global = true, value_name = "N", default_value_t = 5)]
    pub retries: u8,

    /// More CA certificates [env: NODE_EXTRA_CA_CERTS]
    #[arg(long, global = true, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

impl Globals {
    /// Returns the output format.
    pub fn format(&self) -> Format {
        if self.json {
            Format::Json
        } else if self.ndjson {
            Format::Ndjson
        } else {
            Format::Human
        }
    }

    /// Returns the verbosity from the flags, or else from `variable`, the value of `KVCTL_LOG`.
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
