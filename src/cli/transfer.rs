//! `kvctl export`, `kvctl import`, `kvctl copy`, `kvctl sync` and `kvctl diff`.

use std::{path::PathBuf, str::FromStr, time::Duration};

use clap::{Args, builder::NonEmptyStringValueParser};

use super::{duration, key::NamespaceArgs};
use crate::{
    domain::{Binding, BindingError, EnvName, EnvNameError, NamespaceId, NamespaceIdError},
    formats::Format,
};

/// What to do about an earlier run of the same command that was interrupted.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct ResumeArgs {
    /// Go on where an interrupted run of the same command stopped
    #[arg(long)]
    pub resume: bool,

    /// Forget an interrupted run of the same command, and begin anew
    #[arg(long, conflicts_with = "resume")]
    pub restart: bool,
}

/// Write all records of a namespace to a file
#[derive(Debug, Args)]
#[command(after_help = "\
Formats: ndjson (.ndjson, .jsonl; with a checksum), json (wrangler's bulk array), csv, and dir (a
name that ends with /): a file for each key, and .kvctl.ndjson with expiry and metadata.
Without FILE, and with -, the records go to stdout as NDJSON, unless --format says otherwise.
The file grows as FILE.part and has its name when it is whole. A new file can be read by its owner
only; one that is replaced keeps its mode.
--resume exports every key that FILE.part does not have; records that it has are not read again, so
what changed or was deleted since is not seen.")]
pub struct ExportArgs {
    /// File to write; - is stdout
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// Export only keys that begin so
    #[arg(
        long,
        value_name = "PREFIX",
        default_value = "",
        hide_default_value = true
    )]
    pub prefix: String,

    /// Format of the file [default: as its ending says]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,

    /// How long to retry keys that are listed but cannot be read
    #[arg(long, value_name = "DURATION", default_value = "60s",
          value_parser = duration::up_to_10m)]
    pub consistency_timeout: Duration,

    /// Whether to go on with an interrupted export; NDJSON only.
    #[command(flatten)]
    pub resume: ResumeArgs,
}

/// Write the records of a file into a namespace
#[derive(Debug, Args)]
#[command(after_help = "\
The whole file is read before anything is sent, and a file that changes afterwards ends the import.
Keys that exist are overwritten; others stay. In a directory, the key of a file is its path, with what
a file name cannot hold percent-encoded (%20, %2E); names that begin with a dot are skipped, unless
--hidden is given.
What was confirmed is kept in a journal until all is, so that --resume can go on, if the file is still
the same; what happened to those keys in the namespace since is not looked at. The journal is in
kvctl/journals below $XDG_STATE_HOME (default: ~/.local/state).")]
pub struct ImportArgs {
    /// File to read, or a directory with a file for each key; - is stdin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// Format of the file [default: as its ending says]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,

    /// Include files and folders whose names begin with a dot
    #[arg(long)]
    pub hidden: bool,

    /// Look the file through and say what would be sent, and stop
    #[arg(long)]
    pub dry_run: bool,

    /// Whether to go on with an interrupted import.
    #[command(flatten)]
    pub resume: ResumeArgs,

    /// Pass over records that are wrong, name them, and exit with 6
    #[arg(long)]
    pub skip_invalid: bool,

    /// Title of the namespace, typed once more, if kvctl.toml protects it
    #[arg(long, value_name = "TITLE")]
    pub confirm: Option<String>,
}

/// Copy all records of a namespace into another
#[derive(Debug, Args)]
#[command(after_help = "\
A namespace is named as binding:NAME, binding:NAME@ENV, title:TITLE or id:ID; with local: in front, \
of the local store. Keys that exist are overwritten; others stay.
--resume lists all keys again, and copies again where keys were added or removed; of other records that
are confirmed, changes of value, expiry and metadata are not seen.")]
pub struct CopyArgs {
    /// Namespace to read
    #[arg(long, value_name = "NAMESPACE")]
    pub from: SideArg,

    /// Namespace to write
    #[arg(long, value_name = "NAMESPACE")]
    pub to: SideArg,

    /// Copy only keys that begin so
    #[arg(long, value_name = "PREFIX", value_parser = NonEmptyStringValueParser::new())]
    pub prefix: Option<String>,

    /// Say how much would be copied, and stop
    #[arg(long)]
    pub dry_run: bool,

    /// How long to retry keys that are listed but cannot be read
    #[arg(long, value_name = "DURATION", default_value = "60s",
          value_parser = duration::up_to_10m)]
    pub consistency_timeout: Duration,

    /// Whether to go on with an interrupted copy.
    #[command(flatten)]
    pub resume: ResumeArgs,

    /// Title of the namespace to write, typed once more, if kvctl.toml protects it
    #[arg(long, value_name = "TITLE")]
    pub confirm: Option<String>,
}

