//! What kvctl promises, held against fixtures.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up should panic")]

mod edit;
