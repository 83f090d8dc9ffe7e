//! The files of the user: wrangler's, found, read, checked and edited; `kvctl.toml`, env files and
//! wrangler's login, read.
//!
//! Owns what a wrangler file may say about namespaces ([`Project`]), and how it is changed
//! ([`Edit`]) without touching a byte that the change is not about. May import `domain` only:
//! files are read here, and written elsewhere.
//!
//! Reading goes text → tree (`toml`, `jsonc` → `node`) → [`Project`] (`reader`, with `misplaced`,
//! `ignored`, `inheritance` and `used_names`). Editing goes [`Edit`] → splices (`layout`) → text → tree, which must be the old tree
//! with the edit applied to it.

mod content;
mod discover;
mod document;
mod dotenv;
mod edit;
mod error;
mod format;
mod ignored;
mod inheritance;
mod jsonc;
mod layout;
mod manifest;
mod misplaced;
mod model;
mod node;
mod position;
mod problem;
#[cfg(test)]
mod property;
mod reader;
mod redirect;
mod toml;
mod used_names;
mod worker_name;
mod wrangler_login;

pub use discover::{TYPESCRIPT_NAME, WranglerFile, discover};
pub use document::{Document, Selected};
pub use dotenv::{
    Assignment, DotenvError, EnvFile, EnvFiles, Lookup, read_env_files, read_named_env_files,
};
pub use edit::{Edit, Field};
pub use error::{Error, Location};
pub use format::Format;
pub use manifest::{
    Assertion, CacheOptions, Claim, EndpointRule, Expectation, FailMode, MANIFEST_NAME, Manifest,
    ManifestError, ManifestNamespace, Part, RateLimitOptions, RenamedManifest, Scaffold,
    SessionOptions, TtlRule,
};
pub use model::{DeployedAs, Entry, Project, Scope, UsedName};
pub use position::{Located, Position};
pub use problem::Problem;
pub use redirect::{Redirect, RedirectError};
pub use worker_name::WorkerNameError;
pub use wrangler_login::{Bound, Login, LoginError, LoginStore, login_command};
