//! Client for the Cloudflare REST API: one type per endpoint, one place that sends.
//!
//! Owns requests, retries, pacing and the decoding of answers. Imports `domain` and `wire`. Never
//! prints, never reads the environment, knows neither configuration files nor the emulator.

mod accounts;
mod analytics;
mod answer;
mod base_url;
mod bulk;
mod client;
mod clock;
mod credentials;
mod endpoint;
mod error;
mod headers;
mod keys;
mod lists;
mod namespaces;
mod observer;
mod pacing;
mod pages;
mod received;
mod trust;
mod values;
mod visit;
mod workers;

pub use accounts::{ListAccounts, ListMemberships, VerifyToken};
pub use analytics::GetUsage;
pub use answer::Answer;
pub use base_url::{BaseUrl, BaseUrlError, is_loopback};
pub use client::{Client, ClientError, Settings};
pub use clock::ahead;
pub use credentials::{Credentials, CredentialsSource, Scheme, SecretError};
pub use endpoint::{Body, Endpoint};
pub use error::{Error, ErrorKind, Expected};
pub use headers::{ExtraHeaders, ExtraHeadersError};
pub use namespaces::{CreateNamespace, ListNamespaces, Namespace};
pub use observer::{Event, Observer};
pub use pacing::{Budget, Pacer};
pub use received::Received;
pub use trust::{Trust, certificates, has_certificate};
pub use values::{Lifetime, Value};
pub use visit::{VISIT_BYTES, Visit, Visitor};
pub use workers::{KvBindings, PagesBindings};
