//! The `kvctl` program: hands the process to the library.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    kvctl::run(kvctl::cli::Cli::parse())
}
