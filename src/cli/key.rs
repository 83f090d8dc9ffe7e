//! `kvctl key …`.

use std::{convert::Infallible, fmt, num::NonZeroUsize, path::PathBuf, str::FromStr};

use clap::{ArgGroup, Args, Subcommand, builder::NonEmptyStringValueParser};

use crate::domain::{Binding, Expiration, KeyName, Metadata, Ttl};

/// The commands under `key`.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Print the value of a key, byte for byte
    Get(GetArgs),
    /// Store a value under a key
    Put(PutArgs),
    /// Delete keys by name or by prefix
    #[command(visible_alias = "rm")]
    Delete(DeleteArgs),
    /// List the keys of a namespace
    #[command(visible_alias = "ls")]
    List(ListArgs),
    /// Edit a value in your editor; expiration and metadata are kept
    Edit(EditArgs),
    /// Change the expiration of a key; value and metadata are kept
    Touch(TouchArgs),
}

/// What `--ttl` is called in the API and in the SDKs.
pub(super) const TTL_ALIASES: [&str; 3] = ["expiration-ttl", "expiration_ttl", "expirationTtl"];

/// Which id of a binding to use.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct PreviewArgs {
    /// Use the binding's preview_id
    #[arg(long, requires = "binding")]
    pub preview: bool,

    /// Use its id, also in the local store. `--preview false` says so too.
    #[arg(long, hide = true, conflicts_with = "preview")]
    pub no_preview: bool,
}

impl PreviewArgs {
    /// Returns whether to use `preview_id`, if that was said.
    pub fn said(self) -> Option<bool> {
        (self.preview || self.no_preview).then_some(self.preview)
    }
}

/// A namespace, selected in at most one way.
#[derive(Debug, Clone, Args)]
#[group(skip)]
#[command(group(ArgGroup::new("which").multiple(false)))]
pub struct NamespaceArgs {
    /// Binding in the wrangler file, in the environment selected by --env
    #[arg(short, long, value_name = "NAME", group = "which")]
    pub binding: Option<Binding>,

    /// Which id of the binding.
    #[command(flatten)]
    pub preview: PreviewArgs,

    /// Title of the namespace
    #[arg(short, long, value_name = "TITLE", group = "which", value_parser = NonEmptyStringValueParser::new())]
    pub namespace: Option<String>,

    /// Id of the namespace; needs no wrangler file
    // As wrangler takes it too.
    #[arg(long, alias = "namespaceId", value_name = "ID", group = "which")]
    pub namespace_id: Option<String>,
}

/// Print the value of a key, byte for byte
#[derive(Debug, Args)]
#[command(after_help = "\
Without -b, -n or --namespace-id, the only binding of the wrangler file is used.
Put a key starting with a dash after --: kvctl key get -- -key")]
pub struct GetArgs {
    /// Key to read
    pub key: KeyName,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// File to write the value to, or - for stdout, even if that is a terminal
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Same as --yes
    #[arg(short, long, alias = "overwrite", hide = true)]
    pub force: bool,

    /// Also show expiration and metadata; binary values as base64
    #[arg(long)]
    pub with_metadata: bool,

    /// Print the value as text, with a newline at its end
    #[arg(long, conflicts_with_all = ["output", "with_metadata", "json", "ndjson"])]
    pub text: bool,
}

/// Store a value under a key
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are switches, independent of each other"
)]
#[command(after_help = "\
Without VALUE and --file, the value is read from stdin, unless that is a terminal. An empty stdin is
then an error; to store an empty value, give '' as VALUE, or --stdin, -, or --file with an empty file.
Expiration and metadata that are not given are removed: without --ttl or --keep-ttl, the key never
expires. Put a key or value starting with a dash after --: kvctl key put -b KV -- -key -value")]
pub struct PutArgs {
    /// Key to write
    pub key: KeyName,

    /// Value, which may be empty, or - for stdin
    #[arg(conflicts_with_all = ["file", "stdin"])]
    pub value: Option<ValueArg>,

    /// Words beyond the value. Taken here because the grammar's own refusal would show them.
    #[arg(hide = true)]
    pub beyond: Vec<ValueArg>,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// File with the value, or - for stdin
    // What wrangler calls it is taken too.
    #[arg(long, alias = "path", value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Read the value from stdin, even if it is empty
    #[arg(long, conflicts_with = "file")]
    pub stdin: bool,

    /// TTL: seconds, or a duration such as 90m or 7d; at least 60 s
    #[arg(long, aliases = TTL_ALIASES, value_name = "DURATION")]
    pub ttl: Option<Ttl>,

    /// Expiration: UNIX seconds, or a date such as 2030-01-01T00:00:00Z
    #[arg(long, alias = "expires", value_name = "TIME", conflicts_with = "ttl")]
    pub expiration: Option<Expiration>,

    /// Keep the key's expiration
    #[arg(long, conflicts_with_all = ["ttl", "expiration"])]
    pub keep_ttl: bool,

    /// Metadata to store with the value, up to 1,024 bytes
    #[arg(long, value_name = "JSON")]
    pub metadata: Option<Metadata>,

