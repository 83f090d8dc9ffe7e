//! `kvctl audit`.

use clap::{Args, builder::NonEmptyStringValueParser};

use super::{
    duration,
    key::{NamespaceArgs, TTL_ALIASES},
};
use crate::domain::Ttl;

/// Check keys against the rules of kvctl.toml and count prefixes; exit 8 if a key breaks a rule
#[derive(Debug, Args)]
#[command(
    after_help = "\
Without -b, -n or --namespace-id, every binding of the environment with rules in kvctl.toml is checked;
if there are no rules, the keys of all bindings are counted.",
    after_long_help = AFTER_LONG_HELP
)]
pub struct AuditArgs {
    /// Which namespace.
    #[command(flatten)]
    pub namespace: NamespaceArgs,

    /// Also report keys that expire within this time, such as 1h
    #[arg(long, value_name = "DURATION", value_parser = duration::seconds)]
    pub expiring_within: Option<u32>,

    /// Delimiter that ends a prefix
    #[arg(long, value_name = "TEXT", default_value = ":", value_parser = NonEmptyStringValueParser::new())]
    pub delimiter: String,

    /// List only keys with the prefixes in kvctl.toml, at once
    #[arg(long)]
    pub known_prefixes: bool,

    /// Number of prefixes to show, those with most keys first: 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub top: u16,

    /// Set a TTL on keys that must have one; values and metadata are kept
    #[arg(long)]
    pub fix: bool,

    /// TTL to set [default: the rule's ttl.max]
    #[arg(long, aliases = TTL_ALIASES, value_name = "DURATION", requires = "fix")]
    pub ttl: Option<Ttl>,

    /// Show what would change without writing
    #[arg(long, requires = "fix")]
    pub dry_run: bool,

    /// Title of the namespace, to confirm; required if kvctl.toml protects it
    #[arg(long, value_name = "TITLE", requires = "fix")]
    pub confirm: Option<String>,
}

const AFTER_LONG_HELP: &str = "\
Without -b, -n or --namespace-id, every binding of the environment with rules in kvctl.toml is checked;
if there are no rules, the keys of all bindings are counted. Listing
a thousand keys takes one request; values are not read.

The rules of a namespace in kvctl.toml:

  prefix = \"session:\"                  each key has this prefix, or one of [\"a:\", \"b:\"]
  ttl = { required = true,              each key expires
          max = \"24h\",                  no key has a longer TTL
          min = \"60s\" }                 the shortest TTL that --fix may set

--known-prefixes does not find keys with other prefixes. It is faster if the keys are spread over several
prefixes, and saves requests if there are many others.

Keys do not record when they were written. ttl.max is compared with the remaining TTL, allowing a
minute of clock skew, so an old key written with a longer TTL may pass. ttl.min cannot be checked,
because every key's remaining TTL falls below it in time; such keys are counted. Unless required is
true, keys may also never expire.

--fix works on one namespace and asks for confirmation, or takes --yes. It sets a TTL on keys that
must expire but do not. Keys with another prefix are not changed. Concurrent writes may be
lost: metadata written after the list was read, and a value written after it was read, which may
itself be a minute old.";
