//! Other people's programs against `kvctl serve` and the local store: wrangler of three versions, the
//! official SDKs, and a Worker in the real runtime. `install.sh` installs them; a test whose program
//! is missing is ignored and says so, unless `CI` is `true`.
#![cfg_attr(
    unix,
    expect(clippy::unwrap_used, reason = "a test that cannot set up should panic")
)]

/// Starts and stops programs as only Unix can.
#[cfg(unix)]
#[path = "."]
mod suite {
    pub(crate) mod deploy;
    pub(crate) mod dev;
    #[expect(dead_code, reason = "the tests of the contract use all of it")]
    #[path = "../contract/env_cases.rs"]
    pub(crate) mod env_cases;
    pub(crate) mod harness;
    pub(crate) mod matrix;
    pub(crate) mod packages;
    pub(crate) mod remote;
    pub(crate) mod scaffold;
    pub(crate) mod sdk;
    pub(crate) mod store;
    pub(crate) mod tools;
    #[expect(dead_code, reason = "the tests of the program use all of it")]
    #[path = "../cli/wait.rs"]
    pub(crate) mod wait;
}

#[cfg(unix)]
use suite::{
    deploy, dev, env_cases, harness, matrix, packages, remote, scaffold, sdk, store, tools, wait,
};

#[cfg(unix)]
fn main() -> std::process::ExitCode {
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

#[cfg(not(unix))]
fn main() {}
