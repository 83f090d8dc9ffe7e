//! `kvctl key put`.

use std::io;

use bytes::Bytes;
use serde::Serialize;

use super::{quoted, value::Source};
use crate::{
    api::Lifetime,
    cli::key::PutArgs,
    commands::{
        UsageError,
        shared::{
            lifetime,
            namespace::{Access, OpenNamespace, select_namespace},
        },
    },
    context::Context,
    domain::{Expiration, KeyName, Metadata, quantity},
    error::Result,
    ops::{keys, target::Target},
    ui::{Page, Report, printable},
};

pub(super) async fn run(context: &Context, args: PutArgs) -> Result<()> {
    let PutArgs {
        key,
        value,
        beyond,
        namespace,
        file,
        stdin,
        ttl,
        expiration,
        keep_ttl,
        metadata,
        keep_metadata,
        dry_run,
    } = args;
    if !beyond.is_empty() {
        return Err(UsageError::new(
            "there is more than one value".to_owned(),
            "a value is one argument: put quotes around it if it has blanks",
        )
        .into());
    }
    let lifetime = lifetime::asked(ttl, expiration, context.now())?;
    // Before a question about the namespace.
    let source = Source::of(context, value, file, stdin)?;
    let choice = select_namespace(context, namespace, Access::Write).await?;
    let value = source.read(context).await?;
    let keyspace = choice.open(context).await?;
    let keep = Keep {
        ttl: keep_ttl,
        metadata: keep_metadata,
    };
    lifetime::check(&keyspace, lifetime).await?;
    let (kept, old) = keyspace.kept(&key, keep).await?;
    let lifetime = if keep_ttl {
        lifetime::kept(&keyspace, &key, kept).await?
    } else {
        lifetime
    };
    let metadata = metadata.or(old);
    let place = keyspace.describe();
    context
        .ui
        .status(&format!("writing {} to {place}", quoted(&key)));
    keyspace
        .write(
            context,
            Put {
                key,
                value,
                lifetime,
                metadata,
                dry_run,
            },
        )
        .await
}

/// A value, with its expiration and metadata.
pub(super) struct Put {
    pub(super) key: KeyName,
    pub(super) value: Bytes,
    pub(super) lifetime: Lifetime,
    pub(super) metadata: Option<Metadata>,
    pub(super) dry_run: bool,
}

/// What of an older value is to stay.
#[derive(Debug, Clone, Copy)]
struct Keep {
    ttl: bool,
    metadata: bool,
}

impl OpenNamespace {
    /// Writes a key, unless that is only tried, and reports it.
    pub(super) async fn write(&self, context: &Context, put: Put) -> Result<()> {
        let Put {
            key,
            value,
            lifetime,
            metadata,
            dry_run,
        } = put;
        let (ttl, expiration) = lifetime::in_numbers(lifetime);
        let bytes = value.len();
        if !dry_run {
            self.put(&key, value, lifetime, metadata.as_ref()).await?;
        }
        context.ui.conclude(
            &WriteReport {
                key: &key,
                namespace: &self.target,
                dry_run,
                bytes,
                ttl,
                expiration,
                metadata,
                lifetime,
            },
            Ok(()),
        )
    }

    /// Reads what is to stay, and no more. A key that is not there has nothing to keep.
    async fn kept(
        &self,
        key: &KeyName,
        keep: Keep,
    ) -> Result<(Option<Expiration>, Option<Metadata>)> {
        let namespace = self.namespace();
        let read = match keep {
            Keep {
                ttl: false,
                metadata: false,
            } => return Ok((None, None)),
            Keep { ttl: false, .. } => {
                let metadata = namespace.metadata(key).await;
                metadata.map(|metadata| (None, metadata))
            }
            Keep { metadata, .. } => {
                let record = namespace.record(key).await;
                record.map(|(value, old)| (value.expiration, old.filter(|_| metadata)))
            }
        };
        match read {
            Err(e) if keys::is_absent(&e) => Ok((None, None)),
            read => read.map_err(|e| self.explain(e, key)),
        }
    }
}

/// What was written, without the value.
#[derive(Serialize)]
struct WriteReport<'a> {
    key: &'a KeyName,
    namespace: &'a Target,
    dry_run: bool,
    bytes: usize,
    /// In how many seconds the key expires; `null` unless that is how it was said.
    ttl: Option<u32>,
    /// When the key expires; `null` if never, or if `ttl` says it.
    expiration: Option<Expiration>,
    metadata: Option<Metadata>,
    #[serde(skip)]
    lifetime: Lifetime,
}

impl Report for WriteReport<'_> {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        let key = printable(self.key.as_str());
        let bytes = match self.bytes {
            0 => "an empty value".to_owned(),
            bytes => quantity(bytes, "byte"),
        };
        let with = match self.metadata {
            Some(_) => ", with metadata",
            None => "",
        };
        let expiry = lifetime::in_words(self.lifetime);
        let verb = if self.dry_run {
            "dry run: would write"
        } else {
            "wrote"
        };
        writeln!(out, "{verb} {key} ({bytes}{with}), {expiry}")
    }
}
