//! Moving many keys: out of a namespace, into one, and the comparison of two.
//!
//! All of it is one stream of records. [`read`] makes one of a namespace, [`write`](mod@write)
//! sends one into a namespace, [`mod@file`] makes one of files, [`export`] writes one to them,
//! [`compare`] walks along two; [`delete`] is for names alone. Everything is sent through [`send`].

pub mod absent;
mod ahead;
pub mod audit;
pub mod batch;
pub mod compare;
pub mod confirmed;
pub mod copy;
pub mod cost;
pub mod defaults;
pub mod delete;
pub mod diff;
pub mod encoded;
pub mod export;
pub mod file;
pub mod import;
pub mod journal;
pub mod names;
pub mod parts;
pub mod read;
pub mod reporter;
pub mod run;
mod seen;
pub mod send;
pub mod sync;
pub mod twice;
pub mod write;
