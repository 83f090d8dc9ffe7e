//! `kvctl audit`.

use clap::{Args, builder::NonEmptyStringValueParser};

use super::{duration, key::NamespaceArgs};
use crate::domain::Ttl;

/// Report keys that break the rules of kvctl.toml, and what keys begin with; exit with 8 if any do
#[derive(Debug, Args)]
#[command(
    after_help = "\
Without -b, -n or --namespace-id, all bindings of the environment that kvctl.toml has rules for are
audited; if it has none, the keys of all bindings are counted.",
    after_long_help = AFTER_LONG_HELP
)]
pub struct AuditArgs {
    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// Also report keys that expire within this time, such as 1h; that breaks no rule
    #[arg(long, value_name = "DURATION", value_parser = duration::seconds)]
    pub expiring_within: Option<u32>,

    /// What ends a prefix, where keys are counted by what they begin with
    #[arg(long, value_name = "TEXT", default_value = ":", value_parser = NonEmptyStringValueParser::new())]
    pub delimiter: String,

    /// How many prefixes to show, those with most keys first: 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub top: u16,

    /// Give a time to live to keys that must have one; value and metadata stay
    #[arg(long)]
    pub fix: bool,

    /// Which time to live to give [default: the rule's ttl.max]
    #[arg(long, value_name = "DURATION", requires = "fix")]
    pub ttl: Option<Ttl>,

    /// Show what --fix would do, and stop
    #[arg(long, requires = "fix")]
    pub dry_run: bool,

    /// Title of the namespace, typed once more, if kvctl.toml protects it
    #[arg(long, value_name = "TITLE", requires = "fix")]
    pub confirm: Option<String>,
}

const AFTER_LONG_HELP: &str = "\
Without -b, -n or --namespace-id, all bindings of the environment that kvctl.toml has rules for are
audited; if it has none, the keys of all bindings are counted. A thousand keys cost one request, and
no value is read.

The rules of a namespace in kvctl.toml:

  prefix = \"session:\"                  each key begins so
  ttl = { required = true,              each key expires
          max = \"24h\",                  no key has longer to live than this
          min = \"60s\" }                 what --fix gives is at least this

When a key was written is not known, only when it expires. So ttl.max is judged by the time that is
left, with a minute's grace for clocks that differ: a key that was given more, long ago, may pass.
ttl.min cannot be judged at all, for every key comes to have less left; keys below it are counted.
Without required, keys that never expire break nothing.

--fix names one namespace, asks first, or takes --yes, and reads and writes the keys that must
expire and do not: afterwards they do, and are gone when their time is up. Keys with a foreign
prefix are left alone. Between the list, the reading and the writing others may write: of a key
that is rewritten, new metadata is lost if it came after the list, and a new value if it came after
the value was read, which is what the service showed then and may be a minute old.";
