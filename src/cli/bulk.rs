//! `kvctl bulk …`: wrangler's bulk commands and files.

use std::path::PathBuf;

use clap::{
    Args, Subcommand,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};

use super::{
    key::{NamespaceArgs, TTL_ALIASES},
    transfer::ResumeArgs,
};
use crate::{
    domain::{Expiration, Metadata, Ttl},
    formats::{Format, keys::KeyFormat},
};

/// Returns the parser of the formats of records in one file.
fn record_formats() -> impl TypedValueParser<Value = Format> {
    let names = [
        PossibleValue::new("json").alias("wrangler"),
        PossibleValue::new("ndjson").alias("jsonl"),
        PossibleValue::new("csv"),
    ];
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Format>())
}

/// Returns the parser of the formats of keys.
fn key_formats() -> impl TypedValueParser<Value = KeyFormat> {
    let names = [
        PossibleValue::new("json").alias("wrangler"),
        PossibleValue::new("ndjson").alias("jsonl"),
        PossibleValue::new("lines").aliases(["txt", "text"]),
    ];
    PossibleValuesParser::new(names).try_map(|name| name.parse::<KeyFormat>())
}

/// The commands under `bulk`.
#[derive(Debug, Subcommand)]
pub enum BulkCommand {
    /// Write the records of a file, as `wrangler kv bulk put` does
    Put(BulkPutArgs),
    /// Print the values of the keys in a file as one JSON object
    Get(BulkGetArgs),
    /// Delete the keys in a file
    Delete(BulkDeleteArgs),
}

/// Write the records of a file, as `wrangler kv bulk put` does
#[derive(Debug, Args)]
#[command(after_help = "\
The file is a JSON array of {\"key\", \"value\", \"base64\", \"expiration\", \"expiration_ttl\", \"metadata\"}, or
with the extension of NDJSON or CSV a file of that format. This is `kvctl import`: the file is checked
before anything is sent, and keys that the service does not store are retried, then reported. Other
fields of the array are ignored with a warning; a misspelt one is refused.
--ttl, --expiration and --metadata apply here; wrangler accepts and ignores them.")]
pub struct BulkPutArgs {
    /// File to read, or - for stdin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// Format of the file [default: from its extension, else json]
    #[arg(long, value_name = "FORMAT", value_parser = record_formats(), ignore_case = true)]
    pub format: Option<Format>,

    /// TTL for entries without an expiration
    #[arg(long, aliases = TTL_ALIASES, value_name = "DURATION")]
    pub ttl: Option<Ttl>,

    /// Expiration for entries without one
    #[arg(long, alias = "expires", value_name = "TIME", conflicts_with = "ttl")]
    pub expiration: Option<Expiration>,

    /// Metadata for entries without it
    #[arg(long, value_name = "JSON")]
    pub metadata: Option<Metadata>,

    /// Show what would change without writing
    #[arg(long)]
    pub dry_run: bool,

    /// Whether to resume an interrupted run.
    #[command(flatten)]
    pub resume: ResumeArgs,

    /// Title of the namespace, to confirm; required if kvctl.toml protects it
    #[arg(long, value_name = "TITLE")]
    pub confirm: Option<String>,
}

/// Print the values of the keys in a file as one JSON object
#[derive(Debug, Args)]
#[command(after_help = "\
The file is a JSON array of any length. An entry is a key, or an object with \"name\", as `wrangler kv
key list` prints it, or with \"key\", as bulk put reads it. NDJSON (.ndjson, .jsonl) has an entry per line,
and a file of lines (.txt) a key. The object has the keys in the order of the file. A missing key is null; a binary value is
{\"value\": …, \"base64\": true}.")]
pub struct BulkGetArgs {
    /// File to read, or - for stdin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// Format of the file [default: from its extension, else json]
    #[arg(long, value_name = "FORMAT", value_parser = key_formats(), ignore_case = true)]
    pub format: Option<KeyFormat>,
}

/// Delete the keys in a file
#[derive(Debug, Args)]
#[command(after_help = "\
The file is a JSON array. An entry is a key, or an object with \"name\", as `wrangler kv key list` prints
it, or with \"key\", as bulk put reads it. NDJSON (.ndjson, .jsonl) has an entry per line, and a file of
lines (.txt) a key.
Asks for confirmation, or takes --yes; a namespace that kvctl.toml protects needs --confirm TITLE.")]
pub struct BulkDeleteArgs {
    /// File to read, or - for stdin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// Format of the file [default: from its extension, else json]
    #[arg(long, value_name = "FORMAT", value_parser = key_formats(), ignore_case = true)]
    pub format: Option<KeyFormat>,

    /// Same as --yes
    #[arg(short, long)]
    pub force: bool,

    /// Delete nothing if the file has more than N keys
    #[arg(long, value_name = "N")]
    pub max_delete: Option<usize>,

    /// Show what would change without writing
    #[arg(long)]
    pub dry_run: bool,

    /// Title of the namespace, to confirm; required if kvctl.toml protects it
    #[arg(long, value_name = "TITLE")]
    pub confirm: Option<String>,

    /// Skip keys that an interrupted run of the same deletion deleted, even if they exist again
    #[arg(long)]
    pub resume: bool,
}
