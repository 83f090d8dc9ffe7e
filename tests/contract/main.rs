//! What kvctl promises to others, and what others promise to kvctl: one module a contract.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up should panic")]

mod action;
mod docs;
mod edit;
mod env_cases;
mod env_types;
mod identity;
mod layers;
mod manner;
mod packaging;
#[expect(dead_code, reason = "the tests of the program use all of it")]
mod pages;
mod retry;
mod scaffold;
mod wire;
