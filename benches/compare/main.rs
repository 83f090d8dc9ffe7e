//! kvctl beside wrangler and beside a client that does nothing but send the same requests.
//!
//! Method: `kvctl serve --memory` answers, each request after the chosen latency; over HTTPS a relay in this process
//! stands before it. The programs do the same work in turns, in as many rounds as are asked for. Of each run the wall
//! time, the processor time and the requests are taken; the table has their medians, and how many
//! times more wall time each takes than kvctl. What a piece of work needs to find is made before each run, untimed.
//!
//! `cargo bench --bench compare -- --wrangler PATH`, and `--help` for more. Needs Unix.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a bench prints, and stops where it cannot go on"
)]

mod floor;
mod job;
mod measure;
mod service;
mod table;

#[path = "../../tests/cli/tls_end.rs"]
mod tls_end;

use std::{path::PathBuf, time::Duration};

use clap::Parser;
use job::Kind;

/// Compare kvctl with wrangler and with a bare client
#[derive(Debug, Parser)]
struct Options {
    /// What to run [default: all]
    #[arg(value_enum)]
    jobs: Vec<Kind>,
    /// wrangler's program, such as `node_modules/.bin/wrangler`
    #[arg(long)]
    wrangler: Option<PathBuf>,
    /// kvctl's program [default: the one built with the bench]
    #[arg(long, default_value = env!("CARGO_BIN_EXE_kvctl"), hide_default_value = true)]
    kvctl: PathBuf,
    /// Rounds
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Milliseconds that each request takes at least
    #[arg(long, value_delimiter = ',', default_values_t = [0, 50])]
    latency: Vec<u64>,
    /// Only over HTTPS, or only in clear
    #[arg(long)]
    tls: Option<bool>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let mut args = std::env::args();
    if args.nth(1).as_deref() == Some(floor::COMMAND) {
        return floor::run(args);
    }
    let options = Options::parse();
    for tls in [false, true] {
        if options.tls.is_some_and(|only| only != tls) {
            continue;
        }
        for &latency in &options.latency {
            let latency = Duration::from_millis(latency);
            let way = if tls { "HTTPS" } else { "HTTP" };
            println!("\n### {way}, {} ms\n", latency.as_millis());
            table::print(&job::run(&options, tls, latency));
        }
    }
}
