//! `kvctl bulk …`: wrangler's spellings, for those who have its files.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{key::NamespaceArgs, transfer::ResumeArgs};
use crate::domain::{Expiration, Metadata, Ttl};

/// The commands under `bulk`.
#[derive(Debug, Subcommand)]
pub enum BulkCommand {
    /// Write the records of a file, as `wrangler kv bulk put` takes it
    Put(BulkPutArgs),
    /// Write the values of the keys in a file to stdout, as one JSON object
    Get(BulkGetArgs),
    /// Delete the keys in a file
    Delete(BulkDeleteArgs),
}

/// Write the records of a file, as `wrangler kv bulk put` takes it
#[derive(Debug, Args)]
#[command(after_help = "\
The file is a JSON array of {\"key\", \"value\", \"base64\", \"expiration\", \"expiration_ttl\", \"metadata\"}.
It is looked through before anything is sent, and keys that the service does not store are sent again
and then named: see `kvctl import`, which this is with another spelling.
Wrangler takes --ttl, --expiration and --metadata here and ignores them; kvctl does not.")]
pub struct BulkPutArgs {
    /// File to read; - is stdin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// How long the keys live that the file gives no expiry
    #[arg(long, value_name = "DURATION")]
    pub ttl: Option<Ttl>,

    /// When the keys expire that the file gives no expiry
    #[arg(long, value_name = "TIME", conflicts_with = "ttl")]
    pub expiration: Option<Expiration>,

    /// Metadata of the keys that the file gives none
    #[arg(long, value_name = "JSON")]
    pub metadata: Option<Metadata>,

    /// Look the file through and say what would be sent, and stop
    #[arg(long)]
    pub dry_run: bool,

    /// Whether to go on with an interrupted run.
    #[command(flatten)]
    pub resume: ResumeArgs,

    /// Title of the namespace, typed once more, if kvctl.toml protects it
    #[arg(long, value_name = "TITLE")]
    pub confirm: Option<String>,
}

/// Write the values of the keys in a file to stdout, as one JSON object
#[derive(Debug, Args)]
#[command(after_help = "\
The file is a JSON array of keys, or of objects with \"name\", as `wrangler kv key list` prints them; of
any length. The object has the keys in the order of the file. A key that is not there is null; a value
that is no text is {\"value\": …, \"base64\": true}.")]
pub struct BulkGetArgs {
    /// File to read; - is stdin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,
}

/// Delete the keys in a file
#[derive(Debug, Args)]
#[command(after_help = "\
The file is a JSON array of keys, or of objects with \"name\", as `wrangler kv key list` prints them.
Asks before it deletes, or takes --yes; a namespace that kvctl.toml protects needs --confirm TITLE.")]
pub struct BulkDeleteArgs {
    /// File to read; - is stdin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// Wrangler's name for --yes
    #[arg(short, long)]
    pub force: bool,

    /// Delete nothing if the file has more keys
    #[arg(long, value_name = "N")]
    pub max_delete: Option<usize>,

    /// Show what would be deleted, and stop
    #[arg(long)]
    pub dry_run: bool,

    /// Title of the namespace, typed once more to confirm
    #[arg(long, value_name = "TITLE")]
    pub confirm: Option<String>,

    /// Leave alone what an interrupted run of the same deletion deleted, even if it is there again
    #[arg(long)]
    pub resume: bool,
}
