//! Keeps requests within the account's rate limit.
//!
//! Cloudflare allows 1,200 requests in five minutes and locks out, for five minutes, clients that send
//! for more. Every answer says what is left: `Ratelimit: "default";r=50;t=30` is fifty requests
//! in the thirty seconds to come, `Ratelimit-Policy: "default";q=1200;w=300` the whole budget.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::domain::REQUESTS_WINDOW_SECONDS;

/// Knows what the last answers said is left, and holds requests back when that is little.
#[derive(Debug, Default)]
pub struct Pacer(Mutex<Option<Budget>>);

/// The account's remaining requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// How many requests are left.
    pub remaining: u64,
    /// How many there are in all.
    pub quota: u64,
    /// When there are that many again.
    pub resets: Instant,
}

impl Pacer {
    /// The share of the quota that is left to others who use the same account: one in twenty.
    const RESERVE: u64 = 20;

    /// Seconds are rounded, so resets that lie this close together are one and the same.
    const SAME: Duration = Duration::from_millis(1500);

    /// Takes one request out of the budget and returns how long to wait before it is sent.
    ///
    /// Above the reserve, there is no wait. Below it, the remaining requests are spread over the
    /// time to the reset, so the budget is never exceeded and other clients still get through.
    pub fn take(&self) -> Duration {
        let mut budget = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let Some(left) = budget.as_mut().filter(|b| b.resets > now) else {
            *budget = None;
            return Duration::ZERO;
        };
        let window = left.resets - now;
        let before = left.remaining;
        left.remaining = before.saturating_sub(1);
        if before > left.quota / Self::RESERVE {
            Duration::ZERO
        } else {
            let share = u32::try_from(before.max(1)).unwrap_or(u32::MAX);
            window / share
        }
    }

    /// Returns the remaining budget, if a response gave it.
    pub fn budget(&self) -> Option<Budget> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns from the headers of an answer. What cannot be read is ignored, and a reset that is further
    /// off than the documented window not believed.
    pub fn learn(&self, limit: Option<&str>, policy: Option<&str>) {
        let Some((remaining, seconds)) = limit.and_then(|l| parameters(l, "r", "t")) else {
            return;
        };
        let quota = policy
            .and_then(|p| parameters(p, "q", "w"))
            .map_or(1200, |(quota, _)| quota);
        let Some(resets) =
            Instant::now().checked_add(Duration::from_secs(seconds.min(REQUESTS_WINDOW_SECONDS)))
        else {
            return;
        };
        let mut budget = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Answers overtake each other: within one window the smaller figure is the newer one.
        let remaining = match *budget {
            Some(known) if resets <= known.resets + Self::SAME => known.remaining.min(remaining),
            Some(_) | None => remaining,
        };
        *budget = Some(Budget {
            remaining,
            quota,
            resets,
        });
    }
}

/// Reads two integer parameters of the first item of a structured header field.
fn parameters(field: &str, first: &str, second: &str) -> Option<(u64, u64)> {
    let item = field.split(',').next()?;
    let value = |name: &str| {
        item.split(';').find_map(|part| {
            let (key, value) = part.trim().split_once('=')?;
            (key.trim() == name).then(|| value.trim().parse().ok())?
        })
    };
    Some((value(first)?, value(second)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POLICY: Option<&str> = Some("\"default\";q=1200;w=300");

    #[tokio::test(start_paused = true)]
    async fn plenty_is_not_paced() {
        let pacer = Pacer::default();
        assert_eq!(pacer.take(), Duration::ZERO);
        pacer.learn(Some("\"default\";r=1000;t=300"), POLICY);
        assert_eq!(pacer.take(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_is_spread_over_the_window() {
        let pacer = Pacer::default();
        pacer.learn(Some("\"default\";r=50;t=100"), POLICY);
        assert_eq!(pacer.take(), Duration::from_secs(2));
        pacer.learn(Some("\"default\";r=0;t=30"), POLICY);
        assert_eq!(pacer.take(), Duration::from_secs(30));
        tokio::time::advance(Duration::from_secs(31)).await;
        assert_eq!(pacer.take(), Duration::ZERO);
        pacer.learn(Some("\"default\";r=0;t=3600"), POLICY);
        assert_eq!(pacer.take(), Duration::from_mins(5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_whole_budget_lasts_the_whole_window() {
        let pacer = Pacer::default();
        pacer.learn(Some("\"default\";r=60;t=300"), POLICY);
        let start = Instant::now();
        for _ in 0..60 {
            tokio::time::advance(pacer.take()).await;
        }
        let took = start.elapsed();
        assert!(took <= Duration::from_secs(301), "{took:?}");
        assert!(took >= Duration::from_secs(290), "{took:?}");
    }

    proptest! {
        #[test]
        fn no_header_panics_or_waits_for_longer_than_the_window(limit in "\\PC{0,40}", r in 0u64.., t in 0u64..) {
            let pacer = Pacer::default();
            pacer.learn(Some(&limit), Some(&limit));
            pacer.learn(Some(&format!("\"default\";r={r};t={t}")), Some(&limit));
            prop_assert!(pacer.take() <= Duration::from_mins(5));
        }
    }
}
