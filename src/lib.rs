//! kvctl provisions and operates Cloudflare Workers KV.

pub mod config;
pub mod domain;
pub mod wire;
