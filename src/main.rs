//! The `kvctl` program: hands the process to the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(answered) = kvctl::complete() {
        return answered;
    }
    match kvctl::cli::parse(std::env::args_os()) {
        Ok(cli) => kvctl::run(cli),
        Err(message) => kvctl::print_clap_message(&message),
    }
}
