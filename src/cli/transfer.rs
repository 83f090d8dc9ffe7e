//! `kvctl export`, `kvctl import`, `kvctl copy`, `kvctl sync` and `kvctl diff`.

use std::{path::PathBuf, time::Duration};

use clap::{
    Args,
    builder::{NonEmptyStringValueParser, PossibleValue, PossibleValuesParser, TypedValueParser},
};

use super::{duration, key::NamespaceArgs, side::SideArg};
use crate::{domain::AccountId, formats::Format};

/// Returns the parser of the formats, which help and completions know by its names.
pub(super) fn formats() -> impl TypedValueParser<Value = Format> {
    let names = [
        PossibleValue::new("ndjson").alias("jsonl"),
        PossibleValue::new("json").alias("wrangler"),
        PossibleValue::new("csv"),
        PossibleValue::new("dir").alias("directory"),
    ];
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Format>())
}

/// What to do about an earlier run of the same command that was interrupted.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct ResumeArgs {
    /// Continue an interrupted run of the same command
    #[arg(long)]
    pub resume: bool,

    /// Discard an interrupted run of the same command and start over
    #[arg(long, conflicts_with = "resume")]
    pub restart: bool,
}

/// Export the records of a namespace to a file
#[derive(Debug, Args)]
#[command(after_help = "\
Formats: ndjson (.ndjson, .jsonl; with a checksum), json (wrangler's bulk array), csv, and dir (a
name ending with /): one file per key, and .kvctl.ndjson with expiration and metadata.
Without FILE, or with -, records are written to stdout, as NDJSON unless --format is given.
Records are written to FILE.part, which is renamed to FILE when the export is complete. A new file is
readable by its owner only; a replaced file keeps its mode.
--resume exports the keys missing from FILE.part. Records already in it are not read again, so later
changes and deletions are not seen.")]
pub struct ExportArgs {
    /// File to write, or - for stdout
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// Only keys with this prefix; repeatable
    #[arg(long, value_name = "PREFIX")]
    pub prefix: Vec<String>,

    /// Format of the file [default: from its extension]
    #[arg(long, value_name = "FORMAT", value_parser = formats(), ignore_case = true)]
    pub format: Option<Format>,

    /// Same as --yes
    #[arg(short, long, alias = "overwrite", hide = true)]
    pub force: bool,

    /// How long to retry keys that are listed but cannot be read
    #[arg(long, value_name = "DURATION", default_value = "60s",
          value_parser = duration::up_to_10m)]
    pub consistency_timeout: Duration,

    /// Whether to resume an interrupted export; NDJSON only.
    #[command(flatten)]
    pub resume: ResumeArgs,
}

/// Import the records of a file into a namespace
#[derive(Debug, Args)]
#[command(after_help = "\
The whole file is checked before anything is sent; if it changes afterwards, the import stops.
Existing keys are overwritten; other keys are kept. In a directory, a file's path is its key, with
characters that a file name cannot have percent-encoded (%20, %2E); names starting with a dot are
skipped unless --hidden is given.
Confirmed records are noted in a journal until the import is complete. --resume continues from it if
the file is unchanged; it does not check whether those keys have changed in the namespace since. The
journal is in kvctl/journals below $XDG_STATE_HOME (default: ~/.local/state).")]
pub struct ImportArgs {
    /// File to read, directory with one file per key, or - for stdin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// Format of the file [default: from its extension]
    #[arg(long, value_name = "FORMAT", value_parser = formats(), ignore_case = true)]
    pub format: Option<Format>,

    /// Include files and directories whose names start with a dot
    #[arg(long)]
    pub hidden: bool,

    /// Show what would change without writing
    #[arg(long)]
    pub dry_run: bool,

    /// Whether to resume an interrupted import.
    #[command(flatten)]
    pub resume: ResumeArgs,

    /// Skip and report invalid records; exit 6 if there are any
    #[arg(long)]
    pub skip_invalid: bool,

    /// Title of the namespace, to confirm; required if kvctl.toml protects it
    #[arg(long, value_name = "TITLE")]
    pub confirm: Option<String>,
}

/// Copy the records of one namespace to another
#[derive(Debug, Args)]
#[command(
    override_usage = "kvctl copy [OPTIONS] <FROM> <TO>",
    after_help = "\
FROM and TO are each a namespace:

  binding:NAME      of the wrangler file, in the environment of --env
  binding:NAME@ENV  the same in the environment ENV
  title:TITLE       by its title
  id:ID             by its id
  local:...         any of these in the local store, as local:binding:NAME

Existing keys are overwritten; other keys are kept.
To copy between accounts, give the account of a side with --from-account or --to-account, and a token
for it with --from-token-file or --to-token-file; without them both sides use the usual ones.
--resume lists the keys again and copies those around added or removed keys again. Changed values,
expirations and metadata of other confirmed records are not seen."
)]
pub struct CopyArgs {
    /// Namespace to read: binding:NAME, binding:NAME@ENV, title:TITLE or id:ID; local:... in the local store
    #[arg(value_name = "FROM", required_unless_present = "from_option")]
    pub from: Option<SideArg>,

