//! A key with everything that belongs to it.

use std::fmt;

use bytes::Bytes;

use super::{Expiration, KeyName, Metadata};

/// A key with its value, its expiry and its metadata: what travels between namespaces and files.
#[derive(Clone, PartialEq)]
pub struct Record {
    /// The name.
    pub key: KeyName,
    /// The value, any bytes.
    pub value: Bytes,
    /// When it expires; `None` is never.
    pub expiration: Option<Expiration>,
    /// What is stored beside it.
    pub metadata: Option<Metadata>,
}

/// Shows no value: it may be a secret.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("key", &self.key)
            .field("value", &format_args!("{} bytes", self.value.len()))
            .field("expiration", &self.expiration)
            .field("metadata", &self.metadata)
            .finish()
    }
}
