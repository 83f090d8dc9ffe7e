//! Other people's programs against `kvctl serve` and the local store: wrangler of two versions, the
//! official SDKs, and a Worker in the real runtime. `install.sh` installs them; a test whose program
//! is missing says so and passes, unless `CI` is `true`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot set up should panic, and one that measures should tell"
)]

mod dev;
mod remote;
mod scaffold;
mod sdk;
mod store;
mod tools;
