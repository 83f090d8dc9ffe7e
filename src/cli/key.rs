//! `kvctl key …`.

use std::{convert::Infallible, fmt, num::NonZeroUsize, path::PathBuf, str::FromStr};

use clap::{ArgGroup, Args, Subcommand, builder::NonEmptyStringValueParser};

use crate::domain::{Binding, Expiration, KeyName, Metadata, NamespaceId, Ttl};

/// The commands under `key`.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Write the value of a key to stdout, byte for byte
    Get(GetArgs),
    /// Store a value under a key
    Put(PutArgs),
    /// Delete keys: some by name, or all that begin with a prefix
    Delete(DeleteArgs),
    /// List the keys of a namespace
    List(ListArgs),
    /// Change a value in your editor; expiry and metadata stay
    Edit(EditArgs),
    /// Give a key another expiry; value and metadata stay
    Touch(TouchArgs),
}

/// The namespace that is meant, named in at most one way.
#[derive(Debug, Clone, Args)]
#[group(skip)]
#[command(group(ArgGroup::new("which").multiple(false)))]
pub struct NamespaceArgs {
    /// Binding in the wrangler file, in the environment that --env names
    #[arg(short, long, value_name = "NAME", group = "which")]
    pub binding: Option<Binding>,

    /// Take the binding's preview_id
    #[arg(long, requires = "binding")]
    pub preview: bool,

    /// Title of the namespace
    #[arg(short, long, value_name = "TITLE", group = "which", value_parser = NonEmptyStringValueParser::new())]
    pub namespace: Option<String>,

    /// Id of the namespace; needs no wrangler file
    #[arg(long, value_name = "ID", group = "which")]
    pub namespace_id: Option<NamespaceId>,
}

/// Write the value of a key to stdout, byte for byte
#[derive(Debug, Args)]
#[command(after_help = "\
Without -b, -n or --namespace-id, the only binding of the wrangler file is meant.
A key that begins with a dash goes after --: kvctl key get -- -key")]
pub struct GetArgs {
    /// Key to read
    pub key: KeyName,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// File to write the value to, whole or not at all; - is stdout, even if that is a terminal
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Show expiry and metadata as well; binary values as base64
    #[arg(long)]
    pub with_metadata: bool,
}

/// Store a value under a key
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are switches, independent of each other"
)]
#[command(after_help = "\
Without VALUE and --file, the value is read from stdin, unless that is a terminal. An empty stdin is
an error then; to store an empty value, give '' as VALUE, or --stdin, - or --file with an empty one.
What is not given is cleared: a put without --ttl or --keep-ttl never expires.
A key or value that begins with a dash goes after --: kvctl key put -b KV -- -key -value")]
pub struct PutArgs {
    /// Key to write
    pub key: KeyName,

    /// Value, which may be empty; - is stdin
    #[arg(conflicts_with_all = ["file", "stdin"])]
    pub value: Option<ValueArg>,

    /// Words beyond the value. Taken here because the grammar's own refusal would show them.
    #[arg(hide = true)]
    pub beyond: Vec<ValueArg>,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// File that holds the value; - is stdin
    // What wrangler calls it is taken too.
    #[arg(long, alias = "path", value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Read the value from stdin, even if that holds nothing
    #[arg(long, conflicts_with = "file")]
    pub stdin: bool,

    /// How long the key lives: seconds, or a duration such as 90m or 7d; at least 60 s
    #[arg(long, value_name = "DURATION")]
    pub ttl: Option<Ttl>,

    /// When the key expires: UNIX seconds, or a date such as 2030-01-01T00:00:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "ttl")]
    pub expires: Option<Expiration>,

    /// Leave the key's expiry as it is
    #[arg(long, conflicts_with_all = ["ttl", "expires"])]
    pub keep_ttl: bool,

    /// Metadata to store beside the value, up to 1,024 bytes
    #[arg(long, value_name = "JSON")]
    pub metadata: Option<Metadata>,

    /// Leave the key's metadata as it is
    #[arg(long, conflicts_with = "metadata")]
    pub keep_metadata: bool,

    /// Say what would be done, and stop
    #[arg(long)]
    pub dry_run: bool,
}

/// Delete keys: some by name, or all that begin with a prefix
#[derive(Debug, Args)]
#[command(after_help = "\
More than one key is deleted only after a question, or with --yes. A namespace that kvctl.toml
protects needs --confirm TITLE for --stdin, --prefix and --all.
That a key is not there is no failure.")]
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

    /// Read the keys from stdin, one a line
    #[arg(long, conflicts_with_all = ["prefix", "all"])]
    pub stdin: bool,

    /// The keys on stdin end with a NUL byte each, not with a line break
    #[arg(short = '0', long, requires = "stdin", conflicts_with_all = ["keys", "prefix", "all"])]
    pub null: bool,

    /// Delete all keys that begin so
    #[arg(long, value_name = "PREFIX")]
    pub prefix: Option<String>,

    /// Delete all keys of the namespace
    #[arg(long)]
    pub all: bool,

    /// Delete nothing if that would be more keys
    #[arg(long, value_name = "N")]
    pub max_delete: Option<usize>,

    /// Show what would be deleted, and stop
    #[arg(long)]
    pub dry_run: bool,

    /// Title of the namespace, typed once more to confirm
    #[arg(long, value_name = "TITLE")]
    pub confirm: Option<String>,

    /// Leave alone what an interrupted run of the same deletion deleted, and keys that are new among it
    #[arg(long, conflicts_with = "keys")]
    pub resume: bool,
}

/// List the keys of a namespace
#[derive(Debug, Args)]
#[command(after_help = "\
Without -b, -n or --namespace-id, the only binding of the wrangler file is meant.
Off a terminal a line is a name; --json and --ndjson also have expiry and metadata.")]
pub struct ListArgs {
    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// List only keys that begin so
    #[arg(
        long,
        value_name = "PREFIX",
        default_value = "",
        hide_default_value = true
    )]
    pub prefix: String,

    /// List at most so many
    #[arg(long, value_name = "N")]
    pub limit: Option<NonZeroUsize>,

    /// End each name with a NUL byte, so that names may have line breaks
    #[arg(short = '0', long, conflicts_with_all = ["json", "ndjson"])]
    pub null: bool,
}

/// Change a value in your editor; expiry and metadata stay
#[derive(Debug, Args)]
#[command(after_help = "\
The editor is $VISUAL, else $EDITOR, else vi. A line break that the editor adds at the very end is
not stored.")]
pub struct EditArgs {
    /// Key whose value to change
    pub key: KeyName,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// Edit the value even if it is not text
    #[arg(long)]
    pub binary: bool,

    /// Say what would be done with the edited text, and stop
    #[arg(long)]
    pub dry_run: bool,
}

/// Give a key another expiry; value and metadata stay
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("until").required(true).multiple(false)))]
pub struct TouchArgs {
    /// Key to rewrite
    pub key: KeyName,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// How long the key lives: seconds, or a duration such as 90m or 7d; at least 60 s
    #[arg(long, value_name = "DURATION", group = "until")]
    pub ttl: Option<Ttl>,

    /// When the key expires: UNIX seconds, or a date such as 2030-01-01T00:00:00Z
    #[arg(long, value_name = "TIME", group = "until")]
    pub expires: Option<Expiration>,

    /// Let the key live for ever
    #[arg(long, group = "until")]
    pub no_expiry: bool,

    /// Say what would be done, and stop
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
