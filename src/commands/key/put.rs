//! `kvctl key put`.

use std::io::{self, Write};

use serde::Serialize;

use super::{Access, Keyspace, choose, lifetime, quoted, value};
use crate::{
    api::{GetMetadata, Lifetime},
    cli::key::PutArgs,
    commands::Misused,
    context::Context,
    domain::{Expiration, KeyName, Metadata},
    ops::{keys, target::Target},
    ui::{Report, printable, quantity},
};

pub(super) async fn run(context: &Context, args: PutArgs) -> anyhow::Result<()> {
    let PutArgs {
        key,
        value,
        beyond,
        namespace,
        file,
        ttl,
        expires,
        keep_ttl,
        metadata,
        keep_metadata,
    } = args;
    if !beyond.is_empty() {
        return Err(Misused::new(
            "there is more than one value".to_owned(),
            "a value is one argument: put quotes around it if it has blanks",
        )
        .into());
    }
    let lifetime = lifetime::asked(ttl, expires)?;
    let choice = choose(context, namespace, Access::Write)?;
    let value = value::read(context, value, file.as_deref()).await?;
    let keyspace = choice.open(context).await?;
    let keep = Keep {
        ttl: keep_ttl,
        metadata: keep_metadata,
    };
    let (expiration, old) = keyspace.kept(&key, keep).await?;
    let lifetime = if keep_ttl {
        lifetime::kept(&key, expiration)?
    } else {
        lifetime
    };
    let metadata = metadata.or(old);
    let place = keyspace.describe();
    context
        .ui
        .status(&format!("writing {}: {place}", quoted(&key)));
    let bytes = value.len();
    keyspace
        .put(&key, value, lifetime, metadata.as_ref())
        .await?;
    let report = WriteReport::new(&key, &keyspace.target, bytes, lifetime, metadata);
    Ok(context.ui.report(&report)?)
}

/// What of an older value is to stay.
#[derive(Debug, Clone, Copy)]
struct Keep {
    ttl: bool,
    metadata: bool,
}

impl Keyspace {
    /// Reads what is to stay, and no more. A key that is not there has nothing to keep.
    async fn kept(
        &self,
        key: &KeyName,
        keep: Keep,
    ) -> anyhow::Result<(Option<Expiration>, Option<Metadata>)> {
        let session = &self.session;
        let (account, namespace) = (&session.account, &self.target.id);
        let read = match keep {
            Keep {
                ttl: false,
                metadata: false,
            } => return Ok((None, None)),
            Keep { ttl: false, .. } => {
                let request = GetMetadata {
                    account,
                    namespace,
                    key,
                };
                let metadata = session.client.send(&request).await;
                metadata.map(|metadata| (None, metadata))
            }
            Keep { metadata, .. } => {
                let record = keys::record(&session.client, account, namespace, key).await;
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
pub(super) struct WriteReport<'a> {
    key: &'a KeyName,
    namespace: &'a Target,
    bytes: usize,
    /// In how many seconds the key expires, if that is how it was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u32>,
    /// When the key expires; `null` if never, or if `ttl` says it.
    expiration: Option<Expiration>,
    metadata: Option<Metadata>,
    #[serde(skip)]
    lifetime: Lifetime,
}

impl<'a> WriteReport<'a> {
    pub(super) fn new(
        key: &'a KeyName,
        namespace: &'a Target,
        bytes: usize,
        lifetime: Lifetime,
        metadata: Option<Metadata>,
    ) -> Self {
        let (ttl, expiration) = lifetime::in_numbers(lifetime);
        Self {
            key,
            namespace,
            bytes,
            ttl,
            expiration,
            metadata,
            lifetime,
        }
    }
}

impl Report for WriteReport<'_> {
    fn human(&self, out: &mut dyn Write, _: bool) -> io::Result<()> {
        let key = printable(self.key.as_str());
        let bytes = quantity(self.bytes, "byte");
        let with = match self.metadata {
            Some(_) => ", with metadata",
            None => "",
        };
        let expiry = lifetime::in_words(self.lifetime);
        writeln!(out, "wrote {key} ({bytes}{with}), {expiry}")
    }
}
