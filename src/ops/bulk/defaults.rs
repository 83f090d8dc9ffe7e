//! What records get where their file has none of their own.

use super::{journal::run_id::Content, write::Outgoing};
use crate::{api::Lifetime, domain::Metadata, formats};

/// What records get where the file has none of their own.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// How long they live.
    pub lifetime: Lifetime,
    /// Their metadata.
    pub metadata: Option<Metadata>,
}

impl Defaults {
    /// Returns a checksum of the defaults, if there are any.
    pub(super) fn sum(&self) -> Option<String> {
        let Self { lifetime, metadata } = self;
        let lifetime = match lifetime {
            Lifetime::Unlimited => None,
            Lifetime::For(ttl) => Some(format!("for {}", ttl.seconds())),
            Lifetime::Until(at) => Some(format!("until {}", at.unix_seconds())),
        };
        let metadata = metadata.as_ref().map(Metadata::as_json);
        (lifetime.is_some() || metadata.is_some())
            .then(|| Content::sum(&format!("{lifetime:?} {metadata:?}")))
    }

    /// Completes a record. A TTL stays one: it counts from when the service takes the record.
    pub(super) fn complete(&self, number: u64, input: formats::Input) -> Outgoing {
        let (mut record, ttl) = input.into_record_and_ttl();
        record.metadata = record.metadata.or_else(|| self.metadata.clone());
        let lifetime = match (ttl, record.expiration) {
            (Some(ttl), _) => Lifetime::For(ttl),
            (None, Some(at)) => Lifetime::Until(at),
            (None, None) => self.lifetime,
        };
        Outgoing {
            number,
            record,
            lifetime,
        }
    }
}
