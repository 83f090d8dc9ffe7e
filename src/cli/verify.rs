//! `kvctl verify`.

use std::{path::PathBuf, str::FromStr, time::Duration};

use clap::{Args, ValueEnum};
use url::Url;

use super::{ScopeArgs, duration};

/// `kvctl verify`.
#[derive(Debug, Args)]
#[command(after_long_help = AFTER_LONG_HELP)]
pub struct VerifyArgs {
    /// Sections to verify.
    #[command(flatten)]
    pub scope: ScopeArgs,

    /// Make these checks only
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub only: Vec<String>,

    /// Leave these checks out
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub skip: Vec<String>,

    /// Write nothing: no probe, and the permission to write is not checked
    #[arg(long)]
    pub read_only: bool,

    /// How long a write may take to be seen
    #[arg(long, value_name = "DURATION", default_value = "30s",
          value_parser = duration::up_to_10m)]
    pub consistency_timeout: Duration,

    /// What counts as a failure
    #[arg(long, value_name = "STATUS", value_enum, default_value_t)]
    pub fail_on: FailOn,

    /// Write the findings to this file as well, as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,

    /// Check that a Worker answers a GET of this address, deployed or under wrangler dev
    #[arg(long, value_name = "URL")]
    pub worker: Option<WorkerUrl>,

    /// The status that it should answer with [default: any 2xx]
    #[arg(long, value_name = "CODE", requires = "worker",
          value_parser = clap::value_parser!(u16).range(100..=599))]
    pub worker_status: Option<u16>,
}

const AFTER_LONG_HELP: &str = "\
The checks:

  connection      the API can be reached, and answers as it should
  credentials     the token is active, or the key accepted
  account         file and environment agree on one, and the credentials reach it
  permission      reading is allowed, and writing unless --read-only
  configuration   the wrangler file can be read, and every binding has an id
  environments    no environment misses a binding that others have
  preview         wrangler dev --remote does not write to production
  pages           Pages would not ignore the file
  namespaces      every id exists, with the expected title
  probe           a key can be written, read, listed and deleted in each namespace
  quota           requests are left, and no quota is spent
  clock           this machine and the service agree on the time
  assertions      what kvctl.toml asserts holds
  scaffold        what kvctl scaffold wrote is there, and Env has every binding
  worker          the Worker of --worker answers

Where one cause breaks several, one check fails, and those that need it are skipped.

A probe writes a key kvctl:probe:RANDOM that expires after a minute, and deletes it, also when it
is interrupted or terminated. Killed, it leaves the key until that expires. A healthy project costs
two requests, and five for each namespace.";

/// What counts as a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum FailOn {
    /// What does not work
    #[default]
    Fail,
    /// Also what deserves attention
    Warn,
}

/// The address of a Worker: http or https.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerUrl(pub Url);

/// Why a string is not a [`WorkerUrl`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not an http or https URL, such as https://example.com/health")]
pub struct WorkerUrlError;

impl FromStr for WorkerUrl {
    type Err = WorkerUrlError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let url: Url = s.parse().map_err(|_unparsable| WorkerUrlError)?;
        match url.scheme() {
            "http" | "https" => Ok(Self(url)),
            _ => Err(WorkerUrlError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_reached_over_http() {
        assert!("http://127.0.0.1:8787/health".parse::<WorkerUrl>().is_ok());
        for bad in ["", "example.com", "ftp://example.com/", "localhost:8787"] {
            assert!(bad.parse::<WorkerUrl>().is_err(), "{bad}");
        }
    }
}
