//! What to verify, and how.

use std::{path::Path, time::Duration};

use jiff::Timestamp;
use url::Url;

use super::{Check, Class, ProbeKeys, Selection};
use crate::{
    api::{Client, Visitor},
    config::{self, Document, Manifest},
    domain::{AccountId, Hint, Section},
    ops::{account, latency::LatencyMeter},
};

/// The wrangler file, or why there is none to check.
pub type File<'a> = Result<&'a Document, &'a config::Error>;

/// A section of the file, and the account that is named for it.
pub type NamedAccount = (Section, Result<Option<AccountId>, account::Error>);

/// The service, as far as it can be reached.
#[derive(Debug)]
pub struct Service<'a> {
    /// The client.
    pub client: &'a Client,
    /// The account, or why there is none.
    pub account: &'a Result<AccountId, account::Error>,
    /// What measures its responses.
    pub meter: &'a LatencyMeter,
    /// Whether it is the local store.
    pub local: bool,
}

/// Why the service cannot be used.
#[derive(Debug, Clone)]
pub struct Denial {
    /// The check that fails for it.
    pub check: Check,
    /// What kind of trouble it is.
    pub class: Class,
    /// Why.
    pub message: String,
    /// What to do about it.
    pub hint: Option<Hint>,
}

/// A Worker that should answer.
#[derive(Debug)]
pub struct WorkerRoute<'a> {
    /// Who asks.
    pub visitor: &'a Visitor,
    /// What is asked for.
    pub url: Url,
    /// The expected status; defaults to any success.
    pub status: Option<u16>,
}

/// What to verify, and how.
#[derive(Debug)]
pub struct Options<'a> {
    /// Which checks to run.
    pub selection: &'a Selection,
    /// The wrangler file.
    pub file: File<'a>,
    /// Where a build tool's redirect to another file is looked for, as by `wrangler deploy`; nowhere, if the
    /// file was named.
    pub redirect_from: Option<&'a Path>,
    /// The sections of it that are meant.
    pub sections: &'a [Section],
    /// The account that is named for each section of the file, selected or not; none for the local store.
    pub accounts: &'a [NamedAccount],
    /// `kvctl.toml`, if there is one, and where.
    pub manifest: Option<&'a Manifest>,
    /// The service.
    pub service: Result<Service<'a>, Denial>,
    /// Whether nothing may be written.
    pub read_only: bool,
    /// Maximum time until a write is visible.
    pub consistency: Duration,
    /// The Worker to ask.
    pub worker: Option<WorkerRoute<'a>>,
    /// The time.
    pub now: fn() -> Timestamp,
    /// What is written, so that it can be removed.
    pub probe_keys: &'a ProbeKeys,
}
