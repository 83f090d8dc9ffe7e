//! The `kvctl` program: hands the process to the library.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match kvctl::cli::Cli::try_parse() {
        Ok(cli) => kvctl::run(cli),
        Err(message) => kvctl::print_clap_message(&message),
    }
}
