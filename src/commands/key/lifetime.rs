//! How long a key is to live, checked before anything is sent.

use crate::{
    api::Lifetime,
    commands::{Misused, Refused},
    domain::{Expiration, KeyName, TTL_MIN_SECONDS, Ttl},
    env,
};

use super::quoted;

/// Reads the flags, of which `flag` is the one for a moment; without any, the key lives for ever.
pub(in crate::commands) fn asked(
    ttl: Option<Ttl>,
    expires: Option<Expiration>,
    flag: &str,
) -> Result<Lifetime, Misused> {
    match (ttl, expires) {
        (Some(ttl), _) => Ok(Lifetime::For(ttl)),
        (None, Some(expires)) if is_too_soon(expires) => Err(Misused::new(
            format!("`{flag} {expires}` is past, or less than {TTL_MIN_SECONDS} seconds ahead"),
            "the service takes no expiry that is nearer than a minute",
        )),
        (None, Some(expires)) => Ok(Lifetime::Until(expires)),
        (None, None) => Ok(Lifetime::Unlimited),
    }
}

/// Keeps what the key has; refuses if that can no longer be written.
pub(super) fn kept(key: &KeyName, expiration: Option<Expiration>) -> Result<Lifetime, Refused> {
    match expiration {
        None => Ok(Lifetime::Unlimited),
        Some(at) if is_too_soon(at) => Err(Refused {
            what: format!(
                "{} expires at {at}, and the service takes no expiry that is nearer than a minute; \
                 nothing was written",
                quoted(key)
            ),
            allow: "give it another expiry with `--ttl`, or first with `kvctl key touch`"
                .to_owned(),
        }),
        Some(at) => Ok(Lifetime::Until(at)),
    }
}

fn is_too_soon(expires: Expiration) -> bool {
    expires.is_too_soon(env::now().as_second())
}

/// Returns a lifetime as it is said of a key that was written.
pub(super) fn in_words(lifetime: Lifetime) -> String {
    match lifetime {
        Lifetime::Unlimited => "never expires".to_owned(),
        Lifetime::For(ttl) => format!("expires in {} s", ttl.seconds()),
        Lifetime::Until(at) => format!("expires at {at}"),
    }
}

/// Returns the two forms of an expiry that a report has: from now, and as a moment.
pub(super) fn in_numbers(lifetime: Lifetime) -> (Option<u32>, Option<Expiration>) {
    match lifetime {
        Lifetime::Unlimited => (None, None),
        Lifetime::For(ttl) => (Some(ttl.seconds()), None),
        Lifetime::Until(at) => (None, Some(at)),
    }
}