    /// Namespace to write, as FROM; --from and --to work as well
    #[arg(value_name = "TO", required_unless_present_any = ["from_option", "to_option"])]
    pub to: Option<SideArg>,

    /// Namespace to read.
    #[arg(long = "from", value_name = "FROM", hide = true)]
    pub from_option: Option<SideArg>,

    /// Namespace to write.
    #[arg(long = "to", value_name = "TO", hide = true)]
    pub to_option: Option<SideArg>,

    /// Account of FROM [default: as without this option]
    #[arg(long, value_name = "ID")]
    pub from_account: Option<AccountId>,

    /// Account of TO [default: as without this option]
    #[arg(long, value_name = "ID")]
    pub to_account: Option<AccountId>,

    /// File containing an API token for reading FROM
    #[arg(long, value_name = "FILE")]
    pub from_token_file: Option<PathBuf>,

    /// File containing an API token for writing TO
    #[arg(long, value_name = "FILE")]
    pub to_token_file: Option<PathBuf>,

    /// Only keys with this prefix; repeatable
    #[arg(long, value_name = "PREFIX", value_parser = NonEmptyStringValueParser::new())]
    pub prefix: Vec<String>,

    /// Show what would change without writing
    #[arg(long)]
    pub dry_run: bool,

    /// How long to retry keys that are listed but cannot be read
    #[arg(long, value_name = "DURATION", default_value = "60s",
          value_parser = duration::up_to_10m)]
    pub consistency_timeout: Duration,

    /// Whether to resume an interrupted copy.
    #[command(flatten)]
    pub resume: ResumeArgs,

    /// Title of the namespace, to confirm; required if kvctl.toml protects it
    #[arg(long, value_name = "TITLE")]
    pub confirm: Option<String>,
}

/// Mirror a directory into a namespace
#[derive(Debug, Args)]
#[command(after_help = "\
The key of a file is the prefix and its path in the directory, with characters that a file name cannot
have percent-encoded: %20 is a trailing space, %2E a leading dot. Expiration and metadata are read from
.kvctl.ndjson, as written by `kvctl export DIR/`. Names starting with a dot are skipped unless --hidden
is given; keys of skipped files are never deleted. Unchanged keys are not sent. Keys that are only in
the namespace are kept unless --delete is given, which asks for confirmation or takes --yes.")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags are independent of each other"
)]
pub struct SyncArgs {
    /// Directory with one file per key
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// Prefix of the keys, put before the file names
    #[arg(long, value_name = "PREFIX", value_parser = NonEmptyStringValueParser::new())]
    pub prefix: Option<String>,

    /// Include files and directories whose names start with a dot
    #[arg(long)]
    pub hidden: bool,

    /// Delete keys with the prefix that are not in the directory
    #[arg(long)]
    pub delete: bool,

    /// Do nothing if more than N keys would be deleted
    #[arg(long, value_name = "N", requires = "delete")]
    pub max_delete: Option<usize>,

    /// Allow --delete with an empty directory, which deletes all keys with the prefix
    #[arg(long, requires = "delete")]
    pub allow_empty: bool,

    /// Show what would change without writing
    #[arg(long)]
    pub dry_run: bool,

    /// Title of the namespace, to confirm; required if kvctl.toml protects it
    #[arg(long, value_name = "TITLE")]
    pub confirm: Option<String>,
}

/// Compare two namespaces or exports; exit 8 if they differ
#[derive(Debug, Args)]
#[command(
    override_usage = "kvctl diff [OPTIONS] <A> <B>",
    after_help = "\
A and B are each a file (an export, or any file with its records sorted by key) or a namespace:

  binding:NAME      of the wrangler file, in the environment of --env
  binding:NAME@ENV  the same in the environment ENV
  title:TITLE       by its title
  id:ID             by its id
  local:...         any of these in the local store, as local:binding:NAME"
)]
pub struct DiffArgs {
    /// File, or namespace: binding:NAME, binding:NAME@ENV, title:TITLE, id:ID; local:... in the local store
    #[arg(value_name = "A", required_unless_present = "from_option")]
    pub a: Option<SideArg>,

    /// The same, to compare it with
    #[arg(value_name = "B", required_unless_present_any = ["from_option", "to_option"])]
    pub b: Option<SideArg>,

    /// First file or namespace.
    #[arg(long = "from", value_name = "A", hide = true)]
    pub from_option: Option<SideArg>,

    /// Second file or namespace.
    #[arg(long = "to", value_name = "B", hide = true)]
    pub to_option: Option<SideArg>,

    /// Only keys with this prefix; repeatable
    #[arg(long, value_name = "PREFIX")]
    pub prefix: Vec<String>,

    /// Format of the files [default: from their extensions]
    #[arg(long, value_name = "FORMAT", value_parser = formats(), ignore_case = true)]
    pub format: Option<Format>,

    /// Include files and directories whose names start with a dot
    #[arg(long)]
    pub hidden: bool,
}
