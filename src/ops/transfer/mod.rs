//! Moving many keys: out of a namespace, into one, and the comparison of two.
//!
//! All of it is one stream of records. [`read`] makes one of a namespace, [`write`](mod@write) sends
//! one into a namespace, [`mod@file`] makes and takes one of files, [`compare`] walks along two.

pub mod batch;
pub mod compare;
pub mod file;
pub mod journal;
pub mod read;
mod seen;
pub mod write;
