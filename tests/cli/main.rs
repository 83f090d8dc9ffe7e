//! The program as a user meets it: the real binary, the emulator for a service, and nothing from
//! the machine.
#![cfg_attr(
    not(unix),
    allow(
        unused_imports,
        dead_code,
        reason = "tests of signals, links and pipes use them, on Unix"
    )
)]
#![expect(clippy::unwrap_used, reason = "a test that cannot set up should panic")]

mod answers;
mod audit;
mod broken_output;
mod bulk;
mod claims;
mod clocks;
mod completions;
mod credentials;
mod cures;
mod cut_short;
mod docs;
mod doctor;
mod documents;
mod empty_input;
mod env_files;
mod exit_codes;
mod failures;
mod files;
mod habits;
mod health;
mod help;
mod hints;
mod hostile;
mod hostile_text;
mod hosts;
mod install;
mod interruptions;
mod json;
mod key;
mod lagging;
mod local;
mod local_names;
mod logins;
mod named_files;
mod namespace;
mod prefixes;
mod protect;
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
mod targets;
mod terminal;
mod tls;
mod tls_end;
mod transfer;
mod trouble;
mod two_accounts;
mod usage;
mod verify;
mod wait;
mod ways;
mod wrangler_files;
