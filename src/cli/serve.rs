//! `kvctl serve`.

use std::{net::IpAddr, path::PathBuf, str::FromStr, time::Duration};

use clap::Args;

use super::duration;

/// `kvctl serve`.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags that are there or are not"
)]
#[command(after_long_help = AFTER_LONG_HELP)]
pub struct ServeArgs {
    /// Port to listen on; 0 lets the system choose one
    #[arg(long, value_name = "PORT", default_value_t = 8799)]
    pub port: u16,

    /// Address to listen on; any other than a loopback address lets other machines in
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub listen: IpAddr,

    /// Name that clients may use for this machine, beside localhost and addresses
    #[arg(long = "allow-host", value_name = "NAME")]
    pub hosts: Vec<String>,

    /// Keep everything in memory, and forget it at the end
    #[arg(long, conflicts_with = "persist_to")]
    pub memory: bool,

    /// Serve nothing: look for damage, lost values and orphans in the store, and change nothing
    #[arg(long, conflicts_with = "memory")]
    pub check: bool,

    /// With --check, remove orphans that are older than an hour, unless the store is damaged
    #[arg(long, requires = "check")]
    pub fix: bool,

    /// The one token that is accepted [default: any, or what --token-file holds]
    #[arg(long, value_name = "TOKEN", conflicts_with = "token_file")]
    pub token: Option<String>,

    /// Refuse namespaces that were not created, as the service does; the default
    #[arg(long, conflicts_with = "lenient")]
    pub strict: bool,

    /// Take any namespace id, and make its store with the first key, as wrangler dev does
    #[arg(long)]
    pub lenient: bool,

    /// Let every request take at least so long, such as 50ms
    #[arg(long, value_name = "DURATION", value_parser = duration::up_to_1h)]
    pub latency: Option<Duration>,

    /// Let readers see every write so much later only, such as 5s
    #[arg(long, value_name = "DURATION", value_parser = duration::up_to_1h)]
    pub lag: Option<Duration>,

    /// Requests in a number of seconds, such as the service's 1200/300; then 429 [default: no limit]
    #[arg(long, value_name = "N/SECONDS")]
    pub rate_limit: Option<RateLimit>,

    /// Failures to stage, TOML; --help shows how to write them
    #[arg(long = "fault", value_name = "FILE")]
    pub faults: Option<PathBuf>,

    /// Add a line of JSON for every request to this file: no tokens, no values
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

const AFTER_LONG_HELP: &str = "\
Point any client of the public API at the address that is printed first:

  CLOUDFLARE_API_BASE_URL   kvctl, wrangler and the official SDKs read it
  CLOUDFLARE_ACCOUNT_ID     the account that is served
  CLOUDFLARE_API_TOKEN      any text, unless --token says which

Ctrl-C and SIGTERM end the server once the requests under way are done; after five seconds they
are cut off.

A file of failures is a list of tables. Each request meets the first failure that fits it and is
not used up:

  [[fault]]
  method = \"PUT\"           # any without it
  path = \"/bulk\"           # what path and query contain; any without it
  skip = 2                 # so many that fit pass first
  times = 3                # then it happens so often; once without it
  forever = true           # or always

  and one of
  status = 429             # this answer, with body = \"...\" and headers = { Retry-After = \"2\" },
  code = 10048             # or with an error of the API: code and message = \"...\"
  cut = \"before\"           # no answer; after: it is carried out; body: half an answer
  delay_ms = 500           # later
  unsuccessful = [\"key\"]   # a bulk request fails for these keys,
  every = 3                # or for every third

  after = true             # with status, code or delay_ms: the request is carried out first";

/// How many requests are answered in how much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// How many.
    pub requests: u32,
    /// In how much time.
    pub window: Duration,
}

/// Why a string is not a [`RateLimit`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a number of requests and one of seconds, such as 1200/300")]
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
