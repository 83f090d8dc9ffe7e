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

    /// Run only these checks
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub only: Vec<String>,

    /// Skip these checks
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub skip: Vec<String>,

    /// Write nothing: skip the probe and the check of the write permission
    #[arg(long)]
    pub read_only: bool,

    /// Maximum time until a write is visible
    #[arg(long, value_name = "DURATION", default_value = "30s",
          value_parser = duration::up_to_10m)]
    pub consistency_timeout: Duration,

    /// Which findings count as failures
    #[arg(long, value_name = "STATUS", value_enum, default_value_t)]
    pub fail_on: FailOn,

    /// Also write the findings to this file as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,

    /// Check that the Worker at this URL, deployed or in wrangler dev, answers a GET
    #[arg(long, value_name = "URL")]
    pub worker: Option<WorkerUrl>,

    /// Expected status of the Worker [default: any 2xx]
    #[arg(long, value_name = "CODE", requires = "worker",
          value_parser = clap::value_parser!(u16).range(100..=599))]
    pub worker_status: Option<u16>,
}

const AFTER_LONG_HELP: &str = "\
Checks:

  connection      the API is reachable and answers as expected
  credentials     the token is active, or the key is accepted
  account         file and environment name the same account, and the credentials can access it
  permission      reading is allowed, and writing unless --read-only
  configuration   the wrangler file is valid, and every binding leads to a namespace
  environments    no environment lacks a binding that others have
  preview         wrangler dev and preview deployments do not write to production
  pages           Pages does not ignore the file
  namespaces      every id exists and has the expected title
  deployed        the deployed Worker binds the namespaces of the file
  probe           a key can be written, read, listed and deleted in each namespace
  quota           requests remain, and no quota is used up
  clock           this machine's clock and the service's differ by a minute at most
  assertions      the assertions in kvctl.toml hold
  scaffold        the files of kvctl scaffold exist, and Env has every binding
  worker          the Worker at --worker responds

Each cause fails one check; checks that depend on it are skipped.

The probe writes a key kvctl:probe:RANDOM that expires after a minute, and deletes it even if it is
interrupted or terminated. If it is killed, the key remains until it expires. A healthy project
costs two requests, one for each Worker name (--skip deployed saves it), and five for each
namespace.";

/// Which findings count as failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum FailOn {
    /// Failures only
    #[default]
    Fail,
    /// Failures and warnings
    Warn,
}

/// The address of a Worker: http or https.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerUrl(pub Url);

/// Why a string is not a [`WorkerUrl`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an http or https URL, such as https://example.com/health")]
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
