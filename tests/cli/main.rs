//! The program as a user meets it: the real binary, the emulator for a service, and nothing from
//! the machine.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up should panic")]

mod answers;
mod audit;
mod broken_output;
mod bulk;
mod clocks;
mod credentials;
mod cut_short;
mod doctor;
mod documents;
mod empty_input;
mod env_files;
mod exit_codes;
mod failures;
mod files;
mod health;
mod hostile;
mod hostile_text;
mod interruptions;
mod key;
mod lagging;
mod local;
mod logins;
mod named_files;
mod namespace;
mod provision;
mod read_twice;
mod rename_binding;
mod resumed;
mod round_trip;
mod sandbox;
mod scaffold;
mod serve;
mod serve_abuse;
mod serve_store;
mod sidecars;
mod signals;
mod surface;
mod sync;
mod transfer;
mod trouble;
mod usage;
mod verify;
mod wait;
mod ways;
