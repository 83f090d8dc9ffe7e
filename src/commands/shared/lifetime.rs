//! How long a key is to live, checked before anything is sent.

use crate::{
    api::Lifetime,
    commands::{Refused, UsageError},
    domain::{Expiration, Hint, KeyName, Suggestion, TTL_MIN_SECONDS, Ttl},
    error::{Result, ResultExt as _},
    ops::time::{self, certainly_too_soon},
};

use super::{namespace::OpenNamespace, quoted};

/// Reads the flags; without any, the key lives for ever. A moment is refused here only if it is past by
/// any clock: see [`check`].
pub(crate) fn asked(
    ttl: Option<Ttl>,
    expiration: Option<Expiration>,
    now: jiff::Timestamp,
) -> Result<Lifetime, UsageError> {
    match (ttl, expiration) {
        (Some(ttl), _) => Ok(Lifetime::For(ttl)),
        (None, Some(at)) if certainly_too_soon(at, now.as_second()) == Some(true) => {
            Err(too_soon(at))
        }
        (None, Some(at)) => Ok(Lifetime::Until(at)),
        (None, None) => Ok(Lifetime::Unlimited),
    }
}

/// Refuses a moment that the service would refuse, by its own clock.
pub(crate) async fn check(keyspace: &OpenNamespace, lifetime: Lifetime) -> Result<()> {
    if let Lifetime::Until(at) = lifetime
        && is_too_soon(keyspace, at).await?
    {
        return Err(too_soon(at).into());
    }
    Ok(())
}

fn too_soon(at: Expiration) -> UsageError {
    UsageError::new(
        format!("`--expiration {at}` is in the past or less than {TTL_MIN_SECONDS} seconds ahead"),
        "an expiration must be at least a minute ahead",
    )
}

/// Keeps what the key has; refuses if that can no longer be written.
pub(crate) async fn kept(
    keyspace: &OpenNamespace,
    key: &KeyName,
    expiration: Option<Expiration>,
) -> Result<Lifetime> {
    match expiration {
        None => Ok(Lifetime::Unlimited),
        Some(at) if is_too_soon(keyspace, at).await? => Err(Refused::new(
            format!(
                "{} expires at {at}, and an expiration must be at least a minute ahead; nothing was \
                 written",
                quoted(key.as_str())
            ),
            Hint::from("set another expiration with `--ttl`, or first with ")
                .and(keyspace.target.select(Suggestion::new("key touch").arg(key))),
        )
        .into()),
        Some(at) => Ok(Lifetime::Until(at)),
    }
}

async fn is_too_soon(keyspace: &OpenNamespace, at: Expiration) -> Result<bool> {
    let decided = time::is_too_soon(keyspace.namespace(), at).await;
    decided.context("could not get the time of the service")
}

/// Returns a lifetime as it is said of a key that was written.
pub(crate) fn in_words(lifetime: Lifetime) -> String {
    match lifetime {
        Lifetime::Unlimited => "never expires".to_owned(),
        Lifetime::For(ttl) => format!("expires in {ttl}"),
        Lifetime::Until(at) => format!("expires at {at}"),
    }
}

/// Returns the two forms of an expiry that a report has: from now, and as a moment.
pub(crate) fn in_numbers(lifetime: Lifetime) -> (Option<u32>, Option<Expiration>) {
    match lifetime {
        Lifetime::Unlimited => (None, None),
        Lifetime::For(ttl) => (Some(ttl.seconds()), None),
        Lifetime::Until(at) => (None, Some(at)),
    }
}