    /// Keep the key's metadata
    #[arg(long, conflicts_with = "metadata")]
    pub keep_metadata: bool,

    /// Show what would change without writing
    #[arg(long)]
    pub dry_run: bool,
}

/// Delete keys by name or by prefix
#[derive(Debug, Args)]
#[command(after_help = "\
Deleting more than one key asks for confirmation, or takes --yes. A namespace that kvctl.toml
protects needs --confirm TITLE, unless a single key is named.
Deleting a missing key is not an error.")]
#[command(group(ArgGroup::new("what").required(true).multiple(true)
    .args(["keys", "stdin", "prefix", "all"])))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are switches, independent of each other"
)]
pub struct DeleteArgs {
    /// Keys to delete
    #[arg(value_name = "KEY", conflicts_with_all = ["stdin", "prefix", "all"])]
    pub keys: Vec<KeyName>,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// Read the keys from stdin, one per line
    #[arg(long, conflicts_with_all = ["prefix", "all"])]
    pub stdin: bool,

    /// Keys on stdin are separated by NUL bytes, not newlines
    #[arg(short = '0', long, requires = "stdin", conflicts_with_all = ["keys", "prefix", "all"])]
    pub null: bool,

    /// Fail with exit code 3 if a key does not exist; the service does not say so by itself
    #[arg(long, conflicts_with_all = ["stdin", "prefix", "all"])]
    pub must_exist: bool,

    /// Delete all keys with this prefix; repeatable
    #[arg(long, value_name = "PREFIX")]
    pub prefix: Vec<String>,

    /// Delete all keys of the namespace
    #[arg(long)]
    pub all: bool,

    /// Delete nothing if more than N keys would be deleted
    #[arg(long, value_name = "N")]
    pub max_delete: Option<usize>,

    /// Show what would change without writing
    #[arg(long)]
    pub dry_run: bool,

    /// Title of the namespace, to confirm; required if kvctl.toml protects it
    #[arg(long, value_name = "TITLE")]
    pub confirm: Option<String>,

    /// Same as --yes
    #[arg(short, long, hide = true)]
    pub force: bool,

    /// Skip keys that an interrupted run of the same deletion deleted, and new keys among them
    #[arg(long, conflicts_with = "keys")]
    pub resume: bool,
}

/// List the keys of a namespace
#[derive(Debug, Args)]
#[command(after_help = "\
Without -b, -n or --namespace-id, the only binding of the wrangler file is used.
Unless stdout is a terminal, only names are printed; --json and --ndjson also have expiration and metadata.")]
pub struct ListArgs {
    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// Only keys with this prefix; repeatable
    #[arg(long, value_name = "PREFIX")]
    pub prefix: Vec<String>,

    /// Maximum number of keys
    #[arg(long, value_name = "N", value_parser = limit)]
    pub limit: Option<NonZeroUsize>,

    /// Separate names with NUL bytes instead of newlines
    #[arg(short = '0', long, conflicts_with_all = ["json", "ndjson"])]
    pub null: bool,
}

/// Parses a maximum number of keys.
fn limit(s: &str) -> Result<NonZeroUsize, &'static str> {
    s.parse()
        .map_err(|_invalid| "expected a whole number, at least 1")
}

/// Edit a value in your editor; expiration and metadata are kept
#[derive(Debug, Args)]
#[command(after_help = "\
The editor is $VISUAL, else $EDITOR, else vi. A final newline added by the editor is not stored.")]
pub struct EditArgs {
    /// Key to edit
    pub key: KeyName,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// Edit the value even if it is not text
    #[arg(long)]
    pub binary: bool,

    /// Show what would change without writing
    #[arg(long)]
    pub dry_run: bool,
}

/// Change the expiration of a key; value and metadata are kept
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("until").required(true).multiple(false)),
    override_usage = "\
kvctl key touch [OPTIONS] --ttl <DURATION> <KEY>
       kvctl key touch [OPTIONS] --expiration <TIME> <KEY>
       kvctl key touch [OPTIONS] --no-expiry <KEY>"
)]
pub struct TouchArgs {
    /// Key to rewrite
    pub key: KeyName,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// TTL: seconds, or a duration such as 90m or 7d; at least 60 s
    #[arg(long, aliases = TTL_ALIASES, value_name = "DURATION", group = "until")]
    pub ttl: Option<Ttl>,

    /// Expiration: UNIX seconds, or a date such as 2030-01-01T00:00:00Z
    #[arg(long, alias = "expires", value_name = "TIME", group = "until")]
    pub expiration: Option<Expiration>,

    /// Never expire
    #[arg(long, group = "until")]
    pub no_expiry: bool,

    /// Show what would change without writing
    #[arg(long)]
    pub dry_run: bool,
}

/// A value on the command line.
#[derive(Clone, PartialEq, Eq)]
pub struct ValueArg(pub String);

/// Shows no byte: it may be a secret.
impl fmt::Debug for ValueArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ValueArg({} bytes)", self.0.len())
    }
}

impl FromStr for ValueArg {
    type Err = Infallible;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Ok(Self(s.to_owned()))
    }
}
