//! Moving many keys: out of a namespace, into one, and the comparison of two.

pub mod batch;
pub mod read;
pub mod write;
