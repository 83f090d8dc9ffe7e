//! kvctl provisions and operates Cloudflare Workers KV.

pub mod api;
pub mod config;
pub mod domain;
pub mod emulator;
pub mod env;
pub mod fsx;
pub mod ui;
pub mod wire;