/// Make a namespace, or the keys with a prefix, hold what a directory holds
#[derive(Debug, Args)]
#[command(after_help = "\
The key of a file is its path in the directory, behind the prefix; what a file name cannot hold is
percent-encoded in it: %20 is a space at the end of a name, %2E a dot at the beginning. Expiry and
metadata stand in .kvctl.ndjson, as `kvctl export DIR/` writes it. Names that begin with a dot are
skipped, unless --hidden is given; keys of skipped files are never deleted. What is the same on both sides is not sent. Keys that
only the namespace has stay, unless --delete is given; that asks first, or takes --yes.")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags are independent of each other"
)]
pub struct SyncArgs {
    /// Directory with a file for each key
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,

    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// What the keys begin with, in front of the names of the files
    #[arg(long, value_name = "PREFIX", value_parser = NonEmptyStringValueParser::new())]
    pub prefix: Option<String>,

    /// Include files and folders whose names begin with a dot
    #[arg(long)]
    pub hidden: bool,

    /// Delete keys with the prefix that the directory does not have
    #[arg(long)]
    pub delete: bool,

    /// Do nothing if more keys would be deleted
    #[arg(long, value_name = "N", requires = "delete")]
    pub max_delete: Option<usize>,

    /// Delete all keys with the prefix, if the directory is empty
    #[arg(long, requires = "delete")]
    pub allow_empty: bool,

    /// Show what would change without writing
    #[arg(long)]
    pub dry_run: bool,

    /// Title of the namespace, typed once more, if kvctl.toml protects it
    #[arg(long, value_name = "TITLE")]
    pub confirm: Option<String>,
}

/// Compare two namespaces or exports; exit with 8 if they differ
#[derive(Debug, Args)]
#[command(after_help = "\
A side is a file (an export, or any file of records in the order of its keys), or a namespace:
  binding:NAME, binding:NAME@ENV, title:TITLE, id:ID; with local: in front, of the local store.")]
pub struct DiffArgs {
    /// One side
    #[arg(value_name = "A")]
    pub a: SideArg,

    /// The other side
    #[arg(value_name = "B")]
    pub b: SideArg,

    /// Compare only keys that begin so
    #[arg(
        long,
        value_name = "PREFIX",
        default_value = "",
        hide_default_value = true
    )]
    pub prefix: String,

    /// Format of files [default: as their endings say]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,

    /// Include files and folders whose names begin with a dot
    #[arg(long)]
    pub hidden: bool,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SideArg {
    /// A file of records.
    File(PathBuf),
    /// A namespace.
    Namespace {
        /// Whether it is the local store's.
        local: bool,
        /// Which one.
        which: NamespaceArg,
    },
}

/// One namespace, named in one word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamespaceArg {
    /// By a binding of the wrangler file.
    Binding(Binding, Option<EnvName>),
    /// By its title.
    Title(String),
    /// By its id.
    Id(NamespaceId),
}

/// Why a string is not a [`SideArg`].
#[derive(Debug, thiserror::Error)]
pub enum SideArgError {
    /// The id.
    #[error(transparent)]
    Id(#[from] NamespaceIdError),
    /// The binding.
    #[error(transparent)]
    Binding(#[from] BindingError),
    /// The environment.
    #[error(transparent)]
    Environment(#[from] EnvNameError),
    /// Nothing after `local:`.
    #[error("after `local:` comes binding:NAME, title:TITLE or id:ID")]
    Local,
    /// Nothing after `title:`.
    #[error("after `title:` comes the title of a namespace")]
    Title,
    /// No characters.
    #[error("a side is a file, binding:NAME, title:TITLE or id:ID")]
    Empty,
}

impl FromStr for SideArg {
    type Err = SideArgError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let (local, rest) = match s.strip_prefix("local:") {
            Some(rest) => (true, rest),
            None => (false, s),
        };
        let which = match rest.split_once(':') {
            Some(("id", id)) => NamespaceArg::Id(id.parse()?),
            Some(("title", "")) => return Err(SideArgError::Title),
            Some(("title", title)) => NamespaceArg::Title(title.to_owned()),
            Some(("binding", text)) => match text.split_once('@') {
                Some((binding, environment)) => {
                    NamespaceArg::Binding(binding.parse()?, Some(environment.parse()?))
                }
                None => NamespaceArg::Binding(text.parse()?, None),
            },
            _ if local => return Err(SideArgError::Local),
            _ if s.is_empty() => return Err(SideArgError::Empty),
            _ => return Ok(Self::File(s.into())),
        };
        Ok(Self::Namespace { local, which })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_a_file_or_a_namespace() {
        let parse = |text: &str| text.parse::<SideArg>();
        assert_eq!(parse("a.ndjson").unwrap(), SideArg::File("a.ndjson".into()));
        let binding = |environment: Option<&str>| {
            let environment = environment.map(|e| e.parse().unwrap());
            NamespaceArg::Binding("KV".parse().unwrap(), environment)
        };
        let namespace = |local, which| SideArg::Namespace { local, which };
        assert_eq!(
            parse("binding:KV").unwrap(),
            namespace(false, binding(None))
        );
        assert_eq!(
            parse("local:binding:KV@s").unwrap(),
            namespace(true, binding(Some("s")))
        );
        assert_eq!(
            parse("title:a:b").unwrap(),
            namespace(false, NamespaceArg::Title("a:b".into()))
        );
        for wrong in [
            "id:x",
            "local:a.ndjson",
            "binding:",
            "binding:A@",
            "title:",
            "",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
