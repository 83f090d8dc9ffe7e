//! `kvctl serve`.

use std::{net::IpAddr, path::PathBuf, str::FromStr, time::Duration};

use clap::Args;

use super::duration;
use crate::domain::Permission;

/// `kvctl serve`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "independent flags")]
#[command(after_long_help = AFTER_LONG_HELP)]
pub struct ServeArgs {
    /// Port to listen on; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 8799)]
    pub port: u16,

    /// Address to listen on; other machines can connect unless it is a loopback address
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub listen: IpAddr,

    /// Host name to accept besides localhost and IP addresses
    #[arg(long = "allow-host", value_name = "NAME")]
    pub hosts: Vec<String>,

    /// Keep everything in memory and save nothing
    #[arg(long, conflicts_with = "persist_to")]
    pub memory: bool,

    /// Check the store for damage, lost values and orphans instead of serving it
    #[arg(long, conflicts_with = "memory")]
    pub check: bool,

    /// With --check, remove orphans that are older than an hour, unless the store is damaged
    #[arg(long, requires = "check")]
    pub fix: bool,

    /// Only token to accept [default: any, or the one in --token-file]
    #[arg(long, value_name = "TOKEN", conflicts_with = "token_file")]
    pub token: Option<String>,

    /// Permission that clients have, such as "Workers KV Storage: Edit"; repeatable [default: all]
    #[arg(long = "permission", value_name = "NAME")]
    pub permissions: Vec<Permission>,

    /// Reject namespaces that were not created, as the service does (default)
    #[arg(long, conflicts_with = "lenient")]
    pub strict: bool,

    /// Accept any namespace id, creating its store on first write, as wrangler dev does
    #[arg(long)]
    pub lenient: bool,

    /// Minimum duration of every request, such as 50ms
    #[arg(long, value_name = "DURATION", value_parser = duration::up_to_1h)]
    pub latency: Option<Duration>,

    /// Delay before writes become visible, such as 5s
    #[arg(long, value_name = "DURATION", value_parser = duration::up_to_1h)]
    pub lag: Option<Duration>,

    /// Requests allowed per number of seconds; the service allows 1200/300 [default: no limit]
    #[arg(long, value_name = "N/SECONDS")]
    pub rate_limit: Option<RateLimit>,

    /// TOML file of faults to inject; --help shows the format
    #[arg(long = "fault", value_name = "FILE")]
    pub faults: Option<PathBuf>,

    /// Append a line of JSON per request to this file, without tokens and values
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

const AFTER_LONG_HELP: &str = "\
Point any client of the public API at the address that is printed on start:

  CLOUDFLARE_API_BASE_URL   read by kvctl, wrangler and the official SDKs
  CLOUDFLARE_ACCOUNT_ID     the account that is served
  CLOUDFLARE_API_TOKEN      any text, unless --token is given

`wrangler deploy` works too: which namespaces a Worker binds is kept, its code is not.

--permission takes the names that Cloudflare gives permissions: \"Workers KV Storage: Read\",
\"Workers Scripts: Read\", \"Cloudflare Pages: Read\", the same with Edit, and \"Account Analytics: Read\";
or those of its API, such as \"Workers KV Storage Write\".

Ctrl-C and SIGTERM stop the server once pending requests are done, at most five seconds later.

A fault file is a list of tables. Each request gets the first fault that matches it and is not
used up:

  [[fault]]
  method = \"PUT\"           # default: any
  path = \"/bulk\"           # substring of path and query; default: any
  skip = 2                 # number of matching requests to let pass first
  times = 3                # number of requests to fail after that; default: 1
  forever = true           # or all of them

  and one of
  status = 429             # this answer, with body = \"...\" and headers = { Retry-After = \"2\" },
  code = 10048             # or with an API error: code and message = \"...\"
  cut = \"before\"           # close the connection before or after the request is carried out,
                           # or amid the answer: before, after, body
  delay_ms = 500           # wait before the request is carried out
  unsuccessful = [\"key\"]   # fail these keys of a bulk request,
  every = 3                # or every third one

  after = true             # with status, code or delay_ms: carry out the request first";

/// A request limit per time window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Number of requests.
    pub requests: u32,
    /// Length of the window.
    pub window: Duration,
}

/// Why a string is not a [`RateLimit`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not REQUESTS/SECONDS, such as 1200/300")]
pub struct RateLimitError(String);

impl FromStr for RateLimit {
    type Err = RateLimitError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let parsed = s.split_once('/').and_then(|(requests, seconds)| {
            let seconds: u64 = seconds.parse().ok().filter(|s| (1..=86_400).contains(s))?;
            Some(Self {
                requests: requests.parse().ok().filter(|n| *n > 0)?,
                window: Duration::from_secs(seconds),
            })
        });
        parsed.ok_or_else(|| RateLimitError(s.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_two_numbers() {
        let rate: RateLimit = "1200/300".parse().unwrap();
        assert_eq!(rate.requests, 1200);
        assert_eq!(rate.window, Duration::from_mins(5));
        for bad in ["", "1200", "0/300", "1200/0", "1/86401", "-1/2", "1/2/3"] {
            assert!(bad.parse::<RateLimit>().is_err(), "{bad}");
        }
    }
}
