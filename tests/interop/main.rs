//! Other people's programs against `kvctl serve` and the local store: wrangler of three versions, the
//! official SDKs, and a Worker in the real runtime. `install.sh` installs them; a test whose program
//! is missing is ignored and says so, unless `CI` is `true`.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up should panic")]

mod deploy;
mod dev;
#[expect(dead_code, reason = "the tests of the contract use all of it")]
#[path = "../contract/env_cases.rs"]
mod env_cases;
mod harness;
mod matrix;
mod packages;
mod remote;
mod scaffold;
mod sdk;
mod store;
mod tools;
#[expect(dead_code, reason = "the tests of the program use all of it")]
#[path = "../cli/wait.rs"]
mod wait;

use std::process::ExitCode;

fn main() -> ExitCode {
    harness::run(&[
        ("deploy", deploy::TESTS),
        ("dev", dev::TESTS),
        ("matrix", matrix::TESTS),
        ("packages", packages::TESTS),
        ("remote", remote::TESTS),
        ("scaffold", scaffold::TESTS),
        ("sdk", sdk::TESTS),
        ("store", store::TESTS),
    ])
}
