//! Rate limits per token. Imports nothing of this crate.
//!
//! A window begins with its first request. Exceeding the limit blocks the token for one whole window
//! from then on, as the service's limits page says.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{answer::Answer, config::Quota};

/// Counts the requests of each token.
#[derive(Debug)]
pub(super) struct RateLimiter {
    quota: Option<Quota>,
    /// By the token's index in the configuration; requests without a valid token share one.
    windows: Mutex<HashMap<Option<usize>, Window>>,
}

#[derive(Debug)]
struct Window {
    ends: Instant,
    left: u32,
    spent: bool,
}

/// The state of a token's limit after a request was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RateLimitStatus {
    quota: Quota,
    left: u32,
    /// Seconds until the window ends, rounded up.
    resets: u64,
    /// Whether this request exceeds the limit.
    pub(super) refused: bool,
}

impl RateLimiter {
    pub(super) fn new(quota: Option<Quota>) -> Self {
        Self {
            quota,
            windows: Mutex::default(),
        }
    }

    /// Counts one request that arrived at `now`. Returns no status if there is no limit: a status
    /// would make clients slow down.
    pub(super) fn count(&self, token: Option<usize>, now: Instant) -> Option<RateLimitStatus> {
        let quota = self.quota?;
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Window {
            ends: now + quota.window,
            left: quota.requests,
            spent: false,
        };
        let window = windows.entry(token).or_insert_with(fresh);
        if window.ends <= now {
            *window = fresh();
        }
        let refused = window.left == 0;
        if refused && !window.spent {
            window.spent = true;
            window.ends = now + quota.window;
        }
        window.left = window.left.saturating_sub(1);
        Some(RateLimitStatus {
            quota,
            left: window.left,
            resets: seconds(window.ends - now),
            refused,
        })
    }
}

impl RateLimitStatus {
    /// Adds the rate-limit headers of an answer.
    pub(super) fn add_headers(&self, answer: &mut Answer) {
        let Self {
            quota,
            left,
            resets,
            refused,
        } = self;
        answer.default_header("Ratelimit", format!("\"default\";r={left};t={resets}"));
        let policy = format!(
            "\"default\";q={};w={}",
            quota.requests,
            seconds(quota.window)
        );
        answer.default_header("Ratelimit-Policy", policy);
        if *refused {
            answer.default_header("Retry-After", resets.to_string());
        }
    }
}

fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_too_many_costs_a_whole_window() {
        let quota = Quota {
            requests: 2,
            window: Duration::from_mins(5),
        };
        let limiter = RateLimiter::new(Some(quota));
        let start = Instant::now();
        let at = |seconds| {
            let status = limiter.count(Some(0), start + Duration::from_secs(seconds));
            let status = status.unwrap();
            (status.left, status.resets, status.refused)
        };
        assert_eq!(at(0), (1, 300, false));
        assert_eq!(at(100), (0, 200, false));
        assert_eq!(at(200), (0, 300, true));
        assert_eq!(at(300), (0, 200, true));
        assert_eq!(at(500), (1, 300, false));
        let other = limiter.count(None, start).unwrap();
        assert!(!other.refused, "each token has its own");
        assert_eq!(RateLimiter::new(None).count(None, start), None);
    }
}
