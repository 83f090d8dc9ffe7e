//! What the client reports while it works.

use std::time::Duration;

use reqwest::{Method, StatusCode};

/// Something that happened to a request. Never holds a header, a body or a query.
#[derive(Debug)]
pub enum Event<'a> {
    /// An answer arrived.
    Answered {
        /// The request's method.
        method: &'a Method,
        /// The request's path.
        path: &'a str,
        /// The status of the answer.
        status: StatusCode,
        /// From sending to the last byte of the answer.
        took: Duration,
        /// Cloudflare's name for this request.
        ray: Option<&'a str>,
        /// The `Date` header.
        date: Option<&'a str>,
    },
    /// No answer arrived.
    Lost {
        /// The request's method.
        method: &'a Method,
        /// The request's path.
        path: &'a str,
        /// From sending to giving up.
        took: Duration,
    },
    /// The request will be sent again.
    Retry {
        /// Why.
        error: &'a super::Error,
        /// After how long.
        wait: Duration,
    },
    /// Nothing is sent for a while, to stay within the account's rate limit.
    Paced {
        /// For how long.
        wait: Duration,
    },
}

/// Receives the events of a client.
pub trait Observer: Send + Sync {
    /// Handles `event`.
    fn event(&self, event: &Event<'_>);
}

/// Ignores all events.
impl Observer for () {
    fn event(&self, _: &Event<'_>) {}
}
