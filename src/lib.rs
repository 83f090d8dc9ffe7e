//! kvctl provisions and operates Cloudflare Workers KV.

pub mod domain;
pub mod fsx;
pub mod wire;
