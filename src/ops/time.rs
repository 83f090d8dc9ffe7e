//! What time it is at the service, where expiry is judged. This machine's clock may be wrong: a record
//! that lives yet must not be left out because of it, nor one be sent that is refused.

use crate::{
    api::{self, Namespace},
    domain::Expiration,
};

/// How far clocks may be apart, in seconds: what is further off than this is past, or not, by either.
const DOUBT: i64 = 86_400;

/// Returns what time it is at the service, in UNIX seconds. It is asked if it has not answered yet.
pub async fn service_now(namespace: Namespace<'_>) -> Result<i64, api::Error> {
    if !namespace.client.knows_service_time() {
        let answered = namespace.info().await;
        // Any answer tells the time, also a refusal.
        if let Err(e) = answered
            && e.is_unanswered()
        {
            return Err(e);
        }
    }
    Ok(namespace.client.service_now())
}

/// Whether the service would refuse `at`, because it is past or less than a minute ahead. It is asked
/// for the time only where that decides.
pub async fn is_too_soon(namespace: Namespace<'_>, at: Expiration) -> Result<bool, api::Error> {
    match certainly_too_soon(at, namespace.client.service_now()) {
        Some(certain) => Ok(certain),
        None => Ok(at.is_too_soon(service_now(namespace).await?)),
    }
}

/// Whether `at` is too soon by any clock that may be right; nothing, if they may differ.
pub fn certainly_too_soon(at: Expiration, now: i64) -> Option<bool> {
    let ahead = at.unix_seconds().saturating_sub(now);
    (ahead.unsigned_abs() > DOUBT.unsigned_abs()).then_some(ahead < 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_on_either_side_is_in_doubt() {
        for (ahead, expected) in [
            (-100_000, Some(true)),
            (-3600, None),
            (0, None),
            (80_000, None),
            (100_000, Some(false)),
            (i64::MAX, Some(false)),
        ] {
            let at = Expiration::from_unix_seconds(ahead);
            assert_eq!(certainly_too_soon(at, 0), expected, "{ahead}");
        }
    }
}
